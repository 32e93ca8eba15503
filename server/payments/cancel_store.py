"""The cancels' side of the posting engine: what a batch reads and what it writes."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, func, select

from protos.units import Micros, PaymentId, TransactionId, UserId, Yen
from server.db import DatabaseKind
from server.db.prepared import Rows
from server.db.schema import cancels as t
from server.db.schema import payments as p
from server.db.sets import Inserter, RowSet
from server.directory import DepartureReader, ServiceId, ShopId, services, user_by_id
from server.ledger import Accept, AsksAfterwards, Booked, Books, Decline, LineReader
from server.oversight import Act, record_act
from server.payments.cancel_rules import (
    CancelAnswer,
    CancelCommand,
    CancelState,
    DraftCancel,
    PaidBefore,
    PaidLeg,
    decide_cancel,
)
from server.payments.cancel_types import (
    ByKind,
    CancelBy,
    Cancelled,
    CancelRequest,
    CancelSlip,
    ExpiredLotRule,
)


class CancelRules(AsksAfterwards):
    """``server.ledger.PostingRules`` for cancels; statements are built once."""

    def __init__(self, kind: DatabaseKind) -> None:
        self._departures = DepartureReader(kind)
        self._payments = RowSet(kind, "paid", payment_id=str)
        self._keys = RowSet(kind, "keys", by_kind=int, by_name=str, idempotency_key=str)
        wanted = select(self._payments.source.c.payment_id)
        keys = self._keys.source.c
        self._read_cancelled: Final = select(
            t.cancellations.c.payment_id, t.cancellations.c.cancelled_at
        ).where(t.cancellations.c.payment_id.in_(wanted))
        self._read_refunded: Final = (
            select(t.cash_refunds.c.payment_id, func.sum(t.cash_refunds.c.amount))
            .where(t.cash_refunds.c.payment_id.in_(wanted))
            .group_by(t.cash_refunds.c.payment_id)
        )
        self._read_keys: Final = select(
            t.cancellations.c.by_kind,
            t.cancellations.c.by_name,
            t.cancellations.c.idempotency_key,
            t.cancellations.c.request_hash,
            t.cancellations.c.cancel_id,
        ).join_from(
            self._keys.source,
            t.cancellations,
            (t.cancellations.c.by_kind == keys.by_kind)
            & (t.cancellations.c.by_name == keys.by_name)
            & (t.cancellations.c.idempotency_key == keys.idempotency_key),
        )
        self._cancellations = Inserter(kind, t.cancellations)
        self._slips = Inserter(kind, t.cancel_slips)
        self._notes = Inserter(kind, t.reversal_notes)

    def locks(self, command: CancelCommand) -> CancelCommand:
        return command

    def load(
        self,
        connection: Connection,
        commands: Sequence[CancelCommand],
        instant: Micros,
        answers: Sequence[Rows] = (),
    ) -> CancelState:
        departed = self._departures.read(connection, {c.owner for c in commands})
        state = CancelState(
            services={service.service_id: service for service in services(connection)},
            rules=expired_lot_rules(connection),
            departed=set(departed),
            instant=instant,
        )
        paid = self._payments.params([(c.payment.payment_id,) for c in commands])
        for payment_id, at in connection.execute(self._read_cancelled, paid):
            state.cancelled[PaymentId(payment_id)] = Micros(at)
        for payment_id, amount in connection.execute(self._read_refunded, paid):
            state.refunded[PaymentId(payment_id)] = Yen(int(amount))
        keys = self._keys.params([c.key for c in commands])
        for by_kind, by_name, key, hash_, cancel_id in connection.execute(self._read_keys, keys):
            state.keys[by_kind, by_name, key] = (bytes(hash_), cancel_id)
        return state

    def decide(
        self, books: Books, state: CancelState, command: CancelCommand, instant: Micros
    ) -> Accept[DraftCancel] | Decline[CancelAnswer]:
        return decide_cancel(books, state, command, instant)

    def note(
        self,
        state: CancelState,
        command: CancelCommand,
        decision: Accept[DraftCancel] | Decline[CancelAnswer],
    ) -> None:
        if isinstance(decision, Accept):
            state.keys[command.key] = (command.request.request_hash(), command.cancel_id)
            state.cancelled[command.payment.payment_id] = state.instant

    def write(
        self,
        connection: Connection,
        state: CancelState,
        booked: Sequence[Booked[DraftCancel]],
        instant: Micros,
    ) -> bool:
        """The cancellation first: whoever was faster elsewhere is noticed before anything."""
        if not self._cancellations.insert_new(connection, [_cancel_row(b) for b in booked]):
            return False
        self._slips.insert(connection, [row for b in booked for row in _slip_rows(b)])
        self._notes.insert(
            connection,
            [(c.cancel_id, c.salt, c.request.why) for c in (b.draft.row.command for b in booked)],
        )
        for b in booked:
            if b.draft.row.command.by.kind is ByKind.OPERATOR:
                record_act(connection, _act(b))
        return True

    def answer(self, booked: Booked[DraftCancel]) -> CancelAnswer:
        draft = booked.draft.row
        return Cancelled(
            draft.command.cancel_id,
            draft.command.payment.payment_id,
            draft.command.payment.amount,
            booked.booking.instant,
            draft.slips,
        )


def expired_lot_rules(connection: Connection) -> dict[ServiceId, ExpiredLotRule]:
    """Of the services that have chosen; the others have the default."""
    rows = connection.execute(
        select(t.service_cancel_rules.c.service_id, t.service_cancel_rules.c.expired_lots)
    )
    return {ServiceId(service): ExpiredLotRule(rule) for service, rule in rows}


def paid_before(
    connection: Connection, lines: LineReader, payment_id: PaymentId
) -> PaidBefore | None:
    """What the books hold of a payment; None when there is none."""
    row = connection.execute(
        select(p.payments).where(p.payments.c.payment_id == payment_id)
    ).one_or_none()
    if row is None:
        return None
    legs = connection.execute(
        select(p.transactions)
        .where(p.transactions.c.payment_id == payment_id)
        .order_by(p.transactions.c.leg)
    ).all()
    user = user_by_id(connection, UserId(row.user_id))
    assert user is not None, "a payment names a customer who is not in the directory"
    return PaidBefore(
        payment_id=payment_id,
        user_id=user.user_id,
        owner=user.owner,
        shop_id=ShopId(row.shop_id),
        amount=Yen(row.amount),
        paid_at=Micros(row.paid_at),
        cancel_until=Micros(min(leg.closes_at for leg in legs)),
        legs=tuple(
            PaidLeg(TransactionId(leg.transaction_id), ServiceId(leg.service_id), Yen(leg.amount))
            for leg in legs
        ),
        lines=lines.read(connection, (payment_id,))[payment_id],
    )


def cancel_by_id(connection: Connection, cancel_id: str) -> Cancelled | None:
    """A cancel as the books hold it."""
    row = connection.execute(
        select(t.cancellations).where(t.cancellations.c.cancel_id == cancel_id)
    ).one_or_none()
    if row is None:
        return None
    rows = connection.execute(
        select(t.cancel_slips)
        .where(t.cancel_slips.c.cancel_id == cancel_id)
        .order_by(t.cancel_slips.c.leg)
    )
    return Cancelled(
        cancel_id,
        PaymentId(row.payment_id),
        Yen(row.amount),
        Micros(row.cancelled_at),
        slips_of(rows),
    )


def key_taken(connection: Connection, request: CancelRequest, by: CancelBy) -> bool:
    """Whether another request stands under this key already."""
    found = connection.execute(
        select(t.cancellations.c.request_hash).where(
            t.cancellations.c.by_kind == int(by.kind),
            t.cancellations.c.by_name == by.name,
            t.cancellations.c.idempotency_key == request.idempotency_key,
        )
    ).scalar_one_or_none()
    return found is not None and bytes(found) != request.request_hash()


def slips_of(rows: Iterable[Any]) -> tuple[CancelSlip, ...]:
    """Rows of ``cancel_slips`` as values."""
    return tuple(
        CancelSlip(
            TransactionId(row.transaction_id),
            TransactionId(row.target_transaction_id),
            ServiceId(row.service_id),
            Yen(row.amount),
            Yen(row.before_value),
            Yen(row.after_value),
            Yen(row.expired),
            Yen(row.forfeited),
        )
        for row in rows
    )


def _cancel_row(booked: Booked[DraftCancel]) -> tuple[Any, ...]:
    command = booked.draft.row.command
    return (
        command.payment.payment_id,
        command.cancel_id,
        *command.key,
        command.request.request_hash(),
        command.note_hash(),
        int(command.request.accept_expired),
        command.payment.amount,
        booked.booking.instant,
    )


def _slip_rows(booked: Booked[DraftCancel]) -> list[tuple[Any, ...]]:
    draft = booked.draft.row
    return [
        (
            draft.command.cancel_id,
            number,
            slip.transaction_id,
            slip.target_transaction_id,
            slip.service_id,
            slip.amount,
            slip.before,
            slip.after,
            slip.expired,
            slip.forfeited,
        )
        for number, slip in enumerate(draft.slips, start=1)
    ]


def _act(booked: Booked[DraftCancel]) -> Act:
    draft = booked.draft.row
    command = draft.command
    return Act(
        by=command.by.name,
        what="payment.cancel",
        subject=command.payment.payment_id,
        why=command.request.why,
        at=booked.booking.instant,
        detail={
            "cancel_id": command.cancel_id,
            "amount_yen": command.payment.amount,
            "expired_yen": sum(slip.expired for slip in draft.slips),
            "forfeited_yen": sum(slip.forfeited for slip in draft.slips),
        },
    )
