"""Orders (購入申込): units reserved for a buyer until they are paid, or released.

No cap is ever exceeded, however many processes sell: the campaign's counter is one row, raised only
as far as its CHECK allows, in the transaction that writes the order.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from sqlalchemy import BigInteger, Connection, SmallInteger, func, insert, literal, select, update

from protos.units import Micros, UserId, Yen
from server.campaigns.selling.ages import age_on
from server.campaigns.selling.applications import (
    application_of,
    check_key,
    lock_campaign,
    units_of_person,
)
from server.campaigns.selling.linking import Resident, resident_of
from server.campaigns.selling.refusals import CampaignReason, refuse
from server.campaigns.selling.terms import (
    CampaignTerms,
    Round,
    RoundKind,
    campaign_at,
    voucher_expiry,
)
from server.db import new_public_id
from server.db.schema import selling as t
from server.ledger import LedgerClock


class OrderState(IntEnum):
    """Numbers stand in the books (0 does not): never change one."""

    OPEN = 0
    COLLECTED = 1
    RELEASED = 2


@dataclass(frozen=True, slots=True)
class Order:
    """``order_id`` is the reference under which the buyer pays."""

    order_id: str
    campaign_id: str
    round: int
    user_id: UserId
    units: int
    price: Yen
    face: Yen
    aged: bool
    """Gets the age bonus."""
    terms_version: int
    ordered_at: Micros
    pay_until: Micros
    release_at: Micros
    state: OrderState = OrderState.OPEN


def order_vouchers(
    connection: Connection,
    *,
    user_id: UserId,
    campaign_id: str,
    round_number: int,
    units: int,
    idempotency_key: str,
    clock: LedgerClock,
) -> Order:
    """Reserve units for a buyer: a winner's, or in a direct sale anybody's on the list.

    The same key and content again is the same order. Refused: NOT_ELIGIBLE, WINDOW, NOT_DRAWN,
    UNITS, OVER_WON, OVER_PERSON, SOLD_OUT, KEY_MALFORMED, KEY_REUSED, UNKNOWN, ROUND_UNKNOWN,
    TERMS_INVALID (the service's period of use is over).
    """
    check_key(idempotency_key)
    resident = resident_of(connection, campaign_id, user_id, lock=True)
    if resident is None:
        raise refuse(CampaignReason.NOT_ELIGIBLE)
    before = _by_key(connection, user_id, idempotency_key)
    if before is not None:
        if (before.campaign_id, before.round, before.units) != (campaign_id, round_number, units):
            raise refuse(CampaignReason.KEY_REUSED, field="idempotency_key")
        return before
    lock_campaign(connection, campaign_id)
    now = clock(connection)
    terms = campaign_at(connection, campaign_id, now)
    window = terms.round(round_number)
    if not window.buy_from <= now < window.buy_until:
        raise refuse(
            CampaignReason.WINDOW,
            detail={"from_micros": str(window.buy_from), "until_micros": str(window.buy_until)},
        )
    voucher_expiry(connection, terms, now)
    _check_units(connection, terms, window, user_id, units)
    _reserve(connection, campaign_id, units)
    order = _order(terms, window, user_id, units, resident, now)
    _insert(connection, order, idempotency_key)
    return order


def release_unpaid(connection: Connection, campaign_id: str, now: Micros) -> int:
    """Give back the units of orders that nobody has paid by their ``release_at``; how many orders.

    Holds the campaign's row; the first outcome of an order wins. May run at any time.
    """
    lock_campaign(connection, campaign_id)
    o, done = t.purchase_orders, t.order_outcomes
    late = (
        select(o.c.order_id, o.c.units)
        .join_from(o, done, done.c.order_id == o.c.order_id, isouter=True)
        .where(o.c.campaign_id == campaign_id, o.c.release_at <= now, done.c.order_id.is_(None))
    ).subquery()
    count, units = connection.execute(
        select(func.count(), func.coalesce(func.sum(late.c.units), 0))
    ).one()
    if not count:
        return 0
    names = [column.name for column in done.columns]
    values = {
        "order_id": late.c.order_id,
        "outcome": literal(int(OrderState.RELEASED), SmallInteger),
        "decided_at": literal(now, BigInteger),
        "amount": literal(0, BigInteger),
        "bonus": literal(0, BigInteger),
    }
    wanted = [name for name in names if name in values]
    connection.execute(insert(done).from_select(wanted, select(*(values[name] for name in wanted))))
    counters = t.campaign_counters
    connection.execute(
        update(counters)
        .where(counters.c.campaign_id == campaign_id)
        .values(reserved=counters.c.reserved - int(units))
    )
    return int(count)


def orders_of(connection: Connection, user_id: UserId) -> tuple[Order, ...]:
    """A person's orders, oldest first."""
    rows = connection.execute(
        _orders().where(t.purchase_orders.c.user_id == user_id).order_by("ordered_at", "order_id")
    )
    return tuple(order_of(row) for row in rows)


def order_by_id(connection: Connection, order_id: str) -> Order | None:
    """An order by its reference."""
    row = connection.execute(
        _orders().where(t.purchase_orders.c.order_id == order_id)
    ).one_or_none()
    return order_of(row) if row else None


def _check_units(
    connection: Connection, terms: CampaignTerms, window: Round, user_id: UserId, units: int
) -> None:
    if not 1 <= units <= terms.units_per_person:
        most = str(terms.units_per_person)
        raise refuse(CampaignReason.UNITS, field="units", detail={"most": most})
    held = units_of_person(connection, terms.campaign_id, user_id)
    if units > terms.units_per_person - held:
        left = str(terms.units_per_person - held)
        raise refuse(CampaignReason.OVER_PERSON, field="units", detail={"left": left})
    if window.kind is RoundKind.DIRECT:
        return
    won = units_won(connection, terms.campaign_id, window.number, user_id)
    if won is None:
        raise refuse(CampaignReason.NOT_DRAWN)
    left_won = won - _ordered_in_round(connection, terms.campaign_id, window.number, user_id)
    if units > left_won:
        raise refuse(CampaignReason.OVER_WON, field="units", detail={"left": str(left_won)})


def _reserve(connection: Connection, campaign_id: str, units: int) -> None:
    counters = t.campaign_counters
    done = connection.execute(
        update(counters)
        .where(
            counters.c.campaign_id == campaign_id,
            counters.c.reserved + units <= counters.c.total,
        )
        .values(reserved=counters.c.reserved + units)
    )
    if not done.rowcount:
        raise refuse(CampaignReason.SOLD_OUT, field="units")


def _order(
    terms: CampaignTerms, window: Round, user_id: UserId, units: int, who: Resident, now: Micros
) -> Order:
    bonus = terms.bonus
    aged = bonus is not None and bonus.age <= age_on(who.birth_date, bonus.age_on, bonus.age_rule)
    return Order(
        new_public_id(),
        terms.campaign_id,
        window.number,
        user_id,
        units,
        Yen(units * terms.unit_price),
        Yen(units * terms.unit_face),
        aged,
        terms.version,
        now,
        window.pay_until,
        window.release_at,
    )


def _insert(connection: Connection, order: Order, key: str) -> None:
    connection.execute(
        insert(t.purchase_orders).values(
            order_id=order.order_id,
            campaign_id=order.campaign_id,
            round=order.round,
            user_id=order.user_id,
            units=order.units,
            price=order.price,
            face=order.face,
            aged=int(order.aged),
            terms_version=order.terms_version,
            ordered_at=order.ordered_at,
            pay_until=order.pay_until,
            release_at=order.release_at,
            idempotency_key=key,
        )
    )


def units_won(
    connection: Connection, campaign_id: str, round_number: int, user_id: UserId
) -> int | None:
    """Units won in a round; None before its draw."""
    drawn = connection.execute(
        select(t.draws.c.list_id)
        .join_from(t.draws, t.draw_lists, t.draws.c.list_id == t.draw_lists.c.list_id)
        .where(t.draw_lists.c.campaign_id == campaign_id, t.draw_lists.c.round == round_number)
    ).scalar_one_or_none()
    if drawn is None:
        return None
    application = application_of(connection, campaign_id, round_number, user_id)
    won = connection.execute(
        select(t.draw_results.c.units).where(
            t.draw_results.c.list_id == drawn,
            t.draw_results.c.application_id == (application.application_id if application else ""),
        )
    ).scalar_one_or_none()
    return int(won or 0)


def _ordered_in_round(
    connection: Connection, campaign_id: str, round_number: int, user_id: UserId
) -> int:
    return sum(
        order.units
        for order in orders_of(connection, user_id)
        if (order.campaign_id, order.round) == (campaign_id, round_number)
        and order.state is not OrderState.RELEASED
    )


def _orders() -> Any:
    o, done = t.purchase_orders, t.order_outcomes
    return select(o, done.c.outcome).join_from(
        o, done, done.c.order_id == o.c.order_id, isouter=True
    )


def _by_key(connection: Connection, user_id: UserId, key: str) -> Order | None:
    o = t.purchase_orders
    row = connection.execute(
        _orders().where(o.c.user_id == user_id, o.c.idempotency_key == key)
    ).one_or_none()
    return order_of(row) if row else None


def order_of(row: Any) -> Order:
    """From a row of the order and its outcome (None while open)."""
    return Order(
        row.order_id,
        row.campaign_id,
        row.round,
        UserId(row.user_id),
        row.units,
        Yen(row.price),
        Yen(row.face),
        bool(row.aged),
        row.terms_version,
        Micros(row.ordered_at),
        Micros(row.pay_until),
        Micros(row.release_at),
        OrderState(row.outcome or 0),
    )
