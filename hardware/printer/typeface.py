"""The printer's own face: BIZ UDGothic as 1-bit cells of 12x24 dots and their multiples.

The outline's hinting places stems on dots, so that small text stays crisp on a thermal head, and
dots are never grey. Kanji that BIZ UDGothic lacks come from a bold cut of Noto Sans CJK JP, shipped
as well, so that a slip looks the same from every machine. What neither has is drawn as the geta
mark, printing's own sign for a missing type.
"""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont, features

from hardware.paper import CELL_HEIGHT, CELL_WIDTH, Size, clusters

_FONTS: Final = Path(__file__).parent / "fonts"
_RARE: Final = _FONTS / "RareKanji-Bold.otf"
_BASELINE: Final = 21
"""Dots from the top of a cell at single height to the baseline."""
_TALL_THRESHOLD: Final = 111
"""Grey (of 255) from which a dot of a glyph squeezed to half its width is black: halves of thin
vertical stems stay."""
_INK: Final = 255
"""A black dot, in 1-bit pictures too, where Pillow would keep a 1 and invert it to 254."""
_RULE: Final = "─"
_RULE_ROWS: Final = (11, 13)
"""A rule is two dots thick and joins its neighbours: drawn, since a font's own may stop short."""
_MISSING: Final = "〓"
_NOBODYS: Final = "\U0010ffff"


_WEIGHTS: Final[Mapping[bool, Path]] = {
    False: _FONTS / "BIZUDGothic-Regular.ttf",
    True: _FONTS / "BIZUDGothic-Bold.ttf",
}


class _Face:
    """One weight at one em, with its fallback; knows which characters it has."""

    def __init__(self, own: Path, em: int) -> None:
        self._em = em
        self._own = ImageFont.truetype(own, em, layout_engine=ImageFont.Layout.BASIC)

    @cached_property
    def _rare(self) -> ImageFont.FreeTypeFont:
        return ImageFont.truetype(_RARE, self._em, layout_engine=ImageFont.Layout.BASIC)

    def font_with(self, char: str) -> ImageFont.FreeTypeFont | None:
        """The first font that has the character, or None."""
        if _has(self._own, char):
            return self._own
        return self._rare if _has(self._rare, char) else None

    def font_for(self, cluster: str) -> tuple[ImageFont.FreeTypeFont, str] | None:
        """A font for a character with marks, and the cluster without the marks that it lacks.

        Marks and variation selectors (葛󠄀 is not 葛) need shaping, which plain text doesn't.
        """
        font = self.font_with(cluster[0])
        if font is None:
            return None
        if len(cluster) == 1:
            return font, cluster
        kept = "".join(mark for mark in cluster[1:] if _is_selector(mark) or _has(font, mark))
        if not features.check_feature("raqm"):
            return font, cluster[0]
        shaping = ImageFont.truetype(font.path, self._em, layout_engine=ImageFont.Layout.RAQM)
        return shaping, cluster[0] + kept


def _is_selector(char: str) -> bool:
    return "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"


def _has(font: ImageFont.FreeTypeFont, char: str) -> bool:
    return _shape(font, char) != _shape(font, _NOBODYS)


def _shape(font: ImageFont.FreeTypeFont, char: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(char, mode="1")
    return mask.size, bytes(mask)


class Typeface:
    """Draws cells and remembers them. Not for several threads at once: give each its own."""

    def __init__(self) -> None:
        self._faces: dict[tuple[bool, int], _Face] = {}
        self._cells: dict[tuple[str, int, Size, bool], Image.Image] = {}

    def has(self, char: str) -> bool:
        """Whether the character can be drawn as itself."""
        return self._face(False, CELL_HEIGHT).font_with(char) is not None

    def cell(self, cluster: str, columns: int, size: Size, *, bold: bool) -> Image.Image:
        """One character with its marks as a 1-bit picture (1 = ink), ``columns`` cells wide."""
        key = (cluster, columns, size, bold)
        found = self._cells.get(key)
        if found is None:
            if len(self._cells) > 4096:
                self._cells.clear()
            found = self._cells[key] = self._draw(cluster, columns, size, bold)
        return found

    def draw(
        self, onto: Image.Image, x: int, bottom: int, text: str, size: Size, *, bold: bool
    ) -> int:
        """Draw a text with its bottom edge at row ``bottom``; returns the x after it."""
        for cluster, columns in clusters(text):
            if columns == 0:
                continue  # a mark with nothing to stand on
            cell = self.cell(cluster, columns, size, bold=bold)
            onto.paste(cell, (x, bottom - cell.height))
            x += cell.width
        return x

    def _face(self, bold: bool, em: int) -> _Face:
        key = (bold, em)
        if key not in self._faces:
            self._faces[key] = _Face(_WEIGHTS[bold], em)
        return self._faces[key]

    def _draw(self, cluster: str, columns: int, size: Size, bold: bool) -> Image.Image:
        width, height = CELL_WIDTH * columns * size.across, CELL_HEIGHT * size.down
        if cluster == _RULE:
            cell = Image.new("1", (width, height))
            top, bottom = (row * size.down for row in _RULE_ROWS)
            cell.paste(_INK, (0, top, width, bottom))
            return cell
        if size is Size.TALL:
            # As high as double, squeezed to single width: hinted outlines can't be scaled in one
            # direction, so it is drawn grey and cut at a threshold.
            grey = self._ink(cluster, bold, CELL_HEIGHT * 2, (width * 2, height), "L")
            half = grey.resize((width, height), Image.Resampling.BOX)
            return half.point(lambda value: 255 * (value >= _TALL_THRESHOLD), "1")
        return self._ink(cluster, bold, CELL_HEIGHT * size.down, (width, height), "1")

    def _ink(
        self, cluster: str, bold: bool, em: int, box: tuple[int, int], mode: str
    ) -> Image.Image:
        picture = Image.new(mode, box)
        pen = ImageDraw.Draw(picture)
        pen.fontmode = mode
        face = self._face(bold, em)
        baseline = _BASELINE * em // CELL_HEIGHT
        found = face.font_for(cluster)
        if found is None:
            found = face.font_for(_MISSING if box[0] >= em else "?")
            assert found is not None, "the vendored face has both"
        font, text = found
        x = max(0, (box[0] - round(font.getlength(text))) // 2)
        pen.text((x, baseline), text, fill=_INK, font=font, anchor="ls")
        return picture
