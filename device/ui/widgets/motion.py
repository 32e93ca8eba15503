"""The parts that move: waves, dots, the draining ring and bar. Proof that the screen is alive.

A moving part changes one property of instructions that are already there (a texture's
coordinates, a line's points, a colour); nothing is redrawn in Python.
"""

import math
from collections.abc import Sequence
from typing import Any, Protocol

from kivy.graphics import Color, Rectangle
from kivy.graphics.texture import Texture
from PIL import Image, ImageDraw

from device.ui.theme import Box, Colour, rgb
from device.ui.views import Countdown
from device.ui.widgets.painter import Painter

WAVE_SPEED = 24.0
"""Design units a second."""
SLOW = 4.0
"""Steps a second of what drains. The counter stands by all day: each frame costs power, and
where no graphics chip helps, a core's tenth."""


class Moving(Protocol):
    """Something that moves with time."""

    rate: float
    """How often a second it wants to move."""

    def move(self, now: float) -> None:
        """Put it where it is at ``now`` (seconds of the window's clock)."""


class Running:
    """A countdown on the window's clock."""

    def __init__(self, countdown: Countdown, now: float) -> None:
        self._ends = now + countdown.remaining_ms / 1000
        self._total = max(1, countdown.total_ms) / 1000

    def share(self, now: float) -> float:
        """What is left, from 1 to 0."""
        return min(1.0, max(0.0, (self._ends - now) / self._total))


def seconds_left(countdown: Countdown) -> int:
    """Whole seconds, rounded up: 0 only when it is over."""
    return max(0, -(-countdown.remaining_ms // 1000))


class Waves:
    """Seigaiha, drifting: one repeating tile whose coordinates move."""

    rate = 24.0

    def __init__(self, p: Painter, box: Box, crest: Colour, ground: Colour, radius: float = 26):
        scale = p.geometry.scale
        self._tile = (round(2 * radius * scale), round(radius * scale))
        texture = _seigaiha(*self._tile, crest, ground)
        position, size = p.pixels(box)
        self._u, self._v = size[0] / self._tile[0], size[1] / self._tile[1]
        self._speed = WAVE_SPEED * scale / self._tile[0]
        p.group.add(Color(1, 1, 1, 1))
        self._rectangle = Rectangle(texture=texture, pos=position, size=size)
        p.group.add(self._rectangle)

    def move(self, now: float) -> None:
        """Drift to the left at 24 units a second."""
        o, u, v = (now * self._speed) % 1, self._u, self._v
        self._rectangle.tex_coords = (o, 0, o + u, 0, o + u, v, o, v)


def _seigaiha(width: int, height: int, crest: Colour, ground: Colour) -> Any:
    fine = 4
    image = Image.new("RGB", (width * fine, height * fine), ground)
    draw = ImageDraw.Draw(image)
    radius = width * fine / 2
    for row in range(-1, 5):
        for column in range(-1, 3):
            cx = (column * 2 + row % 2) * radius
            cy = row * height * fine / 2 + radius
            for share, colour in (
                *((1, crest), (0.93, ground), (0.68, crest)),
                *((0.61, ground), (0.36, crest), (0.29, ground)),
            ):
                r = radius * share
                draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=colour)
    image = image.resize((width, height), Image.Resampling.LANCZOS)
    image = image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    return picture_texture(image, repeat=True)


def picture_texture(image: Image.Image, *, repeat: bool = False) -> Any:
    """A Pillow picture (already bottom up) as a texture."""
    texture = Texture.create(size=image.size, colorfmt="rgb")
    texture.blit_buffer(image.tobytes(), colorfmt="rgb", bufferfmt="ubyte")
    if repeat:
        texture.wrap = "repeat"
    return texture


class Dots:
    """Twelve dots; the dark one goes round in 1.2 s."""

    rate = 10.0
    _SIZES = (1.25, 1.1, 1.0, 0.9)

    def __init__(
        self, p: Painter, cx: float, cy: float, r: float, dark: Colour, soft: Colour, dot: float
    ) -> None:
        self._dark, self._soft = (*rgb(dark), 1.0), (*rgb(soft), 1.0)
        self._inks = []
        for i in range(12):
            angle = math.radians(30 * i)
            x, y = cx + r * math.sin(angle), cy - r * math.cos(angle)
            self._inks.append(p.circle(x, y, dot, soft))

    def move(self, now: float) -> None:
        """One dot further each tenth of a second."""
        head = int(now * self.rate) % 12
        for i, ink in enumerate(self._inks):
            behind = (head - i) % 12
            share = 1 - behind / 4 if behind < 4 else 0.0
            ink.rgba = tuple(
                d * share + s * (1 - share) for d, s in zip(self._dark, self._soft, strict=True)
            )


class Ring:
    """A rounded rectangle's outline that drains clockwise from the top centre."""

    rate = SLOW

    def __init__(
        self, p: Painter, box: Box, radius: float, colour: Colour, track: Colour, width: float
    ) -> None:
        self._outline = _outline(box, radius)
        self._lengths = [0.0]
        for a, b in zip(self._outline, self._outline[1:], strict=False):
            self._lengths.append(self._lengths[-1] + math.dist(a, b))
        self._points = p.points
        self._running: Running | None = None
        p.line([v for xy in self._outline for v in xy], track, width)
        self._line = p.line([v for xy in self._outline for v in xy], colour, width)

    def run(self, countdown: Countdown, now: float) -> None:
        """Drain from what is left now."""
        self._running = Running(countdown, now)
        self.move(now)

    def move(self, now: float) -> None:
        """Cut the line to the share that is left."""
        if self._running is not None:
            self._line.points = self._points(self._cut(1 - self._running.share(now)))

    def _cut(self, start: float) -> list[float]:
        """The outline from a share of its length on."""
        whole = self._lengths[-1]
        begin = min(start, 0.999) * whole
        out: list[float] = []
        for i, (a, b) in enumerate(zip(self._outline, self._outline[1:], strict=False)):
            l0, l1 = self._lengths[i], self._lengths[i + 1]
            if l1 <= begin or l1 == l0:
                continue
            if not out:
                k = max(0.0, (begin - l0) / (l1 - l0))
                out += [a[0] + (b[0] - a[0]) * k, a[1] + (b[1] - a[1]) * k]
            out += b
        return out


def _outline(box: Box, radius: float) -> Sequence[tuple[float, float]]:
    points = [(box.cx, box.y)]
    corners = (
        (box.right - radius, box.y + radius, 0),
        (box.right - radius, box.bottom - radius, 90),
        (box.x + radius, box.bottom - radius, 180),
        (box.x + radius, box.y + radius, 270),
    )
    for cx, cy, start in corners:
        for i in range(9):
            angle = math.radians(start + 90 * i / 8)
            points.append((cx + radius * math.sin(angle), cy - radius * math.cos(angle)))
    points.append((box.cx, box.y))
    return points


class Drain:
    """A bar that runs out to the left."""

    rate = SLOW

    def __init__(self, p: Painter, box: Box, colour: Colour, track_alpha: float = 0.35) -> None:
        p.rounded(box, colour, box.h / 2, alpha=track_alpha)
        self._bar = p.rounded(box, colour, box.h / 2)
        self._full = self._bar.size
        self._running: Running | None = None

    def run(self, countdown: Countdown, now: float) -> None:
        """Drain from what is left now."""
        self._running = Running(countdown, now)
        self.move(now)

    def move(self, now: float) -> None:
        """Shorten it to the share that is left."""
        if self._running is not None:
            share = self._running.share(now)
            least = self._full[1] if share > 0 else 0
            self._bar.size = (max(least, self._full[0] * share), self._full[1])
