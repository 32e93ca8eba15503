"""Closes and pay days of the reference campaign, and the calendar's edges."""

from datetime import date, timedelta

import pytest

from server.campaigns import (
    CloseRule,
    PayRule,
    ScheduleError,
    closing_of,
    is_bank_day,
    next_bank_day,
)
from server.clock import start_of_day
from tests.support.books import moment

VOUCHERS = (CloseRule.FRIDAY_MIDNIGHT, PayRule.TUESDAY_AFTER_NEXT_WEEK)
POINTS = (CloseRule.END_OF_MONTH, PayRule.SEVENTH_BANK_DAY)

REFERENCE = [
    (date(2024, 6, 18), date(2024, 6, 3), date(2024, 6, 7)),
    (date(2024, 6, 25), date(2024, 6, 8), date(2024, 6, 14)),
    (date(2024, 7, 2), date(2024, 6, 15), date(2024, 6, 21)),
    (date(2024, 7, 9), date(2024, 6, 22), date(2024, 6, 28)),
    (date(2024, 9, 10), date(2024, 8, 24), date(2024, 8, 30)),
]


@pytest.mark.parametrize(("paid_on", "first", "last"), REFERENCE)
def test_vouchers_of_the_reference_campaign(paid_on: date, first: date, last: date) -> None:
    day = first
    while day <= last:
        closing = closing_of(*VOUCHERS, start_of_day(day))
        assert (closing.pay_day, closing.closes_at) == (
            paid_on,
            start_of_day(last + timedelta(days=1)),
        )
        day += timedelta(days=1)


def test_the_short_last_week_closes_on_its_friday() -> None:
    closing = closing_of(*VOUCHERS, moment(2024, 8, 31, 23, 59))
    assert closing.closes_at == moment(2024, 9, 7)
    assert closing.pay_day == date(2024, 9, 17)


def test_the_close_is_half_open_at_midnight_in_japan() -> None:
    midnight = moment(2024, 6, 8)
    before = closing_of(*VOUCHERS, type(midnight)(midnight - 1))
    assert before.closes_at == midnight
    assert closing_of(*VOUCHERS, midnight).closes_at == moment(2024, 6, 15)


@pytest.mark.parametrize(
    ("day", "closes", "pays"),
    [
        (date(2024, 6, 5), date(2024, 7, 1), date(2024, 7, 9)),
        (date(2024, 2, 29), date(2024, 3, 1), date(2024, 3, 11)),
        (date(2024, 4, 30), date(2024, 5, 1), date(2024, 5, 13)),
        (date(2024, 12, 31), date(2025, 1, 1), date(2025, 1, 15)),
    ],
)
def test_points_close_at_the_end_of_the_month_and_are_paid_on_the_seventh_bank_day(
    day: date, closes: date, pays: date
) -> None:
    closing = closing_of(*POINTS, start_of_day(day))
    assert (closing.closes_at, closing.pay_day) == (start_of_day(closes), pays)


@pytest.mark.parametrize(
    ("day", "moved"),
    [
        (date(2024, 12, 31), date(2025, 1, 6)),
        (date(2024, 5, 3), date(2024, 5, 7)),
        (date(2024, 8, 12), date(2024, 8, 13)),
        (date(2024, 9, 22), date(2024, 9, 24)),
        (date(2024, 6, 18), date(2024, 6, 18)),
    ],
)
def test_a_pay_day_moves_to_the_next_bank_day(day: date, moved: date) -> None:
    assert next_bank_day(day) == moved


def test_past_the_known_calendar_it_refuses_instead_of_guessing() -> None:
    with pytest.raises(ScheduleError, match="not known"):
        is_bank_day(date(2150, 1, 4))
