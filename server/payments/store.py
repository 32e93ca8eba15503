"""The payments' side of the posting engine: what a batch reads and what it writes."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from protos.units import Micros
from server.campaigns import Terms, all_terms, next_change, valid_at
from server.db import DatabaseKind
from server.directory import KnownDirectory
from server.ledger import Accept, Booked, Books, Decline
from server.payments.batch_sql import PayReads, PayWrites
from server.payments.commands import PayCommand, Replay
from server.payments.refusals import Refused
from server.payments.rules import (
    Committed,
    DraftPayment,
    PayAnswer,
    PayState,
    StoredKey,
    decide_payment,
)
from server.payments.stored_refusals import refusal_text
from server.payments.types import SaleKind, SaleState


class PayRules:
    """``server.ledger.PostingRules`` for payments; statements are built once."""

    def __init__(self, kind: DatabaseKind, *, stand_repeat: int) -> None:
        self._stand_repeat = stand_repeat
        self._directory = KnownDirectory(kind)
        self._terms: tuple[Terms, ...] = ()
        self._terms_revision = -1
        self._reads = PayReads(kind)
        self._writes = PayWrites(kind)

    def locks(self, command: PayCommand) -> PayCommand:
        return command

    def load(
        self, connection: Connection, commands: Sequence[PayCommand], instant: Micros
    ) -> PayState:
        found = self._reads.of_batch(connection, commands)
        known = self._directory
        known.refresh(connection, found.revision, {c.terminal for c in commands})
        if self._terms_revision != found.revision:
            self._terms = all_terms(connection)
            # only now: a connection that dies before leaves them to be read again
            self._terms_revision = found.revision
        state = PayState(
            services=known.services,
            terms=valid_at(self._terms, instant),
            terms_until=next_change(self._terms, instant),
            counters=known.counters,
            instant=instant,
            keys=found.keys,
            sales=found.sales,
            held=found.held,
        )
        stands = {(c.user_id, c.terminal, c.amount) for c in commands if c.kind is SaleKind.STAND}
        if stands:
            since = instant - self._stand_repeat
            state.stand_payments = self._reads.stand_payments(connection, stands, since)
        return state

    def decide(
        self, books: Books, state: PayState, command: PayCommand, instant: Micros
    ) -> Accept[DraftPayment] | Decline[PayAnswer]:
        if instant >= state.terms_until:  # a batch that begins before midnight may end after it
            state.terms = valid_at(self._terms, instant)
            state.terms_until = next_change(self._terms, instant)
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
        """Outcomes and keys: whoever was faster elsewhere is noticed before anything else."""
        ended = [
            (c.terminal, c.sale, b.booking.instant)
            for b in booked
            if ((c := b.draft.row.command).terminal, c.sale) in state.held
        ]
        return self._writes.run(
            connection,
            {
                "sale_outcomes": [row for b in booked if (row := _outcome_row(b)) is not None],
                "payments": [_payment_row(b) for b in booked],
                "declines": [_decline_row(c, answer, instant) for c, answer in state.declined],
                "transactions": [row for b in booked for row in _leg_rows(b)],
                "outbox": [row for b in booked if (row := _outbox_row(b)) is not None],
            },
            ended,
        )

    def answer(self, booked: Booked[DraftPayment]) -> PayAnswer:
        return Committed(booked.draft.row, booked.booking)


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
            f"[{','.join([f'[{at},{rest}]' for at, rest in leg.lots_after])}]",
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
