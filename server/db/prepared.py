"""Hot statements: built by SQLAlchemy once, run on the driver's own cursor.

SQLAlchemy's execution costs a statement some 50 to 100 µs beside the driver; a batch of payments
sends nine. What these statements read comes back as plain tuples of numbers, texts and bytes.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import psycopg
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.expression import Executable

from server.db.kinds import DatabaseKind
from server.db.libpq import Rows, run_in_one_trip

__all__ = ["Prepared", "Rows", "Statement", "run_all", "run_sql"]


class Statement(NamedTuple):
    """A statement and its values; placeholders are the driver's own, ``$1`` or ``?``."""

    sql: str
    values: Sequence[Any]


BY_KEY: Final = Statement("SET LOCAL enable_seqscan = off", ())
"""First in a transaction whose statements find some dozens of rows by their keys (PostgreSQL).

A plan is made once for each connection, and by the sizes that tables have then: one of a young
city's empty tables would read them from end to end when they have grown. The statements do their
part: ``RowSet.among`` and ``RowSet.one_each`` leave no other way than the index."""


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

    def statement(self, params: Mapping[str, Any]) -> Statement:
        """With these values, for ``run_all``."""
        fixed = self._fixed
        return Statement(self._sql, [params[n] if n in params else fixed[n] for n in self._names])

    def run(self, connection: Connection, params: Mapping[str, Any]) -> Rows:
        """Its rows; [] for a statement that returns none. Raises DBAPIError as SQLAlchemy does."""
        return run_all(connection, [self.statement(params)])[0]


def run_sql(connection: Connection, sql: str, values: Sequence[Any]) -> Rows:
    """One statement as in ``run_all``."""
    return run_all(connection, [Statement(sql, values)])[0]


def run_all(
    connection: Connection, statements: Sequence[Statement], *, in_transaction: bool = True
) -> list[Rows]:
    """The rows of each statement, run one after the other in the transaction that runs; [] for one
    that returns none. On PostgreSQL they go in one trip: those behind one that fails are not run.

    ``in_transaction`` False, for a connection that has none: nothing but these statements.
    Raises DBAPIError as SQLAlchemy does.
    """
    driver: Any = connection.connection.driver_connection
    if in_transaction and not connection.in_transaction():
        connection.begin()
    try:
        if isinstance(driver, sqlite3.Connection):
            return [driver.execute(sql, values).fetchall() for sql, values in statements]
        prepared = connection.info.setdefault("choba_prepared", {})
        return run_in_one_trip(driver, prepared, statements, in_transaction=in_transaction)
    except (psycopg.Error, sqlite3.Error) as error:
        kind = psycopg.Error if isinstance(error, psycopg.Error) else sqlite3.Error
        lost = isinstance(driver, psycopg.Connection) and bool(driver.closed)
        sql = "; ".join(statement.sql for statement in statements)
        raised = DBAPIError.instance(
            sql, None, error, kind, hide_parameters=True, connection_invalidated=lost
        )
        if lost:
            connection.invalidate(error)
        raise raised from error
