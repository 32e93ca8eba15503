"""Fixtures that more than one room needs: databases of both kinds, each test with its own."""

import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from server.db import Database, migrate, open_database
from tests.support.books import Town, build_town
from tests.support.postgres import APPLICATION, MIGRATOR, PostgresServer, running_postgres

_numbers = count(1)
_EMPTY = "choba_empty"
_TOWN = "choba_town"
BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL of this test run with a migrated database to copy."""
    with running_postgres() as server:
        server.create(_EMPTY)
        migrate(server.url(_EMPTY, MIGRATOR), application_role=APPLICATION)
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "empty.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated SQLite database of this test."""
    path = tmp_path / "choba.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_name(postgres: PostgresServer) -> str:
    """The name of a migrated PostgreSQL database of this test; the server's end drops it."""
    return _copy(postgres, _EMPTY)


@pytest.fixture(params=BOTH)
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """An empty, migrated database; on PostgreSQL opened as the servers' role."""
    if request.param == "sqlite":
        url = request.getfixturevalue("sqlite_url")
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.url(request.getfixturevalue("postgres_name"), APPLICATION)
    yield from _opened(url)


@pytest.fixture(scope="session")
def sqlite_town_template(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Town]:
    """The town's file, closed and ready to copy."""
    path = tmp_path_factory.mktemp("town") / "town.db"
    shutil.copy(sqlite_template, path)
    database = open_database(f"sqlite:///{path}")
    town = build_town(database)
    database.close_now()
    return path, town


@pytest.fixture(scope="session")
def postgres_town_template(postgres: PostgresServer) -> Town:
    postgres.create(_TOWN, template=_EMPTY)
    database = open_database(postgres.url(_TOWN, APPLICATION))
    town = build_town(database)
    database.close_now()
    return town


@pytest.fixture
def sqlite_town(sqlite_town_template: tuple[Path, Town], tmp_path: Path) -> Iterator[Town]:
    """The town on SQLite, for what does not touch the kind of database."""
    template, town = sqlite_town_template
    path = tmp_path / "town.db"
    shutil.copy(template, path)
    for database in _opened(f"sqlite:///{path}"):
        yield town.moved_to(database)


@pytest.fixture(params=BOTH)
def town(request: pytest.FixtureRequest) -> Iterator[Town]:
    """The town in a database of this test, on both kinds."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_town")
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    town: Town = request.getfixturevalue("postgres_town_template")
    for database in _opened(server.url(_copy(server, _TOWN), APPLICATION)):
        yield town.moved_to(database)


def _copy(server: PostgresServer, template: str) -> str:
    name = f"choba_{next(_numbers)}"
    server.create(name, template=template)
    return name


def _opened(url: str) -> Iterator[Database]:
    database = open_database(url)
    yield database
    database.close_now()
