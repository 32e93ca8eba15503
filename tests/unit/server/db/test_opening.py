"""Opening and migrating: what is refused says what to do instead."""

from pathlib import Path

import pytest
from sqlalchemy import text

from server.db import (
    Database,
    DatabaseSettingError,
    LedgerUnavailable,
    SchemaNotCurrent,
    migrate,
    open_database,
)


@pytest.mark.parametrize(
    "url", ["mysql://h/d", "sqlite://", "sqlite:///:memory:", "nonsense", "", "postgres//x"]
)
def test_other_urls_are_refused_with_the_remedy(url: str) -> None:
    with pytest.raises(DatabaseSettingError, match=r"sqlite|postgresql"):
        open_database(url)


def test_an_empty_database_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(SchemaNotCurrent, match="choba db migrate"):
        open_database(f"sqlite:///{tmp_path}/empty.db")


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    migrate(url)
    migrate(url)
    open_database(url).close_now()


def test_a_server_that_is_not_there_is_unavailable_and_tells_no_secret() -> None:
    with pytest.raises(LedgerUnavailable) as caught:
        open_database("postgresql://choba:hunter2@127.0.0.1:1/choba")
    assert "hunter2" not in str(caught.value)


async def test_a_write_is_all_or_nothing(database: Database) -> None:
    def half(connection: object) -> None:
        connection.execute(text("UPDATE counters SET value = 99"))  # type: ignore[attr-defined]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.write(half)
    values = await database.read(
        lambda c: set(c.execute(text("SELECT value FROM counters")).scalars())
    )
    assert values == {0}
