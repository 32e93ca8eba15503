"""Everything the counter asks of the world. The order in the list is the order of execution.

A transition gives at most one ``WriteJournal``, always first; the driver makes it durable before
it does anything else. If it fails, the driver keeps the *old* state, drops the other effects and
sends ``JournalFailed``. So the rule "journal, then draw, then sound, then print" is the list's
order: WriteJournal, Show, PlaySound, SpeakPayment, PrintSlip, then the questions to the server.
"""

from dataclasses import dataclass
from enum import StrEnum

from device.core.configuration import Configuration
from device.core.language import Language
from device.core.outgoing import OutgoingEvent
from device.core.printing_data import PrintJob
from device.core.records import JournalRecord
from protos.units import PaymentId, SaleNumber, Sequence, Yen


@dataclass(frozen=True, slots=True)
class WriteJournal:
    """Make these records durable in one transaction, before anything else happens."""

    records: tuple[JournalRecord, ...]


@dataclass(frozen=True, slots=True)
class Show:
    """Let the presenter draw the new state (``presenter.present(state, now)``)."""


class Sound(StrEnum):
    """Sounds without an amount."""

    TICK = "tick"
    CLAIMED = "claimed"
    LATE = "late"
    CHECKING = "checking"
    CODE_TRUE = "code-true"
    """Two notes and 「番号を確認しました」."""
    CODE_FALSE = "code-false"
    """Two low notes and 「番号が合いません」."""
    PRINTER = "printer"


@dataclass(frozen=True, slots=True)
class PlaySound:
    """Play it; nobody waits for its end."""

    sound: Sound
    language: Language


@dataclass(frozen=True, slots=True)
class SpeakPayment:
    """The paid chime and the amount; answered by SpeechFinished."""

    payment_id: PaymentId
    amount: Yen
    language: Language


@dataclass(frozen=True, slots=True)
class PrintSlip:
    """Print one sheet; answered by PrintFinished. One at a time."""

    job: PrintJob
    configuration: Configuration


@dataclass(frozen=True, slots=True)
class ProbeSlip:
    """After a crash while this sheet printed: what does the printer know? Answered likewise.

    A printer that keeps no job ids answers UNKNOWN.
    """

    job: PrintJob


class ResolveMode(StrEnum):
    """ASK: only ask. VOID: write void unless it is paid already."""

    ASK = "ask"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class AskResolve:
    """Ask the ledger about a sale; answered by Resolved or ResolveFailed within the deadline."""

    sale: SaleNumber
    mode: ResolveMode
    attempt: int
    deadline_ms: int


@dataclass(frozen=True, slots=True)
class PullPayments:
    """Payments after a sequence: each as PaymentArrived, then PullFinished; or PullFailed."""

    after: Sequence


@dataclass(frozen=True, slots=True)
class PushEvents:
    """Give these to the server; answered by EventsPushed or PushFailed."""

    events: tuple[OutgoingEvent, ...]


@dataclass(frozen=True, slots=True)
class ProbePrinter:
    """Ask the printer for its status; answered by PrinterReported."""


@dataclass(frozen=True, slots=True)
class ProbeParts:
    """Probe every link and part; each reports, then PartsProbed."""


@dataclass(frozen=True, slots=True)
class Reconnect:
    """Staff tapped もう一度: try the server, the broker and the clock now."""


@dataclass(frozen=True, slots=True)
class RetryJournal:
    """Try the journal; JournalRecovered when it takes writes again."""


@dataclass(frozen=True, slots=True)
class Complain:
    """For the log and the operator: a stable code, and engineer's words."""

    code: str
    detail: str


Effect = (
    WriteJournal
    | Show
    | PlaySound
    | SpeakPayment
    | PrintSlip
    | ProbeSlip
    | AskResolve
    | PullPayments
    | PushEvents
    | ProbePrinter
    | ProbeParts
    | Reconnect
    | RetryJournal
    | Complain
)
