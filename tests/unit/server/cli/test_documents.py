"""From the close to the yen in the passbook, as an operator types it: bulk, statement, deposit."""

from pathlib import Path

import pytest

from server.cli.__main__ import main
from server.settlement.closes import Close
from server.state import KeyFiles
from tests.support.books import VOUCHER, Town, moment
from tests.support.cancels import CLERK, at, cancels_of, pay, request_for
from tests.support.closes import close
from tests.support.payouts import (
    FRIDAY,
    HANAKO,
    JIRO,
    MATSUYA,
    correct,
    draft,
    lines_of,
    payout_desk,
    send,
    set_up,
)
from tests.support.pdf import text_of

ACT = ("--by", "経理 花子", "--why", "通帳の確認")
PAYER = "ﾐﾎﾝｼﾃﾞｼﾞﾀﾙ"


@pytest.fixture
def where(sqlite_town: Town, tmp_path: Path) -> tuple[str, ...]:
    url = sqlite_town.database._writing.url.render_as_string(hide_password=False)
    KeyFiles(tmp_path / "keys").master_key()
    config = tmp_path / "choba.toml"
    config.write_text('[issuer]\nname = "みほん市商品券コンソーシアム"\n', "utf-8")
    return ("--database", url, "--state-dir", str(tmp_path), "--config", str(config))


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(list(arguments))
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    return status, said.out, said.err


async def paid_week(town: Town) -> Close:
    """1,200 and 300 used, 300 of it cancelled; a correction of 50 more; sent to the bank."""
    await pay(town, 7, voucher=1200)
    back = await pay(town, 8, voucher=300)
    cancels_of(town).cancel(request_for(back), CLERK)
    at(town, FRIDAY)
    made = close(town, 1)
    set_up(town)
    correct(town, 50)
    return made


async def test_a_statement_waits_until_its_payout_is_approved(
    sqlite_town: Town, where: tuple[str, ...], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    town = sqlite_town
    await paid_week(town)
    out_dir = str(tmp_path / "out")
    make = ("statement", "make", VOUCHER, "1", "--output", out_dir, *where)
    assert "CHOBA_STATEMENT_NO_PAYOUT" in run(capsys, *make)[2]
    bulk = draft(town)
    assert "CHOBA_STATEMENT_NO_PAYOUT" in run(capsys, *make)[2]
    payout_desk(town).approve(bulk.bulk_id, by=JIRO, why="確認")
    status, out, _ = run(capsys, *make)
    assert (status, "精算明細 1件" in out, "1,250円" in out) == (0, True, True)


async def test_statement_payout_and_passbook_are_one_number(
    sqlite_town: Town, where: tuple[str, ...], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    town = sqlite_town
    await paid_week(town)
    bulk = send(town, draft(town))
    assert bulk.total == 1250
    status, out, _ = run(capsys, "statement", "show", VOUCHER, "1", MATSUYA, *where)
    assert status == 0
    for said in ("1,500", "300", "1,250", "まつや青果店"):
        assert said in out, said
    folder = tmp_path / "out"
    make = ("statement", "make", VOUCHER, "1", "--output", str(folder), *where)
    assert run(capsys, *make)[0] == 0
    (pdf,) = folder.glob("*.pdf")
    first = pdf.read_bytes()
    for said in ("1,250", "二重計上", "****321", "みほん市商品券コンソーシアム", "2024"):
        assert said in text_of(first), said
    index = (folder / "index.csv").read_bytes()
    assert run(capsys, *make)[0] == 0
    assert (pdf.read_bytes(), (folder / "index.csv").read_bytes()) == (first, index)
    status, out, _ = run(capsys, *make, "--keep")
    assert (status, "うち既存 1件" in out) == (0, True)
    assert run(capsys, *make, "--format", "csv")[0] == 0
    (sheet,) = (path for path in folder.glob("*.csv") if path.name != "index.csv")
    assert "1250" in sheet.read_bytes().decode("utf-8-sig")

    asked = ("deposit", "check", MATSUYA, bulk.pay_day.isoformat())
    status, out, _ = run(capsys, *asked, "１，２５０", "--payer", bulk.payer_name, *where)
    assert (status, "MATCHED" in out, "すべて合っています" in out) == (0, True, True)
    status, out, _ = run(capsys, *asked, "1,200", "--payer", bulk.payer_name, *where)
    assert (status, "最初に違うのは「通帳の入金額とお振込額」です" in out) == (1, True)
    bank = tmp_path / "bank.csv"
    bank.write_bytes(
        f"取引日,摘要,お預り金額\n{bulk.pay_day},{bulk.payer_name},1250\n"
        f"{bulk.pay_day},ﾃﾞﾝｷ,999\n".encode("cp932")
    )
    imported = ("deposit", "import", MATSUYA, str(bank), *ACT, *where)
    status, out, _ = run(capsys, *imported)
    assert (status, "入金を1件記録しました" in out, "該当なし 1件" in out) == (0, True, True)
    status, out, _ = run(capsys, *imported)
    assert (status, "入金を0件記録しました（記録済み 1件" in out) == (0, True)
    status, out, _ = run(
        capsys, "deposit", "enter", MATSUYA, "2024-06-18", "1250", *ACT, "--payer", PAYER, *where
    )
    assert (status, "入金を0件記録しました" in out) == (0, True)
    status, out, _ = run(capsys, "deposit", "list", *where)
    assert (status, out.count("すべて合っています")) == (0, 1)


async def test_a_transfer_that_came_back_is_on_the_next_statement(
    sqlite_town: Town, where: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    town = sqlite_town
    await paid_week(town)
    first = send(town, draft(town))
    (payout,) = lines_of(town, first)
    payout_desk(town).returned(payout.payout_id, False, by=HANAKO, why="口座相違")
    at(town, moment(2024, 6, 12))
    await pay(town, 9, voucher=400)
    at(town, moment(2024, 6, 15))
    close(town, 2)
    second = send(town, draft(town))
    assert second.total == 1650
    status, out, _ = run(capsys, "statement", "show", VOUCHER, "2", MATSUYA, *where)
    assert (status, "400" in out, "1,250" in out, "1,650" in out) == (0, True, True, True)
    status, out, _ = run(
        capsys,
        "deposit",
        "check",
        MATSUYA,
        second.pay_day.isoformat(),
        "1650",
        "--payer",
        second.payer_name,
        *where,
    )
    assert (status, "すべて合っています" in out) == (0, True), out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("statement", "show", VOUCHER, "9", MATSUYA), "CHOBA_STATEMENT_CLOSE_UNKNOWN"),
        (("invoice", "show", "2024-13"), "CHOBA_INVOICE_MONTH"),
        (("invoice", "show", "2024-06"), "CHOBA_INVOICE_ADDRESSEE"),
        (("deposit", "check", MATSUYA, "2024-06-18", "1.5"), "CHOBA_DEPOSIT_AMOUNT"),
        (("deposit", "check", "S-9", "2024-06-18", "5"), "CHOBA_DEPOSIT_SHOP_UNKNOWN"),
        (("deposit", "import", MATSUYA, "/nowhere.csv", *ACT), "CHOBA_BANKFILE_FILE"),
    ],
)
def test_what_is_wrong_is_said(
    where: tuple[str, ...],
    arguments: tuple[str, ...],
    code: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, _, err = run(capsys, *arguments, *where)
    assert (status, code in err) == (1, True), err
