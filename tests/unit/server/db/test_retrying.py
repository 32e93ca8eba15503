"""A SQLite file that another program holds is asked again, for a bounded time."""

import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from server.db import LedgerUnavailable
from tests.support.books import opened

RAISE = text("UPDATE counters SET value = value + 1 WHERE name = 'account' RETURNING value")


def holder_of(url: str) -> sqlite3.Connection:
    """Another program in the middle of a write."""
    other = sqlite3.connect(
        Path(url.removeprefix("sqlite:///")), isolation_level=None, check_same_thread=False
    )
    other.execute("BEGIN IMMEDIATE")
    return other


def test_a_write_waits_for_another_program_beyond_the_drivers_own_patience(
    sqlite_url: str,
) -> None:
    with opened(sqlite_url) as database:
        database.write_now(lambda c: c.exec_driver_sql("PRAGMA busy_timeout=1"))
        other = holder_of(sqlite_url)
        timer = threading.Timer(0.5, lambda: other.execute("ROLLBACK"))
        timer.start()
        assert database.write_now(lambda c: c.execute(RAISE).scalar_one()) == 1
        timer.join()
        other.close()


def test_after_the_bound_it_is_unavailable_and_nothing_was_written(sqlite_url: str) -> None:
    with opened(sqlite_url) as database:
        database.write_now(lambda c: c.exec_driver_sql("PRAGMA busy_timeout=1"))
        database._patience = 0.1
        other = holder_of(sqlite_url)
        with pytest.raises(LedgerUnavailable, match="locked"):
            database.write_now(lambda c: c.execute(RAISE).scalar_one())
        other.execute("ROLLBACK")
        other.close()
        assert database.write_now(lambda c: c.execute(RAISE).scalar_one()) == 1
