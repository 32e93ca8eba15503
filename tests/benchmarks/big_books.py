"""Books of a whole campaign: 5 million transactions over 1,000 shops, 14 closes, several lanes.

Real rows under real hashes: ``choba audit verify`` holds them, whatever their size. What is given
out goes through the product's own code, payments and cancels are written in bulk. They are built
once: in the folder ``BENCH_BOOKS``, where they stay, else for as long as this process runs.
Who writes into them takes a copy first: ``server.create("mine", template=DATABASE)``, or a copy of
the file.

python -m tests.benchmarks.big_books      builds both kinds and says how long it took
"""

import atexit
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final, Protocol

import psycopg
from psycopg import sql

from server.db import migrate, open_database
from server.db.revision import NEWEST
from server.db.schema import metadata
from tests.benchmarks.big_days import BigDays, Chance
from tests.benchmarks.big_town import FIRST_DAY, LAST_DAY, SERVICES, hand_out, lay_out
from tests.benchmarks.counts import TRANSACTIONS
from tests.benchmarks.pgbench import SERVER_SETTINGS
from tests.support.postgres import APPLICATION, MIGRATOR, PostgresServer, running_postgres

DATABASE: Final = "books"
SHOPS: Final = 1000
_LAYOUT: Final = 1
"""Raised when other books come out of here: folders of the old kind are built again."""
_SEED: Final = 20240603
_PER_CUSTOMER: Final = 100
"""Transactions of each customer in all weeks."""
_FEWEST_OF_A_SHOP: Final = 20
_MONDAY: Final = 0
_DROPPED: Final = ("entries", "payments", "postings", "sale_outcomes", "transactions")
"""Their indexes are made again at the end: random keys one by one would take the longest."""


class Loader(Protocol):
    """Takes rows into one kind of database."""

    def load(self, days: BigDays) -> None:
        """Empties ``days.rows``."""

    def settle(self, days: BigDays) -> None:
        """Caches and lanes as the rows so far leave them."""

    def finish(self) -> None: ...


@contextmanager
def big_postgres(transactions: int = TRANSACTIONS) -> Iterator[PostgresServer]:
    """A running server with the books in its database ``books``, vacuumed and analysed."""
    folder = _folder(transactions) / "postgres"
    ready = folder / "ready"
    if not ready.exists():
        shutil.rmtree(folder, ignore_errors=True)
        with running_postgres(settings=SERVER_SETTINGS, folder=folder) as server:
            server.create(DATABASE)
            migrate(server.url(DATABASE, MIGRATOR), application_role=APPLICATION)
            build(
                server.url(DATABASE, APPLICATION),
                PostgresLoader(server.url(DATABASE, MIGRATOR)),
                transactions,
            )
            _settle(server)
        ready.touch()
    with running_postgres(settings=SERVER_SETTINGS, folder=folder) as server:
        yield server


def big_sqlite(transactions: int = TRANSACTIONS) -> Path:
    """The file with the books; only to be read."""
    folder = _folder(transactions)
    path = folder / "books.db"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / "partial.db"
        for suffix in ("", "-wal", "-shm"):
            Path(f"{partial}{suffix}").unlink(missing_ok=True)
        migrate(f"sqlite:///{partial}")
        build(f"sqlite:///{partial}", SqliteLoader(partial), transactions)
        partial.rename(path)
    return path


def build(url: str, loader: Loader, transactions: int, *, shops: int = 0) -> None:
    """Fill migrated, empty books. ``url``: as the servers' role."""
    shops = shops or max(4, min(SHOPS, transactions // _FEWEST_OF_A_SHOP))
    database = open_database(url)
    try:
        town = lay_out(database, shops, max(20, transactions // _PER_CUSTOMER))
        days = BigDays(town, Chance(_SEED))
        day = FIRST_DAY
        while day <= LAST_DAY:
            if day.weekday() == _MONDAY:
                loader.settle(days)
                hand_out(database, town, day)
            left = (LAST_DAY - day).days + 1
            days.play(day, (transactions - days.transactions) // left)
            loader.load(days)
            day += timedelta(days=1)
            _say(f"{date.isoformat(day)}: {days.transactions:,} transactions")
        loader.settle(days)
        loader.finish()
    finally:
        database.close_now()


class SqliteLoader:
    """Into a file that nobody else has open but the product's own writer, which waits."""

    def __init__(self, path: Path) -> None:
        self._file = sqlite3.connect(path, isolation_level=None)
        for pragma in ("synchronous = OFF", "cache_size = -1500000", "temp_store = MEMORY"):
            self._file.execute(f"PRAGMA {pragma}")

    def load(self, days: BigDays) -> None:
        self._file.execute("BEGIN IMMEDIATE")
        for table, rows in days.rows.items():
            marks = ",".join("?" * len(metadata.tables[table].columns))
            self._file.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
            rows.clear()
        self._file.execute("COMMIT")

    def settle(self, days: BigDays) -> None:
        self._file.execute("BEGIN IMMEDIATE")
        for table, key, changed, rows in _caches(days):
            values = ", ".join(f"{name} = ?{n + 2}" for n, name in enumerate(changed))
            self._file.executemany(f"UPDATE {table} SET {values} WHERE {key} = ?1", rows)
        self._file.execute("COMMIT")

    def finish(self) -> None:
        self._file.execute("ANALYZE")
        self._file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._file.close()


class PostgresLoader:
    """As the owner of the tables, who may drop indexes; the rows are the same."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url)
        self._connection.execute("SET maintenance_work_mem = '1GB'")
        self._made_again = self._drop()
        self._connection.commit()

    def _drop(self) -> list[str]:
        found = self._connection.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) "
            "FROM pg_constraint WHERE contype IN ('p', 'u') AND conrelid::regclass::text = ANY(%s)",
            (list(_DROPPED),),
        ).fetchall()
        again = [f"ALTER TABLE {t} ADD CONSTRAINT {name} {made}" for t, name, made in found]
        for table, name, _ in found:
            self._run(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        indexes = self._connection.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s)",
            (list(_DROPPED),),
        ).fetchall()
        for name, _ in indexes:
            self._run(f"DROP INDEX {name}")
        return [*again, *(made for _, made in indexes)]

    def load(self, days: BigDays) -> None:
        for table, rows in days.rows.items():
            self._copy(table, rows)
            rows.clear()
        self._connection.commit()

    def settle(self, days: BigDays) -> None:
        for table, key, changed, rows in _caches(days):
            columns = f"{key}, {', '.join(changed)}"
            self._run(
                f"CREATE TEMP TABLE new_{table} ON COMMIT DROP AS "
                f"SELECT {columns} FROM {table} LIMIT 0"
            )
            self._copy(f"new_{table}", rows)
            values = ", ".join(f"{name} = n.{name}" for name in changed)
            self._run(f"UPDATE {table} t SET {values} FROM new_{table} n WHERE t.{key} = n.{key}")
        self._connection.commit()

    def finish(self) -> None:
        for statement in self._made_again:
            self._run(statement)
        self._connection.commit()
        self._connection.close()

    def _copy(self, table: str, rows: list[tuple[Any, ...]]) -> None:
        statement = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
        with self._connection.cursor().copy(statement) as copy:
            for row in rows:
                copy.write_row(row)

    def _run(self, statement: str) -> None:
        self._connection.execute(statement.encode())


def _caches(days: BigDays) -> Iterator[tuple[str, str, tuple[str, ...], list[tuple[Any, ...]]]]:
    """Table, key, changed columns, and rows of key and new values."""
    wallets, lots = [], []
    for customer in days.touched.values():
        for service in range(len(SERVICES)):
            mine = customer.lots[service]
            if not mine:
                continue
            wallets.append((mine[0].account, sum(lot.left for lot in mine)))
            lots += [(lot.lot_id, lot.left) for lot in mine if lot.touched]
            for lot in mine:
                lot.touched = False
    days.touched.clear()
    ends = [(e.lane, e.position, e.instant, e.head) for e in days.ends.values()]
    yield "wallets", "account_id", ("balance",), wallets
    yield "lot_balances", "lot_id", ("remaining",), lots
    yield "lanes", "lane_id", ("position", "last_instant", "head"), ends
    yield "streams", "stream_id", ("last_sequence",), list(days.sequences.items())


def _folder(transactions: int) -> Path:
    kept = os.environ.get("BENCH_BOOKS")
    base = Path(kept) if kept else _for_this_run()
    base.mkdir(parents=True, exist_ok=True)
    return base / f"{transactions}-{NEWEST}-{_LAYOUT}"


_here: list[Path] = []


def _for_this_run() -> Path:
    """Of this process, gone with it; PostgreSQL's own user has to reach it."""
    if not _here:
        _here.append(Path(tempfile.mkdtemp(prefix="choba-big-books-")))
        _here[0].chmod(0o755)
        atexit.register(shutil.rmtree, _here[0], ignore_errors=True)
    return _here[0]


def _settle(server: PostgresServer) -> None:
    with psycopg.connect(server.url(DATABASE, server.superuser), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def _say(line: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\rbuilding the books: {line} ")


def _timed(what: str, work: Callable[[], object]) -> None:
    began = time.monotonic()
    work()
    sys.stdout.write(f"\n{what}: {time.monotonic() - began:.0f} s\n")


def _both() -> None:
    def postgres() -> None:
        with big_postgres():
            pass

    _timed("PostgreSQL", postgres)
    _timed("SQLite", big_sqlite)


if __name__ == "__main__":
    _both()
