"""Proof that the grants' own rows are what the chain says of them."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Column, Connection, Table, func, select

from protos.units import Micros
from server.campaigns.bulk.types import ShownDigest
from server.campaigns.grant_cancels import cancel_subject
from server.campaigns.grant_rules import grant_subject
from server.campaigns.grant_types import Notes
from server.db.schema import campaigns as c
from server.db.schema import grants as t
from server.ledger import (
    LotId,
    Operation,
    PostingDraft,
    count_entries,
    issued_lots,
    postings_of,
    subjects_of,
)

_CHUNK: Final = 500
_SHOWN: Final = 20
_Subjects = dict[str, tuple[bytes, Micros]]


def verify_grants(connection: Connection) -> list[str]:
    """What does not hold between grants, their transaction rows, notes and lots, cancels, files
    and the ledger; [] when all does. At most 20 findings are named.
    """
    findings: list[str] = []
    grants = cancels = 0
    for rows in _chunks(connection, c.grants, c.grants.c.grant_id):
        grants += len(rows)
        if len(findings) < _SHOWN:
            findings += _check_grants(connection, rows)
    for rows in _chunks(connection, t.grant_cancels, t.grant_cancels.c.cancel_id):
        cancels += len(rows)
        if len(findings) < _SHOWN:
            findings += _check_cancels(connection, rows)
    wanted = count_entries(connection, Operation.GRANT) + count_entries(
        connection, Operation.CHARGE
    )
    findings += _counts("grants and charges", wanted, grants)
    wanted = count_entries(connection, Operation.CANCEL_GRANT)
    findings += _counts("cancels of grants", wanted, cancels)
    findings += _strays(connection)
    findings += _check_files(connection)
    return findings[:_SHOWN]


def _chunks(connection: Connection, table: Table, key: Column[Any]) -> Iterator[list[Any]]:
    last = ""
    while rows := list(
        connection.execute(select(table).where(key > last).order_by(key).limit(_CHUNK))
    ):
        yield rows
        last = getattr(rows[-1], key.name)


def _check_grants(connection: Connection, rows: Sequence[Any]) -> Iterator[str]:
    ids = [row.grant_id for row in rows]
    entries = subjects_of(connection, ids)
    lots = issued_lots(connection, [LotId(row.lot_id) for row in rows])
    more = _by_grant(connection, t.grant_transactions, ids)
    notes = _by_grant(connection, t.grant_notes, ids)
    for row in rows:
        lot = lots.get(LotId(row.lot_id))
        written = (row.grant_id, row.amount, row.price, row.expires_at)
        tr, note = more.get(row.grant_id), notes.get(row.grant_id)
        if lot is None or (lot.entry_id, lot.face, lot.price, lot.expires_at) != written:
            yield f"grant {row.grant_id}: its lot says something else"
        if tr is not None and note is not None:
            text = Notes(note.note1, note.note2, note.note3, bytes(note.salt))
            if text.hash != bytes(tr.note_hash):
                yield f"grant {row.grant_id}: its notes are not those it was made with"
        yield from _entry("grant", row.grant_id, _subject(row, tr), row.granted_at, entries)


def _subject(row: Any, tr: Any | None) -> bytes:
    if tr is None:  # version 1
        return bytes(row.request_hash)
    return grant_subject(
        grant_id=row.grant_id,
        idempotency_key=row.idempotency_key,
        request_hash=bytes(row.request_hash),
        operation=row.operation,
        user_id=row.user_id,
        service_id=row.service_id,
        amount=row.amount,
        price=row.price,
        lot_id=row.lot_id,
        expires_at=row.expires_at,
        funding=tr.funding,
        origin=tr.origin,
        batch_id=tr.batch_id or "",
        line=tr.line,
        act_id=tr.act_id or "",
        note_hash=bytes(tr.note_hash),
        before=tr.before_value,
        after=tr.after_value,
    )


def _check_cancels(connection: Connection, rows: Sequence[Any]) -> Iterator[str]:
    entries = subjects_of(connection, [row.cancel_id for row in rows])
    given = postings_of(connection, [row.grant_id for row in rows])
    taken = postings_of(connection, [row.cancel_id for row in rows])
    for row in rows:
        back = tuple(
            PostingDraft(p.credit, p.debit, p.amount, p.lot) for p in given.get(row.grant_id, ())
        )
        if not back or taken.get(row.cancel_id) != back:
            yield f"cancel {row.cancel_id}: its postings do not take back its grant"
        subject = cancel_subject(
            cancel_id=row.cancel_id,
            grant_id=row.grant_id,
            idempotency_key=row.idempotency_key,
            act_id=row.act_id,
            amount=row.amount,
            before=row.before_value,
            after=row.after_value,
        )
        yield from _entry("cancel", row.cancel_id, subject, row.cancelled_at, entries)


def _entry(what: str, id_: str, subject: bytes, at: int, entries: _Subjects) -> Iterator[str]:
    entry = entries.get(id_)
    if entry is None:
        yield f"{what} {id_}: no entry in the ledger"
        return
    if entry[0] != subject:
        yield f"{what} {id_}: differs from its entry"
    if entry[1] != at:
        yield f"{what} {id_}: another instant than its entry"


def _counts(what: str, entries: int, rows: int) -> list[str]:
    return [] if entries == rows else [f"{entries} entries of {what} in the ledger, {rows} rows"]


def _strays(connection: Connection) -> Iterator[str]:
    """Rows beside no grant."""
    tr = t.grant_transactions
    for table, key in ((tr, tr.c.grant_id), (t.grant_notes, t.grant_notes.c.grant_id)):
        strays = connection.execute(
            select(func.count())
            .select_from(table)
            .outerjoin(c.grants, c.grants.c.grant_id == key)
            .where(c.grants.c.grant_id.is_(None))
        ).scalar_one()
        if strays:
            yield f"{strays} rows of {table.name} belong to no grant"
    unconfirmed = connection.execute(
        select(func.count())
        .select_from(tr)
        .outerjoin(t.bulk_confirmations, t.bulk_confirmations.c.batch_id == tr.c.batch_id)
        .where(tr.c.batch_id.is_not(None), t.bulk_confirmations.c.batch_id.is_(None))
    ).scalar_one()
    if unconfirmed:
        yield f"{unconfirmed} grants come from a file that nobody confirmed"


def _check_files(connection: Connection) -> Iterator[str]:
    """A complete batch has booked exactly what was shown; one that runs is no finding."""
    rows = connection.execute(
        select(t.bulk_confirmations, t.bulk_completions.c.completed_at)
        .join_from(
            t.bulk_confirmations,
            t.bulk_completions,
            t.bulk_completions.c.batch_id == t.bulk_confirmations.c.batch_id,
        )
        .order_by(t.bulk_confirmations.c.serial)
    ).all()
    for row in rows:
        digest, lines, amount = _booked(connection, row.batch_id)
        if (lines, amount) != (row.new_lines, row.amount):
            yield (
                f"batch {row.batch_id}: {row.new_lines} lines of {row.amount} yen were confirmed, "
                f"{lines} of {amount} stand in the books"
            )
        elif digest != row.shown_digest:
            yield f"batch {row.batch_id}: what was booked is not what was shown"


def _booked(connection: Connection, batch_id: str) -> tuple[str, int, int]:
    """Digest, lines and yen of what a batch has booked."""
    g, tr = c.grants.c, t.grant_transactions.c
    digest, last, lines, amount = ShownDigest(), 0, 0, 0
    page = (
        select(c.grants, tr.line, tr.note_hash)
        .join_from(t.grant_transactions, c.grants, g.grant_id == tr.grant_id)
        .where(tr.batch_id == batch_id)
        .order_by(tr.line)
        .limit(_CHUNK)
    )
    while rows := connection.execute(page.where(tr.line > last)).all():
        for r in rows:
            digest.add(
                r.line,
                r.idempotency_key,
                r.operation,
                r.user_id,
                r.service_id,
                r.amount,
                r.price,
                r.expires_at,
                bytes(r.note_hash),
            )
            amount += r.amount
        lines += len(rows)
        last = rows[-1].line
    return digest.text(), lines, amount


def _by_grant(connection: Connection, table: Table, ids: Sequence[str]) -> dict[str, Any]:
    rows = connection.execute(select(table).where(table.c.grant_id.in_(ids)))
    return {row.grant_id: row for row in rows}
