"""One database behind two kinds: SQLite in the process, PostgreSQL by URL.

Reads run in a bounded pool off the event loop; writes each in a transaction of their own. On
SQLite every write of the process goes through one queue with BEGIN IMMEDIATE.
"""

from collections.abc import Callable
from enum import Enum
from typing import TypeVar

from sqlalchemy import Connection

T = TypeVar("T")


class LedgerUnavailable(Exception):
    """The database did not answer: whether a write happened is unknown. Ask, or send it again."""


class DatabaseKind(Enum):
    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


class Database:
    """Made by ``open_database``; ``close`` it at the end."""

    kind: DatabaseKind

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on a reading connection in the pool and return what it returns.

        Raises LedgerUnavailable when the database does not answer or too many reads wait.
        """
        raise NotImplementedError

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in one transaction, committed when it returns, rolled back when it raises.

        ``work`` may run again after a serialisation failure, so it must have no other effects.
        Raises LedgerUnavailable.
        """
        raise NotImplementedError

    def read_now(self, work: Callable[[Connection], T]) -> T:
        """``read`` on the caller's thread, for the command line, migrations and demo data."""
        raise NotImplementedError

    def write_now(self, work: Callable[[Connection], T]) -> T:
        """``write`` on the caller's thread."""
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError


def open_database(url: str, *, readers: int = 4) -> Database:
    """Open ``sqlite:///path`` or ``postgresql+psycopg://…``; refuses a schema that is not current.

    Raises DatabaseSettingError for a URL of another kind.
    """
    raise NotImplementedError
