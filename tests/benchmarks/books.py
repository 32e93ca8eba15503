"""What the bench asks a server's books: have they all been told, are they right?"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from server.db import Database, open_database
from server.state import StateFolder
from tools.harness.process import StageError
from tools.harness.stack import Stack

_DRAIN_S = 300.0


@contextmanager
def books_of(stack: Stack) -> Iterator[Database]:
    """The same books that the stack's server has open; it may run meanwhile."""
    database = open_database(
        stack.plan.database_url or f"sqlite:///{StateFolder(stack.server_dir).database}"
    )
    try:
        yield database
    finally:
        database.close_now()


def count(database: Database, statement: str) -> int:
    """The one number that a statement gives."""
    return int(database.read_now(lambda c: c.execute(text(statement)).scalar_one()))


def wait_until_announced(database: Database) -> float:
    """Until the broker has every announcement; how long that took, seconds. Raises StageError."""
    began = time.monotonic()
    while count(database, "SELECT count(*) FROM outbox WHERE announced_at IS NULL"):
        if time.monotonic() - began > _DRAIN_S:
            raise StageError(f"outbox: not empty after {_DRAIN_S:g} s")
        time.sleep(0.1)
    return time.monotonic() - began


def audited(stack: Stack, paid: int, legs: int) -> str:
    """The operator's own audit of the books, and that they hold what was answered: so many
    payments of so many legs, each with its entry, key and announcement. Raises StageError."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "server.cli", "audit", "verify"),
            *("--state-dir", str(stack.server_dir), "--database", stack.plan.database_url),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StageError(f"audit: {done.stdout}{done.stderr}")
    expected = (
        ("payments", "SELECT count(*) FROM payments", paid),
        ("keys", "SELECT count(DISTINCT idempotency_key) FROM payments", paid),
        ("entries", "SELECT count(*) FROM entries JOIN payments ON payment_id = entry_id", paid),
        ("transactions", "SELECT count(*) FROM transactions", paid * legs),
        ("outbox rows", "SELECT count(*) FROM outbox", paid),
    )
    with books_of(stack) as database:
        for what, statement, wanted in expected:
            found = count(database, statement)
            if found != wanted:
                raise StageError(f"books: {found} {what}, {wanted} were answered")
    return " ".join(done.stdout.split())
