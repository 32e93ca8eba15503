"""Whatever the amount, voice and screen say that amount: checked by algorithms of another make.

Words are checked by reading them back into a number, clips by a reading made from digits and sound
changes. All 9,999,999 amounts would take minutes; a Japanese amount is its 万 part followed by the
rest, so every 万 part and every rest are tried, and random whole amounts show nothing else enters.
"""

import re

from hypothesis import given
from hypothesis import strategies as st

from device.core.amount_words import english_amount, kanji_amount
from device.core.language import Language
from device.voice.amounts import clips_for_amount
from device.voice.clips import CLIPS
from protos.units import MAX_AMOUNT, Yen

AMOUNTS = st.one_of(
    st.integers(1, MAX_AMOUNT),
    st.lists(st.sampled_from("0123456789"), min_size=1, max_size=7)
    .map(lambda digits: int("".join(digits)))
    .filter(lambda yen: yen > 0),
)

DIGITS = ["レイ", "イチ", "ニ", "サン", "ヨン", "ゴ", "ロク", "ナナ", "ハチ", "キュー"]
SOUND_CHANGES = (
    (r"サンヒャク", "サンビャク"),
    (r"ロクヒャク", "ロッピャク"),
    (r"ハチヒャク", "ハッピャク"),
    (r"サンセン", "サンゼン"),
    (r"ハチセン", "ハッセン"),
    (r"イチ(ヒャク|ジュー)", r"\1"),
    (r"^イチセン", "セン"),
    (r"イチセン", "イッセン"),
    (r"ヨンエン$", "ヨエン"),
)


def kana_by_rules(yen: int) -> str:
    """Spell digit and place one after another, then let the sounds change as they do in speech."""

    def spelled(number: int) -> str:
        places = ((1000, "セン"), (100, "ヒャク"), (10, "ジュー"), (1, ""))
        return "".join(
            DIGITS[number // value % 10] + name for value, name in places if number // value % 10
        )

    high, low = divmod(yen, 10_000)
    kana = (f"{spelled(high)}マン" if high else "") + spelled(low) + "エン"
    for pattern, replacement in SOUND_CHANGES:
        kana = re.sub(pattern, replacement, kana)
    return kana


def number_from_kanji(text: str) -> int:
    total = section = digit = 0
    for letter in text.removesuffix("円"):
        if letter in "一二三四五六七八九":
            digit = "一二三四五六七八九".index(letter) + 1
        elif letter == "万":
            total, section, digit = (section + digit) * 10_000, 0, 0
        else:
            section += (digit or 1) * {"十": 10, "百": 100, "千": 1000}[letter]
            digit = 0
    return total + section + digit


SMALL = (
    *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
WORDS = {word: value for value, word in enumerate(SMALL, start=1)} | {
    word: value for value, word in zip(range(20, 100, 10), TENS, strict=True)
}


def number_from_english(text: str) -> int:
    total = group = 0
    for word in re.split(r"[ -]", text.removesuffix(" yen")):
        if word == "hundred":
            group *= 100
        elif word in ("thousand", "million"):
            total, group = total + group * {"thousand": 1_000, "million": 1_000_000}[word], 0
        else:
            group += WORDS[word]
    return total + group


def spoken_kana(yen: int) -> str:
    return "".join(CLIPS[name].reading for name in clips_for_amount(Yen(yen), Language.JA))


def check(yen: int) -> None:
    assert spoken_kana(yen) == kana_by_rules(yen)
    kanji, english = kanji_amount(Yen(yen)), english_amount(Yen(yen))
    said = {
        language: [CLIPS[name].text for name in clips_for_amount(Yen(yen), language)]
        for language in Language
    }
    assert number_from_kanji(kanji) == yen
    assert "".join(said[Language.JA]) == kanji
    assert number_from_english(english) == yen
    assert " ".join(said[Language.EN]) == english.replace("-", " ")


@given(AMOUNTS)
def test_any_amount(yen: int) -> None:
    check(yen)


def test_every_part_below_man_alone_and_after_man() -> None:
    for low in range(1, 10_000):
        assert spoken_kana(low) == kana_by_rules(low)
        assert spoken_kana(9_990_000 + low) == kana_by_rules(9_990_000 + low)


def test_every_man_part_alone_and_before_a_rest() -> None:
    for high in range(1, 1_000):
        for low in (0, 4, 1_000, 9_999):
            check(high * 10_000 + low)


def test_every_english_group_at_each_scale() -> None:
    for group in range(1, 1_000):
        check(group)
        check(group * 1_000)


def test_readings_that_are_commonly_got_wrong() -> None:
    assert {yen: spoken_kana(yen) for yen in (4, 300, 600, 800, 1_200, 3_000, 8_000, 11_000)} == {
        4: "ヨエン",
        300: "サンビャクエン",
        600: "ロッピャクエン",
        800: "ハッピャクエン",
        1_200: "センニヒャクエン",
        3_000: "サンゼンエン",
        8_000: "ハッセンエン",
        11_000: "イチマンイッセンエン",
    }
    assert spoken_kana(100_000) == "ジューマンエン"
    assert spoken_kana(1_000_000) == "ヒャクマンエン"
