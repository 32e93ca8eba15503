"""Everything that can happen to the counter. Time and chance come in here and nowhere else.

The driver sends a ``Tick`` right before each other event, so that ``state.now`` is the instant
of that event, and every 250 ms or so besides.
"""

from dataclasses import dataclass
from enum import StrEnum

from device.core.configuration import Configuration
from device.core.effects import ResolveMode
from device.core.intents import Intent
from device.core.japan_time import MonoMs
from device.core.payment import Payment, Via
from device.core.printing_data import PaperState, PrinterState
from device.core.records import Snapshot
from device.core.state import (
    Clock,
    Identity,
    LinkState,
    OutOfService,
    PartStatus,
)
from protos.units import Micros, PaymentId, SaleNumber, Sequence, Yen


@dataclass(frozen=True, slots=True)
class Tick:
    """The time. ``wall`` is corrected by the last sync; ``mono`` never goes back."""

    wall: Micros
    mono: MonoMs
    clock: Clock


@dataclass(frozen=True, slots=True)
class Booted:
    """The journal was opened. First event after a Tick; exactly one in a run."""

    snapshot: Snapshot
    identity: Identity | None
    """None: not enrolled yet."""
    boot_id: str
    """Random for each run; names the STARTED event."""


@dataclass(frozen=True, slots=True)
class Tapped:
    """Staff tapped."""

    intent: Intent


# --- from the server ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PaymentArrived:
    """A payment of this terminal whose origin the link has checked (MAC, or mutual TLS)."""

    payment: Payment
    via: Via


class ClaimState(StrEnum):
    """What a phone did with a sale."""

    CLAIMED = "claimed"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class ClaimChanged:
    """A phone holds a sale, or has let it go (origin checked). ``revision`` rises per sale."""

    sale: SaleNumber
    claim: ClaimState
    amount: Yen
    """0: nothing entered yet."""
    expires_at: Micros
    revision: Sequence


class Outcome(StrEnum):
    """The ledger's word on a sale."""

    OPEN = "open"
    PAID = "paid"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Resolved:
    """The ledger answered AskResolve. PAID carries the payment."""

    sale: SaleNumber
    mode: ResolveMode
    outcome: Outcome
    payment: Payment | None = None


@dataclass(frozen=True, slots=True)
class ResolveFailed:
    """AskResolve got no answer. ``reason`` is for the log."""

    sale: SaleNumber
    attempt: int
    reason: str


@dataclass(frozen=True, slots=True)
class PullFinished:
    """All payments of one PullPayments were sent as PaymentArrived before this.

    ``last_sequence`` is the server's newest for this terminal: below it, pull again.
    ``resumes_after``: nothing more will ever come up to there; 0 for no such gap.
    """

    last_sequence: Sequence
    resumes_after: Sequence = Sequence(0)


@dataclass(frozen=True, slots=True)
class PullFailed:
    """PullPayments got no answer."""

    reason: str


@dataclass(frozen=True, slots=True)
class EventsPushed:
    """The server keeps these events now."""

    event_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PushFailed:
    """PushEvents got no answer."""

    reason: str


@dataclass(frozen=True, slots=True)
class Connected:
    """The server answered Connect: what it knows of this terminal."""

    highest_sale: SaleNumber
    last_sequence: Sequence


@dataclass(frozen=True, slots=True)
class ServerLinkChanged:
    """The gRPC link, at each change and each measured round trip."""

    link: LinkState
    round_trip_ms: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class BrokerLinkChanged:
    """The MQTT link."""

    link: LinkState
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ConfigurationArrived:
    """A configuration from the operator; refused when it is bad, the last good one stays."""

    configuration: Configuration


# --- from the parts -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PrinterReported:
    """What the printer says of itself, at each change."""

    printer: PrinterState
    paper: PaperState


class PrintOutcome(StrEnum):
    """What is known of one sheet."""

    PRINTED = "printed"
    NOT_PRINTED = "not_printed"
    """Proved by the printer, or nothing was ever sent: it may be printed again unmarked."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PrintFinished:
    """The end of a PrintSlip or the answer to a ProbeSlip."""

    job_id: str
    outcome: PrintOutcome
    printer: PrinterState
    """READY, or why it stopped."""


class SoundOutcome(StrEnum):
    """Whether it could be heard."""

    PLAYED = "played"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SpeechFinished:
    """The end of a SpeakPayment."""

    payment_id: PaymentId
    outcome: SoundOutcome


@dataclass(frozen=True, slots=True)
class PartReported:
    """A part that was probed."""

    status: PartStatus


@dataclass(frozen=True, slots=True)
class PartsProbed:
    """A CheckParts is through: each part has reported."""


@dataclass(frozen=True, slots=True)
class JournalFailed:
    """A WriteJournal failed: its transition did not happen (the driver kept the old state)."""

    trouble: OutOfService
    """JOURNAL_FULL or JOURNAL_FAILED."""
    reason: str


@dataclass(frozen=True, slots=True)
class JournalRecovered:
    """The journal takes writes again (the driver tried after RetryJournal)."""


Event = (
    Tick
    | Booted
    | Tapped
    | PaymentArrived
    | ClaimChanged
    | Resolved
    | ResolveFailed
    | PullFinished
    | PullFailed
    | EventsPushed
    | PushFailed
    | Connected
    | ServerLinkChanged
    | BrokerLinkChanged
    | ConfigurationArrived
    | PrinterReported
    | PrintFinished
    | SpeechFinished
    | PartReported
    | PartsProbed
    | JournalFailed
    | JournalRecovered
)
