"""What a printer does with commands: a model that puts them on paper, as text and as dots.

It shares with the renderers the typeface and nothing else, so that reading a job back and finding
the drawing again proves the job. It refuses what a real printer would answer with a surprise
(wrapping lines, kanji without kanji mode, motion before the unit is set).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageChops

from hardware.paper import (
    CELL_HEIGHT,
    CELL_WIDTH,
    Bitmap,
    Cut,
    Element,
    Feed,
    Line,
    Picture,
    Run,
    Size,
    Slip,
)
from hardware.printer.grid import grid_of
from hardware.printer.lexer import Lexer, Refused, Token
from hardware.printer.profiles import Cutter, KanjiSize, Profile
from hardware.printer.raster import bitmap_of
from hardware.printer.typeface import Typeface

_GS_SIZES: Final[Mapping[int, Size]] = {0x00: Size.NORMAL, 0x01: Size.TALL, 0x11: Size.DOUBLE}
_FS_SIZES: Final[Mapping[int, Size]] = {0x00: Size.NORMAL, 0x08: Size.TALL, 0x0C: Size.DOUBLE}


class ModelError(Exception):
    """Bytes that this printer doesn't know or can't carry out; ``offset`` is the first one's."""

    def __init__(self, offset: int, reason: str, raw: bytes) -> None:
        super().__init__(f"at byte {offset}: {reason} ({raw[:16].hex(' ')})")
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Sheet:
    """One piece of paper, cut off: what was sent for it, what it says, what it looks like."""

    data: bytes
    slip: Slip
    picture: Bitmap

    @property
    def text(self) -> str:
        """The sheet as a grid (``hardware.printer.grid``)."""
        return grid_of(self.slip)


@dataclass(slots=True)
class _Mode:
    """What ``ESC @`` resets."""

    japan: bool = False
    kanji: bool = False
    shift_jis: bool = False
    size: Size = Size.NORMAL
    kanji_size: Size = Size.NORMAL
    bold: bool = False
    reversed: bool = False
    dot_unit: bool = False
    spacing: int | None = None


class PrinterModel:
    """One printer of a profile with endless paper; carries out one token at a time."""

    def __init__(self, profile: Profile, typeface: Typeface) -> None:
        self._profile = profile
        self._typeface = typeface
        self._mode = _Mode()
        self._runs: list[Run] = []
        self._elements: list[Element] = []
        self._strips: list[Image.Image] = []
        self._data = bytearray()
        self.sheets: list[Sheet] = []

    def power_cycle(self) -> None:
        """Forget everything but the paper."""
        self._mode = _Mode()
        self._runs.clear()

    def clear_line(self) -> None:
        """Forget the characters that are not printed yet (``DLE DC4`` function 8)."""
        self._runs.clear()

    @property
    def hanging(self) -> Sheet | None:
        """The paper that is printed but not cut."""
        return self._sheet(cut=False) if self._strips else None

    def execute(self, token: Token) -> bytes:
        """Carry out one command or character; returns what the printer sends back.

        Raises ModelError.
        """
        self._data += token.raw
        match token.name:
            case "text":
                self._character(token)
            case "LF":
                self._print_line(token, self._spacing(token))
            case "ESC J":
                self._feed_dots(token)
            case "ESC d":
                self._feed_lines(token)
            case "GS v 0":
                self._print_raster(token)
            case "GS V":
                self._cut(token)
            case "GS ( H":
                return b"\x37\x22" + token.data[4:8] + b"\x00"
            case "GS r":
                return b"\x00"
            case "ESC SP" | "ESC a" | "FS S":
                pass  # the lexer takes only the value that is the default
            case _:
                self._set(token)
        return b""

    def _set(self, token: Token) -> None:
        mode, value = self._mode, token.data[0] if token.data else 0
        match token.name:
            case "ESC @":
                self._mode = _Mode()
                self._runs.clear()
            case "ESC R":
                mode.japan = True
            case "FS &":
                mode.kanji = True
            case "FS C":
                mode.shift_jis = True
            case "GS !":
                mode.size = _GS_SIZES[value]
            case "FS !":
                mode.kanji_size = _FS_SIZES[value]
            case "ESC E":
                mode.bold = bool(value)
            case "GS B":
                mode.reversed = bool(value)
            case "GS P":
                dpi = self._profile.dpi
                if tuple(token.data) != (dpi, dpi):
                    raise _error(token, f"GS P on a printer of {dpi} dots an inch")
                mode.dot_unit = True
            case "ESC 3":
                self._spacing_needs_unit(token)
                mode.spacing = value
            case _:
                raise _error(token, f"{token.name} is not carried out by this model")

    def _character(self, token: Token) -> None:
        mode, raw = self._mode, token.data
        wide = len(raw) == 2
        if wide and not (mode.kanji and mode.shift_jis):
            raise _error(token, "kanji before FS & and FS C 1")
        if not mode.japan:
            raise _error(token, "text before ESC R 8")
        if raw == b"\x7e":
            raise _error(token, "the tilde prints as an overline")
        size = mode.size
        if wide and self._profile.kanji_size is KanjiSize.GS_AND_FS:
            size = mode.kanji_size
        text = "¥" if raw == b"\x5c" else raw.decode("cp932")
        self._runs.append(Run(text, size, mode.bold, mode.reversed))
        if sum(run.columns for run in self._runs) * CELL_WIDTH > self._profile.dots:
            raise _error(token, "the line is wider than the paper and would wrap")

    def _spacing_needs_unit(self, token: Token) -> None:
        if not self._mode.dot_unit:
            raise _error(token, f"{token.name} before GS P")

    def _spacing(self, token: Token) -> int:
        if self._mode.spacing is None:
            raise _error(token, f"{token.name} before ESC 3")
        return self._mode.spacing

    def _print_line(self, token: Token, pitch: int) -> None:
        height = CELL_HEIGHT * max((run.size.down for run in self._runs), default=1)
        if pitch < height:
            raise _error(token, f"a line {height} dots high on a pitch of {pitch}")
        strip = Image.new("1", (self._profile.dots, pitch))
        x = 0
        for run in self._runs:
            x = self._print_run(strip, x, height, run)
        self._elements.append(Line(tuple(_merged(self._runs)), pitch - height))
        self._strips.append(strip)
        self._runs.clear()

    def _print_run(self, strip: Image.Image, x: int, bottom: int, run: Run) -> int:
        columns = run.columns // run.size.across
        cell = self._typeface.cell(run.text, columns, run.size, bold=run.bold)
        strip.paste(ImageChops.invert(cell) if run.reversed else cell, (x, bottom - cell.height))
        return x + cell.width

    def _feed_dots(self, token: Token) -> None:
        self._spacing_needs_unit(token)
        self._needs_empty_line(token)
        self._elements.append(Feed(token.data[0]))
        self._strips.append(Image.new("1", (self._profile.dots, token.data[0])))

    def _feed_lines(self, token: Token) -> None:
        self._needs_empty_line(token)
        self._spacing(token)
        if self._profile.cutter is not Cutter.NONE:
            raise _error(token, "feeding to tear on a printer that cuts")
        self._end_sheet()

    def _cut(self, token: Token) -> None:
        self._needs_empty_line(token)
        if self._profile.cutter is Cutter.NONE:
            raise _error(token, "this printer has no cutter")
        self._end_sheet()

    def _needs_empty_line(self, token: Token) -> None:
        if self._runs:
            raise _error(token, f"{token.name} in the middle of a line")

    def _print_raster(self, token: Token) -> None:
        self._needs_empty_line(token)
        stride = int.from_bytes(token.data[1:3], "little")
        rows = int.from_bytes(token.data[3:5], "little")
        if stride * 8 - 7 > self._profile.dots:
            raise _error(token, f"{stride * 8} dots on paper of {self._profile.dots}")
        strip = Image.new("1", (self._profile.dots, rows))
        strip.paste(Image.frombytes("1", (stride * 8, rows), token.data[5:]), (0, 0))
        self._strips.append(strip)
        dots = bitmap_of(strip.crop((0, 0, self._profile.columns * CELL_WIDTH, rows))).rows
        if self._elements and isinstance(self._elements[-1], Picture):
            band = self._elements.pop()
            assert isinstance(band, Picture)
            assert isinstance(band.content, Bitmap)
            rows, dots = rows + band.height, band.content.rows + dots
        width = self._profile.columns * CELL_WIDTH
        self._elements.append(Picture(Bitmap(width, rows, dots), ""))

    def _end_sheet(self) -> None:
        self.sheets.append(self._sheet(cut=True))
        self._elements.clear()
        self._strips.clear()
        self._data.clear()

    def _sheet(self, *, cut: bool) -> Sheet:
        height = sum(strip.height for strip in self._strips)
        paper = Image.new("1", (self._profile.dots, height))
        y = 0
        for strip in self._strips:
            paper.paste(strip, (0, y))
            y += strip.height
        elements = [*self._elements, Cut()] if cut else self._elements
        slip = Slip(self._profile.columns, tuple(elements))
        return Sheet(bytes(self._data), slip, bitmap_of(paper))


def _merged(runs: list[Run]) -> list[Run]:
    merged: list[Run] = []
    for run in runs:
        if merged and merged[-1].mark == run.mark:
            run = Run(merged.pop().text + run.text, run.size, run.bold, run.reversed)  # noqa: PLW2901
        merged.append(run)
    return merged


def _error(token: Token, reason: str) -> ModelError:
    return ModelError(token.offset, reason, token.raw)


def read_back(data: bytes, profile: Profile, typeface: Typeface) -> list[Sheet]:
    """The sheets that these bytes print.

    Raises ModelError for what the printer doesn't know, and for a job that ends inside a command or
    leaves paper uncut.
    """
    lexer, model = Lexer(), PrinterModel(profile, typeface)
    for token in lexer.feed(data):
        if isinstance(token, Refused):
            raise ModelError(token.offset, token.reason, token.raw)
        model.execute(token)
    if lexer.unfinished:
        raise ModelError(len(data), "the job ends inside a command", lexer.unfinished)
    if model.hanging is not None:
        raise ModelError(len(data), "the job leaves its paper uncut", data[-16:])
    return model.sheets
