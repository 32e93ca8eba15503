"""Japanese text on narrow paper: folding people's text, and where a line may break."""

import re
import unicodedata
from typing import Final

from hardware.paper import clusters, columns_of

_HALF_WIDTH_KANA: Final = re.compile("[\uff61-\uff9f]+")
_COMPOSABLE: Final = re.compile("[^\u0300-\u036f\u3099\u309a][\u0300-\u036f\u3099\u309a]+")
_LONE_MARKS: Final = str.maketrans({"\u3099": "゛", "\u309a": "゜"})
_SPELLINGS: Final = str.maketrans(
    {
        # One character, two code points, of which Japanese printers know the right-hand one.
        "〜": "～",
        "~": "～",
        "−": "－",
        "—": "―",
        "‖": "∥",
        "¢": "￠",
        "£": "￡",
        "¬": "￢",
        # These would come out as the yen sign.
        "\\": "＼",
        "\u00a0": " ",
    }
)
_NOT_FIRST: Final = frozenset(
    "、。，．・：；？！,.:;?!)）]］}｝」』】〕〉》’”ーぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ々"
    "゛゜ゝゞヽヾ～…‥％%℃"
)
_NOT_LAST: Final = frozenset("(（[［{｛「『【〔〈《‘“¥￥")
_BREAK_BEFORE: Final = frozenset("「『（(【")
_BREAK_AFTER: Final = frozenset("・＆&」』）)】")
_SPACES: Final = frozenset(" \u3000")
NAME_LINES: Final = 3
"""A name may take so many lines; the terminal id identifies what is cut off."""


def fold(text: str) -> str:
    """People's text as Japanese printers can take it: the same words in the spelling CP932 has.

    Half-width kana become full-width (with their marks), a lone mark stands by itself, composed
    characters are composed, controls and invisible characters are dropped (an ESC in a shop's name
    must never reach a printer).
    """
    text = _HALF_WIDTH_KANA.sub(_widen, text)
    text = _COMPOSABLE.sub(lambda match: unicodedata.normalize("NFC", match[0]), text)
    text = "".join(map(_visible, text.translate(_SPELLINGS)))
    return re.sub(" +", " ", text).strip(" \u3000")


def _widen(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", match[0]).translate(_LONE_MARKS)


def _visible(char: str) -> str:
    category = unicodedata.category(char)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    return "" if category in ("Cf", "Cs", "Cn") else char


def sentence(text: str, width: int) -> list[str]:
    """Our own sentence, whose ``|`` mark the places between phrases: it breaks only there.

    A phrase wider than the paper (it holds a service's long name) breaks by kinsoku.
    """
    lines = [""]
    for phrase in text.split("|"):
        if columns_of(lines[-1]) + columns_of(phrase) <= width:
            lines[-1] += phrase
        elif columns_of(phrase) <= width:
            lines.append(phrase)
        else:
            lines += kinsoku(phrase, width)
    return [line for line in lines if line]


def kinsoku(text: str, width: int) -> list[str]:
    """Break by JIS X 4051's basic rules: no line begins with 、 or ends with 「; words hold.

    Where a rule can't be kept (a word longer than the paper), the line is simply full.
    """
    lines = []
    while columns_of(text) > width:
        full = _prefix(text, width)
        end = next((at for at in range(len(full), 0, -1) if _may_break(text, at)), len(full))
        lines.append(text[:end].rstrip(" \u3000"))
        text = text[end:].lstrip(" \u3000")
    if text:
        lines.append(text)
    return lines


def name_lines(name: str, width: int, limit: int = NAME_LINES) -> list[str]:
    """A folded name on at most ``limit`` lines, the last cut with ``…`` if it must be.

    It breaks at a space, before an opening bracket or after ・＆」 if that leaves the line at least
    half full, else by kinsoku.
    """
    lines: list[str] = []
    while columns_of(name) > width and len(lines) < limit - 1:
        end = _name_break(name, width)
        if end is None:
            first, *_ = kinsoku(name, width)
            end = len(first)
        lines.append(name[:end].rstrip(" \u3000"))
        name = name[end:].lstrip(" \u3000")
    if columns_of(name) > width:
        name = _prefix(name, width - columns_of("…")) + "…"
    return [*lines, name] if name else lines


def _name_break(name: str, width: int) -> int | None:
    for end in range(len(_prefix(name, width)), 0, -1):
        at_good_place = (
            name[end] in _SPACES
            or (name[end] in _BREAK_BEFORE and name[end - 1] not in _SPACES)
            or (name[end - 1] in _BREAK_AFTER and name[end] not in _NOT_FIRST)
        )
        if at_good_place and columns_of(name[:end]) * 2 >= width:
            return end
    return None


def _prefix(text: str, width: int) -> str:
    """As many whole characters (with their marks) as fit."""
    taken, used = "", 0
    for cluster, columns in clusters(text):
        used += columns
        if used > width:
            break
        taken += cluster
    return taken


def _may_break(text: str, at: int) -> bool:
    if at >= len(text):
        return True
    before, after = text[at - 1], text[at]
    if unicodedata.combining(after) or unicodedata.category(after) == "Mn":
        return False
    in_word = before.isascii() and after.isascii() and before.isalnum() and after.isalnum()
    return after not in _NOT_FIRST and before not in _NOT_LAST and not in_word
