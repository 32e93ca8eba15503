"""Grants (付与) and charges (チャージ): a lot is issued through the ledger, never beside it."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from sqlalchemy import Connection

from server.campaigns.chunks import CHUNK, post_all
from server.campaigns.grant_rules import GrantCommand, GrantRow, GrantRules, GrantState
from server.campaigns.grant_types import Grant, GrantOutcome
from server.db import Database, new_public_id
from server.directory import ServiceId
from server.ledger import (
    OPERATOR,
    AccountId,
    AccountKind,
    LedgerClock,
    LotId,
    OwnerKey,
    Poster,
    Unit,
    allocate,
    open_account,
    open_accounts,
    open_lane,
)

LANE: Final = "grants"

GrantPoster = Poster[GrantCommand, GrantState, GrantRow, GrantOutcome]


def grant_all(
    database: Database, grants: Sequence[Grant], ledger_clock: LedgerClock
) -> list[GrantOutcome]:
    """Book grants in chunks of 500, each chunk in one transaction; blocks the caller.

    Raises GrantError for a key used for another grant (its chunk books nothing), and
    LedgerOverloaded when customers stay busy: the same call again does the rest.
    """
    poster = grant_poster(database, ledger_clock, LANE)
    outcomes: list[GrantOutcome] = []
    for start in range(0, len(grants), CHUNK):
        chunk = grants[start : start + CHUNK]
        commands = database.write_now(partial(prepare, grants=chunk), repeatable=True)
        done = post_all(database, poster, commands)
        outcomes += [done[command.grant_id] for command in commands]
    return outcomes


def grant_poster(database: Database, ledger_clock: LedgerClock, lane: str) -> GrantPoster:
    """A poster in the lane of that name."""
    opened = database.write_now(lambda connection: open_lane(connection, lane), repeatable=True)
    return Poster(database.kind, GrantRules(database.kind), opened, ledger_clock)


def prepare(
    connection: Connection, grants: Sequence[Grant], ids: Sequence[str] = ()
) -> list[GrantCommand]:
    """Open what the grants need: accounts, wallets, numbers of lots.

    ``ids``: of the entries, where they are named elsewhere already; else new ones.
    """
    lots = allocate(connection, "lot", len(grants))
    sources: dict[tuple[ServiceId, AccountKind], AccountId] = {}
    accounts: dict[tuple[ServiceId, OwnerKey], AccountId] = {}
    for service in sorted({grant.service_id for grant in grants}):
        kinds = {g.funding.value for g in grants if g.service_id == service}
        kinds |= {AccountKind.SOLD, AccountKind.FORFEITED, AccountKind.EXPIRED}
        for kind in sorted(kinds):
            sources[service, kind] = open_account(connection, kind, Unit(service), OPERATOR)
        owners = [grant.owner for grant in grants if grant.service_id == service]
        opened = open_accounts(connection, AccountKind.CUSTOMER, Unit(service), owners)
        accounts |= {(service, owner): account for owner, account in opened.items()}
    return [
        GrantCommand(
            grant,
            grant_id,
            LotId(lot),
            accounts[grant.service_id, grant.owner],
            sources[grant.service_id, AccountKind.SOLD],
            sources[grant.service_id, grant.funding.value],
            sources[grant.service_id, AccountKind.FORFEITED],
            sources[grant.service_id, AccountKind.EXPIRED],
        )
        for grant, lot, grant_id in zip(
            grants, lots, ids or [new_public_id() for _ in grants], strict=True
        )
    ]
