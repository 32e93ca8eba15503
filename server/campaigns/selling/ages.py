"""Age on a day, and what its bonus comes to. Pure."""

from datetime import date, timedelta
from enum import StrEnum

from protos.units import Yen


class AgeRule(StrEnum):
    """From when a person counts as a year older."""

    BIRTHDAY = "birthday"
    """On the birthday; who was born on 29 February: on 1 March of a common year."""
    LAW = "law"
    """At the end of the day before the birthday (Act on Calculation of Ages, 1902; Civil Code,
    article 143): on that day already."""


def age_on(born: date, day: date, rule: AgeRule) -> int:
    """Full years on ``day``; negative before birth."""
    if rule is AgeRule.LAW:
        day += timedelta(days=1)
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def bonus_due(paid: Yen, basis_points: int, granted: Yen) -> Yen:
    """Points still due on all that a person has paid (premium left out), in yen.

    ``floor(paid x rate)`` less what was granted, never below 0. ``basis_points``: 300 is 3 %.
    """
    return Yen(max(0, paid * basis_points // 10_000 - granted))
