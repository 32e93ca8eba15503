"""Time enters through here: a clock is a function, passed to constructors."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from protos.units import Micros

Clock = Callable[[], Micros]
"""Microseconds since 1970-01-01 UTC, now."""

TOKYO: Final = ZoneInfo("Asia/Tokyo")
WEEKDAYS_JA: Final = "月火水木金土日"
"""By ``date.weekday()``."""
SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
_QUARTER: Final = 15 * MINUTE
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def system_clock() -> Micros:
    """The machine's clock."""
    return Micros(time.time_ns() // 1000)


def tokyo_day(instant: Micros) -> date:
    """The calendar day in Japan at an instant."""
    # offsets of time zones are whole quarters of an hour, so a quarter lies within one day
    return _day_of_quarter(instant // _QUARTER)


@lru_cache(maxsize=4096)
def _day_of_quarter(quarter: int) -> date:
    return tokyo_time(Micros(quarter * _QUARTER)).date()


def tokyo_time(instant: Micros) -> datetime:
    """The wall clock in Japan at an instant, exact to the microsecond."""
    return (_EPOCH + timedelta(microseconds=instant)).astimezone(TOKYO)


def micros_of(moment: datetime) -> Micros:
    """An aware datetime as microseconds; no floating point on the way.

    Raises ValueError for a naive one.
    """
    if moment.tzinfo is None:
        raise ValueError("moment: a time zone is needed")
    return Micros((moment - _EPOCH) // timedelta(microseconds=1))


def start_of_day(day: date) -> Micros:
    """Midnight in Japan at which ``day`` begins."""
    return micros_of(datetime(day.year, day.month, day.day, tzinfo=TOKYO))
