"""Closes in the town of ``tests.support.books``."""

from typing import Any

from server.directory import ServiceId
from server.ledger import HeadKey, process_clock
from server.settlement.closes import Close, CloseDesk, ShopSum, closes_of, shop_sums, verify_closes
from tests.support.books import VOUCHER, Town
from tests.support.cancels import assert_all_holds

KEY = HeadKey(bytes(range(32)))


def close_desk(town: Town, **changes: Any) -> CloseDesk:
    return CloseDesk(town.database, process_clock(town.clock), KEY, **changes)


def close(town: Town, number: int, service: ServiceId = VOUCHER) -> Close:
    """It is an error if it was there already."""
    closed = close_desk(town).close(service, number, by="係", why="締め処理")
    assert not closed.repeated
    return closed.close


def closes(town: Town, service: ServiceId = VOUCHER) -> tuple[Close, ...]:
    return town.database.read_now(lambda c: closes_of(c, service))


def sums(town: Town, of: Close) -> tuple[ShopSum, ...]:
    return town.database.read_now(lambda c: shop_sums(c, of.close_id))


def assert_closes_hold(town: Town) -> None:
    assert_all_holds(town)
    assert town.database.read_now(verify_closes) == []
