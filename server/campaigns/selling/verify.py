"""Proof that what was sold is what was allowed, drawn, paid and booked."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, func, select

from protos.units import Micros, Yen
from server.campaigns.selling.ages import bonus_due
from server.campaigns.selling.drawing import frozen_list, stored_result
from server.campaigns.selling.lottery import draw
from server.campaigns.selling.orders import OrderState
from server.campaigns.selling.purchases import bonus_key, charge_key, purchase_subject
from server.campaigns.selling.terms import CampaignTerms, latest_terms
from server.db.schema import campaigns as c
from server.db.schema import selling as t
from server.ledger import Operation, subjects_of

_SHOWN: Final = 20
_CHUNK: Final = 500


def verify_campaigns(connection: Connection) -> list[str]:
    """Caps, purchases against ledger and grants, bonus, lists and draws; [] when all holds.

    At most 20 findings are named. An order that is paid and not booked yet is no finding: it is
    work that waits (``choba campaign report`` counts it).
    """
    return list(islice(_findings(connection), _SHOWN))


def _findings(connection: Connection) -> Iterator[str]:
    ids = connection.execute(
        select(t.campaign_terms.c.campaign_id).distinct().order_by(t.campaign_terms.c.campaign_id)
    ).scalars()
    for campaign in ids.all():
        terms = latest_terms(connection, campaign)
        if terms is not None:
            yield from _caps(connection, terms)
            yield from _bonus(connection, terms)
            yield from _draws(connection, campaign)
            yield from _won(connection, campaign)
    yield from _purchases(connection)
    yield from _strays(connection)


def _caps(connection: Connection, terms: CampaignTerms) -> Iterator[str]:
    """The counter is the sum of orders; nobody and nothing exceeds its cap."""
    where = f"campaign {terms.campaign_id}"
    counted = connection.execute(
        select(t.campaign_counters).where(t.campaign_counters.c.campaign_id == terms.campaign_id)
    ).one_or_none()
    by_person: dict[str, int] = defaultdict(int)
    for order in _live_orders(connection, terms.campaign_id):
        by_person[order.user_id] += order.units
        if order.price != order.units * terms.unit_price:
            yield f"order {order.order_id}: its price is not its units"
        if order.face != order.units * terms.unit_face:
            yield f"order {order.order_id}: its face is not its units"
    total = sum(by_person.values())
    if counted is None or (counted.reserved, counted.total) != (total, terms.total_units):
        yield f"{where}: its counter differs from its orders ({total} units)"
    if total > terms.total_units:
        yield f"{where}: {total} units ordered, {terms.total_units} are the cap"
    for user, units in by_person.items():
        if units > terms.units_per_person:
            yield f"{where}: user {user} ordered {units} units, {terms.units_per_person} allowed"


def _live_orders(connection: Connection, campaign_id: str) -> Iterator[Any]:
    o, done = t.purchase_orders, t.order_outcomes
    yield from connection.execute(
        select(o)
        .join_from(
            o,
            done,
            (done.c.order_id == o.c.order_id) & (done.c.outcome == int(OrderState.RELEASED)),
            isouter=True,
        )
        .where(o.c.campaign_id == campaign_id, done.c.order_id.is_(None))
    )


def _bonus(connection: Connection, terms: CampaignTerms) -> Iterator[str]:
    """Each buyer's points for age are the floor of the rate on all that they paid."""
    o, done = t.purchase_orders, t.order_outcomes
    rows = connection.execute(
        select(o.c.user_id, func.sum(o.c.price * o.c.aged), func.sum(done.c.bonus))
        .join_from(o, done, done.c.order_id == o.c.order_id)
        .where(
            o.c.campaign_id == terms.campaign_id,
            done.c.outcome == int(OrderState.COLLECTED),
        )
        .group_by(o.c.user_id)
    )
    rate = terms.bonus.basis_points if terms.bonus else 0
    for user, paid, bonus in rows:
        due = bonus_due(Yen(int(paid)), rate, Yen(0))
        if int(bonus) != due:
            yield f"campaign {terms.campaign_id}: user {user} has {bonus} points for age, not {due}"


def _draws(connection: Connection, campaign_id: str) -> Iterator[str]:
    """Each list is what was hashed, and its draw gives again what is stored."""
    rounds = connection.execute(
        select(t.draw_lists.c.round).where(t.draw_lists.c.campaign_id == campaign_id)
    ).scalars()
    for number in rounds.all():
        frozen = frozen_list(connection, campaign_id, number)
        if frozen is None:
            continue
        where = f"campaign {campaign_id} round {number}"
        if frozen.content.sha256() != frozen.sha256:
            yield f"{where}: the applications are not the list that was frozen"
            continue
        stored = stored_result(connection, frozen.list_id)
        if stored is None:
            continue
        row, won = stored
        result = draw(frozen.content, row.seed)
        facts = (result.sha256(), sum(result.won.values()), dict(result.won))
        if facts != (row.sha256, row.units_won, won):
            yield f"{where}: drawing again gives another result than is stored"


def _won(connection: Connection, campaign_id: str) -> Iterator[str]:
    """Nobody ordered more of a lottery's round than they won."""
    o, done, lists = t.purchase_orders, t.order_outcomes, t.draw_lists
    a, won = t.applications, t.draw_results
    winner = (
        select(a.c.user_id, lists.c.round, won.c.units)
        .join_from(won, lists, lists.c.list_id == won.c.list_id)
        .join(a, (a.c.application_id == won.c.application_id) & (a.c.revision == 1))
        .where(lists.c.campaign_id == campaign_id)
    ).subquery()
    rows = connection.execute(
        select(o.c.user_id, o.c.round, func.sum(o.c.units), func.max(winner.c.units))
        .join_from(
            o,
            done,
            (done.c.order_id == o.c.order_id) & (done.c.outcome == int(OrderState.RELEASED)),
            isouter=True,
        )
        .join(
            winner,
            (winner.c.user_id == o.c.user_id) & (winner.c.round == o.c.round),
            isouter=True,
        )
        .where(
            o.c.campaign_id == campaign_id,
            done.c.order_id.is_(None),
            o.c.round.in_(select(lists.c.round).where(lists.c.campaign_id == campaign_id)),
        )
        .group_by(o.c.user_id, o.c.round)
    )
    for user, number, units, allowed in rows:
        if int(units) > int(allowed or 0):
            yield f"campaign {campaign_id} round {number}: user {user} ordered more than was won"


def _purchases(connection: Connection) -> Iterator[str]:
    """Each purchase's rows are what its entry says; its grants are the order's."""
    last = ""
    while rows := _purchase_rows(connection, last):
        last = rows[-1].purchase_id
        ids = [row.purchase_id for row in rows]
        entries = subjects_of(connection, ids)
        keys = [key(row.order_id) for row in rows for key in (charge_key, bonus_key)]
        grants = {
            grant.idempotency_key: grant
            for grant in connection.execute(
                select(c.grants).where(c.grants.c.idempotency_key.in_(keys))
            )
        }
        for row in rows:
            yield from _purchase(row, entries.get(row.purchase_id), grants)


def _purchase(
    row: Any, entry: tuple[bytes, Micros] | None, grants: dict[str, Any]
) -> Iterator[str]:
    where = f"purchase {row.purchase_id}"
    if row.user_id is None or row.outcome != int(OrderState.COLLECTED):
        yield f"{where}: its order is not there, or was not paid"
        return
    if entry is None:
        yield f"{where}: no entry in the ledger"
    elif entry != (purchase_subject(row.purchase_id, row), row.booked_at):
        yield f"{where}: differs from its entry"
    if row.amount != row.price:
        yield f"{where}: {row.amount} yen were collected for an order of {row.price}"
    charge, bonus = grants.get(charge_key(row.order_id)), grants.get(bonus_key(row.order_id))
    expected = (int(Operation.CHARGE), row.user_id, row.face, row.price)
    if charge is None or _facts(charge) != expected:
        yield f"{where}: its charge is missing or another one"
    given = (int(Operation.GRANT), row.user_id, row.bonus, 0)
    if (bonus is None) != (row.bonus == 0) or (bonus is not None and _facts(bonus) != given):
        yield f"{where}: its points for age are not {row.bonus}"


def _facts(grant: Any) -> tuple[int, str, int, int]:
    return (grant.operation, grant.user_id, grant.amount, grant.price)


def _purchase_rows(connection: Connection, last: str) -> list[Any]:
    p, o, done = t.purchases, t.purchase_orders, t.order_outcomes
    return list(
        connection.execute(
            select(p.c.purchase_id, p.c.booked_at, p.c.order_id, o, done)
            .join_from(p, o, o.c.order_id == p.c.order_id, isouter=True)
            .join(done, done.c.order_id == p.c.order_id, isouter=True)
            .where(p.c.purchase_id > last)
            .order_by(p.c.purchase_id)
            .limit(_CHUNK)
        )
    )


def _strays(connection: Connection) -> Iterator[str]:
    """No charge calls itself a purchase without one."""
    prefix = charge_key("")
    order = func.substr(c.grants.c.idempotency_key, len(prefix) + 1)
    strays = connection.execute(
        select(c.grants.c.grant_id)
        .join_from(c.grants, t.purchases, t.purchases.c.order_id == order, isouter=True)
        .where(
            c.grants.c.idempotency_key.like(f"{prefix}%"),
            c.grants.c.operation == int(Operation.CHARGE),
            t.purchases.c.purchase_id.is_(None),
        )
        .limit(_SHOWN)
    ).scalars()
    for grant in strays:
        yield f"charge {grant}: it is no purchase that was paid"
