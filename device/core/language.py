"""The two languages of the counter: Japanese first, English on a tap."""

from enum import StrEnum


class Language(StrEnum):
    """A language of screens, slips and voice; the value is its ISO 639-1 code."""

    JA = "ja"
    EN = "en"
