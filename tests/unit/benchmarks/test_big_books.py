"""The big books, small: they hold, they are whole, and both kinds have the same rows."""

from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from server.cli.books import audit_verify
from server.db import Database, open_database
from tests.benchmarks.big_books import Loader, PostgresLoader, SqliteLoader, build
from tests.support.postgres import MIGRATOR, PostgresServer

TRANSACTIONS = 3000
_SAME = (
    "SELECT count(*), sum(amount), min(paid_at), max(paid_at) FROM payments",
    "SELECT service_id, count(*), sum(amount), sum(before_value) FROM transactions "
    "GROUP BY service_id ORDER BY service_id",
    "SELECT count(*), sum(amount), sum(after_value) FROM cancel_slips",
    "SELECT lane_id, position, last_instant FROM lanes ORDER BY lane_id",
)


def rows_of(database: Database) -> list[list[tuple[object, ...]]]:
    def work(connection: Connection) -> list[list[tuple[object, ...]]]:
        assert audit_verify(connection) == 0
        return [[tuple(map(str, r)) for r in connection.execute(text(s))] for s in _SAME]

    return database.read_now(work)


def built(url: str, loader: Loader) -> list[list[tuple[object, ...]]]:
    build(url, loader, TRANSACTIONS, shops=8)
    database = open_database(url)
    try:
        return rows_of(database)
    finally:
        database.close_now()


@pytest.mark.postgres
def test_the_books_hold_and_are_the_same_on_both_databases(
    sqlite_url: str, postgres: PostgresServer, postgres_name: str
) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    sqlite = built(sqlite_url, SqliteLoader(path))
    owner = postgres.url(postgres_name, MIGRATOR)
    postgresql = built(postgres.url(postgres_name, "choba_app"), PostgresLoader(owner))
    assert sqlite == postgresql
    (payments,), legs, (cancels,), lanes = sqlite
    assert abs(sum(int(str(leg[1])) for leg in legs) - TRANSACTIONS) < TRANSACTIONS / 100
    assert int(str(payments[0])) < TRANSACTIONS
    assert int(str(cancels[0])) > 0
    assert len([lane for lane in lanes if lane[1] != "0"]) == 6
