"""How a campaign stands: applied, won, ordered, paid, unsold (売れ残り)."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from protos.units import Micros, Yen
from server.campaigns.selling.drawing import winners
from server.campaigns.selling.eligibility import eligible_count
from server.campaigns.selling.orders import OrderState
from server.campaigns.selling.purchases import pending_purchases
from server.campaigns.selling.terms import CampaignTerms, RoundKind, campaign_at
from server.campaigns.terms import terms_at
from server.clock import DAY
from server.db.schema import selling as t

_SIX_MONTHS = 184 * DAY


@dataclass(frozen=True, slots=True)
class RoundReport:
    """One round; numbers of a lottery's list are 0 before it is frozen."""

    round: int
    kind: RoundKind
    applications: int
    units_applied: int
    supply: int
    list_sha256: str
    winners: int
    units_won: int
    units_ordered: int
    units_paid: int


@dataclass(frozen=True, slots=True)
class CampaignReport:
    """Units add up: total = paid + ordered and not paid + unsold."""

    campaign_id: str
    eligible: int
    linked: int
    total_units: int
    paid_units: int
    open_units: int
    unsold_units: int
    """May go into a further round: a second lottery or a direct sale."""
    paid: Yen
    face: Yen
    bonus: Yen
    not_issued: int
    """Orders that are paid and not booked yet: ``choba campaign issue`` books them."""
    rounds: tuple[RoundReport, ...]
    warnings: tuple[tuple[str, str], ...]


def campaign_report(connection: Connection, campaign_id: str, now: Micros) -> CampaignReport:
    """Everything counted from the rows themselves. Refused: UNKNOWN."""
    terms = campaign_at(connection, campaign_id, now)
    sums = _sums(connection, campaign_id)
    paid_units = sum(units for (_, state), (units, *_) in sums.items() if state == 1)
    open_units = sum(units for (_, state), (units, *_) in sums.items() if state == 0)
    collected = [values for (_, state), values in sums.items() if state == 1]
    eligible, linked = eligible_count(connection, campaign_id)
    return CampaignReport(
        campaign_id,
        eligible,
        linked,
        terms.total_units,
        paid_units,
        open_units,
        terms.total_units - paid_units - open_units,
        Yen(sum(price for _, price, _, _ in collected)),
        Yen(sum(face for _, _, face, _ in collected)),
        Yen(sum(bonus for *_, bonus in collected)),
        pending_purchases(connection),
        tuple(
            _round(connection, terms, number, sums)
            for number in sorted({one.number for one in terms.rounds} | {r for r, _ in sums})
        ),
        legal_warnings(connection, terms, now),
    )


def legal_warnings(
    connection: Connection, terms: CampaignTerms, now: Micros
) -> tuple[tuple[str, str], ...]:
    """What the operator should see to, in Japanese and English: the legal basis of the service.

    Payment Services Act, article 4: prepaid means issued by a local government (no. 2), or usable
    for at most 6 months (no. 3, and the enforcement order), are exempt; others need a notification.
    """
    service = terms_at(connection, max(now, terms.valid_from)).get(terms.service_id)
    if service is None:
        return (
            (
                "商品券サービスの利用期間が登録されていません。",
                "The voucher service has no terms of use yet.",
            ),
        )
    if service.legal_basis == "local-government":
        return ()
    if service.legal_basis == "six-months":
        if service.usable_until - min(service.usable_from, terms.valid_from) <= _SIX_MONTHS:
            return ()
        return (
            (
                "資金決済法第4条の「6月以内」を根拠にしていますが、利用期間が6か月を超えています。",
                "The legal basis is 'usable for 6 months at most', and the period is longer.",
            ),
        )
    return (
        (
            "資金決済法第4条の適用除外の根拠が登録されていません。届出・供託が要るか確かめてください。",
            "No legal basis under the Payment Services Act, article 4: notification and deposit "
            "may be required.",
        ),
    )


def _round(
    connection: Connection,
    terms: CampaignTerms,
    number: int,
    sums: dict[tuple[int, int], tuple[int, int, int, int]],
) -> RoundReport:
    lists, drawn = t.draw_lists, t.draws
    row = connection.execute(
        select(lists, drawn.c.units_won)
        .join_from(lists, drawn, drawn.c.list_id == lists.c.list_id, isouter=True)
        .where(lists.c.campaign_id == terms.campaign_id, lists.c.round == number)
    ).one_or_none()
    paid = sums.get((number, int(OrderState.COLLECTED)), (0, 0, 0, 0))[0]
    ordered = paid + sums.get((number, int(OrderState.OPEN)), (0, 0, 0, 0))[0]
    kind = terms.round(number).kind
    if row is None:
        return RoundReport(number, kind, 0, 0, 0, "", 0, 0, ordered, paid)
    return RoundReport(
        number,
        kind,
        row.applications,
        row.units,
        row.supply,
        row.sha256,
        winners(connection, row.list_id),
        row.units_won or 0,
        ordered,
        paid,
    )


def _sums(
    connection: Connection, campaign_id: str
) -> dict[tuple[int, int], tuple[int, int, int, int]]:
    """Units, price, face and bonus by round and state of the order."""
    o, done = t.purchase_orders, t.order_outcomes
    state = func.coalesce(done.c.outcome, 0)
    rows = connection.execute(
        select(
            o.c.round,
            state,
            func.sum(o.c.units),
            func.sum(o.c.price),
            func.sum(o.c.face),
            func.coalesce(func.sum(done.c.bonus), 0),
        )
        .join_from(o, done, done.c.order_id == o.c.order_id, isouter=True)
        .where(o.c.campaign_id == campaign_id)
        .group_by(o.c.round, state)
    )
    return {
        (number, int(outcome)): (int(units), int(price), int(face), int(bonus))
        for number, outcome, units, price, face, bonus in rows
    }
