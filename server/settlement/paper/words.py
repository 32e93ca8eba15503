"""Amounts, days and ids as documents write them, in Japanese."""

import unicodedata
from datetime import date, timedelta
from typing import Final

from protos.units import Micros
from server.clock import WEEKDAYS_JA, tokyo_time

_MINUS: Final = "−"
_GROUP: Final = 5
_LONG_NAME: Final = 34
_LONGEST_NAME: Final = 70


def yen(amount: int) -> str:
    """``¥1,200``, ``−¥1,200``."""
    return f"{_MINUS if amount < 0 else ''}¥{abs(amount):,}"


def count(number: int) -> str:
    """``1,200``."""
    return f"{number:,}"


def day(value: date) -> str:
    """「2024年6月15日(土)」."""
    return f"{value.year}年{month_day(value)}({WEEKDAYS_JA[value.weekday()]})"


def month_day(value: date) -> str:
    """「6月15日」."""
    return f"{value.month}月{value.day}日"


def short_day(value: date) -> str:
    """「6/15(土)」."""
    return f"{value.month}/{value.day}({WEEKDAYS_JA[value.weekday()]})"


def until(last_day: date, first_day: date) -> str:
    """The end of a period as people say it: 「6月21日(金) 24:00」, the year where it is another."""
    year = f"{last_day.year}年" if last_day.year != first_day.year else ""
    return f"{year}{month_day(last_day)}({WEEKDAYS_JA[last_day.weekday()]}) 24:00"


def day_after(value: date) -> date:
    """The day whose 0:00 is ``value``'s 24:00."""
    return value + timedelta(days=1)


def stamp(instant: Micros) -> str:
    """``06/15 10:52:21``."""
    return f"{tokyo_time(instant):%m/%d %H:%M:%S}"


def passbook_day(value: date) -> str:
    """``24-07-02``, as passbooks print it."""
    return f"{value:%y-%m-%d}"


def grouped(identifier: str) -> str:
    """A 取引ID in groups of five, as on the slip."""
    return " ".join(identifier[i : i + _GROUP] for i in range(0, len(identifier), _GROUP))


def spaced_code(code: str) -> str:
    """``482 913``."""
    return f"{code[:3]} {code[3:]}" if code else ""


def contact(phone: str, hours: str, email: str) -> str:
    """「0120-000-000（9:00〜18:00） otoiawase@example.jp」, of what there is."""
    return f"{phone}{f'（{hours}）' if hours else ''} {email}".strip()


def name_size(name: str) -> str:
    """The class of an addressee: names past 17 kanji are set smaller, past 35 smaller still."""
    columns = width(name)
    return " longest" if columns > _LONGEST_NAME else " long" if columns > _LONG_NAME else ""


def amount_size(amount: int) -> str:
    """The class of the amount in the box: ten digits fit a little smaller, more smaller still."""
    return " longest" if amount >= 10**10 else " long" if amount >= 10**9 else ""


def width(text: str) -> int:
    """Columns in a fixed pitch: 2 for what is wide, 0 for what stands on the sign before."""
    return sum(_columns(sign) for sign in text)


def fitted(text: str, columns: int) -> str:
    """``text`` in exactly so many columns: blanks behind it, or cut with … where it is longer."""
    if width(text) > columns:
        kept, used = "", 0
        for sign in text:
            used += _columns(sign)
            if used > columns - 2:
                break
            kept += sign
        text = f"{kept}…"
    return text + " " * (columns - width(text))


def _columns(sign: str) -> int:
    if unicodedata.category(sign) in {"Mn", "Me", "Cf"}:
        return 0
    wide = unicodedata.east_asian_width(sign)
    if wide == "A":  # …①α: as wide as kanji where CP932 has them, as BIZ UDGothic draws them
        return len(sign.encode("cp932", "replace"))
    return 2 if wide in {"W", "F"} else 1
