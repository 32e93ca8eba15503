"""Money collected for orders: what a collector reports, accepted whole or not at all.

A card acquirer or a collection agency (収納代行) stands behind ``CollectionPort``; an agency
without an interface sends a CSV file, columns ``reference,amount,collectedOn,receipt``.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from itertools import islice
from typing import Any, Final, Protocol

from sqlalchemy import Connection, func, select

from protos.units import Micros, Yen
from server.campaigns.selling.ages import bonus_due
from server.campaigns.selling.applications import lock_campaign
from server.campaigns.selling.csv_lines import LineCode, LineErrors, Source, rows
from server.campaigns.selling.eligibility import plain_date
from server.campaigns.selling.orders import Order, OrderState, order_of
from server.campaigns.selling.terms import CampaignTerms, campaign_at, latest_terms, voucher_expiry
from server.db import DatabaseKind
from server.db.schema import selling as t
from server.db.sets import Inserter, RowSet
from server.ledger import LedgerClock
from server.oversight import Act, record_act
from server.refusal import Refusal
from server.typed_amount import AmountProblem, parse_amount

HEADER: Final = ("reference", "amount", "collectedOn", "receipt")
_CHUNK: Final = 5_000
_LONGEST_RECEIPT: Final = 64
_MOST_YEN: Final = Yen(10**10)


@dataclass(frozen=True, slots=True)
class Collected:
    """One payment that a collector reports."""

    line: int
    """Of the file, or the number in the report, from 1."""
    reference: str
    """The order that was paid."""
    amount: Yen
    collected_on: date
    receipt: str
    """The collector's own number of it, unique with that collector."""


@dataclass(frozen=True, slots=True)
class Instructions:
    """How a buyer pays an order. ``url``: empty when the reference is all that is needed."""

    url: str
    ja: str
    en: str


class CollectionPort(Protocol):
    """A collector. Neither call moves money in Choba."""

    @property
    def name(self) -> str:
        """As it stands in the books: 1 to 64 of A-Z a-z 0-9 - ."""

    def instructions(self, order: Order) -> Instructions:
        """How to pay; the same order again gives the same payment."""

    def collected(self) -> Sequence[Collected]:
        """What it has collected so far; what was reported before may come again."""


class Fate(Enum):
    """What happens, or would happen, with a reported payment."""

    NEW = "new"
    REPEATED = "repeated"
    """Reported before with the same receipt: nothing happens again."""


@dataclass(frozen=True, slots=True)
class LineFate:
    line: int
    reference: str
    fate: Fate
    amount: Yen
    bonus: Yen
    """Points for age that the buyer gets on this purchase."""


def read_collected(source: Source, today: date) -> list[Collected]:
    """A collector's file. Raises FileRefused with each wrong line."""
    errors = LineErrors()
    found: list[Collected] = []
    for line, (reference, amount, day, receipt) in rows(source, HEADER, errors):
        yen, collected_on, plain = parse_amount(amount, _MOST_YEN), plain_date(day), receipt.strip()
        if isinstance(yen, AmountProblem):
            ja = "金額は1円以上の整数にしてください（小数・マイナスは使えません）。"
            en = f"a whole number of yen above 0 ({yen.value})"
            errors.add(line, LineCode.AMOUNT, "amount", ja, en)
        if collected_on is None or collected_on > today:
            ja = "実在する日付を 2024-05-20 の形で入れてください。"
            en = "a date that exists, not in the future: 2024-05-20"
            errors.add(line, LineCode.DATE, "collectedOn", ja, en)
        if not 0 < len(plain) <= _LONGEST_RECEIPT or not (plain.isascii() and plain.isprintable()):
            ja, en = "半角64文字までにしてください。", "1 to 64 printable ASCII characters"
            errors.add(line, LineCode.VALUE, "receipt", ja, en)
        if not isinstance(yen, AmountProblem) and collected_on is not None:
            found.append(Collected(line, reference.strip(), yen, collected_on, plain))
    errors.check()
    return found


def accept_collected(
    connection: Connection,
    items: Sequence[Collected],
    *,
    collector: str,
    clock: LedgerClock,
    by: str,
    why: str,
    dry_run: bool = False,
) -> list[LineFate]:
    """Accept what was collected: each order's outcome and age bonus, in the caller's transaction.

    All or nothing: raises FileRefused when a line fits no order. ``book_purchases`` issues the
    vouchers afterwards. ``dry_run``: the fates only, nothing is written.
    """
    errors = LineErrors()
    orders = _orders(connection, items)
    for campaign in sorted({order.campaign_id for order, _ in orders.values()}):
        lock_campaign(connection, campaign)
    orders = _orders(connection, items)  # outcomes as they are now that the campaigns are held
    now = clock(connection)
    by_receipt = _receipts(connection, items, collector)
    totals = _Totals(connection, [order for order, _ in orders.values()], now)
    fates, fresh, seen = [], [], set[str]()
    for item in items:
        known = orders.get(item.reference)
        fate = _fate(item, known, by_receipt, collector, seen, errors)
        if fate is None or known is None:
            continue
        if fate is Fate.NEW and totals.over(known[0]):
            _late(item, errors)
            continue
        bonus = totals.add(known[0]) if fate is Fate.NEW else Yen(known[1].bonus)
        fates.append(LineFate(item.line, item.reference, fate, item.amount, bonus))
        if fate is Fate.NEW:
            fresh.append(_row(item, collector, bonus, now))
    errors.check()
    if fresh and not dry_run:
        _write(connection, fresh, collector, now, by, why)
    return fates


_Fault = tuple[LineCode, str, str, str]


def _fate(
    item: Collected,
    known: tuple[Order, Any] | None,
    by_receipt: dict[str, str],
    collector: str,
    seen: set[str],
    errors: LineErrors,
) -> Fate | None:
    """None for a line with a fault, which is in ``errors`` then."""
    fault = _fault_of(item, known, by_receipt, seen)
    seen |= {item.reference, f"r{item.receipt}"}
    if fault is None and known is not None:
        order, outcome = known
        if order.state is OrderState.OPEN:
            return Fate.NEW
        if (outcome.collector, outcome.receipt) == (collector, item.receipt):
            return Fate.REPEATED
        fault = _settled_fault(order)
    assert fault is not None, "an unknown order is a fault"
    errors.add(item.line, *fault)
    return None


def _fault_of(
    item: Collected,
    known: tuple[Order, Any] | None,
    by_receipt: dict[str, str],
    seen: set[str],
) -> _Fault | None:
    if item.reference in seen or f"r{item.receipt}" in seen:
        ja, en = "前の行と同じ番号です。", "stands in a line before"
        return (LineCode.TWICE, "reference", ja, en)
    if known is None:
        ja, en = "この申込はありません。", "there is no such order"
        return (LineCode.UNKNOWN, "reference", ja, en)
    price = known[0].price
    if item.amount != price:
        ja, en = f"申込の金額は{price:,}円です。", f"the order is of {price} yen"
        return (LineCode.AMOUNT, "amount", ja, en)
    if by_receipt.get(item.receipt, item.reference) != item.reference:
        ja, en = "ほかの申込の入金番号です。", "this receipt belongs to another order"
        return (LineCode.CONFLICT, "receipt", ja, en)
    return None


def _settled_fault(order: Order) -> _Fault:
    if order.state is OrderState.COLLECTED:
        ja = "入金済みの申込です。二重の入金は収納先で返金し、この行を除いてください。"
        en = "paid before under another receipt; have the collector refund it, drop the line"
        return (LineCode.CONFLICT, "reference", ja, en)
    ja = "支払期限が過ぎて取り消された申込です。収納先で返金し、この行を除いてください。"
    en = "released, as it was not paid in time; have the collector refund it, drop the line"
    return (LineCode.STATE, "reference", ja, en)


def _late(item: Collected, errors: LineErrors) -> None:
    ja = "商品券の利用期間が終わっています。収納先で返金し、この行を除いてください。"
    en = "the vouchers' period of use is over; have the collector refund it, drop the line"
    errors.add(item.line, LineCode.STATE, "reference", ja, en)


def _row(item: Collected, collector: str, bonus: Yen, now: Micros) -> tuple[Any, ...]:
    return (
        item.reference,
        int(OrderState.COLLECTED),
        now,
        collector,
        item.receipt,
        item.collected_on.isoformat(),
        item.amount,
        bonus,
    )


def _write(
    connection: Connection,
    fresh: list[tuple[Any, ...]],
    collector: str,
    now: Micros,
    by: str,
    why: str,
) -> None:
    inserter = Inserter(DatabaseKind(connection.dialect.name), t.order_outcomes)
    for start in range(0, len(fresh), _CHUNK):
        inserter.insert(connection, fresh[start : start + _CHUNK])
    detail: dict[str, str | int] = {
        "orders": len(fresh),
        "yen": sum(row[6] for row in fresh),
        "bonus": sum(row[7] for row in fresh),
    }
    record_act(connection, Act(by, "campaign.collected", collector, why, now, detail))


class _Totals:
    """What each buyer has paid in a campaign so far and was granted for age; then the next."""

    def __init__(self, connection: Connection, orders: Sequence[Order], now: Micros) -> None:
        self._terms: dict[str, CampaignTerms | None] = {}
        self._over: dict[str, bool] = {}
        self._paid: dict[tuple[str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
        for campaign in sorted({order.campaign_id for order in orders}):
            self._terms[campaign] = latest_terms(connection, campaign)
            self._over[campaign] = _is_over(connection, campaign, now)
        o, done = t.purchase_orders, t.order_outcomes
        users = RowSet(DatabaseKind(connection.dialect.name), "users", user_id=str)
        statement = (
            select(o.c.campaign_id, o.c.user_id, func.sum(o.c.price), func.sum(done.c.bonus))
            .join_from(o, done, done.c.order_id == o.c.order_id)
            .where(
                done.c.outcome == int(OrderState.COLLECTED),
                o.c.aged == 1,
                o.c.user_id.in_(select(users.source.c.user_id)),
            )
            .group_by(o.c.campaign_id, o.c.user_id)
        )
        for chunk in _chunks(sorted({order.user_id for order in orders})):
            params = users.params([(user,) for user in chunk])
            for campaign, user, paid, bonus in connection.execute(statement, params):
                self._paid[campaign, user] = (int(paid), int(bonus))

    def over(self, order: Order) -> bool:
        """Whether vouchers issued now could not be used any more."""
        return self._over[order.campaign_id]

    def add(self, order: Order) -> Yen:
        """Count a purchase in; the points that are due on it."""
        terms = self._terms[order.campaign_id]
        if terms is None or terms.bonus is None or not order.aged:
            return Yen(0)
        key = (order.campaign_id, order.user_id)
        paid, granted = self._paid[key]
        due = bonus_due(Yen(paid + order.price), terms.bonus.basis_points, Yen(granted))
        self._paid[key] = (paid + order.price, granted + due)
        return due


def _is_over(connection: Connection, campaign_id: str, now: Micros) -> bool:
    try:
        voucher_expiry(connection, campaign_at(connection, campaign_id, now), now)
    except Refusal:
        return True
    return False


def _orders(connection: Connection, items: Sequence[Collected]) -> dict[str, tuple[Order, Any]]:
    """The orders that are named, each with its outcome's row."""
    o, done = t.purchase_orders, t.order_outcomes
    wanted = RowSet(DatabaseKind(connection.dialect.name), "wanted", order_id=str)
    statement = (
        select(o, done.c.outcome, done.c.collector, done.c.receipt, done.c.bonus)
        .join_from(o, done, done.c.order_id == o.c.order_id, isouter=True)
        .where(o.c.order_id.in_(select(wanted.source.c.order_id)))
    )
    found: dict[str, tuple[Order, Any]] = {}
    for chunk in _chunks([item.reference for item in items]):
        for row in connection.execute(statement, wanted.params([(one,) for one in chunk])):
            found[row.order_id] = (order_of(row), row)
    return found


def _receipts(connection: Connection, items: Sequence[Collected], collector: str) -> dict[str, str]:
    """Which order each receipt of this collector was for."""
    done = t.order_outcomes
    wanted = RowSet(DatabaseKind(connection.dialect.name), "wanted", receipt=str)
    statement = select(done.c.receipt, done.c.order_id).where(
        done.c.collector == collector, done.c.receipt.in_(select(wanted.source.c.receipt))
    )
    found: dict[str, str] = {}
    for chunk in _chunks([item.receipt for item in items]):
        for receipt, order in connection.execute(statement, wanted.params([(r,) for r in chunk])):
            found[receipt] = order
    return found


def _chunks(values: Sequence[str]) -> Iterator[list[str]]:
    remaining = iter(values)
    while chunk := list(islice(remaining, _CHUNK)):
        yield chunk
