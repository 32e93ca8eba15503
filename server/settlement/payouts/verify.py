"""Proof that payouts, corrections and returns are what closes, people and the ledger say."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, func, select

from server.db import DatabaseKind
from server.db.schema import payouts as t
from server.ledger import (
    LineReader,
    LotLine,
    Operation,
    PostingDraft,
    count_entries,
    entries_of,
    salted,
    subjects_of,
)
from server.settlement.payouts.bank_details import details_hash
from server.settlement.payouts.bulks import bulks_of, discarded_bulks, items_of, payouts_of
from server.settlement.payouts.corrections import all_corrections
from server.settlement.payouts.entries import (
    Own,
    correction_lines,
    correction_subject,
    has_entry,
    own_accounts_there,
    payout_lines,
    payout_subject,
    return_lines,
    return_subject,
)
from server.settlement.payouts.rules import SENT_STATES
from server.settlement.payouts.sources import Sources
from server.settlement.payouts.types import (
    Bulk,
    Correction,
    Item,
    Payout,
    RequestState,
    same_person,
)
from server.settlement.payouts.verify_bulk import of_bulk_itself, of_payout_itself

_SHOWN: Final = 20
_PAGE: Final = 50


def verify_payouts(connection: Connection) -> list[str]:
    """What does not hold; [] when all does. At most 20 findings are named."""
    findings: list[str] = []
    for finding in _all_findings(connection):
        findings.append(finding)
        if len(findings) == _SHOWN:
            break
    return findings


def _all_findings(connection: Connection) -> Iterator[str]:
    counted: Counter[Operation] = Counter()
    yield from _bank_details(connection)
    yield from _corrections(connection, counted)
    yield from _bulks(connection, counted)
    yield from _used_once(connection)
    yield from _orphans(connection)
    for operation in (Operation.PAY_OUT, Operation.CORRECT, Operation.RETURN_PAY_OUT):
        entries = count_entries(connection, operation)
        if entries != counted[operation]:
            yield (
                f"{entries} entries of {operation.name} in the ledger, {counted[operation]} rows"
            )


def _bank_details(connection: Connection) -> Iterator[str]:
    """Each is what was asked for, and approved by somebody else. Texts may have been deleted."""
    r, b, d = t.bank_requests, t.bank_details, t.bank_decisions
    rows = connection.execute(
        select(r, b, d.c.approved, d.c.decided_by, d.c.decided_at)
        .join_from(r, b, b.c.request_id == r.c.request_id, isouter=True)
        .join(d, d.c.request_id == r.c.request_id, isouter=True)
        .order_by(r.c.payee_kind, r.c.payee_id, r.c.version)
    ).mappings()
    last: tuple[int, str, int] = (0, "", 0)
    for row in rows:
        where = f"bank details {row[r.c.request_id]} of {row[r.c.payee_id]}"
        expected = last[2] + 1 if last[:2] == (row[r.c.payee_kind], row[r.c.payee_id]) else 1
        last = (row[r.c.payee_kind], row[r.c.payee_id], row[r.c.version])
        if row[r.c.version] != expected:
            yield f"{where}: version {row[r.c.version]} follows {expected - 1}"
        if row[b.c.salt] is not None and details_hash(
            bytes(row[b.c.salt]),
            (
                row[b.c.bank_code],
                row[b.c.branch_code],
                row[b.c.account_type],
                row[b.c.account_number],
                row[b.c.recipient],
            ),
        ) != bytes(row[r.c.details_hash]):
            yield f"{where}: not those that were asked for"
        if row[d.c.approved] and same_person(row[d.c.decided_by], row[r.c.requested_by]):
            yield f"{where}: asked for and approved by one person"
        if row[d.c.decided_at] is not None and row[d.c.decided_at] < row[r.c.requested_at]:
            yield f"{where}: decided before it was asked for"


def _corrections(connection: Connection, counted: Counter[Operation]) -> Iterator[str]:
    reader = LineReader(DatabaseKind(connection.dialect.name))
    for correction, note_hash, salt in all_corrections(connection):
        where = f"correction {correction.correction_id} of shop {correction.shop_id}"
        approved = correction.state is RequestState.APPROVED
        if approved:
            counted[Operation.CORRECT] += 1
            if same_person(correction.proposed_by, correction.decided_by):
                yield f"{where}: proposed and approved by one person"
        if correction.decided_by and correction.decided_at < correction.proposed_at:
            yield f"{where}: decided before it was proposed"
        if salt is not None and salted(salt, correction.why) != note_hash:
            yield f"{where}: its reason is not the one that was written"
        for what in _of_correction(connection, reader, correction, note_hash, approved):
            yield f"{where}: {what}"


def _of_correction(
    connection: Connection,
    reader: LineReader,
    correction: Correction,
    note_hash: bytes,
    approved: bool,
) -> Iterator[str]:
    entry_id = correction.correction_id
    entry = subjects_of(connection, [entry_id]).get(entry_id)
    if not approved:
        if entry is not None:
            yield "booked, though nobody has approved it"
        return
    if entry is None:
        yield "no entry in the ledger"
        return
    if entry[0] != correction_subject(correction, note_hash):
        yield "differs from its entry"
    own = own_accounts_there(connection, correction.service_id)
    lines = correction_lines(correction.account, correction.amount, own)
    if not _same_lines(lines, reader.read(connection, [entry_id]).get(entry_id, ())):
        yield "its entry moves something else"


def _bulks(connection: Connection, counted: Counter[Operation]) -> Iterator[str]:
    reader, sources = LineReader(DatabaseKind(connection.dialect.name)), Sources(connection)
    after, expected = 0, 1
    while page := bulks_of(connection, after=after, limit=_PAGE):
        for bulk in page:
            if bulk.number != expected:
                yield f"bulk {bulk.number}: follows {expected - 1}"
            expected = bulk.number + 1
            yield from _of_bulk(connection, reader, sources, bulk, counted)
        after = page[-1].number


def _of_bulk(
    connection: Connection,
    reader: LineReader,
    sources: Sources,
    bulk: Bulk,
    counted: Counter[Operation],
) -> Iterator[str]:
    payouts = payouts_of(connection, bulk.bulk_id)
    ids = [payout.payout_id for payout in payouts]
    items = items_of(connection, ids)
    for what in of_bulk_itself(connection, bulk, payouts):
        yield f"bulk {bulk.number}: {what}"
    sent = bool(bulk.events) and bulk.state in SENT_STATES
    returns = _returns_of(connection, ids)
    entries = _entries(connection, [*ids, *(row.return_id for row in returns.values())])
    lines = reader.read(connection, [*ids, *(row.return_id for row in returns.values())])
    own = own_accounts_there(connection, bulk.service_id)
    for payout in payouts:
        where = f"payout {payout.payout_id} of {payout.payee.payee_id} in bulk {bulk.number}"
        own_items = items.get(payout.payout_id, ())
        booked = sent and has_entry(payout)
        counted[Operation.PAY_OUT] += booked
        returned = returns.get(payout.payout_id)
        for what in (
            *of_payout_itself(payout, own_items),
            *(sources.wrong(bulk, item) for item in own_items),
            *_of_entry(payout, own_items, own, booked, entries, lines),
            *_of_return(payout, returned, sent, own, entries, lines),
        ):
            if what:
                yield f"{where}: {what}"
        counted[Operation.RETURN_PAY_OUT] += returned is not None


def _of_entry(
    payout: Payout,
    items: tuple[Item, ...],
    own: Own,
    booked: bool,
    entries: dict[str, tuple[bytes, int]],
    lines: dict[str, tuple[LotLine, ...]],
) -> Iterator[str]:
    entry = entries.get(payout.payout_id)
    if not booked:
        if entry is not None:
            yield "booked, though its bulk was never sent or it moves nothing"
        return
    if entry is None:
        yield "no entry in the ledger"
        return
    if entry[0] != payout_subject(payout, items):
        yield "differs from its entry"
    if not _same_lines(payout_lines(payout, own), lines.get(payout.payout_id, ())):
        yield "its entry moves something else"


def _of_return(
    payout: Payout,
    row: Any,
    sent: bool,
    own: Own,
    entries: dict[str, tuple[bytes, int]],
    lines: dict[str, tuple[LotLine, ...]],
) -> Iterator[str]:
    if row is None:
        return
    if not sent or not payout.amount:
        yield "came back, though it was never transferred"
    if row.salt is not None and salted(bytes(row.salt), row.note) != bytes(row.note_hash):
        yield "the reason of its return is not the one that was written"
    entry = entries.get(row.return_id)
    if entry is None:
        yield "its return has no entry in the ledger"
        return
    subject = return_subject(
        row.return_id,
        payout.payout_id,
        bool(row.details_wrong),
        bytes(row.note_hash),
        row.recorded_by,
    )
    if entry[0] != subject:
        yield "its return differs from its entry"
    if not _same_lines(return_lines(payout, own), lines.get(row.return_id, ())):
        yield "the entry of its return moves something else"


def _returns_of(connection: Connection, payout_ids: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    r, n = t.payout_returns, t.payout_notes
    for at in range(0, len(payout_ids), 500):
        rows = connection.execute(
            select(r, n.c.salt, n.c.note)
            .join_from(r, n, n.c.subject_id == r.c.return_id, isouter=True)
            .where(r.c.payout_id.in_(payout_ids[at : at + 500]))
        )
        found |= {row.payout_id: row for row in rows}
    return found


def _entries(connection: Connection, ids: list[str]) -> dict[str, tuple[bytes, int]]:
    found: dict[str, tuple[bytes, int]] = {}
    for at in range(0, len(ids), 500):
        found |= subjects_of(connection, ids[at : at + 500])
    return found


def _used_once(connection: Connection) -> Iterator[str]:
    """Nothing is in two living bulks, and uses are numbered without gaps, the last one living."""
    i, p = t.payout_items.c, t.payouts.c
    living = p.bulk_id.not_in(discarded_bulks())
    twice = connection.execute(
        select(i.kind, i.source_id, i.shop_id)
        .join_from(t.payout_items, t.payouts, p.payout_id == i.payout_id)
        .where(living)
        .group_by(i.kind, i.source_id, i.shop_id)
        .having(func.count() > 1)
        .limit(_SHOWN)
    )
    for _, source, shop in twice:
        yield f"{source} of shop {shop}: paid twice"
    gaps = connection.execute(
        select(i.source_id, i.shop_id)
        .group_by(i.kind, i.source_id, i.shop_id)
        .having(func.max(i.use) != func.count())
        .limit(_SHOWN)
    )
    for source, shop in gaps:
        yield f"{source} of shop {shop}: its uses are not numbered 1, 2 …"


def _orphans(connection: Connection) -> Iterator[str]:
    """Rows of nothing, and entries that no row of this room explains."""
    for child, column, parent, key in (
        (t.payout_items, "payout_id", t.payouts, "payout_id"),
        (t.payout_shops, "payout_id", t.payouts, "payout_id"),
        (t.payouts, "bulk_id", t.payout_bulks, "bulk_id"),
        (t.payout_events, "bulk_id", t.payout_bulks, "bulk_id"),
        (t.payout_files, "bulk_id", t.payout_bulks, "bulk_id"),
        (t.payout_returns, "payout_id", t.payouts, "payout_id"),
        (t.bank_decisions, "request_id", t.bank_requests, "request_id"),
        (t.bank_details, "request_id", t.bank_requests, "request_id"),
        (t.correction_decisions, "correction_id", t.corrections, "correction_id"),
    ):
        lost = connection.execute(
            select(child.c[column])
            .where(child.c[column].not_in(select(parent.c[key])))
            .distinct()
            .limit(_SHOWN)
        ).scalars()
        for value in lost:
            yield f"{child.name} {value}: belongs to nothing in {parent.name}"
    for operation, table, column in (
        (Operation.PAY_OUT, t.payouts, "payout_id"),
        (Operation.CORRECT, t.corrections, "correction_id"),
        (Operation.RETURN_PAY_OUT, t.payout_returns, "return_id"),
    ):
        entry = entries_of(operation)
        strange = connection.execute(
            select(entry.c.entry_id)
            .where(entry.c.entry_id.not_in(select(table.c[column])))
            .limit(_SHOWN)
        ).scalars()
        for entry_id in strange:
            yield f"entry {entry_id} ({operation.name}): nothing in {table.name} explains it"


def _same_lines(wanted: tuple[PostingDraft, ...], found: tuple[LotLine, ...]) -> bool:
    return [(w.debit, w.credit, w.amount, w.lot) for w in wanted] == [
        (f.debit, f.credit, f.amount, f.lot) for f in found
    ]
