"""One database behind two kinds: SQLite in the process, PostgreSQL by URL.

Reads run in a bounded pool off the event loop; writes each in a transaction of their own. On
SQLite every write of the process goes through one queue, on one thread, with BEGIN IMMEDIATE.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from server.db.errors import LedgerOverloaded
from server.db.kinds import DatabaseKind
from server.db.prepared import Rows, Statement, run_all
from server.db.retrying import PATIENCE_SECONDS, CommitFailed, Patience, outcome_unknown

T = TypeVar("T")
Work = Callable[[Connection], T]

_WAITING_LIMIT: Final = 2000
"""Reads or writes that may wait in one pool; more are refused instead of queued."""


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
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """``patience``: seconds that a database which does not answer is asked again."""
        self._patience = patience
        self.kind: Final = kind
        self._reading = reading
        self._writing = writing
        self._read_pool = _Pool(readers, "choba-read")
        self._write_pool = _Pool(writers, "choba-write")

    async def read(self, work: Work[T]) -> T:
        """Run ``work`` on a reading connection in the pool and return what it returns.

        ``work`` runs again on a new connection when its own dies. Raises LedgerUnavailable when
        the database does not answer in time, LedgerOverloaded when too many reads wait.
        """
        return await self._read_pool.run(lambda: self._read(work, self._patience))

    async def look_up(self, statements: Sequence[Statement]) -> list[Rows]:
        """``read`` of prepared statements and nothing else: one trip, no transaction around it."""
        return await self.read(lambda c: run_all(c, statements, in_transaction=False))

    async def write(self, work: Work[T], *, repeatable: bool = False) -> T:
        """Run ``work`` in one transaction, committed when it returns, rolled back when it raises.

        ``work`` may run again after contention or on a new connection when its own died before
        COMMIT was sent, so it must have no other effects. ``repeatable``: a run after a run that
        was committed changes nothing and answers the same (by an idempotency key, say); then it
        also runs again after a COMMIT whose outcome is unknown.
        Once handed over it runs to its end, even when the caller is cancelled.
        Raises LedgerUnavailable (nothing was written), CommitUnknown (perhaps it was),
        LedgerOverloaded (nothing was started).
        """
        return await self._write_pool.run(lambda: self._write(work, repeatable))

    def read_now(self, work: Work[T]) -> T:
        """``read`` for callers without an event loop: command line, demo data, tests."""
        return self._read_pool.run_now(lambda: self._read(work, self._patience))

    def write_now(self, work: Work[T], *, repeatable: bool = False) -> T:
        """``write`` for callers without an event loop; the same queue."""
        return self._write_pool.run_now(lambda: self._write(work, repeatable))

    def ask_once(self, work: Work[T]) -> T:
        """``read_now`` without patience: a person at a start waits for the reason."""
        return self._read_pool.run_now(lambda: self._read(work, 0.0))

    async def close(self) -> None:
        """Wait for what runs and let go of every connection."""
        await asyncio.get_running_loop().run_in_executor(None, self.close_now)

    def close_now(self) -> None:
        self._read_pool.close()
        self._write_pool.close()
        self._reading.dispose()
        self._writing.dispose()

    def _read(self, work: Work[T], patience: float) -> T:
        again = Patience(patience)
        while True:
            try:
                with self._reading.connect() as connection:
                    return work(connection)
            except DBAPIError as error:
                again.wait(error, repeatable=True, unknown=False)

    def _write(self, work: Work[T], repeatable: bool) -> T:
        again = Patience(self._patience)
        while True:
            try:
                return self._write_once(work)
            except CommitFailed as failed:
                again.wait(failed.error, repeatable=repeatable, unknown=True)
            except DBAPIError as error:
                again.wait(error, repeatable=repeatable, unknown=False)

    def _write_once(self, work: Work[T]) -> T:
        """One transaction. CommitFailed: COMMIT was sent, and nobody said what came of it."""
        with self._writing.connect() as connection:
            with connection.begin() as transaction:
                result = work(connection)
                try:
                    transaction.commit()
                except DBAPIError as error:
                    if outcome_unknown(error):
                        raise CommitFailed(error) from error
                    raise
            return result


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
