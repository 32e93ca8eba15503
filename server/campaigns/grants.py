"""Grants (付与) and charges (チャージ): a lot is issued through the ledger, never beside it."""

import hashlib
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, select

from protos.units import Micros, UserId, Yen
from server.db import Database, DatabaseKind, LedgerOverloaded, new_public_id
from server.db.schema import campaigns as t
from server.db.sets import Inserter, RowSet
from server.directory import DepartureReader, ServiceId
from server.ledger import (
    OPERATOR,
    Accept,
    AccountId,
    AccountKind,
    Booked,
    Books,
    Decline,
    EntryDraft,
    LedgerClock,
    LotId,
    NewLot,
    Operation,
    OwnerKey,
    Poster,
    PostingDraft,
    Postponed,
    StolenRow,
    StreamId,
    Unit,
    allocate,
    open_account,
    open_accounts,
    open_lane,
)

_LANE: Final = "grants"
_CHUNK: Final = 500
_TRIES: Final = 100
_BUSY_WAIT: Final = 0.05


class Funding(Enum):
    """Where the part of a lot comes from that its holder did not pay for."""

    ISSUED = AccountKind.ISSUED
    """Given by the operator: points."""
    PREMIUM = AccountKind.PREMIUM
    """Added to what a buyer paid."""
    BONUS = AccountKind.BONUS
    """Given on a purchase, by age."""


class GrantError(ValueError):
    """A grant that cannot be; the text names the field."""

    code = "CHOBA_CAMPAIGNS_GRANT"


@dataclass(frozen=True, slots=True)
class Grant:
    """One lot for one customer. The same key and content again grants nothing twice."""

    idempotency_key: str
    operation: Operation
    """GRANT (付与) or CHARGE (チャージ)."""
    user_id: UserId
    owner: OwnerKey
    service_id: ServiceId
    amount: Yen
    price: Yen
    """What the customer paid for it; the rest is premium."""
    expires_at: Micros
    """Exclusive: the first instant at which the lot can no longer be used."""
    funding: Funding = Funding.ISSUED
    """Of ``amount - price``; the paid part always comes from what was sold."""

    def __post_init__(self) -> None:
        if self.operation not in (Operation.GRANT, Operation.CHARGE):
            raise GrantError("operation: GRANT or CHARGE")
        if self.amount <= 0:
            raise GrantError("amount: above 0")
        if not 0 <= self.price <= self.amount:
            raise GrantError("price: from 0 to the amount")
        if not self.idempotency_key:
            raise GrantError("idempotency_key: must not be empty")

    def request_hash(self) -> bytes:
        packed = struct.pack(
            ">bqqqq", self.operation, self.owner, self.amount, self.price, self.expires_at
        )
        content = packed + self.service_id.encode()
        if self.funding is not Funding.ISSUED:  # what was granted before there was a choice
            content += b"\0" + self.funding.name.encode()
        return hashlib.sha256(b"choba-grant-v1" + content).digest()


@dataclass(frozen=True, slots=True)
class GrantOutcome:
    """``grant_id``: the entry's id. ``repeated``: it was there already."""

    grant_id: str
    repeated: bool


@dataclass(frozen=True, slots=True)
class _Command:
    grant: Grant
    grant_id: str
    lot_id: LotId
    account: AccountId
    sold: AccountId
    given: AccountId

    @property
    def owner(self) -> OwnerKey:
        return self.grant.owner

    @property
    def stream(self) -> StreamId | None:
        return None

    @property
    def lots(self) -> tuple[LotId, ...]:
        return ()

    def postings(self) -> tuple[PostingDraft, ...]:
        """The lot is filled from what was sold and what was given."""
        grant = self.grant
        parts = ((self.sold, grant.price), (self.given, Yen(grant.amount - grant.price)))
        return tuple(
            PostingDraft(source, self.account, part, self.lot_id) for source, part in parts if part
        )


@dataclass(slots=True)
class _State:
    known: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    departed: frozenset[OwnerKey] = frozenset()


class _GrantRules:
    def __init__(self, kind: DatabaseKind) -> None:
        self._insert = Inserter(kind, t.grants)
        self._departures = DepartureReader(kind)
        self._keys = RowSet(kind, "keys", idempotency_key=str)
        self._known = select(
            t.grants.c.idempotency_key, t.grants.c.request_hash, t.grants.c.grant_id
        ).where(t.grants.c.idempotency_key.in_(select(self._keys.source.c.idempotency_key)))

    def locks(self, command: _Command) -> _Command:
        return command

    def load(self, connection: Connection, commands: Sequence[_Command], instant: Micros) -> _State:
        params = self._keys.params([(c.grant.idempotency_key,) for c in commands])
        rows = connection.execute(self._known, params)
        known = {key: (bytes(hash_), grant_id) for key, hash_, grant_id in rows}
        departed = self._departures.read(connection, {c.owner for c in commands})
        return _State(known, frozenset(departed))

    def decide(
        self, books: Books, state: _State, command: _Command, instant: Micros
    ) -> Accept[_Command] | Decline[GrantOutcome]:
        grant = command.grant
        known = state.known.get(grant.idempotency_key)
        if known is not None:
            if known[0] != grant.request_hash():
                raise GrantError(f"idempotency_key: {grant.idempotency_key} names another grant")
            return Decline(GrantOutcome(known[1], repeated=True))
        if grant.owner in state.departed:
            raise GrantError(f"user_id: {grant.user_id} has left (退会) and is granted nothing")
        lot = NewLot(
            command.lot_id,
            command.account,
            grant.owner,
            Unit(grant.service_id),
            grant.amount,
            grant.price,
            grant.expires_at,
        )
        entry = EntryDraft(
            command.grant_id,
            grant.operation,
            grant.request_hash(),
            command.postings(),
            None,
            (lot,),
        )
        return Accept(entry, command)

    def note(
        self, state: _State, command: _Command, decision: Accept[_Command] | Decline[GrantOutcome]
    ) -> None:
        if isinstance(decision, Accept):
            grant = command.grant
            state.known[grant.idempotency_key] = (grant.request_hash(), command.grant_id)

    def write(
        self,
        connection: Connection,
        state: _State,
        booked: Sequence[Booked[_Command]],
        instant: Micros,
    ) -> bool:
        return self._insert.insert_new(connection, [_row(b) for b in booked])

    def answer(self, booked: Booked[_Command]) -> GrantOutcome:
        return GrantOutcome(booked.draft.row.grant_id, repeated=False)


def grant_all(
    database: Database, grants: Sequence[Grant], ledger_clock: LedgerClock
) -> list[GrantOutcome]:
    """Book grants in chunks of 500, each chunk in one transaction; blocks the caller.

    Raises GrantError for a key used for another grant (its chunk books nothing), and
    LedgerOverloaded when customers stay busy: the same call again does the rest.
    """
    lane = database.write_now(lambda connection: open_lane(connection, _LANE))
    poster = Poster(database.kind, _GrantRules(database.kind), lane, ledger_clock)
    outcomes: list[GrantOutcome] = []
    for start in range(0, len(grants), _CHUNK):
        chunk = grants[start : start + _CHUNK]
        commands = database.write_now(partial(_prepare, grants=chunk))
        done: dict[str, GrantOutcome] = {}
        _post_all(database, poster, commands, done)
        outcomes += [done[command.grant_id] for command in commands]
    return outcomes


def _post_all(
    database: Database,
    poster: Poster[_Command, _State, _Command, GrantOutcome],
    commands: list[_Command],
    done: dict[str, GrantOutcome],
) -> None:
    """Post until nobody is busy elsewhere any more, a bounded number of times."""
    pending = commands
    for _ in range(_TRIES):
        try:
            answers = database.write_now(partial(poster.post, commands=tuple(pending)))
        except StolenRow:
            continue
        later = []
        for command, answer in zip(pending, answers, strict=True):
            if isinstance(answer, Postponed):
                later.append(command)
            else:
                done[command.grant_id] = answer
        if not later:
            return
        pending = later
        time.sleep(_BUSY_WAIT)
    raise LedgerOverloaded("grants: customers stayed busy; run the same grants again")


def _prepare(connection: Connection, grants: Sequence[Grant]) -> list[_Command]:
    """Open what the grants need: accounts, wallets, numbers of lots."""
    lots = allocate(connection, "lot", len(grants))
    sources: dict[tuple[ServiceId, AccountKind], AccountId] = {}
    accounts: dict[tuple[ServiceId, OwnerKey], AccountId] = {}
    for service in sorted({grant.service_id for grant in grants}):
        kinds = {g.funding.value for g in grants if g.service_id == service} | {AccountKind.SOLD}
        for kind in sorted(kinds):
            sources[service, kind] = open_account(connection, kind, Unit(service), OPERATOR)
        owners = [grant.owner for grant in grants if grant.service_id == service]
        opened = open_accounts(connection, AccountKind.CUSTOMER, Unit(service), owners)
        accounts |= {(service, owner): account for owner, account in opened.items()}
    return [
        _Command(
            grant,
            new_public_id(),
            LotId(lot),
            accounts[grant.service_id, grant.owner],
            sources[grant.service_id, AccountKind.SOLD],
            sources[grant.service_id, grant.funding.value],
        )
        for grant, lot in zip(grants, lots, strict=True)
    ]


def _row(booked: Booked[_Command]) -> tuple[Any, ...]:
    command = booked.draft.row
    grant = command.grant
    return (
        command.grant_id,
        grant.idempotency_key,
        grant.request_hash(),
        int(grant.operation),
        grant.user_id,
        grant.service_id,
        grant.amount,
        grant.price,
        command.lot_id,
        grant.expires_at,
        booked.booking.instant,
    )
