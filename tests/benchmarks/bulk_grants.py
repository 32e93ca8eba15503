"""Payments of the same customers while a file of grants is booked: what they wait.

python -m tests.benchmarks.bulk_grants [--lines 200000] [--kind sqlite|postgresql]

For each kind of database: payments alone; payments while the server itself books the file; while
another process (``choba points resume``) books a tenth of it. Clients pay one after the other
through the payment desk with group commit, out of wallets that the file grants to as well.
Durable settings.
"""

import argparse
import asyncio
import itertools
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, insert

from protos.units import Micros, UserId, Yen
from server.campaigns import Grant, grant_all, verify_grants
from server.campaigns.bulk import BulkRunner
from server.db import Database, migrate, new_public_id, open_database
from server.db.schema import directory
from server.directory import Keyring, OwnerKey, User
from server.ledger import Operation, allocate, process_clock, verify_ledger
from server.payments import Paid, PaymentDesk
from tests.benchmarks.results import percentile
from tests.support.books import (
    END_OF_AUGUST,
    MASTER,
    POINTS,
    HandClock,
    Town,
    _lay_out,
    legs,
    new_key,
    ticket_of,
)
from tests.support.bulk import bulk_desk, csv, looked_at, with_rules
from tests.support.postgres import APPLICATION, MIGRATOR, running_postgres

CLIENTS = 16
SECONDS_ALONE = 10.0
_USERS_PER_LINE = 10
_PAYERS = 400
_SALES = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Figures:
    paid: int
    seconds: float
    latencies_ms: list[float]

    def __str__(self) -> str:
        p50, p99 = (percentile(self.latencies_ms, p) for p in (50, 99))
        most = max(self.latencies_ms)
        rate = self.paid / self.seconds
        return f"{rate:8,.0f} payments/s  p50 {p50:6.1f} ms  p99 {p99:6.1f} ms  max {most:7.1f} ms"


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def settle(town: Town, count: int) -> list[User]:
    """Customers, quickly: their contacts do not matter here."""

    def work(connection: Connection) -> list[User]:
        numbers = allocate(connection, "owner", count)
        users = [
            User(UserId(new_public_id()), OwnerKey(n), "", "", town.clock.now) for n in numbers
        ]
        connection.execute(
            insert(directory.users),
            [{"user_id": u.user_id, "owner": u.owner, "created_at": 0} for u in users],
        )
        return users

    return town.database.write_now(work)


def fund(town: Town, users: list[User]) -> None:
    grants = [
        Grant(
            new_public_id(),
            Operation.GRANT,
            user.user_id,
            user.owner,
            POINTS,
            Yen(9_000_000),
            Yen(0),
            END_OF_AUGUST,
        )
        for user in users
    ]
    grant_all(town.database, grants, process_clock(town.clock))


async def pay_until(town: Town, payers: list[User], over: Callable[[], bool]) -> Figures:
    """Clients that pay one yen after the other until it is over."""
    latencies: list[float] = []

    async def client(desk: PaymentDesk, number: int) -> None:
        turn = number
        while not over():
            payer = payers[turn % len(payers)]
            turn += CLIENTS
            ticket = await ticket_of(desk, town.qr(next(_SALES)), town)
            began = time.perf_counter()
            answer = await desk.pay(payer.user_id, new_key(), ticket, Yen(1), legs(0, 1))
            latencies.append((time.perf_counter() - began) * 1000)
            assert isinstance(answer, Paid), answer

    async with town.desk() as desk:
        began = time.perf_counter()
        await asyncio.gather(*(client(desk, n) for n in range(CLIENTS)))
        return Figures(len(latencies), time.perf_counter() - began, latencies)


def confirmed(town: Town, users: list[User], lines: int, prefix: str) -> str:
    rows = (f"{prefix}{i},{users[i % len(users)].user_id},{POINTS},OP2,10" for i in range(lines))
    began = time.perf_counter()
    desk = bulk_desk(town)
    preview, _ = looked_at(desk, csv(rows))
    looked = time.perf_counter()
    desk.confirm(prefix, preview.batch_id, preview.shown_digest, "bench", "bench")
    decided = time.perf_counter()
    say(f"  preview {looked - began:.1f} s, confirm {decided - looked:.1f} s")
    return preview.batch_id


async def while_running(
    town: Town, payers: list[User], work: Callable[[], None]
) -> tuple[Figures, float]:
    done = threading.Event()
    took = [0.0]

    def run() -> None:
        began = time.perf_counter()
        try:
            work()
        finally:
            took[0] = time.perf_counter() - began
            done.set()

    waiting: Awaitable[None] = asyncio.to_thread(run)
    figures, _ = await asyncio.gather(pay_until(town, payers, done.is_set), waiting)
    return figures, took[0]


def resumed(town: Town, batch_id: str) -> None:
    url = town.database._writing.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "server.cli", "points", "resume", batch_id]
    subprocess.run([*command, "--database", url], check=True, capture_output=True)


async def measure(town: Town, lines: int) -> None:
    users = settle(with_rules(town), lines // _USERS_PER_LINE)
    payers = users[:_PAYERS]
    fund(town, payers)
    end = time.monotonic() + SECONDS_ALONE
    alone = await pay_until(town, payers, lambda: time.monotonic() >= end)
    say(f"  alone             {alone}")
    batch = confirmed(town, users, lines, "a")
    inside = BulkRunner(town.database, process_clock(town.clock))
    figures, took = await while_running(town, payers, partial(inside.run, batch))
    say(f"  in the server     {figures}  ({lines / took:,.0f} lines/s, {took:.0f} s)")
    lines //= 10
    batch = confirmed(town, users, lines, "b")
    figures, took = await while_running(town, payers, partial(resumed, town, batch))
    say(f"  another process   {figures}  ({lines / took:,.0f} lines/s, {took:.0f} s)")
    audit = town.database.read_now(verify_ledger)
    findings = [*audit.findings, *town.database.read_now(verify_grants)]
    say(f"  audit: {audit.entries:,} entries, {len(findings)} findings")


@contextmanager
def fresh(kind: str) -> Iterator[Database]:
    if kind == "postgresql":
        with running_postgres(durable=True) as server:
            server.create("bench")
            migrate(server.url("bench", MIGRATOR), application_role=APPLICATION)
            database = open_database(server.url("bench", APPLICATION))
            yield database
            database.close_now()
        return
    with tempfile.TemporaryDirectory(prefix="choba-bench-") as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        migrate(url)
        database = open_database(url)
        yield database
        database.close_now()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--kind", choices=["sqlite", "postgresql"], action="append")
    options = parser.parse_args()
    say(f"{os.cpu_count()} cores, {CLIENTS} clients, {options.lines:,} lines")
    for kind in options.kind or ["sqlite", "postgresql"]:
        say(kind)
        with fresh(kind) as database:
            clock = HandClock()
            numbers = database.write_now(partial(_lay_out, at=Micros(clock.now)))
            asyncio.run(measure(Town(database, Keyring(MASTER), clock, *numbers), options.lines))


if __name__ == "__main__":
    main()
