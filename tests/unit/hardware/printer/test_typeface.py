"""The typeface: every character a slip may hold is drawn as itself, or as the sign for missing."""

import pytest

from hardware.paper import Size, char_columns
from hardware.printer.escpos import in_repertoire
from hardware.printer.profiles import Repertoire
from hardware.printer.typeface import Typeface

TYPEFACE = Typeface()


def cell(cluster: str, columns: int = 2, size: Size = Size.NORMAL, *, bold: bool = False) -> bytes:
    return TYPEFACE.cell(cluster, columns, size, bold=bold).tobytes()


def cp932() -> list[str]:
    chars = []
    for lead in (*range(0x81, 0xA0), *range(0xE0, 0xFD)):
        for trail in range(0x40, 0xFD):
            try:
                char = bytes((lead, trail)).decode("cp932")
            except UnicodeDecodeError:
                continue
            if in_repertoire(char, Repertoire.CP932):
                chars.append(char)
    return chars


def test_whatever_a_kanji_rom_prints_can_be_drawn() -> None:
    chars = cp932()
    assert len(chars) > 7000
    missing = [char for char in chars if not TYPEFACE.has(char) and not char.isspace()]
    assert missing == []


@pytest.mark.parametrize("char", ["𠮷", "é", "葛", "髙", "﨑", "①"])
def test_characters_of_names_are_drawn(char: str) -> None:
    assert TYPEFACE.has(char)
    assert cell(char, char_columns(char)) != cell("〓" if char_columns(char) == 2 else "?", 1)


def test_what_no_font_has_is_the_geta_mark() -> None:
    assert cell("\U0001f980") == cell("〓")


def test_a_variation_of_a_kanji_is_another_drawing() -> None:
    assert cell("葛\U000e0100") != cell("葛")


def test_sizes_and_weights_are_cells_of_their_own() -> None:
    for size, box in ((Size.NORMAL, (24, 24)), (Size.TALL, (24, 48)), (Size.DOUBLE, (48, 48))):
        assert TYPEFACE.cell("松", 2, size, bold=True).size == box
        assert cell("松", 2, size, bold=True) != cell("松", 2, size, bold=False)


def test_a_rule_joins_its_neighbours() -> None:
    rule = TYPEFACE.cell("─", 2, Size.NORMAL, bold=False)
    black = [(x, y) for y in range(24) for x in range(24) if rule.getpixel((x, y))]
    assert black == [(x, y) for y in (11, 12) for x in range(24)]
