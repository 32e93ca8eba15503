"""Bring a database's schema to the newest revision. Forward only."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from server.db.connections import kind_of, parse_url, postgresql_engine, sqlite_writer
from server.db.guards import grant_application
from server.db.kinds import DatabaseKind

_MIGRATING: Final = 0x43484F4241  # "CHOBA"
_FOLDER: Final = Path(__file__).parent / "migrations"


Work = Callable[[Connection], None]


def upgrade(
    url: str,
    *,
    application_role: str = "",
    before: Work | None = None,
    after: Work | None = None,
) -> None:
    """Create or upgrade the schema behind ``url``, all revisions in one transaction.

    ``before`` and ``after`` run in that transaction: everything is there, or nothing.

    On PostgreSQL ``url`` is the migrator's (it owns the tables); ``application_role`` names the
    role that the servers connect as and is granted SELECT and INSERT on the books, and UPDATE and
    DELETE only where a table's ``info["access"]`` says so.
    Raises DatabaseSettingError.
    """
    parsed = parse_url(url)
    sqlite = kind_of(parsed) is DatabaseKind.SQLITE
    engine = sqlite_writer(parsed) if sqlite else postgresql_engine(parsed, 1)
    try:
        with engine.begin() as connection:
            _one_at_a_time(connection)
            if before is not None:
                before(connection)
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "heads")
            if application_role and not sqlite:
                grant_application(connection, application_role)
            if after is not None:
                after(connection)
    finally:
        engine.dispose()


def newest_revision() -> str:
    """The head of the migrations' files. A test holds ``revision.NEWEST`` against it."""
    heads: list[str] = ScriptDirectory.from_config(_config()).get_heads()
    (head,) = heads
    return head


def _one_at_a_time(connection: Connection) -> None:
    """Two processes that migrate: the second waits, and finds nothing to do.

    SQLite's BEGIN IMMEDIATE is such a lock already.
    """
    if connection.dialect.name != DatabaseKind.SQLITE.value:
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    return config
