"""The posting engine under races, busy wallets, defects and load."""

import asyncio
import threading
from collections.abc import Iterator
from collections.abc import Sequence as PySequence
from contextlib import ExitStack, contextmanager
from functools import partial

import psycopg
import pytest
from sqlalchemy import Connection, text

from protos.units import Micros, SaleNumber, Sequence, Yen
from server.checkpoints import Checkpoint
from server.db import LedgerOverloaded, LedgerUnavailable, open_database
from server.directory import OwnerKey
from server.ledger import (
    Accept,
    AccountId,
    Books,
    BooksError,
    EntryDraft,
    LotId,
    Operation,
    PostingDraft,
    PostingEngine,
    Unit,
    WalletReader,
    process_clock,
)
from server.payments import (
    DeskSettings,
    Paid,
    PaymentDesk,
    RefusalCode,
    Refused,
    ResolveMode,
)
from tests.support.books import HOST, VOUCHER, Town, legs, new_key, ticket_of


def url_of(town: Town) -> str:
    return town.database._writing.url.render_as_string(hide_password=False)


@contextmanager
def second_server(town: Town) -> Iterator[Town]:
    """Another server process's view: its own connections to the same books."""
    database = open_database(url_of(town))
    try:
        other = town.moved_to(database)
        other.clock = town.clock
        yield other
    finally:
        database.close_now()


@pytest.mark.postgres
@pytest.mark.parametrize("town", ["postgresql"], indirect=True)
async def test_two_servers_over_one_database_pay_each_sale_once(town: Town) -> None:
    names = list(town.users)
    with second_server(town) as other:
        async with town.desk(lane="one") as first, other.desk(lane="two") as second:
            jobs = []
            for sale in range(1, 31):
                ticket = await ticket_of(first, town.qr(sale), town)
                for desk, name in ((first, names[0]), (second, names[1])):
                    user = town.users[name].user_id
                    jobs.append(desk.pay(user, new_key(), ticket, Yen(50), legs(50)))
            answers = await asyncio.gather(*jobs)
            paid = [answer for answer in answers if isinstance(answer, Paid)]
            assert len(paid) == 30
            codes = {answer.code for answer in answers if isinstance(answer, Refused)}
            assert codes == {RefusalCode.SALE_PAID}
            page = await first.payments_after(town.matsuya, Sequence(0), 500)
            assert [p.sequence for p in page.payments] == list(range(1, 31))
    assert sum(town.holdings()[name, VOUCHER] for name in names) == 8000 - 30 * 50
    town.assert_books_hold()


@pytest.mark.postgres
@pytest.mark.parametrize("town", ["postgresql"], indirect=True)
async def test_one_customer_on_two_servers_never_spends_twice(town: Town) -> None:
    user = town.users["花子"].user_id
    with second_server(town) as other:
        async with town.desk(lane="one") as first, other.desk(lane="two") as second:
            tickets = [await ticket_of(first, town.qr(sale), town) for sale in range(1, 21)]
            answers = await asyncio.gather(
                *(
                    (first, second)[n % 2].pay(user, new_key(), ticket, Yen(1000), legs(1000))
                    for n, ticket in enumerate(tickets)
                )
            )
    assert sum(isinstance(answer, Paid) for answer in answers) == 5
    assert town.holdings()["花子", VOUCHER] == 0
    town.assert_books_hold()


@pytest.mark.postgres
@pytest.mark.parametrize("town", ["postgresql"], indirect=True)
async def test_a_sale_stolen_between_look_and_insert_costs_nobody_else(town: Town) -> None:
    """A void that skipped the lock is found by the insert, and the batch is decided again."""
    stolen: list[int] = []

    def steal(name: Checkpoint) -> None:
        if name is Checkpoint.POST_AFTER_DECIDE and not stolen:
            stolen.append(1)
            with psycopg.connect(url_of(town).replace("+psycopg", ""), autocommit=True) as thief:
                thief.execute(
                    "INSERT INTO sale_outcomes VALUES (%s, 7, 3, NULL, 1)", (town.matsuya,)
                )

    desk = PaymentDesk(
        database=town.database,
        keyring=town.keyring,
        clock=town.clock,
        settings=DeskSettings(own_hosts=frozenset({HOST})),
        ledger_clock=process_clock(town.clock),
        checkpoint=steal,
    )
    async with desk:
        tickets = [await ticket_of(desk, town.qr(sale), town) for sale in (7, 8, 9)]
        user = town.users["花子"].user_id
        answers = await asyncio.gather(
            *(desk.pay(user, new_key(), ticket, Yen(100), legs(100)) for ticket in tickets)
        )
    assert isinstance(answers[0], Refused)
    assert answers[0].code is RefusalCode.SALE_VOID
    assert all(isinstance(answer, Paid) for answer in answers[1:])
    town.assert_books_hold()


@pytest.mark.postgres
@pytest.mark.parametrize("town", ["postgresql"], indirect=True)
async def test_a_customer_who_is_busy_elsewhere_holds_up_nobody(town: Town) -> None:
    taro, hanako = town.users["太郎"], town.users["花子"]
    url = url_of(town).replace("+psycopg", "")
    async with town.desk() as desk:
        tickets = [await ticket_of(desk, town.qr(sale), town) for sale in (1, 2)]
        with psycopg.connect(url) as bulk:
            bulk.execute("SELECT 1 FROM wallets WHERE owner = %s FOR UPDATE", (taro.owner,))
            waiting = asyncio.create_task(
                desk.pay(taro.user_id, new_key(), tickets[0], Yen(100), legs(100))
            )
            await asyncio.sleep(0.05)
            quick = await asyncio.wait_for(
                desk.pay(hanako.user_id, new_key(), tickets[1], Yen(100), legs(100)), 2
            )
            assert isinstance(quick, Paid)
            assert not waiting.done()
        assert isinstance(await asyncio.wait_for(waiting, 5), Paid)


async def test_batches_are_what_arrived_while_the_last_commit_ran(town: Town) -> None:
    sizes: list[int] = []
    gate = threading.Event()

    def post(_connection: Connection, commands: PySequence[int]) -> list[int]:
        sizes.append(len(commands))
        if len(sizes) == 1:
            gate.wait(5)
        return [command * 2 for command in commands]

    engine = PostingEngine[int, int](town.database, post, batch_size=10, queue_size=100)
    await engine.start()
    first = asyncio.create_task(engine.submit(0))
    await asyncio.sleep(0.02)
    rest = [asyncio.create_task(engine.submit(n)) for n in range(1, 26)]
    await asyncio.sleep(0.02)
    gate.set()
    assert await asyncio.gather(first, *rest) == [n * 2 for n in range(26)]
    assert sizes == [1, 10, 10, 5]
    await engine.close()


async def test_a_full_queue_refuses_and_loses_nothing(sqlite_town: Town) -> None:
    gate = threading.Event()

    def post(_connection: Connection, commands: PySequence[int]) -> list[int]:
        gate.wait(5)
        return list(commands)

    engine = PostingEngine[int, int](sqlite_town.database, post, batch_size=1, queue_size=3)
    await engine.start()
    first = asyncio.create_task(engine.submit(0))
    await asyncio.sleep(0.02)
    waiting = [asyncio.create_task(engine.submit(n)) for n in range(1, 4)]
    await asyncio.sleep(0.02)
    with pytest.raises(LedgerOverloaded):
        await engine.submit(9)
    gate.set()
    assert await asyncio.gather(first, *waiting) == [0, 1, 2, 3]
    await engine.close()
    with pytest.raises(LedgerOverloaded):
        await engine.submit(1)


async def test_a_command_with_a_defect_fails_alone(
    sqlite_town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    gate = threading.Event()

    def post(_connection: Connection, commands: PySequence[int]) -> list[int]:
        gate.wait(5)
        if 13 in commands:
            raise ZeroDivisionError("thirteen")
        return list(commands)

    engine = PostingEngine[int, int](sqlite_town.database, post)
    await engine.start()
    jobs = [asyncio.create_task(engine.submit(n)) for n in (11, 12, 13, 14)]
    await asyncio.sleep(0.02)
    gate.set()
    answers = await asyncio.gather(*jobs, return_exceptions=True)
    assert answers[0:2] == [11, 12]
    assert isinstance(answers[2], ZeroDivisionError)
    assert answers[3] == 14
    assert "one by one" in caplog.text
    await engine.close()


async def test_a_caller_who_leaves_does_not_take_the_payment_back(town: Town) -> None:
    user = town.users["花子"].user_id
    key = new_key()
    async with town.desk() as desk:
        ticket = await ticket_of(desk, town.qr(7), town)
        leaving = asyncio.create_task(desk.pay(user, key, ticket, Yen(100), legs(100)))
        for _ in range(50):
            await asyncio.sleep(0.001)
            if desk._engine is not None and desk._engine._queue:
                break
        leaving.cancel()
    async with town.desk() as desk:
        answer = await desk.pay(user, key, ticket, Yen(100), legs(100))
        assert isinstance(answer, Paid)
    assert town.count("payments") == 1


async def test_every_checkpoint_of_a_payment_is_passed_in_order(town: Town) -> None:
    passed: list[Checkpoint] = []
    desk = PaymentDesk(
        database=town.database,
        keyring=town.keyring,
        clock=town.clock,
        settings=DeskSettings(own_hosts=frozenset({HOST})),
        ledger_clock=process_clock(town.clock),
        checkpoint=passed.append,
    )
    user = town.users["花子"].user_id
    async with desk:
        ticket = await ticket_of(desk, town.qr(7), town)
        await desk.claim(user, ticket, Yen(0))
        await desk.pay(user, new_key(), ticket, Yen(100), legs(100))
        waiting = await desk.unsent_announcements(1)
        await desk.mark_announced((waiting[0].announcement_id,))
        await desk.resolve(town.matsuya, SaleNumber(9), ResolveMode.VOID)
    assert passed == [
        Checkpoint.CLAIM_BEFORE_COMMIT,
        Checkpoint.CLAIM_AFTER_COMMIT,
        Checkpoint.POST_BEFORE_LOCK,
        Checkpoint.POST_AFTER_LOCK,
        Checkpoint.POST_AFTER_DECIDE,
        Checkpoint.POST_AFTER_INSERT,
        Checkpoint.POST_BEFORE_COMMIT,
        Checkpoint.POST_AFTER_COMMIT,
        Checkpoint.OUTBOX_BEFORE_MARK,
        Checkpoint.OUTBOX_AFTER_MARK,
        Checkpoint.VOID_BEFORE_COMMIT,
        Checkpoint.VOID_AFTER_COMMIT,
    ]


@pytest.mark.parametrize("where", [c for c in Checkpoint if c.value.startswith("post.")])
async def test_a_break_at_any_checkpoint_leaves_all_or_nothing(
    town: Town, where: Checkpoint
) -> None:
    """An exception stands for the kill here; the kill test ends real processes."""

    class BrokenError(Exception):
        pass

    armed = [True]

    def break_here(name: Checkpoint) -> None:
        if name is where and armed.pop() if armed else False:
            raise BrokenError

    user, key = town.users["花子"].user_id, new_key()
    desk = PaymentDesk(
        database=town.database,
        keyring=town.keyring,
        clock=town.clock,
        settings=DeskSettings(own_hosts=frozenset({HOST})),
        ledger_clock=process_clock(town.clock),
        checkpoint=break_here,
    )
    with ExitStack() as stack:
        stack.enter_context(pytest.raises(BrokenError))
        async with desk:
            ticket = await ticket_of(desk, town.qr(7), town)
            await desk.pay(user, key, ticket, Yen(100), legs(100))
    expected = 1 if where is Checkpoint.POST_AFTER_COMMIT else 0
    assert town.count("payments") == town.count("outbox") == expected
    async with town.desk() as again:
        assert isinstance(await again.pay(user, key, ticket, Yen(100), legs(100)), Paid)
    assert town.count("payments") == 1
    town.assert_books_hold()


async def test_time_never_runs_backwards_in_the_books(town: Town) -> None:
    user = town.users["花子"].user_id
    async with town.desk() as desk:
        instants = []
        for sale in range(1, 4):
            ticket = await ticket_of(desk, town.qr(sale), town)
            answer = await desk.pay(user, new_key(), ticket, Yen(10), legs(10))
            assert isinstance(answer, Paid)
            instants.append(answer.payment.paid_at)
            town.clock.now = Micros(town.clock.now - 5_000_000)
    assert instants == [instants[0], instants[0] + 1, instants[0] + 2]
    town.assert_books_hold()


async def test_a_floor_raised_by_a_close_is_kept(town: Town) -> None:
    floor = town.clock.now + 3_600_000_000
    user = town.users["花子"].user_id
    async with town.desk() as desk:
        raised = text("UPDATE lanes SET floor = :floor")
        town.database.write_now(lambda c: c.execute(raised, {"floor": floor}))
        ticket = await ticket_of(desk, town.qr(1, amount=10), town)
        answer = await desk.pay(user, new_key(), ticket, Yen(10), legs(10))
        # an hour late by the books' clock: the five minutes hold there as well
        assert isinstance(answer, Refused)
        assert answer.code is RefusalCode.TICKET_EXPIRED


def test_drafts_that_cannot_be_booked_change_nothing(sqlite_town: Town) -> None:
    town = sqlite_town
    owner = town.users["花子"].owner
    wallets = town.database.read_now(partial(WalletReader(town.database.kind).read, owners=[owner]))
    books = Books.of(wallets)
    wallet = books.wallet(OwnerKey(owner), Unit(VOUCHER))
    assert wallet is not None
    account, lot, shop = wallet.account_id, wallet.lots[0].lot_id, AccountId(999_999)

    def draft(*postings: PostingDraft) -> Accept[None]:
        return Accept(EntryDraft("E" * 20, Operation.USE, bytes(32), postings), None)

    before = (wallet.balance, wallet.lots[0].remaining)
    for wrong in (
        draft(),
        draft(PostingDraft(account, shop, Yen(0), lot)),
        draft(PostingDraft(account, shop, Yen(-5), lot)),
        draft(PostingDraft(account, account, Yen(5), lot)),
        draft(PostingDraft(account, shop, Yen(5001), lot)),
        draft(
            PostingDraft(account, shop, Yen(3000), lot), PostingDraft(account, shop, Yen(3000), lot)
        ),
        draft(PostingDraft(account, shop, Yen(5), LotId(0))),
        draft(PostingDraft(account, shop, Yen(5), LotId(777))),
    ):
        with pytest.raises(BooksError):
            books.apply(wrong.entry)
    assert (wallet.balance, wallet.lots[0].remaining) == before


async def test_an_unreachable_database_is_unknown_not_refused(sqlite_town: Town) -> None:
    def post(_connection: Connection, _commands: PySequence[int]) -> list[int]:
        raise LedgerUnavailable("gone")

    engine = PostingEngine[int, int](sqlite_town.database, post)
    await engine.start()
    with pytest.raises(LedgerUnavailable):
        await engine.submit(1)
    await engine.close()
