"""Reading closes. Everything runs on the caller's connection, whatever it sees."""

from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, func, select

from protos.units import Micros, Yen
from server.db.schema import closes as t
from server.directory import ServiceId, ShopId
from server.ledger import AccountId, LaneId, LaneRange
from server.settlement.closes.types import Close, CloseId, CloseTotal, ShopSum


def closes_of(connection: Connection, service: ServiceId) -> tuple[Close, ...]:
    """Every close of a service, oldest first."""
    rows = connection.execute(
        select(t.closes).where(t.closes.c.service_id == service).order_by(t.closes.c.number)
    )
    return tuple(close_of_row(row) for row in rows)


def all_closes(connection: Connection) -> tuple[Close, ...]:
    """Every close of every service, by service and number."""
    rows = connection.execute(select(t.closes).order_by(t.closes.c.service_id, t.closes.c.number))
    return tuple(close_of_row(row) for row in rows)


def last_close(connection: Connection, service: ServiceId) -> Close | None:
    """The newest close of a service; None before its first."""
    row = connection.execute(
        select(t.closes)
        .where(t.closes.c.service_id == service)
        .order_by(t.closes.c.number.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else close_of_row(row)


def find_close(connection: Connection, close_id: CloseId) -> Close | None:
    row = connection.execute(select(t.closes).where(t.closes.c.close_id == close_id)).one_or_none()
    return None if row is None else close_of_row(row)


def close_numbered(connection: Connection, service: ServiceId, number: int) -> Close | None:
    row = connection.execute(
        select(t.closes).where(t.closes.c.service_id == service, t.closes.c.number == number)
    ).one_or_none()
    return None if row is None else close_of_row(row)


def close_totals(
    connection: Connection, service: ServiceId | None = None, close_id: CloseId | None = None
) -> tuple[CloseTotal, ...]:
    """Closes with their totals, by service and number: all, of one service, or one."""
    c, s = t.closes.c, t.close_shops.c
    sums = [
        func.coalesce(func.sum(column), 0)
        for column in (s.used_yen, s.used_count, s.cancelled_yen, s.cancelled_count)
    ]
    query = (
        select(t.closes, func.count(s.shop_id), *sums)
        .join_from(t.closes, t.close_shops, s.close_id == c.close_id, isouter=True)
        .group_by(*t.closes.columns)
        .order_by(c.service_id, c.number)
    )
    if service is not None:
        query = query.where(c.service_id == service)
    if close_id is not None:
        query = query.where(c.close_id == close_id)
    found = []
    for row in connection.execute(query):
        shops, used, used_count, cancelled, cancelled_count = map(int, row[-5:])
        found.append(
            CloseTotal(
                close_of_row(row), shops, Yen(used), used_count, Yen(cancelled), cancelled_count
            )
        )
    return tuple(found)


def shop_sums(connection: Connection, close_id: CloseId) -> tuple[ShopSum, ...]:
    """What each shop earned in a close, by shop id; shops without use or cancel are not there."""
    rows = connection.execute(
        select(t.close_shops)
        .where(t.close_shops.c.close_id == close_id)
        .order_by(t.close_shops.c.shop_id)
    )
    return tuple(
        ShopSum(
            ShopId(row.shop_id),
            AccountId(row.account_id),
            Yen(row.used_yen),
            row.used_count,
            Yen(row.cancelled_yen),
            row.cancelled_count,
        )
        for row in rows
    )


def lane_ranges(connection: Connection, close_id: CloseId) -> tuple[LaneRange, ...]:
    """Where a close stands in each lane, by lane; an entry there is in it with the legs of the
    close's own service."""
    rows = connection.execute(
        select(t.close_lanes)
        .where(t.close_lanes.c.close_id == close_id)
        .order_by(t.close_lanes.c.lane_id)
    )
    return tuple(
        LaneRange(LaneId(row.lane_id), row.after_position, row.until_position) for row in rows
    )


def close_of_row(row: Row[Any]) -> Close:
    """Raises ValueError for a day that is none."""
    return Close(
        CloseId(row.close_id),
        ServiceId(row.service_id),
        row.number,
        date.fromisoformat(row.first_day),
        date.fromisoformat(row.last_day),
        Micros(row.boundary),
        date.fromisoformat(row.pay_day),
        row.terms_version,
        Micros(row.closed_at),
    )
