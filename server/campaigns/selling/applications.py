"""Applications (申込): one per person and round, changed or withdrawn until the window ends."""

import re
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, func, insert, select

from protos.units import Micros, UserId
from server.campaigns.selling.linking import resident_of
from server.campaigns.selling.refusals import CampaignReason, refuse
from server.campaigns.selling.terms import RoundKind, campaign_at
from server.db import new_public_id
from server.db.schema import selling as t
from server.ledger import LedgerClock

_KEY: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")


@dataclass(frozen=True, slots=True)
class Application:
    """As it stands now. ``application_id``: the number under which the list is published."""

    application_id: str
    campaign_id: str
    round: int
    revision: int
    units: int
    """0: withdrawn."""
    applied_at: Micros


def apply_for_vouchers(
    connection: Connection,
    *,
    user_id: UserId,
    campaign_id: str,
    round_number: int,
    units: int,
    idempotency_key: str,
    clock: LedgerClock,
) -> Application:
    """Apply, change, or with 0 units withdraw; decided at the instant after the locks.

    The same key and content again changes nothing. Refused: NOT_ELIGIBLE, UNITS, WINDOW, FROZEN,
    NO_APPLICATION (nothing to withdraw), KEY_MALFORMED, KEY_REUSED, UNKNOWN, ROUND_UNKNOWN.
    """
    check_key(idempotency_key)
    if resident_of(connection, campaign_id, user_id, lock=True) is None:
        raise refuse(CampaignReason.NOT_ELIGIBLE)
    lock_campaign(connection, campaign_id, shared=True)
    before = _by_key(connection, user_id, idempotency_key)
    if before is not None:
        if (before.campaign_id, before.round, before.units) != (campaign_id, round_number, units):
            raise refuse(CampaignReason.KEY_REUSED, field="idempotency_key")
        return before
    now = clock(connection)
    terms = campaign_at(connection, campaign_id, now)
    window = terms.round(round_number, RoundKind.LOTTERY)
    if not window.apply_from <= now < window.apply_until:
        raise refuse(CampaignReason.WINDOW, detail=_window(window.apply_from, window.apply_until))
    if _frozen(connection, campaign_id, round_number):
        raise refuse(CampaignReason.FROZEN)
    most = terms.units_per_person - units_of_person(connection, campaign_id, user_id)
    if not 0 <= units <= most:
        raise refuse(CampaignReason.UNITS, field="units", detail={"most": str(most)})
    last = application_of(connection, campaign_id, round_number, user_id)
    if units == 0 and (last is None or not last.units):
        raise refuse(CampaignReason.NO_APPLICATION)
    application = Application(
        last.application_id if last else new_public_id(),
        campaign_id,
        round_number,
        last.revision + 1 if last else 1,
        units,
        now,
    )
    connection.execute(
        insert(t.applications).values(
            application_id=application.application_id,
            revision=application.revision,
            campaign_id=campaign_id,
            round=round_number,
            user_id=user_id,
            units=units,
            applied_at=now,
            idempotency_key=idempotency_key,
        )
    )
    return application


def application_of(
    connection: Connection, campaign_id: str, round_number: int, user_id: UserId
) -> Application | None:
    """A person's application of a round as it stands now."""
    row = connection.execute(
        select(t.applications)
        .where(
            t.applications.c.campaign_id == campaign_id,
            t.applications.c.round == round_number,
            t.applications.c.user_id == user_id,
        )
        .order_by(t.applications.c.revision.desc())
        .limit(1)
    ).one_or_none()
    return _application(row) if row else None


def applications_of(connection: Connection, user_id: UserId) -> tuple[Application, ...]:
    """All of a person's applications, the newest round last."""
    a = t.applications
    rows = connection.execute(
        last_revisions().where(a.c.user_id == user_id).order_by(a.c.campaign_id, a.c.round)
    )
    return tuple(_application(row) for row in rows)


def last_revisions() -> Select[Any]:
    """Each application's row that counts."""
    a, newer = t.applications, t.applications.alias("newer")
    return select(a).where(
        ~select(newer.c.revision)
        .where(newer.c.application_id == a.c.application_id, newer.c.revision > a.c.revision)
        .exists()
    )


def units_of_person(connection: Connection, campaign_id: str, user_id: UserId) -> int:
    """Units that a person has ordered in a campaign and that were not released."""
    o, released = t.purchase_orders, t.order_outcomes
    return int(
        connection.execute(
            select(func.coalesce(func.sum(o.c.units), 0))
            .join_from(
                o,
                released,
                (released.c.order_id == o.c.order_id) & (released.c.outcome == 2),
                isouter=True,
            )
            .where(
                o.c.user_id == user_id,
                o.c.campaign_id == campaign_id,
                released.c.order_id.is_(None),
            )
        ).scalar_one()
    )


def lock_campaign(connection: Connection, campaign_id: str, *, shared: bool = False) -> None:
    """Hold the campaign's row: alone, or together with others who share it. Refused: UNKNOWN.

    Order of locks: a person's row of the eligibility list, then this.
    """
    counters = t.campaign_counters
    found = connection.execute(
        select(counters.c.campaign_id)
        .where(counters.c.campaign_id == campaign_id)
        .with_for_update(read=shared)
    ).one_or_none()
    if found is None:
        raise refuse(CampaignReason.UNKNOWN, field="campaign_id")


def check_key(key: str) -> None:
    """Refused: KEY_MALFORMED."""
    if not _KEY.fullmatch(key):
        raise refuse(CampaignReason.KEY_MALFORMED, field="idempotency_key")


def _frozen(connection: Connection, campaign_id: str, round_number: int) -> bool:
    return (
        connection.execute(
            select(t.draw_lists.c.list_id).where(
                t.draw_lists.c.campaign_id == campaign_id, t.draw_lists.c.round == round_number
            )
        ).one_or_none()
        is not None
    )


def _by_key(connection: Connection, user_id: UserId, key: str) -> Application | None:
    row = connection.execute(
        select(t.applications).where(
            t.applications.c.user_id == user_id, t.applications.c.idempotency_key == key
        )
    ).one_or_none()
    return _application(row) if row else None


def _application(row: Any) -> Application:
    return Application(
        row.application_id,
        row.campaign_id,
        row.round,
        row.revision,
        row.units,
        Micros(row.applied_at),
    )


def _window(start: Micros, end: Micros) -> dict[str, str]:
    return {"from_micros": str(start), "until_micros": str(end)}
