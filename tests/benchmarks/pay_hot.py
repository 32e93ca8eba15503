"""``pay_hot``: everybody at one shop's one counter with ten wallets, beside the spread load."""

import tempfile
from pathlib import Path

from tests.benchmarks.counts import PAYMENTS, ROUNDS
from tests.benchmarks.machine import describe
from tests.benchmarks.pgbench import pgbench
from tests.benchmarks.results import Row, compared
from tests.benchmarks.stage import WHAT_IS_COUNTED, stage

NAME = "pay_hot"
CLIENTS = 32
WALLETS = 10
_LEAST = 0.95


def measure() -> list[Row]:
    """Rounds of the spread and of the hot load in turn. Raises StageError, RuntimeError."""
    with (
        tempfile.TemporaryDirectory(prefix="choba-bench-") as folder,
        pgbench() as postgres,
        stage(Path(folder), postgres) as town,
        town.clients(
            CLIENTS, counters=town.counters[1:], customers=town.customers[WALLETS:]
        ) as far,
        town.clients(
            CLIENTS, counters=town.counters[:1], customers=town.customers[:WALLETS]
        ) as hot,
    ):
        rounds = [(town.pay(far, PAYMENTS), town.pay(hot, PAYMENTS)) for _ in range(ROUNDS)]
        audit = town.audited()
    each = "; ".join(f"{near} to {spread}" for spread, near in rounds)
    conditions = (
        f"{describe()}; unary Pay, {CLIENTS} clients, PostgreSQL, one counter and {WALLETS} "
        f"wallets; reference: the same over {len(town.counters) - 1} counters and "
        f"{len(town.customers) - WALLETS:,} wallets on the same server; {PAYMENTS:,} payments a "
        f"round; {WHAT_IS_COUNTED}; rounds: {each}; audit afterwards: {audit}"
    )
    pairs = [(near.outcome.per_second, spread.outcome.per_second) for spread, near in rounds]
    return [compared(NAME, "payments/s", pairs, conditions, least=_LEAST)]
