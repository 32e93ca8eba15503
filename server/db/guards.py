"""What makes a book insert-only, by the database's own means. Migrations call these."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, text

from server.db.schema.base import Access, metadata

_PRIVILEGES: Final = {
    Access.BOOK: "SELECT, INSERT",
    Access.STATE: "SELECT, INSERT, UPDATE",
    Access.DELETABLE: "SELECT, INSERT, UPDATE, DELETE",
}
_POSTGRES_FUNCTION: Final = """
CREATE OR REPLACE FUNCTION choba_book_is_insert_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'CHOBA_DB_BOOK: % on % is refused, books are only added to', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation';
END $$
"""


def protect_books(connection: Connection, tables: Iterable[str]) -> None:
    """Refuse UPDATE, DELETE, REPLACE and TRUNCATE on ``tables``, for their owner too."""
    postgresql = connection.dialect.name == "postgresql"
    if postgresql:
        connection.execute(text(_POSTGRES_FUNCTION))
    for table in tables:
        for statement in _postgresql(table) if postgresql else _sqlite(table):
            connection.execute(text(statement))


def grant_application(connection: Connection, role: str) -> None:
    """Give the servers' role what each table's ``info["access"]`` says, and no more.

    Tables that the schema names but a migration has not made yet are left out.
    """
    quote = connection.dialect.identifier_preparer.quote
    known = set(connection.execute(text("SELECT tablename FROM pg_tables")).scalars())
    connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {quote(role)}"))
    connection.execute(text(f"GRANT SELECT ON alembic_version TO {quote(role)}"))
    for table in metadata.sorted_tables:
        if table.name in known:
            name = quote(table.name)
            connection.execute(text(f"REVOKE ALL ON {name} FROM {quote(role)}"))
            allowed = _PRIVILEGES[table.info["access"]]
            connection.execute(text(f"GRANT {allowed} ON {name} TO {quote(role)}"))


def _sqlite(table: str) -> tuple[str, ...]:
    return tuple(
        f"CREATE TRIGGER {table}_no_{what.lower()} BEFORE {what} ON {table} BEGIN "
        f"SELECT RAISE(ABORT, 'CHOBA_DB_BOOK: {what} on {table} is refused, "
        f"books are only added to'); END"
        for what in ("UPDATE", "DELETE")
    )


def _postgresql(table: str) -> tuple[str, ...]:
    call = "EXECUTE FUNCTION choba_book_is_insert_only()"
    return (
        f"CREATE TRIGGER {table}_insert_only BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW {call}",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {call}",
    )
