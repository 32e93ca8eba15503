"""Reading entries by what domains know of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from protos.units import Micros, Yen
from server.db.schema import ledger as t
from server.db.streams import byte_order, stream_rows
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


def entries_by_id(
    connection: Connection, operation: Operation
) -> Iterator[tuple[str, bytes, int, int, int]]:
    """Id, digest, instant, lane and position of all entries of an operation.

    In the order of the ids' bytes, to be merged with a domain's own rows; flat memory.
    """
    e = t.entries.c
    return stream_rows(
        connection,
        select(e.entry_id, e.subject, e.instant, e.lane_id, e.position)
        .where(e.operation == int(operation))
        .order_by(byte_order(connection, e.entry_id)),
    )


def count_entries(connection: Connection, operation: Operation) -> int:
    """How many entries of that operation the books hold."""
    return int(
        connection.execute(
            select(func.count())
            .select_from(t.entries)
            .where(t.entries.c.operation == int(operation))
        ).scalar_one()
    )


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
