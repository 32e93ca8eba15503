"""The revision that the program needs is the one that the migrations lead to."""

from pathlib import Path

import pytest

from server.db import SchemaNotCurrent, migrate, open_database
from server.db.revision import NEWEST
from server.db.upgrading import newest_revision


def test_the_constant_is_the_migrations_head() -> None:
    assert newest_revision() == NEWEST


def test_an_empty_database_is_refused_with_the_remedy_and_made_by_migrate(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'choba.sqlite'}"
    with pytest.raises(SchemaNotCurrent, match="choba db migrate"):
        open_database(url)
    migrate(url)
    open_database(url).close_now()
    migrate(url)
    open_database(url).close_now()
