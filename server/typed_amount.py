"""Amounts as people type them: full-width digits, thousands separators, a ¥ or 円.

One rule for the wallet's pages, the command line, operators' calls and files.
"""

import re
import unicodedata
from enum import Enum

from protos.units import Yen

_GROUPED = re.compile(r"[0-9]{1,3}(?:[,、'][0-9]{3})+\Z")
_MOST_DIGITS = 12
_LONGEST = 40


class AmountProblem(Enum):
    """Why a text is no amount; the value names it in tables of sentences."""

    EMPTY = "empty"
    DECIMAL = "decimal"
    DIGITS = "digits"
    ZERO = "zero"
    NEGATIVE = "negative"
    LARGE = "large"


def parse_amount(text: str, most: Yen) -> Yen | AmountProblem:
    """Whole yen out of what was typed, at most ``most``; nothing is guessed or rounded."""
    plain = unicodedata.normalize("NFKC", text)
    plain = re.sub(r"\s+", "", plain).removeprefix("¥").removeprefix("\\").removesuffix("円")
    if not plain:
        return AmountProblem.EMPTY
    if re.match(r"[-−–ー▲△]\d", plain):
        return AmountProblem.NEGATIVE
    if _GROUPED.match(plain):
        plain = re.sub(r"[^0-9]", "", plain)
    if re.match(r"\d*[.,。．]\d*\Z", plain):
        return AmountProblem.DECIMAL
    # NFKC reads 5² as 52 and ① as 1
    odd = len(text) > _LONGEST or any(unicodedata.category(sign) == "No" for sign in text)
    if odd or not (plain.isascii() and plain.isdigit()):
        return AmountProblem.DIGITS
    if len(plain.lstrip("0")) > _MOST_DIGITS or int(plain) > most:
        return AmountProblem.LARGE
    return Yen(int(plain)) if int(plain) else AmountProblem.ZERO
