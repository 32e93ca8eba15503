"""Tokens: colours, sizes and the grid. A screen names tokens, never colours.

Every pair of ``PAIRS`` is checked by a test against WCAG's contrast ratio: 7 for text, 3 for
the edge of a key. Colour is never the only signal; shapes, words and sounds come first.
"""

from dataclasses import dataclass
from typing import Final, NewType

Colour = NewType("Colour", str)
"""``#RRGGBB``."""

PAPER: Final = Colour("#FBF8F1")
SURFACE: Final = Colour("#FFFFFF")
SUNK: Final = Colour("#F0EBDF")
LINE: Final = Colour("#CDC5B4")
EDGE: Final = Colour("#7D766A")
INK: Final = Colour("#1B1A18")
INK2: Final = Colour("#4F4A43")
WHITE: Final = Colour("#FFFFFF")
BLACK: Final = Colour("#000000")

# Indigo: the shop's curtain, and every action.
AI: Final = Colour("#1C3A66")
AI_DEEP: Final = Colour("#0F2444")
AI_SOFT: Final = Colour("#E4EBF5")
AI_DOWN: Final = Colour("#C6D5EA")
# Pine green: the ledger has it. Full-bleed only on the paid screen.
MATSU: Final = Colour("#0B5738")
MATSU_DEEP: Final = Colour("#08452C")
MATSU_WAVE: Final = Colour("#1C6E4C")
MATSU_SOFT: Final = Colour("#DFF1E7")
# Amber: wait, look.
KOHAKU: Final = Colour("#FFD877")
KOHAKU_SOFT: Final = Colour("#FFF2D2")
KOHAKU_DOT: Final = Colour("#D9B45C")
KOHAKU_INK: Final = Colour("#5E3A00")
# Vermilion: not true, destructive, the seal.
SHU: Final = Colour("#A3190F")
SHU_DEEP: Final = Colour("#7C110A")
SHU_SOFT: Final = Colour("#FCE6E2")
# Wisteria: training, and nothing else.
FUJI: Final = Colour("#5A2A82")
FUJI_DEEP: Final = Colour("#45206A")
FUJI_WAVE: Final = Colour("#6B3B93")
FUJI_SOFT: Final = Colour("#EFE6F6")
FUJI_DOWN: Final = Colour("#DCCBEA")
# Grey: out of service.
NEZU: Final = Colour("#E3E0D9")

TEXT = 7.0
SHAPE = 3.0
PAIRS: Final[tuple[tuple[Colour, Colour, float], ...]] = (
    (INK, PAPER, TEXT),
    (INK, SURFACE, TEXT),
    (INK, KOHAKU, TEXT),
    (INK, KOHAKU_SOFT, TEXT),
    (INK, SHU_SOFT, TEXT),
    (INK, NEZU, TEXT),
    (INK, AI_SOFT, TEXT),
    (INK, MATSU_SOFT, TEXT),
    (INK2, PAPER, TEXT),
    (INK2, SURFACE, TEXT),
    (INK2, SUNK, TEXT),
    (INK2, AI_SOFT, TEXT),
    (INK2, KOHAKU_SOFT, TEXT),
    (AI, PAPER, TEXT),
    (AI, SURFACE, TEXT),
    (AI, AI_SOFT, TEXT),
    (AI, AI_DOWN, TEXT),
    (WHITE, AI, TEXT),
    (WHITE, AI_DEEP, TEXT),
    (WHITE, MATSU, TEXT),
    (WHITE, MATSU_DEEP, TEXT),
    (MATSU, SURFACE, TEXT),
    (MATSU, MATSU_SOFT, TEXT),
    (KOHAKU_INK, KOHAKU_SOFT, TEXT),
    (KOHAKU_INK, KOHAKU, TEXT),
    (WHITE, SHU, TEXT),
    (WHITE, SHU_DEEP, TEXT),
    (SHU, SURFACE, TEXT),
    (WHITE, FUJI, TEXT),
    (WHITE, FUJI_DEEP, TEXT),
    (FUJI, FUJI_SOFT, TEXT),
    (FUJI, SURFACE, TEXT),
    (SHU, SHU_SOFT, 4.5),
    (EDGE, SURFACE, SHAPE),
    (EDGE, PAPER, SHAPE),
    (KOHAKU, AI, SHAPE),
    (KOHAKU_DOT, KOHAKU_INK, SHAPE),
)

MARGIN: Final = 16.0
GUTTER: Final = 16.0
RADIUS: Final = 12.0
BAR: Final = 52.0
TOUCH: Final = 48.0
"""The least side of anything that can be tapped, in design units: 9.2 mm on the 7-inch screen."""

LEAST_JA: Final = 17.0
LEAST_EN: Final = 16.0


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours that change when the terminal is in training."""

    action: Colour
    action_deep: Colour
    action_soft: Colour
    action_down: Colour
    paid: Colour
    paid_deep: Colour
    paid_wave: Colour
    seal: Colour


REAL: Final = Palette(AI, AI_DEEP, AI_SOFT, AI_DOWN, MATSU, MATSU_DEEP, MATSU_WAVE, SHU)
TRAINING: Final = Palette(FUJI, FUJI_DEEP, FUJI_SOFT, FUJI_DOWN, FUJI, FUJI_DEEP, FUJI_WAVE, FUJI)


def rgb(colour: Colour) -> tuple[float, float, float]:
    """Red, green and blue from 0 to 1."""
    return (
        int(colour[1:3], 16) / 255,
        int(colour[3:5], 16) / 255,
        int(colour[5:7], 16) / 255,
    )


def contrast(one: Colour, other: Colour) -> float:
    """WCAG 2's contrast ratio, 1 to 21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in design units, y downwards from the top left."""

    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        """The x just right of it."""
        return self.x + self.w

    @property
    def bottom(self) -> float:
        """The y just below it."""
        return self.y + self.h

    @property
    def cx(self) -> float:
        """Middle."""
        return self.x + self.w / 2

    @property
    def cy(self) -> float:
        """Middle."""
        return self.y + self.h / 2

    def inset(self, by: float) -> "Box":
        """The same box, smaller on every side."""
        return Box(self.x + by, self.y + by, self.w - 2 * by, self.h - 2 * by)

    def columns(self, count: int, gap: float) -> tuple["Box", ...]:
        """``count`` equal boxes beside each other."""
        width = (self.w - gap * (count - 1)) / count
        return tuple(Box(self.x + i * (width + gap), self.y, width, self.h) for i in range(count))

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies in it (half-open)."""
        return self.x <= x < self.right and self.y <= y < self.bottom


@dataclass(frozen=True, slots=True)
class Geometry:
    """A window's size in pixels, and the design units it is drawn in.

    Landscape is 480 units high, portrait 480 wide; the other side follows.
    """

    width: int
    height: int

    @property
    def landscape(self) -> bool:
        """Wider than high."""
        return self.width > self.height

    @property
    def scale(self) -> float:
        """Pixels per design unit."""
        return min(self.width, self.height) / 480

    @property
    def w(self) -> float:
        """Width in design units."""
        return self.width / self.scale

    @property
    def h(self) -> float:
        """Height in design units."""
        return self.height / self.scale
