"""Days and times as slips write them: decided in Asia/Tokyo, always with the weekday."""

import datetime as dt
from typing import Final
from zoneinfo import ZoneInfo

from protos.units import Micros

TOKYO: Final = ZoneInfo("Asia/Tokyo")
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_WEEKDAYS: Final = "月火水木金土日"


def in_tokyo(instant: Micros) -> dt.datetime:
    """The instant on Tokyo's clock."""
    return (_EPOCH + dt.timedelta(microseconds=instant)).astimezone(TOKYO)


def weekday(day: dt.date) -> str:
    """The weekday in brackets: ``(水)``."""
    return f"({_WEEKDAYS[day.weekday()]})"


def long_day(day: dt.date) -> str:
    """``2024年6月5日(水)``."""
    return f"{day.year}年{day.month}月{day.day}日{weekday(day)}"


def full_day(day: dt.date) -> str:
    """``2024/06/05(水)``."""
    return f"{day:%Y/%m/%d}{weekday(day)}"


def clock(time: dt.datetime) -> str:
    """``14:32:08``."""
    return f"{time:%H:%M:%S}"


def hour_minute(time: dt.datetime) -> str:
    """``14:32``."""
    return f"{time:%H:%M}"


def short_day(day: dt.date, year: int) -> str:
    """``6/7(金)`` within the slip's year, ``翌年1/7(火)`` in the next, else with the year."""
    text = f"{day.month}/{day.day}{weekday(day)}"
    if day.year == year:
        return text
    return f"翌年{text}" if day.year == year + 1 else f"{day.year}/{text}"


def last_day(end: Micros) -> dt.date:
    """The last day before a half-open end: 00:00 of Saturday is still Friday's."""
    return (in_tokyo(end) - dt.timedelta(microseconds=1)).date()


def until(end: Micros, year: int) -> str:
    """The end as a deadline: ``6/7(金) 24:00まで``; 00:00 is 24:00 of the day before."""
    return f"{short_day(last_day(end), year)} {_closing_time(end)}まで"


def expiry(end: Micros, year: int) -> str:
    """The end of a balance: ``8/31まで``, in another year ``2025/3/31まで``.

    The time is said only where it isn't the end of the day.
    """
    day, time = last_day(end), _closing_time(end)
    text = f"{day.month}/{day.day}"
    if day.year != year:
        text = f"{day.year}/{text}"
    return f"{text}まで" if time == "24:00" else f"{text} {time}まで"


def _closing_time(end: Micros) -> str:
    time = in_tokyo(end)
    return "24:00" if time.time() == dt.time() else hour_minute(time)
