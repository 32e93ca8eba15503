"""The bank's calendar: which days a bank in Japan is open, and what comes of one that it is not."""

from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from server.campaigns.schedule_refusals import calendar_ends

FIRST_KNOWN_YEAR: Final = 1990
"""Since February 1989 banks are closed on every Saturday; years before had other rules."""
_SATURDAY: Final = 5


def next_bank_day(day: date) -> date:
    """``day`` itself, or the first bank business day after it."""
    while not is_bank_day(day):
        day += timedelta(days=1)
    return day


def previous_bank_day(day: date) -> date:
    """``day`` itself, or the last bank business day before it."""
    while not is_bank_day(day):
        day -= timedelta(days=1)
    return day


def is_bank_day(day: date) -> bool:
    """Neither weekend, national holiday, nor 31 December to 3 January (Banking Act, art. 15).

    Raises Refusal (CHOBA_SCHEDULE_CALENDAR) outside the known holidays: refuse, don't guess.
    """
    check_known(day)
    return day.weekday() < _SATURDAY and day not in _holidays(day.year)


def check_known(day: date) -> None:
    """Raises Refusal (CHOBA_SCHEDULE_CALENDAR) for a day of which nobody knows the holidays."""
    if not FIRST_KNOWN_YEAR <= day.year <= last_known_year():
        raise calendar_ends(day, FIRST_KNOWN_YEAR, last_known_year())


def learn_calendar(day: date) -> None:
    """Load the calendar of ``day``'s year now, so that the first payment need not wait for it.

    The library takes half a second to import; a server calls this off its loop once it serves.
    """
    is_bank_day(min(day, date(last_known_year(), 1, 1)))


@lru_cache(maxsize=1)
def last_known_year() -> int:
    """The last year of which the holidays are known."""
    from holidays.countries.japan import Japan  # noqa: PLC0415 -- see learn_calendar

    return int(Japan.end_year)


@lru_cache(maxsize=128)
def _holidays(year: int) -> frozenset[date]:
    import holidays  # noqa: PLC0415 -- see learn_calendar

    return frozenset(
        holidays.country_holidays("JP", years=year, categories=("public", "bank")).keys()
    )
