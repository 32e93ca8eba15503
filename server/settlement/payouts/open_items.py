"""What shops are owed and no living bulk holds: the sums of closes that are due, corrections, what
was carried over, what came back.

What a bulk carries over is open once it is sent: until then it could still be discarded.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, func, select, tuple_

from server.db.schema import payouts as t
from server.directory import ServiceId, ShopId
from server.ledger import AccountId
from server.settlement.closes import Close, closes_of, shop_sums
from server.settlement.payouts.bulks import discarded_bulks
from server.settlement.payouts.types import BulkEvent, Item, ItemKind

_CHUNK = 300


def open_closes(connection: Connection, service: ServiceId) -> list[Close]:
    """Closes whose sums no living bulk holds, oldest first. A bulk takes a close whole."""
    taken = set(
        connection.execute(
            select(t.payout_items.c.source_id)
            .join_from(
                t.payout_items, t.payouts, t.payouts.c.payout_id == t.payout_items.c.payout_id
            )
            .where(
                t.payout_items.c.kind == int(ItemKind.CLOSE),
                t.payouts.c.bulk_id.not_in(discarded_bulks()),
            )
            .distinct()
        ).scalars()
    )
    return [close for close in closes_of(connection, service) if close.close_id not in taken]


def open_items(connection: Connection, service: ServiceId, pay_day: date) -> list[Item]:
    """Everything that a bulk for this day has to settle."""
    found = [
        *_of_closes(connection, service, pay_day),
        *_of_corrections(connection, service),
        *_carried(connection, service),
        *_returned(connection, service),
    ]
    return _with_uses(connection, found)


def _of_closes(connection: Connection, service: ServiceId, pay_day: date) -> Iterator[Item]:
    for close in open_closes(connection, service):
        if close.pay_day <= pay_day:
            for one in shop_sums(connection, close.close_id):
                yield Item(ItemKind.CLOSE, close.close_id, one.shop_id, one.account, one.net)


def _of_corrections(connection: Connection, service: ServiceId) -> Iterator[Item]:
    c = t.corrections.c
    rows = connection.execute(
        select(c.correction_id, c.shop_id, c.account_id, c.amount)
        .join_from(
            t.corrections,
            t.correction_decisions,
            t.correction_decisions.c.correction_id == c.correction_id,
        )
        .where(
            c.service_id == service,
            t.correction_decisions.c.approved == 1,
            c.correction_id.not_in(_held(ItemKind.CORRECTION)),
        )
    )
    for row in rows:
        yield Item(
            ItemKind.CORRECTION,
            row.correction_id,
            ShopId(row.shop_id),
            AccountId(row.account_id),
            row.amount,
        )


def _carried(connection: Connection, service: ServiceId) -> Iterator[Item]:
    s = t.payout_shops.c
    sent = select(t.payout_events.c.bulk_id).where(t.payout_events.c.what == int(BulkEvent.SENT))
    rows = connection.execute(
        select(s.payout_id, s.shop_id, s.account_id, s.carried_out)
        .join_from(t.payout_shops, t.payouts, t.payouts.c.payout_id == s.payout_id)
        .join(t.payout_bulks, t.payout_bulks.c.bulk_id == t.payouts.c.bulk_id)
        .where(
            s.carried_out != 0,
            t.payout_bulks.c.service_id == service,
            t.payouts.c.bulk_id.in_(sent),
            s.payout_id.not_in(_held(ItemKind.CARRIED)),
        )
    )
    for row in rows:
        yield Item(
            ItemKind.CARRIED,
            row.payout_id,
            ShopId(row.shop_id),
            AccountId(row.account_id),
            row.carried_out,
        )


def _returned(connection: Connection, service: ServiceId) -> Iterator[Item]:
    s, r = t.payout_shops.c, t.payout_returns.c
    rows = connection.execute(
        select(r.return_id, s.shop_id, s.account_id, s.amount, s.fee)
        .join_from(t.payout_returns, t.payouts, t.payouts.c.payout_id == r.payout_id)
        .join(t.payout_shops, s.payout_id == r.payout_id)
        .join(t.payout_bulks, t.payout_bulks.c.bulk_id == t.payouts.c.bulk_id)
        .where(
            t.payout_bulks.c.service_id == service,
            r.return_id.not_in(_held(ItemKind.RETURNED)),
        )
    )
    for row in rows:
        if row.amount + row.fee:
            yield Item(
                ItemKind.RETURNED,
                row.return_id,
                ShopId(row.shop_id),
                AccountId(row.account_id),
                row.amount + row.fee,
            )


def _held(kind: ItemKind) -> Select[Any]:
    """Sources that a living bulk holds."""
    return (
        select(t.payout_items.c.source_id)
        .join_from(t.payout_items, t.payouts, t.payouts.c.payout_id == t.payout_items.c.payout_id)
        .where(
            t.payout_items.c.kind == int(kind),
            t.payouts.c.bulk_id.not_in(discarded_bulks()),
        )
    )


def _with_uses(connection: Connection, items: list[Item]) -> list[Item]:
    """Each with the number of its next use: those before were of discarded bulks."""
    c = t.payout_items.c
    key = tuple_(c.kind, c.source_id, c.shop_id)
    uses: dict[tuple[int, str, str], int] = {}
    for at in range(0, len(items), _CHUNK):
        some = [(int(i.kind), i.source_id, i.shop_id) for i in items[at : at + _CHUNK]]
        rows = connection.execute(
            select(c.kind, c.source_id, c.shop_id, func.max(c.use))
            .where(key.in_(some))
            .group_by(c.kind, c.source_id, c.shop_id)
        )
        uses |= {(kind, source, shop): use for kind, source, shop, use in rows}
    return [
        replace(item, use=uses.get((int(item.kind), item.source_id, item.shop_id), 0) + 1)
        for item in items
    ]
