"""What the journal keeps: the records that a transition writes and the snapshot it starts from.

A transition's records are one transaction: all of them are durable, or none is.
"""

from dataclasses import dataclass
from enum import StrEnum

from device.core.configuration import Configuration
from device.core.outgoing import OutgoingEvent
from device.core.page_data import Lockout
from device.core.payment import Payment
from device.core.printing_data import JobPhase, PrintJob
from device.core.sale_data import Sale
from device.core.state import Received
from device.core.telling_data import KnownPayment, Telling
from protos.units import Micros, PaymentId, SaleNumber, Sequence


@dataclass(frozen=True, slots=True)
class SaleSaved:
    """A sale as it is now (insert or replace by its number)."""

    sale: Sale
    at: Micros


@dataclass(frozen=True, slots=True)
class SequencesSkipped:
    """Nothing that is not here yet will come up to this sequence: the ledger was restored."""

    until: Sequence


@dataclass(frozen=True, slots=True)
class SaleNumberRaised:
    """The next sale number must be above this one (the server knew a higher one)."""

    number: SaleNumber


@dataclass(frozen=True, slots=True)
class PaymentReceived:
    """A payment, once by its id, and how staff stand to be told."""

    payment: Payment
    telling: Telling
    at: Micros


@dataclass(frozen=True, slots=True)
class TellingChanged:
    """STARTED before the first sound, SPOKEN, SILENT, LATE or SEEN after."""

    payment_id: PaymentId
    telling: Telling
    at: Micros


@dataclass(frozen=True, slots=True)
class JobQueued:
    """A sheet that is to be printed. Day reports are not journalled: staff ask again."""

    job: PrintJob


@dataclass(frozen=True, slots=True)
class JobChanged:
    """PRINTING before the first byte, the outcome after."""

    job_id: str
    phase: JobPhase
    at: Micros


@dataclass(frozen=True, slots=True)
class EventQueued:
    """An event for the server."""

    event: OutgoingEvent


@dataclass(frozen=True, slots=True)
class EventsDelivered:
    """The server has these: they leave the outbox."""

    event_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConfigurationKept:
    """The last good configuration."""

    configuration: Configuration
    at: Micros


@dataclass(frozen=True, slots=True)
class LockoutSaved:
    """The offline check's misses and lock."""

    lockout: Lockout


JournalRecord = (
    SaleSaved
    | SaleNumberRaised
    | SequencesSkipped
    | PaymentReceived
    | TellingChanged
    | JobQueued
    | JobChanged
    | EventQueued
    | EventsDelivered
    | ConfigurationKept
    | LockoutSaved
)


class JournalOrigin(StrEnum):
    """Where the journal's content comes from."""

    KEPT = "kept"
    NEW = "new"
    """None was there: a new device."""
    REPLACED = "replaced"
    """The old one was damaged and moved aside: an alarm, and what was announced is unknown."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the journal knows at boot."""

    origin: JournalOrigin
    began_at: Micros
    """When this journal was created."""
    last_sale: SaleNumber
    open_sales: tuple[Sale, ...]
    """Not final, ascending; LAPSED ones of the last 10 minutes only."""
    payments: tuple[KnownPayment, ...]
    """Of today, and older ones WAITING, STARTED, LATE, or with unfinished jobs."""
    received: Received
    jobs: tuple[PrintJob, ...]
    """Not PRINTED, not DOUBTFUL, not DROPPED, in order."""
    sheets: tuple[tuple[str, int], ...]
    outbox: tuple[OutgoingEvent, ...]
    configuration: Configuration | None
    lockout: Lockout
