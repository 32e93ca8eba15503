"""Money in (入金): what the city or buyers paid to the operator, CITY → FUNDS or BUYERS → FUNDS.

The entry touches no customer. It stands in the lane ``pay-ins``; its reference may name a person,
so the books hold a salted hash of it and the text stands in a table that can be deleted.
"""

import hashlib
import re
import secrets
import struct
import time
import unicodedata
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any, Final

from sqlalchemy import Connection, insert, select

from protos.units import Micros, Yen
from server.db import Database, DatabaseKind, LedgerOverloaded, new_public_id
from server.db.prepared import Rows
from server.db.schema import ledger as t
from server.db.sets import Inserter, RowSet
from server.ledger.accounts import open_account, open_lane
from server.ledger.books import Books
from server.ledger.posting import LedgerClock, Poster, Postponed, StolenRow
from server.ledger.rules import Accept, AsksAfterwards, Booked, Decline, WalletsOnly
from server.ledger.types import (
    NO_LOT,
    OPERATOR,
    AccountId,
    AccountKind,
    EntryDraft,
    Operation,
    OwnerKey,
    PostingDraft,
    Unit,
)
from server.oversight import Act, record_act
from server.refusal import Refusal, RefusalKind

LANE: Final = "pay-ins"
MOST: Final = Yen(10**12)
"""A slip of the hand is refused: no city pays a trillion yen in at once."""
_TRIES: Final = 5
_KEY: Final = re.compile(r"[A-Za-z0-9_.:-]{1,100}\Z")
_LONGEST_REFERENCE: Final = 200
_SUBJECT: Final = struct.Struct(">16s20shq32s32sH")


class PaySource(Enum):
    """Who paid."""

    CITY = AccountKind.CITY
    BUYERS = AccountKind.BUYERS


class PayInCode(StrEnum):
    KEY = "CHOBA_FUNDS_KEY"
    AMOUNT = "CHOBA_FUNDS_AMOUNT"
    REFERENCE = "CHOBA_FUNDS_REFERENCE"
    SERVICE = "CHOBA_FUNDS_SERVICE_UNKNOWN"
    KEY_REUSED = "CHOBA_FUNDS_KEY_REUSED"


@dataclass(frozen=True, slots=True)
class PayIn:
    """One payment to the operator. The same key and content again books nothing twice.

    Raises Refusal (CHOBA_FUNDS_*) for a field that cannot be.
    """

    idempotency_key: str
    """1 to 100 of A-Z a-z 0-9 _ . : - ; for a purchase the purchase's own id."""
    source: PaySource
    unit: Unit
    amount: Yen
    reference: str
    """What the bank's line or the collection agency's file says; may be empty for buyers."""

    def __post_init__(self) -> None:
        if not _KEY.match(self.idempotency_key):
            raise _refusal(
                PayInCode.KEY,
                "idempotency_key",
                "番号は英数字と _ . : - で100文字までにしてください。",
                "idempotency_key: 1 to 100 of A-Z a-z 0-9 _ . : -",
            )
        if not 0 < self.amount <= MOST:
            raise _refusal(
                PayInCode.AMOUNT,
                "amount",
                f"金額は1円から{MOST:,}円までにしてください。",
                f"amount: from 1 to {MOST:,} yen",
            )
        if len(self.reference) > _LONGEST_REFERENCE or any(
            unicodedata.category(letter) == "Cc" for letter in self.reference
        ):
            raise _refusal(
                PayInCode.REFERENCE,
                "reference",
                f"摘要は{_LONGEST_REFERENCE}文字までの1行にしてください。",
                f"reference: one line of at most {_LONGEST_REFERENCE} characters",
            )


@dataclass(frozen=True, slots=True)
class PayInOutcome:
    """``pay_in_id``: the entry's id. ``repeated``: it was there already."""

    pay_in_id: str
    repeated: bool


@dataclass(frozen=True, slots=True)
class _Command(WalletsOnly):
    pay_in: PayIn
    pay_in_id: str
    salt: bytes
    debit: AccountId
    credit: AccountId

    @property
    def owner(self) -> OwnerKey:
        return OPERATOR

    @property
    def reference_hash(self) -> bytes:
        return salted(self.salt, self.pay_in.reference)


@dataclass(slots=True)
class _State:
    known: dict[str, Any] = field(default_factory=dict)
    """By key: row of ``pay_ins`` with salt (None once the reference was deleted)."""


class _PayInRules(AsksAfterwards):
    """``PostingRules``."""

    def __init__(self, kind: DatabaseKind) -> None:
        self._rows = Inserter(kind, t.pay_ins)
        self._keys = RowSet(kind, "keys", idempotency_key=str)
        self._known = (
            select(t.pay_ins, t.pay_in_references.c.salt)
            .join_from(
                t.pay_ins,
                t.pay_in_references,
                t.pay_ins.c.pay_in_id == t.pay_in_references.c.pay_in_id,
                isouter=True,
            )
            .where(t.pay_ins.c.idempotency_key.in_(select(self._keys.source.c.idempotency_key)))
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
        params = self._keys.params([(c.pay_in.idempotency_key,) for c in commands])
        return _State({r.idempotency_key: r for r in connection.execute(self._known, params)})

    def decide(
        self, books: Books, state: _State, command: _Command, instant: Micros
    ) -> Accept[_Command] | Decline[PayInOutcome]:
        pay_in = command.pay_in
        known = state.known.get(pay_in.idempotency_key)
        if known is not None:
            _same(known, pay_in)
            return Decline(PayInOutcome(known.pay_in_id, repeated=True))
        posting = PostingDraft(command.debit, command.credit, pay_in.amount, NO_LOT)
        subject = pay_in_subject(
            command.pay_in_id,
            pay_in.idempotency_key,
            int(pay_in.source.value),
            pay_in.unit,
            pay_in.amount,
            command.reference_hash,
        )
        return Accept(EntryDraft(command.pay_in_id, Operation.PAY_IN, subject, (posting,)), command)

    def note(
        self, state: _State, command: _Command, decision: Accept[_Command] | Decline[PayInOutcome]
    ) -> None:
        """One command a batch: nobody comes later."""

    def write(
        self,
        connection: Connection,
        state: _State,
        booked: Sequence[Booked[_Command]],
        instant: Micros,
    ) -> bool:
        if not self._rows.insert_new(connection, [_row(b) for b in booked]):
            return False
        for command in (b.draft.row for b in booked):
            connection.execute(
                insert(t.pay_in_references).values(
                    pay_in_id=command.pay_in_id,
                    salt=command.salt,
                    reference=command.pay_in.reference,
                )
            )
        return True

    def answer(self, booked: Booked[_Command]) -> PayInOutcome:
        return PayInOutcome(booked.draft.row.pay_in_id, repeated=False)


class PayIns:
    """Records money in. ``units``: the services that there are (the ledger itself knows none)."""

    def __init__(
        self,
        database: Database,
        ledger_clock: LedgerClock,
        units: Callable[[Connection], Collection[str]],
    ) -> None:
        self._database = database
        self._clock = ledger_clock
        self._units = units
        self._rules = _PayInRules(database.kind)

    def record(self, pay_in: PayIn, *, by: str, why: str) -> PayInOutcome:
        """Book it in a transaction of its own, with its line in the audit log; blocks.

        Raises Refusal: CHOBA_FUNDS_SERVICE_UNKNOWN, CHOBA_FUNDS_KEY_REUSED; LedgerOverloaded.
        """

        def work(connection: Connection) -> PayInOutcome:
            return self.post(connection, pay_in, by=by, why=why)

        for _ in range(_TRIES):
            try:
                return self._database.write_now(work, repeatable=True)
            except StolenRow:
                time.sleep(0.01)
        raise LedgerOverloaded("pay-in: lost every race; send the same request again")

    def post(self, connection: Connection, pay_in: PayIn, *, by: str, why: str) -> PayInOutcome:
        """Book it in the caller's transaction, as its last effect on the ledger: it locks a lane,
        and lanes come last. Raises what ``record`` raises, and StolenRow: roll back, try again.
        """
        if pay_in.unit not in self._units(connection):
            raise Refusal(
                PayInCode.SERVICE,
                RefusalKind.NOT_FOUND,
                ja="このサービスはありません。サービスのIDを確かめてください。",
                en=f"service: there is no {pay_in.unit}",
                field="service_id",
            )
        lane = open_lane(connection, LANE)
        debit = open_account(connection, pay_in.source.value, pay_in.unit, OPERATOR)
        credit = open_account(connection, AccountKind.FUNDS, pay_in.unit, OPERATOR)
        command = _Command(pay_in, new_public_id(), secrets.token_bytes(16), debit, credit)
        (outcome,) = Poster(self._database.kind, self._rules, lane, self._clock).post(
            connection, [command]
        )
        assert not isinstance(outcome, Postponed), "the operator has no wallet that could be busy"
        if not outcome.repeated:
            record_act(
                connection,
                Act(
                    by,
                    "funds.pay_in",
                    outcome.pay_in_id,
                    why,
                    self._clock(connection),
                    {
                        "source": pay_in.source.name,
                        "service": pay_in.unit,
                        "amount": pay_in.amount,
                    },
                ),
            )
        return outcome


def salted(salt: bytes, text: str) -> bytes:
    """What the books hold of a text that can be deleted."""
    return hashlib.sha256(b"choba-salted-v1" + salt + text.encode("utf-8")).digest()


def pay_in_subject(
    pay_in_id: str, key: str, source: int, unit: str, amount: int, reference_hash: bytes
) -> bytes:
    """What the chain holds of a pay-in's own row, version 1.

    ``choba-pay-in-v1\\0`` ‖ id 20 ‖ source 2 ‖ amount 8 ‖ reference hash 32 ‖ SHA-256 of the key 32
    ‖ length of the service id 2 ‖ service id; SHA-256.
    """
    service = unit.encode("utf-8")
    packed = _SUBJECT.pack(
        b"choba-pay-in-v1",
        pay_in_id.encode("ascii"),
        source,
        amount,
        reference_hash,
        hashlib.sha256(key.encode("utf-8")).digest(),
        len(service),
    )
    return hashlib.sha256(packed + service).digest()


def verify_pay_ins(connection: Connection) -> Iterator[str]:
    """What does not hold between pay-ins, their references and their entries."""
    p, e, r = t.pay_ins, t.entries, t.pay_in_references
    lane = select(t.lanes.c.lane_id).where(t.lanes.c.name == LANE)
    rows = connection.execute(
        select(p, e.c.subject, e.c.instant, e.c.lane_id, e.c.position, r.c.salt, r.c.reference)
        .join_from(p, e, e.c.entry_id == p.c.pay_in_id, isouter=True)
        .join(r, r.c.pay_in_id == p.c.pay_in_id, isouter=True)
        .execution_options(yield_per=1000)
    )
    for row in rows:
        where = f"pay-in {row.pay_in_id}"
        if row.subject is None:
            yield f"{where}: no entry in the ledger"
            continue
        where += f" (lane {row.lane_id} position {row.position})"
        subject = pay_in_subject(
            row.pay_in_id,
            row.idempotency_key,
            row.source,
            row.service_id,
            row.amount,
            bytes(row.reference_hash),
        )
        if subject != bytes(row.subject) or row.instant != row.recorded_at:
            yield f"{where}: differs from its entry"
        if row.salt is not None and salted(row.salt, row.reference) != bytes(row.reference_hash):
            yield f"{where}: its reference is not the one recorded"
    missing = connection.execute(
        select(e.c.entry_id, e.c.lane_id, e.c.position)
        .join_from(e, p, p.c.pay_in_id == e.c.entry_id, isouter=True)
        .where(e.c.lane_id.in_(lane), p.c.pay_in_id.is_(None))
    )
    for entry_id, lane_id, position in missing:
        yield f"lane {lane_id} position {position} entry {entry_id}: its pay-in is missing"


def _same(known: Any, pay_in: PayIn) -> None:
    facts = (known.source, known.service_id, known.amount)
    same = facts == (int(pay_in.source.value), pay_in.unit, pay_in.amount) and (
        known.salt is None or salted(known.salt, pay_in.reference) == bytes(known.reference_hash)
    )
    if not same:
        raise Refusal(
            PayInCode.KEY_REUSED,
            RefusalKind.CONFLICT,
            ja="同じ番号で別の入金が記録されています。新しい番号を付けてください。",
            en="idempotency_key: it names another pay-in; give this one a key of its own",
            field="idempotency_key",
        )


def _refusal(code: PayInCode, name: str, ja: str, en: str) -> Refusal:
    return Refusal(code, RefusalKind.INVALID, ja=ja, en=en, field=name)


def _row(booked: Booked[_Command]) -> tuple[Any, ...]:
    command = booked.draft.row
    pay_in = command.pay_in
    return (
        command.pay_in_id,
        pay_in.idempotency_key,
        int(pay_in.source.value),
        pay_in.unit,
        pay_in.amount,
        command.reference_hash,
        booked.booking.instant,
    )
