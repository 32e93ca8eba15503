"""Closes and payouts for documents, in the town of ``tests.support.books``."""

from collections.abc import Collection

from sqlalchemy import Connection

from protos.units import Micros
from server.campaigns import next_period, terms_of
from server.directory import ServiceId, ShopId
from server.settlement.closes import Close, last_close, shop_sums
from server.settlement.statements import PaidOut
from tests.support.books import POINTS, VOUCHER, Town
from tests.support.closes import close
from tests.support.statements import paid


def close_next(town: Town, service: ServiceId = VOUCHER) -> Close:
    """The next period of the service is closed; the clock goes on to its end where it has to."""

    def coming(connection: Connection) -> tuple[int, Micros]:
        before = last_close(connection, service)
        period = next_period(terms_of(connection, service), before.boundary if before else None)
        assert period is not None
        return (before.number + 1 if before else 1), period.closes_at

    number, closes_at = town.database.read_now(coming)
    town.clock.now = Micros(max(town.clock.now, closes_at))
    return close(town, number, service)


def close_june_points(town: Town) -> Close:
    """No. 1 to 3 of the points: April, May, June."""
    return [close_next(town, POINTS) for _ in range(3)][-1]


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
