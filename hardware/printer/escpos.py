"""The kanji-ROM renderer: a slip as ESC/POS bytes whose characters the printer's font draws.

Every line carries its own pitch (``ESC 3``), every motion is in dots (``GS P``), looks are switched
where they change, and nothing depends on what an earlier job left behind (``ESC @`` first).
"""

from typing import Final, assert_never

from hardware.paper import Bitmap, Cut, Feed, Line, Picture, Run, Size, Slip
from hardware.printer.profiles import Cutter, KanjiSize, Profile, Repertoire
from hardware.printer.raster import bands, raster
from hardware.printer.typeface import Typeface

_GS_SIZE: Final = {Size.NORMAL: 0x00, Size.TALL: 0x01, Size.DOUBLE: 0x11}
_FS_SIZE: Final = {Size.NORMAL: 0x00, Size.TALL: 0x08, Size.DOUBLE: 0x0C}
_JIS_X_0208_LEADS: Final = (*range(0x81, 0x85), *range(0x88, 0xA0), *range(0xE0, 0xEB))


def encode(text: str) -> bytes:
    """CP932, with the yen sign where Japanese printers have it (0x5C).

    Raises UnicodeEncodeError for a character outside CP932.
    """
    return b"\x5c".join(part.encode("cp932") for part in text.split("¥"))


def in_repertoire(char: str, repertoire: Repertoire) -> bool:
    """Whether a printer whose font has this repertoire prints the character as itself.

    Not the backslash (prints ¥), the tilde (prints an overline), half-width kana (people's text
    is folded before) nor the user-defined area.
    """
    if char == "¥":
        return True
    try:
        code = char.encode("cp932")
    except UnicodeEncodeError:
        return False
    if len(code) == 1:
        return 0x20 <= code[0] < 0x7E and char != "\\"
    if 0xF0 <= code[0] <= 0xF9:
        return False
    if repertoire is Repertoire.JIS_X_0208:
        return code[0] in _JIS_X_0208_LEADS and _defined(code, "shift_jis")
    return True


def _defined(code: bytes, codec: str) -> bool:
    try:
        code.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def fits_repertoire(slip: Slip, repertoire: Repertoire) -> bool:
    """Whether every character that would be sent as text is in the printer's font."""
    return all(
        in_repertoire(char, repertoire)
        for element in slip.elements
        if isinstance(element, Line)
        for run in element.runs
        for char in run.text
    )


def preamble(profile: Profile) -> bytes:
    """Bring the printer into a known state: Japanese, one dot as the unit, no spacing, left."""
    return (
        b"\x1b@"  # ESC @   initialise
        b"\x1bR\x08"  # ESC R 8  Japan: 0x5C prints as the yen sign
        b"\x1cC\x01"  # FS C 1   kanji are Shift JIS
        b"\x1c&"  # FS &     kanji mode on
        b"\x1cS\x00\x00"  # FS S     no space around kanji
        b"\x1b \x00"  # ESC SP   nor beside other characters
        b"\x1ba\x00"  # ESC a 0  from the left edge
        b"\x1dP" + bytes((profile.dpi, profile.dpi))  # GS P     the unit is a dot
    )


def escpos(slip: Slip, profile: Profile, typeface: Typeface) -> bytes:
    """The job for a printer with kanji of its own.

    The caller has made sure that ``fits_repertoire``; pictures inside the slip are drawn.
    """
    out = bytearray(preamble(profile))
    pen = _Pen(profile.kanji_size)
    for element in slip.elements:
        match element:
            case Line():
                out += pen.line(element)
            case Picture():
                out += b"".join(bands(_dots(element, slip.columns, typeface)))
            case Feed():
                out += b"\x1bJ" + bytes((element.dots,))
            case Cut():
                out += cut(profile)
            case _:
                assert_never(element)
    return bytes(out)


def image(slip: Slip, profile: Profile, typeface: Typeface) -> bytes:
    """The job for any printer: the whole slip drawn, sheet by sheet."""
    out = bytearray(preamble(profile))
    sheet: list[Line | Picture | Feed] = []
    for element in slip.elements:
        if not isinstance(element, Cut):
            sheet.append(element)
            continue
        out += b"".join(bands(raster(Slip(slip.columns, tuple(sheet)), typeface)))
        out += cut(profile)
        sheet.clear()
    if sheet:
        out += b"".join(bands(raster(Slip(slip.columns, tuple(sheet)), typeface)))
    return bytes(out)


def cut(profile: Profile) -> bytes:
    """End the sheet: feed to the cutter and cut partially, or feed far enough to tear."""
    match profile.cutter:
        case Cutter.PARTIAL:
            return b"\x1dV\x42\x00"
        case Cutter.NONE:
            return b"\x1b3\x1e\x1bd" + bytes((profile.tear_lines,))
        case _:
            assert_never(profile.cutter)


def _dots(picture: Picture, columns: int, typeface: Typeface) -> Bitmap:
    if isinstance(picture.content, Bitmap):
        return picture.content
    return raster(Slip(columns, (picture,)), typeface)


class _Pen:
    """Remembers the printer's look and sends only what changes."""

    def __init__(self, kanji_size: KanjiSize) -> None:
        self._kanji_size = kanji_size
        self._size = Size.NORMAL
        self._bold = False
        self._reversed = False

    def line(self, line: Line) -> bytes:
        out = bytearray(b"\x1b3" + bytes((line.pitch,)))
        for run in line.runs:
            out += self._look(run) + encode(run.text)
        return bytes(out + b"\n")

    def _look(self, run: Run) -> bytes:
        out = bytearray()
        if run.size is not self._size:
            out += b"\x1d!" + bytes((_GS_SIZE[run.size],))
            if self._kanji_size is KanjiSize.GS_AND_FS:
                out += b"\x1c!" + bytes((_FS_SIZE[run.size],))
        if run.bold is not self._bold:
            out += b"\x1bE" + bytes((run.bold,))
        if run.reversed is not self._reversed:
            out += b"\x1dB" + bytes((run.reversed,))
        self._size, self._bold, self._reversed = run.size, run.bold, run.reversed
        return bytes(out)
