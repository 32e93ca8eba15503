"""How a shop was paid for a close: what its statement says below the line."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from server.db.schema import payouts as t
from server.directory import ShopId
from server.settlement.closes import CloseId
from server.settlement.payouts.bulks import discarded_bulks, find_bulk, find_payout, items_of
from server.settlement.payouts.types import Bulk, Item, ItemKind, Payout, ShopShare


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
    i = t.payout_items.c
    found = connection.execute(
        select(i.payout_id)
        .join_from(t.payout_items, t.payouts, t.payouts.c.payout_id == i.payout_id)
        .where(
            i.kind == int(ItemKind.CLOSE),
            i.source_id == close_id,
            i.shop_id == shop,
            t.payouts.c.bulk_id.not_in(discarded_bulks()),
        )
    ).scalar_one_or_none()
    if found is None:
        return None
    payout = find_payout(connection, found)
    share = next(share for share in payout.shares if share.shop_id == shop)
    items = tuple(item for item in items_of(connection, [found])[found] if item.shop_id == shop)
    return ClosePayout(find_bulk(connection, payout.bulk_id), payout, share, items)
