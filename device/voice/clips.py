"""Every recorded clip: its name, what is said and, for Japanese, how it is read.

The build tool synthesises exactly these; nothing else is shipped. Numbers are cut at the places of
the number (二千 | 三百 | 五十円), one clip per digit and place, and the last one carries its unit:
that is where the sound changes (さんびゃく, はっせん, よえん), so no rule is left to the joining.
"""

from dataclasses import dataclass
from typing import Final, NewType

from device.core.language import Language

ClipName = NewType("ClipName", str)
"""Name of a shipped sound, e.g. ``ja/200-yen``: its path under device/sounds without ``.ogg``."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One recorded piece of speech.

    ``text`` is what it says as written on screens; ``reading`` is how that is pronounced, in
    katakana with ー for long vowels (Japanese), or the same words (English).
    """

    name: ClipName
    language: Language
    text: str
    reading: str


_KANJI: Final = "〇一二三四五六七八九"
_ONES: Final = ("", "イチ", "ニ", "サン", "ヨン", "ゴ", "ロク", "ナナ", "ハチ", "キュー")
_ONES_YEN: Final = (
    "",
    *("イチエン", "ニエン", "サンエン", "ヨエン", "ゴエン"),
    *("ロクエン", "ナナエン", "ハチエン", "キューエン"),
)
_TENS: Final = (
    "",
    *("ジュー", "ニジュー", "サンジュー", "ヨンジュー", "ゴジュー"),
    *("ロクジュー", "ナナジュー", "ハチジュー", "キュージュー"),
)
_HUNDREDS: Final = (
    "",
    *("ヒャク", "ニヒャク", "サンビャク", "ヨンヒャク", "ゴヒャク"),
    *("ロッピャク", "ナナヒャク", "ハッピャク", "キューヒャク"),
)
_THOUSANDS: Final = (
    "",
    *("セン", "ニセン", "サンゼン", "ヨンセン", "ゴセン"),
    *("ロクセン", "ナナセン", "ハッセン", "キューセン"),
)

_SMALL_ENGLISH: Final = (
    "",
    *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
_TENS_ENGLISH: Final = (
    *("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"),
)


def _ja(stem: str, text: str, reading: str) -> Clip:
    return Clip(ClipName(f"ja/{stem}"), Language.JA, text, reading)


def _en(stem: str, text: str) -> Clip:
    return Clip(ClipName(f"en/{stem}"), Language.EN, text, text)


def _kanji(digit: int, place: str) -> str:
    return ("" if digit == 1 and place else _KANJI[digit]) + place


def _japanese_numbers() -> list[Clip]:
    clips = []
    for place, value, readings in (
        ("十", 10, _TENS),
        ("百", 100, _HUNDREDS),
        ("千", 1_000, _THOUSANDS),
    ):
        for digit in range(1, 10):
            text, reading = _kanji(digit, place), readings[digit]
            clips.append(_ja(f"{digit * value}", text, reading))
            clips.append(_ja(f"{digit * value}-yen", f"{text}円", f"{reading}エン"))
    for digit in range(1, 10):
        clips.append(_ja(f"{digit}-yen", f"{_KANJI[digit]}円", _ONES_YEN[digit]))
    # after 万 the thousand keeps its 一 and doubles the s: いちまんいっせん
    clips.append(_ja("1000-after-man", "一千", "イッセン"))
    clips.append(_ja("1000-after-man-yen", "一千円", "イッセンエン"))
    for place, value, readings in (("", 1, _ONES), ("十", 10, _TENS), ("百", 100, _HUNDREDS)):
        for digit in range(1, 10):
            text, reading = f"{_kanji(digit, place)}万", f"{readings[digit]}マン"
            clips.append(_ja(f"{digit * value}-man", text, reading))
            clips.append(_ja(f"{digit * value}-man-yen", f"{text}円", f"{reading}エン"))
    return clips


def _english_numbers() -> list[Clip]:
    small = {number: _SMALL_ENGLISH[number] for number in range(1, 20)}
    tens = {10 * digit: _TENS_ENGLISH[digit] for digit in range(2, 10)}
    hundreds = {100 * digit: f"{_SMALL_ENGLISH[digit]} hundred" for digit in range(1, 10)}
    clips = []
    for number, words in (small | tens | hundreds).items():
        if number >= 20:
            clips.append(_en(f"{number}", words))
        clips.append(_en(f"{number}-yen", f"{words} yen"))
        clips.append(_en(f"{number}-thousand", f"{words} thousand"))
        clips.append(_en(f"{number}-thousand-yen", f"{words} thousand yen"))
        if number < 10:
            clips.append(_en(f"{number}-million", f"{words} million"))
            clips.append(_en(f"{number}-million-yen", f"{words} million yen"))
    return clips


_PHRASES: Final = (
    _ja("paid", "お支払いを受け付けました", "オシハライヲウケツケマシタ"),
    _ja("code-true", "番号を確認しました", "バンゴーヲカクニンシマシタ"),
    _ja("code-false", "番号が合いません", "バンゴーガアイマセン"),
    _ja("training", "練習です", "レンシューデス"),
    _ja("speaker-test", "音声の確認です", "オンセーノカクニンデス"),
    _en("paid", "payment received"),
    _en("code-true", "the code is genuine"),
    _en("code-false", "the code does not match"),
    _en("training", "this is training"),
    _en("speaker-test", "this is a sound check"),
)

CLIPS: Final[dict[ClipName, Clip]] = {
    clip.name: clip for clip in (*_japanese_numbers(), *_english_numbers(), *_PHRASES)
}
"""Every spoken clip by name."""


def phrase(language: Language, stem: str) -> ClipName:
    """Return the name of a fixed phrase. KeyError if there is none: a mistake of the program."""
    return CLIPS[ClipName(f"{language.value}/{stem}")].name
