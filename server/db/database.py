"""One database behind two kinds: SQLite in the process, PostgreSQL by URL.

Reads run in a bounded pool off the event loop; writes each in a transaction of their own. On
SQLite every write of the process goes through one queue, on one thread, with BEGIN IMMEDIATE.
"""

import asyncio
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from typing import Final, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from server.db.errors import LedgerOverloaded, LedgerUnavailable

T = TypeVar("T")
Work = Callable[[Connection], T]

_WAITING_LIMIT: Final = 2000
"""Reads or writes that may wait in one pool; more are refused instead of queued."""
_TRIES: Final = 6
_RETRY_STATES: Final = frozenset({"40001", "40P01", "55P03"})
"""serialization_failure, deadlock_detected, lock_not_available: nothing was committed."""


class DatabaseKind(Enum):
    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


class Database:
    """Made by ``open_database``; ``close`` it at the end."""

    def __init__(
        self,
        kind: DatabaseKind,
        *,
        reading: Engine,
        writing: Engine,
        readers: int,
        writers: int,
    ) -> None:
        self.kind: Final = kind
        self._reading = reading
        self._writing = writing
        self._read_pool = _Pool(readers, "choba-read")
        self._write_pool = _Pool(writers, "choba-write")

    async def read(self, work: Work[T]) -> T:
        """Run ``work`` on a reading connection in the pool and return what it returns.

        Raises LedgerUnavailable when the database does not answer, LedgerOverloaded when too
        many reads wait.
        """
        return await self._read_pool.run(lambda: self._read(work))

    async def write(self, work: Work[T]) -> T:
        """Run ``work`` in one transaction, committed when it returns, rolled back when it raises.

        ``work`` may run again after a serialisation failure, so it must have no other effects.
        Once handed over it runs to its end, even when the caller is cancelled.
        Raises LedgerUnavailable, LedgerOverloaded.
        """
        return await self._write_pool.run(lambda: self._write(work))

    def read_now(self, work: Work[T]) -> T:
        """``read`` for callers without an event loop: command line, demo data, tests."""
        return self._read_pool.run_now(lambda: self._read(work))

    def write_now(self, work: Work[T]) -> T:
        """``write`` for callers without an event loop; the same queue."""
        return self._write_pool.run_now(lambda: self._write(work))

    async def close(self) -> None:
        """Wait for what runs and let go of every connection."""
        await asyncio.get_running_loop().run_in_executor(None, self.close_now)

    def close_now(self) -> None:
        self._read_pool.close()
        self._write_pool.close()
        self._reading.dispose()
        self._writing.dispose()

    def _read(self, work: Work[T]) -> T:
        with _translated(), self._reading.connect() as connection:
            return work(connection)

    def _write(self, work: Work[T]) -> T:
        for attempt in range(_TRIES):
            try:
                with self._writing.begin() as connection:
                    return work(connection)
            except DBAPIError as error:
                if not _worth_retrying(error) or attempt == _TRIES - 1:
                    raise _as_unavailable(error) from error
                time.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 -- jitter
        raise AssertionError("unreachable: the last try returns or raises")


class _Pool:
    """Threads with a bounded queue."""

    def __init__(self, threads: int, name: str) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._waiting = 0
        self._lock = threading.Lock()

    async def run(self, call: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        self._enter()
        return await loop.run_in_executor(self._executor, self._leaving(call))

    def run_now(self, call: Callable[[], T]) -> T:
        self._enter()
        return self._executor.submit(self._leaving(call)).result()

    def close(self) -> None:
        self._executor.shutdown(wait=True)

    def _enter(self) -> None:
        with self._lock:
            if self._waiting >= _WAITING_LIMIT:
                raise LedgerOverloaded("database: too many calls are waiting; try again later")
            self._waiting += 1

    def _leaving(self, call: Callable[[], T]) -> Callable[[], T]:
        def wrapped() -> T:
            try:
                return call()
            finally:
                with self._lock:
                    self._waiting -= 1

        return wrapped


class _translated:  # noqa: N801 -- reads as a statement
    """Turns "the database did not answer" into LedgerUnavailable."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OperationalError | InterfaceError):
            raise LedgerUnavailable(_short(error)) from error


def _as_unavailable(error: DBAPIError) -> Exception:
    if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated:
        return LedgerUnavailable(_short(error))
    return error


def _worth_retrying(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) in _RETRY_STATES


def _short(error: DBAPIError) -> str:
    """The driver's own words, without the statement and its parameters (persons' data)."""
    return f"database: {type(error.orig).__name__}: {error.orig}".splitlines()[0]
