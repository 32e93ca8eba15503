"""Instants and days: UTC microseconds inside, decided in Asia/Tokyo, half-open intervals."""

import datetime as dt
from typing import NewType
from zoneinfo import ZoneInfo

from protos.units import Micros, UnixSeconds

TOKYO = ZoneInfo("Asia/Tokyo")
SECOND = 1_000_000
"""Microseconds in a second."""

MonoMs = NewType("MonoMs", int)
"""Milliseconds of the monotonic clock: for durations within one run, never stored."""


def tokyo(at: Micros) -> dt.datetime:
    """The instant as local time of Japan."""
    seconds, micros = divmod(at, SECOND)
    return dt.datetime.fromtimestamp(seconds, TOKYO).replace(microsecond=micros)


def day_of(at: Micros) -> dt.date:
    """The business day: a calendar day of Japan."""
    return tokyo(at).date()


def start_of(day: dt.date) -> Micros:
    """The first instant of a day of Japan."""
    return Micros(int(dt.datetime(day.year, day.month, day.day, tzinfo=TOKYO).timestamp()) * SECOND)


def unix_seconds(at: Micros) -> UnixSeconds:
    """Whole seconds, rounded down."""
    return UnixSeconds(at // SECOND)
