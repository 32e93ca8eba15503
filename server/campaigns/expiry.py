"""有効期限切れ: what is left of lots whose expiry has passed leaves the customers' accounts.

One entry per customer and service. What is left of a lot decides, under the customer's lock: a
job that was killed, or that runs twice at once, books nothing twice.
"""

import hashlib
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, select

from protos.units import Micros, Yen
from server.checkpoints import CheckpointPort, no_checkpoint
from server.db import Database, DatabaseKind, new_public_id
from server.db.prepared import Rows
from server.db.schema import lapses as t
from server.db.sets import Inserter, RowSet
from server.directory import ServiceId
from server.ledger import (
    OPERATOR,
    Accept,
    AccountId,
    AccountKind,
    AsksAfterwards,
    Booked,
    Books,
    Decline,
    EntryDraft,
    LedgerClock,
    Operation,
    OwnerKey,
    Poster,
    PostingDraft,
    Postponed,
    Unit,
    WalletsOnly,
    due_wallets,
    open_account,
    open_lane,
    post_patiently,
)

_LANE: Final = "expiry"
_CHUNK: Final = 200
"""Customers in one transaction: their payments wait for it, so it is a short one."""
_SUBJECT: Final = struct.Struct(">15s20sqqqH")


@dataclass(slots=True)
class ExpiredService:
    """What one run has booked of one service."""

    service_id: ServiceId
    amount: int = 0
    customers: int = 0
    lots: int = 0


@dataclass(slots=True)
class ExpiryRun:
    """What a run has done so far."""

    services: dict[ServiceId, ExpiredService] = field(default_factory=dict)
    busy: int = 0
    """Wallets that stayed busy elsewhere; the next run has them."""

    @property
    def amount(self) -> Yen:
        return Yen(sum(service.amount for service in self.services.values()))

    @property
    def customers(self) -> int:
        return sum(service.customers for service in self.services.values())


@dataclass(frozen=True, slots=True)
class _Command(WalletsOnly):
    entry_id: str
    owner: OwnerKey
    unit: Unit
    expired: AccountId


@dataclass(frozen=True, slots=True)
class _Expired:
    command: _Command
    amount: int
    lots: int


_Answer = _Expired | None


_State = dict[str, tuple[int, int]]
"""By entry: amount and lots of an expiry that this very run has booked, when it was not told."""


class _ExpiryRules(AsksAfterwards):
    def __init__(self, kind: DatabaseKind) -> None:
        self._insert = Inserter(kind, t.expiries)
        self._ids = RowSet(kind, "ids", entry_id=str)
        self._booked = select(t.expiries.c.entry_id, t.expiries.c.amount, t.expiries.c.lots).where(
            t.expiries.c.entry_id.in_(select(self._ids.source.c.entry_id))
        )

    def locks(self, command: _Command) -> _Command:
        return command

    def load(
        self,
        connection: Connection,
        commands: Sequence[_Command],
        instant: Micros,
        answers: Sequence[Rows] = (),
    ) -> _State:
        rows = connection.execute(self._booked, self._ids.params([(c.entry_id,) for c in commands]))
        return {entry_id: (amount, lots) for entry_id, amount, lots in rows}

    def decide(
        self, books: Books, state: _State, command: _Command, instant: Micros
    ) -> Accept[_Expired] | Decline[_Answer]:
        if command.entry_id in state:
            return Decline(_Expired(command, *state[command.entry_id]))
        wallet = books.wallet(command.owner, command.unit)
        lots = wallet.lots if wallet is not None else []
        postings = tuple(
            PostingDraft(lot.account_id, command.expired, Yen(lot.remaining), lot.lot_id)
            for lot in lots
            if lot.remaining > 0 and lot.expires_at <= instant
        )
        if not postings:
            return Decline(None)
        expired = _Expired(command, sum(posting.amount for posting in postings), len(postings))
        subject = expiry_subject(
            command.entry_id, command.owner, command.unit, expired.lots, expired.amount
        )
        return Accept(EntryDraft(command.entry_id, Operation.EXPIRE, subject, postings), expired)

    def note(
        self, state: _State, command: _Command, decision: Accept[_Expired] | Decline[_Answer]
    ) -> None:
        return None

    def write(
        self,
        connection: Connection,
        state: _State,
        booked: Sequence[Booked[_Expired]],
        instant: Micros,
    ) -> bool:
        self._insert.insert(connection, [_row(b) for b in booked])
        return True

    def answer(self, booked: Booked[_Expired]) -> _Answer:
        return booked.draft.row


def run_expiry(
    database: Database,
    clock: LedgerClock,
    *,
    on_progress: Callable[[ExpiryRun], None] = lambda _run: None,
    checkpoint: CheckpointPort = no_checkpoint,
) -> ExpiryRun:
    """Book every lot whose expiry has passed. Blocking; safe beside payments, cancels, other runs.

    ``on_progress`` is called after each chunk, once it is committed. Raises LedgerUnavailable:
    what was committed stands, the next run does the rest.
    """
    lane = database.write_now(partial(open_lane, name=_LANE), repeatable=True)
    poster = Poster(database.kind, _ExpiryRules(database.kind), lane, clock, checkpoint)
    run, after, accounts = ExpiryRun(), OwnerKey(0), dict[Unit, AccountId]()
    while True:
        due = database.read_now(partial(_due, clock=clock, after=after))
        if not due:
            return run
        after = due[-1][0]
        missing = sorted({unit for _, unit in due} - accounts.keys())
        if missing:
            accounts |= database.write_now(partial(_open, units=missing), repeatable=True)
        commands = [_Command(new_public_id(), owner, unit, accounts[unit]) for owner, unit in due]
        for answer in post_patiently(database, poster, commands):
            _add(run, answer)
        on_progress(run)


def expiry_subject(entry_id: str, owner: int, service_id: str, lots: int, amount: int) -> bytes:
    """What the chain holds of an expiry's own row, version 1.

    ``choba-expire-v1`` ‖ entry id 20 ‖ owner 8 ‖ lots 8 ‖ amount 8 ‖ length of the service id 2 ‖
    service id; SHA-256.
    """
    service = service_id.encode("utf-8")
    packed = _SUBJECT.pack(
        b"choba-expire-v1", entry_id.encode("ascii"), owner, lots, amount, len(service)
    )
    return hashlib.sha256(packed + service).digest()


def _due(
    connection: Connection, clock: LedgerClock, after: OwnerKey
) -> list[tuple[OwnerKey, Unit]]:
    return due_wallets(connection, clock(connection), after, _CHUNK)


def _open(connection: Connection, units: Sequence[Unit]) -> dict[Unit, AccountId]:
    return {unit: open_account(connection, AccountKind.EXPIRED, unit, OPERATOR) for unit in units}


def _add(run: ExpiryRun, answer: _Answer | Postponed) -> None:
    if isinstance(answer, Postponed):
        run.busy += 1
    elif answer is not None:
        service_id = ServiceId(answer.command.unit)
        service = run.services.setdefault(service_id, ExpiredService(service_id))
        service.amount += answer.amount
        service.customers += 1
        service.lots += answer.lots


def _row(booked: Booked[_Expired]) -> tuple[Any, ...]:
    expired = booked.draft.row
    command = expired.command
    return (
        command.entry_id,
        command.owner,
        command.unit,
        expired.lots,
        expired.amount,
        booked.booking.instant,
    )
