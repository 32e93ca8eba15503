"""Keys of a till: 7 8 9 on top, as the register beside it has them."""

from collections.abc import Sequence
from typing import Final

from device.core.intents import Backspace, Digit, Intent, Key
from device.ui.theme import EDGE, INK, RADIUS, SUNK, SURFACE, WHITE, Box
from device.ui.typesetter import Face
from device.ui.widgets import icons
from device.ui.widgets.painter import Painter

GAP: Final = 8.0
_TOP: Final[tuple[Key, ...]] = ("7", "8", "9", "4", "5", "6", "1", "2", "3")


def draw_keypad(p: Painter, box: Box, *, double_zero: bool, size: float = 46) -> None:
    """0 00 ⌫ in the last row for amounts; a wide 0 and ⌫ for codes."""
    width, height = (box.w - 2 * GAP) / 3, (box.h - 3 * GAP) / 4

    def cell(i: int, wide: int = 1) -> Box:
        return Box(
            box.x + (i % 3) * (width + GAP),
            box.y + (i // 3) * (height + GAP),
            wide * width + (wide - 1) * GAP,
            height,
        )

    for i, key in enumerate(_TOP):
        _key(p, cell(i), key, Digit(key), size)
    if double_zero:
        _key(p, cell(9), "0", Digit("0"), size)
        _key(p, cell(10), "00", Digit("00"), size)
    else:
        _key(p, cell(9, wide=2), "0", Digit("0"), size)
    _key(p, cell(11), "", Backspace(), size)


def _key(p: Painter, box: Box, label: str, intent: Intent, size: float) -> None:
    def face(painter: Painter, down: bool) -> None:
        ground = painter.palette.action if down else (SURFACE if label else SUNK)
        ink = WHITE if down else INK
        painter.rounded(box, ground, RADIUS, painter.palette.action if down else EDGE, 1.5)
        if label:
            painter.text(label, box.cx, box.cy + 1, size, ink, across="centre")
        else:
            icons.backspace(painter, box.cx, box.cy, 22, ink)

    face(p, False)
    p.target(box, intent, on_down=True, paint_down=lambda q: face(q, True))


def draw_code_boxes(
    p: Painter, box: Box, code: str, *, focused: bool, groups: Sequence[int] = (3, 3)
) -> None:
    """One box for each digit, in two threes; the next one has a caret."""
    count, gap, middle = sum(groups), 8.0, 20.0
    width = (box.w - gap * (count - len(groups)) - middle * (len(groups) - 1)) / count
    x = box.x
    i = 0
    for group in groups:
        for _ in range(group):
            here = focused and i == len(code)
            cell = Box(x, box.y, width, box.h)
            edge = p.palette.action if here else EDGE
            p.rounded(cell, SURFACE, 10, edge, 4 if here else 1.5)
            if i < len(code):
                p.digits(
                    code[i], cell.cx, cell.cy + 1, box.h * 0.7, across="centre", face=Face.MONO
                )
            elif here:
                caret = Box(cell.cx - 1.5, cell.y + box.h * 0.25, 3, box.h * 0.5)
                p.rect(caret, p.palette.action)
            x += width + gap
            i += 1
        x += middle - gap
