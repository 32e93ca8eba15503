"""Amounts, days and instants as people read them, in both languages."""

from datetime import date

from protos.units import Micros, Yen
from server.clock import WEEKDAYS_JA, tokyo_time
from server.web.wallet.words import Lang

_DAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DIGITS = "〇一二三四五六七八九"
_ID_GROUP = 5
_NEAR_DAYS = 300


def yen(amount: Yen | int) -> str:
    """``¥1,200``."""
    return f"¥{amount:,}"


def reading(amount: Yen | int) -> str:
    """千二百: the amount as it is read aloud, to notice a zero too many. 0 to 9,999,999."""
    if amount == 0:
        return "零"
    high, low = divmod(int(amount), 10_000)
    head = f"{_under_ten_thousand(high)}万" if high else ""
    return head + (_under_ten_thousand(low) if low else "")


def _under_ten_thousand(number: int) -> str:
    text = ""
    for unit, word in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, unit)
        if digit:
            text += ("" if digit == 1 and word else _DIGITS[digit]) + word
    return text


def day(value: date, lang: Lang, today: date) -> str:
    """「8/31(土)」, ``Sat 8/31``; with the year when day and month alone could be taken wrongly."""
    near = -_NEAR_DAYS < (value - today).days < _NEAR_DAYS
    year = "" if near else f"{value.year}/"
    if lang is Lang.JA:
        return f"{year}{value.month}/{value.day}({WEEKDAYS_JA[value.weekday()]})"
    return f"{_DAYS_EN[value.weekday()]} {year}{value.month}/{value.day}"


def long_day(value: date, lang: Lang) -> str:
    """「6月5日(水)」, ``Wed 6/5``: headings of a list by day."""
    if lang is Lang.JA:
        return f"{value.month}月{value.day}日({WEEKDAYS_JA[value.weekday()]})"
    return f"{_DAYS_EN[value.weekday()]} {value.month}/{value.day}"


def end(instant: Micros, lang: Lang, today: date) -> str:
    """The end of a half-open period as people say it: midnight is 24:00 of the day before."""
    moment = tokyo_time(instant)
    if (moment.hour, moment.minute) == (0, 0):
        return f"{day(tokyo_time(Micros(instant - 1)).date(), lang, today)} 24:00"
    return f"{day(moment.date(), lang, today)} {moment:%H:%M}"


def start(instant: Micros, lang: Lang, today: date) -> str:
    """「6/3(月) 10:00」."""
    moment = tokyo_time(instant)
    return f"{day(moment.date(), lang, today)} {moment.hour}:{moment:%M}"


def stamp(instant: Micros) -> str:
    """``2024/06/05 14:32:08``: with seconds, where a dispute needs them."""
    return f"{tokyo_time(instant):%Y/%m/%d %H:%M:%S}"


def clock(instant: Micros) -> str:
    """``14:32:08``."""
    return f"{tokyo_time(instant):%H:%M:%S}"


def minutes(instant: Micros) -> str:
    """``14:32``."""
    return f"{tokyo_time(instant):%H:%M}"


def id_groups(identifier: str) -> tuple[str, ...]:
    """A 取引ID in groups of five, as on the slip; margins set them apart, no spaces."""
    return tuple(identifier[i : i + _ID_GROUP] for i in range(0, len(identifier), _ID_GROUP))


def spaced_code(code: str) -> str:
    """``482 913``."""
    return f"{code[:3]} {code[3:]}"
