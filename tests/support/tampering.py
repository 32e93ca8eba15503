"""What somebody with all rights over the database can do to it, and take back again."""

import asyncio
import shutil
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import assume
from hypothesis import strategies as st
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Table,
    create_engine,
    delete,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from server.db.schema import ledger, payments
from server.db.schema.base import Access, metadata
from server.ledger import verify_ledger
from server.payments import verify_payments
from tests.conftest import _copy, _opened
from tests.support.books import Town
from tests.support.postgres import PostgresServer

BOOKS: list[Table] = [
    table
    for table in metadata.sorted_tables
    if table.info["access"] is Access.BOOK
    and any(table is value for room in (ledger, payments) for value in vars(room).values())
]
Columns = list[tuple[Table, Column[Any]]]
COLUMNS: Columns = [(t, c) for t in BOOKS for c in t.columns]


@dataclass(frozen=True)
class Intruder:
    """All rights over one database; whatever is changed is rolled back in the end."""

    engine: Engine

    @contextmanager
    def at_work(self) -> Iterator[Connection]:
        """Triggers and checks are off inside."""
        with self.engine.connect() as connection:
            sqlite = connection.dialect.name == "sqlite"
            if sqlite:
                driver: Any = connection.connection.driver_connection
                driver.isolation_level = None
                for pragma in ("ignore_check_constraints=ON", "recursive_triggers=OFF"):
                    connection.exec_driver_sql(f"PRAGMA {pragma}")
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                _drop_triggers(connection)
            else:
                connection.execute(text("SET LOCAL session_replication_role = replica"))
                _drop_checks(connection)
            try:
                yield connection
            finally:
                if sqlite:
                    connection.exec_driver_sql("ROLLBACK")
                connection.rollback()


def intruder(url: str) -> Intruder:
    return Intruder(
        create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool)
    )


def scene(
    request: pytest.FixtureRequest,
    folders: pytest.TempPathFactory,
    live: Callable[[Town], Coroutine[Any, Any, None]],
) -> Intruder:
    """A town of its own after ``live``, on the database that the fixture's parameter names."""
    if request.param == "sqlite":
        template, town = request.getfixturevalue("sqlite_town_template")
        path = folders.mktemp("crime") / "town.db"
        shutil.copy(template, path)
        url = owner = f"sqlite:///{path}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        town = request.getfixturevalue("postgres_town_template")
        name = _copy(server, "choba_town")
        url, owner = server.url(name, "choba_app"), server.url(name, server.superuser)
    for database in _opened(url):
        asyncio.run(live(town.moved_to(database)))
    return intruder(owner)


def findings(connection: Connection) -> list[str]:
    """What the audit says, in this very transaction."""
    return [*verify_ledger(connection).findings, *verify_payments(connection)]


def rows_of(connection: Connection, table: Table) -> list[Any]:
    return list(connection.execute(select(table).order_by(*table.primary_key.columns)))


def change(connection: Connection, table: Table, row: Any, column: Column[Any], value: Any) -> None:
    connection.execute(update(table).where(_is(table, row)).values({column.name: value}))


def remove(connection: Connection, table: Table, row: Any) -> None:
    connection.execute(delete(table).where(_is(table, row)))


Look = Callable[[Connection], list[str]]
"""What an audit says."""


def after_change(
    connection: Connection, table: Table, row: Any, column: Column[Any], value: Any, look: Look
) -> list[str] | None:
    """What ``look`` finds after that one change, which is undone; None: a neighbour has this key
    already, or the column can't hold it."""
    with connection.begin_nested() as crime:
        try:
            change(connection, table, row, column, value)
        except DBAPIError:
            crime.rollback()
            return None
        found = look(connection)
        crime.rollback()
    return found


def after_removal(connection: Connection, table: Table, row: Any, look: Look) -> list[str]:
    """What ``look`` finds without that row, which is put back."""
    with connection.begin_nested() as crime:
        remove(connection, table, row)
        found = look(connection)
        crime.rollback()
    return found


def some_bit(crime: Intruder, data: st.DataObject, columns: Columns, look: Look) -> None:
    """Any bit of any row of these columns is found."""
    table, column = data.draw(st.sampled_from(columns))
    with crime.at_work() as connection:
        row = data.draw(st.sampled_from(rows_of(connection, table)))
        value = changed(row._mapping[column.name], lambda n: data.draw(st.integers(0, n - 1)))
        found = after_change(connection, table, row, column, value, look)
        assume(found is not None)
        assert found, (table.name, column.name, row, value)


def changed(value: Any, turn: Callable[[int], int]) -> Any:
    """The same value with one letter, byte or bit of it turned."""
    if value is None:
        return 1
    if isinstance(value, int):
        return value ^ (1 << turn(15))
    if isinstance(value, bytes):
        at = turn(len(value))
        return value[:at] + bytes([value[at] ^ (1 << turn(8))]) + value[at + 1 :]
    if not value:
        return "x"
    at = turn(len(value))
    other = "0" if value[at] != "0" else "1"
    return value[:at] + other + value[at + 1 :]


def _is(table: Table, row: Any) -> Any:
    same = [column == getattr(row, column.name) for column in table.primary_key.columns]
    condition = same[0]
    for one in same[1:]:
        condition &= one
    return condition


def _drop_triggers(connection: Connection) -> None:
    names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
    for (name,) in names.all():
        connection.exec_driver_sql(f"DROP TRIGGER {name}")


def _drop_checks(connection: Connection) -> None:
    checks = connection.execute(
        text("SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'c'")
    )
    for table, name in checks.all():
        if table in metadata.tables:
            connection.execute(text(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"'))
