"""The grants' side of the posting engine: a lot is issued, its rows are written."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from protos.units import Micros, Yen
from server.campaigns.digests import digest
from server.campaigns.grant_types import Grant, GrantError, GrantOutcome
from server.db import DatabaseKind
from server.db.prepared import Rows
from server.db.schema import campaigns as t
from server.db.schema import grants as g
from server.db.sets import Inserter, RowSet
from server.directory import DepartureReader
from server.ledger import (
    Accept,
    AccountId,
    AsksAfterwards,
    Booked,
    Books,
    Decline,
    EntryDraft,
    LotId,
    NewLot,
    OwnerKey,
    PostingDraft,
    Unit,
    Wallet,
    WalletsOnly,
)


@dataclass(frozen=True, slots=True)
class GrantCommand(WalletsOnly):
    """A grant with the numbers and accounts that it needs."""

    grant: Grant
    grant_id: str
    lot_id: LotId
    account: AccountId
    sold: AccountId
    given: AccountId
    forfeited: AccountId
    expired: AccountId

    @property
    def entry_id(self) -> str:
        return self.grant_id

    @property
    def owner(self) -> OwnerKey:
        return self.grant.owner

    def postings(self) -> tuple[PostingDraft, ...]:
        """The lot is filled from what was sold and what was given."""
        grant = self.grant
        parts = ((self.sold, grant.price), (self.given, Yen(grant.amount - grant.price)))
        return tuple(
            PostingDraft(source, self.account, part, self.lot_id) for source, part in parts if part
        )

    def taken_back(self, at: Micros) -> PostingDraft:
        """The whole lot, of who has left: 失効, or 有効期限切れ where it has expired."""
        lost = self.forfeited if self.grant.expires_at > at else self.expired
        return PostingDraft(self.account, lost, self.grant.amount, self.lot_id)


@dataclass(frozen=True, slots=True)
class GrantRow:
    """A grant as it will be written: the user's usable balance before and after."""

    command: GrantCommand
    before: int
    after: int


@dataclass(slots=True)
class GrantState:
    known: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    departed: frozenset[OwnerKey] = frozenset()


class GrantRules(AsksAfterwards):
    """``server.ledger.PostingRules`` for grants and charges."""

    def __init__(self, kind: DatabaseKind) -> None:
        self._grants = Inserter(kind, t.grants)
        self._transactions = Inserter(kind, g.grant_transactions)
        self._notes = Inserter(kind, g.grant_notes)
        self._departures = DepartureReader(kind)
        self._keys = RowSet(kind, "keys", idempotency_key=str)
        self._known = select(
            t.grants.c.idempotency_key, t.grants.c.request_hash, t.grants.c.grant_id
        ).where(t.grants.c.idempotency_key.in_(select(self._keys.source.c.idempotency_key)))

    def locks(self, command: GrantCommand) -> GrantCommand:
        return command

    def load(
        self,
        connection: Connection,
        commands: Sequence[GrantCommand],
        instant: Micros,
        answers: Sequence[Rows] = (),
    ) -> GrantState:
        params = self._keys.params([(c.grant.idempotency_key,) for c in commands])
        rows = connection.execute(self._known, params)
        known = {key: (bytes(hash_), grant_id) for key, hash_, grant_id in rows}
        departed = self._departures.read(connection, {c.owner for c in commands})
        return GrantState(known, frozenset(departed))

    def decide(
        self, books: Books, state: GrantState, command: GrantCommand, instant: Micros
    ) -> Accept[GrantRow] | Decline[GrantOutcome]:
        grant = command.grant
        known = state.known.get(grant.idempotency_key)
        if known is not None:
            if known[0] != grant.request_hash():
                raise GrantError(f"idempotency_key: {grant.idempotency_key} names another grant")
            return Decline(GrantOutcome(known[1], repeated=True))
        before = usable(books.wallet(grant.owner, Unit(grant.service_id)), instant)
        left = grant.owner in state.departed
        after = before + grant.amount if grant.expires_at > instant and not left else before
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
            subject_of(command, before, after),
            # who left while a file was booked loses it at once: the file is decided already
            command.postings() + ((command.taken_back(instant),) if left else ()),
            None,
            (lot,),
        )
        return Accept(entry, GrantRow(command, before, after))

    def note(
        self,
        state: GrantState,
        command: GrantCommand,
        decision: Accept[GrantRow] | Decline[GrantOutcome],
    ) -> None:
        if isinstance(decision, Accept):
            grant = command.grant
            state.known[grant.idempotency_key] = (grant.request_hash(), command.grant_id)

    def write(
        self,
        connection: Connection,
        state: GrantState,
        booked: Sequence[Booked[GrantRow]],
        instant: Micros,
    ) -> bool:
        if not self._grants.insert_new(connection, [_grant_row(b) for b in booked]):
            return False
        self._transactions.insert(connection, [_transaction_row(b) for b in booked])
        self._notes.insert(connection, [row for b in booked if (row := _note_row(b)) is not None])
        return True

    def answer(self, booked: Booked[GrantRow]) -> GrantOutcome:
        return GrantOutcome(booked.draft.row.command.grant_id, repeated=False)


def usable(wallet: Wallet | None, at: Micros) -> int:
    """What the user can spend of a service at an instant: its lots that have not expired."""
    lots = wallet.lots if wallet is not None else []
    return sum(lot.remaining for lot in lots if lot.expires_at > at)


def subject_of(command: GrantCommand, before: int, after: int) -> bytes:
    """The digest of a grant's own rows; see ``grant_subject``."""
    grant, source = command.grant, command.grant.source
    return grant_subject(
        grant_id=command.grant_id,
        idempotency_key=grant.idempotency_key,
        request_hash=grant.request_hash(),
        operation=int(grant.operation),
        user_id=grant.user_id,
        service_id=grant.service_id,
        amount=grant.amount,
        price=grant.price,
        lot_id=command.lot_id,
        expires_at=grant.expires_at,
        funding=int(grant.funding.value),
        origin=int(source.origin),
        batch_id=source.batch_id,
        line=source.line,
        act_id=source.act_id,
        note_hash=source.notes.hash,
        before=before,
        after=after,
    )


def grant_subject(
    *,
    grant_id: str,
    idempotency_key: str,
    request_hash: bytes,
    operation: int,
    user_id: str,
    service_id: str,
    amount: int,
    price: int,
    lot_id: int,
    expires_at: int,
    funding: int,
    origin: int,
    batch_id: str,
    line: int,
    act_id: str,
    note_hash: bytes,
    before: int,
    after: int,
) -> bytes:
    """What the chain holds of a grant, version 2: every column of its two rows but the instant
    (the entry's own), in the order of the parameters (``server.campaigns.digests``).

    Version 1 was the request hash alone, for grants without a transaction row.
    """
    return digest(
        "choba-grant-v2",
        grant_id,
        idempotency_key,
        request_hash,
        operation,
        user_id,
        service_id,
        amount,
        price,
        lot_id,
        expires_at,
        funding,
        origin,
        batch_id,
        line,
        act_id,
        note_hash,
        before,
        after,
    )


def _grant_row(booked: Booked[GrantRow]) -> tuple[Any, ...]:
    command = booked.draft.row.command
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


def _transaction_row(booked: Booked[GrantRow]) -> tuple[Any, ...]:
    row = booked.draft.row
    grant, source = row.command.grant, row.command.grant.source
    return (
        row.command.grant_id,
        int(grant.funding.value),
        int(source.origin),
        source.batch_id or None,
        source.line,
        source.act_id or None,
        source.notes.hash,
        row.before,
        row.after,
    )


def _note_row(booked: Booked[GrantRow]) -> tuple[Any, ...] | None:
    command = booked.draft.row.command
    notes = command.grant.source.notes
    if not notes:
        return None
    return (command.grant_id, notes.salt, notes.note1, notes.note2, notes.note3)
