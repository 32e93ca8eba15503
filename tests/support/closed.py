"""Closes and payouts for documents, in the town of ``tests.support.books``."""

from collections.abc import Collection
from datetime import date, timedelta
from functools import partial

from sqlalchemy import Connection, insert, select

from protos.units import Micros
from server.clock import start_of_day
from server.db import new_public_id
from server.db.schema import closes as t
from server.db.schema import directory
from server.directory import ServiceId, ShopId
from server.ledger import AccountKind, LaneRange, Unit, accounts_of, customer_moves, cut_at
from server.settlement.closes import Close, close_numbered, last_close, shop_sums
from server.settlement.statements import PaidOut
from tests.support.books import POINTS, VOUCHER, Town
from tests.support.statements import paid

PERIODS = {
    VOUCHER: [
        (date(2024, 6, 3), date(2024, 6, 7), date(2024, 6, 18)),
        (date(2024, 6, 8), date(2024, 6, 14), date(2024, 6, 25)),
        (date(2024, 6, 15), date(2024, 6, 21), date(2024, 7, 2)),
        (date(2024, 6, 22), date(2024, 6, 28), date(2024, 7, 9)),
    ],
    POINTS: [(date(2024, 4, 1), date(2024, 6, 30), date(2024, 7, 9))],
}


def close_next(town: Town, service: ServiceId = VOUCHER) -> Close:
    """The next period of the service is closed, from the books as they stand."""
    return town.database.write_now(partial(_close, service=service))


def _close(connection: Connection, service: ServiceId) -> Close:
    before = last_close(connection, service)
    number = before.number + 1 if before else 1
    first, last, pay_day = PERIODS[service][number - 1]
    boundary = start_of_day(last + timedelta(days=1))
    start = cut_at(connection, Micros(start_of_day(first) - 1)) if before else {}
    ranges = [
        LaneRange(lane, start.get(lane, 0), until)
        for lane, until in cut_at(connection, Micros(boundary - 1)).items()
    ]
    close_id = new_public_id()
    connection.execute(
        insert(t.closes).values(
            close_id=close_id,
            service_id=service,
            number=number,
            first_day=first.isoformat(),
            last_day=last.isoformat(),
            boundary=boundary,
            pay_day=pay_day.isoformat(),
            terms_version=1,
            closed_at=boundary,
        )
    )
    for one in ranges:
        connection.execute(
            insert(t.close_lanes).values(
                close_id=close_id,
                lane_id=one.lane,
                after_position=one.after,
                until_position=one.until,
            )
        )
    owners = accounts_of(connection, AccountKind.SHOP, Unit(service))
    moves = customer_moves(connection, AccountKind.SHOP, Unit(service), ranges)
    rows = connection.execute(select(directory.shops.c.owner, directory.shops.c.shop_id)).all()
    by_owner = {row.owner: row.shop_id for row in rows}
    for account, move in moves.items():
        connection.execute(
            insert(t.close_shops).values(
                close_id=close_id,
                shop_id=by_owner[owners[account]],
                account_id=account,
                used_yen=move.paid,
                used_count=move.paid_entries,
                cancelled_yen=move.returned,
                cancelled_count=move.returned_entries,
            )
        )
    made = close_numbered(connection, service, number)
    assert made is not None
    return made


def all_paid_out(
    connection: Connection, close: Close, wanted: Collection[ShopId] | None
) -> dict[ShopId, PaidOut]:
    """Each shop gets what it earned, by itself."""
    return {
        one.shop_id: PaidOut(paid(one.net), close.pay_day, "ﾐﾎﾝｼ")
        for one in shop_sums(connection, close.close_id)
        if wanted is None or one.shop_id in wanted
    }


def nobody_paid_out(
    connection: Connection, close: Close, wanted: Collection[ShopId] | None
) -> None:
    """No payouts were made yet."""
