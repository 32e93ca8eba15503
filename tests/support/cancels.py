"""Payments to be taken back, in the town of ``tests.support.books``."""

from dataclasses import replace
from typing import Any

from sqlalchemy import text

from protos.units import Micros, Yen
from server.campaigns import (
    ExpiryRun,
    Left,
    close_account,
    run_expiry,
    verify_grants,
    verify_lapses,
)
from server.ledger import process_clock
from server.payments import (
    AcceptExpired,
    CancelBy,
    CancelCode,
    CancelRequest,
    Paid,
    Payment,
    PaymentCancels,
    RefundRequest,
    by_operator,
    verify_cancels,
    verify_payments,
)
from server.refusal import Refusal
from tests.support.books import Town, legs, new_key, ticket_of

CLERK = by_operator("係")


def cancels_of(town: Town, **changes: Any) -> PaymentCancels:
    return PaymentCancels(town.database, town.clock, process_clock(town.clock), **changes)


async def pay(
    town: Town, sale: int, voucher: int = 0, points: int = 0, user: str = "花子"
) -> Payment:
    """A payment at まつや's device; the clock goes on by a second."""
    async with town.desk() as desk:
        ticket = await ticket_of(desk, town.qr(sale), town)
        paid = await desk.pay(
            town.users[user].user_id,
            new_key(),
            ticket,
            Yen(voucher + points),
            legs(voucher, points),
        )
    assert isinstance(paid, Paid), paid
    town.clock.forward(1)
    return paid.payment


def request_for(payment: Payment, **changes: Any) -> CancelRequest:
    """A cancel as the screen sends it after the comparison, or a variation of it."""
    request = CancelRequest(
        new_key(),
        payment.payment_id,
        payment.shop_id,
        payment.amount,
        AcceptExpired.NOT_SAID,
        "押し間違い",
    )
    return replace(request, **changes)


def refund_for(payment: Payment, amount: int, leg: int = 0, **changes: Any) -> RefundRequest:
    request = RefundRequest(
        new_key(),
        payment.payment_id,
        payment.legs[leg].transaction_id,
        Yen(amount),
        "締め後の返品",
    )
    return replace(request, **changes)


def refusal_of_cancel(town: Town, request: CancelRequest, by: CancelBy = CLERK) -> CancelCode:
    """The code of the refusal; it is an error if the cancel is done."""
    return refused(lambda: cancels_of(town).cancel(request, by)).code  # type: ignore[return-value]


def refused(call: Any) -> Refusal:
    try:
        done = call()
    except Refusal as refusal:
        return refusal
    raise AssertionError(f"done: {done}")


def expire(town: Town, **changes: Any) -> ExpiryRun:
    return run_expiry(town.database, process_clock(town.clock), **changes)


def leave(town: Town, name: str, **changes: Any) -> Left:
    return close_account(
        town.database,
        town.users[name].user_id,
        by="係",
        why="転出",
        clock=process_clock(town.clock),
        **changes,
    )


def at(town: Town, instant: Micros) -> None:
    """The clock stands at an instant."""
    town.clock.now = instant


def assert_all_holds(town: Town) -> None:
    town.assert_books_hold()
    for verify in (verify_payments, verify_cancels, verify_lapses, verify_grants):
        assert town.database.read_now(verify) == [], verify


def lots_of(town: Town, name: str) -> dict[int, tuple[int, int]]:
    """A customer's lots by id: expiry and what is left, straight from the cache."""
    statement = text("SELECT lot_id, expires_at, remaining FROM lot_balances WHERE owner = :owner")
    rows = town.database.read_now(
        lambda c: c.execute(statement, {"owner": town.users[name].owner}).all()
    )
    return {lot: (expires_at, remaining) for lot, expires_at, remaining in rows}
