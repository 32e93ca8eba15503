"""OperatorService: cancels, cash refunds, expiry, leaving. Translates; the rooms decide."""

import asyncio
from collections.abc import Callable
from functools import partial

from protos.choba.v1 import operator_cancels_pb2 as pb
from protos.units import PaymentId, TransactionId, UserId, Yen
from server.campaigns import close_account, run_expiry
from server.clock import Clock
from server.db import Database
from server.directory import ServiceId, ShopId
from server.ledger import deciding_clock
from server.oversight import Act, record_act
from server.payments import (
    CancelRequest,
    CashRefund,
    ExpiredLotRule,
    PaymentCancels,
    RefundRequest,
    by_operator,
)
from server.rpc.calls import Context
from server.rpc.cancel_messages import accept_expired, cancellation_message
from server.rpc.errors import invalid_field, plain_text, whole_number
from server.rpc.operator import operator_name

_LONGEST_WHY = 500
_RULES = {
    pb.EXPIRED_LOT_RULE_RESTORE_AND_EXPIRE: ExpiredLotRule.RESTORE_AND_EXPIRE,
    pb.EXPIRED_LOT_RULE_REFUSE: ExpiredLotRule.REFUSE,
}


class CancelCalls:
    """What is taken back, written off and recorded. Everything names the operator and why."""

    def __init__(
        self,
        database: Database,
        cancels: PaymentCancels,
        clock: Clock,
        on_left: Callable[[UserId], None],
    ) -> None:
        """``on_left``: told of each customer who has left, on the event loop."""
        self._database = database
        self._cancels = cancels
        self._clock = clock
        self._on_left = on_left
        self._ledger_clock = deciding_clock(database.kind, clock)

    async def CancelPayment(
        self, request: pb.CancelPaymentRequest, context: Context
    ) -> pb.CancelPaymentResponse:
        """The whole payment, once, before its earliest close."""
        cancel = CancelRequest(
            request.idempotency_key,
            PaymentId(plain_text("payment_id", request.payment_id, 20, 20)),
            ShopId(plain_text("shop_id", request.shop_id, 1, 64)),
            Yen(request.amount_yen),
            accept_expired(request.accept_expired),
            request.why,
        )
        by = by_operator(operator_name())
        cancelled = await asyncio.to_thread(self._cancels.cancel, cancel, by)
        return pb.CancelPaymentResponse(cancellation=cancellation_message(cancelled))

    async def RecordCashRefund(
        self, request: pb.RecordCashRefundRequest, context: Context
    ) -> pb.RecordCashRefundResponse:
        """A note; no money moves in the ledger."""
        leg = request.transaction_id and plain_text(
            "transaction_id", request.transaction_id, 20, 20
        )
        refund = RefundRequest(
            request.idempotency_key,
            PaymentId(plain_text("payment_id", request.payment_id, 20, 20)),
            TransactionId(leg) if leg else None,
            Yen(request.amount_yen),
            request.why,
        )
        by = by_operator(operator_name())
        recorded = await asyncio.to_thread(self._cancels.record_refund, refund, by)
        return pb.RecordCashRefundResponse(refund=_refund(recorded))

    async def ListCashRefunds(
        self, request: pb.ListCashRefundsRequest, context: Context
    ) -> pb.ListCashRefundsResponse:
        """Of one customer, newest first."""
        user = UserId(plain_text("user_id", request.user_id, 20, 20))
        limit = whole_number("limit", request.limit, 1, 100)
        cursor = request.cursor and plain_text("cursor", request.cursor, 1, 200)
        try:
            page = await asyncio.to_thread(self._cancels.refunds_of, user, limit, cursor)
        except ValueError as error:
            raise invalid_field("cursor", "was not given by this server") from error
        return pb.ListCashRefundsResponse(
            refunds=[_refund(refund) for refund in page.refunds], next_cursor=page.next_cursor
        )

    async def SetExpiredLotRule(
        self, request: pb.SetExpiredLotRuleRequest, context: Context
    ) -> pb.SetExpiredLotRuleResponse:
        """From the next cancel on."""
        rule = _RULES.get(request.rule)
        if rule is None:
            raise invalid_field("rule", "must be RESTORE_AND_EXPIRE or REFUSE")
        service = ServiceId(plain_text("service_id", request.service_id, 1, 64))
        await asyncio.to_thread(
            self._cancels.set_expired_lot_rule, service, rule, operator_name(), request.why
        )
        return pb.SetExpiredLotRuleResponse()

    async def RunExpiry(
        self, request: pb.RunExpiryRequest, context: Context
    ) -> pb.RunExpiryResponse:
        """The same job that each server runs by itself every hour. The act says that it was
        started by hand; a long run ends at the deadline of the call and goes on all the same."""
        if not 1 <= len(request.why.strip()) <= len(request.why) <= _LONGEST_WHY:
            raise invalid_field("why", f"give the reason in 1 to {_LONGEST_WHY} characters")
        act = Act(operator_name(), "expiry.run", "", request.why, self._clock())
        await self._database.write(partial(record_act, act=act))
        run = await asyncio.to_thread(run_expiry, self._database, self._ledger_clock)
        return pb.RunExpiryResponse(
            services=[
                pb.ExpiredService(
                    service_id=service.service_id,
                    amount_yen=service.amount,
                    customers=service.customers,
                    lots=service.lots,
                )
                for _, service in sorted(run.services.items())
            ],
            busy=run.busy,
        )

    async def CloseAccount(
        self, request: pb.CloseAccountRequest, context: Context
    ) -> pb.CloseAccountResponse:
        """退会; asked again it gives the same answer."""
        left = await asyncio.to_thread(
            close_account,
            self._database,
            UserId(plain_text("user_id", request.user_id, 20, 20)),
            by=operator_name(),
            why=request.why,
            clock=self._ledger_clock,
        )
        self._on_left(left.user_id)
        return pb.CloseAccountResponse(
            left_at_micros=left.left_at,
            services=[
                pb.ForfeitedService(
                    service_id=line.service_id,
                    forfeited_yen=line.forfeited,
                    expired_yen=line.expired,
                )
                for line in left.services
            ],
        )


def _refund(refund: CashRefund) -> pb.CashRefund:
    return pb.CashRefund(
        refund_id=refund.refund_id,
        payment_id=refund.payment_id,
        transaction_id=refund.transaction_id,
        user_id=refund.user_id,
        amount_yen=refund.amount,
        by=refund.by,
        why=refund.why,
        recorded_at_micros=refund.recorded_at,
    )
