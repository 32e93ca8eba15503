"""choba transactions, choba results: as an operator types them."""

import csv
import io
from pathlib import Path

import pytest

from server.cli.__main__ import main
from tests.support.books import VOUCHER, Town
from tests.unit.server.ledger.test_results import two_days

DAYS = ("--from", "2024-06-05", "--to", "2024-06-06")


@pytest.fixture
def where(sqlite_town: Town, tmp_path: Path) -> tuple[str, ...]:
    url = sqlite_town.database._writing.url.render_as_string(hide_password=False)
    return ("--database", url, "--state-dir", str(tmp_path))


def run(capsysbinary: pytest.CaptureFixture[bytes], *arguments: str) -> tuple[int, str, str]:
    status = main(list(arguments))
    said = capsysbinary.readouterr()
    assert b"Traceback" not in said.err
    return status, said.out.decode(), said.err.decode()


async def test_what_an_operator_asks_of_two_days(
    sqlite_town: Town,
    where: tuple[str, ...],
    tmp_path: Path,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    await two_days(sqlite_town)
    status, out, _ = run(capsysbinary, "results", "daily", *DAYS, *where)
    assert status == 0
    assert "1,400 (2件)" in out
    assert "2,600 (1件)" in out
    status, out, _ = run(capsysbinary, "results", "monthly", *DAYS, "--shop", "S-0001", *where)
    assert (status, "2024-06" in out, "320 (3件)" in out) == (0, True, True)
    status, out, _ = run(capsysbinary, "results", "daily", *DAYS, "--csv", *where)
    assert (status, out.startswith("\ufeffdate,serviceType,"), out.count("\r\n")) == (0, True, 5)
    status, out, _ = run(capsysbinary, "results", "write-days", *where)
    assert (status, "日分の実績を記録しました" in out) == (0, True)
    status, out, _ = run(
        capsysbinary, "transactions", "list", "--operation", "OP1", "--limit", "2", *where
    )
    assert (status, out.count("利用")) == (0, 2)
    cursor = out.strip().rpartition(" ")[2]
    status, out, _ = run(
        capsysbinary, "transactions", "list", "--operation", "OP1", "--cursor", cursor, *where
    )
    assert (status, out.count("利用"), "複数サービス決済" in out) == (0, 3, True)
    status, out, _ = run(capsysbinary, "transactions", "list", "--shop", "S-9", *where)
    assert (status, "取引はありません" in out) == (0, True)
    file = tmp_path / "transactions.csv"
    status, _, _ = run(
        capsysbinary, "transactions", "csv", "--service", VOUCHER, "--output", str(file), *where
    )
    rows = list(csv.DictReader(io.StringIO(file.read_bytes().decode("utf-8-sig"), newline="")))
    assert (status, {row["serviceId"] for row in rows}) == (0, {VOUCHER})
    assert [p.name for p in tmp_path.glob("*.partial")] == []
    status, out, _ = run(capsysbinary, "transactions", "csv", "--to", "2024-06-05", *where)
    made = {row["createdAt"][:10] for row in csv.DictReader(io.StringIO(out[1:], newline=""))}
    assert (status, made) == (0, {"2024/06/05"})
    status, out, _ = run(capsysbinary, "audit", "verify", *where)
    assert (status, "the books hold" in out) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("results", "daily", "--from", "2024-06-31", "--to", "2024-07-01"), "CHOBA_"),
        (("results", "daily", "--from", "2024-06-05", "--to", "2024-06-01"), "CHOBA_REPORT_PERIOD"),
        (("results", "monthly", *DAYS, "--shop", "S-9"), "CHOBA_REPORT_SHOP_UNKNOWN"),
        (("transactions", "list", "--user", "x y"), "CHOBA_REPORT_FIELD"),
        (("transactions", "list", "--limit", "501"), "CHOBA_REPORT_LIMIT"),
        (("transactions", "csv", "--output", "/nowhere/x.csv"), "CHOBA_REPORT_OUTPUT"),
        (("transactions", "csv", "--from", "2024-06-07", "--to", "2024-06-05"), "CHOBA_REPORT"),
    ],
)
def test_what_is_wrong_is_said(
    where: tuple[str, ...],
    arguments: tuple[str, ...],
    code: str,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    status, _, err = run(capsysbinary, *arguments, *where)
    assert (status, code in err) == (1, True)
