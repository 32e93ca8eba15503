"""One payment through everything that stands at the gate: app, ledger, outbox, broker, device."""

import asyncio
from typing import Any

import pytest

from protos import topics
from protos.choba.v1 import terminal_service_pb2 as pb
from protos.choba.v1 import wallet_service_pb2 as wallet_pb
from protos.choba.v1.announcement_pb2 import CLAIM_STATE_CLAIMED, ClaimUpdate
from protos.confirmation import confirmation_code
from protos.signed_message import Purpose, open_signed
from protos.units import Yen
from server.clock import system_clock, tokyo_day
from tests.support.gate import (
    TIMEOUT,
    Customer,
    Gate,
    announced,
    connect_request,
    terminal_stub,
)


async def test_the_counter_is_told_of_claim_and_payment(gate: Gate, customer: Customer) -> None:
    device = await gate.new_device()
    listening = gate.mqtt(device)
    await listening.start(topics.payments(device.terminal_id), topics.claims(device.terminal_id))
    sale, qr = gate.qr(device)
    paid = await customer.pay(qr)
    messages = await listening.wait_for(2)
    claims = [data for topic, data in messages if topic == topics.claims(device.terminal_id)]
    payments = [m for m in messages if m[0] == topics.payments(device.terminal_id)]
    _, payload = open_signed(
        device.keys.announcement, Purpose.CLAIM, device.number, device.ledger_id, claims[0]
    )
    claim = ClaimUpdate.FromString(payload)
    assert (claim.sale_number, claim.state) == (sale, CLAIM_STATE_CLAIMED)
    shown = announced(device, payments[0])
    assert shown == paid
    assert shown.amount_yen == 1200
    assert [leg.amount_yen for leg in shown.legs] == [1000, 200]
    assert shown.confirmation_code == confirmation_code(
        device.keys.confirmation, device.number, sale, Yen(1200)
    )
    await listening.stop()


async def test_a_device_pulls_resolves_and_reconciles(gate: Gate, customer: Customer) -> None:
    device = await gate.new_device()
    paid_sale, qr = gate.qr(device)
    paid = await customer.pay(qr)
    async with gate.device_channel(device) as channel:
        stub = terminal_stub(channel)
        hello = await stub.Connect(connect_request(), timeout=TIMEOUT)
        assert hello.last_sequence == 1
        assert hello.highest_sale_number == paid_sale
        page = await stub.PullPayments(pb.PullPaymentsRequest(limit=500), timeout=TIMEOUT)
        assert list(page.payments) == [paid]
        after = pb.PullPaymentsRequest(after_sequence=1, limit=500)
        assert not (await stub.PullPayments(after, timeout=TIMEOUT)).payments

        async def resolve(sale: int, mode: Any) -> pb.ResolveSaleResponse:
            request = pb.ResolveSaleRequest(sale_number=sale, mode=mode)
            answer: pb.ResolveSaleResponse = await stub.ResolveSale(request, timeout=TIMEOUT)
            return answer

        found = await resolve(paid_sale, pb.RESOLVE_MODE_VOID)
        assert (found.outcome, found.payment) == (pb.SALE_OUTCOME_PAID, paid)
        open_sale, _ = gate.qr(device)
        assert (await resolve(open_sale, pb.RESOLVE_MODE_ASK)).outcome == pb.SALE_OUTCOME_OPEN
        assert (await resolve(open_sale, pb.RESOLVE_MODE_VOID)).outcome == pb.SALE_OUTCOME_VOID
        assert (await resolve(open_sale, pb.RESOLVE_MODE_ASK)).outcome == pb.SALE_OUTCOME_VOID
        today = tokyo_day(system_clock()).isoformat()
        totals = await stub.GetDayTotals(pb.GetDayTotalsRequest(day=today), timeout=TIMEOUT)
        assert sorted(total.use_yen for total in totals.services) == [200, 1000]


async def test_what_was_paid_while_the_counter_was_away_waits_for_it(
    gate: Gate, customer: Customer
) -> None:
    device = await gate.new_device()
    listening = gate.mqtt(device)
    await listening.start(topics.payments(device.terminal_id))
    await listening.stop()
    paid = [await customer.pay(gate.qr(device)[1]) for _ in range(3)]
    listening = gate.mqtt(device)  # the same client id: the same session
    await listening.start(topics.payments(device.terminal_id))
    messages = await listening.wait_for(3)
    assert [announced(device, message) for message in messages] == paid
    assert [payment.sequence for payment in paid] == [1, 2, 3]
    await listening.stop()


async def test_the_wallet_reads_balances_quotes_and_history(gate: Gate, customer: Customer) -> None:
    device = await gate.new_device()
    _, qr = gate.qr(device, amount=1200)
    offer = await customer.stub.LookUpSale(wallet_pb.LookUpSaleRequest(qr_text=qr), timeout=TIMEOUT)
    assert (offer.shop_name, offer.amount_yen) == ("青空商店 本店", 1200)
    quote = await customer.call(
        "Quote", wallet_pb.QuoteRequest(ticket=offer.ticket, amount_yen=1200)
    )
    assert sum(leg.amount_yen for leg in quote.legs) == 1200
    paid = await customer.pay(qr)
    balances = await customer.call("ListBalances", wallet_pb.ListBalancesRequest())
    assert sorted(b.balance_yen for b in balances.balances) == [499_000, 499_800]
    history = await customer.call("ListHistory", wallet_pb.ListHistoryRequest(limit=10))
    assert [item.payment for item in history.items] == [paid]


async def test_two_payments_at_once_on_one_sale_are_one(gate: Gate, customer: Customer) -> None:
    device = await gate.new_device()
    _, qr = gate.qr(device)
    results = await asyncio.gather(*(customer.pay(qr) for _ in range(5)), return_exceptions=True)
    assert sum(not isinstance(result, BaseException) for result in results) == 1


@pytest.mark.parametrize("off", [-600, -50, 50])
async def test_a_terminal_that_starts_with_a_wrong_clock_takes_payments_at_once(
    gate: Gate, customer: Customer, off: int
) -> None:
    """It follows the server's clock from the answer on, and mints by that."""
    device = await gate.new_device()
    async with gate.device_channel(device) as channel:
        hello = connect_request(clock_off_seconds=off)
        answer = await terminal_stub(channel).Connect(hello, timeout=TIMEOUT)
    assert abs(answer.server_time_micros - system_clock()) < 5_000_000
    assert (await customer.pay(gate.qr(device)[1])).amount_yen == 1200
