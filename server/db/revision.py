"""Which revision a database stands at, and the way to the newest one.

Alembic itself takes a third of a second to import, so it is loaded only when there is something
to migrate: a server that starts again after a power cut has customers waiting.
"""

from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection, inspect, text

from server.db.connections import kind_of, parse_url, sqlite_writer
from server.db.errors import SchemaNotCurrent
from server.db.kinds import DatabaseKind

NEWEST: Final = "0014"
"""The revision that this program needs; a test compares it with the migrations' files."""


def migrate(url: str, *, application_role: str = "") -> None:
    """Create or upgrade the schema behind ``url``.

    On PostgreSQL ``url`` is the migrator's (it owns the tables); ``application_role`` names the
    role that the servers connect as and is granted SELECT and INSERT on the books, and UPDATE and
    DELETE only where a table's ``info["access"]`` says so.
    Raises DatabaseSettingError.
    """
    if not application_role and _is_current_file(url):
        return
    from server.db.upgrading import upgrade  # noqa: PLC0415 -- see the module's docstring

    upgrade(url, application_role=application_role)


def migrate_with(
    url: str,
    *,
    application_role: str = "",
    before: Callable[[Connection], None] | None = None,
    after: Callable[[Connection], None] | None = None,
) -> None:
    """``migrate`` with work in its transaction: a restored copy is whole at once or not at all."""
    from server.db.upgrading import upgrade  # noqa: PLC0415 -- see the module's docstring

    upgrade(url, application_role=application_role, before=before, after=after)


def revision_of(connection: Connection) -> str:
    """Where the schema stands. Raises SchemaNotCurrent when there is none."""
    found = _revisions(connection)
    if len(found) != 1:
        raise SchemaNotCurrent("database schema: none is here; run: choba db migrate")
    return found.pop()


def check_current(connection: Connection) -> None:
    """Raises SchemaNotCurrent unless the database stands at this program's revision."""
    found = _revisions(connection)
    if found != {NEWEST}:
        raise SchemaNotCurrent(
            f"database schema: found {sorted(found) or 'none'}, this program needs "
            f"{NEWEST}; run: choba db migrate"
        )


def _is_current_file(url: str) -> bool:
    parsed = parse_url(url)
    if kind_of(parsed) is not DatabaseKind.SQLITE:
        return False
    engine = sqlite_writer(parsed)
    try:
        with engine.connect() as connection:
            return _revisions(connection) == {NEWEST}
    finally:
        engine.dispose()


def _revisions(connection: Connection) -> set[str]:
    if not inspect(connection).has_table("alembic_version"):
        return set()
    return set(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())
