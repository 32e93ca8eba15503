"""``csv_export`` and ``results_shop``: what people read of a big campaign, beside plain reads."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final

import psycopg
from sqlalchemy import Connection, text, union_all

from protos.units import Micros
from server.db import Database, migrate, open_database
from server.db.streams import long_snapshot
from server.directory import ShopId
from server.ledger import process_clock
from server.reports import Scope, Wanted, results, transactions_csv, write_days
from server.reports.rows import parts
from tests.benchmarks.big_books import DATABASE, SHOPS, big_postgres, big_sqlite
from tests.benchmarks.big_town import FIRST_DAY, LAST_DAY
from tests.benchmarks.machine import describe
from tests.benchmarks.results import Row
from tests.support.books import moment
from tests.support.postgres import APPLICATION, MIGRATOR

CSV: Final = "csv_export"
RESULTS: Final = "results_shop"
RESULTS_SQLITE: Final = "results_shop_sqlite"
_ROUNDS: Final = 3
_EXPORTED: Final = 1_000_000
_LONG_AFTER: Final = moment(2025, 1, 1)
_COPY: Final = "reporting"
_MIB: Final = 1 << 20
_MOST_MEMORY: Final = 64
_PLAIN: Final = text("SELECT credit_account, sum(amount) FROM postings GROUP BY 1")
_SHOPS_ASKED: Final = 20


def measure_csv() -> list[Row]:
    """A million transactions as CSV, against a raw COPY of the same rows."""
    with _copied() as database:
        until = database.read_now(_until)
        pairs = [database.read_now(lambda c: _export(c, until)) for _ in range(_ROUNDS)]
    rows, memory = pairs[0][0].rows, max(mine.memory for mine, _ in pairs)
    if memory > _MOST_MEMORY:
        raise RuntimeError(f"csv_export took {memory:.0f} MiB of memory")
    return [
        Row(
            CSV,
            median(mine.per_second for mine, _ in pairs),
            "rows/s",
            median(raw.per_second for _, raw in pairs),
            median(mine.per_second / raw.per_second for mine, raw in pairs),
            f"{rows:,} transactions, oldest first, every cell as in people's sheets; reference: "
            "the same rows' own columns by COPY, unsorted and unnamed, read by the same driver; "
            f"median of {_ROUNDS}; at most {memory:.0f} MiB more memory than before; {describe()}",
            least=0.6,
        )
    ]


def measure_results() -> list[Row]:
    """Daily and monthly results of one shop, against a plain scan of all postings."""
    with _copied() as database:
        return [_results_row(RESULTS, database)]


def measure_results_sqlite() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="choba-reporting-") as folder:
        path = Path(folder) / "books.db"
        shutil.copy(big_sqlite(), path)
        migrate(f"sqlite:///{path}")
        database = open_database(f"sqlite:///{path}")
        try:
            return [_results_row(RESULTS_SQLITE, database)]
        finally:
            database.close_now()


@contextmanager
def _copied() -> Iterator[Database]:
    with big_postgres() as server:
        server.drop(_COPY)  # of an older run, where the books are kept
        server.create(_COPY, template=DATABASE)
        migrate(server.url(_COPY, MIGRATOR), application_role=APPLICATION)
        with psycopg.connect(server.url(_COPY, server.superuser), autocommit=True) as owner:
            owner.execute("VACUUM ANALYZE")
        database = open_database(server.url(_COPY, APPLICATION))
        try:
            yield database
        finally:
            database.close_now()


class _Read:
    """How many rows, how fast, and how much memory it took on top, in MiB."""

    def __init__(self, rows: int, seconds: float, memory: float) -> None:
        self.rows, self.per_second, self.memory = rows, rows / seconds, memory


def _export(connection: Connection, until: Micros) -> tuple[_Read, _Read]:
    long_snapshot(connection)
    wanted = Wanted(until=until)
    raw = _timed(_raw(connection, wanted))
    mine = _timed(transactions_csv(connection, wanted, "OP-0001"), header=1)
    if raw.rows != mine.rows:
        raise RuntimeError(f"csv_export: {mine.rows} rows of {raw.rows}")
    return mine, raw


def _timed(chunks: Iterator[bytes], header: int = 0) -> _Read:
    Path("/proc/self/clear_refs").write_text("5")  # from here on the peak is measured anew
    before = _memory("VmRSS")
    began = time.perf_counter()
    rows = sum(chunk.count(b"\n") for chunk in chunks)
    seconds = time.perf_counter() - began
    return _Read(rows - header, seconds, _memory("VmHWM") - before)


def _raw(connection: Connection, wanted: Wanted) -> Iterator[bytes]:
    rows = union_all(*parts(wanted)).compile(
        dialect=connection.dialect, compile_kwargs={"literal_binds": True}
    )
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY ({rows}) TO STDOUT") as copy:
        for data in copy:
            yield bytes(data)


def _memory(name: str) -> float:
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024 / _MIB


def _until(connection: Connection) -> Micros:
    """Before it lie a million transactions, or all."""
    found = connection.execute(
        text("SELECT paid_at FROM payments ORDER BY paid_at OFFSET :n LIMIT 1"),
        {"n": _EXPORTED - 1},
    ).scalar_one_or_none()
    return Micros(found or _LONG_AFTER)


def _results_row(name: str, database: Database) -> Row:
    began = time.perf_counter()
    days = write_days(database, process_clock(lambda: Micros(_LONG_AFTER)))
    writing = time.perf_counter() - began
    shops = database.read_now(_busy_shops)
    pairs = []
    for shop in shops:
        plain = database.read_now(_plain)
        pairs.append((database.read_now(lambda c, s=shop: _one_shop(c, s)), plain))  # type: ignore[misc]
    return Row(
        name,
        median(mine for mine, _ in pairs),
        "s",
        median(plain for _, plain in pairs),
        median(mine / plain for mine, plain in pairs),
        f"daily and monthly results of one shop, {FIRST_DAY} to {LAST_DAY}, median of {len(pairs)} "
        f"of {SHOPS:,} shops, each against SELECT credit_account, sum(amount) FROM postings GROUP "
        f"BY 1; the sums of {days} days were written before, in {writing:.1f} s; {describe()}",
        most=0.02,
    )


def _one_shop(connection: Connection, shop: ShopId) -> float:
    long_snapshot(connection)
    began = time.perf_counter()
    found = results(connection, FIRST_DAY, LAST_DAY, Scope(shop=shop))
    if not found.daily or not found.monthly:
        raise RuntimeError(f"results_shop: {shop} has none")
    return time.perf_counter() - began


def _plain(connection: Connection) -> float:
    long_snapshot(connection)
    began = time.perf_counter()
    connection.execute(_PLAIN).all()
    return time.perf_counter() - began


def _busy_shops(connection: Connection) -> list[ShopId]:
    rows = connection.execute(
        text("SELECT shop_id FROM payments GROUP BY 1 ORDER BY count(*) DESC LIMIT :n"),
        {"n": _SHOPS_ASKED},
    )
    return [ShopId(shop) for shop in rows.scalars()]
