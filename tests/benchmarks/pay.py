"""Payments beside pgbench's TPC-B in the same run: what a database alone does with as many
clients and three updates, an insert and a select a transaction."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.benchmarks.counts import ALONE, CUSTOMERS, PAYMENTS, ROUNDS, SHOPS
from tests.benchmarks.machine import describe
from tests.benchmarks.pgbench import Rate, described, pgbench
from tests.benchmarks.results import Row, compared
from tests.benchmarks.stage import WHAT_IS_COUNTED, Run, stage
from tests.benchmarks.ways import MANY


@dataclass(frozen=True, slots=True)
class Case:
    """One row."""

    what: str
    on_postgres: bool
    way: str
    clients: int
    payments: int
    reference_clients: int
    least: float
    most_p99: float | None = None
    """99th percentile of the latency to the reference's mean."""


CASES: Final[Mapping[str, Case]] = {
    "pay_unary_postgres": Case(
        "unary Pay, 32 clients, PostgreSQL", True, "unary", 32, PAYMENTS, 32, 1.0, 2.5
    ),
    "pay_many_postgres": Case(
        f"PayMany, {MANY} a call, 3 callers, PostgreSQL", True, "many", 3, PAYMENTS, 32, 3.0
    ),
    "pay_unary_sqlite": Case(
        "unary Pay, 32 clients, SQLite WAL synchronous=FULL", False, "unary", 32, PAYMENTS, 32, 0.8
    ),
    "pay_alone": Case("unary Pay, 1 client, PostgreSQL", True, "unary", 1, ALONE, 1, 0.4),
}


def measure(name: str) -> list[Row]:
    """Rounds of payments and of pgbench in turn. Raises StageError, RuntimeError."""
    case = CASES[name]
    with (
        tempfile.TemporaryDirectory(prefix="choba-bench-") as folder,
        pgbench() as reference,
        stage(Path(folder), reference if case.on_postgres else None) as town,
        town.clients(case.clients, case.way) as clients,
    ):
        rounds = [
            (town.pay(clients, case.payments), reference.run(case.reference_clients))
            for _ in range(ROUNDS)
        ]
        audit = town.audited()
    return _rows(name, case, rounds, audit)


def _rows(name: str, case: Case, rounds: list[tuple[Run, Rate]], audit: str) -> list[Row]:
    each = "; ".join(
        f"{run} to {rate.per_second:,.0f}/s (mean {rate.latency_ms:.1f} ms)" for run, rate in rounds
    )
    conditions = (
        f"{describe()}; {case.what}, a TLS connection each, one generator process on the same "
        f"machine; {CUSTOMERS:,} customers with a lot each, {SHOPS} shops, one leg a payment, "
        f"{case.payments:,} payments a round; {WHAT_IS_COUNTED}; reference: "
        f"{described(case.reference_clients)}; rounds: {each}; audit afterwards: {audit}"
    )
    rates = [(run.outcome.per_second, rate.per_second) for run, rate in rounds]
    rows = [compared(name, "payments/s", rates, conditions, least=case.least)]
    if case.most_p99 is not None:
        times = [(run.outcome.p99_ms, rate.latency_ms) for run, rate in rounds]
        same = f"p99 of {name} to the reference's mean latency, of the same rounds"
        rows.append(compared(f"{name}_p99", "ms", times, same, most=case.most_p99))
    return rows
