"""What an audit has read and what it found."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

Progress = Callable[[str, int, int], None]
"""What is read, how many are done, how many there are (0: not known)."""

SHOWN: Final = 20


def no_progress(what: str, done: int, total: int) -> None:
    """For callers that nobody watches."""


@dataclass(slots=True)
class Audit:
    """What was looked at, and what does not hold (at most 20 of each kind are named)."""

    entries: int = 0
    postings: int = 0
    lanes: int = 0
    accounts: int = 0
    wallets: int = 0
    lots: int = 0
    signed_heads: int = 0
    lots_of_v1: int = 0
    """Lots whose entries are hashed as version 1, which does not cover price and expiry."""
    findings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What a reader must know to judge the result; nothing is wrong with it."""
    _found: Counter[str] = field(default_factory=Counter)

    @property
    def holds(self) -> bool:
        return not self.findings

    def find(self, kind: str, what: str) -> None:
        """Note a finding; of each kind only the first 20 are kept, the others counted."""
        self._found[kind] += 1
        if self._found[kind] <= SHOWN:
            self.findings.append(what)

    def tell_rest(self) -> None:
        """At the end: how many findings were not named."""
        for kind, count in self._found.items():
            if count > SHOWN:
                self.findings.append(f"… and {count - SHOWN:,} more of {kind}")
        self._found.clear()
