"""Copies of the town for many examples of one property."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from shutil import copy

from hypothesis import HealthCheck, Phase, settings

from server.db import open_database
from tests.support.books import Town
from tests.support.postgres import APPLICATION, PostgresServer

_NUMBERS = count(1)

QUIET = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)


@contextmanager
def sqlite_copy(template: tuple[Path, Town]) -> Iterator[Town]:
    """The town in a file of its own, which is gone afterwards."""
    path = template[0].with_name(f"copy-{next(_NUMBERS)}.db")
    copy(template[0], path)
    database = open_database(f"sqlite:///{path}")
    try:
        yield template[1].moved_to(database)
    finally:
        database.close_now()
        path.unlink()


@contextmanager
def postgres_copy(
    server: PostgresServer, template: Town, name_of_template: str = "choba_town"
) -> Iterator[Town]:
    """The town in a database of its own, which is dropped afterwards."""
    name = f"copy_{next(_NUMBERS)}"
    server.create(name, template=name_of_template)
    database = open_database(server.url(name, APPLICATION))
    try:
        yield template.moved_to(database)
    finally:
        database.close_now()
        server.drop(name)
