"""An amount in words, as screens show it and the voice says it.

11,000 is 一万一千, not 一万千: after 万 the thousand keeps its 一, because that is how it is read
aloud (いちまんいっせん), and screen and voice must agree. At the front it is 千 (せん).
"""

from protos.units import MAX_AMOUNT, Yen

_KANJI_DIGITS = "〇一二三四五六七八九"
_ENGLISH_UP_TO_19 = (
    "",
    *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
_ENGLISH_TENS = (
    *("", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"),
)


class AmountOutOfRangeError(ValueError):
    """The amount has no words here: it is not from 1 to 9,999,999 yen.

    ``code`` is ``CHOBA_VOICE_AMOUNT_RANGE``.
    """

    code = "CHOBA_VOICE_AMOUNT_RANGE"

    def __init__(self, yen: int) -> None:
        super().__init__(
            f"{self.code}: amount is {yen}; it must be a whole number of yen from 1 to {MAX_AMOUNT}"
        )


def require_sayable(yen: Yen) -> None:
    """Raise AmountOutOfRangeError unless ``yen`` is from 1 to MAX_AMOUNT."""
    if not 1 <= yen <= MAX_AMOUNT:
        raise AmountOutOfRangeError(yen)


def kanji_amount(yen: Yen) -> str:
    """Return the amount in kanji with its unit, e.g. 千二百円. Raises AmountOutOfRangeError."""
    require_sayable(yen)
    ten_thousands, rest = divmod(yen, 10_000)
    high = f"{_kanji_below_10000(ten_thousands, after_man=False)}万" if ten_thousands else ""
    return f"{high}{_kanji_below_10000(rest, after_man=ten_thousands > 0)}円"


def english_amount(yen: Yen) -> str:
    """Return the amount in English, e.g. ``one thousand two hundred yen``.

    No "and": fewer words to mishear. Raises AmountOutOfRangeError.
    """
    require_sayable(yen)
    millions, below_million = divmod(yen, 1_000_000)
    thousands, units = divmod(below_million, 1_000)
    groups = (
        (millions, " million"),
        (thousands, " thousand"),
        (units, ""),
    )
    words = [f"{_english_below_1000(count)}{scale}" for count, scale in groups if count]
    return f"{' '.join(words)} yen"


def _kanji_below_10000(number: int, *, after_man: bool) -> str:
    thousands, hundreds, tens, ones = (number // place % 10 for place in (1000, 100, 10, 1))
    written = ""
    if thousands:
        one_is_silent = thousands == 1 and not after_man
        written += ("" if one_is_silent else _KANJI_DIGITS[thousands]) + "千"
    for digit, place in ((hundreds, "百"), (tens, "十")):
        if digit:
            written += ("" if digit == 1 else _KANJI_DIGITS[digit]) + place
    return written + (_KANJI_DIGITS[ones] if ones else "")


def _english_below_1000(number: int) -> str:
    hundreds, below_100 = divmod(number, 100)
    words = [f"{_ENGLISH_UP_TO_19[hundreds]} hundred"] if hundreds else []
    if below_100 < 20:
        words.append(_ENGLISH_UP_TO_19[below_100])
    else:
        tens, ones = divmod(below_100, 10)
        words.append("-".join(filter(None, (_ENGLISH_TENS[tens], _ENGLISH_UP_TO_19[ones]))))
    return " ".join(filter(None, words))
