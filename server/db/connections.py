"""Connections with the settings that the ledger's promises rest on."""

import sqlite3
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool, StaticPool

from server.db.errors import DatabaseSettingError
from server.db.kinds import DatabaseKind

_POSTGRES_OPTIONS: Final = (
    "-c lock_timeout=5000 -c statement_timeout=30000 -c idle_in_transaction_session_timeout=60000 "
    "-c timezone=UTC -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 "
    "-c tcp_keepalives_count=3 -c tcp_user_timeout=25000"
)
"""The server's half of a dead link: locks of a client that is gone are let go within 25 s."""
_POSTGRES_LINK: Final = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""Ours: without it a call waits for ever for a machine that went dark."""
_PLANNED_ONCE: Final = " -c plan_cache_mode=force_generic_plan -c jit=off"
_BUSY_MS: Final = 10_000
_STATEMENTS: Final = 1024
"""Kept ready on the writer: each book's INSERT has a text for each number of rows up to 64."""


def parse_url(url: str) -> URL:
    """Raises DatabaseSettingError with what to write instead; never repeats the URL's secret."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise DatabaseSettingError(
            "database url: write sqlite:///path/choba.db or postgresql://user@host/name"
        ) from error
    if parsed.get_backend_name() == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise DatabaseSettingError("database url: sqlite needs a file, sqlite:///path/choba.db")
        return parsed.set(drivername="sqlite+pysqlite")
    raise DatabaseSettingError(
        f"database url: {parsed.get_backend_name()} is not supported; use sqlite or postgresql"
    )


def kind_of(url: URL) -> DatabaseKind:
    return DatabaseKind(url.get_backend_name())


def sqlite_writer(url: URL) -> Engine:
    """One connection for every write of the process; each transaction is BEGIN IMMEDIATE."""
    Path(url.database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        poolclass=StaticPool,
        connect_args={
            "check_same_thread": False,
            "timeout": 10,
            "cached_statements": _STATEMENTS,
        },
    )
    _configure_sqlite(engine, "BEGIN IMMEDIATE", ("PRAGMA journal_mode=WAL",))
    return engine


def postgresql_writer(url: URL, size: int) -> Engine:
    """For transactions that write: each hot statement is planned once, and again when the
    statistics of its tables change; planning takes longer than running it."""
    return postgresql_engine(url, size, _POSTGRES_OPTIONS + _PLANNED_ONCE)


def postgresql_engine(url: URL, size: int, options: str = _POSTGRES_OPTIONS) -> Engine:
    """For everything else."""
    return create_engine(
        url,
        pool_size=size,
        max_overflow=0,
        pool_pre_ping=False,
        pool_use_lifo=True,
        # the driver prepares nothing: it would throw away ours (``libpq``) with its own
        connect_args={"options": options, "prepare_threshold": None, **_POSTGRES_LINK},
    )


def sqlite_readers(url: URL, size: int) -> Engine:
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=0,
        connect_args={"check_same_thread": False, "timeout": 10},
    )
    _configure_sqlite(engine, "BEGIN", ("PRAGMA query_only=ON",))
    return engine


def _configure_sqlite(engine: Engine, begin: str, more: tuple[str, ...]) -> None:
    """Durability and guards on every connection.

    ``recursive_triggers``: without it INSERT OR REPLACE passes the books' delete trigger.
    """

    @event.listens_for(engine, "connect")
    def on_connect(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # transactions are begun by the event below
        cursor = connection.cursor()
        for pragma in (
            f"PRAGMA busy_timeout={_BUSY_MS}",
            *more,
            "PRAGMA synchronous=FULL",
            "PRAGMA foreign_keys=ON",
            "PRAGMA recursive_triggers=ON",
            "PRAGMA trusted_schema=OFF",
        ):
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)
