"""Print jobs and the printer, in frozen values."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from device.core.japan_time import MonoMs
from device.core.payment import Payment
from device.core.sale_data import Attention
from protos.units import Micros, SaleNumber, Yen


class SlipCopy(StrEnum):
    """Whose copy. Each is a job of its own."""

    CUSTOMER = "customer"
    SHOP = "shop"


class SlipMark(StrEnum):
    """What stands first and last on the slip."""

    ORIGINAL = "original"
    REISSUE = "reissue"


class JobPhase(StrEnum):
    """A print job: Queued → Printing → Printed | Held; DOUBTFUL after a crash in between."""

    QUEUED = "queued"
    PRINTING = "printing"
    HELD = "held"
    """The printer proved that it did not come out; it waits for the printer."""
    PRINTED = "printed"
    DOUBTFUL = "doubtful"
    """Nobody knows; the next sheet says 【再発行】."""
    DROPPED = "dropped"
    """More slips were waiting than the queue holds; it can be printed from the list."""


class PrinterState(StrEnum):
    """What the printer last said of itself. Unknown is not "fine"."""

    READY = "ready"
    PAPER_OUT = "paper_out"
    COVER_OPEN = "cover_open"
    SILENT = "silent"
    FAULT = "fault"
    UNKNOWN = "unknown"
    ABSENT = "absent"
    """This terminal has none."""


class PaperState(StrEnum):
    """The roll."""

    ENOUGH = "enough"
    LOW = "low"
    OUT = "out"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PaymentSubject:
    """ご利用票 of a payment."""

    payment: Payment


@dataclass(frozen=True, slots=True)
class ProvisionalSubject:
    """【仮控え】 of a sale whose code was genuine."""

    sale: SaleNumber
    amount: Yen
    code: str
    opened_at: Micros
    checked_at: Micros


@dataclass(frozen=True, slots=True)
class DaySubject:
    """日計 of one day, as known when staff asked for it."""

    day: dt.date
    asked_at: Micros
    payments: tuple[Payment, ...]
    checking: int
    """Sales still 確認中."""
    accepted: int
    """Sales known by their code only."""


Subject = PaymentSubject | ProvisionalSubject | DaySubject


@dataclass(frozen=True, slots=True)
class PrintJob:
    """One sheet. ``sheet`` counts from 1; from 2 on a payment's slip is a reissue."""

    job_id: str
    subject: Subject
    copy: SlipCopy
    mark: SlipMark
    sheet: int
    queued_at: Micros
    phase: JobPhase = JobPhase.QUEUED


@dataclass(frozen=True, slots=True)
class Printing:
    """The jobs that are not done, in order; what the printer says; the banner's knocks."""

    jobs: tuple[PrintJob, ...] = ()
    sheets: tuple[tuple[str, int], ...] = ()
    """Highest sheet per subject of today, so that a reprint counts on: (subject key, sheet)."""
    printer: PrinterState = PrinterState.UNKNOWN
    paper: PaperState = PaperState.UNKNOWN
    cut_off: str | None = None
    """The job that a crash cut off, while the printer is asked about it."""
    started_at: MonoMs | None = None
    """When the job under way began."""
    retry_at: MonoMs | None = None
    """When a held job is tried again."""
    banner: Attention = Attention.TOLD
    """QUIET: staff tapped 後で; the banner stays away until the trouble changes."""
    knocks: int = 0
    knock_at: MonoMs | None = None
