"""The QR: whole screen pixels a module, nearest neighbour, four modules of quiet zone."""

from typing import Any

import qrcode
from kivy.graphics import Color, Rectangle
from kivy.graphics.texture import Texture

from device.ui.theme import SURFACE, WHITE, Box
from device.ui.typesetter import Face
from device.ui.widgets.painter import Painter

VERSION = 4
QUIET = 4
LEAST_MODULE = 4
"""Pixels: below this, phones at arm's length stop reading."""


class QrTooLargeError(ValueError):
    """The text needs so many modules that each would be under 4 pixels.

    ``code`` is ``CHOBA_UI_QR_TOO_LARGE``.
    """

    code = "CHOBA_UI_QR_TOO_LARGE"

    def __init__(self, length: int, module: int) -> None:
        super().__init__(
            f"{self.code}: a QR of {length} characters leaves {module} px a module, "
            f"{LEAST_MODULE} are needed; shorten the address or use a larger screen"
        )


def matrix(text: str) -> list[list[bool]]:
    """The symbol with its quiet zone: version 4-M, larger only if the text doesn't fit."""
    symbol = qrcode.QRCode(
        version=VERSION,
        error_correction=qrcode.constants.ERROR_CORRECT_M,
        border=QUIET,
        box_size=1,
    )
    symbol.add_data(text, optimize=0)
    symbol.make(fit=True)
    rows: list[list[bool]] = symbol.get_matrix()
    return rows


def draw_qr(p: Painter, text: str, cx: float, cy: float, room: float) -> int:
    """Draw it centred in a square of ``room`` design units. Returns the module in pixels.

    Raises QrTooLargeError.
    """
    rows = matrix(text)
    scale = p.geometry.scale
    module = int(room * scale // len(rows))
    if module < LEAST_MODULE:
        raise QrTooLargeError(len(text), module)
    side = module * len(rows)
    left = round(cx * scale - side / 2)
    bottom = round(p.geometry.height - cy * scale - side / 2)
    p.group.add(Color(1, 1, 1, 1))
    p.group.add(Rectangle(texture=_texture(rows), pos=(left, bottom), size=(side, side)))
    return module


def _texture(rows: list[list[bool]]) -> Any:
    side = len(rows)
    pixels = b"".join(
        b"\x00\x00\x00" if dark else b"\xff\xff\xff" for row in reversed(rows) for dark in row
    )
    texture = Texture.create(size=(side, side), colorfmt="rgb")
    texture.mag_filter = texture.min_filter = "nearest"
    texture.blit_buffer(pixels, colorfmt="rgb", bufferfmt="ubyte")
    return texture


def draw_panel(p: Painter, box: Box, text: str) -> None:
    """The white card with the QR; ring and seconds come on top of it."""
    p.rounded(box, SURFACE, 18)
    draw_qr(p, text, box.cx, box.y + 8 + (box.w - 24) / 2, box.w - 24)


def draw_seconds(p: Painter, box: Box, seconds: int) -> None:
    """The tab with the seconds until the next QR; low enough to leave the quiet zone white."""
    p.rounded(Box(box.cx - 44, box.bottom - 22, 88, 22), p.palette.action, 11)
    text = f"{seconds}秒" if p.language.value == "ja" else f"{seconds} s"
    p.text(text, box.cx, box.bottom - 10, 18, WHITE, Face.MONO, "centre")
