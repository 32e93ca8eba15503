"""``pay_unary_sqlite``: 32 clients, one Pay a call, beside pgbench's TPC-B with 32 clients."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import text

from server.db import Database
from server.demo.town import POINTS, VOUCHER
from tests.benchmarks.load import Load, Outcome
from tests.benchmarks.machine import Others, describe
from tests.benchmarks.pgbench import CLIENTS, SCALE, Pgbench, Rate, pgbench
from tests.benchmarks.results import Row, ratio_of
from tests.benchmarks.town import (
    Lots,
    books_of,
    enrol_counters,
    open_sessions,
    private_file,
    settle_customers,
)
from tools.harness.process import StageError
from tools.harness.stack import Plan, Stack

NAME = "pay_unary_sqlite"
ROUNDS = 3
PAYMENTS = 10_000
WARM_UP = 1_000
PGBENCH_S = 10
CUSTOMERS = 1_000
LEGS = [(str(VOUCHER), 1_000), (str(POINTS), 200)]
LOTS = Lots(voucher=(12_000, 600_000), points=(1_000, 100_000))
_DRAIN_S = 120.0


class LoadProcess:
    """The load generator as a child."""

    def __init__(self, plan: Path) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.load", str(plan)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._child.pid
        self._answer()

    def prepare(self, count: int) -> None:
        """Fetch as many tickets."""
        self._ask(f"prepare {count}")

    def pay(self) -> Outcome:
        """Pay with them, and say how it went."""
        return Outcome(**self._ask("pay"))

    def stop(self) -> None:
        """End it."""
        self._child.terminate()
        self._child.wait(10)
        for end in (self._child.stdin, self._child.stdout):
            if end is not None:
                end.close()

    def _ask(self, line: str) -> dict[str, Any]:
        assert self._child.stdin is not None
        self._child.stdin.write(line + "\n")
        self._child.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            raise StageError("load generator: ended; see what it said above")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def loaded_stack(folder: Path) -> Iterator[tuple[Stack, LoadProcess]]:
    """A real server with customers and counters in its books, and clients connected to it."""
    with Stack(Plan(folder)) as stack:
        stack.start_server()
        stack.load_demo_data()
        with books_of(stack.server_dir) as database:
            counters = enrol_counters(database, stack.server_dir)
            phones = [f"0801{i:07}" for i in range(CUSTOMERS)]
            tokens = open_sessions(database, settle_customers(database, phones, LOTS))
        load = Load(
            address=f"127.0.0.1:{stack.plan.ports.public}",
            ca_pem=(stack.server_dir / "keys" / "ca.pem").read_text("utf-8"),
            clients=CLIENTS,
            legs=LEGS,
            counters=[(counter.number, counter.qr_key.hex()) for counter in counters],
            tokens=tokens,
        )
        clients = LoadProcess(private_file(folder / "load.json", load.to_json()))
        try:
            yield stack, clients
        finally:
            clients.stop()


def run_payments(stack: Stack, clients: LoadProcess, count: int) -> Outcome:
    """One run, the tickets fetched and the outbox empty before its clock starts."""
    clients.prepare(count)
    with books_of(stack.server_dir) as database:
        wait_until_announced(database)
    return clients.pay()


def wait_until_announced(database: Database) -> float:
    """Until the broker has every announcement; how long that took, seconds."""
    began = time.monotonic()
    while _count(database, "SELECT count(*) FROM outbox WHERE announced_at IS NULL"):
        if time.monotonic() - began > _DRAIN_S:
            raise StageError(f"outbox: not empty after {_DRAIN_S:g} s")
        time.sleep(0.1)
    return time.monotonic() - began


def measure() -> Row:
    """Rounds of payments and of pgbench in turn. Raises StageError, RuntimeError."""
    with (
        tempfile.TemporaryDirectory(prefix="choba-bench-") as name,
        pgbench() as reference,
        loaded_stack(Path(name)) as (stack, clients),
    ):
        assert stack.server is not None
        others = Others((stack.server.pid, clients.pid))
        run_payments(stack, clients, WARM_UP)
        rounds = [_round(stack, clients, reference, others) for _ in range(ROUNDS)]
        audit = audited(stack, WARM_UP + sum(outcome.paid for outcome, _, _, _ in rounds))
    return _row(rounds, audit)


def _count(database: Database, statement: str) -> int:
    return int(database.read_now(lambda c: c.execute(text(statement)).scalar_one()))


_Round = tuple[Outcome, Rate, float, float]
"""What was paid, the reference, cores that others used meanwhile, seconds to announce the rest."""


def _round(stack: Stack, clients: LoadProcess, reference: Pgbench, others: Others) -> _Round:
    clients.prepare(PAYMENTS)
    with books_of(stack.server_dir) as database:
        wait_until_announced(database)
        others.start()
        outcome = clients.pay()
        share = others.share()
        if outcome.refused:
            raise StageError(f"payments: some were refused: {outcome.refused}")
        drained = wait_until_announced(database)
    return outcome, reference.run(PGBENCH_S), share, drained


def audited(stack: Stack, paid: int) -> str:
    """The operator's own audit of the books, and that they hold what was answered: so many
    payments of two legs. Raises StageError."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "server.cli", "audit", "verify"),
            *("--state-dir", str(stack.server_dir)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StageError(f"audit: {done.stdout}{done.stderr}")
    counts = (
        ("payments", "SELECT count(*) FROM payments", paid),
        ("transactions", "SELECT count(*) FROM transactions", paid * 2),
        ("outbox rows", "SELECT count(*) FROM outbox", paid),
    )
    with books_of(stack.server_dir) as database:
        for what, statement, expected in counts:
            found = _count(database, statement)
            if found != expected:
                raise StageError(f"books: {found} {what}, {expected} were answered")
    return " ".join(done.stdout.split())


def _row(rounds: list[_Round], audit: str) -> Row:
    pairs = [(outcome.per_second, rate.per_second) for outcome, rate, _, _ in rounds]
    each = "; ".join(
        f"{o.per_second:,.0f} to {r.per_second:,.0f} (p50 {o.p50_ms:.1f}, p99 {o.p99_ms:.1f} ms; "
        f"pgbench mean {r.latency_ms:.1f} ms; others {share:.2f} cores; "
        f"outbox empty {drained:.1f} s later)"
        for o, r, share, drained in rounds
    )
    conditions = (
        f"{describe()}; {CLIENTS} clients with a TLS connection each in one generator process on "
        f"the same machine, unary Pay, choba-server on SQLite WAL synchronous=FULL; {CUSTOMERS} "
        f"customers, 3 counters, 2 legs a payment (4 lots a customer), {PAYMENTS} payments a "
        f"round, tickets fetched before; every payment with its own key, entry, transactions, "
        f"outbox row, relayed to mosquitto meanwhile; reference: pgbench TPC-B scale {SCALE} "
        f"prepared, {CLIENTS} clients, fsync on, {PGBENCH_S} s; rounds: {each}; "
        f"afterwards counted in the books, audit: {audit}"
    )
    return Row(
        NAME,
        median(value for value, _ in pairs),
        "payments/s",
        median(reference for _, reference in pairs),
        ratio_of(pairs),
        conditions,
    )
