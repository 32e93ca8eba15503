"""Names as a bank's transfer file holds them: JIS X 0201 half-width, large kana, few signs.

Normalised: NFKC, then half-width; ー becomes ``-``, small kana large, lower case upper. A mark
(ﾞ ﾟ) counts as a character. Hiragana is refused like kanji: the name has to be the account's own,
and who types hiragana has typed the shop's name instead. Nothing is ever cut.
"""

import unicodedata
from enum import Enum
from functools import lru_cache
from typing import Final

from server.settlement.bankfile import refusals as refuse

_KANA: Final = "".join(map(chr, range(0xFF71, 0xFF9E)))
"""ｱ to ﾝ; ｦ, ｰ and small kana are not among them."""
_MARKS: Final = "ﾞﾟ"
_PLAIN: Final = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ " + _KANA + _MARKS)
_DASH: Final = "ー"
_LOOSE_MARKS: Final = {"゛": "\u3099", "゜": "\u309a"}
"""NFKC would put a space before these."""


class Alphabet(Enum):
    """What may stand in a name. Party names are people's and companies', places are banks'."""

    PARTY = _PLAIN | frozenset("().-")
    PLACE = _PLAIN | frozenset("-")


def half_width(name: str, most: int, alphabet: Alphabet, field: str) -> str:
    """``name`` as it is written into a record, without the spaces around it.

    Raises Refusal: NAME_CHARACTER with the character and its place, NAME_TOO_LONG past ``most``
    half-width characters, NAME_EMPTY.
    """
    written = []
    for place, sign in enumerate(name, start=1):
        plain = _half(sign)
        if not plain or not set(plain) <= alphabet.value:
            raise refuse.character(field, sign, place, *_hint(sign))
        written.append(plain)
    text = "".join(written).strip(" ")
    if not text:
        raise refuse.name_empty(field)
    if len(text) > most:
        raise refuse.name_too_long(field, len(text), most)
    return text


@lru_cache(maxsize=4096)
def _half(sign: str) -> str:
    """One character as the half-width characters that stand for it; itself where none does."""
    apart = unicodedata.normalize("NFKD", _LOOSE_MARKS.get(sign, sign))
    return "".join(_half_kana().get(part, part) for part in map(large, apart))


def large(sign: str) -> str:
    """The large kana or upper-case letter of one; itself where there is none."""
    if sign.isascii():
        return sign.upper()
    name = unicodedata.name(sign, "")
    if name.startswith("KATAKANA LETTER SMALL "):
        return unicodedata.lookup(name.replace("SMALL ", ""))
    return sign


@lru_cache(maxsize=1)
def _half_kana() -> dict[str, str]:
    """Full-width katakana and combining marks to half-width ones."""
    same = {unicodedata.normalize("NFKC", half): half for half in _KANA + _MARKS}
    return same | {_DASH: "-"}


def _hint(sign: str) -> tuple[str, str]:
    name = unicodedata.name(sign, "")
    if name.startswith("CJK UNIFIED") or sign in "㈱㈲㍿":
        return (
            "漢字は使えません。通帳のカタカナの名義を書いてください（株式会社は「カ)」など）。",
            " No kanji: write the name in katakana as the passbook has it.",
        )
    if name.startswith("HIRAGANA"):
        return ("ひらがなは使えません。カタカナで書いてください。", " Write katakana.")
    if unicodedata.normalize("NFKC", sign) == "ヲ":
        return ("「ヲ」は「オ」と書きます。", " Write オ for it.")
    return (
        "使えるのは英数字、カタカナ、スペース、口座名義では ( ) - . です。",
        " Letters, digits, katakana, spaces; in parties' names also ( ) - .",
    )
