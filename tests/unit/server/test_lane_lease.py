"""Each server process has a lane of its own, and a crashed one's is taken back."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from protos.units import Yen
from server.db import Database, DatabaseKind, open_database
from server.lane_lease import take_lane
from server.payments import Paid, PaymentDesk, verify_payments
from tests.support.books import Town, legs, new_key, ticket_of
from tests.support.postgres import APPLICATION, PostgresServer


async def test_processes_take_lanes_of_their_own_and_give_them_back(database: Database) -> None:
    if database.kind is DatabaseKind.SQLITE:
        assert [take_lane(database, "main").lane for _ in range(2)] == ["main", "main"]
        return

    def take(wanted: str = "main") -> str:
        return take_lane(database, wanted).lane

    first = await asyncio.to_thread(take_lane, database, "main")
    assert [first.lane, take(), take()] == ["main", "main-2", "main-3"]
    assert [take("east"), take("east")] == ["east", "east"]  # as the settings say
    await first.release()
    assert [take(), take()] == ["main", "main-4"]
    database.write_now(
        lambda c: c.execute(text("UPDATE leases SET until = 1 WHERE name = 'lane:main-2'"))
    )
    assert take() == "main-2"


@pytest.mark.postgres
def test_a_killed_processs_lane_is_taken_at_once(
    postgres: PostgresServer, postgres_name: str
) -> None:
    url = postgres.url(postgres_name, APPLICATION)
    child = subprocess.Popen(
        [
            *(sys.executable, "-c"),
            "import time; from server.db import open_database;"
            "from server.lane_lease import take_lane;"
            f"print(take_lane(open_database({url!r}), 'main').lane, flush=True); time.sleep(60)",
        ],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "main\n"
    database = open_database(url)
    try:
        assert take_lane(database, "main").lane == "main-2"
        child.send_signal(signal.SIGKILL)
        child.wait(10)
        assert take_lane(database, "main").lane == "main"
    finally:
        database.close_now()
        child.stdout.close()


async def test_two_engines_share_wallets_terminals_and_one_database(town: Town) -> None:
    """On one lane (SQLite has one) and on two."""
    lanes = [take_lane(town.database, "main").lane for _ in range(2)]
    async with town.desk(lane=lanes[0]) as one, town.desk(lane=lanes[1]) as two:

        async def client(desk: PaymentDesk, user: str, sales: range) -> list[Paid]:
            answers = []
            for sale in sales:
                ticket = await ticket_of(desk, town.qr(sale), town)
                key = new_key()
                pay = desk.pay(town.users[user].user_id, key, ticket, Yen(1), legs(1))
                # a phone that sends twice, to two processes
                other = two if desk is one else one
                again = other.pay(town.users[user].user_id, key, ticket, Yen(1), legs(1))
                first, second = await asyncio.gather(pay, again)
                assert isinstance(first, Paid), first
                assert isinstance(second, Paid), second
                assert first.payment.payment_id == second.payment.payment_id
                answers.append(first)
            return answers

        paid = await asyncio.gather(
            client(one, "花子", range(1, 20)),
            client(two, "花子", range(20, 40)),
            client(one, "太郎", range(40, 60)),
            client(two, "太郎", range(60, 80)),
        )
    count = sum(len(answers) for answers in paid)
    assert town.count("payments") == count == 79
    assert town.count("lanes") == len(set(lanes)) + 1  # and that of grants
    town.assert_books_hold()
    assert town.database.read_now(verify_payments) == []
