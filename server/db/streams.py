"""Reading millions of rows in flat memory: cursors of the drivers themselves.

SQLAlchemy's rows cost as much again as the driver's; a whole audit is made of rows.
"""

import itertools
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, Select, text

from server.db.kinds import DatabaseKind

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


def long_snapshot(connection: Connection, of: str = "") -> None:
    """First in a transaction: all it reads is of one instant, and it may take as long as it takes.

    SQLite's reading transactions are snapshots by themselves. ``of``: the name under which another
    transaction of PostgreSQL has exported its snapshot, and stays open meanwhile.
    """
    if connection.dialect.name == DatabaseKind.SQLITE.value:
        return
    for setting in (
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
        *([f"SET TRANSACTION SNAPSHOT '{of}'"] if of else []),
        "SET LOCAL statement_timeout = 0",
        "SET LOCAL idle_in_transaction_session_timeout = 0",
        "SET LOCAL work_mem = '64MB'",
        "SET LOCAL jit = off",  # it compiles a second for statements that run for one
        # the server's own functions, whatever a role's settings put before them
        "SELECT set_config('search_path', 'pg_catalog, ' || string_agg(quote_ident(name), ', '), "
        "true) FROM unnest(current_schemas(false)) name WHERE name <> 'pg_catalog'",
    ):
        connection.execute(text(setting))
