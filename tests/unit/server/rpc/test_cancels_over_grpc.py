"""Cancels, refunds, expiry and leaving as operators and devices call them, over the wire."""

import secrets
from typing import Any

import grpc
import pytest
from grpc import aio
from sqlalchemy import text

from protos.choba.v1 import operator_cancels_pb2 as pb
from protos.choba.v1 import terminal_service_pb2 as terminal_pb
from protos.choba.v1 import wallet_service_pb2 as wallet_pb
from protos.choba.v1.cancel_pb2 import ACCEPT_EXPIRED_RESTORE_AND_EXPIRE
from protos.choba.v1.operator_service_pb2_grpc import OperatorServiceStub
from protos.choba.v1.payment_pb2 import Payment
from server.clock import system_clock, tokyo_day
from server.db import open_database
from tests.support.acts import assert_one_act
from tests.support.directory import POINTS, SECOND_DEVICE, VOUCHER
from tests.support.gate import (
    TIMEOUT,
    Customer,
    Gate,
    bearer,
    connect_request,
    terminal_stub,
    told,
)


async def as_operator(gate: Gate, method: str, request: Any) -> Any:
    async with gate.public_channel() as channel:
        return await getattr(OperatorServiceStub(channel), method)(
            request, metadata=bearer(gate.operator_token), timeout=TIMEOUT
        )


async def left_one_act(gate: Gate, what: str, subject: str, why: str) -> None:
    async with gate.public_channel() as channel:
        await assert_one_act(gate, channel, what, subject, why)


async def refusal(call: Any) -> tuple[grpc.StatusCode, str, tuple[str, ...]]:
    with pytest.raises(aio.AioRpcError) as caught:
        await call
    said = told(caught.value)
    assert said.ja
    assert said.en
    return said.status, said.reason, said.fields


def cancel_of(payment: Payment, shop_id: str, **changes: Any) -> pb.CancelPaymentRequest:
    values: dict[str, Any] = {
        "idempotency_key": secrets.token_urlsafe(24),
        "payment_id": payment.payment_id,
        "shop_id": shop_id,
        "amount_yen": payment.amount_yen,
        "why": "押し間違い",
    }
    return pb.CancelPaymentRequest(**values | changes)


async def shop_of(gate: Gate, channel: aio.Channel) -> str:
    async for answer in terminal_stub(channel).WatchConfiguration(
        terminal_pb.WatchConfigurationRequest(), timeout=TIMEOUT
    ):
        return str(answer.configuration.shop_id)
    raise AssertionError("no configuration")


async def test_an_operator_cancels_and_the_customer_sees_it(gate: Gate, customer: Customer) -> None:
    device = await gate.new_device()
    paid = await customer.pay(gate.qr(device)[1])
    async with gate.device_channel(device) as channel:
        shop = await shop_of(gate, channel)
        wrong = as_operator(gate, "CancelPayment", cancel_of(paid, "S-9999"))
        assert await refusal(wrong) == (
            grpc.StatusCode.FAILED_PRECONDITION,
            "CHOBA_CANCEL_MISMATCH",
            ("shop_id",),
        )
        request = cancel_of(paid, shop)
        first = await as_operator(gate, "CancelPayment", request)
        assert await as_operator(gate, "CancelPayment", request) == first
        await left_one_act(gate, "payment.cancel", paid.payment_id, "押し間違い")
        done = first.cancellation
        assert [(s.amount_yen, s.after_yen - s.before_yen) for s in done.slips] == [
            (leg.amount_yen, leg.amount_yen) for leg in paid.legs
        ]
        history = await customer.call("ListHistory", wallet_pb.ListHistoryRequest(limit=5))
        assert [i.cancelled_at_micros for i in history.items] == [done.cancelled_at_micros]
        today = terminal_pb.GetDayTotalsRequest(day=tokyo_day(system_clock()).isoformat())
        totals = await terminal_stub(channel).GetDayTotals(today, timeout=TIMEOUT)
        assert [(s.use_yen, s.cancel_yen, s.cancel_count) for s in totals.services] == [
            (1000, 1000, 1),
            (200, 200, 1),
        ]


async def test_a_device_cancels_what_it_announces_and_nothing_else(
    gate: Gate, customer: Customer
) -> None:
    device, other = await gate.new_device(), await gate.new_device(SECOND_DEVICE)
    paid = await customer.pay(gate.qr(device)[1])
    async with gate.device_channel(device) as mine, gate.device_channel(other) as foreign:
        request = terminal_pb.TerminalServiceCancelPaymentRequest(
            idempotency_key=secrets.token_urlsafe(24),
            payment_id=paid.payment_id,
            shop_id=await shop_of(gate, mine),
            amount_yen=paid.amount_yen,
        )
        await terminal_stub(foreign).Connect(connect_request("other"), timeout=TIMEOUT)
        assert await refusal(terminal_stub(foreign).CancelPayment(request, timeout=TIMEOUT)) == (
            grpc.StatusCode.NOT_FOUND,
            "CHOBA_CANCEL_PAYMENT_UNKNOWN",
            ("payment_id",),
        )
        done = await terminal_stub(mine).CancelPayment(request, timeout=TIMEOUT)
        assert done.cancellation.amount_yen == 1200
        again = await terminal_stub(mine).CancelPayment(request, timeout=TIMEOUT)
        assert again.cancellation == done.cancellation


async def test_cash_refunds_are_recorded_and_listed(gate: Gate, customer: Customer) -> None:
    device = await gate.new_device()
    paid = await customer.pay(gate.qr(device)[1])
    request = pb.RecordCashRefundRequest(
        idempotency_key=secrets.token_urlsafe(24),
        payment_id=paid.payment_id,
        transaction_id=paid.legs[0].transaction_id,
        amount_yen=400,
        why="返品",
    )
    noted = (await as_operator(gate, "RecordCashRefund", request)).refund
    assert (noted.amount_yen, noted.why) == (400, "返品")
    await left_one_act(gate, "payment.cash-refund", noted.refund_id, "返品")
    asked = pb.ListCashRefundsRequest(user_id=noted.user_id, limit=10)
    listed = await as_operator(gate, "ListCashRefunds", asked)
    assert list(listed.refunds) == [noted]
    asked.cursor = "nonsense"
    assert (await refusal(as_operator(gate, "ListCashRefunds", asked)))[2] == ("cursor",)


async def test_expiry_rules_and_leaving(gate: Gate, customer: Customer) -> None:
    device = await gate.new_device()
    paid = await customer.pay(gate.qr(device)[1])
    assert (await refusal(as_operator(gate, "RunExpiry", pb.RunExpiryRequest())))[2] == ("why",)
    run = await as_operator(gate, "RunExpiry", pb.RunExpiryRequest(why="月次"))
    assert (list(run.services), run.busy) == ([], 0)
    await left_one_act(gate, "expiry.run", "", "月次")
    rule = pb.SetExpiredLotRuleRequest(
        service_id=VOUCHER, rule=pb.EXPIRED_LOT_RULE_REFUSE, why="要綱"
    )
    await as_operator(gate, "SetExpiredLotRule", rule)
    await left_one_act(gate, "service.expired-lots", VOUCHER, "要綱")
    rule.service_id = "nowhere"
    assert (await refusal(as_operator(gate, "SetExpiredLotRule", rule)))[1] == (
        "CHOBA_CANCEL_SERVICE_UNKNOWN"
    )
    refund = pb.RecordCashRefundRequest(
        idempotency_key=secrets.token_urlsafe(24),
        payment_id=paid.payment_id,
        transaction_id=paid.legs[1].transaction_id,
        amount_yen=1,
        why="返品",
    )
    user = (await as_operator(gate, "RecordCashRefund", refund)).refund.user_id
    leave = pb.CloseAccountRequest(user_id=user, why="転出")
    left = await as_operator(gate, "CloseAccount", leave)
    assert {s.service_id for s in left.services} == {VOUCHER, POINTS}
    assert await as_operator(gate, "CloseAccount", leave) == left
    await left_one_act(gate, "user.leave", user, "転出")
    with pytest.raises(aio.AioRpcError) as caught:
        await customer.call("ListBalances", wallet_pb.ListBalancesRequest())
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_what_was_not_said_is_told_with_the_amount(gate: Gate, customer: Customer) -> None:
    """The customer has left: given back it would be lost at once."""
    device = await gate.new_device()
    paid = await customer.pay(gate.qr(device)[1])
    async with gate.device_channel(device) as channel:
        shop = await shop_of(gate, channel)
    user = await the_user(gate, paid)
    await as_operator(gate, "CloseAccount", pb.CloseAccountRequest(user_id=user, why="転出"))
    asked = as_operator(gate, "CancelPayment", cancel_of(paid, shop))
    assert await refusal(asked) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "CHOBA_CANCEL_WOULD_EXPIRE",
        ("accept_expired",),
    )
    said = cancel_of(paid, shop, accept_expired=ACCEPT_EXPIRED_RESTORE_AND_EXPIRE)
    done = (await as_operator(gate, "CancelPayment", said)).cancellation
    assert [s.forfeited_yen for s in done.slips] == [1000, 200]


async def the_user(gate: Gate, paid: Payment) -> str:
    """Read from the books: no answer to a device or a wallet names a customer."""
    database = open_database(f"sqlite:///{gate.state.database}")
    query = text("SELECT user_id FROM payments WHERE payment_id = :id")
    try:
        found = database.read_now(lambda c: c.execute(query, {"id": paid.payment_id}).scalar_one())
    finally:
        database.close_now()
    return str(found)


async def test_without_an_operators_token_nothing_is_cancelled(
    gate: Gate, customer: Customer
) -> None:
    request = pb.CancelPaymentRequest(payment_id="X" * 20)
    async with gate.public_channel() as channel:
        stub: Any = OperatorServiceStub(channel)
        call = stub.CancelPayment(request, metadata=bearer(customer.token), timeout=TIMEOUT)
        assert (await refusal(call))[0] is grpc.StatusCode.UNAUTHENTICATED
