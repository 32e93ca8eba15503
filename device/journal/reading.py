"""The snapshot that the counter boots from."""

import sqlite3

from device.core import limits
from device.core.outgoing import EventKind, OutgoingEvent
from device.core.page_data import Lockout
from device.core.printing_data import (
    JobPhase,
    PaymentSubject,
    PrintJob,
    SlipCopy,
    SlipMark,
)
from device.core.records import JournalOrigin, Snapshot
from device.core.sale_data import Attention, Doubt, Sale, SalePhase, Sequel
from device.core.state import Received
from device.core.telling_data import KnownPayment, Telling
from device.journal.codec import (
    load_configuration,
    load_lockout,
    load_payment,
    load_provisional,
    skipped_key,
)
from protos.units import Micros, PaymentId, SaleNumber, Sequence, TerminalNumber, Yen

_UNTOLD = "('waiting', 'started', 'late')"
_OPEN_JOBS = "('queued', 'printing', 'held')"


def read_snapshot(
    connection: sqlite3.Connection, terminal: TerminalNumber, origin: JournalOrigin
) -> Snapshot:
    """Everything in one read transaction. Raises sqlite3.Error and the codec's errors."""
    connection.execute("BEGIN")
    try:
        kv = dict(connection.execute("SELECT key, value FROM kv"))
        configuration = connection.execute("SELECT body FROM configuration").fetchone()
        return Snapshot(
            origin=origin,
            began_at=Micros(int(kv["began_at"])),
            last_sale=_last_sale(connection, kv),
            open_sales=_open_sales(connection, terminal),
            payments=_payments(connection, terminal),
            received=_received(connection, terminal),
            jobs=_jobs(connection, terminal),
            sheets=_sheets(connection, terminal),
            outbox=_outbox(connection, terminal),
            configuration=load_configuration(configuration[0]) if configuration else None,
            lockout=load_lockout(kv["lockout"]) if "lockout" in kv else Lockout(),
        )
    finally:
        connection.execute("ROLLBACK")


def _last_sale(connection: sqlite3.Connection, kv: dict[str, str]) -> SaleNumber:
    """The highest of any enrolment: a number is never given again."""
    (highest,) = connection.execute("SELECT COALESCE(MAX(number), 0) FROM sales").fetchone()
    return SaleNumber(max(highest, int(kv.get("raised_sale", "0"))))


_SALE = (
    "SELECT number, amount, phase, opened_at, minted_at, claimed_amount, doubt, attention, "
    "sequel, code FROM sales WHERE terminal = ? "
)


def _open_sales(connection: sqlite3.Connection, terminal: TerminalNumber) -> tuple[Sale, ...]:
    doubtful = connection.execute(
        _SALE + "AND phase NOT IN ('paid', 'expired', 'cancelled', 'lapsed')", (terminal,)
    )
    rows = doubtful.fetchall()
    rows += connection.execute(
        _SALE + "AND phase = 'lapsed' ORDER BY number DESC LIMIT ?",
        (terminal, limits.CHECK_CANDIDATES),
    )
    return tuple(sorted((_sale(row) for row in rows), key=lambda sale: sale.number))


def _sale(row: tuple[int, int, str, int, int, int, str, str, str, str]) -> Sale:
    number, amount, phase, opened_at, minted_at, claimed, doubt, attention, sequel, code = row
    return Sale(
        number=SaleNumber(number),
        amount=Yen(amount),
        phase=SalePhase(phase),
        opened_at=Micros(opened_at),
        minted_at=Micros(minted_at),
        claimed_amount=Yen(claimed),
        doubt=Doubt(doubt),
        attention=Attention(attention),
        sequel=Sequel(sequel),
        code=code,
    )


def _payments(connection: sqlite3.Connection, terminal: TerminalNumber) -> tuple[KnownPayment, ...]:
    """The newest, and older ones of which staff still have to be told."""
    rows = connection.execute(
        "SELECT body, telling FROM payments JOIN announcements USING (payment_id) "  # noqa: S608
        "WHERE terminal = :terminal AND (telling IN " + _UNTOLD + " OR paid_at >= "
        "COALESCE((SELECT paid_at FROM payments WHERE terminal = :terminal "
        "ORDER BY paid_at DESC LIMIT 1 OFFSET :limit), 0)) ORDER BY paid_at",
        {"terminal": terminal, "limit": limits.MAX_PAYMENTS - 1},
    )
    return tuple(KnownPayment(load_payment(body), Telling(telling)) for body, telling in rows)


def _received(connection: sqlite3.Connection, terminal: TerminalNumber) -> Received:
    """All sequences up to the first gap, and those above it.

    What a restored ledger skipped is no gap: nothing is missing up to there.
    """
    skipped = connection.execute(
        "SELECT value FROM kv WHERE key = ?", (skipped_key(terminal),)
    ).fetchone()
    floor = int(skipped[0]) if skipped else 0
    (contiguous,) = connection.execute(
        "SELECT CASE WHEN EXISTS (SELECT 1 FROM payments WHERE terminal = ?1 AND sequence = ?2 + 1)"
        " THEN (SELECT MIN(sequence) FROM payments p WHERE terminal = ?1 AND sequence > ?2 "
        "AND NOT EXISTS "
        "(SELECT 1 FROM payments n WHERE n.terminal = ?1 AND n.sequence = p.sequence + 1)) "
        "ELSE ?2 END",
        (terminal, floor),
    ).fetchone()
    above = connection.execute(
        "SELECT sequence FROM payments WHERE terminal = ? AND sequence > ? "
        "ORDER BY sequence LIMIT ?",
        (terminal, contiguous, limits.MAX_ABOVE_GAP),
    )
    return Received(Sequence(contiguous), frozenset(Sequence(row[0]) for row in above))


def _jobs(connection: sqlite3.Connection, terminal: TerminalNumber) -> tuple[PrintJob, ...]:
    rows = connection.execute(
        "SELECT job_id, prints.body, payments.body, copy, mark, sheet, queued_at, phase "
        "FROM prints LEFT JOIN payments USING (payment_id) "
        "WHERE prints.terminal = ? AND phase IN " + _OPEN_JOBS + " ORDER BY place",
        (terminal,),
    )
    return tuple(
        PrintJob(
            job_id=job_id,
            subject=PaymentSubject(load_payment(payment)) if payment else load_provisional(body),
            copy=SlipCopy(copy),
            mark=SlipMark(mark),
            sheet=sheet,
            queued_at=Micros(queued_at),
            phase=JobPhase(phase),
        )
        for job_id, body, payment, copy, mark, sheet, queued_at, phase in rows
    )


def _sheets(
    connection: sqlite3.Connection, terminal: TerminalNumber
) -> tuple[tuple[str, int], ...]:
    """How many sheets the newest subjects have: job ids are ``subject/copy/sheet``."""
    rows = connection.execute(
        "SELECT job_id, sheet FROM prints WHERE terminal = ? ORDER BY place DESC LIMIT ?",
        (terminal, limits.MAX_SHEETS),
    )
    highest: dict[str, int] = {}
    for job_id, sheet in rows:
        key = job_id.rpartition("/")[0]
        highest[key] = max(sheet, highest.get(key, 0))
    return tuple(reversed(highest.items()))


def _outbox(connection: sqlite3.Connection, terminal: TerminalNumber) -> tuple[OutgoingEvent, ...]:
    rows = connection.execute(
        "SELECT event_id, kind, at, payment_id, sale, detail FROM outbox WHERE terminal = ? "
        "ORDER BY place",
        (terminal,),
    )
    return tuple(
        OutgoingEvent(
            event_id=event_id,
            kind=EventKind(kind),
            at=Micros(at),
            payment_id=PaymentId(payment_id) if payment_id else None,
            sale=SaleNumber(sale) if sale else None,
            detail=detail,
        )
        for event_id, kind, at, payment_id, sale, detail in rows
    )
