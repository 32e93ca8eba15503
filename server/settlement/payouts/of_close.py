"""How shops were paid for a close: what their statements say below the line."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, select

from server.db.schema import payouts as t
from server.directory import ShopId
from server.settlement.closes import CloseId
from server.settlement.payouts.bulks import (
    discarded_bulks,
    find_bulk,
    items_of,
    payouts_by_id,
)
from server.settlement.payouts.types import Bulk, Item, ItemKind, Payout, ShopShare

_CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class ClosePayout:
    """``share``: the shop's part; ``items``: what it is made of, other closes' sums among it."""

    bulk: Bulk
    payout: Payout
    share: ShopShare
    items: tuple[Item, ...]


def payout_of_close(connection: Connection, close_id: CloseId, shop: ShopId) -> ClosePayout | None:
    """The payout of the living bulk that holds this shop's sum; None before there is one.

    What is carried out of it stands in the shop's next payout.
    """
    return payouts_of_close(connection, close_id, [shop]).get(shop)


def payouts_of_close(
    connection: Connection, close_id: CloseId, shops: Collection[ShopId] | None = None
) -> dict[ShopId, ClosePayout]:
    """Of these shops, or of all that the close owes something."""
    i = t.payout_items.c
    holding = _living(select(i.payout_id, i.shop_id)).where(
        i.kind == int(ItemKind.CLOSE), i.source_id == close_id
    )
    return _found(connection, holding, shops)


def payouts_to_shop(connection: Connection, shop: ShopId) -> list[ClosePayout]:
    """Every payout that this shop has had a part in, oldest first."""
    s = t.payout_shops.c
    mine = (
        select(s.payout_id, s.shop_id)
        .join_from(t.payout_shops, t.payouts, t.payouts.c.payout_id == s.payout_id)
        .where(s.shop_id == shop, t.payouts.c.bulk_id.not_in(discarded_bulks()))
    )
    found = _each(connection, connection.execute(mine).all())
    return sorted(found, key=lambda one: one.bulk.number)


def shops_beside(connection: Connection, bulk: Bulk) -> dict[ShopId, ClosePayout]:
    """Shops whose money moves in a bulk without the sum of a close: a correction, say."""
    s, i = t.payout_shops.c, t.payout_items.c
    of_close = select(i.payout_id).where(
        i.kind == int(ItemKind.CLOSE), i.payout_id == s.payout_id, i.shop_id == s.shop_id
    )
    beside = (
        select(s.payout_id, s.shop_id)
        .join_from(t.payout_shops, t.payouts, t.payouts.c.payout_id == s.payout_id)
        .where(t.payouts.c.bulk_id == bulk.bulk_id, ~of_close.exists())
    )
    return _found(connection, beside, None)


def closes_in(connection: Connection, bulk: Bulk) -> frozenset[CloseId]:
    """The closes that a bulk pays."""
    i = t.payout_items.c
    rows = connection.execute(
        select(i.source_id)
        .distinct()
        .join_from(t.payout_items, t.payouts, t.payouts.c.payout_id == i.payout_id)
        .where(i.kind == int(ItemKind.CLOSE), t.payouts.c.bulk_id == bulk.bulk_id)
    )
    return frozenset(CloseId(source) for source in rows.scalars())


def _living(rows: Select[Any]) -> Select[Any]:
    i = t.payout_items.c
    return rows.join_from(t.payout_items, t.payouts, t.payouts.c.payout_id == i.payout_id).where(
        t.payouts.c.bulk_id.not_in(discarded_bulks())
    )


def _found(
    connection: Connection, holding: Select[Any], shops: Collection[ShopId] | None
) -> dict[ShopId, ClosePayout]:
    rows = [row for row in connection.execute(holding) if shops is None or row.shop_id in shops]
    return {one.share.shop_id: one for one in _each(connection, rows)}


def _each(connection: Connection, rows: Collection[Any]) -> list[ClosePayout]:
    ids = sorted({row.payout_id for row in rows})
    payouts = {one.payout_id: one for one in payouts_by_id(connection, ids)}
    items = items_of(connection, ids)
    bulks = {
        bulk_id: find_bulk(connection, bulk_id)
        for bulk_id in sorted({one.bulk_id for one in payouts.values()})
    }
    return [
        ClosePayout(
            bulks[payouts[row.payout_id].bulk_id],
            payouts[row.payout_id],
            next(s for s in payouts[row.payout_id].shares if s.shop_id == row.shop_id),
            tuple(item for item in items.get(row.payout_id, ()) if item.shop_id == row.shop_id),
        )
        for row in rows
    ]
