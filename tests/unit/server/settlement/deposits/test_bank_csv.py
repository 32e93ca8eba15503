"""Banks' files in many shapes; any bytes give lines or a refusal."""

import io
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.refusal import Refusal
from server.settlement.deposits import (
    Arrived,
    DepositCode,
    parse_columns,
    parse_day,
    read_bank_file,
)

PLAIN = """取引日,摘要,お支払金額,お預り金額,残高
2024/06/17,カ）デンキ,"12,000",,"88,000"
2024/06/18,ﾌﾘｺﾐ ﾐﾎﾝｼﾃﾞｼﾞﾀﾙｼﾖｳﾋﾝｹﾝ,,"181,830","269,830"
"""


def read(text: str, encoding: str = "utf-8", columns: str = "") -> list[tuple[date, int, str]]:
    found = read_bank_file(io.BytesIO(text.encode(encoding)), parse_columns(columns))
    return [(one.day, one.amount, one.payer) for one in found.arrived]


WANTED = [(date(2024, 6, 18), 181_830, "ﾌﾘｺﾐ ﾐﾎﾝｼﾃﾞｼﾞﾀﾙｼﾖｳﾋﾝｹﾝ")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_what_arrived_is_found_and_what_left_is_counted(encoding: str) -> None:
    assert read(PLAIN, encoding) == WANTED
    found = read_bank_file(io.BytesIO(PLAIN.encode(encoding)))
    assert found.others == 1
    assert found.arrived == (Arrived(date(2024, 6, 18), found.arrived[0].amount, WANTED[0][2], 3),)


def test_lines_above_the_heading_and_totals_below_are_no_deposits() -> None:
    text = f'口座番号,1234567\n照会日,2024/7/1\n\n{PLAIN}合計,,"12,000","181,830",\n'
    with pytest.raises(Refusal) as refused:
        read(text)  # 合計 stands where a day should be
    assert refused.value.detail["line"] == "7"
    assert read(text.replace("合計,", ",合計")) == WANTED


def test_columns_can_be_named() -> None:
    text = "日,うけとり,だれ\n2024-06-18,500円,ﾐﾎﾝｼ\n"
    with pytest.raises(Refusal) as refused:
        read(text)
    assert refused.value.code is DepositCode.COLUMNS
    found = read(text, columns="date=日,amount=うけとり,payer=だれ")
    assert found == [(date(2024, 6, 18), 500, "ﾐﾎﾝｼ")]
    for wrong in ("date", "day=日", "date="):
        with pytest.raises(Refusal) as refused:
            read(text, columns=wrong)
        assert refused.value.code is DepositCode.COLUMN_NAMES


@pytest.mark.parametrize(
    "text",
    [
        "2024-06-18",
        "2024/6/18",
        "20240618",
        "24.06.18",
        "24-06-18",
        "2024年6月18日",
        "令和6年6月18日",
        "R6.6.18",
        "R06/06/18",
        "２０２４／６／１８",
    ],
)
def test_days_as_banks_write_them(text: str) -> None:
    assert parse_day(text) == date(2024, 6, 18)


@pytest.mark.parametrize("text", ["", "6/18", "2024/13/1", "2024-02-30", "合計", "18-06-2024-1"])
def test_what_is_no_day(text: str) -> None:
    assert parse_day(text) is None


@pytest.mark.parametrize(
    ("cell", "code"),
    [("いくら", DepositCode.LINE), ("1.5", DepositCode.LINE), ("-500", DepositCode.LINE)],
)
def test_a_line_that_cannot_be_read_refuses_all(cell: str, code: DepositCode) -> None:
    with pytest.raises(Refusal) as refused:
        read(f"{PLAIN}2024/6/19,ﾐﾎﾝｼ,,{cell},\n")
    assert refused.value.code is code
    assert refused.value.detail["line"] == "4"


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with suppress(Refusal):
        read_bank_file(io.BytesIO(PLAIN.encode() + content))
