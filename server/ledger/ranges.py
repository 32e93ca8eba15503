"""Ranges of lanes: what was booked between two cuts, and the locks under which a cut is taken.

A range is a range of the postings' primary key, so what a week moved is read without an index of
its own and without a look at any other week.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func, select, update

from protos.units import Micros, Yen
from server.db.schema import ledger as t
from server.ledger.accounts import lock_counter
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
    """Hold every lane, in the order of their ids, until the transaction ends; none is opened.

    Nobody posts anywhere meanwhile; call it last of all locks. On SQLite the writing transaction
    holds everything already.
    """
    lock_counter(connection, "lane")
    rows = connection.execute(
        select(t.lanes.c.lane_id).order_by(t.lanes.c.lane_id).with_for_update()
    )
    return tuple(LaneId(lane) for lane in rows.scalars())


def raise_floors(connection: Connection, floor: Micros) -> None:
    """No entry of any lane will get an instant before ``floor`` from now on, whatever the clock
    says. The caller holds the lanes."""
    connection.execute(update(t.lanes).where(t.lanes.c.floor < floor).values(floor=floor))


def lane_ends(connection: Connection) -> dict[LaneId, int]:
    """The last position of every lane; 0 where nothing was booked yet."""
    rows = connection.execute(select(t.lanes.c.lane_id, t.lanes.c.position))
    return {LaneId(lane): position for lane, position in rows}


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
    connection: Connection,
    kind: AccountKind,
    unit: Unit | None,
    ranges: Iterable[LaneRange],
    only: Collection[AccountId] | None = None,
) -> dict[AccountId, CustomerMoves]:
    """What moved between customers and each account of ``kind`` and ``unit`` (None: of every unit)
    in these ranges; ``only``: of these accounts.

    A posting that names a lot touches a customer (the audit holds every posting to that), so
    transfers and corrections of the operator are not in it. An entry counts once for an account,
    however many lots it took.
    """
    p = t.postings.c
    total: dict[AccountId, CustomerMoves] = {}
    for one in ranges:
        if one.after < one.until:
            within = (p.lane_id == one.lane, p.position > one.after, p.position <= one.until)
            _add(connection, _accounts(kind, unit, only), within, total)
    return total


def customer_totals(connection: Connection, kind: AccountKind) -> dict[AccountId, CustomerMoves]:
    """``customer_moves`` of every account of ``kind``, whatever its unit, over all of the books.

    One scan; for the audit, which compares it with what ranges say.
    """
    total: dict[AccountId, CustomerMoves] = {}
    for (lane,) in connection.execute(select(t.lanes.c.lane_id).order_by(t.lanes.c.lane_id)).all():
        within = (t.postings.c.lane_id == lane,)
        _add(connection, _accounts(kind, None), within, total)
    return total


def accounts_of_owners(
    connection: Connection, kind: AccountKind, owners: Collection[OwnerKey]
) -> dict[AccountId, Unit]:
    """Every account of a kind that these owners have, with its unit."""
    a = t.accounts.c
    rows = connection.execute(
        select(a.account_id, a.service_id).where(a.kind == int(kind), a.owner.in_(sorted(owners)))
    )
    return {AccountId(account): Unit(unit) for account, unit in rows}


def first_instants(connection: Connection) -> tuple[Micros, ...]:
    """Of the first entry of each lane that has one."""
    e = t.entries.c
    first = select(e.instant).join_from(
        t.lanes, t.entries, (e.lane_id == t.lanes.c.lane_id) & (e.position == 1)
    )
    return tuple(Micros(at) for at in connection.execute(first).scalars())


def _accounts(
    kind: AccountKind, unit: Unit | None, only: Collection[AccountId] | None = None
) -> ColumnElement[bool]:
    wanted = t.accounts.c.kind == int(kind)
    if unit is not None:
        wanted &= t.accounts.c.service_id == unit
    return wanted if only is None else wanted & t.accounts.c.account_id.in_(sorted(only))


def _add(
    connection: Connection,
    accounts: ColumnElement[bool],
    within: tuple[ColumnElement[bool], ...],
    total: dict[AccountId, CustomerMoves],
) -> None:
    """Within one lane, so that a position names an entry."""
    p = t.postings.c
    wanted = select(t.accounts.c.account_id).where(accounts)
    for side in (p.credit_account, p.debit_account):
        rows = connection.execute(
            select(side, func.sum(p.amount), func.count(p.position.distinct()))
            .where(*within, p.lot_id != NO_LOT, side.in_(wanted))
            .group_by(side)
        )
        for account, amount, entries in rows:
            moves = total.setdefault(AccountId(account), CustomerMoves())
            if side is p.credit_account:
                moves.paid = Yen(moves.paid + int(amount))
                moves.paid_entries += entries
            else:
                moves.returned = Yen(moves.returned + int(amount))
                moves.returned_entries += entries
