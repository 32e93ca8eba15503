"""Connections for copying the books: a file nobody writes to, a snapshot that lasts."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import DBAPIError

from server.db.connections import parse_url, postgresql_engine, sqlite_readers
from server.db.retrying import as_unavailable


@contextmanager
def open_copy(file: Path) -> Iterator[Connection]:
    """Read a SQLite file that no server uses, whatever its schema's revision."""
    engine = sqlite_readers(make_url(f"sqlite+pysqlite:///{file}"), 1)
    try:
        with engine.connect() as connection:
            yield connection
    except DBAPIError as error:
        raise as_unavailable(error) from error
    finally:
        engine.dispose()


@contextmanager
def snapshot(url: str) -> Iterator[tuple[Connection, str]]:
    """One instant of a PostgreSQL database for as long as the block lasts, and its exported name.

    Raises LedgerUnavailable.
    """
    engine = postgresql_engine(parse_url(url), 1)
    try:
        with engine.connect() as connection, connection.begin():
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            for setting in ("statement_timeout", "idle_in_transaction_session_timeout"):
                connection.execute(text(f"SET LOCAL {setting} = 0"))
            name = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
            yield connection, str(name)
    except DBAPIError as error:
        raise as_unavailable(error) from error
    finally:
        engine.dispose()
