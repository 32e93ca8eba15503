"""What a receipt printer puts on paper: a slip laid out in columns, not yet in bytes or dots.

A column is one half-width cell: 12 dots wide, 24 high at 1x1. Layout happens once, in columns;
each renderer then only draws or sends the cells. Padding is spaces, never tabs or alignment
commands, so that every printer sets every character where the layout put it.

This module and ``hardware.ports`` are the two that the device may import from ``hardware``.
"""

import enum
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

CELL_WIDTH: Final = 12
"""Dots of one column."""
CELL_HEIGHT: Final = 24
"""Dots of one line at single height."""
LINE_GAP: Final = 6
"""Dots of white below a line: the pitch is height + gap (30 or 54)."""
GROUP_GAP: Final = 16
"""Dots of white between two groups that belong to one block (the legs of a payment)."""


class Size(enum.Enum):
    """The three sizes a slip may use: width x height, in cells."""

    NORMAL = "1x1"
    TALL = "1x2"
    DOUBLE = "2x2"

    @property
    def across(self) -> int:
        """How many times as wide as normal."""
        return 2 if self is Size.DOUBLE else 1

    @property
    def down(self) -> int:
        """How many times as high as normal."""
        return 1 if self is Size.NORMAL else 2


@lru_cache(maxsize=8192)
def char_columns(char: str) -> int:
    """Columns of one character at 1x1: its bytes in CP932 (1 or 2; the yen sign 1).

    What CP932 lacks is counted by Unicode: combining marks and variation selectors 0, East Asian
    wide and full-width 2, all else 1.
    """
    if char == "¥":
        return 1
    try:
        return len(char.encode("cp932"))
    except UnicodeEncodeError:
        pass
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def columns_of(text: str) -> int:
    """Columns of a text at 1x1."""
    return sum(map(char_columns, text))


def clusters(text: str) -> Iterator[tuple[str, int]]:
    """The text cell by cell: each base character with the marks that stand on it, and its columns.

    A mark without a base (at the beginning) stands alone with 0 columns.
    """
    cell, width = "", 0
    for char in text:
        columns = char_columns(char)
        if columns == 0:
            cell += char
            continue
        if cell:
            yield cell, width
        cell, width = char, columns
    if cell:
        yield cell, width


def _refuse_controls(text: str) -> None:
    for char in text:
        if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp"):
            # A control character would be a command to the printer: fold people's text first.
            raise ValueError(f"control character U+{ord(char):04X} in slip text {text!r}")


@dataclass(frozen=True, slots=True)
class Run:
    """Characters of one look. Meaning never rests on the look alone: each mark is also a word.

    Raises ValueError for control characters.
    """

    text: str
    size: Size = Size.NORMAL
    bold: bool = False
    reversed: bool = False

    def __post_init__(self) -> None:
        _refuse_controls(self.text)

    @property
    def columns(self) -> int:
        """Columns on paper."""
        return columns_of(self.text) * self.size.across

    @property
    def mark(self) -> str:
        """The look as the grids write it: ``2x2BR``, ``B``, or nothing."""
        size = "" if self.size is Size.NORMAL else self.size.value
        return size + "B" * self.bold + "R" * self.reversed


@dataclass(frozen=True, slots=True)
class Line:
    """One line of runs standing on a common bottom edge, and the white below it in dots."""

    runs: tuple[Run, ...]
    gap: int = LINE_GAP

    @property
    def columns(self) -> int:
        """Columns used, from the left edge."""
        return sum(run.columns for run in self.runs)

    @property
    def height(self) -> int:
        """Dots of the highest run; a line without runs is as high as a normal one."""
        return CELL_HEIGHT * max((run.size.down for run in self.runs), default=1)

    @property
    def pitch(self) -> int:
        """Dots from this line's top to the next one's."""
        return self.height + self.gap


@dataclass(frozen=True, slots=True)
class Bitmap:
    """A picture in dots, row by row, 8 dots a byte, most significant bit leftmost, 1 = black."""

    width: int
    height: int
    rows: bytes

    def __post_init__(self) -> None:
        if len(self.rows) != (self.width + 7) // 8 * self.height:
            raise ValueError(f"{len(self.rows)} bytes are no {self.width}x{self.height} bitmap")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as wide as the paper: dots, or a line that is drawn even where a ROM has it."""

    content: Bitmap | Line
    caption: str

    @property
    def height(self) -> int:
        """Dots."""
        return self.content.pitch if isinstance(self.content, Line) else self.content.height


@dataclass(frozen=True, slots=True)
class Feed:
    """White paper, in dots (1 to 255)."""

    dots: int

    def __post_init__(self) -> None:
        if not 1 <= self.dots <= 255:
            raise ValueError(f"a feed of {self.dots} dots")


@dataclass(frozen=True, slots=True)
class Cut:
    """The end of a sheet: feed to the cutter and cut, or feed far enough to tear."""


Element = Line | Picture | Feed | Cut


@dataclass(frozen=True, slots=True)
class Slip:
    """One printed sheet for paper of so many columns.

    Raises ValueError when a line is wider than the paper: what overflows would wrap and push
    everything below out of place.
    """

    columns: int
    elements: tuple[Element, ...]

    def __post_init__(self) -> None:
        for element in self.elements:
            line = element.content if isinstance(element, Picture) else element
            if isinstance(line, Line) and line.columns > self.columns:
                text = "".join(run.text for run in line.runs)
                raise ValueError(f"{line.columns} columns on paper of {self.columns}: {text!r}")
