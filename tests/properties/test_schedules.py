"""Schedules against a model that only counts days, through 2024 to 2027, and their changes.

The holidays are those that the Cabinet Office has published for these years, written out here.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from protos.units import Micros
from server.campaigns import (
    Period,
    Schedule,
    ScheduleCode,
    Terms,
    is_bank_day,
    next_period,
    parse_schedule,
    schedule_rows,
    valid_at,
)
from server.campaigns.terms import check_change, usable_spans
from server.clock import DAY, start_of_day, tokyo_day
from server.directory import ServiceId
from server.refusal import Refusal

HOLIDAYS = {
    2024: "1/1 1/8 2/11 2/12 2/23 3/20 4/29 5/3 5/4 5/5 5/6 7/15 8/11 8/12 9/16 9/22 9/23 10/14 "
    "11/3 11/4 11/23",
    2025: "1/1 1/13 2/11 2/23 2/24 3/20 4/29 5/3 5/4 5/5 5/6 7/21 8/11 9/15 9/23 10/13 11/3 "
    "11/23 11/24",
    2026: "1/1 1/12 2/11 2/23 3/20 4/29 5/3 5/4 5/5 5/6 7/20 8/11 9/21 9/22 9/23 10/12 11/3 11/23",
    2027: "1/1 1/11 2/11 2/23 3/21 3/22 4/29 5/3 5/4 5/5 7/19 8/11 9/20 9/23 10/11 11/3 11/23",
}
FIRST, LAST = date(2024, 1, 1), date(2027, 12, 31)
NAMES = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
ONE = timedelta(days=1)


def published(day: date) -> bool:
    """Whether a bank is open, from what was published."""
    if day.weekday() > 4 or (day.month, day.day) in {(12, 31), (1, 1), (1, 2), (1, 3)}:
        return False
    return f"{day.month}/{day.day}" not in HOLIDAYS[day.year].split()


def test_every_bank_day_of_four_years() -> None:
    day = FIRST
    while day <= LAST:
        assert is_bank_day(day) == published(day), day
        day += ONE


@dataclass(frozen=True)
class Rule:
    """A schedule, and the same in words that only count."""

    close: str
    pay: str
    on_holiday: str

    @property
    def schedule(self) -> Schedule:
        return parse_schedule(self.close, self.pay, self.on_holiday)

    def ends(self, day: date) -> bool:
        """A period ends with this day."""
        if self.close.startswith("weekly:"):
            return NAMES[day.weekday()] == self.close[7:]
        last_of_month = (day + ONE).month != day.month
        if self.close == "month-end":
            return last_of_month
        days = [int(d) for d in self.close[5:].split(",")]
        return day.day in days or (last_of_month and max(days) > day.day)

    def paid(self, last: date) -> date:
        if self.pay.startswith("business-day:"):
            left, day = int(self.pay[13:]), last
            while left:
                day += ONE
                left -= published(day)
            return day
        _, name, weeks = self.pay.split(":")
        day = last + timedelta(days=7 * (int(weeks) - 1)) + ONE
        while NAMES[day.weekday()] != name:
            day += ONE
        moved = day
        while not published(moved) and self.on_holiday == "previous":
            moved -= ONE
        if moved <= last:
            moved = day
        while not published(moved):
            moved += ONE
        return moved


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    business = st.integers(1, 60).map(lambda n: f"business-day:{n}")
    on_holiday = draw(st.sampled_from(["next", "previous"]))
    if draw(st.booleans()):
        weekday = st.tuples(st.sampled_from(NAMES), st.integers(1, 8)).map(
            lambda wd: f"weekday:{wd[0]}:{wd[1]}"
        )
        close = draw(st.sampled_from(NAMES))
        return Rule(f"weekly:{close}", draw(st.one_of(weekday, business)), on_holiday)
    days = st.sets(st.integers(1, 31), min_size=1, max_size=5).map(
        lambda d: f"days:{','.join(map(str, sorted(d)))}"
    )
    return Rule(draw(st.one_of(st.just("month-end"), days)), draw(business), on_holiday)


windows = st.tuples(st.dates(FIRST, date(2027, 8, 1)), st.dates(FIRST, date(2027, 8, 1))).map(
    lambda two: (min(two), max(two))
)


@given(rule=rules(), window=windows)
@settings(max_examples=150, deadline=None)
def test_every_row_of_every_schedule(rule: Rule, window: tuple[date, date]) -> None:
    first, last = window
    rows = schedule_rows(rule.schedule, first, last)
    assert (rows[0].first, rows[-1].last) == window
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    for before, after in pairwise(rows):
        assert after.first == before.last + ONE
        assert rule.ends(before.last)
    for row in rows:
        inside = row.first
        while inside < row.last:
            assert not rule.ends(inside)
            inside += ONE
        end = row.last
        while not rule.ends(end):
            end += ONE
        assert row.paid_on == rule.paid(end)
        assert row.paid_on > end
        assert published(row.paid_on)


@given(
    rule=rules(),
    days=st.lists(st.dates(FIRST, date(2027, 8, 1)), min_size=2, max_size=6),
    micros=st.sampled_from([0, 1, DAY - 1, DAY // 2]),
)
@settings(max_examples=150, deadline=None)
def test_a_sale_closes_in_its_row_whatever_was_asked_before(
    rule: Rule, days: list[date], micros: int
) -> None:
    schedule = rule.schedule
    for day in days:
        closing = schedule.closing(Micros(start_of_day(day) + micros))
        (row,) = schedule_rows(schedule, day, day)
        end = day
        while not rule.ends(end):
            end += ONE
        assert (closing.closes_at, closing.pay_day) == (start_of_day(end + ONE), row.paid_on)
        assert closing.opens_at <= start_of_day(day) + micros < closing.closes_at


SERVICE = ServiceId("voucher")


def terms(number: int, since: Micros, usable: tuple[date, date], rule: Rule) -> Terms:
    return Terms(
        SERVICE,
        number,
        since,
        start_of_day(usable[0]),
        start_of_day(usable[1] + ONE),
        rule.schedule,
        "local-government",
        "ミホンシ",
    )


def is_refused(versions: list[Terms], new: Terms) -> bool:
    try:
        check_change(versions, new)
    except Refusal as refused:
        return refused.code is ScheduleCode.NO_BOUNDARY
    return False


@st.composite
def histories(draw: st.DrawFn) -> list[Terms]:
    """Versions as an operator could have tried them; what is refused is left out."""
    window = draw(windows)
    versions = [terms(1, Micros(0), window, draw(rules()))]
    for _ in range(draw(st.integers(0, 4))):
        since = start_of_day(draw(st.dates(FIRST, date(2027, 8, 1))))
        if draw(st.booleans()):  # try it at the boundary that a refusal would name
            since = valid_at(versions, since)[SERVICE].closing(since).closes_at
        if draw(st.booleans()):
            window = draw(windows)
        new = terms(len(versions) + 1, since, window, draw(rules()))
        if draw(st.booleans()):
            new = replace(new, schedule=versions[-1].schedule)
        if not is_refused(versions, new):
            versions.append(new)
    return versions


def periods_of(versions: list[Terms]) -> list[Period]:
    found: list[Period] = []
    while (period := next_period(versions, found[-1].closes_at if found else None)) is not None:
        found.append(period)
    return found


@given(versions=histories(), data=st.data())
@settings(max_examples=200, deadline=None)
def test_an_instant_of_use_belongs_to_one_period_through_all_changes(
    versions: list[Terms], data: st.DataObject
) -> None:
    spans = usable_spans(versions)
    periods = periods_of(versions)
    for before, after in pairwise(periods):
        assert before.closes_at <= after.opens_at < after.closes_at
        assert before.last_day < after.first_day
    if not spans:
        assert periods == []
        return
    edges = [edge for span in spans for edge in (span.since, span.until)]
    edges += [edge for period in periods for edge in (period.opens_at, period.closes_at)]
    for edge in data.draw(st.lists(st.sampled_from(edges), min_size=1, max_size=8)):
        instant = Micros(edge + data.draw(st.sampled_from([-1, 0, 1])))
        usable = any(span.since <= instant < span.until for span in spans)
        holding = [p for p in periods if p.opens_at <= instant < p.closes_at]
        if not usable:
            assert len(holding) <= 1
            continue
        # what a payment of this instant is promised is what the close of its period does
        promised = valid_at(versions, instant)[SERVICE].closing(instant)
        (period,) = holding
        assert (promised.closes_at, promised.pay_day) == (period.closes_at, period.pay_day)
        assert period.first_day <= tokyo_day(instant) <= period.last_day
