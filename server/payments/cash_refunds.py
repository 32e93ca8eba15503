"""Cash refunds (現金返金の記録): a note beside the books, bounded by what the payment still is."""

import secrets
from typing import Any

from sqlalchemy import Connection, func, insert, select

from protos.units import Micros, PaymentId, TransactionId, UserId, Yen
from server.db import new_public_id
from server.db.schema import cancels as t
from server.ledger import LedgerClock, lock_owner
from server.oversight import Act, record_act
from server.payments import cancel_refusals as refuse
from server.payments.cancel_rules import PaidBefore, PaidLeg, note_hash
from server.payments.cancel_types import (
    ByKind,
    CancelBy,
    CashRefund,
    CashRefundPage,
    RefundRequest,
)
from server.payments.queries import cursor_of, cursor_text


def record_refund(
    connection: Connection,
    request: RefundRequest,
    by: CancelBy,
    payment: PaidBefore,
    clock: LedgerClock,
) -> CashRefund:
    """Under the customer's lock, which a cancel takes too: one of the two comes first."""
    lock_owner(connection, payment.owner)
    known = _known(connection, request, by)
    if known is not None:
        return known
    cancelled_at = connection.execute(
        select(t.cancellations.c.cancelled_at).where(
            t.cancellations.c.payment_id == payment.payment_id
        )
    ).scalar_one_or_none()
    if cancelled_at is not None:
        raise refuse.already_cancelled(Micros(cancelled_at))
    leg = _leg(payment, request.transaction_id)
    left = leg.amount - _refunded(connection, leg.transaction_id)
    if request.amount > left:
        raise refuse.refund_too_much(Yen(left))
    return _insert(connection, request, by, payment, leg, clock(connection))


def refunds_of(
    connection: Connection, user: UserId, limit: int, cursor: str = ""
) -> CashRefundPage:
    """Newest first. Raises ValueError for a cursor not given here."""
    query = _SELECT.where(t.cash_refunds.c.user_id == user)
    if cursor:
        at, refund_id = cursor_of(cursor)
        query = query.where(
            (t.cash_refunds.c.recorded_at < at)
            | ((t.cash_refunds.c.recorded_at == at) & (t.cash_refunds.c.refund_id < refund_id))
        )
    rows = connection.execute(
        query.order_by(
            t.cash_refunds.c.recorded_at.desc(), t.cash_refunds.c.refund_id.desc()
        ).limit(limit + 1)
    ).all()
    page = tuple(_refund(row) for row in rows[:limit])
    last = page[-1] if len(rows) > limit else None
    return CashRefundPage(page, cursor_text(last.recorded_at, last.refund_id) if last else "")


_SELECT = select(t.cash_refunds, t.reversal_notes.c.why).join_from(
    t.cash_refunds,
    t.reversal_notes,
    t.reversal_notes.c.reversal_id == t.cash_refunds.c.refund_id,
    isouter=True,
)


def _known(connection: Connection, request: RefundRequest, by: CancelBy) -> CashRefund | None:
    row = connection.execute(
        _SELECT.where(
            t.cash_refunds.c.by_kind == int(by.kind),
            t.cash_refunds.c.by_name == by.name,
            t.cash_refunds.c.idempotency_key == request.idempotency_key,
        )
    ).one_or_none()
    if row is None:
        return None
    if bytes(row.request_hash) != request.request_hash():
        raise refuse.key_reused()
    return _refund(row)


def _leg(payment: PaidBefore, wanted: TransactionId | None) -> PaidLeg:
    if wanted is None:
        if len(payment.legs) > 1:
            raise refuse.leg_needed()
        return payment.legs[0]
    for leg in payment.legs:
        if leg.transaction_id == wanted:
            return leg
    raise refuse.leg_unknown()


def _refunded(connection: Connection, leg: TransactionId) -> int:
    return int(
        connection.execute(
            select(func.coalesce(func.sum(t.cash_refunds.c.amount), 0)).where(
                t.cash_refunds.c.transaction_id == leg
            )
        ).scalar_one()
    )


def _insert(
    connection: Connection,
    request: RefundRequest,
    by: CancelBy,
    payment: PaidBefore,
    leg: PaidLeg,
    at: Micros,
) -> CashRefund:
    refund_id, salt = new_public_id(), secrets.token_bytes(16)
    connection.execute(
        insert(t.cash_refunds).values(
            refund_id=refund_id,
            payment_id=payment.payment_id,
            transaction_id=leg.transaction_id,
            user_id=payment.user_id,
            amount=request.amount,
            by_kind=int(by.kind),
            by_name=by.name,
            idempotency_key=request.idempotency_key,
            request_hash=request.request_hash(),
            note_hash=note_hash(salt, request.why),
            recorded_at=at,
        )
    )
    connection.execute(
        insert(t.reversal_notes).values(reversal_id=refund_id, salt=salt, why=request.why)
    )
    if by.kind is ByKind.OPERATOR:
        act = Act(
            by.name,
            "payment.cash-refund",
            refund_id,
            request.why,
            at,
            {"payment_id": payment.payment_id, "amount_yen": request.amount},
        )
        record_act(connection, act)
    return CashRefund(
        refund_id,
        payment.payment_id,
        leg.transaction_id,
        payment.user_id,
        request.amount,
        by.name,
        request.why,
        at,
    )


def _refund(row: Any) -> CashRefund:
    return CashRefund(
        row.refund_id,
        PaymentId(row.payment_id),
        TransactionId(row.transaction_id),
        UserId(row.user_id),
        Yen(row.amount),
        row.by_name,
        row.why or "",
        Micros(row.recorded_at),
    )
