"""No box in place of a character, ever; and contrast that old eyes can read."""

import dataclasses
import inspect
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from PIL import ImageFont

from device.core.amount_words import kanji_amount
from device.ui import languages, theme
from device.ui.samples import samples
from device.ui.typesetter import FONTS, GETA, RARE, Coverage, Face, clean
from protos.confirmation import SEALS
from protos.units import Yen

coverage = Coverage.read()


@cache
def _font(file: str) -> Any:
    return ImageFont.truetype(str(FONTS / file), 24)


def _shape(file: str, char: str) -> bytes:
    return bytes(_font(file).getmask(char))


def _texts(value: object) -> Iterator[str]:
    """Every text in a view or a table of words."""
    if isinstance(value, str):
        yield value
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from _texts(getattr(value, field.name))
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _texts(item)


def _words() -> set[str]:
    fixed = [value for name, value in vars(languages).items() if name.isupper()]
    made = [
        languages.age(0),
        languages.age(59),
        languages.age(3599),
        languages.age(9999),
        languages.closes_in(108),
        languages.wait(47),
        languages.wait_short(894),
        languages.tries(1),
        languages.asking(3, None),
        languages.asking(3, 5),
        languages.sale_at("14:31"),
        languages.qr_at("14:31"),
        languages.limit("¥50,000"),
        languages.over_limit("¥50,000"),
        languages.slips_waiting(0),
        languages.slips_waiting(2),
        languages.more(2),
        languages.safe(23, "¥48,600"),
        languages.go_on(2),
    ]
    return {text for value in (fixed, made) for text in _texts(value)}


def test_the_words_are_all_there() -> None:
    """The list above is of every function that makes words."""
    functions = {n for n, f in vars(languages).items() if inspect.isfunction(f)} - {"phrases"}
    used = {
        *("age", "closes_in", "wait", "wait_short", "tries", "asking", "sale_at", "qr_at"),
        *("limit", "over_limit", "slips_waiting", "more", "safe", "go_on"),
    }
    assert {name for name in functions if not name.startswith("_")} == used
    assert len(_words()) > 150


@pytest.mark.parametrize("face", Face)
def test_no_text_of_the_device_needs_a_box(face: Face) -> None:
    """By the glyphs themselves: each must differ from what the font draws for "missing"."""
    readings = {kanji_amount(Yen(n)) for n in (9_999_999, 8_765_432, 1, 10_000)}
    told = {text for sample in samples(800, 480) for text in _texts(sample.view)}
    characters = set("".join(clean(text) for text in _words() | readings | told)) | set(SEALS)
    assert len(SEALS) == 48
    for char in sorted(characters - {" ", "　"}):
        ((file, drawn),) = coverage.runs(char, face)
        assert drawn == char, f"{char} U+{ord(char):04X}"
        assert _shape(file, char) != _shape(file, "\U0010ffff"), f"{char} in {file}"


def test_coverage_says_what_the_fonts_can_draw() -> None:
    """A sample of each file, by its glyphs."""
    for file, chars in {
        Face.BOLD.value: "あ漢髙﨑A¥①〓",
        Face.REGULAR.value: "あ漢髙﨑A¥①〓",
        Face.MONO.value: "0123456789: ¥秒",
        RARE: "𠮷丟両"[:2],
    }.items():
        for char in chars.replace(" ", ""):
            assert _shape(file, char) != _shape(file, "\U0010ffff"), f"{char} in {file}"


def test_a_rare_kanji_comes_from_the_fallback() -> None:
    assert coverage.runs("𠮷野家", Face.BOLD) == [(RARE, "𠮷"), (Face.BOLD.value, "野家")]


def test_a_character_that_nobody_has_is_set_as_geta() -> None:
    assert coverage.runs("a🍎b", Face.BOLD) == [(Face.BOLD.value, f"a{GETA}b")]


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("葛\U000e0100城", "葛城"),  # a variation selector
        ("か\u3099", "が"),  # a loose mark joins its kana
        ("神\ufe00", "神"),
        ("\ufa19", "\ufa19"),  # a compatibility ideograph stays the owner's
        ("a\x00\n\tb", "ab"),
        ("右\u202e左", "右左"),  # no tricks with writing direction
        ("一\u200b二", "一二"),
    ],
)
def test_text_is_cleaned_before_it_is_drawn(text: str, drawn: str) -> None:
    assert clean(text) == drawn


@pytest.mark.parametrize(("ink", "ground", "least"), theme.PAIRS)
def test_contrast(ink: theme.Colour, ground: theme.Colour, least: float) -> None:
    assert theme.contrast(ink, ground) >= least


def test_contrast_is_wcags() -> None:
    assert theme.contrast(theme.BLACK, theme.WHITE) == pytest.approx(21)
    assert theme.contrast(theme.Colour("#777777"), theme.WHITE) == pytest.approx(4.48, abs=0.01)


def test_no_word_says_failed() -> None:
    assert not [text for text in _words() if "失敗" in text or "fail" in text.lower()]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "たった今"),
        (2, "たった今"),
        (3, "3秒前"),
        (59, "59秒前"),
        (60, "1分前"),
        (7200, "2時間前"),
    ],
)
def test_age(seconds: int, said: str) -> None:
    assert languages.age(seconds).ja == said
