"""Buttons: one primary on a screen, the others quieter; each has a down state of its own."""

from collections.abc import Callable
from enum import Enum

from device.core.intents import Intent
from device.core.language import Bilingual
from device.ui.theme import (
    EDGE,
    INK2,
    MATSU,
    MATSU_SOFT,
    RADIUS,
    SHU,
    SHU_DEEP,
    SUNK,
    SURFACE,
    WHITE,
    Box,
    Colour,
    Palette,
)
from device.ui.typesetter import Face
from device.ui.widgets.painter import Painter

Icon = Callable[[Painter, float, float, float, Colour], None]


class Style(Enum):
    """What a button is for."""

    PRIMARY = "primary"
    SECOND = "second"
    DANGER = "danger"
    OFF = "off"
    """It can't be tapped now; it stays readable."""
    ON_DARK = "on_dark"
    """The primary button of the paid screen in portrait."""


def _colours(style: Style, palette: Palette, *, down: bool) -> tuple[Colour, Colour, Colour | None]:
    """Ground, ink and edge."""
    match style:
        case Style.PRIMARY:
            return (palette.action_deep if down else palette.action), WHITE, None
        case Style.SECOND:
            ground = palette.action_down if down else SURFACE
            return ground, palette.action, palette.action
        case Style.DANGER:
            return (SHU_DEEP, WHITE, SHU_DEEP) if down else (SURFACE, SHU, SHU)
        case Style.OFF:
            return SUNK, INK2, EDGE
        case Style.ON_DARK:
            return (MATSU_SOFT if down else WHITE), MATSU, None


def button(
    p: Painter,
    box: Box,
    words: Bilingual,
    intent: Intent,
    style: Style = Style.SECOND,
    size: float = 24,
    icon: Icon | None = None,
    stacked: bool | None = None,
    small: float = 16,
) -> None:
    """Draw a button and make it tappable (unless it is OFF)."""

    def face(painter: Painter, down: bool) -> None:
        _draw(painter, box, words, style, size, icon, stacked, small, down=down)

    face(p, False)
    if style is not Style.OFF:
        p.target(box, intent, paint_down=lambda painter: face(painter, True))


def _draw(
    p: Painter,
    box: Box,
    words: Bilingual,
    style: Style,
    size: float,
    icon: Icon | None,
    stacked: bool | None,
    small: float,
    *,
    down: bool,
) -> None:
    ground, ink, edge = _colours(style, p.palette, down=down)
    p.rounded(box, ground, RADIUS, edge, 1.5 if style is Style.OFF else 2)
    box = Box(box.x, box.y + (1 if down else 0), box.w, box.h)
    large, little = p.order(words)
    if stacked is None:
        stacked = box.h >= 60
    if little and stacked:
        _two_lines(p, box, large, little, size, p.small(small), icon, ink)
    else:
        _one_line(p, box, large, little, size, p.small(small), icon, ink)


def _two_lines(
    p: Painter,
    box: Box,
    large: str,
    little: str,
    size: float,
    small: float,
    icon: Icon | None,
    ink: Colour,
) -> None:
    room = box.w - 16
    icon_width = size * 1.2 if icon else 0
    large, size = p.fit(large, size, room - icon_width, Face.BOLD)
    left = box.cx - (p.width(large, size) + icon_width) / 2
    if icon:
        icon(p, left + size * 0.45, box.cy - small / 2 - 3, size * 0.46, ink)
    p.text(large, left + icon_width, box.cy - (small + 4) / 2, size, ink)
    p.text(
        little, box.cx, box.cy + size / 2 + 3, small, ink, Face.REGULAR, "centre", room=box.w - 12
    )


def _one_line(
    p: Painter,
    box: Box,
    large: str,
    little: str,
    size: float,
    small: float,
    icon: Icon | None,
    ink: Colour,
) -> None:
    icon_width = size * 1.2 if icon else 0
    room = box.w - 20 - icon_width
    second = 8 + p.width(little, small, Face.REGULAR) if little else 0
    if little and p.width(large, size) * 0.8 + second > room:
        little, second = "", 0
    large, size = p.fit(large, size, room - second, Face.BOLD)
    width = p.width(large, size)
    left = box.cx - (width + second + icon_width) / 2
    baseline = box.cy + size * 0.37
    if icon:
        icon(p, left + size * 0.45, box.cy, size * 0.46, ink)
    p.text(large, left + icon_width, baseline, size, ink, up="baseline")
    if little:
        x = left + icon_width + width + 8
        p.text(little, x, baseline, small, ink, Face.REGULAR, up="baseline")
