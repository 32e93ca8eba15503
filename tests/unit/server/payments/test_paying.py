"""A payment as a customer, a counter and the ledger see it, on both databases."""

import asyncio
from datetime import date

import pytest

from protos.confirmation import confirmation_code
from protos.units import SaleNumber, Sequence, Yen
from server.ledger import trial_balance
from server.payments import (
    DeskHooks,
    LotBalance,
    NotKnown,
    Paid,
    Payment,
    PaymentDesk,
    Quote,
    RefusalCode,
    Refused,
    ResolveMode,
    SaleState,
)
from tests.support.books import (
    POINTS,
    VOUCHER,
    Town,
    legs,
    moment,
    new_key,
    ticket_of,
)


async def paid(desk: PaymentDesk, town: Town, sale: int = 7) -> Payment:
    hanako = town.users["花子"]
    ticket = await ticket_of(desk, town.qr(sale), town)
    answer = await desk.pay(hanako.user_id, new_key(), ticket, Yen(1200), legs(1000, 200))
    assert isinstance(answer, Paid), answer
    return answer.payment


async def test_two_legs_move_money_from_lots_to_the_shop(town: Town) -> None:
    async with town.desk() as desk:
        payment = await paid(desk, town)
    voucher, points = payment.legs
    assert (voucher.amount, voucher.before, voucher.after) == (1000, 5000, 4000)
    assert (points.amount, points.before, points.after) == (200, 500, 300)
    assert points.balance_after == (LotBalance(Yen(300), date(2024, 8, 31)),)
    assert town.holdings()["花子", VOUCHER] == 4000
    assert town.holdings()["花子", POINTS] == 300
    balance = town.database.read_now(trial_balance)
    assert balance.total_debit == balance.total_credit
    shops = {
        str(line.unit): line.credit for line in balance.lines if line.account.startswith("shop")
    }
    assert shops == {str(VOUCHER): 1000, str(POINTS): 200}
    town.assert_books_hold()


async def test_the_answer_names_close_pay_day_code_and_last_moment_to_cancel(town: Town) -> None:
    async with town.desk() as desk:
        payment = await paid(desk, town, sale=11)
    voucher, points = payment.legs
    assert voucher.closes_at == moment(2024, 6, 8)
    assert voucher.pay_day == date(2024, 6, 18)
    assert points.closes_at == moment(2024, 7, 1)
    assert points.pay_day == date(2024, 7, 9)
    assert payment.cancel_until == voucher.closes_at
    key = town.keyring.terminal_keys(town.matsuya).confirmation
    assert payment.confirmation_code == confirmation_code(
        key, town.matsuya, SaleNumber(11), Yen(1200)
    )
    assert (payment.shop_name_ja, payment.terminal_name_ja) == ("まつや青果店", "レジ1")


async def test_lots_are_spent_earliest_expiry_first_whatever_their_age(town: Town) -> None:
    hanako = town.users["花子"]
    async with town.desk() as desk:
        ticket = await ticket_of(desk, town.qr(7), town)
        answer = await desk.pay(hanako.user_id, new_key(), ticket, Yen(350), legs(points=350))
        assert isinstance(answer, Paid)
    assert answer.payment.legs[0].balance_after == (LotBalance(Yen(150), date(2024, 8, 31)),)


async def test_same_key_and_request_is_the_same_payment_even_much_later(town: Town) -> None:
    hanako = town.users["花子"]
    key = new_key()
    async with town.desk() as desk:
        ticket = await ticket_of(desk, town.qr(7), town)
        first = await desk.pay(hanako.user_id, key, ticket, Yen(500), legs(500))
        town.clock.forward(3600)
        again = await desk.pay(hanako.user_id, key, ticket, Yen(500), legs(500))
        assert first == again
        assert await desk.outcome(hanako.user_id, key) == first
    async with town.desk() as restarted:
        assert await restarted.pay(hanako.user_id, key, ticket, Yen(500), legs(500)) == first
    assert town.holdings()["花子", VOUCHER] == 4500


async def test_same_key_at_the_same_time_pays_once(town: Town) -> None:
    hanako = town.users["花子"]
    key = new_key()
    async with town.desk() as desk:
        ticket = await ticket_of(desk, town.qr(7), town)
        answers = await asyncio.gather(
            *(desk.pay(hanako.user_id, key, ticket, Yen(500), legs(500)) for _ in range(20))
        )
    assert isinstance(answers[0], Paid)
    assert all(answer == answers[0] for answer in answers)
    assert town.count("payments") == 1
    town.assert_books_hold()


async def test_same_key_for_another_request_is_refused(town: Town) -> None:
    hanako = town.users["花子"]
    key = new_key()
    async with town.desk() as desk:
        ticket = await ticket_of(desk, town.qr(7), town)
        first = await desk.pay(hanako.user_id, key, ticket, Yen(500), legs(500))
        other = await desk.pay(hanako.user_id, key, ticket, Yen(501), legs(501))
        assert isinstance(other, Refused)
        assert other.code is RefusalCode.KEY_REUSED
        assert await desk.outcome(hanako.user_id, key) == first


async def test_a_key_belongs_to_its_customer(town: Town) -> None:
    key = new_key()
    async with town.desk() as desk:
        for sale, name in ((7, "花子"), (8, "太郎")):
            ticket = await ticket_of(desk, town.qr(sale), town)
            answer = await desk.pay(town.users[name].user_id, key, ticket, Yen(100), legs(100))
            assert isinstance(answer, Paid)


async def test_a_decline_of_the_ledger_is_kept_so_that_a_late_duplicate_cannot_pay(
    town: Town,
) -> None:
    hanako = town.users["花子"]
    key = new_key()
    async with town.desk() as desk:
        ticket = await ticket_of(desk, town.qr(7), town)
        first = await desk.pay(hanako.user_id, key, ticket, Yen(6000), legs(6000))
        assert isinstance(first, Refused)
        assert (first.code, first.short, first.usable) == (RefusalCode.BALANCE_SHORT, 1000, 5000)
        town.grant(hanako, VOUCHER, 9000, moment(2024, 9, 1))
        assert await desk.pay(hanako.user_id, key, ticket, Yen(6000), legs(6000)) == first
        assert await desk.outcome(hanako.user_id, key) == first
        town.clock.forward(31 * 86400)
        await desk.prune()
        assert await desk.outcome(hanako.user_id, key) == NotKnown()


async def test_one_sale_is_paid_once_when_many_phones_try(town: Town) -> None:
    names = [f"客{number}" for number in range(12)]
    for name in names:
        town.grant(town.add_user(name), VOUCHER, 1000, moment(2024, 9, 1))
    async with town.desk() as desk:
        ticket = await ticket_of(desk, town.qr(7, amount=1000), town)
        answers = await asyncio.gather(
            *(
                desk.pay(town.users[name].user_id, new_key(), ticket, Yen(1000), legs(1000))
                for name in names
            )
        )
    codes = [answer.code for answer in answers if isinstance(answer, Refused)]
    assert codes == [RefusalCode.SALE_PAID] * 11
    town.assert_books_hold()


async def test_sequence_is_gapless_and_in_order_of_commit(town: Town) -> None:
    hanako = town.users["花子"]
    async with town.desk() as desk:
        tickets = [await ticket_of(desk, town.qr(sale), town) for sale in range(1, 31)]
        await asyncio.gather(
            *(desk.pay(hanako.user_id, new_key(), t, Yen(100), legs(100)) for t in tickets)
        )
        page = await desk.payments_after(town.matsuya, Sequence(0), 500)
        assert [p.sequence for p in page.payments] == list(range(1, 31))
        instants = [p.paid_at for p in page.payments]
        assert instants == sorted(set(instants))
        rest = await desk.payments_after(town.matsuya, Sequence(28), 500)
        assert rest.payments == page.payments[28:]
        assert rest.last_sequence == 30
        assert await desk.last_sequence(town.kissaten) == 0


async def test_the_outbox_gives_a_payment_until_it_is_marked(town: Town) -> None:
    woken: list[int] = []

    async with town.desk(DeskHooks(on_committed=lambda _payments: woken.append(1))) as desk:
        payment = await paid(desk, town)
        assert woken == [1]
        waiting = await desk.unsent_announcements(10)
        assert [a.payment for a in waiting] == [payment]
        assert waiting[0].terminal_id == "T-000412"
        ids = (waiting[0].announcement_id,)
        assert await desk.unsent_announcements(10, frozenset(ids)) == ()
        await desk.mark_announced(ids)
        await desk.mark_announced(ids)
        assert await desk.unsent_announcements(10) == ()


async def test_void_and_pay_exclude_each_other(town: Town) -> None:
    hanako = town.users["花子"]
    async with town.desk() as desk:
        ticket = await ticket_of(desk, town.qr(7), town)
        asked = await desk.resolve(town.matsuya, SaleNumber(7), ResolveMode.ASK)
        assert asked.state is SaleState.OPEN
        voided = await desk.resolve(town.matsuya, SaleNumber(7), ResolveMode.VOID)
        assert voided.state is SaleState.VOID
        late = await desk.pay(hanako.user_id, new_key(), ticket, Yen(100), legs(100))
        assert isinstance(late, Refused)
        assert late.code is RefusalCode.SALE_VOID
        payment = await paid(desk, town, sale=8)
        kept = await desk.resolve(town.matsuya, SaleNumber(8), ResolveMode.VOID)
        assert (kept.state, kept.payment) == (SaleState.PAID, payment)
        assert await desk.highest_sale_number(town.matsuya) == 8


async def test_racing_void_and_pay_end_in_one_outcome(town: Town) -> None:
    hanako = town.users["花子"]
    async with town.desk() as desk:
        for sale in range(1, 16):
            ticket = await ticket_of(desk, town.qr(sale), town)
            answer, resolution = await asyncio.gather(
                desk.pay(hanako.user_id, new_key(), ticket, Yen(10), legs(10)),
                desk.resolve(town.matsuya, SaleNumber(sale), ResolveMode.VOID),
            )
            final = await desk.resolve(town.matsuya, SaleNumber(sale), ResolveMode.ASK)
            assert final == resolution
            assert isinstance(answer, Paid) == (final.state is SaleState.PAID)
    town.assert_books_hold()


async def test_history_pages_through_own_payments_newest_first(town: Town) -> None:
    hanako, taro = town.users["花子"], town.users["太郎"]
    async with town.desk() as desk:
        made = []
        for sale in range(1, 6):
            made.append(await paid(desk, town, sale) if sale < 3 else None)
            if sale >= 3:
                ticket = await ticket_of(desk, town.qr(sale), town)
                answer = await desk.pay(hanako.user_id, new_key(), ticket, Yen(10), legs(10))
                assert isinstance(answer, Paid)
                made[-1] = answer.payment
            town.clock.forward(1)
        first = await desk.history(hanako.user_id, 3)
        second = await desk.history(hanako.user_id, 3, first.next_cursor)
        assert [*first.payments, *second.payments] == list(reversed(made))
        assert second.next_cursor == ""
        assert (await desk.history(taro.user_id, 3)).payments == ()
        newest = made[-1]
        assert newest is not None
        assert await desk.payment(hanako.user_id, newest.payment_id) == newest
        assert await desk.payment(taro.user_id, newest.payment_id) is None
        with pytest.raises(ValueError, match="cursor"):
            await desk.history(hanako.user_id, 3, "nonsense")


async def test_day_totals_add_up_one_day_in_japan(town: Town) -> None:
    async with town.desk() as desk:
        await paid(desk, town, sale=1)
        town.clock.now = moment(2024, 6, 6)
        await paid(desk, town, sale=2)
        totals = await desk.day_totals(town.matsuya, date(2024, 6, 5))
        sums = {s.service_id: (s.use_amount, s.use_count) for s in totals.services}
        assert sums == {VOUCHER: (1000, 1), POINTS: (200, 1)}
        assert totals.last_sequence == 2


async def test_quote_proposes_earliest_expiry_first_and_says_what_is_missing(town: Town) -> None:
    hanako = town.users["花子"]
    async with town.desk() as desk:
        ticket = await ticket_of(desk, town.qr(7), town)
        small = await desk.quote(hanako.user_id, ticket, Yen(150))
        assert isinstance(small, Quote)
        assert small.legs == legs(points=150)
        all_of_it = await desk.quote(hanako.user_id, ticket, Yen(5500))
        assert isinstance(all_of_it, Quote)
        assert (all_of_it.legs, all_of_it.short) == (legs(5000, 500), 0)
        more = await desk.quote(hanako.user_id, ticket, Yen(5600))
        assert isinstance(more, Quote)
        assert (more.legs, more.short) == (legs(5000, 500), 100)
    assert town.count("payments") == 0


async def test_balances_leave_out_what_has_expired(town: Town) -> None:
    hanako = town.users["花子"]
    async with town.desk() as desk:
        town.clock.now = moment(2024, 7, 1)
        found = {b.service_id: b for b in await desk.balances(hanako.user_id)}
    assert found[POINTS].amount == 300
    assert found[POINTS].lots == (LotBalance(Yen(300), date(2024, 8, 31)),)
    assert found[VOUCHER].amount == 5000


async def test_legs_stand_in_one_order_wherever_they_are_shown(town: Town) -> None:
    hanako = town.users["花子"]
    points_first = tuple(reversed(legs(voucher=100, points=20)))
    async with town.desk() as desk:
        ticket = await ticket_of(desk, town.qr(1), town)
        answer = await desk.pay(hanako.user_id, new_key(), ticket, Yen(120), points_first)
        assert isinstance(answer, Paid)
        kept = await desk.payment(hanako.user_id, answer.payment.payment_id)
    assert [leg.service_id for leg in answer.payment.legs] == [VOUCHER, POINTS]
    assert kept == answer.payment
