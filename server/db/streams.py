"""Reading millions of rows in flat memory: cursors of the drivers themselves.

SQLAlchemy's rows cost as much again as the driver's; a whole audit is made of rows.
"""

import itertools
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, collate, text

from server.db.database import DatabaseKind

_AHEAD: Final = 4000
"""Rows that PostgreSQL sends at once."""
_numbers = itertools.count(1)

Row = tuple[Any, ...]


def stream_rows(connection: Connection, statement: Select[Any]) -> Iterator[Row]:
    """Rows as plain tuples, a few thousand in memory at a time; several streams may be open.

    The statement's values are written into its text, so they must be the program's own.
    """
    if not connection.in_transaction():
        connection.begin()
    compiled = statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == DatabaseKind.SQLITE.value:
        cursor = driver.cursor()
        try:
            yield from cursor.execute(str(compiled))
        finally:
            cursor.close()
        return
    with driver.cursor(name=f"choba_{next(_numbers)}", binary=True) as server_side:
        server_side.itersize = _AHEAD
        server_side.execute(str(compiled))
        yield from server_side


def byte_order(connection: Connection, column: ColumnElement[str]) -> ColumnElement[str]:
    """To order by in streams that Python merges: a database's own collation is another one."""
    sqlite = connection.dialect.name == DatabaseKind.SQLITE.value
    return column if sqlite else collate(column, "C")


def long_snapshot(connection: Connection) -> None:
    """First in a transaction: all it reads is of one instant, and it may take as long as it takes.

    SQLite's reading transactions are snapshots by themselves.
    """
    if connection.dialect.name == DatabaseKind.SQLITE.value:
        return
    for setting in (
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
        "SET LOCAL statement_timeout = 0",
        "SET LOCAL idle_in_transaction_session_timeout = 0",
        "SET LOCAL work_mem = '64MB'",
    ):
        connection.execute(text(setting))
