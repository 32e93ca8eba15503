"""The bytes of a bank file, and every reason for which none is made."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protos.units import Yen
from server.refusal import Refusal
from server.settlement.bankfile import (
    Account,
    BankFileCode,
    Payer,
    bank_file,
    check_totals,
)
from tests.support.bankfiles import (
    BANKS,
    FORMAT_LINE,
    OWN,
    PAYER,
    TEST_ACCOUNT,
    TUESDAY,
    checked,
    made,
    transfer,
)

LINE = (
    "29999ﾃｽﾄ            999ﾎﾝﾃﾝ           000019000002ｶ)ﾏﾁﾉﾐｾ                       "
    "000015000000000000001          7        "
)
C = BankFileCode


def code_of(call: Any) -> BankFileCode:
    with pytest.raises(Refusal) as refused:
        call()
    assert refused.value.ja
    assert refused.value.en
    return BankFileCode(refused.value.code)


def test_the_line_of_the_format() -> None:
    content = made(FORMAT_LINE, allow_unknown_bank=True)
    assert content.split(b"\r\n")[1].decode("cp932") == LINE


def test_a_whole_file_byte_by_byte() -> None:
    content = made(
        FORMAT_LINE,
        transfer(
            account=Account("0001", "001", "4", "12"), recipient="Ｂａｒ　ガク", amount=Yen(1)
        ),
        allow_unknown_bank=True,
    )
    assert content.decode("cp932") == (
        "12101234567890ﾐﾎﾝｼ ﾃﾞｼﾞﾀﾙ ｼﾖｳﾋﾝｹﾝ                     "
        "06180001ﾐｽﾞﾎ           001ﾎﾝﾃﾝ           11234567                 \r\n"
        f"{LINE}\r\n"
        "20001ﾐｽﾞﾎ           001ﾎﾝﾃﾝ           000040000012BAR ｶﾞｸ                       "
        "00000000010                    7        \r\n"
        f"8000002000000150001{' ' * 101}\r\n"
        f"9{' ' * 119}\r\n"
    )
    assert [len(record) for record in content.split(b"\r\n")] == [120] * 5 + [0]


def test_the_same_transfers_give_the_same_bytes() -> None:
    assert made(FORMAT_LINE, transfer(), allow_unknown_bank=True) == made(
        FORMAT_LINE, transfer(), allow_unknown_bank=True
    )


@pytest.mark.parametrize(
    ("day", "code"),
    [
        (dt.date(2024, 6, 15), C.PAY_DAY),
        (dt.date(2024, 6, 16), C.PAY_DAY),
        (dt.date(2024, 7, 15), C.PAY_DAY),
        (dt.date(2024, 8, 12), C.PAY_DAY),
        (dt.date(2024, 12, 31), C.PAY_DAY),
        (dt.date(2025, 1, 2), C.PAY_DAY),
        (dt.date(2025, 1, 3), C.PAY_DAY),
        (dt.date(2999, 6, 3), C.PAY_DAY_HORIZON),
    ],
)
def test_pay_days_that_are_no_bank_days(day: dt.date, code: BankFileCode) -> None:
    assert code_of(lambda: made(pay_day=day)) is code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": Yen(0)}, C.AMOUNT),
        ({"amount": Yen(-1)}, C.AMOUNT),
        ({"amount": Yen(10**10)}, C.AMOUNT_TOO_LARGE),
        ({"recipient": "町の店"}, C.NAME_CHARACTER),
        ({"recipient": "ア" * 31}, C.NAME_TOO_LONG),
        ({"recipient": ""}, C.NAME_EMPTY),
        ({"bank_name": "ア" * 16}, C.NAME_TOO_LONG),
        ({"branch_name": "(ア"}, C.NAME_CHARACTER),
        ({"customer_code1": "A1"}, C.CUSTOMER_CODE),
        ({"customer_code1": "-1"}, C.CUSTOMER_CODE),
        ({"customer_code2": "1" * 11}, C.CUSTOMER_CODE),
        ({"customer_code2": "１"}, C.CUSTOMER_CODE),
    ],
)
def test_transfers_that_cannot_be(changes: dict[str, Any], code: BankFileCode) -> None:
    assert code_of(lambda: transfer(**changes)) is code


@pytest.mark.parametrize(
    ("account", "code"),
    [
        (("1", "001", "1", "1"), C.BANK_CODE),
        (("00011", "001", "1", "1"), C.BANK_CODE),
        (("000A", "001", "1", "1"), C.BANK_CODE),
        (("0001", "1", "1", "1"), C.BRANCH_CODE),
        (("0001", "001", "3", "1"), C.ACCOUNT_TYPE),
        (("0001", "001", "", "1"), C.ACCOUNT_TYPE),
        (("0001", "001", "1", ""), C.ACCOUNT_NUMBER),
        (("0001", "001", "1", "12345678"), C.ACCOUNT_NUMBER),
        (("0001", "001", "1", "1-2"), C.ACCOUNT_NUMBER),
    ],
)
def test_accounts_that_cannot_be(account: tuple[str, str, str, str], code: BankFileCode) -> None:
    assert code_of(lambda: Account(*account)) is code


def test_a_lost_zero_is_told_with_the_code_that_it_was() -> None:
    with pytest.raises(Refusal, match="0033"):
        Account("33", "001", "1", "1")


@pytest.mark.parametrize(
    ("code", "name", "expected"),
    [
        ("12345678901", "ミホンシ", C.PAYER_CODE),
        ("", "ミホンシ", C.PAYER_CODE),
        ("A", "ミホンシ", C.PAYER_CODE),
        ("1", "市", C.NAME_CHARACTER),
        ("1", "ガ" * 20 + "ア", C.NAME_TOO_LONG),
    ],
)
def test_payers_that_cannot_be(code: str, name: str, expected: BankFileCode) -> None:
    assert code_of(lambda: Payer(code, name, OWN)) is expected


def test_banks_and_branches_that_are_unknown() -> None:
    elsewhere = transfer(account=TEST_ACCOUNT)
    assert code_of(lambda: made(elsewhere)) is C.BANK_UNKNOWN
    assert made(elsewhere, allow_unknown_bank=True)
    other_branch = transfer(account=Account("0001", "999", "1", "1"))
    assert code_of(lambda: made(other_branch)) is C.BRANCH_UNKNOWN
    stranger = Payer("1", "ミホンシ", TEST_ACCOUNT)
    assert code_of(lambda: made(payer=stranger)) is C.BANK_UNKNOWN


def test_files_that_are_empty_or_too_large() -> None:
    assert code_of(lambda: check_totals([])) is C.EMPTY
    one = transfer(amount=Yen(9_999_999_999))
    assert check_totals([one] * 100) == 999_999_999_900
    assert code_of(lambda: check_totals([one] * 101)) is C.SUM
    little = transfer(amount=Yen(1))
    assert check_totals([little] * 999_999) == 999_999
    assert code_of(lambda: check_totals([little] * 1_000_000)) is C.COUNT
    assert code_of(lambda: bank_file(PAYER, TUESDAY, [], BANKS)) is C.EMPTY


_NAME = st.text(alphabet="アガパッャーｱﾞabZ09 ().-", min_size=1, max_size=20).filter(str.strip)
_TRANSFERS = st.builds(
    transfer,
    account=st.builds(
        Account,
        st.sampled_from(["0001", "0005"]),
        st.sampled_from(["001", "002"]),
        st.sampled_from("1249"),
        st.text("0123456789", min_size=1, max_size=7),
    ),
    recipient=st.sampled_from(["カ)マチノミセ", "ガッコウ ショッピング", "A.B-C(1)"]),
    amount=st.integers(1, 9_999_999_999),
    customer_code1=st.text("0123456789", max_size=10),
    customer_code2=st.text("0123456789", max_size=10),
)


@given(st.lists(_TRANSFERS, min_size=1, max_size=20))
def test_what_is_made_is_right(transfers: list[Any]) -> None:
    report = checked(made(*transfers))
    assert report.right, report.findings
    assert not report.notes
    (summary,) = report.summaries
    assert (summary.count, summary.total) == (len(transfers), sum(t.amount for t in transfers))
    assert (summary.payer_name, summary.pay_date) == ("ﾐﾎﾝｼ ﾃﾞｼﾞﾀﾙ ｼﾖｳﾋﾝｹﾝ", "0618")


@given(_NAME)
def test_any_name_that_can_be_written_is_read_as_right(name: str) -> None:
    try:
        line = transfer(recipient=name)
    except Refusal:
        return
    assert checked(made(line, payer=PAYER)).right
