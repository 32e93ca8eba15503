"""Ranges of lanes: what was booked between two cuts, and the locks under which a cut is taken.

A range is a range of the postings' primary key, so what a week moved is read without an index of
its own and without a look at any other week.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Column, Connection, func, select, update

from protos.units import Micros, Yen
from server.db.schema import ledger as t
from server.ledger.types import NO_LOT, AccountId, AccountKind, LaneId, OwnerKey, Unit


@dataclass(frozen=True, slots=True)
class LaneRange:
    """Positions above ``after``, up to and with ``until``."""

    lane: LaneId
    after: int
    until: int


@dataclass(slots=True)
class CustomerMoves:
    """What customers paid into an account, and what they got back from it: yen, and entries."""

    paid: Yen = Yen(0)
    paid_entries: int = 0
    returned: Yen = Yen(0)
    returned_entries: int = 0


def lock_lanes(connection: Connection) -> tuple[LaneId, ...]:
    """Hold every lane, in the order of their ids, until the transaction ends.

    Nobody posts anywhere meanwhile; call it last of all locks. On SQLite the writing transaction
    holds everything already.
    """
    rows = connection.execute(
        select(t.lanes.c.lane_id).order_by(t.lanes.c.lane_id).with_for_update()
    )
    return tuple(LaneId(lane) for lane in rows.scalars())


def raise_floors(connection: Connection, floor: Micros) -> None:
    """No entry of any lane will get an instant before ``floor`` from now on, whatever the clock
    says. The caller holds the lanes."""
    connection.execute(update(t.lanes).where(t.lanes.c.floor < floor).values(floor=floor))


def newest_instant(connection: Connection) -> Micros:
    """Of the last entry of any lane; 0 in empty books."""
    return Micros(connection.execute(select(func.max(t.lanes.c.last_instant))).scalar_one() or 0)


def accounts_of(connection: Connection, kind: AccountKind, unit: Unit) -> dict[AccountId, OwnerKey]:
    """Every account of a kind and unit, with its owner."""
    rows = connection.execute(
        select(t.accounts.c.account_id, t.accounts.c.owner).where(
            t.accounts.c.kind == int(kind), t.accounts.c.service_id == unit
        )
    )
    return {AccountId(account): OwnerKey(owner) for account, owner in rows}


def customer_moves(
    connection: Connection, kind: AccountKind, unit: Unit, ranges: Iterable[LaneRange]
) -> dict[AccountId, CustomerMoves]:
    """What moved between customers and each account of ``kind`` and ``unit`` in these ranges.

    A posting that names a lot touches a customer (the audit holds every posting to that), so
    transfers and corrections of the operator are not in it. An entry counts once for an account,
    however many lots it took.
    """
    moves: dict[AccountId, CustomerMoves] = {}
    p = t.postings.c
    for one in ranges:
        if one.after >= one.until:
            continue
        for account, amount, entries in _grouped(connection, kind, unit, one, p.credit_account):
            move = moves.setdefault(account, CustomerMoves())
            move.paid = Yen(move.paid + amount)
            move.paid_entries += entries
        for account, amount, entries in _grouped(connection, kind, unit, one, p.debit_account):
            move = moves.setdefault(account, CustomerMoves())
            move.returned = Yen(move.returned + amount)
            move.returned_entries += entries
    return moves


def _grouped(
    connection: Connection, kind: AccountKind, unit: Unit, one: LaneRange, side: Column[int]
) -> list[tuple[AccountId, int, int]]:
    p = t.postings.c
    wanted = select(t.accounts.c.account_id).where(
        t.accounts.c.kind == int(kind), t.accounts.c.service_id == unit
    )
    rows = connection.execute(
        select(side, func.sum(p.amount), func.count(p.position.distinct()))
        .where(
            p.lane_id == one.lane,
            p.position > one.after,
            p.position <= one.until,
            p.lot_id != NO_LOT,
            side.in_(wanted),
        )
        .group_by(side)
    )
    return [(AccountId(account), int(amount), int(entries)) for account, amount, entries in rows]
