"""退会: a customer leaves, and what is left in the wallets is forfeited (失効).

One entry for the whole customer: what is still good goes to the forfeited account of its service,
what had expired to the expired one. Under the customer's lock, so that a payment or a grant is
either before it or refused.
"""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, select

from protos.units import Micros, UserId, Yen
from server.checkpoints import CheckpointPort, no_checkpoint
from server.db import Database, DatabaseKind, new_public_id
from server.db.prepared import Rows
from server.db.schema import lapses as t
from server.db.sets import Inserter
from server.directory import (
    DepartureReader,
    ServiceId,
    record_departure,
    services,
    user_by_id,
)
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
    open_account,
    open_lane,
    post_patiently,
)
from server.oversight import Act, record_act
from server.refusal import Refusal, RefusalKind

_LANE: Final = "leaving"
_LONGEST_WHY: Final = 500
_HEAD: Final = struct.Struct(">16s20s20sqH")
_SERVICE: Final = struct.Struct(">qqH")


class LeavingCode(StrEnum):
    """Why nobody left."""

    USER_UNKNOWN = "CHOBA_LEAVING_USER_UNKNOWN"
    WHY_MISSING = "CHOBA_LEAVING_WHY_MISSING"
    BUSY = "CHOBA_LEAVING_BUSY"


@dataclass(frozen=True, slots=True)
class Forfeited:
    """What a customer who left still had of one service."""

    service_id: ServiceId
    forfeited: Yen
    """Was still good (失効)."""
    expired: Yen
    """Had expired already and was not booked yet (有効期限切れ)."""


@dataclass(frozen=True, slots=True)
class Left:
    """A customer who has left, for good. ``services``: those of which something was left."""

    user_id: UserId
    left_at: Micros
    services: tuple[Forfeited, ...]


@dataclass(frozen=True, slots=True)
class _Command(WalletsOnly):
    user_id: UserId
    owner: OwnerKey
    by: str
    why: str
    entry_id: str
    accounts: dict[ServiceId, tuple[AccountId, AccountId]]
    """Forfeited and expired, of every service."""


@dataclass(frozen=True, slots=True)
class _Draft:
    command: _Command
    services: tuple[Forfeited, ...]


@dataclass(frozen=True, slots=True)
class _LeftBefore:
    at: Micros
    entry_id: str


_Answer = Left | _LeftBefore


@dataclass(slots=True)
class _State:
    departed: dict[OwnerKey, tuple[Micros, str]]
    empty: list[_Command] = field(default_factory=list)
    """Leave now with nothing in their wallets: no entry, and a departure all the same."""


class _LeaveRules(AsksAfterwards):
    def __init__(self, kind: DatabaseKind) -> None:
        self._departures = DepartureReader(kind)
        self._forfeits = Inserter(kind, t.forfeits)

    def locks(self, command: _Command) -> _Command:
        return command

    def load(
        self,
        connection: Connection,
        commands: Sequence[_Command],
        instant: Micros,
        answers: Sequence[Rows] = (),
    ) -> _State:
        return _State(self._departures.read(connection, {c.owner for c in commands}))

    def decide(
        self, books: Books, state: _State, command: _Command, instant: Micros
    ) -> Accept[_Draft] | Decline[_Answer]:
        before = state.departed.get(command.owner)
        if before is not None:
            return Decline(_LeftBefore(*before))
        postings, lines = _take_all(books, command, instant)
        if not postings:
            return Decline(Left(command.user_id, instant, ()))
        subject = forfeit_subject(command.entry_id, command.user_id, command.owner, lines)
        entry = EntryDraft(command.entry_id, Operation.FORFEIT, subject, postings)
        return Accept(entry, _Draft(command, lines))

    def note(
        self, state: _State, command: _Command, decision: Accept[_Draft] | Decline[_Answer]
    ) -> None:
        if isinstance(decision, Decline) and isinstance(decision.answer, Left):
            state.empty.append(command)
            state.departed[command.owner] = (decision.answer.left_at, "")

    def write(
        self,
        connection: Connection,
        state: _State,
        booked: Sequence[Booked[_Draft]],
        instant: Micros,
    ) -> bool:
        self._forfeits.insert(connection, [row for b in booked for row in _rows(b)])
        for b in booked:
            draft = b.draft.row
            _depart(connection, draft.command, draft.command.entry_id, b.booking.instant)
        for command in state.empty:
            _depart(connection, command, "", state.departed[command.owner][0])
        return True

    def answer(self, booked: Booked[_Draft]) -> _Answer:
        draft = booked.draft.row
        return Left(draft.command.user_id, booked.booking.instant, draft.services)


def close_account(
    database: Database,
    user_id: UserId,
    *,
    by: str,
    why: str,
    clock: LedgerClock,
    checkpoint: CheckpointPort = no_checkpoint,
) -> Left:
    """A customer leaves. Blocking. Asked again it gives the same answer and changes nothing.

    All that is left is forfeited, contacts and sessions are deleted, the audit log names ``by``
    and ``why``; all in one transaction. Raises Refusal (LeavingCode), LedgerUnavailable (send it
    again).
    """
    if not 1 <= len(why.strip()) <= len(why) <= _LONGEST_WHY:
        raise _refusal(LeavingCode.WHY_MISSING)
    lane = database.write_now(partial(open_lane, name=_LANE), repeatable=True)
    poster = Poster(database.kind, _LeaveRules(database.kind), lane, clock, checkpoint)
    command = database.write_now(
        partial(_prepare, user_id=user_id, by=by, why=why), repeatable=True
    )
    answer = post_patiently(database, poster, (command,))[0]
    if isinstance(answer, Postponed):
        raise _refusal(LeavingCode.BUSY)
    if isinstance(answer, _LeftBefore):
        lines = database.read_now(partial(forfeited_by, entry_id=answer.entry_id))
        return Left(user_id, answer.at, lines)
    return answer


def forfeited_by(connection: Connection, entry_id: str) -> tuple[Forfeited, ...]:
    """What an entry of 失効 took, by service."""
    rows = connection.execute(
        select(t.forfeits)
        .where(t.forfeits.c.entry_id == entry_id)
        .order_by(t.forfeits.c.service_id)
    )
    return tuple(
        Forfeited(ServiceId(row.service_id), Yen(row.forfeited), Yen(row.expired)) for row in rows
    )


def forfeit_subject(entry_id: str, user_id: str, owner: int, lines: Sequence[Forfeited]) -> bytes:
    """What the chain holds of a forfeit's own rows and of the departure, version 1.

    ``choba-forfeit-v1`` ‖ entry id 20 ‖ user id 20 ‖ owner 8 ‖ number of services 2 ‖ per service:
    forfeited 8 ‖ expired 8 ‖ length of the service id 2 ‖ service id; SHA-256.
    """
    packed = _HEAD.pack(
        b"choba-forfeit-v1", entry_id.encode("ascii"), user_id.encode("ascii"), owner, len(lines)
    )
    for line in lines:
        service = line.service_id.encode("utf-8")
        packed += _SERVICE.pack(line.forfeited, line.expired, len(service)) + service
    return hashlib.sha256(packed).digest()


def _take_all(
    books: Books, command: _Command, at: Micros
) -> tuple[tuple[PostingDraft, ...], tuple[Forfeited, ...]]:
    postings: list[PostingDraft] = []
    lines: list[Forfeited] = []
    for service, (forfeited, expired) in sorted(command.accounts.items()):
        wallet = books.wallet(command.owner, Unit(service))
        lots = [lot for lot in wallet.lots if lot.remaining > 0] if wallet is not None else []
        if not lots:
            continue
        good = sum(lot.remaining for lot in lots if lot.expires_at > at)
        rest = sum(lot.remaining for lot in lots) - good
        lines.append(Forfeited(service, Yen(good), Yen(rest)))
        postings += [
            PostingDraft(
                lot.account_id,
                forfeited if lot.expires_at > at else expired,
                Yen(lot.remaining),
                lot.lot_id,
            )
            for lot in lots
        ]
    return tuple(postings), tuple(lines)


def _prepare(connection: Connection, user_id: UserId, by: str, why: str) -> _Command:
    """Every service gets an account of this customer's, so that there is a wallet to lock: two
    who leave, or a grant of a service that is new to them, meet there."""
    user = user_by_id(connection, user_id)
    if user is None:
        raise _refusal(LeavingCode.USER_UNKNOWN)
    accounts = {}
    for service in services(connection):
        unit = Unit(service.service_id)
        open_account(connection, AccountKind.CUSTOMER, unit, user.owner)
        accounts[service.service_id] = (
            open_account(connection, AccountKind.FORFEITED, unit, OPERATOR),
            open_account(connection, AccountKind.EXPIRED, unit, OPERATOR),
        )
    return _Command(user_id, user.owner, by, why, new_public_id(), accounts)


def _depart(connection: Connection, command: _Command, entry_id: str, at: Micros) -> None:
    record_departure(connection, command.user_id, command.owner, entry_id, at)
    detail = {"entry_id": entry_id}
    record_act(connection, Act(command.by, "user.leave", command.user_id, command.why, at, detail))


def _rows(booked: Booked[_Draft]) -> list[tuple[Any, ...]]:
    draft = booked.draft.row
    return [
        (
            draft.command.entry_id,
            line.service_id,
            draft.command.owner,
            line.forfeited,
            line.expired,
            booked.booking.instant,
        )
        for line in draft.services
    ]


_WORDS: Final = {
    LeavingCode.USER_UNKNOWN: (
        RefusalKind.NOT_FOUND,
        "この利用者は見つかりません。利用者IDをお確かめください。",
        "user_id: there is no such customer.",
        "user_id",
    ),
    LeavingCode.WHY_MISSING: (
        RefusalKind.INVALID,
        f"理由を1〜{_LONGEST_WHY}文字で入力してください。",
        f"why: give the reason in 1 to {_LONGEST_WHY} characters",
        "why",
    ),
    LeavingCode.BUSY: (
        RefusalKind.STATE,
        "お客様が別のお支払いの最中です。少し待って、もう一度お試しください。",
        "The customer is busy with a payment. Nothing was changed; try again.",
        "",
    ),
}


def _refusal(code: LeavingCode) -> Refusal:
    kind, ja, en, wrong = _WORDS[code]
    return Refusal(code, kind, ja=ja, en=en, field=wrong)
