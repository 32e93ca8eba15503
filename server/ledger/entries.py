"""Reading entries by what domains know of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Subquery, func, select

from protos.units import Micros, Yen
from server.db.database import DatabaseKind
from server.db.schema import ledger as t
from server.db.sets import RowSet
from server.ledger.types import AccountId, AccountKind, LotId, Operation, Unit


@dataclass(frozen=True, slots=True)
class PostingLine:
    """One posting as people read it."""

    debit: AccountId
    debit_kind: AccountKind
    credit: AccountId
    credit_kind: AccountKind
    unit: Unit
    amount: Yen
    lot: LotId


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as it stands in the books."""

    entry_id: str
    lane_id: int
    position: int
    operation: Operation
    instant: Micros
    hash: bytes
    lines: tuple[PostingLine, ...]


def subjects_of(
    connection: Connection, entry_ids: Sequence[str]
) -> dict[str, tuple[bytes, Micros]]:
    """Digest and instant of those entries that exist."""
    rows = connection.execute(
        select(t.entries.c.entry_id, t.entries.c.subject, t.entries.c.instant).where(
            t.entries.c.entry_id.in_(entry_ids)
        )
    )
    return {entry_id: (bytes(subject), Micros(instant)) for entry_id, subject, instant in rows}


def entries_of(operation: Operation) -> Subquery:
    """Every entry of an operation, for a room to join with its own rows.

    Ordered by lane and position the books are read as they were written, without a sort.
    """
    return select(t.entries).where(t.entries.c.operation == int(operation)).subquery("entry")


def count_entries(connection: Connection, operation: Operation) -> int:
    """How many entries of that operation the books hold."""
    return int(
        connection.execute(
            select(func.count())
            .select_from(t.entries)
            .where(t.entries.c.operation == int(operation))
        ).scalar_one()
    )


@dataclass(frozen=True, slots=True)
class EmptyEntry:
    """An entry of an operation that moves nothing."""

    lane_id: int
    position: int
    instant: Micros
    subject: bytes
    postings: int
    """How many it has all the same; 0 in books that hold."""


def empty_entries(connection: Connection, operation: Operation) -> dict[str, EmptyEntry]:
    """Every entry of such an operation, by its id; there are few."""
    e, p = t.entries.c, t.postings.c
    lines = (
        select(func.count())
        .where(p.lane_id == e.lane_id, p.position == e.position)
        .scalar_subquery()
    )
    rows = connection.execute(
        select(e.entry_id, e.lane_id, e.position, e.instant, e.subject, lines).where(
            e.operation == int(operation)
        )
    )
    return {
        entry_id: EmptyEntry(lane, position, Micros(instant), bytes(subject), count)
        for entry_id, lane, position, instant, subject, count in rows
    }


def instants_at(
    connection: Connection, places: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], Micros]:
    """The instant of the entry at each lane and position; places without one are left out."""
    kind = DatabaseKind(connection.dialect.name)
    rows = RowSet(kind, "places", lane_id=int, position=int)
    e = t.entries.c
    on = (e.lane_id == rows.source.c.lane_id) & (e.position == rows.source.c.position)
    found = connection.execute(
        select(e.lane_id, e.position, e.instant).join_from(rows.source, t.entries, on),
        rows.params(sorted(places)),
    )
    return {(lane, position): Micros(instant) for lane, position, instant in found}


def entry_by_id(connection: Connection, entry_id: str) -> Entry | None:
    """One entry with its lines."""
    row = connection.execute(
        select(t.entries).where(t.entries.c.entry_id == entry_id)
    ).one_or_none()
    if row is None:
        return None
    debit, credit = t.accounts.alias("debit"), t.accounts.alias("credit")
    lines = connection.execute(
        select(t.postings, debit.c.kind, credit.c.kind, debit.c.service_id)
        .join_from(t.postings, debit, debit.c.account_id == t.postings.c.debit_account)
        .join(credit, credit.c.account_id == t.postings.c.credit_account)
        .where(t.postings.c.lane_id == row.lane_id, t.postings.c.position == row.position)
        .order_by(t.postings.c.line)
    )
    return Entry(
        row.entry_id,
        row.lane_id,
        row.position,
        Operation(row.operation),
        Micros(row.instant),
        bytes(row.hash),
        tuple(
            PostingLine(
                AccountId(line.debit_account),
                AccountKind(line[-3]),
                AccountId(line.credit_account),
                AccountKind(line[-2]),
                Unit(line[-1]),
                Yen(line.amount),
                LotId(line.lot_id),
            )
            for line in lines
        ),
    )
