"""Reading and writing bulks, their events and payouts, on the caller's connection."""

from collections.abc import Collection, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, ScalarSelect, Select, insert, select

from protos.units import Micros, Yen
from server.db.schema import payouts as t
from server.directory import ServiceId, ShopId
from server.ledger import AccountId
from server.settlement.payouts import refusals as refuse
from server.settlement.payouts.rules import NEXT, NOT_THE_SAME
from server.settlement.payouts.types import (
    Bulk,
    BulkEvent,
    Happened,
    HoldCode,
    Item,
    ItemKind,
    Outcome,
    Payee,
    PayeeKind,
    Payout,
    ShopShare,
    same_person,
)

_CHUNK = 500


def find_bulk(connection: Connection, wanted: str) -> Bulk:
    """By id, or by its number. Raises Refusal BULK_UNKNOWN."""
    c = t.payout_bulks.c
    number = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 19 else -1
    found = _bulks(connection, _SELECT.where((c.bulk_id == wanted) | (c.number == number)))
    exact = [bulk for bulk in found if wanted in (bulk.bulk_id, str(bulk.number))]
    if not exact:
        raise refuse.bulk_unknown(wanted)
    return exact[0]


def bulk_with_key(connection: Connection, key: str) -> Bulk | None:
    found = _bulks(connection, _SELECT.where(t.payout_bulks.c.idempotency_key == key))
    return found[0] if found else None


def bulks_of(
    connection: Connection, service: ServiceId | None = None, *, after: int = 0, limit: int = 100
) -> list[Bulk]:
    """In the order of their numbers; None for every service."""
    query = _SELECT.where(t.payout_bulks.c.number > after)
    if service is not None:
        query = query.where(t.payout_bulks.c.service_id == service)
    return _bulks(connection, query.order_by(t.payout_bulks.c.number).limit(limit))


def unsent_bulk(connection: Connection, service: ServiceId) -> Bulk | None:
    """The one that is neither sent nor discarded, if there is one."""
    over = (BulkEvent.SENT, BulkEvent.DISCARDED)
    ended = select(t.payout_events.c.bulk_id).where(t.payout_events.c.what.in_(map(int, over)))
    found = _bulks(
        connection,
        _SELECT.where(
            t.payout_bulks.c.service_id == service, t.payout_bulks.c.bulk_id.not_in(ended)
        ),
    )
    return found[0] if found else None


def add_event(connection: Connection, bulk: Bulk, what: BulkEvent, by: str, at: Micros) -> Bulk:
    """The bulk after it. Raises Refusal STATE, SAME_PERSON. The caller holds the settlement's lock;
    the key of the row would let only one of two through anyway.
    """
    if what not in NEXT[bulk.state]:
        raise refuse.wrong_state(bulk, what)
    for before in NOT_THE_SAME.get(what, ()):
        who = bulk.who(before)
        if who and same_person(who, by):
            raise refuse.same_person(refuse.DID[before])
    insert_event(connection, bulk.bulk_id, len(bulk.events) + 1, what, by, at)
    return find_bulk(connection, bulk.bulk_id)


def insert_event(
    connection: Connection, bulk_id: str, number: int, what: BulkEvent, by: str, at: Micros
) -> None:
    connection.execute(
        insert(t.payout_events).values(
            bulk_id=bulk_id, number=number, what=int(what), by_operator=by, at=at
        )
    )


def discarded_bulks() -> ScalarSelect[Any]:
    """Ids, for a statement's NOT IN."""
    return (
        select(t.payout_events.c.bulk_id)
        .where(t.payout_events.c.what == int(BulkEvent.DISCARDED))
        .scalar_subquery()
    )


def payouts_of(connection: Connection, bulk_id: str) -> tuple[Payout, ...]:
    """In the order of their lines."""
    return _payouts(connection, t.payouts.c.bulk_id == bulk_id)


def payouts_by_id(connection: Connection, payout_ids: Collection[str]) -> list[Payout]:
    """Those that are there."""
    found: list[Payout] = []
    for some in _chunks(payout_ids):
        found += _payouts(connection, t.payouts.c.payout_id.in_(some))
    return found


def find_payout(connection: Connection, payout_id: str) -> Payout:
    """Raises Refusal UNKNOWN."""
    found = _payouts(connection, t.payouts.c.payout_id == payout_id)
    if not found:
        raise refuse.payout_unknown(payout_id)
    return found[0]


def payout_on_line(connection: Connection, bulk_id: str, line: int) -> Payout:
    """Raises Refusal UNKNOWN."""
    found = _payouts(connection, (t.payouts.c.bulk_id == bulk_id) & (t.payouts.c.line == line))
    if not found:
        raise refuse.payout_unknown(str(line))
    return found[0]


def items_of(connection: Connection, payout_ids: Collection[str]) -> dict[str, tuple[Item, ...]]:
    """What payouts are made of, in the order in which the chain holds it."""
    found: dict[str, tuple[Item, ...]] = {}
    i = t.payout_items.c
    for some in _chunks(payout_ids):
        rows = connection.execute(
            select(t.payout_items, t.payout_shops.c.account_id)
            .join_from(
                t.payout_items,
                t.payout_shops,
                (t.payout_shops.c.payout_id == i.payout_id)
                & (t.payout_shops.c.shop_id == i.shop_id),
            )
            .where(i.payout_id.in_(some))
            .order_by(i.payout_id, i.kind, i.source_id, i.shop_id)
        )
        for payout_id, group in groupby(rows, key=lambda row: row.payout_id):
            found[payout_id] = tuple(
                Item(
                    ItemKind(row.kind),
                    row.source_id,
                    ShopId(row.shop_id),
                    AccountId(row.account_id),
                    row.amount,
                    row.use,
                )
                for row in group
            )
    return found


def insert_payouts(connection: Connection, made: Sequence[tuple[Payout, tuple[Item, ...]]]) -> None:
    """With their shares and items. Raises IntegrityError for an item that a living bulk holds."""
    connection.execute(insert(t.payouts), [_payout_row(payout) for payout, _ in made])
    connection.execute(
        insert(t.payout_shops),
        [
            {
                "payout_id": payout.payout_id,
                "shop_id": share.shop_id,
                "account_id": share.account,
                "closes": share.closes,
                "corrections": share.corrections,
                "carried_in": share.carried_in,
                "returned": share.returned,
                "fee": share.fee,
                "amount": share.amount,
                "carried_out": share.carried_out,
            }
            for payout, _ in made
            for share in payout.shares
        ],
    )
    connection.execute(
        insert(t.payout_items),
        [
            {
                "kind": int(item.kind),
                "source_id": item.source_id,
                "shop_id": item.shop_id,
                "use": item.use,
                "payout_id": payout.payout_id,
                "amount": item.amount,
            }
            for payout, items in made
            for item in items
        ],
    )


def _payout_row(payout: Payout) -> dict[str, Any]:
    return {
        "payout_id": payout.payout_id,
        "bulk_id": payout.bulk_id,
        "line": payout.line,
        "payee_kind": int(payout.payee.kind),
        "payee_id": payout.payee.payee_id,
        "outcome": int(payout.outcome),
        "hold_code": payout.hold or "",
        "details_id": payout.details_id,
        "gross": payout.gross,
        "fee": payout.fee,
        "operator_fee": payout.operator_fee,
        "amount": payout.amount,
        "carried": payout.carried,
    }


_SELECT: Select[Any] = select(t.payout_bulks, t.payout_files.c.sha256).join_from(
    t.payout_bulks,
    t.payout_files,
    t.payout_files.c.bulk_id == t.payout_bulks.c.bulk_id,
    isouter=True,
)


def _bulks(connection: Connection, query: Select[Any]) -> list[Bulk]:
    rows = connection.execute(query).all()
    events: dict[str, list[Happened]] = {}
    for some in _chunks([row.bulk_id for row in rows]):
        found = connection.execute(
            select(t.payout_events)
            .where(t.payout_events.c.bulk_id.in_(some))
            .order_by(t.payout_events.c.bulk_id, t.payout_events.c.number)
        )
        for row in found:
            events.setdefault(row.bulk_id, []).append(
                Happened(BulkEvent(row.what), row.by_operator, Micros(row.at))
            )
    return [
        Bulk(
            row.bulk_id,
            row.number,
            ServiceId(row.service_id),
            date.fromisoformat(row.pay_day),
            row.settings_version,
            row.payer_name,
            row._mapping["count"],  # the row's own method has that name
            Yen(row.total),
            tuple(events.get(row.bulk_id, ())),
            "" if row.sha256 is None else bytes(row.sha256).hex(),
        )
        for row in rows
    ]


def _payouts(connection: Connection, which: Any) -> tuple[Payout, ...]:
    rows = connection.execute(
        select(t.payouts, t.payout_returns.c.return_id)
        .join_from(
            t.payouts,
            t.payout_returns,
            t.payout_returns.c.payout_id == t.payouts.c.payout_id,
            isouter=True,
        )
        .where(which)
        .order_by(t.payouts.c.bulk_id, t.payouts.c.line)
    ).all()
    shares: dict[str, list[ShopShare]] = {}
    for some in _chunks([row.payout_id for row in rows]):
        found = connection.execute(
            select(t.payout_shops)
            .where(t.payout_shops.c.payout_id.in_(some))
            .order_by(t.payout_shops.c.payout_id, t.payout_shops.c.shop_id)
        )
        for row in found:
            shares.setdefault(row.payout_id, []).append(_share(row))
    return tuple(_payout(row, tuple(shares.get(row.payout_id, ()))) for row in rows)


def _share(row: Any) -> ShopShare:
    return ShopShare(
        ShopId(row.shop_id),
        AccountId(row.account_id),
        row.closes,
        row.corrections,
        row.carried_in,
        row.returned,
        row.fee,
        row.amount,
        row.carried_out,
    )


def _payout(row: Any, shares: tuple[ShopShare, ...]) -> Payout:
    return Payout(
        row.payout_id,
        row.bulk_id,
        row.line,
        Payee(PayeeKind(row.payee_kind), row.payee_id),
        Outcome(row.outcome),
        HoldCode(row.hold_code) if row.hold_code else None,
        row.details_id,
        row.gross,
        Yen(row.fee),
        Yen(row.operator_fee),
        Yen(row.amount),
        row.carried,
        shares,
        row.return_id or "",
    )


def _chunks(ids: Collection[str]) -> list[list[str]]:
    ordered = list(ids)
    return [ordered[at : at + _CHUNK] for at in range(0, len(ordered), _CHUNK)]
