import pytest

from protos.units import Yen
from server.typed_amount import AmountProblem, parse_amount

MOST = Yen(9_999_999)


@pytest.mark.parametrize(
    ("typed", "yen"),
    [
        ("1200", 1200),
        ("1,200", 1200),
        ("１２００", 1200),
        ("１，２００円", 1200),
        ("¥1,200", 1200),
        ("￥ 1 200", 1200),
        ("\\500", 500),
        ("0500", 500),
        ("9,999,999", 9_999_999),
        ("1、200", 1200),
    ],
)
def test_an_amount_is_read_however_it_is_written(typed: str, yen: int) -> None:
    assert parse_amount(typed, MOST) == yen


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("", AmountProblem.EMPTY),
        ("  円", AmountProblem.EMPTY),
        ("12.5", AmountProblem.DECIMAL),
        ("12.", AmountProblem.DECIMAL),
        ("１２．５", AmountProblem.DECIMAL),
        ("1,20", AmountProblem.DECIMAL),
        ("1.200", AmountProblem.DECIMAL),
        ("0", AmountProblem.ZERO),
        ("000", AmountProblem.ZERO),
        ("-5", AmountProblem.NEGATIVE),
        ("−５", AmountProblem.NEGATIVE),
        ("10000000", AmountProblem.LARGE),
        ("9" * 30, AmountProblem.LARGE),
        ("1e3", AmountProblem.DIGITS),
        ("千二百", AmountProblem.DIGITS),
        ("12,34,56", AmountProblem.DIGITS),
        ("1200; DROP", AmountProblem.DIGITS),
        ("٣", AmountProblem.DIGITS),
        ("5²", AmountProblem.DIGITS),
        ("①", AmountProblem.DIGITS),
        ("12" + " " * 40 + "5", AmountProblem.DIGITS),
    ],
)
def test_nothing_is_guessed(typed: str, problem: AmountProblem) -> None:
    assert parse_amount(typed, MOST) is problem
