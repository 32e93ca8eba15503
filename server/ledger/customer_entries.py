"""Entries between customers and the accounts of a kind, in ranges of lanes, one by one."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, Connection, Select, func, literal, or_, select, union_all

from protos.units import Micros, Yen
from server.db.schema import ledger as t
from server.db.streams import stream_rows
from server.ledger.ranges import LaneRange
from server.ledger.types import NO_LOT, AccountId, AccountKind, LaneId, Operation, Unit

_PAID: Final = 1
_RETURNED: Final = 2


@dataclass(frozen=True, slots=True)
class CustomerEntry:
    """What one entry moved between customers and one account."""

    account: AccountId
    entry_id: str
    operation: Operation
    instant: Micros
    paid: Yen
    """From customers into the account."""
    returned: Yen
    """From the account to customers."""


def customer_entries(
    connection: Connection,
    kind: AccountKind,
    unit: Unit,
    ranges: Sequence[LaneRange],
    accounts: Collection[AccountId] | None = None,
) -> Iterator[CustomerEntry]:
    """By account, then in the order of time; ``accounts``: only these. Memory stays flat.

    The same entries that ``customer_moves`` adds up.
    """
    within = within_ranges(ranges)
    if within is None or (accounts is not None and not accounts):
        return
    p = t.postings.c
    sides = [
        _side(kind, unit, within, side, direction, accounts)
        for side, direction in ((p.credit_account, _PAID), (p.debit_account, _RETURNED))
    ]
    moved = union_all(*sides).subquery("moved")
    e = t.entries.c
    rows = stream_rows(
        connection,
        select(
            moved.c.account,
            e.entry_id,
            e.operation,
            e.instant,
            moved.c.direction,
            moved.c.amount,
        )
        .join_from(
            moved, t.entries, (e.lane_id == moved.c.lane_id) & (e.position == moved.c.position)
        )
        .order_by(moved.c.account, e.instant, e.entry_id, moved.c.direction),
    )
    for account, entry_id, operation, instant, direction, amount in rows:
        yen = Yen(int(amount))
        yield CustomerEntry(
            AccountId(account),
            entry_id,
            Operation(operation),
            Micros(instant),
            yen if direction == _PAID else Yen(0),
            yen if direction == _RETURNED else Yen(0),
        )


def within_ranges(ranges: Sequence[LaneRange]) -> Any | None:
    """The condition that a posting stands in one of them; None where they are all empty."""
    p = t.postings.c
    parts = [
        (p.lane_id == one.lane) & (p.position > one.after) & (p.position <= one.until)
        for one in ranges
        if one.after < one.until
    ]
    return or_(*parts) if parts else None


def heads_of(connection: Connection, ranges: Sequence[LaneRange]) -> dict[LaneId, bytes]:
    """The hash of the last entry of each range that has one: with it all before it is fixed."""
    found: dict[LaneId, bytes] = {}
    e = t.entries.c
    for one in ranges:
        if one.until:
            found[one.lane] = bytes(
                connection.execute(
                    select(e.hash).where(e.lane_id == one.lane, e.position == one.until)
                ).scalar_one()
            )
    return found


def _side(
    kind: AccountKind,
    unit: Unit,
    within: Any,
    side: Column[int],
    direction: int,
    accounts: Collection[AccountId] | None,
) -> Select[Any]:
    p = t.postings.c
    wanted = select(t.accounts.c.account_id).where(
        t.accounts.c.kind == int(kind), t.accounts.c.service_id == unit
    )
    if accounts is not None:
        wanted = wanted.where(t.accounts.c.account_id.in_(sorted(accounts)))
    return (
        select(
            side.label("account"),
            p.lane_id,
            p.position,
            literal(direction).label("direction"),
            func.sum(p.amount).label("amount"),
        )
        .where(within, p.lot_id != NO_LOT, side.in_(wanted))
        .group_by(side, p.lane_id, p.position)
    )
