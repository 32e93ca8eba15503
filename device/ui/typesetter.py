"""Text as textures: clean it, choose a font for each character, draw it once and keep it.

BIZ UDPGothic draws nearly everything. A character it lacks comes from the fallback of rare kanji,
and what nobody has is set as 〓, the mark that Japanese printers have put in the place of missing
type for a century: it can't be taken for the character, and an empty box is never shown.
"""

import unicodedata
from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

FONTS: Final = Path(__file__).parent / "fonts"
GETA: Final = "〓"
CACHE_SIZE: Final = 768
"""Textures kept; a day's screens need some 400, and running numbers must not grow it."""


class Face(Enum):
    """The three faces of the design."""

    BOLD = "BIZUDPGothic-Bold.ttf"
    REGULAR = "BIZUDPGothic-Regular.ttf"
    MONO = "BIZUDGothic-Bold-digits.ttf"


RARE: Final = "RareKanji-Bold.otf"
_CHAIN: Final = {
    Face.BOLD: (Face.BOLD.value, RARE),
    Face.REGULAR: (Face.REGULAR.value, RARE),
    Face.MONO: (Face.MONO.value, Face.BOLD.value, RARE),
}


class Coverage:
    """Which font file can draw which character."""

    def __init__(self, files: dict[str, frozenset[int]]) -> None:
        self._files = files

    @classmethod
    def read(cls, folder: Path = FONTS) -> "Coverage":
        """From ``coverage.txt``: a line per file, ranges of code points in hexadecimal."""
        files = {}
        for line in (folder / "coverage.txt").read_text(encoding="ascii").splitlines():
            name, *spans = line.split(" ")
            codes: set[int] = set()
            for span in spans:
                first, _, last = span.partition("-")
                codes.update(range(int(first, 16), int(last or first, 16) + 1))
            files[name] = frozenset(codes)
        return cls(files)

    def runs(self, text: str, face: Face) -> list[tuple[str, str]]:
        """The text as (font file, piece), every piece drawable by its file."""
        out: list[tuple[str, str]] = []
        for char in clean(text):
            file, drawn = self._choose(char, face)
            if out and out[-1][0] == file:
                out[-1] = (file, out[-1][1] + drawn)
            else:
                out.append((file, drawn))
        return out

    def covers(self, char: str, face: Face) -> bool:
        """Whether some font of the chain has this character."""
        return any(ord(char) in self._files[file] for file in _CHAIN[face])

    def _choose(self, char: str, face: Face) -> tuple[str, str]:
        for file in _CHAIN[face]:
            if ord(char) in self._files[file]:
                return file, char
        return face.value, GETA


def clean(text: str) -> str:
    """Without what can't be drawn on its own: controls, variation selectors, loose marks.

    Marks are joined with their kana (か + ゙ becomes が). Compatibility ideographs stay as they
    are: whole-text normalisation would write a shop's name with another kanji than its owner does.
    """
    out: list[str] = []
    for char in text:
        code = ord(char)
        if 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF:
            continue
        if unicodedata.category(char) in ("Cc", "Cf", "Cs"):
            continue
        if unicodedata.combining(char) and out:
            joined = unicodedata.normalize("NFC", out[-1] + char)
            if len(joined) == 1:
                out[-1] = joined
            continue
        out.append(char)
    return "".join(out)


@dataclass(frozen=True, slots=True)
class Piece:
    """One run of a set text: its texture and where it stands, in pixels."""

    texture: Any
    x: int
    top: int
    """Pixels below the top of the whole text."""


@dataclass(frozen=True, slots=True)
class SetText:
    """A text in one face and size, ready to be drawn. Pixels."""

    pieces: tuple[Piece, ...]
    width: int
    height: int
    ascent: int
    """From the top to the baseline."""


class Typesetter:
    """Sets texts and keeps the last ``CACHE_SIZE`` of them. ``label`` is Kivy's core label."""

    def __init__(self, label: Any, coverage: Coverage) -> None:
        self._label = label
        self._coverage = coverage
        self._cache: OrderedDict[tuple[str, int, Face], SetText] = OrderedDict()

    def set(self, text: str, pixels: int, face: Face) -> SetText:
        """The text at a size in whole pixels."""
        key = (text, pixels, face)
        found = self._cache.get(key)
        if found is not None:
            self._cache.move_to_end(key)
            return found
        made = self._make(text, pixels, face)
        self._cache[key] = made
        if len(self._cache) > CACHE_SIZE:
            self._cache.popitem(last=False)
        return made

    def _make(self, text: str, pixels: int, face: Face) -> SetText:
        labels = []
        for file, piece in self._coverage.runs(text, face):
            label = self._label(text=piece, font_name=str(FONTS / file), font_size=pixels)
            label.refresh()
            labels.append(label)
        ascent = max((label.get_ascent() for label in labels), default=pixels)
        x = 0
        pieces = []
        bottom = 0
        for label in labels:
            top = ascent - label.get_ascent()
            pieces.append(Piece(label.texture, x, top))
            x += label.texture.width
            bottom = max(bottom, top + label.texture.height)
        return SetText(tuple(pieces), x, bottom, ascent)
