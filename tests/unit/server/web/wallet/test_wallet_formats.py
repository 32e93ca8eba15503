from datetime import date, datetime

import pytest

from server.clock import TOKYO, micros_of
from server.web.wallet import formats
from server.web.wallet.words import Lang

TODAY = date(2024, 6, 5)


@pytest.mark.parametrize(
    ("amount", "read"),
    [
        (1, "一"),
        (10, "十"),
        (11, "十一"),
        (100, "百"),
        (1000, "千"),
        (1200, "千二百"),
        (10_000, "一万"),
        (10_001, "一万一"),
        (111_111, "十一万千百十一"),
        (1_000_000, "百万"),
        (9_999_999, "九百九十九万九千九百九十九"),
    ],
)
def test_amounts_are_read_as_people_say_them(amount: int, read: str) -> None:
    assert formats.reading(amount) == read


def test_midnight_is_twenty_four_oclock_of_the_day_before() -> None:
    close = micros_of(datetime(2024, 6, 8, tzinfo=TOKYO))
    assert formats.end(close, Lang.JA, TODAY) == "6/7(金) 24:00"
    assert formats.end(close, Lang.EN, TODAY) == "Fri 6/7 24:00"


def test_a_period_begins_when_it_begins() -> None:
    opening = micros_of(datetime(2024, 6, 3, 10, 0, tzinfo=TOKYO))
    assert formats.start(opening, Lang.JA, TODAY) == "6/3(月) 10:00"


def test_the_year_stands_where_a_day_could_be_taken_for_another() -> None:
    assert formats.day(date(2024, 8, 31), Lang.JA, TODAY) == "8/31(土)"
    assert formats.day(date(2025, 1, 31), Lang.JA, TODAY) == "1/31(金)"
    assert formats.day(date(2025, 6, 30), Lang.JA, TODAY) == "2025/6/30(月)"
    assert formats.day(date(2023, 6, 5), Lang.EN, TODAY) == "Mon 2023/6/5"


def test_ids_and_codes_are_grouped_as_on_the_slip() -> None:
    assert formats.id_groups("GdAvWBDSitwfoZ7zG7Mc") == ("GdAvW", "BDSit", "wfoZ7", "zG7Mc")
    assert formats.spaced_code("482913") == "482 913"
