"""Open a database by URL."""

from server.db.connections import (
    kind_of,
    parse_url,
    postgresql_engine,
    postgresql_writer,
    sqlite_readers,
    sqlite_writer,
)
from server.db.database import Database
from server.db.kinds import DatabaseKind
from server.db.revision import check_current


def open_database(url: str, *, readers: int = 4, writers: int = 4) -> Database:
    """Open ``sqlite:///path`` or ``postgresql://…``.

    ``writers`` bounds concurrent writing transactions on PostgreSQL; SQLite has one.
    Raises DatabaseSettingError for a URL of another kind, SchemaNotCurrent when ``migrate`` has
    to run first.
    """
    parsed = parse_url(url)
    if kind_of(parsed) is DatabaseKind.SQLITE:
        database = Database(
            DatabaseKind.SQLITE,
            reading=sqlite_readers(parsed, readers),
            writing=sqlite_writer(parsed),
            readers=readers,
            writers=1,
        )
    else:
        database = Database(
            DatabaseKind.POSTGRESQL,
            reading=postgresql_engine(parsed, readers),
            writing=postgresql_writer(parsed, writers),
            readers=readers,
            writers=writers,
        )
    try:
        database.ask_once(check_current)
    except BaseException:
        database.close_now()
        raise
    return database
