"""Linking an account to its row of the eligibility list, by mailed code and date of birth.

Tries are bounded twice: per account, and per row, so that many accounts help nobody.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update

from protos.units import Micros, UserId
from server.campaigns.selling.eligibility import code_hash, plain_code
from server.campaigns.selling.refusals import CampaignReason, refuse
from server.campaigns.selling.terms import campaign_at
from server.clock import DAY
from server.db import DatabaseKind
from server.db.schema import selling as t
from server.db.sets import Inserter
from server.ledger import LedgerClock
from server.oversight import Act, record_act
from server.refusal import Refusal

TRIES_A_DAY: Final = 5
"""Wrong tries of one account within 24 hours."""
MISSES_A_ROW: Final = 10
"""Wrong dates of birth beside a right code; then the office has to unlock the row."""


@dataclass(frozen=True, slots=True)
class Resident:
    """The row that an account is linked to."""

    number: str
    birth_date: date


def prove_eligibility(
    connection: Connection,
    *,
    user_id: UserId,
    campaign_id: str,
    code: str,
    birth_date: date | None,
    key: bytes,
    clock: LedgerClock,
) -> Resident | Refusal:
    """Link ``user_id`` to its row; the same again is the same answer.

    A refusal is returned, not raised, because a wrong try has to be counted: commit, then raise.
    PROOF_WRONG, PROOF_TRIES, PROOF_TAKEN, PROOF_OTHER, UNKNOWN.
    """
    rows, now = t.eligible_residents, clock(connection)
    try:
        campaign_at(connection, campaign_id, now)
    except Refusal as unknown:
        return unknown
    tries = _tries(connection, campaign_id, user_id, now)
    hashed = code_hash(key, campaign_id, plain_code(code))
    row = connection.execute(
        select(rows)
        .where(rows.c.campaign_id == campaign_id, rows.c.code_hash == hashed)
        .with_for_update()
    ).one_or_none()
    if tries >= TRIES_A_DAY or (row is not None and row.misses >= MISSES_A_ROW):
        return refuse(CampaignReason.PROOF_TRIES)
    if row is None or birth_date is None or row.birth_date != birth_date.isoformat():
        _count_miss(connection, campaign_id, user_id, row)
        return refuse(CampaignReason.PROOF_WRONG, detail={"left": str(TRIES_A_DAY - tries - 1)})
    if row.user_id is not None and row.user_id != user_id:
        return refuse(CampaignReason.PROOF_TAKEN)
    linked = resident_of(connection, campaign_id, user_id)
    if linked is not None and linked.number != row.number:
        return refuse(CampaignReason.PROOF_OTHER)
    if linked is None:
        connection.execute(
            update(rows)
            .where(rows.c.campaign_id == campaign_id, rows.c.number == row.number)
            .values(user_id=user_id, linked_at=now)
        )
    return Resident(row.number, birth_date)


def resident_of(
    connection: Connection, campaign_id: str, user_id: UserId, *, lock: bool = False
) -> Resident | None:
    """The row linked to an account. ``lock``: hold it; it serialises what one person does."""
    rows = t.eligible_residents
    statement = select(rows.c.number, rows.c.birth_date).where(
        rows.c.campaign_id == campaign_id, rows.c.user_id == user_id
    )
    row = connection.execute(statement.with_for_update() if lock else statement).one_or_none()
    return Resident(row.number, date.fromisoformat(row.birth_date)) if row else None


def unlock_resident(
    connection: Connection, campaign_id: str, number: str, *, by: str, why: str, clock: LedgerClock
) -> None:
    """Forget the wrong tries at a row. Refused: NOT_ELIGIBLE for a number that is not listed."""
    rows = t.eligible_residents
    done = connection.execute(
        update(rows)
        .where(rows.c.campaign_id == campaign_id, rows.c.number == number)
        .values(misses=0)
    )
    if not done.rowcount:
        raise refuse(CampaignReason.NOT_ELIGIBLE, field="number", en=f"({number} is not listed)")
    act = Act(by, "campaign.unlock-resident", campaign_id, why, clock(connection))
    record_act(connection, act)


def _tries(connection: Connection, campaign_id: str, user_id: UserId, now: Micros) -> int:
    """Wrong tries of the last 24 hours; holds the account's row of tries."""
    tries = t.eligibility_tries
    mine = (tries.c.campaign_id == campaign_id) & (tries.c.user_id == user_id)
    kind = DatabaseKind(connection.dialect.name)
    if connection.execute(select(tries.c.tries).where(mine)).one_or_none() is None:
        if kind is DatabaseKind.SQLITE:
            values = {"campaign_id": campaign_id, "user_id": user_id, "tries": 0, "since": now}
            connection.execute(insert(tries).values(values))
        else:
            Inserter(kind, tries).insert_new(connection, [(campaign_id, user_id, 0, now)])
    row = connection.execute(select(tries).where(mine).with_for_update()).one()
    if row.since + DAY > now:
        return int(row.tries)
    connection.execute(update(tries).where(mine).values(tries=0, since=now))
    return 0


def _count_miss(connection: Connection, campaign_id: str, user_id: UserId, row: Any) -> None:
    tries, rows = t.eligibility_tries, t.eligible_residents
    connection.execute(
        update(tries)
        .where(tries.c.campaign_id == campaign_id, tries.c.user_id == user_id)
        .values(tries=tries.c.tries + 1)
    )
    if row is not None:
        connection.execute(
            update(rows)
            .where(rows.c.campaign_id == campaign_id, rows.c.number == row.number)
            .values(misses=rows.c.misses + 1)
        )
