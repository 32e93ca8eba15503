"""The last day of use follows from the day of the grant in Japan, whatever the hour."""

import calendar
from datetime import date, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protos.units import Micros
from server.campaigns import (
    ExpiryKind,
    ExpiryRule,
    GrantRefusal,
    add_expiry_rule,
    expires_at,
    expiry_rules_at,
)
from server.clock import DAY, start_of_day, tokyo_day
from tests.support.books import NOON, POINTS, Town, moment

NEVER = Micros(0)
instants = st.integers(moment(2000, 1, 1), moment(2090, 1, 1)).map(Micros)


@pytest.mark.parametrize(
    ("rule", "granted", "last_day"),
    [
        (ExpiryRule(ExpiryKind.DAYS, 0), moment(2024, 6, 5, 23, 59), date(2024, 6, 5)),
        (ExpiryRule(ExpiryKind.DAYS, 180), moment(2024, 6, 5), date(2024, 12, 2)),
        (ExpiryRule(ExpiryKind.MONTH_END, 0), moment(2024, 2, 1), date(2024, 2, 29)),
        (ExpiryRule(ExpiryKind.MONTH_END, 1), moment(2024, 1, 31), date(2024, 2, 29)),
        (ExpiryRule(ExpiryKind.MONTH_END, 12), moment(2024, 12, 31), date(2025, 12, 31)),
        (ExpiryRule(ExpiryKind.FISCAL_YEAR_END), moment(2024, 3, 31, 23), date(2024, 3, 31)),
        (ExpiryRule(ExpiryKind.FISCAL_YEAR_END), moment(2024, 4, 1), date(2025, 3, 31)),
        (ExpiryRule(ExpiryKind.FISCAL_YEAR_END, 1), moment(2024, 12, 1), date(2026, 3, 31)),
        (
            ExpiryRule(ExpiryKind.FIXED_DAY, last_day=date(2024, 8, 31)),
            NOON,
            date(2024, 8, 31),
        ),
    ],
)
def test_the_rules_by_example(rule: ExpiryRule, granted: Micros, last_day: date) -> None:
    assert expires_at(rule, granted, NEVER) == start_of_day(last_day) + DAY


@given(instants, st.integers(0, 120))
def test_month_ends(granted: Micros, months: int) -> None:
    end = expires_at(ExpiryRule(ExpiryKind.MONTH_END, months), granted, NEVER)
    first, day = tokyo_day(end), tokyo_day(granted)
    assert first.day == 1
    assert start_of_day(first) == end > granted
    assert (first.year - day.year) * 12 + first.month - day.month == months + 1


@given(instants, st.integers(0, 10))
def test_fiscal_years_end_on_the_last_of_march(granted: Micros, years: int) -> None:
    end = expires_at(ExpiryRule(ExpiryKind.FISCAL_YEAR_END, years), granted, NEVER)
    assert (tokyo_day(end).month, tokyo_day(end).day) == (4, 1)
    assert end > granted
    before = start_of_day(date(tokyo_day(end).year - 1 - years, 4, 1))
    assert before <= granted


@given(instants, st.integers(0, 3650))
def test_days_are_calendar_days(granted: Micros, days: int) -> None:
    end = expires_at(ExpiryRule(ExpiryKind.DAYS, days), granted, NEVER)
    assert tokyo_day(Micros(end - 1)) - tokyo_day(granted) == timedelta(days=days)


@given(
    instants,
    st.integers(0, DAY),
    st.sampled_from([ExpiryKind.DAYS, ExpiryKind.MONTH_END, ExpiryKind.FISCAL_YEAR_END]),
    st.integers(0, 10),
)
def test_who_is_granted_later_never_loses_earlier(
    granted: Micros, later: int, kind: ExpiryKind, number: int
) -> None:
    rule = ExpiryRule(kind, number)
    assert expires_at(rule, granted, NEVER) <= expires_at(rule, Micros(granted + later), NEVER)


@pytest.mark.parametrize(
    ("kind", "number", "last_day"),
    [
        (ExpiryKind.FIXED_DAY, 0, None),
        (ExpiryKind.FIXED_DAY, 3, date(2024, 8, 31)),
        (ExpiryKind.DAYS, 3, date(2024, 8, 31)),
        (ExpiryKind.DAYS, -1, None),
        (ExpiryKind.DAYS, 3651, None),
        (ExpiryKind.USABLE_UNTIL, 1, None),
    ],
)
def test_parts_that_do_not_belong_together(
    kind: ExpiryKind, number: int, last_day: date | None
) -> None:
    with pytest.raises(GrantRefusal) as refused:
        ExpiryRule(kind, number, last_day)
    assert refused.value.code == "CHOBA_GRANT_EXPIRY_RULE"


def test_a_change_is_a_new_version_from_its_day_on(sqlite_town: Town) -> None:
    database = sqlite_town.database
    first, second = ExpiryRule(ExpiryKind.DAYS, 30), ExpiryRule(ExpiryKind.DAYS, 60)
    add = partial(add_expiry_rule, service_id=POINTS)
    assert database.write_now(partial(add, rule=first, valid_from=Micros(0))) == 1
    assert database.write_now(partial(add, rule=second, valid_from=moment(2024, 7, 1))) == 2
    assert database.read_now(partial(expiry_rules_at, instant=NOON)) == {POINTS: first}
    july = moment(2024, 7, 1)
    assert database.read_now(partial(expiry_rules_at, instant=july)) == {POINTS: second}


def test_every_month_has_an_end() -> None:
    for month in range(1, 13):
        end = expires_at(ExpiryRule(ExpiryKind.MONTH_END), moment(2024, month, 1), NEVER)
        assert tokyo_day(Micros(end - 1)).day == calendar.monthrange(2024, month)[1]
