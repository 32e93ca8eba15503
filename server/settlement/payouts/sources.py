"""What the items of payouts rest on, read again for the audit."""

from sqlalchemy import Connection, select

from server.db.schema import payouts as t
from server.directory import ServiceId, ShopId
from server.ledger import AccountId
from server.settlement.closes import CloseId, find_close, shop_sums
from server.settlement.payouts.bulks import find_bulk
from server.settlement.payouts.types import Bulk, BulkState, Item, ItemKind

_Fact = tuple[ServiceId, AccountId, int]
"""Service, account and amount."""


class Sources:
    """Remembers the sums of the close read last: a bulk's items come close by close."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._closes: dict[str, dict[ShopId, _Fact]] = {}
        self._living: dict[str, Bulk] = {}

    def wrong(self, bulk: Bulk, item: Item) -> str:
        """What does not hold of one item; "" when it is what its source says."""
        match item.kind:
            case ItemKind.CLOSE:
                fact = self._close(item.source_id).get(item.shop_id)
            case ItemKind.CORRECTION:
                fact = self._correction(item)
            case ItemKind.CARRIED:
                fact = self._carried(item, bulk)
            case ItemKind.RETURNED:
                fact = self._returned(item)
        if fact is None:
            return f"rests on {item.kind.name.lower()} {item.source_id}, which is not there"
        if fact != (bulk.service_id, item.account, item.amount):
            return f"says {item.amount:,} of {item.source_id}, which is {fact[2]:,} of {fact[0]}"
        return ""

    def _close(self, close_id: str) -> dict[ShopId, _Fact]:
        if close_id not in self._closes:
            close = find_close(self._connection, CloseId(close_id))
            sums = shop_sums(self._connection, CloseId(close_id)) if close else ()
            service = close.service_id if close else ServiceId("")
            self._closes = {
                close_id: {one.shop_id: (service, one.account, one.net) for one in sums}
            }
        return self._closes[close_id]

    def _correction(self, item: Item) -> _Fact | None:
        c = t.corrections.c
        row = self._connection.execute(
            select(c.service_id, c.shop_id, c.account_id, c.amount)
            .join_from(
                t.corrections,
                t.correction_decisions,
                t.correction_decisions.c.correction_id == c.correction_id,
            )
            .where(c.correction_id == item.source_id, t.correction_decisions.c.approved == 1)
        ).one_or_none()
        if row is None or row.shop_id != item.shop_id:
            return None
        return ServiceId(row.service_id), AccountId(row.account_id), row.amount

    def _carried(self, item: Item, bulk: Bulk) -> _Fact | None:
        s = t.payout_shops.c
        row = self._connection.execute(
            select(t.payouts.c.bulk_id, s.account_id, s.carried_out)
            .join_from(t.payout_shops, t.payouts, t.payouts.c.payout_id == s.payout_id)
            .where(s.payout_id == item.source_id, s.shop_id == item.shop_id)
        ).one_or_none()
        if row is None:
            return None
        source = self._bulk(row.bulk_id)
        if source.state is BulkState.DISCARDED or source.number >= bulk.number:
            return None
        return source.service_id, AccountId(row.account_id), row.carried_out

    def _returned(self, item: Item) -> _Fact | None:
        s, r = t.payout_shops.c, t.payout_returns.c
        row = self._connection.execute(
            select(t.payouts.c.bulk_id, s.account_id, s.amount, s.fee)
            .join_from(t.payout_returns, t.payouts, t.payouts.c.payout_id == r.payout_id)
            .join(t.payout_shops, s.payout_id == r.payout_id)
            .where(r.return_id == item.source_id, s.shop_id == item.shop_id)
        ).one_or_none()
        if row is None:
            return None
        source = self._bulk(row.bulk_id)
        return source.service_id, AccountId(row.account_id), row.amount + row.fee

    def _bulk(self, bulk_id: str) -> Bulk:
        if bulk_id not in self._living:
            self._living[bulk_id] = find_bulk(self._connection, bulk_id)
        return self._living[bulk_id]
