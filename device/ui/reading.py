"""Amounts and codes as they are written on a screen."""

from device.core.amount_words import english_amount, kanji_amount
from device.core.language import Bilingual
from protos.units import MAX_AMOUNT, Yen


def yen(amount: int) -> str:
    """``¥1,200``."""
    return f"¥{amount:,}"


def in_words(amount: Yen) -> Bilingual:
    """The amount as the voice says it, to be read back; empty while nothing is entered."""
    if not 1 <= amount <= MAX_AMOUNT:
        return Bilingual("", "")
    return Bilingual(kanji_amount(amount), english_amount(amount))


def spaced(code: str) -> str:
    """A confirmation code in two threes: ``482 913``."""
    return f"{code[:3]} {code[3:]}"
