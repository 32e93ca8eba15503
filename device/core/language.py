"""The two languages of the counter, and text that exists in both. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class Language(StrEnum):
    """Which language is drawn large; the other one stands small beside it."""

    JA = "ja"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Bilingual:
    """One text in Japanese and in English; ``en`` may be empty where Japanese says it all."""

    ja: str
    en: str = ""
