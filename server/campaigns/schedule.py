"""When a sale closes and when its shop is paid (締め, 精算): pure, from terms and calendar."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

from protos.units import Micros
from server.clock import start_of_day, tokyo_day

_FRIDAY: Final = 4
_SATURDAY: Final = 5


class ScheduleError(ValueError):
    """A day that the known calendar does not reach."""

    code = "CHOBA_CAMPAIGNS_CALENDAR"


class CloseRule(StrEnum):
    """When a period ends."""

    FRIDAY_MIDNIGHT = "friday-midnight"
    """Saturday to Friday; vouchers of the reference campaign."""
    END_OF_MONTH = "end-of-month"


class PayRule(StrEnum):
    """When a closed period is paid."""

    TUESDAY_AFTER_NEXT_WEEK = "tuesday-after-next-week"
    """Tuesday of the week after next; moved to the next bank day when it is none."""
    SEVENTH_BANK_DAY = "seventh-bank-day"
    """The seventh bank business day after the close."""


@dataclass(frozen=True, slots=True)
class Closing:
    """The period that a sale falls into."""

    closes_at: Micros
    """Scheduled instant of the close (exclusive end of the period); cancels end here."""
    pay_day: date


def closing_of(close_rule: CloseRule, pay_rule: PayRule, instant: Micros) -> Closing:
    """The closing of a sale committed at ``instant``.

    A short last week closes on its Friday all the same (reference campaign, no. 14).
    Raises ScheduleError past the horizon of the known bank holidays.
    """
    return _closing_on(close_rule, pay_rule, tokyo_day(instant))


@lru_cache(maxsize=4096)
def _closing_on(close_rule: CloseRule, pay_rule: PayRule, day: date) -> Closing:
    last = _last_day_of_period(close_rule, day)
    return Closing(start_of_day(last + timedelta(days=1)), _pay_day(pay_rule, last))


def _last_day_of_period(rule: CloseRule, day: date) -> date:
    match rule:
        case CloseRule.FRIDAY_MIDNIGHT:
            return day + timedelta(days=(_FRIDAY - day.weekday()) % 7)
        case CloseRule.END_OF_MONTH:
            return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _pay_day(rule: PayRule, last: date) -> date:
    match rule:
        case PayRule.TUESDAY_AFTER_NEXT_WEEK:
            # weeks begin on Saturday: the one that ends on ``last`` (or holds it), the next,
            # then the one whose Tuesday is the pay day
            end_of_week = last + timedelta(days=(_FRIDAY - last.weekday()) % 7)
            return next_bank_day(end_of_week + timedelta(days=11))
        case PayRule.SEVENTH_BANK_DAY:
            day = last
            for _ in range(7):
                day = next_bank_day(day + timedelta(days=1))
            return day


def next_bank_day(day: date) -> date:
    """``day`` itself, or the first bank business day after it."""
    while not is_bank_day(day):
        day += timedelta(days=1)
    return day


def is_bank_day(day: date) -> bool:
    """Neither weekend, national holiday, nor 31 December to 3 January (Banking Act, art. 15).

    Raises ScheduleError past the horizon of the known holidays: refuse, don't guess.
    """
    if day.year > _last_known_year():
        raise ScheduleError(f"pay day: bank holidays of {day.year} are not known yet")
    return day.weekday() < _SATURDAY and day not in _holidays(day.year)


def learn_calendar(day: date) -> None:
    """Load the calendar of ``day``'s year now, so that the first payment need not wait for it.

    The library takes half a second to import; a server calls this off its loop once it serves.
    """
    is_bank_day(min(day, date(_last_known_year(), 1, 1)))


@lru_cache(maxsize=1)
def _last_known_year() -> int:
    from holidays.countries.japan import Japan  # noqa: PLC0415 -- see learn_calendar

    return int(Japan.end_year)


@lru_cache(maxsize=64)
def _holidays(year: int) -> frozenset[date]:
    import holidays  # noqa: PLC0415 -- see learn_calendar

    return frozenset(
        holidays.country_holidays("JP", years=year, categories=("public", "bank")).keys()
    )
