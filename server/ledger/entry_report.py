"""The entries of one subject as people read them: account, debit, credit."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Select, select

from protos.units import Micros, Yen
from server.db.schema import ledger as t
from server.ledger.types import AccountKind, LaneId, Operation, Unit


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One posting with the names of its two accounts."""

    debit: str
    credit: str
    amount: Yen


@dataclass(frozen=True, slots=True)
class EntryReport:
    """One entry: where it stands in its chain, and its postings."""

    entry_id: str
    lane: LaneId
    position: int
    operation: Operation
    instant: Micros
    hash: bytes
    lines: tuple[EntryLine, ...]


def entry_report(connection: Connection, entry_ids: Sequence[str]) -> tuple[EntryReport, ...]:
    """The entries with these ids, in the order of their instants."""
    entries = connection.execute(
        select(t.entries).where(t.entries.c.entry_id.in_(entry_ids)).order_by(t.entries.c.instant)
    ).all()
    return tuple(
        EntryReport(
            row.entry_id,
            LaneId(row.lane_id),
            row.position,
            Operation(row.operation),
            Micros(row.instant),
            bytes(row.hash),
            tuple(
                EntryLine(
                    _name(line.debit_kind, line.debit_service),
                    _name(line.credit_kind, line.credit_service),
                    Yen(line.amount),
                )
                for line in connection.execute(_lines(row.lane_id, row.position))
            ),
        )
        for row in entries
    )


def _lines(lane: int, position: int) -> Select[tuple[int, str, int, str, int]]:
    debit, credit = t.accounts.alias("debit"), t.accounts.alias("credit")
    p = t.postings
    return (
        select(
            debit.c.kind.label("debit_kind"),
            debit.c.service_id.label("debit_service"),
            credit.c.kind.label("credit_kind"),
            credit.c.service_id.label("credit_service"),
            p.c.amount,
        )
        .join_from(p, debit, debit.c.account_id == p.c.debit_account)
        .join(credit, credit.c.account_id == p.c.credit_account)
        .where(p.c.lane_id == lane, p.c.position == position)
        .order_by(p.c.line)
    )


def _name(kind: int, service: str) -> str:
    return f"{AccountKind(kind).name.lower()}:{Unit(service)}"
