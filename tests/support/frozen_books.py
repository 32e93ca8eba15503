"""Books as an older program left them: schemas at a revision, and the rows that it wrote."""

import random
import re
import string
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, LargeBinary, inspect, text
from sqlalchemy.exc import DBAPIError

from server.db.connections import kind_of, parse_url, postgresql_engine, sqlite_writer
from server.db.kinds import DatabaseKind
from server.db.upgrading import _config

DUMPS: Final = Path(__file__).parents[1] / "unit" / "server" / "db" / "dumps"
_BLOB: Final = re.compile(r"X'([0-9A-F]*)'")
_MADE_BY_MIGRATIONS: Final = ("ledger_identity", "counters")
_TRIES: Final = 5_000
Rows = dict[str, list[tuple[Any, ...]]]


def revisions() -> list[str]:
    """Every revision, oldest first."""
    found = ScriptDirectory.from_config(_config()).walk_revisions()
    return [script.revision for script in found][::-1]


@contextmanager
def owner_engine(url: str) -> Iterator[Engine]:
    """As the role that owns the schema."""
    parsed = parse_url(url)
    sqlite = kind_of(parsed) is DatabaseKind.SQLITE
    engine = sqlite_writer(parsed) if sqlite else postgresql_engine(parsed, 1)
    try:
        yield engine
    finally:
        engine.dispose()


def bring_to(engine: Engine, revision: str) -> None:
    """Create or upgrade to just this revision, as ``choba db migrate`` does to the newest."""
    with engine.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def load_dump(engine: Engine, file: Path) -> None:
    """Rows of a frozen dump, in place of those that the migrations made."""
    with engine.begin() as connection:
        postgresql = connection.dialect.name == "postgresql"
        with _unguarded(connection):
            for table in _MADE_BY_MIGRATIONS:
                connection.exec_driver_sql(f"DELETE FROM {table}")
            for statement in _statements(file):
                if postgresql:
                    statement = _BLOB.sub(r"'\\x\1'::bytea", statement)  # noqa: PLW2901
                connection.exec_driver_sql(statement)


def _statements(file: Path) -> list[str]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("--")]


@contextmanager
def _unguarded(connection: Connection) -> Iterator[None]:
    """The migrations' own rows stand in guarded tables."""
    if connection.dialect.name == "postgresql":
        for what in ("DISABLE", "ENABLE"):
            connection.exec_driver_sql(f"ALTER TABLE ledger_identity {what} TRIGGER ALL")
            if what == "DISABLE":
                yield
        return
    triggers = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_schema "
        "WHERE type = 'trigger' AND tbl_name = 'ledger_identity'"
    ).all()
    for name, _ in triggers:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    yield
    for _, sql in triggers:
        connection.exec_driver_sql(sql)


def rows_of(connection: Connection, tables: dict[str, list[str]] | None = None) -> Rows:
    """Everything that stands in the tables, by table, in an order that does not matter."""
    found: Rows = {}
    for table, columns in (tables or columns_of(connection)).items():
        rows = connection.execute(text(f"SELECT {', '.join(columns)} FROM {table}"))
        plain = [tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in rows]
        found[table] = sorted(plain, key=repr)
    return found


def columns_of(connection: Connection) -> dict[str, list[str]]:
    inspector = inspect(connection)
    return {
        table: [column["name"] for column in inspector.get_columns(table)]
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def fill_empty_tables(connection: Connection, seed: str) -> list[str]:
    """A row in each table that has none, of values that its constraints allow.

    The names of tables for which none was found.
    """
    chance, inspector, unfilled = random.Random(seed), inspect(connection), []
    for table in columns_of(connection):
        if connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one():
            continue
        columns = inspector.get_columns(table)
        parents = {
            key["constrained_columns"][0]: (key["referred_table"], key["referred_columns"][0])
            for key in inspector.get_foreign_keys(table)
        }
        if not any(_try_row(connection, table, columns, parents, chance) for _ in range(_TRIES)):
            unfilled.append(table)
    return unfilled


def _try_row(
    connection: Connection,
    table: str,
    columns: list[Any],
    parents: dict[str, tuple[str, str]],
    chance: random.Random,
) -> bool:
    names = [column["name"] for column in columns]
    values = {
        column["name"]: _parent(connection, *parents[column["name"]], chance)
        if column["name"] in parents
        else _value(column, chance)
        for column in columns
    }
    try:
        with connection.begin_nested():
            connection.execute(
                text(
                    f"INSERT INTO {table} ({', '.join(names)}) "
                    f"VALUES ({', '.join(':' + name for name in names)})"
                ),
                values,
            )
    except DBAPIError:
        return False
    return True


def _parent(connection: Connection, table: str, column: str, chance: random.Random) -> Any:
    found = connection.execute(text(f"SELECT {column} FROM {table}")).scalars().all()
    return chance.choice(found) if found else None


def _value(column: Any, chance: random.Random) -> Any:
    if column["nullable"] and chance.random() < 0.3:
        return None
    kind = column["type"]
    if isinstance(kind, LargeBinary):
        return chance.randbytes(chance.choice((8, 16, 32, 64)))
    if kind.python_type is int:
        return chance.choice((0, 1, 2, 3, 5, 100, 1000, 32_000))
    letters = "".join(chance.choices(string.ascii_letters, k=20))
    return chance.choice((letters, "open", "paid", "2024-06-05", "{}", "[]", ""))
