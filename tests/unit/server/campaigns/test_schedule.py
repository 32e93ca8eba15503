"""Closes and pay days of the reference campaign, of every rule, and the calendar's edges."""

from datetime import date, timedelta

import pytest

from server.campaigns import (
    OnHoliday,
    ScheduleCode,
    is_bank_day,
    next_bank_day,
    parse_schedule,
    schedule_rows,
)
from server.campaigns.schedule import MonthEnd, Schedule, WeekdayAfter, stored_schedule
from server.clock import start_of_day
from server.refusal import Refusal
from tests.support.books import moment

VOUCHERS = parse_schedule("weekly:FRI", "weekday:TUE:2", "next")
POINTS = parse_schedule("month-end", "business-day:7", "next")

REFERENCE = [
    "1,2024-06-18,2024-06-03,2024-06-07",
    "2,2024-06-25,2024-06-08,2024-06-14",
    "3,2024-07-02,2024-06-15,2024-06-21",
    "4,2024-07-09,2024-06-22,2024-06-28",
    "5,2024-07-16,2024-06-29,2024-07-05",
    "6,2024-07-23,2024-07-06,2024-07-12",
    "7,2024-07-30,2024-07-13,2024-07-19",
    "8,2024-08-06,2024-07-20,2024-07-26",
    "9,2024-08-13,2024-07-27,2024-08-02",
    "10,2024-08-20,2024-08-03,2024-08-09",
    "11,2024-08-27,2024-08-10,2024-08-16",
    "12,2024-09-03,2024-08-17,2024-08-23",
    "13,2024-09-10,2024-08-24,2024-08-30",
    "14,2024-09-17,2024-08-31,2024-08-31",
]


def written(close: str, pay: str, first: date, last: date, on_holiday: str = "next") -> list[str]:
    schedule = parse_schedule(close, pay, on_holiday)
    return [
        f"{row.number},{row.paid_on},{row.first},{row.last}"
        for row in schedule_rows(schedule, first, last)
    ]


def test_the_reference_campaign() -> None:
    first, last = date(2024, 6, 3), date(2024, 8, 31)
    assert written("weekly:FRI", "weekday:TUE:2", first, last) == REFERENCE


def test_every_sale_of_the_reference_campaign_closes_in_its_row() -> None:
    for row in schedule_rows(VOUCHERS, date(2024, 6, 3), date(2024, 8, 31)):
        friday = row.last + timedelta(days=(4 - row.last.weekday()) % 7)
        day = row.first
        while day <= row.last:
            closing = VOUCHERS.closing(start_of_day(day))
            assert closing.pay_day == row.paid_on
            assert closing.closes_at == start_of_day(friday + timedelta(days=1))
            day += timedelta(days=1)


def test_the_short_last_week_closes_on_its_friday() -> None:
    closing = VOUCHERS.closing(moment(2024, 8, 31, 23, 59))
    assert closing.closes_at == moment(2024, 9, 7)
    assert closing.pay_day == date(2024, 9, 17)


def test_the_close_is_half_open_at_midnight_in_japan() -> None:
    midnight = moment(2024, 6, 8)
    before = VOUCHERS.closing(type(midnight)(midnight - 1))
    assert before.closes_at == midnight
    after = VOUCHERS.closing(midnight)
    assert (after.opens_at, after.closes_at) == (midnight, moment(2024, 6, 15))
    assert VOUCHERS.closing(type(midnight)(midnight - 1)) == before


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
    closing = POINTS.closing(start_of_day(day))
    assert (closing.closes_at, closing.pay_day) == (start_of_day(closes), pays)


def test_dates_of_the_month() -> None:
    assert written("days:10,25", "business-day:3", date(2024, 4, 20), date(2024, 6, 3)) == [
        "1,2024-05-01,2024-04-20,2024-04-25",  # 26 April, 30 April (29th: Showa Day), 1 May
        "2,2024-05-15,2024-04-26,2024-05-10",
        "3,2024-05-29,2024-05-11,2024-05-25",
        "4,2024-06-13,2024-05-26,2024-06-03",
    ]


def test_a_day_that_a_month_lacks_is_its_last_day() -> None:
    rows = written("days:15,31", "business-day:1", date(2024, 2, 1), date(2024, 4, 30))
    assert [row.split(",")[2:] for row in rows] == [
        ["2024-02-01", "2024-02-15"],
        ["2024-02-16", "2024-02-29"],
        ["2024-03-01", "2024-03-15"],
        ["2024-03-16", "2024-03-31"],
        ["2024-04-01", "2024-04-15"],
        ["2024-04-16", "2024-04-30"],
    ]
    one_in_february = written(
        "days:29,30,31", "business-day:1", date(2025, 2, 1), date(2025, 3, 31)
    )
    assert [row.split(",")[3] for row in one_in_february] == [
        "2025-02-28",
        "2025-03-29",
        "2025-03-30",
        "2025-03-31",
    ]


@pytest.mark.parametrize(
    ("close", "pay", "first_close", "paid_on"),
    [
        ("weekly:FRI", "weekday:SAT:1", date(2024, 6, 7), date(2024, 6, 10)),
        ("weekly:FRI", "weekday:FRI:1", date(2024, 6, 7), date(2024, 6, 14)),
        ("weekly:WED", "weekday:WED:1", date(2024, 6, 5), date(2024, 6, 12)),
        ("weekly:WED", "weekday:THU:1", date(2024, 6, 5), date(2024, 6, 6)),
        ("weekly:SUN", "weekday:MON:1", date(2024, 6, 9), date(2024, 6, 10)),
        ("weekly:MON", "weekday:SUN:2", date(2024, 6, 10), date(2024, 6, 24)),
        ("weekly:SAT", "business-day:1", date(2024, 6, 8), date(2024, 6, 10)),
    ],
)
def test_any_weekday(close: str, pay: str, first_close: date, paid_on: date) -> None:
    (row,) = written(close, pay, first_close, first_close)
    assert row == f"1,{paid_on},{first_close},{first_close}"


@pytest.mark.parametrize(
    ("close", "pay", "on_holiday", "day", "paid_on"),
    [
        # Tuesday 31 December is a bank holiday
        ("weekly:FRI", "weekday:TUE:2", "next", date(2024, 12, 20), date(2025, 1, 6)),
        ("weekly:FRI", "weekday:TUE:2", "previous", date(2024, 12, 20), date(2024, 12, 30)),
        # 3 May 2024 to Monday 6 May: a Friday's holiday, the weekend, a substitute one
        ("weekly:FRI", "weekday:MON:2", "next", date(2024, 4, 26), date(2024, 5, 7)),
        ("weekly:FRI", "weekday:MON:2", "previous", date(2024, 4, 26), date(2024, 5, 2)),
        # the day before is the close itself, or lies before it: never paid before it has ended
        ("weekly:FRI", "weekday:SAT:1", "previous", date(2024, 6, 7), date(2024, 6, 10)),
        ("weekly:FRI", "weekday:TUE:1", "previous", date(2026, 5, 1), date(2026, 5, 7)),
    ],
)
def test_a_pay_day_on_a_holiday(
    close: str, pay: str, on_holiday: str, day: date, paid_on: date
) -> None:
    (row,) = written(close, pay, day, day, on_holiday)
    assert row == f"1,{paid_on},{day},{day}"


@pytest.mark.parametrize(
    ("day", "moved"),
    [
        (date(2024, 12, 31), date(2025, 1, 6)),
        (date(2024, 5, 3), date(2024, 5, 7)),
        (date(2024, 8, 12), date(2024, 8, 13)),
        (date(2024, 9, 22), date(2024, 9, 24)),
        (date(2024, 6, 18), date(2024, 6, 18)),
        (date(2026, 9, 21), date(2026, 9, 24)),  # a day between two holidays is one
    ],
)
def test_the_next_bank_day(day: date, moved: date) -> None:
    assert next_bank_day(day) == moved


@pytest.mark.parametrize("day", [date(2100, 1, 4), date(2150, 1, 4), date(1989, 12, 29)])
def test_past_the_known_calendar_it_refuses_instead_of_guessing(day: date) -> None:
    with pytest.raises(Refusal) as refused:
        is_bank_day(day)
    assert refused.value.code is ScheduleCode.CALENDAR


def test_a_pay_day_past_the_known_calendar_is_refused_as_well() -> None:
    with pytest.raises(Refusal) as refused:
        schedule_rows(VOUCHERS, date(2099, 12, 26), date(2099, 12, 31))
    assert refused.value.code is ScheduleCode.CALENDAR


@pytest.mark.parametrize(
    ("close", "pay", "on_holiday", "code"),
    [
        ("weekly:FRY", "weekday:TUE:2", "next", ScheduleCode.CLOSE_RULE),
        ("weekly:fri", "weekday:TUE:2", "next", ScheduleCode.CLOSE_RULE),
        ("weekly:FRI\n", "weekday:TUE:2", "next", ScheduleCode.CLOSE_RULE),
        ("", "weekday:TUE:2", "next", ScheduleCode.CLOSE_RULE),
        ("monthend", "business-day:7", "next", ScheduleCode.CLOSE_RULE),
        ("days:", "business-day:7", "next", ScheduleCode.CLOSE_RULE),
        ("days:0", "business-day:7", "next", ScheduleCode.CLOSE_RULE),
        ("days:32", "business-day:7", "next", ScheduleCode.CLOSE_RULE),
        ("days:10,10", "business-day:7", "next", ScheduleCode.CLOSE_RULE),
        ("days:10, 25", "business-day:7", "next", ScheduleCode.CLOSE_RULE),
        ("days:１０,２５", "business-day:7", "next", ScheduleCode.CLOSE_RULE),
        ("friday-midnight", "weekday:TUE:2", "next", ScheduleCode.CLOSE_RULE),
        ("weekly:FRI", "weekday:TUE:0", "next", ScheduleCode.PAY_RULE),
        ("weekly:FRI", "weekday:TUE:27", "next", ScheduleCode.PAY_RULE),
        ("weekly:FRI", "weekday:TUE:２", "next", ScheduleCode.PAY_RULE),
        ("weekly:FRI", "weekday:TUE:-1", "next", ScheduleCode.PAY_RULE),
        ("weekly:FRI", "weekday:TUE", "next", ScheduleCode.PAY_RULE),
        ("month-end", "weekday:TUE:2", "next", ScheduleCode.PAY_RULE),
        ("days:10,25", "weekday:TUE:2", "next", ScheduleCode.PAY_RULE),
        ("month-end", "business-day:0", "next", ScheduleCode.PAY_RULE),
        ("month-end", "business-day:61", "next", ScheduleCode.PAY_RULE),
        ("month-end", "business-day:７", "next", ScheduleCode.PAY_RULE),
        ("weekly:FRI", "weekday:TUE:2", "sometime", ScheduleCode.ON_HOLIDAY),
    ],
)
def test_what_is_no_rule_is_refused_naming_the_field(
    close: str, pay: str, on_holiday: str, code: ScheduleCode
) -> None:
    with pytest.raises(Refusal) as refused:
        parse_schedule(close, pay, on_holiday)
    assert refused.value.code is code
    assert refused.value.field in {"close", "pay", "on-holiday"}
    assert refused.value.en.startswith(refused.value.field)


def test_a_schedule_is_written_as_it_is_read() -> None:
    for close, pay in (
        ("weekly:SUN", "weekday:MON:26"),
        ("month-end", "business-day:60"),
        ("days:1,15,31", "business-day:1"),
    ):
        for on_holiday in OnHoliday:
            schedule = parse_schedule(close, pay, on_holiday.value)
            assert (str(schedule.close), str(schedule.pay)) == (close, pay)
            assert stored_schedule(close, pay, on_holiday.value) == schedule
    assert str(parse_schedule("days:25,10", "business-day:1", "next").close) == "days:10,25"


def test_terms_from_before_keep_their_schedule() -> None:
    assert stored_schedule("friday-midnight", "tuesday-after-next-week", "next") == VOUCHERS
    assert stored_schedule("end-of-month", "seventh-bank-day", "next") == POINTS


def test_a_weekday_after_a_month_cannot_even_be_built() -> None:
    with pytest.raises(Refusal):
        Schedule(MonthEnd(), WeekdayAfter(1, 2))
