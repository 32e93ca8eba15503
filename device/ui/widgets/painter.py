"""The brush: design units with y downwards, drawn as Kivy instructions on whole pixels.

A painter fills one instruction group. It also keeps marks of what it drew (texts, touch targets,
QR modules) so that tests can look for clipped, overlapping or undersized things without guessing
from pixels.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from kivy.graphics import (
    Color,
    InstructionGroup,
    Mesh,
    Rectangle,
    SmoothEllipse,
    SmoothLine,
    SmoothRoundedRectangle,
    Triangle,
)

from device.core.intents import Intent
from device.core.language import Bilingual, Language
from device.ui.theme import (
    INK,
    INK2,
    LEAST_EN,
    LEAST_JA,
    Box,
    Colour,
    Geometry,
    Palette,
    rgb,
)
from device.ui.typesetter import Face, SetText, Typesetter

Across = Literal["left", "centre", "right"]
Up = Literal["middle", "baseline"]

_CELLS = {",": 0.33, ".": 0.33, ":": 0.36, " ": 0.5, "¥": 0.80, "-": 0.45}
_SHRINK_BEFORE_DROPPING = 0.8


@dataclass(frozen=True, slots=True)
class TextMark:
    """A text as it was drawn, in design units."""

    text: str
    size: float
    box: Box
    face: Face
    cut: bool
    """It did not fit and ends in …."""


@dataclass(frozen=True, slots=True)
class Target:
    """Something that can be tapped."""

    box: Box
    intent: Intent
    on_down: bool
    """Emits when the finger lands (keys), not when it leaves (buttons)."""
    paint_down: "Callable[[Painter], None] | None"
    """Draws its down state over it."""


@dataclass(slots=True)
class Marks:
    """What a painter drew."""

    texts: list[TextMark] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Studio:
    """What all painters of one window share."""

    geometry: Geometry
    typesetter: Typesetter


class Painter:
    """Draws into ``group``."""

    def __init__(
        self,
        studio: Studio,
        group: InstructionGroup,
        language: Language,
        palette: Palette,
        marks: Marks | None = None,
    ) -> None:
        self.geometry = studio.geometry
        self.group = group
        self.language = language
        self.palette = palette
        self.marks = marks if marks is not None else Marks()
        self._set = studio.typesetter.set
        self._s = studio.geometry.scale
        self._h = studio.geometry.height

    # --- where -------------------------------------------------------------------------------

    def pixels(self, box: Box) -> tuple[tuple[int, int], tuple[int, int]]:
        """Kivy's position and size of a box, each edge on a whole pixel."""
        x0, x1 = round(box.x * self._s), round(box.right * self._s)
        y0, y1 = round(box.y * self._s), round(box.bottom * self._s)
        return (x0, self._h - y1), (x1 - x0, y1 - y0)

    def points(self, xy: Sequence[float]) -> list[float]:
        """Design points x0, y0, x1, y1, … in Kivy's pixels."""
        return [
            value * self._s if i % 2 == 0 else self._h - value * self._s
            for i, value in enumerate(xy)
        ]

    def target(
        self,
        box: Box,
        intent: Intent,
        *,
        on_down: bool = False,
        paint_down: "Callable[[Painter], None] | None" = None,
    ) -> None:
        """Make a box tappable."""
        self.marks.targets.append(Target(box, intent, on_down, paint_down))

    # --- shapes ------------------------------------------------------------------------------

    def colour(self, colour: Colour, alpha: float = 1) -> None:
        """The colour of what follows."""
        self.group.add(Color(*rgb(colour), alpha))

    def rect(self, box: Box, colour: Colour, alpha: float = 1) -> Any:
        """A filled rectangle; the instruction, for those that move it."""
        self.colour(colour, alpha)
        position, size = self.pixels(box)
        made = Rectangle(pos=position, size=size)
        self.group.add(made)
        return made

    def rounded(
        self,
        box: Box,
        colour: Colour,
        radius: float = 10,
        edge: Colour | None = None,
        edge_width: float = 2,
        alpha: float = 1,
    ) -> Any:
        """A filled rounded rectangle, with an edge inside its outline if asked for."""
        if edge is not None:
            self._rounded(box, edge, radius, 1)
            box, radius = box.inset(edge_width), max(1.0, radius - edge_width)
        return self._rounded(box, colour, radius, alpha)

    def _rounded(self, box: Box, colour: Colour, radius: float, alpha: float) -> Any:
        self.colour(colour, alpha)
        position, size = self.pixels(box)
        made = SmoothRoundedRectangle(pos=position, size=size, radius=[max(1, radius * self._s)])
        self.group.add(made)
        return made

    def line(
        self, xy: Sequence[float], colour: Colour, width: float = 2, *, close: bool = False
    ) -> Any:
        """A line with round joints and ends."""
        self.colour(colour)
        made = SmoothLine(
            points=self.points(xy),
            width=width * self._s / 2,
            close=close,
            cap="round",
            joint="round",
        )
        self.group.add(made)
        return made

    def circle(self, cx: float, cy: float, radius: float, colour: Colour) -> Any:
        """A disc. Returns its colour instruction, for dots that change it."""
        ink = Color(*rgb(colour), 1)
        self.group.add(ink)
        position, size = self.pixels(Box(cx - radius, cy - radius, 2 * radius, 2 * radius))
        self.group.add(SmoothEllipse(pos=position, size=size, segments=72))
        return ink

    def ring(self, cx: float, cy: float, radius: float, colour: Colour, width: float) -> None:
        """A circle's outline."""
        xy: list[float] = []
        for i in range(60):
            angle = math.radians(6 * i)
            xy += [cx + radius * math.sin(angle), cy - radius * math.cos(angle)]
        self.line(xy, colour, width, close=True)

    def triangle(self, xy: Sequence[float], colour: Colour) -> None:
        """A filled triangle."""
        self.colour(colour)
        self.group.add(Triangle(points=self.points(xy)))

    def polygon(self, xy: Sequence[float], colour: Colour) -> None:
        """A filled convex polygon with a smooth outline."""
        self.colour(colour)
        flat = self.points(xy)
        vertices: list[float] = []
        for i in range(0, len(flat), 2):
            vertices += [flat[i], flat[i + 1], 0, 0]
        self.group.add(
            Mesh(vertices=vertices, indices=list(range(len(flat) // 2)), mode="triangle_fan")
        )
        self.line(xy, colour, 2, close=True)

    # --- text --------------------------------------------------------------------------------

    def width(self, text: str, size: float, face: Face = Face.BOLD) -> float:
        """How wide a text would be."""
        return self._set(text, round(size * self._s), face).width / self._s

    def fit(
        self, text: str, size: float, room: float | None, face: Face, least: float | None = None
    ) -> tuple[str, float]:
        """The text and the size at which it has room: smaller first, then shortened with …."""
        if room is None or self.width(text, size, face) <= room:
            return text, size
        floor = min(size, least if least is not None else _least(text))
        size = max(floor, size * room / self.width(text, size, face))
        while size > floor and self.width(text, size, face) > room:
            size = max(floor, size - 0.5)
        if self.width(text, size, face) <= room:
            return text, size
        while len(text) > 1 and self.width(text + "…", size, face) > room:
            text = text[:-1]
        return text + "…", size

    def text(
        self,
        text: str,
        x: float,
        y: float,
        size: float,
        colour: Colour = INK,
        face: Face = Face.BOLD,
        across: Across = "left",
        up: Up = "middle",
        room: float | None = None,
        least: float | None = None,
    ) -> float:
        """One line; ``y`` is its middle or its baseline. Returns its width."""
        drawn, size = self.fit(text, size, room, face, least)
        if not drawn:
            return 0
        made = self._set(drawn, round(size * self._s), face)
        shift = {"left": 0.0, "centre": made.width / 2, "right": float(made.width)}[across]
        left = round(x * self._s - shift)
        top = round(y * self._s - (made.ascent if up == "baseline" else made.height / 2))
        self._place(made, left, top, colour)
        self._mark(drawn, size, left, top, made, face, cut=drawn != text)
        return made.width / self._s

    def _place(self, made: SetText, left: int, top: int, colour: Colour) -> None:
        self.colour(colour)
        for piece in made.pieces:
            width, height = piece.texture.size
            position = (left + piece.x, self._h - top - piece.top - height)
            self.group.add(Rectangle(texture=piece.texture, pos=position, size=(width, height)))

    def _mark(
        self, text: str, size: float, left: int, top: int, made: SetText, face: Face, *, cut: bool
    ) -> None:
        # The letters' own height, not the line's: lines may stand close without touching.
        baseline = (top + made.ascent) / self._s
        box = Box(left / self._s, baseline - 0.8 * size, made.width / self._s, 0.88 * size)
        self.marks.texts.append(TextMark(text, size, box, face, cut))

    def order(self, words: Bilingual) -> tuple[str, str]:
        """(large, small) for the language that is on; where there is no English, Japanese."""
        if self.language is Language.EN and words.en:
            return words.en, words.ja if words.ja != words.en else ""
        return words.ja, words.en if words.ja != words.en else ""

    def main(self, words: Bilingual) -> str:
        """The one text where there is room for one language only."""
        return self.order(words)[0]

    def whole(self, words: Bilingual, size: float, room: float) -> str:
        """The large language if all of it has room, else Japanese: half an amount misleads."""
        text = self.main(words)
        return text if self.fit(text, size, room, Face.BOLD)[0] == text else words.ja

    def small(self, size: float) -> float:
        """A small text's size: never under the least of the language it will be in."""
        return max(size, LEAST_JA) if self.language is Language.EN else max(size, LEAST_EN)

    def duo(
        self,
        words: Bilingual,
        x: float,
        baseline: float,
        size: float,
        colour: Colour = INK,
        second: Colour | None = None,
        small: float | None = None,
        gap: float = 8,
        across: Across = "left",
        face: Face = Face.BOLD,
        room: float | None = None,
    ) -> float:
        """Both languages on one baseline; the small one gives way where there is no room."""
        large, little = self.order(words)
        small = self.small(small if small is not None else max(16, round(size * 0.55)))
        if room is not None and little and self._too_wide(large, little, size, small, gap, room):
            little = ""
        large, size = self.fit(large, size, self._rest(little, small, gap, room), face)
        width = self.width(large, size, face)
        total = width + (gap + self.width(little, small, Face.REGULAR) if little else 0)
        left = x - {"left": 0.0, "centre": total / 2, "right": total}[across]
        self.text(large, left, baseline, size, colour, face, up="baseline")
        if little:
            self.text(
                little,
                left + width + gap,
                baseline,
                small,
                second if second is not None else colour,
                Face.REGULAR,
                up="baseline",
            )
        return total

    def _too_wide(
        self, large: str, little: str, size: float, small: float, gap: float, room: float
    ) -> bool:
        rest = room - gap - self.width(little, small, Face.REGULAR)
        return self.width(large, size) * _SHRINK_BEFORE_DROPPING > rest

    def _rest(self, little: str, small: float, gap: float, room: float | None) -> float | None:
        if room is None or not little:
            return room
        return room - gap - self.width(little, small, Face.REGULAR)

    def stack(
        self,
        words: Bilingual,
        x: float,
        y: float,
        size: float,
        below: float,
        small: float = 16,
        colour: Colour = INK,
        second: Colour = INK2,
        across: Across = "left",
        room: float | None = None,
    ) -> None:
        """The large language with its middle at ``y``, the small one ``below`` under it."""
        large, little = self.order(words)
        self.text(large, x, y, size, colour, across=across, room=room)
        if little:
            small = self.small(small)
            self.text(little, x, y + below, small, second, Face.REGULAR, across=across, room=room)

    def lines(
        self,
        texts: Iterable[str],
        x: float,
        y: float,
        size: float,
        colour: Colour = INK,
        face: Face = Face.BOLD,
        leading: float = 1.4,
        across: Across = "left",
        room: float | None = None,
    ) -> float:
        """Lines under each other; returns the y of the line after them."""
        for text in texts:
            self.text(text, x, y, size, colour, face, across, room=room)
            y += size * leading
        return y

    def broken(self, text: str, size: float, room: float, face: Face = Face.BOLD) -> list[str]:
        """A text broken into lines: at phrase marks, else nearly anywhere, English at spaces."""
        lines: list[str] = []
        for paragraph in text.split("\n"):
            line = ""
            for word in _words(paragraph):
                if line and self.width(line + word.rstrip(), size, face) > room:
                    lines.append(line.rstrip())
                    line = ""
                line += word
            lines.append(line.rstrip())
        return lines

    # --- numbers -----------------------------------------------------------------------------

    def digits(
        self,
        text: str,
        x: float,
        cy: float,
        size: float,
        colour: Colour = INK,
        across: Across = "left",
        face: Face = Face.BOLD,
        cell: float = 0.76,
    ) -> float:
        """Digits in equal cells, so that a running number never dances. Returns the width."""
        total = cells(text, cell) * size
        left = x - {"left": 0.0, "centre": total / 2, "right": total}[across]
        for char in text:
            width = _CELLS.get(char, cell) * size
            if char != " ":
                self.text(char, left + width / 2, cy, size, colour, face, "centre")
            left += width
        return total

    def amount(
        self,
        amount: int,
        x: float,
        cy: float,
        room: float,
        largest: float,
        colour: Colour = INK,
        across: Across = "centre",
    ) -> float:
        """An amount of yen, as large as fits. Returns the size."""
        text = f"¥{amount:,}"
        size = min(largest, room / cells(text, 0.76))
        self.digits(text, x, cy, size, colour, across)
        return size


def cells(text: str, cell: float) -> float:
    """The width of ``digits`` in em."""
    return sum(_CELLS.get(char, cell) for char in text)


def _least(text: str) -> float:
    return LEAST_EN if text.isascii() else LEAST_JA


def _words(paragraph: str) -> list[str]:
    """Where a line may be broken: after each piece."""
    if "\u200b" in paragraph:
        return paragraph.split("\u200b")
    pieces: list[str] = []
    for char in paragraph:
        latin = bool(pieces) and char.isascii() and not pieces[-1].endswith(" ")
        joins = latin and pieces[-1][-1:].isascii()
        if (
            pieces
            and (joins or char in "、。」』）)・ー！？％ぁぃぅぇぉっゃゅょァィゥェォッャュョ…")
        ) or (pieces and pieces[-1][-1:] in "「『（(¥"):
            pieces[-1] += char
        else:
            pieces.append(char)
    return pieces
