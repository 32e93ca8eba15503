"""The payments' side of the posting engine: what a batch reads and what it writes."""

import json
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from protos.units import Micros, PaymentId, TerminalNumber, UserId
from server.campaigns import terms_at
from server.db import DatabaseKind
from server.db.schema import payments as t
from server.db.sets import Inserter, RowSet
from server.directory import CounterReader, Keyring, services
from server.ledger import Accept, Booked, Books, Decline
from server.payments.assembly import payment_of_draft
from server.payments.commands import PayAnswer, PayCommand, Replay
from server.payments.refusals import RefusalCode, Refused
from server.payments.rules import (
    DraftPayment,
    HeldSale,
    PayState,
    StoredKey,
    decide_payment,
)
from server.payments.types import ClaimEnd, Paid, SaleKind, SaleState


class PayRules:
    """``server.ledger.PostingRules`` for payments; statements are built once."""

    def __init__(self, kind: DatabaseKind, keyring: Keyring, *, stand_repeat: int) -> None:
        self._keyring = keyring
        self._stand_repeat = stand_repeat
        self._counters = CounterReader(kind)
        self._keys = RowSet(kind, "keys", user_id=str, idempotency_key=str)
        self._sales = RowSet(kind, "sales", terminal_number=int, sale_number=int)
        self._stands = RowSet(kind, "stands", user_id=str, terminal_number=int, amount=int)
        self._read_keys = _match(t.payments, self._keys, "request_hash", "payment_id")
        self._read_declines = _match(t.declines, self._keys, "request_hash", "refusal")
        self._read_sales = _match(t.sale_outcomes, self._sales, "state")
        self._read_held = _match(t.claims, self._sales, "user_id", "expires_at").where(
            t.claims.c.ended_at.is_(None)
        )
        self._read_stands = _match(t.payments, self._stands, "paid_at").where(
            t.payments.c.paid_at > bindparam("since"), t.payments.c.kind == int(SaleKind.STAND)
        )
        self._outcomes = Inserter(kind, t.sale_outcomes)
        self._payments = Inserter(kind, t.payments)
        self._transactions = Inserter(kind, t.transactions)
        self._declines = Inserter(kind, t.declines)
        self._outbox = Inserter(kind, t.outbox)
        self._end_claims = (
            update(t.claims)
            .where(
                t.claims.c.ended_at.is_(None),
                t.claims.c.terminal_number == bindparam("terminal"),
                t.claims.c.sale_number == bindparam("sale"),
            )
            .values(ended_at=bindparam("at"), end_reason=ClaimEnd.PAID.value)
        )

    def locks(self, command: PayCommand) -> PayCommand:
        return command

    def load(
        self, connection: Connection, commands: Sequence[PayCommand], instant: Micros
    ) -> PayState:
        state = PayState(
            services={service.service_id: service for service in services(connection)},
            terms=terms_at(connection, instant),
            counters=self._counters.read(connection, {c.terminal for c in commands}),
            instant=instant,
        )
        self._load_keys(connection, commands, state)
        sales = [(c.terminal, c.sale) for c in commands if c.kind is SaleKind.DYNAMIC]
        if sales:
            params = self._sales.params(sales)
            for terminal, sale, value in connection.execute(self._read_sales, params):
                state.sales[terminal, sale] = SaleState(value)
            for terminal, sale, user, until in connection.execute(self._read_held, params):
                state.held[terminal, sale] = HeldSale(UserId(user), Micros(until))
        stands = {(c.user_id, c.terminal, c.amount) for c in commands if c.kind is SaleKind.STAND}
        if stands:
            params = self._stands.params(sorted(stands)) | {"since": instant - self._stand_repeat}
            for user, terminal, amount, paid_at in connection.execute(self._read_stands, params):
                key = (UserId(user), TerminalNumber(terminal), amount)
                last = max(state.stand_payments.get(key, 0), paid_at)
                state.stand_payments[key] = Micros(last)
        return state

    def decide(
        self, books: Books, state: PayState, command: PayCommand, instant: Micros
    ) -> Accept[DraftPayment] | Decline[PayAnswer]:
        return decide_payment(books, state, command, instant, self._stand_repeat)

    def note(
        self,
        state: PayState,
        command: PayCommand,
        decision: Accept[DraftPayment] | Decline[PayAnswer],
    ) -> None:
        key = (command.user_id, command.idempotency_key)
        if key in state.keys:
            return
        if isinstance(decision, Decline):
            if isinstance(decision.answer, Refused):
                state.keys[key] = StoredKey(command.request_hash, decision.answer)
                state.declined.append((command, decision.answer))
            return
        state.keys[key] = StoredKey(command.request_hash, Replay(command.payment_id))
        if command.kind is SaleKind.DYNAMIC:
            state.sales[command.terminal, command.sale] = SaleState.PAID
        else:
            again = (command.user_id, command.terminal, command.amount)
            state.stand_payments[again] = state.instant

    def write(
        self,
        connection: Connection,
        state: PayState,
        booked: Sequence[Booked[DraftPayment]],
        instant: Micros,
    ) -> bool:
        """Outcomes and keys first: whoever was faster elsewhere is noticed before anything."""
        won = self._outcomes.insert_new(
            connection, [row for b in booked if (row := _outcome_row(b)) is not None]
        ) and self._payments.insert_new(connection, [_payment_row(b) for b in booked])
        if not won:
            return False
        declines = [_decline_row(command, answer, instant) for command, answer in state.declined]
        if not self._declines.insert_new(connection, declines):
            return False
        self._transactions.insert(connection, [row for b in booked for row in _leg_rows(b)])
        self._outbox.insert(
            connection, [row for b in booked if (row := _outbox_row(b)) is not None]
        )
        ended = [
            {"terminal": c.terminal, "sale": c.sale, "at": b.booking.instant}
            for b in booked
            if ((c := b.draft.row.command).terminal, c.sale) in state.held
        ]
        if ended:
            connection.execute(self._end_claims, ended)
        return True

    def answer(self, booked: Booked[DraftPayment]) -> PayAnswer:
        return Paid(payment_of_draft(booked.draft.row, booked.booking, self._keyring))

    def _load_keys(
        self,
        connection: Connection,
        commands: Sequence[PayCommand],
        state: PayState,
    ) -> None:
        params = self._keys.params([(c.user_id, c.idempotency_key) for c in commands])
        for user, key, hash_, payment_id in connection.execute(self._read_keys, params):
            state.keys[UserId(user), key] = StoredKey(bytes(hash_), Replay(PaymentId(payment_id)))
        for user, key, hash_, refusal in connection.execute(self._read_declines, params):
            state.keys[UserId(user), key] = StoredKey(bytes(hash_), refusal_of(refusal))


def refusal_text(refused: Refused) -> str:
    """A refusal as it is stored: JSON of what differs from the defaults."""
    content = {
        f.name: getattr(refused, f.name)
        for f in fields(refused)
        if f.name == "code" or getattr(refused, f.name) != f.default
    }
    return json.dumps(content, ensure_ascii=False, sort_keys=True)


def refusal_of(text: str) -> Refused:
    """The refusal that ``refusal_text`` wrote."""
    content: dict[str, Any] = json.loads(text)
    return Refused(**content | {"code": RefusalCode(content["code"])})


def _match(table: Any, rows: RowSet, *columns: str) -> Any:
    """Select the rows' own columns, then ``columns``, where all of the rows' columns match."""
    source = rows.source
    joined = [table.c[column.name] == column for column in source.c]
    named = [table.c[column.name] for column in source.c]
    on = joined[0]
    for condition in joined[1:]:
        on &= condition
    return select(*named, *(table.c[column] for column in columns)).join_from(source, table, on)


def _outcome_row(booked: Booked[DraftPayment]) -> tuple[Any, ...] | None:
    command = booked.draft.row.command
    if command.kind is SaleKind.STAND:
        return None
    paid = SaleState.PAID.value
    return (
        command.terminal,
        command.sale,
        paid,
        command.payment_id,
        booked.booking.instant,
    )


def _payment_row(booked: Booked[DraftPayment]) -> tuple[Any, ...]:
    command = booked.draft.row.command
    return (
        command.payment_id,
        command.user_id,
        command.idempotency_key,
        command.request_hash,
        int(command.kind),
        command.terminal,
        command.sale,
        booked.draft.row.counter.shop_id,
        command.amount,
        booked.booking.instant,
        command.announced_to,
        booked.booking.sequence,
    )


def _leg_rows(booked: Booked[DraftPayment]) -> list[tuple[Any, ...]]:
    return [
        (
            booked.draft.row.command.payment_id,
            number,
            leg.transaction_id,
            leg.service.service_id,
            leg.amount,
            leg.before,
            leg.after,
            json.dumps(leg.lots_after, separators=(",", ":")),
            leg.closing.closes_at,
            leg.closing.pay_day.isoformat(),
        )
        for number, leg in enumerate(booked.draft.row.legs, start=1)
    ]


def _outbox_row(booked: Booked[DraftPayment]) -> tuple[Any, ...] | None:
    command = booked.draft.row.command
    if command.announced_to is None:
        return None
    return (command.announced_to, booked.booking.sequence, command.payment_id, None)


def _decline_row(command: PayCommand, refused: Refused, instant: Micros) -> tuple[Any, ...]:
    return (
        command.user_id,
        command.idempotency_key,
        command.request_hash,
        refusal_text(refused),
        instant,
    )
