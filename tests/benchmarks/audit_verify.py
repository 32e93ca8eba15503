"""``audit_verify``: the whole of ``choba audit verify`` against a plain read of all postings.

The plain read fetches every column of every posting through the product's own driver and stream
(``stream_rows``), in one process, and does nothing with them. The audit is the command's own
function, with its second process, in a process of its own; the start of Python is not counted,
the fork and the connections are.

Memory is the peak of ``choba audit verify`` as a process of its own, over a tenth of the books and
over all of them: the same means that it does not grow with the entries.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

import psycopg
from sqlalchemy import Connection, select, text

from protos.units import SaleNumber, TerminalNumber, Yen
from server.campaigns import Grant, grant_all
from server.cli.books import all_findings, two_processes
from server.db import migrate, new_public_id, open_database
from server.db.schema import ledger as t
from server.db.streams import stream_rows
from server.directory import User, create_user
from server.ledger import Operation, Poster, no_progress, open_lane, process_clock
from server.payments.commands import PayCommand, new_payment_ids
from server.payments.rules import Committed
from server.payments.store import PayRules
from server.payments.types import AgainOnStand, LegRequest, SaleKind
from tests.benchmarks.counts import AUDIT_ENTRIES
from tests.benchmarks.machine import describe
from tests.benchmarks.pgbench import SERVER_SETTINGS
from tests.benchmarks.results import Row
from tests.support.books import END_OF_AUGUST, NOON, POINTS, VOUCHER, Town, build_town, moment
from tests.support.cancels import at
from tests.support.closes import close_desk
from tests.support.postgres import APPLICATION, MIGRATOR, running_postgres

NAME: Final = "audit_verify"
NAME_SQLITE: Final = "audit_verify_sqlite"
CUSTOMERS: Final = 500
_BATCH: Final = 500
_PLENTY: Final = Yen(10_000_000)
_ROUNDS: Final = 3
_MOST: Final = 5.0


def measure() -> list[Row]:
    """PostgreSQL."""
    with running_postgres(settings=SERVER_SETTINGS) as server:
        server.create("audit")
        migrate(server.url("audit", MIGRATOR), application_role=APPLICATION)

        def settle() -> None:
            url = server.url("audit", server.superuser)
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("VACUUM ANALYZE")

        return [_measure(NAME, server.url("audit", APPLICATION), settle)]


def measure_sqlite() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="choba-audit-") as folder:
        url = f"sqlite:///{Path(folder) / 'books.db'}"
        migrate(url)
        return [_measure(NAME_SQLITE, url, lambda: None)]


def _measure(name: str, url: str, settle: Callable[[], None]) -> Row:
    database = open_database(url)
    try:
        payer = _Payer(build_town(database))
        payer.pay(AUDIT_ENTRIES // 10)
        settle()
        tenth = _peak_mib(url)
        payer.pay(AUDIT_ENTRIES - AUDIT_ENTRIES // 10)
        payer.close_the_week()
        settle()
        whole = _peak_mib(url)
        rounds = [
            (*(database.read_now(timed) for timed in (_plain, _through_sqlalchemy)), _audit(url))
            for _ in range(_ROUNDS)
        ]
        postings, entries = database.read_now(_counts)
    finally:
        database.close_now()
    plain, alchemy, audit = (median(column) for column in zip(*rounds, strict=True))
    return Row(
        name,
        audit,
        "s",
        plain,
        median(spent / read for read, _, spent in rounds),
        f"{entries:,} entries, {postings:,} postings, {CUSTOMERS} customers, a close of both "
        "services; the whole audit of the command (ledger, payments, cancels, grants, campaigns, "
        f"lapses, closes, payouts) against reading all postings into Python with the "
        "driver; through SQLAlchemy that read takes "
        f"{alchemy:.2f} s, {median(spent / read for _, read, spent in rounds):.2f}; "
        f"peak memory of choba audit verify {tenth:.0f} MiB over a tenth of the books, "
        f"{whole:.0f} MiB over all; median of {_ROUNDS} rounds; {describe()}",
        most=_MOST,
    )


class _Payer:
    """Real payments through the real rules, in batches."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._chance = random.Random(20240605)
        self._sale = 1000
        self._users = town.database.write_now(_customers)
        grant_all(town.database, list(_grants(self._users)), process_clock(town.clock))
        kind = town.database.kind
        lane = town.database.write_now(lambda c: open_lane(c, "payments"))
        rules = PayRules(kind, stand_repeat=0)
        self._poster = Poster(kind, rules, lane, process_clock(town.clock))

    def pay(self, count: int) -> None:
        for start in range(0, count, _BATCH):
            commands = [self._command() for _ in range(min(_BATCH, count - start))]
            post = partial(self._poster.post, commands=commands)
            for answer in self._town.database.write_now(post):
                if not isinstance(answer, Committed):
                    raise RuntimeError(f"a payment of the benchmark was refused: {answer}")
            self._town.clock.forward(1)

    def close_the_week(self) -> None:
        at(self._town, moment(2024, 6, 14, 12))
        for service in (VOUCHER, POINTS):
            close_desk(self._town).close_due(service, by="係", why="締め")

    def _command(self) -> PayCommand:
        self._sale += 1
        user = self._chance.choice(self._users)
        legs = [LegRequest(VOUCHER, Yen(self._chance.randint(1, 50)))]
        if self._chance.random() < 0.5:
            legs.append(LegRequest(POINTS, Yen(self._chance.randint(1, 50))))
        payment_id, transaction_ids = new_payment_ids(len(legs))
        terminal = TerminalNumber(self._town.matsuya)
        return PayCommand(
            user_id=user.user_id,
            owner=user.owner,
            idempotency_key=new_public_id(),
            kind=SaleKind.DYNAMIC,
            terminal=terminal,
            sale=SaleNumber(self._sale),
            amount=Yen(sum(leg.amount for leg in legs)),
            legs=tuple(legs),
            again=AgainOnStand.NOT_SAID,
            announced_to=terminal,
            deadline=END_OF_AUGUST,
            payment_id=payment_id,
            transaction_ids=transaction_ids,
            request_hash=self._chance.randbytes(32),
        )


def _customers(connection: Connection) -> list[User]:
    return [
        create_user(connection, display_name=f"客{n}", phone=f"080{n:08}", at=NOON)
        for n in range(CUSTOMERS)
    ]


def _grants(users: list[User]) -> Iterator[Grant]:
    for user in users:
        for service in (VOUCHER, POINTS):
            yield Grant(
                idempotency_key=new_public_id(),
                operation=Operation.GRANT,
                user_id=user.user_id,
                owner=user.owner,
                service_id=service,
                amount=_PLENTY,
                price=Yen(0),
                expires_at=END_OF_AUGUST,
            )


def _plain(connection: Connection) -> float:
    with _timer() as seconds:
        for _ in stream_rows(connection, select(t.postings)):
            pass
    return seconds()


def _through_sqlalchemy(connection: Connection) -> float:
    with _timer() as seconds:
        for _ in connection.execute(select(t.postings).execution_options(yield_per=4000)):
            pass
    return seconds()


def _audit(url: str) -> float:
    """In a process without threads, as the command is: it forks."""
    command = [sys.executable, "-m", __name__, url]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def time_audit(url: str) -> float:
    """Seconds of ``choba audit verify`` once Python has started."""
    with _timer() as seconds:
        both = two_processes(url, no_progress)
        database = open_database(url, readers=1, writers=1)
        try:
            _, found = database.read_now(lambda c: all_findings(c, no_progress, {}, both))
        finally:
            database.close_now()
            if both is not None:
                both.end()
    if found:
        raise RuntimeError(f"the audit found {found[:3]}")
    return seconds()


@contextmanager
def _timer() -> Iterator[Callable[[], float]]:
    began = time.perf_counter()
    ended: list[float] = []
    yield lambda: ended[0]
    ended.append(time.perf_counter() - began)


def _counts(connection: Connection) -> tuple[int, int]:
    return tuple(
        connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
        for table in ("postings", "entries")
    )


def _peak_mib(url: str) -> float:
    """Peak resident memory of the command in a process of its own."""
    command = [sys.executable, "-m", "server.cli", "audit", "verify", "--database", url]
    child = os.posix_spawn(command[0], command, dict(os.environ))
    _, status, usage = os.wait4(child, 0)
    if status:
        raise RuntimeError(f"choba audit verify ended with status {status}")
    return usage.ru_maxrss / 1024


if __name__ == "__main__":
    sys.stdout.write(f"{time_audit(sys.argv[1])}\n")
