"""What every payment figure is measured on: a real server with its broker, a city in its books."""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from server.db import Database, migrate
from server.demo.town import VOUCHER
from tests.benchmarks.books import audited, books_of, wait_until_announced
from tests.benchmarks.clients import Clients, clients
from tests.benchmarks.counts import CUSTOMERS, SHOPS, WARM_UP
from tests.benchmarks.load import Outcome
from tests.benchmarks.machine import Others, cpu_seconds
from tests.benchmarks.pgbench import Pgbench
from tests.benchmarks.plan import Load
from tests.benchmarks.town import (
    Lots,
    open_sessions,
    open_shops,
    settle_customers,
    wallet_backend_token,
)
from tests.support.postgres import APPLICATION, MIGRATOR
from tools.harness.process import StageError
from tools.harness.stack import Plan, Ports, Stack, free_port

LEGS: Final = [(str(VOUCHER), 100)]
"""One leg, as TPC-B moves one amount."""
LOTS: Final = Lots(voucher=(1_000_000,), points=())
_US_PER_S: Final = 1_000_000
WHAT_IS_COUNTED: Final = (
    "every payment counted has its double entry, idempotency key, transaction and outbox row in "
    "the books, committed durably before its answer, and was announced over mosquitto"
)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of payments; cores that others used meanwhile; the server's own CPU for one payment,
    which a busy machine raises less than it lowers the rate; seconds to announce the rest."""

    outcome: Outcome
    others: float
    cpu_us: float
    drained: float

    def __str__(self) -> str:
        o = self.outcome
        return (
            f"{o.per_second:,.0f}/s (p50 {o.p50_ms:.1f}, p99 {o.p99_ms:.1f} ms, server's CPU "
            f"{self.cpu_us:,.0f} us a payment, others {self.others:.2f} cores, "
            f"outbox empty {self.drained:.1f} s later)"
        )


@dataclass
class Stage:
    """A running server. ``postgres`` None: its books are SQLite's."""

    stack: Stack
    database: Database
    postgres: Pgbench | None
    counters: list[tuple[int, str]]
    customers: list[tuple[str, str]]
    operator_token: str
    paid: int = 0
    """Answered so far."""
    _plans: Iterator[int] = field(default_factory=itertools.count)

    @property
    def pids(self) -> tuple[int, ...]:
        """Of the server, which has the broker as its child, and of PostgreSQL."""
        assert self.stack.server is not None
        own = (self.stack.server.pid,)
        return own if self.postgres is None else (*own, self.postgres.pid)

    @contextmanager
    def clients(
        self,
        count: int,
        way: str = "unary",
        counters: Sequence[tuple[int, str]] | None = None,
        customers: Sequence[tuple[str, str]] | None = None,
    ) -> Iterator[Clients]:
        """A load generator, warmed up; of all counters and customers unless told."""
        load = Load(
            host="127.0.0.1",
            port=self.stack.plan.ports.public,
            ca_pem=(self.stack.server_dir / "keys" / "ca.pem").read_text("utf-8"),
            way=way,
            clients=count,
            legs=LEGS,
            counters=list(counters or self.counters),
            customers=list(customers or self.customers),
            operator_token=self.operator_token,
        )
        with clients(load, self.stack.plan.folder / f"load-{next(self._plans)}.json") as child:
            self.pay(child, WARM_UP)
            yield child

    def pay(self, child: Clients, count: int) -> Run:
        """One run; its calls made and the outbox empty before its clock starts.

        Raises StageError when one payment was refused.
        """
        child.prepare(count)
        wait_until_announced(self.database)
        if self.postgres is not None:
            self.postgres.checkpoint()
        others = Others((*self.pids, child.pid))
        others.start()
        before = cpu_seconds(self.pids[0])
        outcome = child.pay()
        own = (cpu_seconds(self.pids[0]) - before) / count * _US_PER_S
        share = others.share()
        if outcome.refused or outcome.paid != count:
            raise StageError(f"payments: {outcome.paid} of {count}, refused: {outcome.refused}")
        self.paid += count
        return Run(outcome, share, own, wait_until_announced(self.database))

    def audited(self) -> str:
        """Raises StageError."""
        return audited(self.stack, self.paid, len(LEGS))


@contextmanager
def stage(
    folder: Path, postgres: Pgbench | None, *, customers: int = CUSTOMERS, name: str = "choba"
) -> Iterator[Stage]:
    """``name``: of the folder and of the database in the reference's own PostgreSQL."""
    with ExitStack() as open_now:
        url = "" if postgres is None else _new_database(postgres, name)
        ports = Ports(*(free_port() for _ in range(5)))
        plan = Plan(folder / name, ports=ports, database_url=url)
        stack = open_now.enter_context(Stack(plan))
        stack.start_server()
        stack.load_demo_data()
        database = open_now.enter_context(books_of(stack))
        counters = open_shops(database, stack.server_dir, SHOPS)
        phones = [f"0801{i:07}" for i in range(customers)]
        users = settle_customers(database, phones, LOTS)
        signed_in = open_sessions(database, users)
        if postgres is not None:
            postgres.vacuum(name)
        token = wallet_backend_token(stack.server_dir)
        yield Stage(stack, database, postgres, counters, signed_in, token)


def _new_database(postgres: Pgbench, name: str) -> str:
    """Migrated by its owner; the URL is that of the role that the server connects as."""
    postgres.server.create(name)
    migrate(postgres.server.url(name, MIGRATOR), application_role=APPLICATION)
    return postgres.server.url(name, APPLICATION)
