"""Each record as a statement. The transaction around them is the journal's."""

import sqlite3
from typing import assert_never

from device.core.outgoing import OutgoingEvent
from device.core.payment import Payment
from device.core.printing_data import (
    DaySubject,
    JobPhase,
    PaymentSubject,
    PrintJob,
    ProvisionalSubject,
)
from device.core.records import (
    ConfigurationKept,
    EventQueued,
    EventsDelivered,
    JobChanged,
    JobQueued,
    JournalRecord,
    LockoutSaved,
    PaymentReceived,
    SaleNumberRaised,
    SaleSaved,
    SequencesSkipped,
    TellingChanged,
)
from device.core.telling_data import Telling
from device.journal.codec import dump, skipped_key
from protos.units import TerminalNumber

_DONE_TELLINGS = frozenset({Telling.SPOKEN, Telling.SILENT, Telling.LATE, Telling.BY_CODE})


class Writer:
    """Writes records of one terminal through one connection."""

    def __init__(self, connection: sqlite3.Connection, terminal: TerminalNumber) -> None:
        self._db = connection
        self._terminal = terminal

    def write(self, record: JournalRecord) -> None:
        """One record. Raises sqlite3.Error."""
        match record:
            case SaleSaved():
                self._sale(record)
            case SequencesSkipped(until):
                self._db.execute(
                    "INSERT OR REPLACE INTO kv VALUES (?, ?)",
                    (skipped_key(self._terminal), str(until)),
                )
            case SaleNumberRaised(number):
                self._db.execute(
                    "INSERT INTO kv VALUES ('raised_sale', ?) ON CONFLICT (key) DO UPDATE "
                    "SET value = MAX(CAST(value AS INTEGER), CAST(excluded.value AS INTEGER))",
                    (str(number),),
                )
            case PaymentReceived():
                self._payment(record)
            case TellingChanged():
                self._telling(record)
            case JobQueued(job):
                self._job(job)
            case JobChanged():
                self._job_changed(record)
            case EventQueued(event):
                self._event(event)
            case EventsDelivered(event_ids):
                rows = [(event_id,) for event_id in event_ids]
                self._db.executemany("DELETE FROM outbox WHERE event_id = ?", rows)
            case ConfigurationKept(configuration, at):
                self._db.execute(
                    "INSERT OR REPLACE INTO configuration VALUES (1, ?, ?, ?)",
                    (configuration.version, dump(configuration), at),
                )
            case LockoutSaved(lockout):
                self._db.execute(
                    "INSERT OR REPLACE INTO kv VALUES ('lockout', ?)", (dump(lockout),)
                )
            case _:
                assert_never(record)

    def _sale(self, record: SaleSaved) -> None:
        sale = record.sale
        self._db.execute(
            "INSERT OR REPLACE INTO sales VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self._terminal,
                sale.number,
                sale.amount,
                sale.phase,
                sale.opened_at,
                sale.minted_at,
                sale.claimed_amount,
                sale.doubt,
                sale.attention,
                sale.sequel,
                sale.code,
                record.at,
            ),
        )

    def _payment(self, record: PaymentReceived) -> None:
        """Once by its id, once by its sequence: what comes again leaves the first row alone."""
        payment: Payment = record.payment
        done = self._db.execute(
            "INSERT INTO payments VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                payment.payment_id,
                self._terminal,
                payment.sequence,
                payment.sale,
                payment.amount,
                payment.paid_at,
                dump(payment),
                record.at,
            ),
        )
        if done.rowcount == 1:
            self._db.execute(
                "INSERT INTO announcements (payment_id, telling) VALUES (?, ?)",
                (payment.payment_id, record.telling),
            )

    def _telling(self, record: TellingChanged) -> None:
        started = record.at if record.telling is Telling.STARTED else None
        done = record.at if record.telling in _DONE_TELLINGS else None
        self._db.execute(
            "UPDATE announcements SET telling = ?, started_at = COALESCE(?, started_at), "
            "done_at = COALESCE(?, done_at) WHERE payment_id = ?",
            (record.telling, started, done, record.payment_id),
        )

    def _job(self, job: PrintJob) -> None:
        payment_id: str | None = None
        body = ""
        match job.subject:
            case PaymentSubject(payment):
                payment_id = payment.payment_id
            case ProvisionalSubject():
                body = dump(job.subject)
            case DaySubject():
                return  # staff ask for a day report again
        self._db.execute(
            "INSERT INTO prints (terminal, job_id, payment_id, body, copy, mark, sheet, phase, "
            "queued_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                self._terminal,
                job.job_id,
                payment_id,
                body,
                job.copy,
                job.mark,
                job.sheet,
                job.phase,
                job.queued_at,
            ),
        )

    def _job_changed(self, record: JobChanged) -> None:
        started = record.at if record.phase is JobPhase.PRINTING else None
        done = record.at if record.phase in (JobPhase.PRINTED, JobPhase.DOUBTFUL) else None
        self._db.execute(
            "UPDATE prints SET phase = ?, started_at = COALESCE(?, started_at), "
            "done_at = COALESCE(?, done_at) WHERE job_id = ?",
            (record.phase, started, done, record.job_id),
        )

    def _event(self, event: OutgoingEvent) -> None:
        self._db.execute(
            "INSERT INTO outbox (terminal, event_id, kind, at, payment_id, sale, detail) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                self._terminal,
                event.event_id,
                int(event.kind),
                event.at,
                event.payment_id,
                event.sale,
                event.detail,
            ),
        )
