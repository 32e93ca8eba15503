"""A campaign's terms: what a unit costs and gives, who may buy, when. A change is a new version."""

import json
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, func, insert, select

from protos.units import Micros, Yen
from server.campaigns.selling.ages import AgeRule
from server.campaigns.selling.refusals import CampaignReason, refuse
from server.campaigns.terms import terms_at
from server.clock import tokyo_time
from server.db.schema import selling as t
from server.directory import ServiceId, ServiceKind, services
from server.ledger import LedgerClock


class RoundKind(StrEnum):
    LOTTERY = "lottery"
    """Applications, a draw when they exceed the supply, then the winners buy."""
    DIRECT = "direct"
    """First come, first served: for units that a lottery left unsold."""


@dataclass(frozen=True, slots=True)
class Round:
    """Windows are half-open: at the end instant it is over."""

    number: int
    kind: RoundKind
    apply_from: Micros
    """0 for a direct sale, as ``apply_until``."""
    apply_until: Micros
    draw_event: str
    """The public event whose outcome is the seed; named beforehand. Empty for a direct sale."""
    buy_from: Micros
    buy_until: Micros
    pay_until: Micros
    """Until when buyers may pay what they ordered."""
    release_at: Micros
    """From when an order that was not paid is released; later than ``pay_until``, because
    collectors report days afterwards."""

    @property
    def opens_at(self) -> Micros:
        return self.apply_from if self.kind is RoundKind.LOTTERY else self.buy_from


@dataclass(frozen=True, slots=True)
class AgeBonus:
    """Points for those of an age, on what they paid."""

    service_id: ServiceId
    age: int
    age_on: date
    age_rule: AgeRule
    basis_points: int
    """Of the price paid, premium left out; 300 is 3 %."""
    expires_at: Micros
    """A fixed end (exclusive), or 0: by ``expires_months``."""
    expires_months: int
    """At the end of the n-th month after that of the purchase (0: of that month)."""

    def expiry(self, instant: Micros) -> Micros:
        """When points granted at ``instant`` expire (exclusive)."""
        if self.expires_at:
            return self.expires_at
        start = tokyo_time(instant).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        months = start.year * 12 + start.month - 1 + self.expires_months + 1
        end = start.replace(year=months // 12, month=months % 12 + 1)
        return Micros(int(end.timestamp()) * 1_000_000)


@dataclass(frozen=True, slots=True)
class CampaignTerms:
    """One version. Its voucher service's own terms say when vouchers are used and expire."""

    campaign_id: str
    version: int
    valid_from: Micros
    service_id: ServiceId
    name_ja: str
    name_en: str
    unit_price: Yen
    unit_face: Yen
    units_per_person: int
    total_units: int
    eligible_on: date
    """Residents on this day are on the eligibility list."""
    bonus: AgeBonus | None
    not_for: tuple[tuple[str, str], ...]
    """What vouchers may not buy, in Japanese and English."""
    rounds: tuple[Round, ...]

    @property
    def total_face(self) -> Yen:
        return Yen(self.total_units * self.unit_face)

    @property
    def total_premium(self) -> Yen:
        return Yen(self.total_units * (self.unit_face - self.unit_price))

    def round(self, number: int, kind: RoundKind | None = None) -> Round:
        """Refused: ROUND_UNKNOWN."""
        for one in self.rounds:
            if one.number == number and kind in (None, one.kind):
                return one
        raise refuse(CampaignReason.ROUND_UNKNOWN, field="round")


def add_campaign_terms(
    connection: Connection, terms: CampaignTerms, clock: LedgerClock
) -> CampaignTerms:
    """Write a version and its rounds; the same version with the same content again is nothing new.

    The first version counts from whenever it says. A later one takes effect in the future, keeps
    what buyers have relied on (services, price, face, cap, earlier rounds whose window has opened)
    and is refused otherwise: TERMS_FIXED. Also refused: SERVICE_UNKNOWN, TERMS_INVALID.
    """
    _check_services(connection, terms)
    connection.execute(
        select(t.campaign_counters.c.total)
        .where(t.campaign_counters.c.campaign_id == terms.campaign_id)
        .with_for_update()
    ).all()
    before = latest_terms(connection, terms.campaign_id)
    same = _version(connection, terms.campaign_id, terms.version)
    if same is not None:
        if same != terms:
            raise _fixed("version", f"version {terms.version} is there with other contents")
        return terms
    if before is None:
        if terms.version != 1:
            raise refuse(CampaignReason.TERMS_INVALID, field="version", en="The first is 1.")
        connection.execute(
            insert(t.campaign_counters).values(
                campaign_id=terms.campaign_id, reserved=0, total=terms.total_units
            )
        )
    else:
        _check_change(before, terms, clock(connection))
    _insert(connection, terms)
    return terms


def latest_terms(connection: Connection, campaign_id: str) -> CampaignTerms | None:
    """The newest version, whether or not it is valid yet."""
    newest = connection.execute(
        select(func.max(t.campaign_terms.c.version)).where(
            t.campaign_terms.c.campaign_id == campaign_id
        )
    ).scalar_one()
    return None if newest is None else _version(connection, campaign_id, newest)


def campaign_at(connection: Connection, campaign_id: str, instant: Micros) -> CampaignTerms:
    """The version that counts at ``instant``. Refused: UNKNOWN."""
    version = connection.execute(
        select(func.max(t.campaign_terms.c.version)).where(
            t.campaign_terms.c.campaign_id == campaign_id,
            t.campaign_terms.c.valid_from <= instant,
        )
    ).scalar_one()
    found = None if version is None else _version(connection, campaign_id, version)
    if found is None:
        raise refuse(CampaignReason.UNKNOWN, field="campaign_id")
    return found


def campaigns_at(connection: Connection, instant: Micros) -> tuple[CampaignTerms, ...]:
    """Every campaign as it counts at ``instant``."""
    ids = connection.execute(
        select(t.campaign_terms.c.campaign_id)
        .where(t.campaign_terms.c.valid_from <= instant)
        .distinct()
        .order_by(t.campaign_terms.c.campaign_id)
    ).scalars()
    return tuple(campaign_at(connection, campaign, instant) for campaign in ids.all())


def voucher_expiry(connection: Connection, terms: CampaignTerms, instant: Micros) -> Micros:
    """When vouchers issued at ``instant`` expire: the end of the service's usage window.

    Refused: TERMS_INVALID for a service without terms, or one whose window is over.
    """
    service = terms_at(connection, instant).get(terms.service_id)
    if service is None or service.usable_until <= instant:
        raise refuse(
            CampaignReason.TERMS_INVALID,
            field="service_id",
            en=f"{terms.service_id} has no terms of use, or its period of use is over.",
        )
    return service.usable_until


def _check_services(connection: Connection, terms: CampaignTerms) -> None:
    kinds = {service.service_id: service.kind for service in services(connection)}
    wanted = [("service_id", terms.service_id, ServiceKind.VOUCHER)]
    if terms.bonus is not None:
        wanted.append(("bonus.service_id", terms.bonus.service_id, ServiceKind.POINTS))
    for field, service, kind in wanted:
        if service not in kinds:
            raise refuse(CampaignReason.SERVICE_UNKNOWN, field=field, en=f"({service})")
        if kinds[service] is not kind:
            raise refuse(
                CampaignReason.TERMS_INVALID,
                field=field,
                en=f"{service} must be a service of kind {kind.name.lower()}.",
            )


_KEPT = ("service_id", "unit_price", "unit_face", "total_units", "units_per_person", "bonus")


def _check_change(before: CampaignTerms, terms: CampaignTerms, now: Micros) -> None:
    if terms.version != before.version + 1:
        raise _fixed("version", f"the next version is {before.version + 1}")
    if terms.valid_from < max(now, before.valid_from):
        raise _fixed("valid_from", "a change takes effect in the future")
    for name in _KEPT:
        if getattr(terms, name) != getattr(before, name):
            raise _fixed(name, "buyers rely on it since the first version")
    kept = {one.number: one for one in terms.rounds}
    for one in before.rounds:
        if one.opens_at <= terms.valid_from and kept.get(one.number) != one:
            raise _fixed(f"rounds.{one.number}", "a round that has opened stays as it is")


def _fixed(field: str, en: str) -> Exception:
    return refuse(CampaignReason.TERMS_FIXED, field=field, en=f"{field}: {en}.")


def _insert(connection: Connection, terms: CampaignTerms) -> None:
    bonus = terms.bonus
    connection.execute(
        insert(t.campaign_terms).values(
            campaign_id=terms.campaign_id,
            version=terms.version,
            valid_from=terms.valid_from,
            service_id=terms.service_id,
            name_ja=terms.name_ja,
            name_en=terms.name_en,
            unit_price=terms.unit_price,
            unit_face=terms.unit_face,
            units_per_person=terms.units_per_person,
            total_units=terms.total_units,
            eligible_on=terms.eligible_on.isoformat(),
            bonus_service_id=bonus.service_id if bonus else "",
            bonus_age=bonus.age if bonus else 0,
            bonus_age_on=bonus.age_on.isoformat() if bonus else "",
            bonus_age_rule=bonus.age_rule.value if bonus else "",
            bonus_basis_points=bonus.basis_points if bonus else 0,
            bonus_expires_at=bonus.expires_at if bonus else 0,
            bonus_expires_months=bonus.expires_months if bonus else 0,
            not_for=json.dumps(terms.not_for, ensure_ascii=False),
        )
    )
    for one in terms.rounds:
        connection.execute(
            insert(t.campaign_rounds).values(
                campaign_id=terms.campaign_id,
                version=terms.version,
                round=one.number,
                kind=one.kind.value,
                apply_from=one.apply_from,
                apply_until=one.apply_until,
                draw_event=one.draw_event,
                buy_from=one.buy_from,
                buy_until=one.buy_until,
                pay_until=one.pay_until,
                release_at=one.release_at,
            )
        )


def _version(connection: Connection, campaign_id: str, version: int) -> CampaignTerms | None:
    row = connection.execute(
        select(t.campaign_terms).where(
            t.campaign_terms.c.campaign_id == campaign_id, t.campaign_terms.c.version == version
        )
    ).one_or_none()
    if row is None:
        return None
    rounds = connection.execute(
        select(t.campaign_rounds)
        .where(
            t.campaign_rounds.c.campaign_id == campaign_id, t.campaign_rounds.c.version == version
        )
        .order_by(t.campaign_rounds.c.round)
    ).all()
    return replace(_terms(row), rounds=tuple(_round(r) for r in rounds))


def _terms(row: Any) -> CampaignTerms:
    return CampaignTerms(
        campaign_id=row.campaign_id,
        version=row.version,
        valid_from=Micros(row.valid_from),
        service_id=ServiceId(row.service_id),
        name_ja=row.name_ja,
        name_en=row.name_en,
        unit_price=Yen(row.unit_price),
        unit_face=Yen(row.unit_face),
        units_per_person=row.units_per_person,
        total_units=row.total_units,
        eligible_on=date.fromisoformat(row.eligible_on),
        bonus=_bonus(row) if row.bonus_service_id else None,
        not_for=tuple((ja, en) for ja, en in json.loads(row.not_for)),
        rounds=(),
    )


def _bonus(row: Any) -> AgeBonus:
    return AgeBonus(
        service_id=ServiceId(row.bonus_service_id),
        age=row.bonus_age,
        age_on=date.fromisoformat(row.bonus_age_on),
        age_rule=AgeRule(row.bonus_age_rule),
        basis_points=row.bonus_basis_points,
        expires_at=Micros(row.bonus_expires_at),
        expires_months=row.bonus_expires_months,
    )


def _round(row: Any) -> Round:
    return Round(
        number=row.round,
        kind=RoundKind(row.kind),
        apply_from=Micros(row.apply_from),
        apply_until=Micros(row.apply_until),
        draw_event=row.draw_event,
        buy_from=Micros(row.buy_from),
        buy_until=Micros(row.buy_until),
        pay_until=Micros(row.pay_until),
        release_at=Micros(row.release_at),
    )
