"""Which transfer a deposit is, and why not."""

from dataclasses import replace
from datetime import date

import pytest

from protos.units import Yen
from server.directory import ServiceId, ShopId
from server.settlement.deposits import Arrived, CloseInTransfer, Fit, Transfer, match, same_payer

PAYER = "ﾐﾎﾝｼﾃﾞｼﾞﾀﾙｼﾖｳﾋﾝｹﾝ"
SENT = Transfer(
    "P" * 20,
    ServiceId("voucher-2024"),
    date(2024, 6, 18),
    PAYER,
    Yen(123_456),
    (CloseInTransfer(ServiceId("voucher-2024"), 1, 123_456, ShopId("S-0001")),),
    0,
    Yen(0),
    returned=False,
)
ARRIVED = Arrived(date(2024, 6, 18), Yen(123_456), f"フリコミ {PAYER}")


@pytest.mark.parametrize(
    "bank",
    [
        PAYER,
        "フリコミ　ミホンシデジタルショウヒンケン",
        "振込 ﾐﾎﾝｼﾃﾞｼﾞﾀﾙ",
        "ﾐﾎﾝｼ ﾃﾞｼﾞﾀﾙｼﾖｳﾋﾝｹﾝ ﾀﾝﾄｳ",
    ],
)
def test_the_same_payer_as_banks_write_it(bank: str) -> None:
    assert same_payer(bank, PAYER)


@pytest.mark.parametrize("bank", ["", "フリコミ", "ﾐﾎ", "ﾐﾎﾝﾁﾖｳﾃﾞﾝｷ", "カ)デンキ"])
def test_another_payer(bank: str) -> None:
    assert not same_payer(bank, PAYER)


@pytest.mark.parametrize(
    ("changes", "fit", "told"),
    [
        ({}, Fit.MATCHED, "6/18(火) のお振込 ¥123,456"),
        ({"day": date(2024, 6, 19)}, Fit.DAY, "通帳 6/19(水)、お振込 6/18(火)"),
        ({"payer": "カ)デンキ"}, Fit.NAME, PAYER),
        ({"amount": Yen(123_126)}, Fit.AMOUNT, "差 −¥330"),
        ({"amount": Yen(1), "day": date(2024, 6, 19)}, Fit.UNKNOWN, "¥1"),
        ({"payer": "", "day": date(2024, 6, 19)}, Fit.UNKNOWN, "¥123,456"),
    ],
)
def test_what_differs_is_told(changes: dict[str, object], fit: Fit, told: str) -> None:
    found = match(replace(ARRIVED, **changes), [SENT])  # type: ignore[arg-type]
    assert found.fit is fit
    assert told in found.ja
    assert (found.transfer is None) == (fit is Fit.UNKNOWN)


def test_the_one_that_fits_wins_over_those_that_nearly_do() -> None:
    later = replace(SENT, payout_id="L" * 20, pay_day=date(2024, 6, 25))
    other = replace(SENT, payout_id="O" * 20, amount=Yen(5))
    for order in ([SENT, later, other], [other, later, SENT]):
        assert match(ARRIVED, order).transfer is SENT


def test_a_returned_transfer_says_so() -> None:
    assert "組戻し" in match(ARRIVED, [replace(SENT, returned=True)]).ja
