"""Mobile numbers and codes as people type them: full-width, with blanks, with hyphens."""

import re
import unicodedata
from typing import NewType

PhoneNumber = NewType("PhoneNumber", str)
"""A Japanese mobile number as people write it, digits only: ``09012345678``."""

NATIONAL_DIGITS = 11
CODE_DIGITS = 6
_FILLERS = re.compile(r"[\s()\-‐-―−ー－.・]+")
_MOBILE = re.compile(r"0[6-9]0\d{8}\Z")
"""060, 070, 080, 090: the ranges that receive short messages (電気通信番号計画)."""


class PhoneProblem(ValueError):  # noqa: N818 -- says what is so, not that it broke
    """A text that is no Japanese mobile number. ``missing`` > 0: so many digits are missing."""

    def __init__(self, missing: int = 0) -> None:
        super().__init__("phone")
        self.missing = missing


def digits_of(text: str) -> str:
    """The digits as ASCII, fillers left out; other characters stay for the caller to refuse."""
    return _FILLERS.sub("", unicodedata.normalize("NFKC", text[:64]))


def parse_mobile(text: str) -> PhoneNumber:
    """Read a mobile number in national or international spelling.

    Raises PhoneProblem.
    """
    digits = digits_of(text)
    for prefix in ("+81", "0081", "81"):
        if digits.startswith(prefix) and len(digits) >= NATIONAL_DIGITS - 1 + len(prefix):
            digits = "0" + digits.removeprefix(prefix).removeprefix("0")
            break
    if _MOBILE.match(digits):
        return PhoneNumber(digits)
    short = digits.isascii() and digits.isdigit() and 0 < len(digits) < NATIONAL_DIGITS
    raise PhoneProblem(NATIONAL_DIGITS - len(digits) if short else 0)


def e164(phone: PhoneNumber) -> str:
    """``+819012345678``, as gateways take it."""
    return "+81" + phone[1:]


def masked(phone: PhoneNumber) -> str:
    """``090 •••• 5678``: enough to notice a wrong number, not enough to learn one."""
    return f"{phone[:3]} •••• {phone[7:]}"
