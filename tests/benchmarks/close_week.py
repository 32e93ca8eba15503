"""``close_week``: closing a week of a big campaign, against a plain GROUP BY over all of it.

Each week is closed for real, in a copy of the books, by the code that servers run: measured, lanes
held, cut, sums written, heads signed, committed. Afterwards the audit of closes holds them, and
what the database says of updates is looked at: no row of any book was written again.
"""

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

import psycopg
from sqlalchemy import Connection, text

from protos.units import Micros
from server.checkpoints import Checkpoint
from server.db import Database, migrate, open_database
from server.db.schema.base import Access, metadata
from server.db.streams import long_snapshot
from server.ledger import HeadKey, process_clock
from server.settlement.closes import CloseDesk, verify_closes
from tests.benchmarks.big_books import DATABASE, SHOPS, big_postgres, big_sqlite
from tests.benchmarks.machine import describe
from tests.benchmarks.results import Row
from tests.support.books import VOUCHER, moment
from tests.support.postgres import APPLICATION

NAME: Final = "close_week"
NAME_SQLITE: Final = "close_week_sqlite"
_COPY: Final = "closing"
_WEEKS: Final = 14
_MOST: Final = 0.3
_LONG_AFTER: Final = moment(2025, 1, 1)
_PLAIN: Final = text("SELECT credit_account, sum(amount) FROM postings GROUP BY 1")
_KEY: Final = HeadKey(bytes(range(32)))
_MAY_CHANGE: Final = frozenset({"lanes", "counters"})
"""Floors and the head of the closes' lane; numbers of lanes and signed heads."""


def measure() -> list[Row]:
    """PostgreSQL."""
    with big_postgres() as server:
        server.create(_COPY, template=DATABASE)
        url, owner = server.url(_COPY, APPLICATION), server.url(_COPY, server.superuser)
        before = _updates(owner)
        row = _measure(NAME, url)
        after = _updates(owner)
        _only_floors({table for table, count in after.items() if count != before.get(table, 0)})
        return [row]


def measure_sqlite() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="choba-closing-") as folder:
        path = Path(folder) / "books.db"
        shutil.copy(big_sqlite(), path)
        migrate(f"sqlite:///{path}")  # books that were kept from an older run
        return [_measure(NAME_SQLITE, f"sqlite:///{path}", _watched)]


@dataclass
class _Held:
    """How long the lanes were held, in seconds: payments wait so long."""

    seconds: list[float]
    since: float = 0.0

    def __call__(self, name: Checkpoint) -> None:
        if name is Checkpoint.CLOSE_AFTER_LOCK:
            self.since = time.perf_counter()
        if name is Checkpoint.CLOSE_AFTER_COMMIT:
            self.seconds.append(time.perf_counter() - self.since)


def _measure(name: str, url: str, watch: Callable[[Database], set[str]] | None = None) -> Row:
    held = _Held([])
    database = open_database(url)
    try:
        touched = None if watch is None else watch(database)
        desk = CloseDesk(database, process_clock(lambda: Micros(_LONG_AFTER)), _KEY, held)
        pairs = []
        for week in range(1, _WEEKS + 1):
            plain = database.read_now(_plain)
            began = time.perf_counter()
            desk.close(VOUCHER, week, by="bench", why="close_week")
            pairs.append((time.perf_counter() - began, plain))
        if touched is not None:
            _only_floors(touched)
        findings = database.read_now(_verified)
        if findings:
            raise RuntimeError(f"the closes do not hold: {findings[:3]}")
        entries, postings, of_a_week = database.read_now(_counts)
    finally:
        database.close_now()
    whole = pairs[1:-1]  # the first and the last week are short
    return Row(
        name,
        median(close for close, _ in whole),
        "s",
        median(plain for _, plain in whole),
        median(close / plain for close, plain in whole),
        f"{entries:,} entries, {postings:,} postings, {SHOPS:,} shops at most, "
        f"{of_a_week:,} transactions in a whole week; a week closed and committed, heads signed, "
        "against SELECT credit_account, sum(amount) FROM postings GROUP BY 1 just before; median "
        f"of {len(whole)} weeks; lanes held {1000 * median(held.seconds):.0f} ms, at most "
        f"{1000 * max(held.seconds):.0f} ms; {describe()}",
        most=_MOST,
    )


def _plain(connection: Connection) -> float:
    long_snapshot(connection)
    began = time.perf_counter()
    connection.execute(_PLAIN).all()
    return time.perf_counter() - began


def _verified(connection: Connection) -> list[str]:
    long_snapshot(connection)
    return verify_closes(connection)


def _counts(connection: Connection) -> tuple[int, int, int]:
    long_snapshot(connection)
    entries, postings = (
        connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
        for table in ("entries", "postings")
    )
    week = text(
        "SELECT coalesce(sum(used_count + cancelled_count), 0) FROM close_shops s "
        "JOIN closes c ON c.close_id = s.close_id WHERE c.number = 7"
    )
    return entries, postings, int(connection.execute(week).scalar_one())


def _watched(database: Database) -> set[str]:
    """Tables of which SQLite changes or deletes rows from now on."""
    touched: set[str] = set()

    def look(statement: str) -> None:
        words = statement.split(maxsplit=2)
        if words and words[0].upper() == "UPDATE":
            touched.add(words[1])
        if words and words[0].upper() in {"DELETE", "REPLACE"}:
            touched.add(statement)

    def watch(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        driver.set_trace_callback(look)

    database.write_now(watch)
    return touched


def _updates(url: str) -> dict[str, int]:
    """Rows that PostgreSQL has updated or deleted, by table."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_stat_force_next_flush()")
        rows = connection.execute(
            "SELECT relname, n_tup_upd + n_tup_del FROM pg_stat_user_tables"
        ).fetchall()
    return {str(table): int(count) for table, count in rows}


def _only_floors(touched: set[str]) -> None:
    books = {t.name for t in metadata.sorted_tables if t.info["access"] is Access.BOOK}
    if touched - _MAY_CHANGE or touched & books:
        raise RuntimeError(f"a close wrote rows again of {sorted(touched)}")
    if "lanes" not in touched:
        raise RuntimeError("nothing raised the lanes' floors")
