"""Hot statements: built by SQLAlchemy once, run on the driver's own cursor.

SQLAlchemy's execution costs a statement some 50 to 100 µs beside the driver; a batch of payments
sends eight. What these statements read comes back as plain tuples of numbers, texts and bytes.
"""

import sqlite3
from collections.abc import Mapping
from typing import Any, Final

import psycopg
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.expression import Executable

from server.db.database import DatabaseKind

Rows = list[tuple[Any, ...]]
_FIRST_LOOK: Final = 16


class Prepared:
    """One statement for one kind of database. Its text never changes, so the server plans it
    once for each connection."""

    def __init__(self, kind: DatabaseKind, statement: Executable) -> None:
        dialect = (
            postgresql.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
            if kind is DatabaseKind.POSTGRESQL
            else sqlite.dialect()
        )
        # no cached form: literals such as LIMIT stand in the text
        compiled: Any = statement.compile(  # type: ignore[attr-defined]
            dialect=dialect, compile_kwargs={"render_postcompile": True}
        )
        self._sql: Final = str(compiled)
        self._names: Final = tuple(compiled.positiontup or ())
        self._fixed: Final = {
            name: value for name, value in compiled.params.items() if value is not None
        }

    def run(self, connection: Connection, params: Mapping[str, Any]) -> Rows:
        """Its rows; [] for a statement that returns none. Raises DBAPIError as SQLAlchemy does."""
        fixed = self._fixed
        values = [params[n] if n in params else fixed[n] for n in self._names]
        return run_sql(connection, self._sql, values)


def plan_again_while_growing(connection: Connection) -> None:
    """Call once a batch (PostgreSQL). Plans are made once for each connection, by the sizes that
    tables have then; a young database has empty ones, and the statistics that would make it plan
    again come minutes later. So plans are dropped at the 16th batch, the 32nd, the 64th and so on.
    """
    batches = connection.info["choba_batches"] = connection.info.get("choba_batches", 0) + 1
    if batches >= _FIRST_LOOK and batches & (batches - 1) == 0:
        run_sql(connection, "DISCARD PLANS", [])


def run_sql(connection: Connection, sql: str, values: list[Any]) -> Rows:
    """``sql`` on the driver's connection, in the transaction that runs.

    Placeholders are the driver's own: ``$1`` or ``?``.
    """
    driver: Any = connection.connection.driver_connection
    if not connection.in_transaction():
        connection.begin()
    try:
        if isinstance(driver, sqlite3.Connection):
            return driver.execute(sql, values).fetchall()
        cursor = psycopg.RawCursor(driver)
        cursor.execute(sql, values, prepare=True)
        return cursor.fetchall() if cursor.description is not None else []
    except (psycopg.Error, sqlite3.Error) as error:
        base = type(error).__mro__
        kind = psycopg.Error if psycopg.Error in base else sqlite3.Error
        lost = isinstance(driver, psycopg.Connection) and bool(driver.closed)
        raised = DBAPIError.instance(
            sql, None, error, kind, hide_parameters=True, connection_invalidated=lost
        )
        if lost:
            connection.invalidate(error)
        raise raised from error
