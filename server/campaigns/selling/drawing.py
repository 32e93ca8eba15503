"""Freezing a round's list of applications, and holding the draw over it: once each."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, func, insert, select

from protos.units import Micros
from server.campaigns.selling.applications import last_revisions, lock_campaign
from server.campaigns.selling.lottery import (
    DrawList,
    DrawListError,
    DrawResult,
    draw,
    one_line,
)
from server.campaigns.selling.orders import release_unpaid
from server.campaigns.selling.refusals import CampaignReason, refuse
from server.campaigns.selling.terms import RoundKind, campaign_at
from server.db import Database, new_public_id
from server.db.schema import selling as t
from server.db.sets import Inserter
from server.ledger import LedgerClock
from server.oversight import Act, record_act

_CHUNK: Final = 10_000


@dataclass(frozen=True, slots=True)
class FrozenList:
    """What was published, and when."""

    list_id: str
    content: DrawList
    sha256: str
    frozen_at: Micros


@dataclass(frozen=True, slots=True)
class HeldDraw:
    """``units_won``: together."""

    result: DrawResult
    sha256: str
    units_won: int
    drawn_at: Micros


def freeze_list(
    connection: Connection,
    *,
    campaign_id: str,
    round_number: int,
    clock: LedgerClock,
    by: str,
    why: str,
) -> FrozenList:
    """Freeze a round's applications; what comes back is to be published before the event.

    The supply is what is unsold now. The same again gives the same list. Refused: UNKNOWN,
    ROUND_UNKNOWN, LIST_TOO_EARLY.
    """
    lock_campaign(connection, campaign_id)
    known = frozen_list(connection, campaign_id, round_number)
    if known is not None:
        return known
    now = clock(connection)
    terms = campaign_at(connection, campaign_id, now)
    window = terms.round(round_number, RoundKind.LOTTERY)
    if now < window.apply_until:
        raise refuse(
            CampaignReason.LIST_TOO_EARLY, detail={"until_micros": str(window.apply_until)}
        )
    release_unpaid(connection, campaign_id, now)
    counters = t.campaign_counters
    supply = connection.execute(
        select(counters.c.total - counters.c.reserved).where(counters.c.campaign_id == campaign_id)
    ).scalar_one()
    content = DrawList(
        campaign_id,
        round_number,
        int(supply),
        window.draw_event,
        _applications(connection, campaign_id, round_number),
    )
    frozen = FrozenList(new_public_id(), content, content.sha256(), now)
    units = sum(content.units.values())
    connection.execute(
        insert(t.draw_lists).values(
            list_id=frozen.list_id,
            campaign_id=campaign_id,
            round=round_number,
            supply=content.supply,
            applications=len(content.units),
            units=units,
            draw_event=content.event,
            sha256=frozen.sha256,
            frozen_at=now,
        )
    )
    detail: dict[str, str | int] = {
        "round": round_number,
        "sha256": frozen.sha256,
        "applications": len(content.units),
        "units": units,
        "supply": content.supply,
    }
    record_act(connection, Act(by, "campaign.freeze-list", campaign_id, why, now, detail))
    return frozen


def frozen_list(connection: Connection, campaign_id: str, round_number: int) -> FrozenList | None:
    """The list as it was frozen, made again from the applications; None before."""
    row = connection.execute(
        select(t.draw_lists).where(
            t.draw_lists.c.campaign_id == campaign_id, t.draw_lists.c.round == round_number
        )
    ).one_or_none()
    if row is None:
        return None
    content = DrawList(
        campaign_id,
        round_number,
        row.supply,
        row.draw_event,
        _applications(connection, campaign_id, round_number),
    )
    return FrozenList(row.list_id, content, row.sha256, Micros(row.frozen_at))


def hold_draw(
    database: Database,
    *,
    campaign_id: str,
    round_number: int,
    seed: str,
    clock: LedgerClock,
    by: str,
    why: str,
) -> HeldDraw:
    """Draw with the seed that the named event gave, once; blocks for seconds.

    Computed outside of any transaction, since a frozen list does not change. The same seed again
    gives the same result. Refused: LIST_MISSING, SEED, DRAWN.
    """
    frozen = database.read_now(lambda c: frozen_list(c, campaign_id, round_number))
    if frozen is None:
        raise refuse(CampaignReason.LIST_MISSING)
    try:
        plain = one_line("seed", seed)
        if frozen.content.sha256() != frozen.sha256:
            raise AssertionError(f"list {frozen.list_id}: not what was frozen; verify the books")
        result = draw(frozen.content, plain)
    except DrawListError as error:
        raise refuse(CampaignReason.SEED, field="seed") from error

    def write(connection: Connection) -> HeldDraw:
        lock_campaign(connection, campaign_id)
        known = connection.execute(
            select(t.draws).where(t.draws.c.list_id == frozen.list_id)
        ).one_or_none()
        if known is not None:
            if known.seed != plain:
                raise refuse(CampaignReason.DRAWN, field="seed")
            return HeldDraw(result, known.sha256, known.units_won, Micros(known.drawn_at))
        held = HeldDraw(result, result.sha256(), sum(result.won.values()), clock(connection))
        _write(database, connection, frozen, held)
        detail: dict[str, str | int] = {
            "round": round_number,
            "list": frozen.sha256,
            "seed": plain,
            "sha256": held.sha256,
            "units_won": held.units_won,
        }
        act = Act(by, "campaign.draw", campaign_id, why, held.drawn_at, detail)
        record_act(connection, act)
        return held

    return database.write_now(write)


def stored_result(connection: Connection, list_id: str) -> tuple[Any, dict[str, int]] | None:
    """The draw's row and what each application has won, as it is stored."""
    row = connection.execute(select(t.draws).where(t.draws.c.list_id == list_id)).one_or_none()
    if row is None:
        return None
    results = t.draw_results
    won = connection.execute(
        select(results.c.application_id, results.c.units).where(results.c.list_id == list_id)
    )
    return row, {application: int(units) for application, units in won}


def winners(connection: Connection, list_id: str) -> int:
    """Applications that have won at least one unit."""
    results = t.draw_results
    return int(
        connection.execute(
            select(func.count()).where(results.c.list_id == list_id, results.c.units > 0)
        ).scalar_one()
    )


def _applications(connection: Connection, campaign_id: str, round_number: int) -> dict[str, int]:
    a = t.applications
    rows = connection.execute(
        last_revisions().where(
            a.c.campaign_id == campaign_id, a.c.round == round_number, a.c.units > 0
        )
    )
    return {row.application_id: row.units for row in rows}


def _write(database: Database, connection: Connection, frozen: FrozenList, held: HeldDraw) -> None:
    connection.execute(
        insert(t.draws).values(
            list_id=frozen.list_id,
            seed=held.result.seed,
            units_won=held.units_won,
            sha256=held.sha256,
            drawn_at=held.drawn_at,
        )
    )
    inserter = Inserter(database.kind, t.draw_results)
    rows = [(frozen.list_id, number, units) for number, units in sorted(held.result.won.items())]
    for start in range(0, len(rows), _CHUNK):
        inserter.insert(connection, rows[start : start + _CHUNK])
