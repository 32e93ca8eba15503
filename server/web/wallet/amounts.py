"""Amounts as people type them: full-width digits, thousands separators, a ¥ or 円."""

import re
import unicodedata
from enum import Enum

from protos.units import Yen

_GROUPED = re.compile(r"[0-9]{1,3}(?:[,、'][0-9]{3})+\Z")
_MOST_DIGITS = 12


class AmountProblem(Enum):
    """Why a text is no amount; the value is the word that says so."""

    EMPTY = "pay.amount_empty"
    DECIMAL = "pay.amount_decimal"
    DIGITS = "pay.amount_digits"
    ZERO = "pay.amount_zero"
    NEGATIVE = "pay.amount_negative"
    LARGE = "pay.amount_large"


def parse_amount(text: str, most: Yen) -> Yen | AmountProblem:
    """Whole yen out of what was typed, at most ``most``; nothing is guessed or rounded."""
    plain = unicodedata.normalize("NFKC", text[:40])
    plain = re.sub(r"\s+", "", plain).removeprefix("¥").removeprefix("\\").removesuffix("円")
    if not plain:
        return AmountProblem.EMPTY
    if re.match(r"[-−–ー▲△]\d", plain):
        return AmountProblem.NEGATIVE
    if _GROUPED.match(plain):
        plain = re.sub(r"[^0-9]", "", plain)
    if re.match(r"\d*[.,。．]\d*\Z", plain):
        return AmountProblem.DECIMAL
    if not (plain.isascii() and plain.isdigit()):
        return AmountProblem.DIGITS
    if len(plain.lstrip("0")) > _MOST_DIGITS or int(plain) > most:
        return AmountProblem.LARGE
    return Yen(int(plain)) if int(plain) else AmountProblem.ZERO
