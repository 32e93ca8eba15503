"""One sale, in frozen values: where it is, and what is asked about it."""

from dataclasses import dataclass
from enum import StrEnum

from device.core.japan_time import MonoMs
from protos.units import Micros, SaleNumber, Sequence, Yen


class SalePhase(StrEnum):
    """Where a sale is. PAID, EXPIRED, CANCELLED are final; the last two rest on a void row."""

    SHOWING = "showing"
    CLAIMED = "claimed"
    CANCELLING = "cancelling"
    RESOLVING = "resolving"
    """In doubt; the ledger is being asked."""
    UNRESOLVED = "unresolved"
    """In doubt for long: listed as 確認中 while the ledger is asked behind it."""
    LAPSED = "lapsed"
    """An earlier number of a rotation without a live link: not shown any more, not yet final."""
    ACCEPTED = "accepted"
    """Its code was genuine (offline check); the ledger has yet to say so."""
    DISPUTED = "disputed"
    """Its code was genuine, yet the ledger says void: for the operator to look at."""
    PAID = "paid"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


FINAL_PHASES = frozenset({SalePhase.PAID, SalePhase.EXPIRED, SalePhase.CANCELLED})


class Doubt(StrEnum):
    """Why the ledger is asked about a sale."""

    OUTCOME_UNKNOWN = "outcome_unknown"
    CANCELLING = "cancelling"
    EXPIRED = "expired"
    RESTARTED = "restarted"


class Attention(StrEnum):
    """Whether staff have seen this sale in doubt: only those are listed as 確認中."""

    QUIET = "quiet"
    TOLD = "told"


class Sequel(StrEnum):
    """What is shown when the sale ends without money."""

    STANDBY = "standby"
    SAME_AMOUNT = "same_amount"
    """やり直し: the next number with the same amount."""


@dataclass(frozen=True, slots=True)
class Asking:
    """The question to the ledger about one sale: how often, and when again."""

    attempt: int
    since: MonoMs
    next_at: MonoMs | None
    """When to ask again; None while a question is under way."""
    give_up_at: MonoMs
    """When a question under way counts as unanswered."""


@dataclass(frozen=True, slots=True)
class Sale:
    """One sale number and what happened to it."""

    number: SaleNumber
    amount: Yen
    """0: the customer enters it."""
    phase: SalePhase
    opened_at: Micros
    minted_at: Micros
    """Of its newest token."""
    deadline: MonoMs | None = None
    """When a QR with a fixed amount stops waiting."""
    claimed_amount: Yen = Yen(0)
    """What the customer has entered; of an ACCEPTED sale, the amount that the code proved."""
    claim_revision: Sequence = Sequence(0)
    claimed_at: MonoMs | None = None
    claim_ends: MonoMs | None = None
    doubt: Doubt = Doubt.OUTCOME_UNKNOWN
    attention: Attention = Attention.QUIET
    sequel: Sequel = Sequel.STANDBY
    asking: Asking | None = None
    code: str = ""
    """Of an ACCEPTED or DISPUTED sale: the code that was keyed in."""

    @property
    def known_amount(self) -> Yen:
        """The staff's amount, else what the customer entered, else 0."""
        return self.amount or self.claimed_amount


@dataclass(frozen=True, slots=True)
class Qr:
    """The symbol on the screen: the whole upper-case URL, and when it is to be replaced."""

    sale: SaleNumber
    text: str
    shown_at: MonoMs
    replace_at: MonoMs


class Ending(StrEnum):
    """How a sale ended without money. Each rests on a void row of the ledger."""

    EXPIRED = "expired"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class EndingNote:
    """A line of standby for some seconds after a sale ended without money."""

    ending: Ending
    until: MonoMs
