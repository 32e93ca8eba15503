"""The page says what the statement says, in the same bytes wherever it is drawn."""

import csv
import hashlib
import io
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from protos.units import Yen
from server.settlement.paper import render_pdf
from server.settlement.statements import (
    Correction,
    Statement,
    statement_csv,
    statement_html,
    statement_text,
)
from tests.support.pdf import fonts_of, pages_of, text_of
from tests.support.statements import paid, statement_of

RARE = "𠮷田・髙﨑商店 ｶﾌｪ･ﾄﾞ･彁 ①㈱"
LONG = (
    "まちのおみせ代表𠮷田商店はなまる横丁本店ながいなまえのおみせ"
    "髙﨑・渡邉共同組合駅前中央通り支店（本館・別館）ご案内所"
)


def drawn(statement: Statement) -> bytes:
    return render_pdf(statement_html(statement))


@pytest.fixture(scope="module")
def normal() -> tuple[Statement, bytes]:
    made = statement_of()
    return made, drawn(made)


def test_every_transaction_is_on_the_pages_with_its_grouped_id(
    normal: tuple[Statement, bytes],
) -> None:
    made, pdf = normal
    text = text_of(pdf)
    assert len(made.uses) == 59
    ids = [use.transaction_id for use in made.uses]
    ids += [back.use.transaction_id for back in made.taken_back]
    ids += [back.transaction_id for back in made.taken_back]
    for identifier in ids:
        grouped = " ".join(identifier[n : n + 5] for n in range(0, 20, 5))
        assert text.count(grouped) == 1, identifier
    for use in made.uses:
        assert f"{use.code[:3]} {use.code[3:]}" in text


def test_the_first_page_is_the_calculation(normal: tuple[Statement, bytes]) -> None:
    made, pdf = normal
    first, *_, last = pages_of(pdf)
    assert f"¥{made.sums.net:,}" in first
    assert f"¥{made.sums.used:,}" in first
    assert f"−¥{made.sums.cancelled:,}" in first
    assert "2024年7月2日(火) に入金" in first
    assert "作成 2024年6月22日" in first
    assert "2024年6月15日(土) 0:00 〜 6月21日(金) 24:00" in first
    assert "ﾌﾘｺﾐ ﾐﾎﾝｼﾃﾞｼﾞﾀﾙｼﾖｳﾋﾝｹﾝｼﾞﾑｷﾖｸ" in first
    assert "24-07-02" in first
    assert "1 / 3 ページ" in first
    assert "3 / 3 ページ" in last
    assert "取消 3 件の差引" in " ".join(last.split())


def test_each_page_of_a_long_list_has_its_heading_and_no_subtotal_stands_alone() -> None:
    pages = pages_of(drawn(statement_of(400, 2)))
    assert len(pages) > 10
    for page in pages[1:-1]:
        lines = [line for line in page.splitlines() if line.strip()]
        heading = next(n for n, line in enumerate(lines) if "No." in line and "日時" in line)
        assert "小計" not in lines[heading + 1], page
    assert "合計" in pages[-1]


def test_two_processes_in_two_time_zones_draw_the_same_bytes(
    normal: tuple[Statement, bytes], tmp_path: Path
) -> None:
    (tmp_path / "draw.py").write_text(
        "import hashlib\n"
        "from server.settlement.paper import render_pdf\n"
        "from server.settlement.statements import statement_csv, statement_html\n"
        "from tests.support.statements import statement_of\n"
        "made = statement_of()\n"
        "for made_of in (render_pdf(statement_html(made)), statement_csv(made)):\n"
        "    print(hashlib.sha256(made_of).hexdigest())\n"
    )
    made, pdf = normal
    expected = [hashlib.sha256(found).hexdigest() for found in (pdf, statement_csv(made))]
    for zone, seed in (("Asia/Tokyo", "1"), ("America/New_York", "4242")):
        done = subprocess.run(
            [sys.executable, str(tmp_path / "draw.py")],
            env=os.environ
            | {
                "TZ": zone,
                "PYTHONHASHSEED": seed,
                "PYTHONPATH": ".",
                "LC_ALL": "C",
                "XDG_CACHE_HOME": str(tmp_path / seed),
                "SOURCE_DATE_EPOCH": "",
            },
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.split() == expected


def test_no_name_is_a_box(tmp_path: Path) -> None:
    pdf = drawn(statement_of(3, 0, shop_name=RARE, merchant_name=LONG))
    text = "".join(text_of(pdf).split())
    assert "𠮷田・髙﨑商店" in text
    assert "彁" in text
    assert fonts_of(pdf, tmp_path) <= {
        "BIZ-UDPGothic",
        "BIZ-UDPGothic-Bold",
        "BIZ-UDGothic",
        "BIZ-UDGothic-Bold",
        "Choba-Rare-Kanji-Bold",
        "Noto-Sans-CJK-JP",
        "Noto-Sans-CJK-JP-Bold",
    }


def test_what_people_have_written_is_no_markup_and_no_formula() -> None:
    why = "<b>二重</b>&amp; =1+1"
    corrections = (Correction(-100, why, date(2024, 6, 20)),)
    made = statement_of(
        3,
        0,
        shop_name="=HYPERLINK(<script>)",
        payout=paid(statement_of(3, 0).sums.net, corrections=corrections),
    )
    html = statement_html(made)
    assert "<script>" not in html
    assert "&lt;b&gt;二重" in html
    rows = _rows(made)
    assert "'=" not in why
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "@"))]


def test_a_long_name_and_ten_digits_stay_on_the_page() -> None:
    made = statement_of(20, 1, amount=99_999_999, shop_name=LONG, merchant_name=LONG)
    assert made.payout.transferred == Yen(1_999_999_980)
    pages = pages_of(drawn(made))
    assert LONG[-12:] in "".join(pages[0].split())
    assert pages[0].count("¥1,999,999,980") >= 3


def test_a_negative_carry_over_is_told_and_nothing_is_transferred() -> None:
    net = statement_of(2, 0).sums.net
    text = " ".join(text_of(drawn(statement_of(2, 0, payout=paid(net, -100_000)))).split())
    assert f"次回への繰越（マイナスのため、次回の差引から引きます） −¥{100_000 - net:,}" in text
    assert "今回のお振込はありません" in text
    assert "通帳" not in text


def test_a_period_without_sales_is_one_page_that_says_so() -> None:
    (page,) = pages_of(drawn(statement_of(0, 0)))
    assert "この期間に、ご利用はありませんでした。" in page


def test_a_spreadsheet_adds_up_to_the_transfer() -> None:
    made = statement_of(20, 3)
    rows = _rows(made)
    of = {kind: [int(row[10]) for row in rows if row[0] == kind] for kind in ("利用", "小計")}
    assert sum(of["利用"]) == sum(of["小計"]) == made.sums.net
    assert len(of["利用"]) == 20
    cancels = [row for row in rows if row[0] == "利用キャンセル"]
    assert [int(row[10]) for row in cancels] == [-back.amount for back in made.taken_back]
    assert statement_csv(made).startswith(b"\xef\xbb\xbf")
    assert b"\n" not in statement_csv(made).replace(b"\r\n", b"")


def test_text_for_a_terminal_has_the_same_numbers() -> None:
    made = statement_of(5, 1)
    text = "\n".join(statement_text(made))
    assert f"¥{made.payout.transferred:,}" in text
    assert "ﾌﾘｺﾐ" in text


def _rows(made: Statement) -> list[list[str]]:
    return list(csv.reader(io.StringIO(statement_csv(made).decode("utf-8-sig"))))[1:]
