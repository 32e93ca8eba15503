"""利用キャンセル: whole, once, before the close, each lot as it was; on both databases."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import Connection, text

from protos.units import Micros, PaymentId, Yen
from server.checkpoints import Checkpoint
from server.clock import SECOND, tokyo_day
from server.db import open_database
from server.directory import ShopId
from server.ledger import AccountKind, Operation, entry_by_id, lock_owner, process_clock
from server.oversight import acts_between
from server.payments import (
    AcceptExpired,
    CancelCode,
    Cancelled,
    ExpiredLotRule,
    Paid,
    Payment,
    PaymentCancels,
    RefusalCode,
    Refused,
    by_shop,
    by_terminal,
    verify_cancels,
)
from server.refusal import Refusal
from tests.support.books import (
    END_OF_AUGUST,
    END_OF_JUNE,
    POINTS,
    VOUCHER,
    Town,
    legs,
    moment,
    new_key,
    ticket_of,
)
from tests.support.cancels import (
    CLERK,
    assert_all_holds,
    at,
    cancels_of,
    leave,
    lots_of,
    pay,
    refund_for,
    refusal_of_cancel,
    refused,
    request_for,
)

FRIDAY_MIDNIGHT = moment(2024, 6, 8)
"""The close of the vouchers of the first week: the earliest of a combined payment."""
SAID = AcceptExpired.RESTORE_AND_EXPIRE


async def test_every_leg_goes_back_to_the_lots_it_came_from(town: Town) -> None:
    before = lots_of(town, "花子")
    payment = await pay(town, 7, voucher=1000, points=350)
    assert lots_of(town, "花子") != before
    done = cancels_of(town).cancel(request_for(payment), CLERK)
    assert lots_of(town, "花子") == before
    assert [(s.service_id, s.amount, s.before, s.after) for s in done.slips] == [
        (VOUCHER, 1000, 4000, 5000),
        (POINTS, 350, 150, 500),
    ]
    assert {s.target_transaction_id for s in done.slips} == {
        leg.transaction_id for leg in payment.legs
    }
    assert not {s.transaction_id for s in done.slips} & {
        s.target_transaction_id for s in done.slips
    }
    entry = town.database.read_now(lambda c: entry_by_id(c, done.cancel_id))
    assert entry is not None
    assert entry.operation is Operation.CANCEL_USE
    assert {(x.debit_kind, x.credit_kind) for x in entry.lines} == {
        (AccountKind.SHOP, AccountKind.CUSTOMER)
    }
    assert_all_holds(town)


async def test_reading_tells_that_it_is_cancelled(town: Town) -> None:
    payment = await pay(town, 7, voucher=1000, points=200)
    kept = await pay(town, 8, voucher=300)
    done = cancels_of(town).cancel(request_for(payment), CLERK)
    user = town.users["花子"].user_id
    async with town.desk() as desk:
        found = {p.payment_id: p.cancelled_at for p in (await desk.history(user, 10)).payments}
        assert found == {payment.payment_id: done.cancelled_at, kept.payment_id: None}
        totals = await desk.day_totals(town.matsuya, tokyo_day(town.clock.now))
        assert {
            s.service_id: (s.use_amount, s.use_count, s.cancel_amount, s.cancel_count)
            for s in totals.services
        } == {VOUCHER: (1300, 2, 1000, 1), POINTS: (200, 1, 200, 1)}


async def test_a_cancel_counts_on_its_own_day(town: Town) -> None:
    payment = await pay(town, 7, voucher=1000)
    day = tokyo_day(town.clock.now)
    town.clock.forward(86_400)
    cancels_of(town).cancel(request_for(payment), CLERK)
    async with town.desk() as desk:
        first = await desk.day_totals(town.matsuya, day)
        second = await desk.day_totals(town.matsuya, tokyo_day(town.clock.now))
    assert [(s.use_amount, s.cancel_amount) for s in first.services] == [(1000, 0)]
    assert [(s.use_amount, s.cancel_amount) for s in second.services] == [(0, 1000)]


@pytest.mark.parametrize(("off", "late"), [(-1, False), (0, True), (1, True)])
async def test_the_instant_of_the_earliest_close_is_too_late(
    town: Town, off: int, late: bool
) -> None:
    payment = await pay(town, 7, voucher=500, points=100)
    assert payment.cancel_until == FRIDAY_MIDNIGHT
    at(town, Micros(FRIDAY_MIDNIGHT + off))
    if late:
        assert refusal_of_cancel(town, request_for(payment)) is CancelCode.CLOSED
    else:
        cancels_of(town).cancel(request_for(payment), CLERK)
    assert town.count("cancellations") == (0 if late else 1)
    assert_all_holds(town)


async def test_a_close_that_has_raised_the_floor_is_not_evaded_by_a_slow_clock(town: Town) -> None:
    payment = await pay(town, 7, voucher=500)
    other = await pay(town, 8, voucher=500)
    cancels_of(town).cancel(request_for(other), CLERK)
    floor = text("UPDATE lanes SET floor = :boundary")
    town.database.write_now(lambda c: c.execute(floor, {"boundary": FRIDAY_MIDNIGHT}))
    assert refusal_of_cancel(town, request_for(payment)) is CancelCode.CLOSED


async def test_the_same_key_gives_the_same_answer_for_good(town: Town) -> None:
    payment = await pay(town, 7, voucher=500, points=100)
    request = request_for(payment)
    first = cancels_of(town).cancel(request, CLERK)
    at(town, moment(2025, 1, 1))
    assert cancels_of(town).cancel(request, CLERK) == first
    for other in (
        replace(request, amount=Yen(1)),
        replace(request, payment_id=PaymentId("X" * 20)),
        replace(request, accept_expired=SAID),
    ):
        assert refusal_of_cancel(town, other) is CancelCode.KEY_REUSED
    # another one's key is another key
    assert refusal_of_cancel(town, request, by_shop(payment.shop_id)) is CancelCode.ALREADY
    assert refusal_of_cancel(town, request_for(payment)) is CancelCode.ALREADY
    assert town.count("cancellations") == 1


async def test_what_differs_from_the_customers_phone_is_refused(town: Town) -> None:
    payment = await pay(town, 7, voucher=500)
    asked = request_for(payment)
    for request, code, field in (
        (replace(asked, amount=Yen(501)), CancelCode.MISMATCH, "amount"),
        (replace(asked, shop_id=ShopId("S-0002")), CancelCode.MISMATCH, "shop_id"),
        (replace(asked, payment_id=PaymentId("X" * 20)), CancelCode.PAYMENT_UNKNOWN, "payment_id"),
        (replace(asked, amount=Yen(0)), CancelCode.AMOUNT, "amount"),
        (replace(asked, amount=Yen(-500)), CancelCode.AMOUNT, "amount"),
        (replace(asked, idempotency_key="short"), CancelCode.KEY_MALFORMED, "idempotency_key"),
        (replace(asked, why="  "), CancelCode.WHY_MISSING, "why"),
        (replace(asked, why="x" * 501), CancelCode.WHY_MISSING, "why"),
    ):
        refusal = refused(lambda request=request: cancels_of(town).cancel(request, CLERK))
        assert (refusal.code, refusal.field) == (code, field)
    assert town.count("cancellations") == 0


async def test_shops_and_terminals_cancel_only_what_is_theirs(town: Town) -> None:
    first, second = await pay(town, 7, points=50), await pay(town, 8, points=50)
    foreign = (by_shop(ShopId("S-0002")), by_terminal("T-000413", town.kissaten))
    for by in foreign:
        assert refusal_of_cancel(town, request_for(first), by) is CancelCode.PAYMENT_UNKNOWN
    cancels_of(town).cancel(request_for(first, why=""), by_shop(first.shop_id))
    device = by_terminal("T-000412", town.matsuya)
    cancels_of(town).cancel(request_for(second, why=""), device)
    assert town.database.read_now(lambda c: list(acts_between(c, Micros(0), END_OF_AUGUST))) == []


async def test_a_stands_payment_is_cancelled_at_its_home_device(town: Town) -> None:
    async with town.desk() as desk:
        ticket = await ticket_of(desk, town.stand_qr(), town)
        user = town.users["花子"].user_id
        paid = await desk.pay(user, new_key(), ticket, Yen(100), legs(100))
    assert isinstance(paid, Paid)
    town.clock.forward(1)
    done = cancels_of(town).cancel(request_for(paid.payment), by_terminal("T-000412", town.matsuya))
    assert done.payment_id == paid.payment.payment_id


async def test_an_operators_cancel_is_in_the_audit_log(town: Town) -> None:
    payment = await pay(town, 7, voucher=500)
    done = cancels_of(town).cancel(request_for(payment), CLERK)
    refusal_of_cancel(town, request_for(payment))
    (act,) = town.database.read_now(lambda c: list(acts_between(c, Micros(0), END_OF_AUGUST)))
    assert (act.by, act.what, act.subject, act.why, act.at) == (
        "係",
        "payment.cancel",
        payment.payment_id,
        "押し間違い",
        done.cancelled_at,
    )


async def test_an_expired_lot_is_given_back_and_expires_only_when_that_was_said(
    town: Town,
) -> None:
    # the points of June expire at midnight; their close is then too, so a longer close is needed
    soon = Micros(town.clock.now + 3600 * SECOND)
    town.grant(town.users["花子"], VOUCHER, 400, soon)
    payment = await pay(town, 7, voucher=1000, points=100)
    at(town, Micros(soon))
    refusal = refused(lambda: cancels_of(town).cancel(request_for(payment), CLERK))
    assert refusal.code is CancelCode.WOULD_EXPIRE
    assert refusal.detail == {"service_id": VOUCHER, "expired_yen": "400", "forfeited_yen": "0"}
    assert "400円" in refusal.ja
    assert "商品券" in refusal.ja
    assert "現金で返金" in refusal.ja
    assert town.count("cancellations") == 0
    done = cancels_of(town).cancel(request_for(payment, accept_expired=SAID), CLERK)
    voucher, points = done.slips
    assert (voucher.expired, voucher.before, voucher.after) == (400, 4400, 5000)
    assert (points.expired, points.before, points.after) == (0, 400, 500)
    assert town.holdings()["花子", VOUCHER] == 5000
    assert_all_holds(town)


async def test_a_lot_that_expires_a_microsecond_later_is_given_back(town: Town) -> None:
    soon = Micros(town.clock.now + 3600 * SECOND)
    town.grant(town.users["花子"], VOUCHER, 400, soon)
    payment = await pay(town, 7, voucher=400)
    at(town, Micros(soon - 1))
    done = cancels_of(town).cancel(request_for(payment), CLERK)
    assert done.slips[0].expired == 0
    assert town.holdings()["花子", VOUCHER] == 5400
    assert_all_holds(town)


async def test_a_service_may_refuse_to_cancel_what_has_expired(town: Town) -> None:
    soon = Micros(town.clock.now + 3600 * SECOND)
    town.grant(town.users["花子"], VOUCHER, 400, soon)
    payment = await pay(town, 7, voucher=1000)
    whole = await pay(town, 8, voucher=100)
    at(town, soon)
    cancels = cancels_of(town)
    for _ in range(2):
        cancels.set_expired_lot_rule(VOUCHER, ExpiredLotRule.REFUSE, "係", "要綱第8条")
    for accept in AcceptExpired:
        request = request_for(payment, accept_expired=accept)
        assert refusal_of_cancel(town, request) is CancelCode.EXPIRED_REFUSED
    cancels.cancel(request_for(whole), CLERK)
    town.clock.forward(1)
    cancels.set_expired_lot_rule(VOUCHER, ExpiredLotRule.RESTORE_AND_EXPIRE, "係", "要綱の改正")
    assert cancels.cancel(request_for(payment, accept_expired=SAID), CLERK).slips[0].expired == 400
    acts = town.database.read_now(lambda c: list(acts_between(c, Micros(0), END_OF_AUGUST)))
    assert [a.why for a in acts if a.what == "service.expired-lots"] == ["要綱第8条", "要綱の改正"]


async def test_what_a_customer_who_left_gets_back_is_forfeited_at_once(town: Town) -> None:
    payment = await pay(town, 7, voucher=1000, points=100)
    leave(town, "花子")
    town.clock.forward(1)
    refusal = refused(lambda: cancels_of(town).cancel(request_for(payment), CLERK))
    assert refusal.code is CancelCode.WOULD_EXPIRE
    assert "退会" in refusal.ja
    done = cancels_of(town).cancel(request_for(payment, accept_expired=SAID), CLERK)
    assert [(s.forfeited, s.expired, s.after) for s in done.slips] == [(1000, 0, 0), (100, 0, 0)]
    assert set(lots_of(town, "花子").values()) == {(END_OF_AUGUST, 0), (END_OF_JUNE, 0)}
    assert_all_holds(town)


async def test_cash_refunds_are_notes_bounded_by_the_leg(town: Town) -> None:
    payment = await pay(town, 7, voucher=1000, points=200)
    at(town, moment(2024, 9, 30))
    assert refusal_of_cancel(town, request_for(payment)) is CancelCode.CLOSED
    cancels, before = cancels_of(town), town.holdings()
    first = refund_for(payment, 600)
    noted = cancels.record_refund(first, CLERK)
    assert cancels.record_refund(first, CLERK) == noted
    for request, code in (
        (replace(first, amount=Yen(1)), CancelCode.KEY_REUSED),
        (refund_for(payment, 401), CancelCode.REFUND_TOO_MUCH),
        (refund_for(payment, 201, leg=1), CancelCode.REFUND_TOO_MUCH),
        (refund_for(payment, 100, transaction_id=None), CancelCode.LEG_NEEDED),
        (refund_for(payment, 100, transaction_id="X" * 20), CancelCode.LEG_UNKNOWN),
        (refund_for(payment, 100, payment_id=PaymentId("X" * 20)), CancelCode.PAYMENT_UNKNOWN),
        (refund_for(payment, 0), CancelCode.AMOUNT),
        (refund_for(payment, 1, why=""), CancelCode.WHY_MISSING),
    ):
        assert refused(lambda r=request: cancels.record_refund(r, CLERK)).code is code
    town.clock.forward(1)
    second = cancels.record_refund(refund_for(payment, 400), CLERK)
    user = town.users["花子"].user_id
    page = cancels.refunds_of(user, 1)
    assert page.refunds == (second,)
    assert cancels.refunds_of(user, 1, page.next_cursor).refunds == (noted,)
    assert cancels.refunds_of(town.users["太郎"].user_id, 10).refunds == ()
    assert town.holdings() == before
    assert_all_holds(town)
    with pytest.raises(ValueError, match="cursor"):
        cancels.refunds_of(user, 1, "x")


async def test_a_payment_is_either_cancelled_or_refunded(town: Town) -> None:
    first, second = await pay(town, 7, voucher=100), await pay(town, 8, voucher=100)
    cancels = cancels_of(town)
    cancels.record_refund(refund_for(first, 1, transaction_id=None), CLERK)
    assert refusal_of_cancel(town, request_for(first)) is CancelCode.REFUNDED
    cancels.cancel(request_for(second), CLERK)
    again = refused(lambda: cancels.record_refund(refund_for(second, 1), CLERK))
    assert again.code is CancelCode.ALREADY
    assert_all_holds(town)


async def test_a_cancelled_sale_cannot_be_paid_again(town: Town) -> None:
    payment = await pay(town, 7, voucher=100)
    async with town.desk() as desk:
        ticket = await ticket_of(desk, town.qr(9), town)
    cancels_of(town).cancel(request_for(payment), CLERK)
    async with town.desk() as desk:
        offer = await desk.look_up(town.qr(7), town.clock.now)
        assert isinstance(offer, Refused)
        assert offer.code is RefusalCode.SALE_PAID
        user = town.users["花子"].user_id
        assert isinstance(await desk.pay(user, new_key(), ticket, Yen(5000), legs(5000)), Paid)


def url_of(town: Town) -> str:
    return town.database._writing.url.render_as_string(hide_password=False)


async def test_of_many_who_cancel_at_once_one_wins(town: Town) -> None:
    """Through two connections pools, as two server processes have them; keys differ but two."""
    payment = await pay(town, 7, voucher=1000, points=100)
    other = open_database(url_of(town)) if town.database.kind.value == "postgresql" else None
    desks = [cancels_of(town)]
    if other is not None:
        desks.append(PaymentCancels(other, town.clock, process_clock(town.clock)))
    shared = request_for(payment)
    requests = [shared, shared, *(request_for(payment) for _ in range(6))]
    start = threading.Barrier(len(requests))

    def run(number: int) -> Cancelled | Refusal:
        start.wait()
        try:
            return desks[number % len(desks)].cancel(requests[number], CLERK)
        except Refusal as refusal:
            return refusal

    with ThreadPoolExecutor(len(requests)) as pool:
        answers = list(pool.map(run, range(len(requests))))
    if other is not None:
        other.close_now()
    done = {a.cancel_id for a in answers if isinstance(a, Cancelled)}
    assert len(done) == 1
    assert {a.code for a in answers if isinstance(a, Refusal)} <= {CancelCode.ALREADY}
    assert type(answers[0]) is type(answers[1])
    assert town.count("cancellations") == 1
    assert_all_holds(town)


async def test_cancels_and_payments_of_one_customer_at_once(town: Town) -> None:
    paid = [await pay(town, sale, voucher=100) for sale in range(1, 7)]
    town.clock.forward(1)
    cancels = cancels_of(town)
    async with town.desk() as desk:
        tickets = [await ticket_of(desk, town.qr(sale), town) for sale in range(11, 17)]
        user = town.users["花子"].user_id
        answers = await asyncio.gather(
            *(asyncio.to_thread(cancels.cancel, request_for(p), CLERK) for p in paid),
            *(desk.pay(user, new_key(), t, Yen(700), legs(700)) for t in tickets),
        )
    assert all(isinstance(answer, Cancelled) for answer in answers[:6])
    assert all(isinstance(answer, Paid) for answer in answers[6:])
    assert town.holdings()["花子", VOUCHER] == 5000 - 6 * 700
    assert_all_holds(town)


@pytest.mark.parametrize("town", ["postgresql"], indirect=True)
@pytest.mark.postgres
async def test_a_refund_and_a_cancel_wait_for_each_other(town: Town) -> None:
    """Both start while somebody else holds the customer; whoever is second is refused."""
    payment = await pay(town, 7, voucher=100)
    cancels = cancels_of(town)
    held, go_on = threading.Event(), threading.Event()

    def hold(connection: Connection) -> None:
        lock_owner(connection, town.users["花子"].owner)
        held.set()
        assert go_on.wait(10)

    def outcome(call: Callable[[], object]) -> CancelCode | None:
        try:
            call()
        except Refusal as refusal:
            return CancelCode(refusal.code)
        return None

    with ThreadPoolExecutor(3) as pool:
        holding = pool.submit(town.database.write_now, hold)
        assert held.wait(10)
        refund = pool.submit(
            outcome, partial(cancels.record_refund, refund_for(payment, 100), CLERK)
        )
        cancel = pool.submit(outcome, partial(cancels.cancel, request_for(payment), CLERK))
        go_on.set()
        holding.result()
        codes = (refund.result(), cancel.result())
    assert codes in {(None, CancelCode.REFUNDED), (CancelCode.ALREADY, None)}
    assert town.count("cancellations") + town.count("cash_refunds") == 1
    assert_all_holds(town)


@pytest.mark.parametrize(
    "place",
    [name for name in Checkpoint if name.value.startswith("post.") and "after_commit" not in name],
)
async def test_killed_anywhere_nothing_is_done_and_the_same_request_does_it(
    town: Town, place: Checkpoint
) -> None:
    payment = await pay(town, 7, voucher=1000, points=100)
    before, request = lots_of(town, "花子"), request_for(payment)

    class Killed(Exception):  # noqa: N818
        pass

    def kill(name: Checkpoint) -> None:
        if name is place:
            raise Killed

    with pytest.raises(Killed):
        cancels_of(town, checkpoint=kill).cancel(request, CLERK)
    assert lots_of(town, "花子") == before
    assert town.count("cancellations") == town.count("cancel_slips") == 0
    assert_all_holds(town)
    cancels_of(town).cancel(request, CLERK)
    assert town.holdings()["花子", VOUCHER] == 5000
    assert_all_holds(town)


@pytest.mark.parametrize(
    ("table", "change", "said"),
    [
        ("cancellations", "amount = amount + 1", "another amount"),
        ("cancellations", "by_kind = 2", "differs from its entry"),
        ("cancellations", "by_name = 'x'", "differs from its entry"),
        ("cancellations", "idempotency_key = 'x'", "differs from its entry"),
        ("cancel_slips", "leg = leg + 1", "numbered [2]"),
        ("cash_refunds", "amount = amount - 1", "not what was asked for"),
        ("cash_refunds", "user_id = 'x'", "another customer"),
        ("cancellations", "cancelled_at = cancelled_at + 1", "another instant"),
        ("cancel_slips", "after_value = 1, before_value = 1 - amount", "differs from its entry"),
        ("cancel_slips", "target_transaction_id = 'X' || leg", "not the payment's legs"),
        ("reversal_notes", "why = 'x'", "its note"),
        ("cash_refunds", "amount = amount + 1000", "more than the leg"),
    ],
)
async def test_a_changed_row_is_found(
    sqlite_town: Town, table: str, change: str, said: str
) -> None:
    town = sqlite_town
    payment, other = await pay(town, 7, voucher=1000), await pay(town, 8, voucher=100)
    cancels_of(town).cancel(request_for(payment), CLERK)
    cancels_of(town).record_refund(refund_for(other, 100), CLERK)
    assert_all_holds(town)

    def spoil(connection: Connection) -> None:
        connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_update"))
        connection.execute(text(f"UPDATE {table} SET {change}"))

    town.database.write_now(spoil)
    assert said in " ".join(town.database.read_now(verify_cancels))


async def test_one_key_for_the_payments_of_two_customers_at_once(town: Town) -> None:
    hers, his = await pay(town, 7, voucher=100), await pay(town, 8, voucher=200, user="太郎")
    key, cancels = new_key(), cancels_of(town)

    def outcome(payment: Payment) -> CancelCode | None:
        try:
            cancels.cancel(request_for(payment, idempotency_key=key), CLERK)
        except Refusal as refusal:
            return CancelCode(refusal.code)
        return None

    with ThreadPoolExecutor(2) as pool:
        codes = list(pool.map(outcome, (hers, his)))
    assert sorted(codes, key=str) == sorted([None, CancelCode.KEY_REUSED], key=str)
    assert town.count("cancellations") == 1
    assert_all_holds(town)
