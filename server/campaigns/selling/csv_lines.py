"""Reading a CSV file of a stated form, strictly: each fault with its line and a stable code.

UTF-8 (a BOM is fine), RFC 4180 quoting, LF or CRLF, the header exactly as stated. Faults of one
line are collected; a fault after which the rest means nothing (encoding, header, quotes) ends it.
"""

import csv
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import BinaryIO, Final

from server.campaigns.selling.refusals import CampaignReason, refuse
from server.refusal import Refusal

MOST_LINES: Final = 500_000
_LONGEST_LINE: Final = 4096
_SHOWN: Final = 100

Source = Callable[[], BinaryIO]
"""Opens the file from its beginning; it is read more than once."""


class LineCode(StrEnum):
    """Stable codes of faults in a line."""

    ENCODING = "CHOBA_CSV_ENCODING"
    HEADER = "CHOBA_CSV_HEADER"
    QUOTES = "CHOBA_CSV_QUOTES"
    LONG_LINE = "CHOBA_CSV_LONG_LINE"
    MANY_LINES = "CHOBA_CSV_MANY_LINES"
    EMPTY = "CHOBA_CSV_EMPTY"
    COLUMNS = "CHOBA_CSV_COLUMNS"
    VALUE = "CHOBA_CSV_VALUE"
    DATE = "CHOBA_CSV_DATE"
    AMOUNT = "CHOBA_CSV_AMOUNT"
    TWICE = "CHOBA_CSV_TWICE"
    CONFLICT = "CHOBA_CSV_CONFLICT"
    UNKNOWN = "CHOBA_CSV_UNKNOWN"
    STATE = "CHOBA_CSV_STATE"


@dataclass(frozen=True, slots=True)
class LineError:
    """``line`` counts from 1, the header included; ``column`` is the header's name or empty."""

    line: int
    code: LineCode
    column: str
    ja: str
    en: str


@dataclass(slots=True)
class LineErrors:
    """The first hundred faults, and how many there are."""

    count: int = 0
    shown: list[LineError] = field(default_factory=list)

    def add(self, line: int, code: LineCode, column: str, ja: str, en: str) -> None:
        self.count += 1
        if len(self.shown) < _SHOWN:
            self.shown.append(LineError(line, code, column, ja, en))

    def refusal(self) -> "FileRefused":
        return FileRefused(self)

    def check(self) -> None:
        """Raises FileRefused when there is any."""
        if self.count:
            raise self.refusal()


class FileRefused(Refusal):
    """Not one line of the file was taken."""

    def __init__(self, errors: LineErrors) -> None:
        first = errors.shown[0]
        words = refuse(CampaignReason.FILE_INVALID)
        super().__init__(
            words.code,
            words.kind,
            ja=f"{words.ja}{first.line}行目: {first.ja}",
            en=f"{words.en} {errors.count} errors; line {first.line}: {first.code}: {first.en}",
            field="file",
            detail={"errors": str(errors.count), "line": str(first.line), "first": first.code},
        )
        self.errors = tuple(errors.shown)
        self.count = errors.count


class _Unreadable(Exception):  # noqa: N818 -- ends the reading, caught in this module
    """The rest of the file means nothing."""


def rows(
    source: Source, header: Sequence[str], errors: LineErrors
) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each line with the right number of cells; blank lines are left out.

    What is wrong goes into ``errors``; the caller asks ``errors.check()`` at the end.
    """
    with source() as file:
        numbered = _Lines(file, errors)
        reader = csv.reader(numbered, strict=True)
        try:
            first = next(reader, [])
            if first != list(header):
                wanted = ",".join(header)
                errors.add(
                    1,
                    LineCode.HEADER,
                    "",
                    f"見出しは {wanted} にしてください。",
                    f"the header must be {wanted}",
                )
                return
            found = 0
            for cells in reader:
                if not cells:
                    continue
                found += 1
                if found > MOST_LINES:
                    errors.add(
                        numbered.line,
                        LineCode.MANY_LINES,
                        "",
                        f"1つのファイルは{MOST_LINES:,}行までです。分けてください。",
                        f"at most {MOST_LINES} lines a file; split it",
                    )
                    return
                if len(cells) != len(header):
                    errors.add(
                        numbered.line,
                        LineCode.COLUMNS,
                        "",
                        f"列は{len(header)}つ必要です。",
                        f"{len(header)} columns are needed, here are {len(cells)}",
                    )
                    continue
                yield numbered.line, cells
            if not found:
                errors.add(1, LineCode.EMPTY, "", "データの行がありません。", "no line of data")
        except csv.Error:
            errors.add(
                numbered.line,
                LineCode.QUOTES,
                "",
                "引用符の使い方が正しくありません。",
                "quotes are not closed or stand inside a cell",
            )
        except _Unreadable:
            return


def sha256_of(source: Source) -> str:
    """Of the whole file, hexadecimal."""
    digest = hashlib.sha256()
    with source() as file:
        while block := file.read(1 << 16):
            digest.update(block)
    return digest.hexdigest()


class _Lines:
    """Decodes line by line, so that a wrong byte is told with its line."""

    def __init__(self, file: BinaryIO, errors: LineErrors) -> None:
        self._file = file
        self._errors = errors
        self.line = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        raw = self._file.readline(_LONGEST_LINE + 1)
        if not raw:
            raise StopIteration
        self.line += 1
        if self.line == 1:
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        if len(raw) > _LONGEST_LINE:
            self._end(
                LineCode.LONG_LINE,
                f"1行は{_LONGEST_LINE}バイトまでです。",
                f"at most {_LONGEST_LINE} bytes a line",
            )
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:
            self._end(
                LineCode.ENCODING,
                "文字コードを UTF-8 にして保存し直してください。",
                "not UTF-8; save it as CSV UTF-8",
            )
        return text

    def _end(self, code: LineCode, ja: str, en: str) -> None:
        self._errors.add(self.line, code, "", ja, en)
        raise _Unreadable
