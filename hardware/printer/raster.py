"""The image renderer's drawing: a slip as dots, and dots as ``GS v 0`` bands."""

from collections.abc import Iterator
from typing import Final, assert_never

from PIL import Image, ImageChops

from hardware.paper import CELL_HEIGHT, CELL_WIDTH, Bitmap, Cut, Feed, Line, Picture, Slip
from hardware.printer.typeface import Typeface

BAND_ROWS: Final = 128
"""Rows of one ``GS v 0``: small printers buffer no more than this many full rows."""


def raster(slip: Slip, typeface: Typeface) -> Bitmap:
    """The slip's paper, dot for dot, from its first row to the white below its last line."""
    width = slip.columns * CELL_WIDTH
    height = sum(_height(element) for element in slip.elements)
    paper = Image.new("1", (width, height))
    y = 0
    for element in slip.elements:
        match element:
            case Line():
                _draw_line(paper, y, element, typeface)
            case Picture():
                if isinstance(element.content, Line):
                    _draw_line(paper, y, element.content, typeface)
                else:
                    paper.paste(image_of(element.content), (0, y))
            case Feed() | Cut():
                pass
            case _:
                assert_never(element)
        y += _height(element)
    return bitmap_of(paper)


def _height(element: Line | Picture | Feed | Cut) -> int:
    match element:
        case Line():
            return element.pitch
        case Picture():
            return element.height
        case Feed():
            return element.dots
        case Cut():
            return 0
        case _:
            assert_never(element)


def _draw_line(paper: Image.Image, top: int, line: Line, typeface: Typeface) -> None:
    x, bottom = 0, top + line.height
    for run in line.runs:
        end = typeface.draw(paper, x, bottom, run.text, run.size, bold=run.bold)
        if run.reversed:
            box = (x, bottom - run.size.down * CELL_HEIGHT, end, bottom)
            paper.paste(ImageChops.invert(paper.crop(box)), box)
        x = end


def bitmap_of(image: Image.Image) -> Bitmap:
    """A 1-bit picture (1 = ink) as packed rows."""
    return Bitmap(image.width, image.height, image.tobytes())


def image_of(bitmap: Bitmap) -> Image.Image:
    """Packed rows as a 1-bit picture (1 = ink)."""
    return Image.frombytes("1", (bitmap.width, bitmap.height), bitmap.rows)


def bands(bitmap: Bitmap, rows: int = BAND_ROWS) -> Iterator[bytes]:
    """``GS v 0`` commands that print the bitmap from the left edge, ``rows`` rows at a time."""
    stride = (bitmap.width + 7) // 8
    for top in range(0, bitmap.height, rows):
        count = min(rows, bitmap.height - top)
        head = b"\x1dv0\x00" + stride.to_bytes(2, "little") + count.to_bytes(2, "little")
        yield head + bitmap.rows[top * stride : (top + count) * stride]
