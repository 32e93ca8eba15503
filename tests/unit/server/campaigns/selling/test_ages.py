"""Ages as Japan counts them, and floors of the bonus."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protos.units import Yen
from server.campaigns.selling import AgeRule, age_on, bonus_due


@pytest.mark.parametrize(
    ("born", "day", "by_birthday", "by_law"),
    [
        ("1954-04-01", "2024-04-01", 70, 70),
        ("1954-04-02", "2024-04-01", 69, 70),
        ("1954-04-03", "2024-04-01", 69, 69),
        ("1956-02-29", "2026-02-28", 69, 70),
        ("1956-02-29", "2026-03-01", 70, 70),
        ("1956-02-29", "2028-02-28", 71, 72),
    ],
)
def test_age(born: str, day: str, by_birthday: int, by_law: int) -> None:
    of, on = date.fromisoformat(born), date.fromisoformat(day)
    assert age_on(of, on, AgeRule.BIRTHDAY) == by_birthday
    assert age_on(of, on, AgeRule.LAW) == by_law


@given(
    born=st.dates(date(1900, 1, 1), date(2020, 1, 1)),
    day=st.dates(date(2020, 1, 1), date(2100, 1, 1)),
)
def test_the_law_is_one_day_ahead(born: date, day: date) -> None:
    assert age_on(born, day, AgeRule.LAW) == age_on(born, day + timedelta(1), AgeRule.BIRTHDAY)


@given(
    paid=st.lists(st.integers(1, 99_999), max_size=20),
    rate=st.integers(1, 10_000),
)
def test_bonus_of_many_purchases_is_the_floor_of_their_sum(paid: list[int], rate: int) -> None:
    total = granted = 0
    for price in paid:
        total += price
        due = bonus_due(Yen(total), rate, Yen(granted))
        assert due >= 0
        granted += due
    assert granted == sum(paid) * rate // 10_000
