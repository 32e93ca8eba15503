"""``pay_growth``: the same load on books with a million entries, beside those of a young city."""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import text

from protos.units import UserId, Yen
from server.clock import system_clock
from server.db import new_public_id
from server.directory import Keyring, ServiceId
from server.payments import DeskSettings, LegRequest, ManyPayment, PaymentDesk, Refused
from server.state import KeyFiles, StateFolder
from tests.benchmarks.books import count
from tests.benchmarks.counts import GROWTH_ENTRIES, GROWTH_PAYMENTS, GROWTH_ROUNDS
from tests.benchmarks.machine import describe
from tests.benchmarks.pgbench import pgbench
from tests.benchmarks.results import Row, compared
from tests.benchmarks.stage import LEGS, WHAT_IS_COUNTED, Run, Stage, stage
from tests.benchmarks.ways import MANY, Sale, Sales
from tools.harness.process import StageError

NAME = "pay_growth"
CLIENTS = 32
CUSTOMERS = 1_000
"""With one entry each: the thousand that the small books begin with."""
_LEAST = 0.9
_AT_ONCE: Final = 3
_TOLD_EVERY: Final = 50_000
_ENTRIES: Final = "SELECT count(*) FROM entries"


def measure() -> list[Row]:
    """Two servers on one PostgreSQL, paying in turn. Raises StageError, RuntimeError."""
    with (
        tempfile.TemporaryDirectory(prefix="choba-bench-") as name,
        pgbench() as postgres,
        stage(Path(name), postgres, customers=CUSTOMERS, name="young") as young,
        stage(Path(name), postgres, customers=CUSTOMERS, name="old") as old,
    ):
        asyncio.run(fill(old, GROWTH_ENTRIES - CUSTOMERS))
        postgres.vacuum("old")
        with young.clients(CLIENTS) as few, old.clients(CLIENTS) as many:
            sizes = count(young.database, _ENTRIES), count(old.database, _ENTRIES)
            rounds: list[tuple[Run, Run]] = []
            for i in range(GROWTH_ROUNDS):
                # each side is first as often as the other: a warm machine favours nobody
                sides = [(young, few), (old, many)][:: 1 if i % 2 else -1]
                runs = [town.pay(clients, GROWTH_PAYMENTS) for town, clients in sides]
                rounds.append((runs[0], runs[1]) if sides[0][0] is old else (runs[1], runs[0]))
        audits = old.audited(), young.audited()
    each = "; ".join(f"{large} to {small}" for large, small in rounds)
    conditions = (
        f"{describe()}; unary Pay, {CLIENTS} clients, PostgreSQL, books with {sizes[1]:,} entries "
        f"before the first round; reference: the same with {sizes[0]:,}, a second server on the "
        f"same PostgreSQL; {GROWTH_PAYMENTS:,} payments a round, which both books keep; the old "
        f"books were filled by the payment desk itself, and vacuumed; {WHAT_IS_COUNTED} (those of "
        f"the filling were marked as announced instead); rounds: {each}; "
        f"audits afterwards: {'; '.join(audits)}"
    )
    pairs = [(large.outcome.per_second, small.outcome.per_second) for large, small in rounds]
    return [compared(NAME, "payments/s", pairs, conditions, least=_LEAST)]


async def fill(town: Stage, payments: int) -> None:
    """Pay so many in this process, with nothing left out but wire and broker. Raises StageError."""
    keyring = Keyring(KeyFiles(StateFolder(town.stack.server_dir).keys).master_key().reveal())
    desk = PaymentDesk(
        database=town.database,
        keyring=keyring,
        clock=system_clock,
        settings=DeskSettings(own_hosts=frozenset(), lane="fill"),
    )
    # numbers of sales long ago: those of now are the load's
    ago = payments // len(town.counters) + 1
    sales = Sales(town.counters, town.customers, seconds_ago=ago)
    async with desk:
        for done in range(0, payments, _AT_ONCE * MANY):
            now = min(_AT_ONCE * MANY, payments - done)
            requests = [_request(sale) for sale in sales.take(now)]
            calls = [requests[i : i + MANY] for i in range(0, now, MANY)]
            await asyncio.gather(*(_pay(desk, call) for call in calls))
            await town.database.write(lambda c: c.execute(_ANNOUNCED, {"now": system_clock()}))
            if (done + now) // _TOLD_EVERY > done // _TOLD_EVERY:
                sys.stderr.write(f"  {done + now:,} of {payments:,} entries\n")
    town.paid += payments


_ANNOUNCED: Final = text("UPDATE outbox SET announced_at = :now WHERE announced_at IS NULL")
"""The relay of the server would publish a million messages to counters that nobody has."""


async def _pay(desk: PaymentDesk, requests: Sequence[ManyPayment]) -> None:
    for outcome in await desk.pay_many(requests):
        if isinstance(outcome, Refused):
            raise StageError(f"filling: {outcome.code}")


def _request(sale: Sale) -> ManyPayment:
    legs = tuple(LegRequest(ServiceId(service), Yen(yen)) for service, yen in LEGS)
    amount = Yen(sum(leg.amount for leg in legs))
    return ManyPayment(UserId(sale.user_id), new_public_id(), sale.qr, amount, legs)
