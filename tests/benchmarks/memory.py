"""``server_memory``: what the server holds after a long load, beside what it held when warm."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression

from tests.benchmarks.counts import MEMORY_S, PAYMENTS
from tests.benchmarks.machine import describe, resident_mib
from tests.benchmarks.pgbench import pgbench
from tests.benchmarks.results import Row
from tests.benchmarks.stage import WHAT_IS_COUNTED, Stage, stage

NAME = "server_memory"
CLIENTS = 32
_MOST = 1.1
_PER = 100_000


@dataclass(frozen=True, slots=True)
class Sample:
    """After a run, all announced: payments so far, memory of the server's process in MiB."""

    paid: int
    mib: float


def measure() -> list[Row]:
    """One load for as long as ``MEMORY_S`` says. Raises StageError, RuntimeError."""
    with (
        tempfile.TemporaryDirectory(prefix="choba-bench-") as folder,
        pgbench() as postgres,
        stage(Path(folder), postgres) as town,
    ):
        samples, seconds = _load(town)
        audit = town.audited()
    per_payment, _ = linear_regression([s.paid for s in samples], [s.mib for s in samples])
    each = ", ".join(f"{s.mib:.0f} MiB at {s.paid:,}" for s in samples)
    first, last = samples[0], samples[-1]
    conditions = (
        f"{describe()}; choba-server's own process (RSS, without mosquitto and PostgreSQL), unary "
        f"Pay, {CLIENTS} clients, for {seconds:,.0f} s with {last.paid:,} payments; reference: "
        f"after the first {first.paid:,}, when its memories of customers and sessions have filled; "
        f"slope {per_payment * _PER:+.2f} MiB per {_PER:,} payments; {WHAT_IS_COUNTED}; {each}; "
        f"audit afterwards: {audit}"
    )
    return [Row(NAME, last.mib, "MiB", first.mib, last.mib / first.mib, conditions, most=_MOST)]


def _load(town: Stage) -> tuple[list[Sample], float]:
    """Samples, the first after every customer has paid once; how long it took."""
    assert town.stack.server is not None
    pid = town.stack.server.pid
    samples = []
    with town.clients(CLIENTS) as clients:
        began = time.monotonic()
        town.pay(clients, max(PAYMENTS, len(town.customers)))
        samples.append(Sample(town.paid, resident_mib(pid)))
        while len(samples) < 2 or time.monotonic() - began < MEMORY_S:
            town.pay(clients, PAYMENTS)
            samples.append(Sample(town.paid, resident_mib(pid)))
        return samples, time.monotonic() - began
