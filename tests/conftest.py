"""Fixtures that more than one room needs: databases of both kinds, each test with its own."""

import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from server.db import Database, migrate, open_database
from tests.support.postgres import APPLICATION, MIGRATOR, PostgresServer, running_postgres

_numbers = count(1)
_TEMPLATE = "choba_template"


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL of this test run with a migrated template database."""
    with running_postgres() as server:
        server.create(_TEMPLATE)
        migrate(server.url(_TEMPLATE, MIGRATOR), application_role=APPLICATION)
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated SQLite database of this test."""
    path = tmp_path / "choba.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_name(postgres: PostgresServer) -> Iterator[str]:
    """The name of a migrated PostgreSQL database of this test."""
    name = f"choba_{next(_numbers)}"
    postgres.create(name, template=_TEMPLATE)
    yield name
    postgres.drop(name)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """An empty, migrated database; on PostgreSQL opened as the servers' role."""
    if request.param == "sqlite":
        url = request.getfixturevalue("sqlite_url")
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.url(request.getfixturevalue("postgres_name"), APPLICATION)
    opened = open_database(url)
    yield opened
    opened.close_now()
