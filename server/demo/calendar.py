"""When the demo's campaign runs: the reference campaign, moved by whole weeks."""

import datetime as dt
from dataclasses import dataclass

from protos.units import Micros
from server.clock import TOKYO, micros_of

REFERENCE_START = dt.date(2024, 6, 3)
"""A Monday; usable from 10:00."""
REFERENCE_END = dt.date(2024, 9, 1)
"""The first day on which it is over: 31 August is the last."""
POINTS_START = dt.date(2024, 4, 1)
POINTS_END = dt.date(2025, 4, 1)
_WEEK = dt.timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class DemoCalendar:
    """The campaign's dates around a day; today is in its second week."""

    today: dt.date

    @property
    def shift(self) -> dt.timedelta:
        """Whole weeks from the reference campaign to this one."""
        weeks = (self.today - REFERENCE_START) // _WEEK
        return (weeks - 1) * _WEEK

    @property
    def voucher_from(self) -> Micros:
        """10:00 of the first Monday."""
        return _instant(REFERENCE_START + self.shift, hour=10)

    @property
    def voucher_until(self) -> Micros:
        """Midnight after the last day."""
        return _instant(REFERENCE_END + self.shift)

    @property
    def points_from(self) -> Micros:
        """The points' own year."""
        return _instant(POINTS_START + self.shift)

    @property
    def points_until(self) -> Micros:
        """Midnight after the last day of the points' year."""
        return _instant(POINTS_END + self.shift)

    def end_of_month(self, months: int) -> Micros:
        """Midnight after the last day of a month from now (0: this one)."""
        number = self.today.year * 12 + self.today.month + months
        return _instant(dt.date(number // 12, number % 12 + 1, 1))


def _instant(day: dt.date, hour: int = 0) -> Micros:
    return micros_of(dt.datetime(day.year, day.month, day.day, hour, tzinfo=TOKYO))
