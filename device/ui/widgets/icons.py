"""Icons, drawn: each has a shape of its own, so that colour is never alone.

BIZ UDGothic lacks ✔ ⚠ ⌫ and the like; ``r`` is about half an icon's size in design units.
"""

import math

from device.ui.theme import AI, KOHAKU_INK, MATSU, PAPER, SHU, WHITE, Box, Colour
from device.ui.typesetter import Face
from device.ui.views import Link, PartLight
from device.ui.widgets.painter import Painter


def check(
    p: Painter, cx: float, cy: float, r: float, colour: Colour, width: float | None = None
) -> None:
    """✓."""
    xy = [cx - 0.55 * r, cy + 0.05 * r, cx - 0.15 * r, cy + 0.45 * r, cx + 0.6 * r, cy - 0.45 * r]
    p.line(xy, colour, width or max(3, r * 0.26))


def ok_disc(
    p: Painter, cx: float, cy: float, r: float, ground: Colour = MATSU, ink: Colour = WHITE
) -> None:
    """A disc with a check."""
    p.circle(cx, cy, r, ground)
    check(p, cx, cy, r, ink, max(3, r * 0.21))


def cross(
    p: Painter, cx: float, cy: float, r: float, colour: Colour, width: float | None = None
) -> None:
    """×."""
    k, w = 0.5 * r, width or max(3, r * 0.26)
    p.line([cx - k, cy - k, cx + k, cy + k], colour, w)
    p.line([cx - k, cy + k, cx + k, cy - k], colour, w)


def octagon(p: Painter, cx: float, cy: float, r: float, ground: Colour = SHU) -> None:
    """The stop sign: eight sides and a cross."""
    xy: list[float] = []
    for i in range(8):
        angle = math.radians(22.5 + 45 * i)
        xy += [cx + r * math.cos(angle), cy + r * math.sin(angle)]
    p.polygon(xy, ground)
    cross(p, cx, cy, r * 0.9, WHITE)


def warn(
    p: Painter, cx: float, cy: float, r: float, ground: Colour = KOHAKU_INK, ink: Colour = WHITE
) -> None:
    """A triangle with an exclamation mark."""
    xy = [cx, cy - 0.8 * r, cx + 0.95 * r, cy + 0.75 * r, cx - 0.95 * r, cy + 0.75 * r]
    p.triangle(xy, ground)
    p.line(xy, ground, r * 0.3, close=True)
    p.line([cx, cy - 0.3 * r, cx, cy + 0.2 * r], ink, max(2, r * 0.19))
    p.circle(cx, cy + 0.53 * r, max(1.4, r * 0.12), ink)


def off(
    p: Painter, cx: float, cy: float, r: float, ground: Colour = SHU, ink: Colour = WHITE
) -> None:
    """A square with a cross."""
    p.rounded(Box(cx - r, cy - r, 2 * r, 2 * r), ground, r * 0.3)
    cross(p, cx, cy, r * 0.9, ink)


def unknown(p: Painter, cx: float, cy: float, r: float, colour: Colour) -> None:
    """An empty ring with a question mark: nobody has asked yet."""
    p.ring(cx, cy, r * 0.9, colour, max(2.4, r * 0.16))
    p.text("?", cx, cy + 1, r * 1.2, colour, across="centre")


def link(p: Painter, cx: float, cy: float, state: Link) -> None:
    """The bar's light: disc, triangle or square."""
    match state:
        case Link.ONLINE:
            ok_disc(p, cx, cy, 12)
        case Link.WEAK:
            warn(p, cx, cy, 12)
        case Link.OFFLINE:
            off(p, cx, cy, 10)


def part(p: Painter, cx: float, cy: float, state: PartLight, grey: Colour) -> None:
    """The light of a card."""
    match state:
        case PartLight.OK:
            ok_disc(p, cx, cy, 18)
        case PartLight.WARN:
            warn(p, cx, cy, 18)
        case PartLight.OFF:
            off(p, cx, cy, 16)
        case PartLight.UNKNOWN:
            unknown(p, cx, cy, 18, grey)


def bullets(p: Painter, cx: float, cy: float, r: float, colour: Colour) -> None:
    """A list."""
    for k in (-0.65, 0, 0.65):
        p.circle(cx - 0.85 * r, cy + k * r, max(1.8, r * 0.16), colour)
        p.line([cx - 0.35 * r, cy + k * r, cx + 0.95 * r, cy + k * r], colour, max(2.6, r * 0.22))


def menu(p: Painter, cx: float, cy: float, r: float, colour: Colour) -> None:
    """Three lines."""
    for k in (-0.65, 0, 0.65):
        p.line([cx - 0.9 * r, cy + k * r, cx + 0.9 * r, cy + k * r], colour, max(2.6, r * 0.22))


def keys(p: Painter, cx: float, cy: float, r: float, colour: Colour) -> None:
    """A keypad: nine dots."""
    for a in (-0.75, 0, 0.75):
        for b in (-0.75, 0, 0.75):
            p.circle(cx + a * r, cy + b * r, r * 0.24, colour)


def back(p: Painter, cx: float, cy: float, r: float, colour: Colour) -> None:
    """<."""
    xy = [cx + 0.35 * r, cy - 0.75 * r, cx - 0.4 * r, cy, cx + 0.35 * r, cy + 0.75 * r]
    p.line(xy, colour, max(3, r * 0.26))


def onward(p: Painter, cx: float, cy: float, r: float, colour: Colour) -> None:
    """>."""
    xy = [cx - 0.35 * r, cy - 0.75 * r, cx + 0.4 * r, cy, cx - 0.35 * r, cy + 0.75 * r]
    p.line(xy, colour, max(2.5, r * 0.26))


def up(p: Painter, cx: float, cy: float, r: float, colour: Colour) -> None:
    """▲, open."""
    xy = [cx - 0.75 * r, cy + 0.35 * r, cx, cy - 0.4 * r, cx + 0.75 * r, cy + 0.35 * r]
    p.line(xy, colour, max(3, r * 0.26))


def down(p: Painter, cx: float, cy: float, r: float, colour: Colour) -> None:
    """▼, open."""
    xy = [cx - 0.75 * r, cy - 0.35 * r, cx, cy + 0.4 * r, cx + 0.75 * r, cy - 0.35 * r]
    p.line(xy, colour, max(3, r * 0.26))


def info(
    p: Painter, cx: float, cy: float, r: float, colour: Colour = AI, ink: Colour = WHITE
) -> None:
    """A disc with an i."""
    p.circle(cx, cy, r, colour)
    p.circle(cx, cy - 0.45 * r, r * 0.15, ink)
    p.line([cx, cy - 0.05 * r, cx, cy + 0.5 * r], ink, max(2.5, r * 0.24))


def clock(p: Painter, cx: float, cy: float, r: float, colour: Colour) -> None:
    """A clock's face."""
    p.ring(cx, cy, r * 0.9, colour, max(2.4, r * 0.2))
    p.line([cx, cy - 0.5 * r, cx, cy, cx + 0.4 * r, cy + 0.2 * r], colour, max(2.4, r * 0.18))


def phone(
    p: Painter, cx: float, cy: float, r: float, colour: Colour, screen: Colour = PAPER
) -> None:
    """A phone."""
    p.rounded(Box(cx - 0.58 * r, cy - r, 1.16 * r, 2 * r), colour, r * 0.22)
    p.rounded(Box(cx - 0.44 * r, cy - 0.74 * r, 0.88 * r, 1.36 * r), screen, r * 0.06)
    p.circle(cx, cy + 0.81 * r, r * 0.1, screen)


def backspace(p: Painter, cx: float, cy: float, r: float, colour: Colour) -> None:
    """⌫."""
    w, k = max(2.6, r * 0.13), 0.26 * r
    outline = [cx - r, cy, cx - 0.4 * r, cy - 0.7 * r, cx + r, cy - 0.7 * r]
    outline += [cx + r, cy + 0.7 * r, cx - 0.4 * r, cy + 0.7 * r]
    p.line(outline, colour, w, close=True)
    p.line([cx + 0.25 * r - k, cy - k, cx + 0.25 * r + k, cy + k], colour, w)
    p.line([cx + 0.25 * r - k, cy + k, cx + 0.25 * r + k, cy - k], colour, w)


def printer(p: Painter, cx: float, cy: float, r: float, colour: Colour) -> None:
    """A receipt printer with its paper out."""
    w = max(2.6, r * 0.17)
    body = Box(cx - r, cy - 0.15 * r, 2 * r, r)
    p.rounded(body, colour, r * 0.2)
    p.line([cx - 0.55 * r, cy - 0.15 * r, cx - 0.55 * r, cy - r], colour, w)
    p.line([cx - 0.55 * r, cy - r, cx + 0.55 * r, cy - r], colour, w)
    p.line([cx + 0.55 * r, cy - r, cx + 0.55 * r, cy - 0.15 * r], colour, w)
    p.line([cx - 0.2 * r, cy - 0.62 * r, cx + 0.2 * r, cy - 0.62 * r], colour, w)


def network(p: Painter, cx: float, cy: float, r: float, colour: Colour) -> None:
    """Four rising bars."""
    for i in range(4):
        height = r * (0.5 + 0.45 * i)
        p.rounded(
            Box(cx - r + i * 0.55 * r, cy + 0.9 * r - height, 0.38 * r, height), colour, r * 0.1
        )


def tick_box(p: Painter, cx: float, cy: float, r: float, colour: Colour) -> None:
    """A six-digit code with a check: three dots and ✓."""
    p.ring(cx, cy, r * 0.95, colour, max(2.6, r * 0.17))
    check(p, cx, cy, r * 0.85, colour, max(3, r * 0.2))


def letters(p: Painter, cx: float, cy: float, r: float, colour: Colour) -> None:
    """あA: the language switch."""
    p.text("あ", cx - 0.5 * r, cy - 0.15 * r, r * 1.15, colour, across="centre")
    p.text("A", cx + 0.6 * r, cy + 0.3 * r, r * 1.05, colour, Face.REGULAR, across="centre")


def pause(p: Painter, cx: float, cy: float, r: float, ground: Colour, ink: Colour) -> None:
    """The sign of 休止中."""
    p.circle(cx, cy, r, ground)
    p.rounded(Box(cx - 0.36 * r, cy - 0.42 * r, 0.24 * r, 0.84 * r), ink, 3)
    p.rounded(Box(cx + 0.12 * r, cy - 0.42 * r, 0.24 * r, 0.84 * r), ink, 3)


def seal(p: Painter, cx: float, cy: float, size: float, kanji: str, colour: Colour) -> None:
    """照合印: one kanji in a vermilion seal; the customer's phone shows the same one."""
    box = Box(cx - size / 2, cy - size / 2, size, size)
    p.rounded(box, colour, size * 0.16)
    p.rounded(box.inset(size * 0.055), WHITE, size * 0.12)
    p.rounded(box.inset(size * 0.085), colour, size * 0.1)
    p.text(kanji, cx, cy, size * 0.64, WHITE, across="centre")
