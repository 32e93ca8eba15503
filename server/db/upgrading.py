"""Bring a database's schema to the newest revision. Forward only."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from server.db.connections import kind_of, parse_url, postgresql_engine, sqlite_writer
from server.db.database import DatabaseKind
from server.db.guards import grant_application

_FOLDER: Final = Path(__file__).parent / "migrations"


def upgrade(url: str, *, application_role: str = "") -> None:
    """Create or upgrade the schema behind ``url``.

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
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "heads")
            if application_role and not sqlite:
                grant_application(connection, application_role)
    finally:
        engine.dispose()


def newest_revision() -> str:
    """The head of the migrations' files. A test holds ``revision.NEWEST`` against it."""
    heads: list[str] = ScriptDirectory.from_config(_config()).get_heads()
    (head,) = heads
    return head


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    return config
