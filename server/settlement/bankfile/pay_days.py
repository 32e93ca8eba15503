"""The pay day of a file, which holds month and day only."""

from datetime import date
from functools import lru_cache
from typing import Final

from server.campaigns import is_bank_day
from server.refusal import Refusal
from server.settlement.bankfile import findings as say
from server.settlement.bankfile.fields import Reading
from server.settlement.bankfile.findings import Finding, FindingCode, Note

_LEAP_YEAR: Final = 2024
_YEARS: Final = range(2016, 2028)
"""Enough for every day of the year to have been every day of the week."""


class PayDayCheck:
    """With ``year`` the day must be a bank day in it. Without, it must be one in some year at all;
    for the year in which it lies nearest to ``today`` there is a note."""

    def __init__(self, today: date, year: int | None) -> None:
        self._today = today
        self._year = year

    def look(self, reading: Reading) -> tuple[Finding | None, Note | None]:
        """A fault, or a note, of a header."""
        text = reading.text("pay_date")
        if not (text.isascii() and text.isdigit() and _day(_LEAP_YEAR, text)):
            wrong = say.at_field(
                FindingCode.PAY_DAY,
                reading,
                "pay_date",
                "月日（MMDD）ではありません",
                "no month and day (MMDD)",
            )
            return wrong, None
        if not _ever_open(text):
            wrong = say.at_field(
                FindingCode.PAY_DAY,
                reading,
                "pay_date",
                "どの年でも銀行の休業日です",
                "no bank business day in any year",
            )
            return wrong, None
        if self._year is not None:
            return self._in_year(reading, text, self._year), None
        return None, self._nearest(text)

    def _in_year(self, reading: Reading, text: str, year: int) -> Finding | None:
        day = _day(year, text)
        opened = day is not None and _open(day)
        if opened:
            return None
        if opened is None:
            ja, en = f"{year}年の祝日がまだ分かりません", f"the holidays of {year} are not known"
        else:
            ja, en = f"{year}年では銀行の営業日ではありません", f"no bank business day in {year}"
        return say.at_field(FindingCode.PAY_DAY, reading, "pay_date", ja, en)

    def _nearest(self, text: str) -> Note | None:
        near = [day for add in (-1, 0, 1) if (day := _day(self._today.year + add, text))]
        if not near:
            return None
        day = min(near, key=lambda day: abs((day - self._today).days))
        if _open(day) is not False:
            return None
        return Note(
            f"振込指定日は、{day.year}年なら銀行の休業日です（ファイルに年はありません。"
            "--year で指定できます）。",
            f"pay_date: no bank business day if {day.year} is meant (a file holds no year; "
            "say --year).",
        )


@lru_cache(maxsize=400)
def _ever_open(text: str) -> bool:
    days = [day for year in _YEARS if (day := _day(year, text))]
    return any(_open(day) for day in days)


def _day(year: int, text: str) -> date | None:
    try:
        return date(year, int(text[:2]), int(text[2:]))
    except ValueError:
        return None


def _open(day: date) -> bool | None:
    """None past the horizon of the known holidays."""
    try:
        return is_bank_day(day)
    except Refusal:
        return None
