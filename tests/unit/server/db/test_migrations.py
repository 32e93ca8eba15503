"""Each migration from the schema before it with data in it, on both databases.

``dumps/000N.sql`` holds rows that the code of schema N wrote. From each dump the schema is brought
forward one revision at a time; tables that are still empty get a row first.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import count, pairwise
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Table, inspect, text

from server.cli.books import audit_verify
from server.db import NEWEST, migrate, migrate_with, open_database
from server.db.guards import _PRIVILEGES
from server.db.schema import Access, metadata
from tests.conftest import BOTH
from tests.support.books import opened
from tests.support.frozen_books import (
    DUMPS,
    bring_to,
    columns_of,
    fill_empty_tables,
    load_dump,
    owner_engine,
    revisions,
    rows_of,
)
from tests.support.postgres import APPLICATION, MIGRATOR, PostgresServer

_numbers = count(1)
FROZEN = sorted(DUMPS.glob("*.sql"))

CHANGED_ON_PURPOSE: dict[str, set[str]] = {}
"""Revision → tables whose rows it rewrites; each with a test of its own that says how."""

ADDED_ON_PURPOSE: dict[str, dict[str, list[tuple[object, ...]]]] = {
    "0008": {"counters": [("signed_head", 0)]},
    "0011": {"counters": [("payout_bulk", 0)]},
}
"""Revision → table → rows that it adds to those that were there, which stay as they are."""


@pytest.fixture(params=BOTH)
def owner_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty place, as the role that owns what is made in it."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/books.sqlite"
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"migrations_{next(_numbers)}"
    server.create(name)
    return server.url(name, MIGRATOR)


def frozen(url: str, dump: Path) -> None:
    """The books as that dump's program left them."""
    with owner_engine(url) as engine:
        bring_to(engine, dump.stem)
        load_dump(engine, dump)


def role(url: str) -> str:
    return "" if url.startswith("sqlite") else APPLICATION


def steps(first: str) -> Iterator[tuple[str, str]]:
    known = revisions()
    known = known[known.index(first) :]
    return pairwise(known)


def test_the_oldest_release_is_frozen() -> None:
    assert FROZEN[0].stem == "0003"
    assert {dump.stem for dump in FROZEN} <= set(revisions())


@pytest.mark.parametrize("dump", FROZEN, ids=lambda dump: dump.stem)
def test_every_step_keeps_every_row(owner_url: str, dump: Path) -> None:
    frozen(owner_url, dump)
    with owner_engine(owner_url) as engine:
        for older, newer in steps(dump.stem):
            with engine.begin() as connection:
                assert fill_empty_tables(connection, older) == []
                before = rows_of(connection)
                columns = columns_of(connection)
            assert all(before.values())
            bring_to(engine, newer)
            with engine.begin() as connection:
                now = columns_of(connection)
                kept = {table: columns[table] for table in columns if table in now}
                after = rows_of(connection, kept)
            for table in before.keys() - CHANGED_ON_PURPOSE.get(newer, set()):
                added = ADDED_ON_PURPOSE.get(newer, {}).get(table, [])
                expected = sorted([*before[table], *added], key=repr)
                assert after.get(table) == expected, f"{newer} changed {table}"


@pytest.mark.parametrize("dump", FROZEN, ids=lambda dump: dump.stem)
def test_frozen_books_hold_at_the_newest_schema(
    owner_url: str, dump: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frozen(owner_url, dump)
    migrate(owner_url, application_role=role(owner_url))
    with opened(owner_url) as database:
        assert database.read_now(audit_verify) == 0, capsys.readouterr().out
        assert database.read_now(
            lambda c: c.execute(text("SELECT count(*) FROM payments")).scalar_one()
        )


@pytest.mark.parametrize("dump", [None, *FROZEN], ids=lambda dump: dump.stem if dump else "new")
def test_the_newest_schema_is_exactly_the_programs(owner_url: str, dump: Path | None) -> None:
    if dump is not None:
        frozen(owner_url, dump)
    migrate(owner_url, application_role=role(owner_url))
    with opened(owner_url) as database:
        database.read_now(assert_exact)


def assert_exact(connection: Connection) -> None:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    assert compare_metadata(context, metadata) == []
    inspector = inspect(connection)
    for table in metadata.sorted_tables:
        found = {str(check["name"]) for check in inspector.get_check_constraints(table.name)}
        assert found == checks_of(table), table.name
        key = inspector.get_pk_constraint(table.name)
        assert key["constrained_columns"] == [c.name for c in table.primary_key], table.name
        assert key["name"] == f"pk_{table.name}"
        assert triggers_of(connection, table.name) == guards_of(connection, table), table.name
        if connection.dialect.name == "postgresql":
            granted = connection.execute(
                text(
                    "SELECT privilege_type FROM information_schema.role_table_grants "
                    "WHERE grantee = :role AND table_name = :table"
                ),
                {"role": APPLICATION, "table": table.name},
            ).scalars()
            assert set(granted) == set(_PRIVILEGES[table.info["access"]].split(", ")), table.name


def checks_of(table: Table) -> set[str]:
    return {
        str(constraint.name)
        for constraint in table.constraints
        if constraint.__visit_name__.endswith("check_constraint")
    }


def guards_of(connection: Connection, table: Table) -> set[str]:
    if table.info["access"] is not Access.BOOK:
        return set()
    sqlite = connection.dialect.name == "sqlite"
    ends = ("no_update", "no_delete") if sqlite else ("insert_only", "no_truncate")
    return {f"{table.name}_{end}" for end in ends}


def triggers_of(connection: Connection, table: str) -> set[str]:
    if connection.dialect.name == "sqlite":
        query = "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = :table"
    else:
        query = (
            "SELECT tgname FROM pg_trigger WHERE tgrelid = CAST(:table AS regclass) "
            "AND NOT tgisinternal AND tgenabled IN ('O', 'A')"
        )
    found = connection.execute(text(query), {"table": table}).scalars()
    # those that raise the directory's revision are tried in the directory's own tests
    return {name for name in found if "_changed" not in name}


def all_of(url: str) -> tuple[list[str], object]:
    with owner_engine(url) as engine, engine.begin() as connection:
        at = connection.execute(text("SELECT version_num FROM alembic_version")).scalars()
        return list(at), rows_of(connection)


def test_a_migration_that_fails_changes_nothing(owner_url: str) -> None:
    frozen(owner_url, FROZEN[0])
    before = all_of(owner_url)

    def fail(_connection: Connection) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        migrate_with(owner_url, application_role=role(owner_url), after=fail)
    assert all_of(owner_url) == before
    migrate(owner_url, application_role=role(owner_url))
    open_database(owner_url).close_now()


def test_a_migration_that_is_killed_changes_nothing(owner_url: str) -> None:
    frozen(owner_url, FROZEN[0])
    before = all_of(owner_url)
    killed = python(
        "import os, signal; from server.db import migrate_with;"
        f"migrate_with({owner_url!r}, after=lambda c: os.kill(os.getpid(), signal.SIGKILL))"
    )
    assert killed.wait(60) == -signal.SIGKILL
    assert all_of(owner_url) == before
    migrate(owner_url, application_role=role(owner_url))
    open_database(owner_url).close_now()


def test_two_programs_that_migrate_at_once_both_end_well(owner_url: str) -> None:
    frozen(owner_url, FROZEN[0])
    code = (
        f"from server.db import migrate; migrate({owner_url!r}, "
        f"application_role={role(owner_url)!r})"
    )
    both = [python(code) for _ in range(2)]
    assert [program.wait(120) for program in both] == [0, 0]
    assert all_of(owner_url)[0] == [NEWEST]


def test_two_programs_that_make_new_books_at_once_make_one(owner_url: str) -> None:
    code = f"from server.db import migrate; migrate({owner_url!r})"
    both = [python(code) for _ in range(2)]
    assert [program.wait(120) for program in both] == [0, 0]
    assert all_of(owner_url)[0] == [NEWEST]


def python(code: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])}
    return subprocess.Popen([sys.executable, "-c", code], env=environment)
