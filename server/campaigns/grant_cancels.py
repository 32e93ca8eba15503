"""Cancelling grants (OP5 付与キャンセル): whole, once, while nothing of the lot is spent."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, or_, select

from protos.units import Micros, UserId, Yen
from server.campaigns.digests import digest
from server.campaigns.grant_refusals import GrantCode
from server.campaigns.grant_rules import usable
from server.db import DatabaseKind, new_public_id
from server.db.prepared import Rows
from server.db.schema import campaigns as c
from server.db.schema import grants as t
from server.db.sets import Inserter, RowSet
from server.directory import ServiceId, owners_of
from server.ledger import (
    Accept,
    AsksAfterwards,
    Booked,
    Books,
    Decline,
    EntryDraft,
    LotId,
    Operation,
    OwnerKey,
    PostingDraft,
    Unit,
    WalletsOnly,
    postings_of,
)


@dataclass(frozen=True, slots=True)
class CancelCommand(WalletsOnly):
    """One grant to take back; ``postings`` are the grant's own, turned round."""

    cancel_id: str
    grant_id: str
    idempotency_key: str
    act_id: str
    owner: OwnerKey
    service_id: ServiceId
    lot_id: LotId
    amount: Yen
    expires_at: Micros
    postings: tuple[PostingDraft, ...]

    @property
    def entry_id(self) -> str:
        return self.cancel_id


@dataclass(frozen=True, slots=True)
class CancelOutcome:
    """``refused``: why not, else None. ``repeated``: by the same key, before."""

    cancel_id: str
    repeated: bool = False
    refused: GrantCode | None = None


@dataclass(frozen=True, slots=True)
class CancelRow:
    command: CancelCommand
    before: int
    after: int


@dataclass(slots=True)
class CancelState:
    """Cancels that are there: by grant, and by key."""

    by_grant: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The key and id of the cancel."""
    by_key: dict[str, str] = field(default_factory=dict)
    """The grant that the key has cancelled."""


class CancelRules(AsksAfterwards):
    """``server.ledger.PostingRules`` for cancels of grants."""

    def __init__(self, kind: DatabaseKind) -> None:
        self._cancels = Inserter(kind, t.grant_cancels)
        self._wanted = RowSet(kind, "wanted", grant_id=str, idempotency_key=str)
        source = self._wanted.source
        self._known = select(
            t.grant_cancels.c.grant_id,
            t.grant_cancels.c.idempotency_key,
            t.grant_cancels.c.cancel_id,
        ).where(
            or_(
                t.grant_cancels.c.grant_id.in_(select(source.c.grant_id)),
                t.grant_cancels.c.idempotency_key.in_(select(source.c.idempotency_key)),
            )
        )

    def locks(self, command: CancelCommand) -> CancelCommand:
        return command

    def load(
        self,
        connection: Connection,
        commands: Sequence[CancelCommand],
        instant: Micros,
        answers: Sequence[Rows] = (),
    ) -> CancelState:
        params = self._wanted.params([(c.grant_id, c.idempotency_key) for c in commands])
        state = CancelState()
        for grant_id, key, cancel_id in connection.execute(self._known, params):
            state.by_grant[grant_id] = (key, cancel_id)
            state.by_key[key] = grant_id
        return state

    def decide(
        self, books: Books, state: CancelState, command: CancelCommand, instant: Micros
    ) -> Accept[CancelRow] | Decline[CancelOutcome]:
        known = _known_answer(state, command)
        if known is not None:
            return Decline(known)
        wallet = books.wallet(command.owner, Unit(command.service_id))
        rest = {lot.lot_id: lot.remaining for lot in wallet.lots} if wallet else {}
        if command.expires_at <= instant:
            return Decline(CancelOutcome("", refused=GrantCode.CANCEL_EXPIRED))
        if rest.get(command.lot_id, 0) != command.amount:
            return Decline(CancelOutcome("", refused=GrantCode.CANCEL_SPENT))
        before = usable(wallet, instant)
        row = CancelRow(command, before, before - command.amount)
        subject = cancel_subject(
            cancel_id=command.cancel_id,
            grant_id=command.grant_id,
            idempotency_key=command.idempotency_key,
            act_id=command.act_id,
            amount=command.amount,
            before=row.before,
            after=row.after,
        )
        entry = EntryDraft(command.cancel_id, Operation.CANCEL_GRANT, subject, command.postings)
        return Accept(entry, row)

    def note(
        self,
        state: CancelState,
        command: CancelCommand,
        decision: Accept[CancelRow] | Decline[CancelOutcome],
    ) -> None:
        if isinstance(decision, Accept):
            state.by_grant[command.grant_id] = (command.idempotency_key, command.cancel_id)
            state.by_key[command.idempotency_key] = command.grant_id

    def write(
        self,
        connection: Connection,
        state: CancelState,
        booked: Sequence[Booked[CancelRow]],
        instant: Micros,
    ) -> bool:
        return self._cancels.insert_new(connection, [_row(b) for b in booked])

    def answer(self, booked: Booked[CancelRow]) -> CancelOutcome:
        return CancelOutcome(booked.draft.row.command.cancel_id)


def cancel_subject(
    *,
    cancel_id: str,
    grant_id: str,
    idempotency_key: str,
    act_id: str,
    amount: int,
    before: int,
    after: int,
) -> bytes:
    """What the chain holds of a cancel slip, version 1: its columns but the instant (the entry's
    own), in the order of the parameters (``server.campaigns.digests``).
    """
    return digest(
        "choba-grant-cancel-v1",
        cancel_id,
        grant_id,
        idempotency_key,
        act_id,
        amount,
        before,
        after,
    )


def cancel_commands(
    connection: Connection, grant_ids: Sequence[str], keys: Sequence[str], act_id: str
) -> list[CancelCommand]:
    """Commands for those grants that exist, in the order of ``grant_ids``; a fixed number of
    statements."""
    rows = {
        row.grant_id: row
        for row in connection.execute(select(c.grants).where(c.grants.c.grant_id.in_(grant_ids)))
    }
    owners = owners_of(connection, {UserId(row.user_id) for row in rows.values()})
    issued = postings_of(connection, list(rows))
    return [
        _command(rows[grant_id], owners, issued[grant_id], key, act_id)
        for grant_id, key in zip(grant_ids, keys, strict=True)
        if grant_id in rows
    ]


def _command(
    row: Any,
    owners: dict[UserId, OwnerKey],
    issued: tuple[PostingDraft, ...],
    key: str,
    act_id: str,
) -> CancelCommand:
    return CancelCommand(
        new_public_id(),
        row.grant_id,
        key,
        act_id,
        owners[UserId(row.user_id)],
        ServiceId(row.service_id),
        LotId(row.lot_id),
        Yen(row.amount),
        Micros(row.expires_at),
        tuple(PostingDraft(p.credit, p.debit, p.amount, p.lot) for p in issued),
    )


def _known_answer(state: CancelState, command: CancelCommand) -> CancelOutcome | None:
    cancelled = state.by_key.get(command.idempotency_key)
    if cancelled is not None and cancelled != command.grant_id:
        return CancelOutcome("", refused=GrantCode.KEY_REUSED)
    found = state.by_grant.get(command.grant_id)
    if found is None:
        return None
    key, cancel_id = found
    if key == command.idempotency_key:
        return CancelOutcome(cancel_id, repeated=True)
    return CancelOutcome(cancel_id, refused=GrantCode.CANCEL_AGAIN)


def _row(booked: Booked[CancelRow]) -> tuple[Any, ...]:
    row = booked.draft.row
    command = row.command
    return (
        command.cancel_id,
        command.grant_id,
        command.idempotency_key,
        command.act_id,
        command.amount,
        row.before,
        row.after,
        booked.booking.instant,
    )
