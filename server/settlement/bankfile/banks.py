"""Which banks and branches there are: master data of the ``zengin_code`` package."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Protocol

from server.refusal import Refusal
from server.settlement.bankfile.kana import Alphabet, half_width

NAME_LENGTH: Final = 15


@dataclass(frozen=True, slots=True)
class BranchName:
    """``bank``, ``branch``: half-width, as a record holds them; empty where they can't be written.

    Banks go by the numbers; the names are for people who read the file.
    """

    bank: str
    branch: str
    bank_ja: str
    branch_ja: str


class BankDirectory(Protocol):
    """``bank_name``: None for an unknown bank; ``branch``: None for an unknown branch of it."""

    def bank_name(self, bank: str) -> str | None:
        """In Japanese, for people."""

    def branch(self, bank: str, branch: str) -> BranchName | None: ...


class ZenginBanks:
    """Every bank and branch in Japan as of the installed package.

    Made and first asked it costs nothing and 0.2 s: the package reads a file per bank.
    """

    def bank_name(self, bank: str) -> str | None:
        found = _all().get(bank)
        return str(found.name) if found is not None else None

    def branch(self, bank: str, branch: str) -> BranchName | None:
        found = _all().get(bank)
        place = found.branches.get(branch) if found is not None else None
        if found is None or place is None:
            return None
        return BranchName(_written(found.kana), _written(place.kana), found.name, place.name)


def _all() -> Mapping[str, Any]:
    from zengin_code import Bank  # noqa: PLC0415 -- reads 1,147 files

    found: Mapping[str, Any] = Bank.all
    return found


@lru_cache(maxsize=4096)
def _written(kana: str) -> str:
    """A dot (foreign banks' names have them) becomes a space, as a bank's name may not hold it."""
    try:
        return half_width(kana.replace("．", "　"), NAME_LENGTH, Alphabet.PLACE, "bank")
    except Refusal:
        return ""
