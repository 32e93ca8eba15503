"""When a sale closes and when its shop is paid (締め, 精算): pure, from rules and calendar.

A schedule is written as three texts, on the command line, in files and in the books:

    close       weekly:FRI       the week ends with Friday, at midnight
                month-end        the month does
                days:10,25       periods end with the 10th and the 25th; in a month that lacks
                                 such a day (29, 30, 31) with its last day instead
    pay         weekday:TUE:2    the Tuesday of the second week after the week that closed, a
                                 week being the seven days that end on the close's weekday
                business-day:7   the seventh bank business day from the day after the close on
    on-holiday  next, previous   where a pay day moves that is no bank business day. It is never
                                 moved back to the close or before it: then it is the next one

A short first or last period closes where the whole one does (reference campaign, no. 14).
"""

import re
from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

from protos.units import Micros
from server.campaigns import schedule_refusals as refuse
from server.campaigns.bank_days import check_known, next_bank_day, previous_bank_day
from server.clock import start_of_day, tokyo_day

_WEEKDAYS: Final = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_WEEKLY: Final = re.compile(r"weekly:([A-Z]{3})\Z", re.ASCII)
_DAYS: Final = re.compile(r"days:([0-9]{1,2}(?:,[0-9]{1,2})*)\Z", re.ASCII)
_WEEKDAY: Final = re.compile(r"weekday:([A-Z]{3}):([0-9]{1,2})\Z", re.ASCII)
_BUSINESS_DAY: Final = re.compile(r"business-day:([0-9]{1,2})\Z", re.ASCII)
_MOST_WEEKS: Final = 26
_MOST_BUSINESS_DAYS: Final = 60
_ONE_DAY: Final = timedelta(days=1)


class OnHoliday(StrEnum):
    """Where a pay day moves that is no bank business day."""

    NEXT = "next"
    PREVIOUS = "previous"


@dataclass(frozen=True, slots=True)
class Weekly:
    """``weekday``: the last day of the week, 0 for Monday."""

    weekday: int

    def __str__(self) -> str:
        return f"weekly:{_WEEKDAYS[self.weekday]}"

    def period(self, day: date) -> tuple[date, date]:
        """First and last day of the period that holds ``day``; both in it."""
        last = day + timedelta(days=(self.weekday - day.weekday()) % 7)
        return last - timedelta(days=6), last


@dataclass(frozen=True, slots=True)
class DaysOfMonth:
    """``days``: rising; 31 stands for the last day of every month."""

    days: tuple[int, ...]

    def __str__(self) -> str:
        return f"days:{','.join(map(str, self.days))}"

    def period(self, day: date) -> tuple[date, date]:
        """First and last day of the period that holds ``day``; both in it."""
        ends = self._ends(day)
        before = [end for end in ends if end < day]
        after = [end for end in ends if end >= day]
        first = before[-1] if before else self._ends(day.replace(day=1) - _ONE_DAY)[-1]
        last = after[0] if after else self._ends(day.replace(day=28) + timedelta(days=4))[0]
        return first + _ONE_DAY, last

    def _ends(self, within: date) -> list[date]:
        length = monthrange(within.year, within.month)[1]
        return [within.replace(day=day) for day in sorted({min(d, length) for d in self.days})]


@dataclass(frozen=True, slots=True)
class MonthEnd:
    def __str__(self) -> str:
        return "month-end"

    def period(self, day: date) -> tuple[date, date]:
        """First and last day of the period that holds ``day``; both in it."""
        return _MONTH.period(day)


_MONTH: Final = DaysOfMonth((31,))
CloseRule = Weekly | MonthEnd | DaysOfMonth


@dataclass(frozen=True, slots=True)
class WeekdayAfter:
    """``weekday`` (0 for Monday) of the ``weeks``-th week after the one that closed."""

    weekday: int
    weeks: int

    def __str__(self) -> str:
        return f"weekday:{_WEEKDAYS[self.weekday]}:{self.weeks}"


@dataclass(frozen=True, slots=True)
class BusinessDay:
    """The ``number``-th bank business day, counted from the day after the close."""

    number: int

    def __str__(self) -> str:
        return f"business-day:{self.number}"


PayRule = WeekdayAfter | BusinessDay


@dataclass(frozen=True, slots=True)
class Closing:
    """The period that a sale falls into."""

    opens_at: Micros
    """First instant of the whole period, also where the service could be used only later."""
    closes_at: Micros
    """Scheduled instant of the close (exclusive end of the period); cancels end here."""
    pay_day: date


@dataclass(frozen=True, slots=True)
class Schedule:
    """When periods of a service close and when they are paid.

    Raises Refusal (CHOBA_SCHEDULE_PAY_RULE) for a weekday after anything but a week.
    """

    close: CloseRule
    pay: PayRule
    on_holiday: OnHoliday = OnHoliday.NEXT
    _recent: list[Closing] = field(default_factory=list, init=False, repr=False, compare=False)
    """The closing asked for last: payments ask for the same one a week long."""

    def __post_init__(self) -> None:
        if isinstance(self.pay, WeekdayAfter) and not isinstance(self.close, Weekly):
            raise refuse.weekday_needs_weekly()

    def closing(self, instant: Micros) -> Closing:
        """The closing of a sale committed at ``instant``.

        Raises Refusal (CHOBA_SCHEDULE_CALENDAR) outside the known bank holidays.
        """
        for recent in self._recent:
            if recent.opens_at <= instant < recent.closes_at:
                return recent
        first, last = self.close.period(tokyo_day(instant))
        closing = Closing(start_of_day(first), start_of_day(last + _ONE_DAY), self.pay_day(last))
        self._recent[:] = [closing]
        return closing

    def pay_day(self, last: date) -> date:
        """When a period is paid of which the whole one ends with ``last``. Raises Refusal."""
        if isinstance(self.pay, BusinessDay):
            day = last
            for _ in range(self.pay.number):
                day = next_bank_day(day + _ONE_DAY)
            return day
        into = (self.pay.weekday - last.weekday() - 1) % 7
        day = last + timedelta(days=7 * (self.pay.weeks - 1) + into + 1)
        if self.on_holiday is OnHoliday.PREVIOUS:
            back = previous_bank_day(day)
            if back > last:
                return back
        return next_bank_day(day)


def parse_schedule(close: str, pay: str, on_holiday: str) -> Schedule:
    """A schedule from its three texts. Raises Refusal (CHOBA_SCHEDULE_*) naming the field."""
    return Schedule(parse_close_rule(close), parse_pay_rule(pay), parse_on_holiday(on_holiday))


def parse_close_rule(text: str) -> CloseRule:
    """Raises Refusal (CHOBA_SCHEDULE_CLOSE_RULE)."""
    if text == "month-end":
        return MonthEnd()
    if (week := _WEEKLY.match(text)) and week[1] in _WEEKDAYS:
        return Weekly(_WEEKDAYS.index(week[1]))
    if listed := _DAYS.match(text):
        days = sorted(int(day) for day in listed[1].split(","))
        if days[0] >= 1 and days[-1] <= 31 and len(set(days)) == len(days):
            return DaysOfMonth(tuple(days))
    raise refuse.close_rule_wrong(text)


def parse_pay_rule(text: str) -> PayRule:
    """Raises Refusal (CHOBA_SCHEDULE_PAY_RULE)."""
    if (weekday := _WEEKDAY.match(text)) and weekday[1] in _WEEKDAYS:
        weeks = int(weekday[2])
        if 1 <= weeks <= _MOST_WEEKS:
            return WeekdayAfter(_WEEKDAYS.index(weekday[1]), weeks)
    if counted := _BUSINESS_DAY.match(text):
        number = int(counted[1])
        if 1 <= number <= _MOST_BUSINESS_DAYS:
            return BusinessDay(number)
    raise refuse.pay_rule_wrong(text)


def parse_on_holiday(text: str) -> OnHoliday:
    """Raises Refusal (CHOBA_SCHEDULE_ON_HOLIDAY)."""
    try:
        return OnHoliday(text)
    except ValueError as error:
        raise refuse.on_holiday_wrong(text) from error


_OLD_NAMES: Final = {
    "friday-midnight": "weekly:FRI",
    "end-of-month": "month-end",
    "tuesday-after-next-week": "weekday:TUE:2",
    "seventh-bank-day": "business-day:7",
}
"""What terms were written as before schema 0010. Books are only added to, so these rows stay."""


@lru_cache(maxsize=256)
def stored_schedule(close: str, pay: str, on_holiday: str) -> Schedule:
    """A schedule as the books hold it; one object for the same texts, so that all who ask it
    share its memory. Raises Refusal."""
    return parse_schedule(_OLD_NAMES.get(close, close), _OLD_NAMES.get(pay, pay), on_holiday)


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """A period of a window of days, and when it is paid."""

    number: int
    paid_on: date
    first: date
    last: date


def schedule_rows(schedule: Schedule, first: date, last: date) -> list[ScheduleRow]:
    """Every period of the days from ``first`` to ``last``, both in it, numbered from 1.

    Raises Refusal: CHOBA_SCHEDULE_WINDOW, CHOBA_SCHEDULE_CALENDAR.
    """
    if last < first:
        raise refuse.window_wrong(first, last)
    check_known(first)
    check_known(last)
    rows: list[ScheduleRow] = []
    day = first
    while day <= last:
        _, end = schedule.close.period(day)
        rows.append(ScheduleRow(len(rows) + 1, schedule.pay_day(end), day, min(end, last)))
        day = end + _ONE_DAY
    return rows
