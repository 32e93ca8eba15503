"""Amounts as text: ``¥1,200`` and 千二百円."""

from protos.units import Yen

_DIGITS = "〇一二三四五六七八九"
_UNITS = ("", "十", "百", "千")


def yen(amount: int) -> str:
    """``¥1,200``."""
    return f"¥{amount:,}"


def kanji(amount: Yen) -> str:
    """The amount as it is read aloud, 一 left out before 十, 百, 千: 千二百円, 十二万三千円.

    Raises ValueError outside 0 to 99,999,999.
    """
    if not 0 <= amount <= 99_999_999:
        raise ValueError(f"amount {amount} cannot be read: give 0 to 99,999,999 yen")
    if amount == 0:
        return "〇円"
    high, low = divmod(amount, 10_000)
    text = f"{_four(high)}万" if high else ""
    return f"{text}{_four(low)}円"


def spaced(code: str) -> str:
    """A confirmation code in two threes: ``482 913``."""
    return f"{code[:3]} {code[3:]}"


def _four(number: int) -> str:
    text = ""
    for power in (3, 2, 1, 0):
        digit = number // 10**power % 10
        if digit == 0:
            continue
        text += ("" if digit == 1 and power else _DIGITS[digit]) + _UNITS[power]
    return text
