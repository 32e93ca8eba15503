"""The database goes away and comes back: no client sees it, nothing is lost, nothing twice."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest
from sqlalchemy import text

from protos.units import Yen
from server.db import CommitUnknown, LedgerUnavailable, migrate, open_database
from server.payments import Paid, PaymentDesk, verify_payments
from tests.support.books import VOUCHER, Town, build_town, legs, new_key, ticket_of
from tests.support.cut_line import Cut, cut_line
from tests.support.postgres import (
    APPLICATION,
    MIGRATOR,
    RestartablePostgres,
    running_postgres,
)

pytestmark = pytest.mark.postgres
_CLIENTS = 8
_NAME = "choba_cut"


@pytest.fixture(scope="module")
def server() -> Iterator[RestartablePostgres]:
    """Durable: what it has acknowledged must stand after a crash of it."""
    with running_postgres(durable=True) as server:
        yield server


@pytest.fixture
def cut_town(server: RestartablePostgres) -> Iterator[Town]:
    with _town(server, server.port) as town:
        yield town


@contextmanager
def _town(server: RestartablePostgres, port: int) -> Iterator[Town]:
    """``port``: of the server, or of a line to it."""
    server.create(_NAME)
    migrate(server.url(_NAME, MIGRATOR), application_role=APPLICATION)
    database = open_database(f"postgresql://{APPLICATION}@127.0.0.1:{port}/{_NAME}")
    try:
        yield build_town(database)
    finally:
        database.close_now()
        server.drop(_NAME)


class Load:
    """Clients who pay one yen after the other; each sale has its own key."""

    def __init__(self, town: Town, desk: PaymentDesk) -> None:
        self.paid: dict[str, str] = {}
        self._town = town
        self._desk = desk
        self._sale = 0
        self._ending = False
        self._tasks = [asyncio.create_task(self._client(n)) for n in range(_CLIENTS)]

    async def until(self, payments: int) -> None:
        """So many more were acknowledged."""
        wanted = len(self.paid) + payments
        while len(self.paid) < wanted:
            for task in self._tasks:
                if task.done():
                    task.result()
            await asyncio.sleep(0.005)

    async def end(self) -> None:
        """Raises what any client was answered other than "paid"."""
        self._ending = True
        await asyncio.gather(*self._tasks)

    async def _client(self, number: int) -> None:
        user = self._town.users[("花子", "太郎")[number % 2]].user_id
        while not self._ending:
            self._sale += 1
            key = new_key()
            ticket = await ticket_of(self._desk, self._town.qr(self._sale), self._town)
            answer = await self._desk.pay(user, key, ticket, Yen(1), legs(1))
            assert isinstance(answer, Paid), answer
            self.paid[key] = answer.payment.payment_id


@asynccontextmanager
async def load(town: Town) -> AsyncIterator[Load]:
    async with town.desk() as desk:
        clients = Load(town, desk)
        await clients.until(20)
        yield clients
        await clients.until(20)
        await clients.end()


def assert_each_once(town: Town, clients: Load) -> None:
    rows = town.database.read_now(
        lambda c: c.execute(text("SELECT idempotency_key, payment_id FROM payments")).all()
    )
    assert dict(map(tuple, rows)) == clients.paid
    assert len(set(clients.paid.values())) == len(clients.paid)
    left = sum(amount for (_, service), amount in town.holdings().items() if service == VOUCHER)
    assert left == 5000 + 3000 - len(clients.paid)
    sequences = town.database.read_now(
        lambda c: c.execute(text("SELECT sequence FROM payments ORDER BY sequence")).scalars().all()
    )
    assert list(sequences) == list(range(1, len(clients.paid) + 1))
    town.assert_books_hold()
    assert town.database.read_now(verify_payments) == []


async def test_backends_are_terminated_under_load(
    server: RestartablePostgres, cut_town: Town
) -> None:
    async with load(cut_town) as clients:
        cut = 0
        for _ in range(10):
            cut += server.terminate_backends(_NAME)
            await clients.until(10)
    assert cut >= 10
    assert_each_once(cut_town, clients)


async def test_the_server_crashes_and_starts_again(
    server: RestartablePostgres, cut_town: Town
) -> None:
    async with load(cut_town) as clients:
        server.stop_at_once()
        server.start()
    assert_each_once(cut_town, clients)


async def test_nobody_listens_for_two_seconds(server: RestartablePostgres, cut_town: Town) -> None:
    async with load(cut_town) as clients:
        server.stop_at_once()
        await asyncio.sleep(2)
        server.start()
    assert_each_once(cut_town, clients)


@pytest.mark.parametrize("cut", list(Cut))
async def test_a_line_that_is_cut_at_the_commit_decides_nothing_twice(
    server: RestartablePostgres, cut: Cut
) -> None:
    with cut_line(server.port) as line, _town(server, line.port) as town:
        async with load(town) as clients:
            for _ in range(5):
                line.cut = cut
                await clients.until(10)
        assert line.cuts == 5
        assert_each_once(town, clients)


async def test_what_cannot_be_repeated_is_told_as_unknown_and_only_then(
    server: RestartablePostgres,
) -> None:
    work = text("UPDATE counters SET value = value + 1 WHERE name = 'account' RETURNING value")
    with cut_line(server.port) as line, _town(server, line.port) as town:

        async def count_one() -> int:
            return int(await town.database.write(lambda c: c.execute(work).scalar_one()))

        before = await count_one()
        line.cut = Cut.BEFORE_ANSWER_ARRIVES
        with pytest.raises(CommitUnknown):
            await count_one()
        assert await count_one() == before + 2
        assert line.cuts == 1


async def test_after_the_bound_the_ledger_is_unavailable(
    server: RestartablePostgres, cut_town: Town
) -> None:
    user = cut_town.users["花子"].user_id
    database = cut_town.database
    database._patience = 0.5
    async with cut_town.desk() as desk:
        ticket = await ticket_of(desk, cut_town.qr(1), cut_town)
        server.stop_at_once()
        key = new_key()
        try:
            with pytest.raises(LedgerUnavailable):
                await desk.pay(user, key, ticket, Yen(1), legs(1))
            with pytest.raises(LedgerUnavailable):
                await desk.balances(user)
        finally:
            server.start()
            server.wait_until_ready()
        answer = await desk.pay(user, key, ticket, Yen(1), legs(1))
        assert isinstance(answer, Paid)
    cut_town.assert_books_hold()
