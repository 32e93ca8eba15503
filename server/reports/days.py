"""Sums of days: what each service and each shop moved from midnight to midnight in Japan.

Books are only added to, so the sums of a day that is over never change: they are written down
once. Days that are not written yet, today first of all, are added up from the ledger when asked
for. So whoever reads gets the same numbers whether the job has run or not; it only makes them fast.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Table, func, insert, select
from sqlalchemy.exc import IntegrityError

from protos.units import Micros, Yen
from server.clock import start_of_day, tokyo_day
from server.db import Database
from server.db.schema import reports as t
from server.ledger import (
    AccountId,
    AccountKind,
    CustomerMoves,
    LaneId,
    LaneRange,
    LedgerClock,
    Moved,
    Movement,
    Movements,
    Unit,
    customer_moves,
    cut_at,
    first_instants,
    lock_lanes,
    movements,
    newest_instant,
    raise_floors,
)

_ONE_DAY: Final = timedelta(days=1)
Cut = dict[LaneId, int]
"""The last position of each lane; a lane that is not in it starts at 0."""


@dataclass(frozen=True, slots=True)
class DaySums:
    """One day."""

    day: date
    cut: Cut
    """Where the lanes stood at its end, or stand now."""
    services: Movements = field(default_factory=dict)
    shops: dict[AccountId, CustomerMoves] = field(default_factory=dict)


def write_days(
    database: Database,
    clock: LedgerClock,
    told: Callable[[date], None] = lambda _day: None,
) -> int:
    """Write the sums of every day that is over and not written yet; how many were.

    May be killed anywhere and run again, also by two processes at once: a day is written whole or
    not at all, and once. ``told`` hears of each day.
    """
    today, day, cut = database.read_now(lambda connection: _open_days(connection, clock))
    if day is None or day >= today:
        return 0
    # no entry of a day that is over comes in any more, whatever a clock says
    database.write_now(lambda c: _settle(c, start_of_day(today)), repeatable=True)
    written = 0
    while day < today:
        sums = _measure_one(database, day, cut)
        if _write(database, sums):
            written += 1
        told(day)
        day, cut = day + _ONE_DAY, sums.cut
    return written


def service_days(
    connection: Connection, first: date, last: date
) -> Iterator[tuple[date, Movements]]:
    """Every day from ``first`` to ``last`` on which anything moved, in order."""
    begin = _first_open(connection)
    s = t.result_services.c
    days: dict[date, Movements] = {}
    for row in _written(connection, t.result_services, first, last, begin):
        of_day = days.setdefault(date.fromisoformat(row.day), {})
        moved = Moved(Yen(int(row._mapping[s.amount])), row._mapping[s.count])
        of_day[Unit(row.service_id), Movement(row.kind)] = moved
    for sums in _live(connection, begin, last, shops=()):
        if sums.day >= first and sums.services:
            days[sums.day] = sums.services
    yield from sorted(days.items())


def shop_days(
    connection: Connection, accounts: Collection[AccountId], first: date, last: date
) -> Iterator[tuple[date, Mapping[AccountId, CustomerMoves]]]:
    """The same of these shops' accounts alone."""
    begin = _first_open(connection)
    mine = t.result_shops.c.account_id.in_(sorted(accounts))
    days: dict[date, dict[AccountId, CustomerMoves]] = {}
    for row in _written(connection, t.result_shops, first, last, begin, mine):
        moves = CustomerMoves(
            Yen(int(row.used_yen)),
            row.used_count,
            Yen(int(row.cancelled_yen)),
            row.cancelled_count,
        )
        days.setdefault(date.fromisoformat(row.day), {})[AccountId(row.account_id)] = moves
    for sums in _live(connection, begin, last, shops=accounts, services=False):
        if sums.day >= first and sums.shops:
            days[sums.day] = sums.shops
    yield from sorted(days.items())


def ledger_days(connection: Connection) -> Iterator[DaySums]:
    """Every day from the first entry's to the newest's, added up from the ledger alone: for the
    audit, which believes no written day."""
    instants = first_instants(connection)
    if instants:
        yield from _days(connection, tokyo_day(min(instants)), {}, date.max, shops=None)


def written_cut(connection: Connection, day: date) -> Cut:
    """Where the lanes stood at the end of a written day; empty for one that is not."""
    d = t.result_days.c
    rows = connection.execute(select(d.lane_id, d.until_position).where(d.day == day.isoformat()))
    return {LaneId(lane): until for lane, until in rows}


def written_days(connection: Connection) -> tuple[date, ...]:
    """The days whose sums are written, in order."""
    rows = connection.execute(select(t.result_days.c.day).distinct().order_by(t.result_days.c.day))
    return tuple(date.fromisoformat(day) for day in rows.scalars())


def _open_days(connection: Connection, clock: LedgerClock) -> tuple[date, date | None, Cut]:
    """Today; the first day that is not written, None in empty books; the cut before it."""
    today = tokyo_day(clock(connection))
    day, cut = _first_open(connection)
    return today, day, cut


def _first_open(connection: Connection) -> tuple[date | None, Cut]:
    last = connection.execute(select(func.max(t.result_days.c.day))).scalar_one()
    if last is not None:
        day = date.fromisoformat(last)
        return day + _ONE_DAY, written_cut(connection, day)
    instants = first_instants(connection)
    return (tokyo_day(min(instants)), {}) if instants else (None, {})


def _written(
    connection: Connection,
    table: Table,
    first: date,
    last: date,
    begin: tuple[date | None, Cut],
    *conditions: ColumnElement[bool],
) -> Iterator[Any]:
    """Rows of written days before ``begin``: a day that the job writes meanwhile is added up from
    the ledger, and must not come twice, nor be left out."""
    if begin[0] is None:
        return
    day = table.c.day
    known = day < begin[0].isoformat()
    wanted = (known, day >= first.isoformat(), day <= last.isoformat(), *conditions)
    yield from connection.execute(select(table).where(*wanted))


def _live(
    connection: Connection,
    begin: tuple[date | None, Cut],
    last: date,
    *,
    shops: Collection[AccountId] | None,
    services: bool = True,
) -> Iterator[DaySums]:
    """The days from ``begin`` on (the first that is not written, and the cut before it), up to
    ``last`` or the newest entry's."""
    day, cut = begin
    if day is not None:
        yield from _days(connection, day, cut, last, shops=shops, services=services)


def _days(
    connection: Connection,
    day: date,
    cut: Cut,
    last: date,
    *,
    shops: Collection[AccountId] | None,
    services: bool = True,
) -> Iterator[DaySums]:
    last = min(last, tokyo_day(newest_instant(connection)))
    while day <= last:
        sums = _measure(connection, day, cut, shops=shops, services=services)
        yield sums
        day, cut = day + _ONE_DAY, sums.cut


def _measure(
    connection: Connection,
    day: date,
    before: Cut,
    *,
    shops: Collection[AccountId] | None,
    services: bool,
) -> DaySums:
    """``shops``: these accounts alone; none where it is empty, all for None."""
    end = Micros(start_of_day(day + _ONE_DAY) - 1)
    cut = cut_at(connection, end, before)
    ranges = [LaneRange(lane, before.get(lane, 0), until) for lane, until in sorted(cut.items())]
    found = DaySums(day, cut)
    if services:
        found.services.update(movements(connection, ranges))
    if shops is None or shops:
        moves = customer_moves(connection, AccountKind.SHOP, None, ranges, shops)
        found.shops.update(moves)
    return found


def _measure_one(database: Database, day: date, before: Cut) -> DaySums:
    return database.read_now(lambda c: _measure(c, day, before, shops=None, services=True))


def _settle(connection: Connection, floor: Micros) -> None:
    lock_lanes(connection)
    raise_floors(connection, floor)


def _write(database: Database, sums: DaySums) -> bool:
    """False: another process has written the day meanwhile, the same numbers."""

    def work(connection: Connection) -> bool:
        if written_cut(connection, sums.day):
            return False
        for table, rows in _rows(sums).items():
            if rows:
                connection.execute(insert(table), rows)
        return True

    try:
        return database.write_now(work, repeatable=True)
    except IntegrityError:
        return False


def _rows(sums: DaySums) -> dict[Table, list[dict[str, Any]]]:
    day = sums.day.isoformat()
    return {
        t.result_days: [
            {"day": day, "lane_id": lane, "until_position": until}
            for lane, until in sums.cut.items()
        ],
        t.result_services: [
            {
                "service_id": service,
                "day": day,
                "kind": kind.value,
                "amount": moved.amount,
                "count": moved.count,
            }
            for (service, kind), moved in sums.services.items()
        ],
        t.result_shops: [
            {
                "account_id": account,
                "day": day,
                "used_yen": moves.paid,
                "used_count": moves.paid_entries,
                "cancelled_yen": moves.returned,
                "cancelled_count": moves.returned_entries,
            }
            for account, moves in sums.shops.items()
        ],
    }
