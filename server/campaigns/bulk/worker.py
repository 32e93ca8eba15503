"""The task of a server process that carries out what was confirmed, also after a crash."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from protos.operation.logs import say
from server.campaigns.bulk.running import BulkRunner
from server.campaigns.bulk.store import unfinished
from server.db import Database, DatabaseKind, LedgerUnavailable
from server.db.leases import LeaseHolder
from server.ledger import LedgerClock
from server.refusal import Refusal

log = logging.getLogger("choba.bulk")
_AGAIN_SECONDS: Final = 30.0
_LEASE: Final = "bulk"
_LEASE_SECONDS: Final = 60.0


class BulkWorker:
    """``run`` as a task until ``stop``; ``wake`` after each confirmation.

    One process at a time does it, by its lease: two would wait for each other's customers. Should
    two believe that they hold it, keys are granted once all the same.
    """

    def __init__(
        self,
        database: Database,
        ledger_clock: LedgerClock,
        *,
        holder: LeaseHolder | None = None,
        again_seconds: float = _AGAIN_SECONDS,
    ) -> None:
        """``again_seconds``: after which it looks again whether another process has ended."""
        self._database = database
        self._holder = holder or LeaseHolder()
        self._again_seconds = again_seconds
        self._renewed_at = 0.0
        self._stopping = threading.Event()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._wake.set()  # what a crash left behind
        self._idle.set()
        self._runner = BulkRunner(database, ledger_clock, sleep=self._rest)

    def wake(self) -> None:
        """There may be something to do. On the loop's own thread."""
        self._wake.set()

    async def run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            self._idle.clear()
            try:
                await asyncio.shield(asyncio.ensure_future(self._carry_out()))
            except LedgerUnavailable as error:
                say(log, logging.ERROR, "a batch of grants waits for the database", error=error)
                self._later()
            except Refusal as refused:
                say(log, logging.ERROR, "a batch of grants cannot go on", reason=refused.code)

    async def stop(self) -> None:
        """Returns when no line is being booked; the batch goes on at the next start."""
        self._stopping.set()
        await self._idle.wait()

    async def _carry_out(self) -> None:
        try:
            done = await asyncio.to_thread(self._run_unfinished)
            if done is None:
                self._later()
            for batch_id in done or ():
                say(log, logging.INFO, "a batch of grants is complete", batch=batch_id)
        except _Stopped:
            say(log, logging.INFO, "stopped within a batch of grants; it goes on at the next start")
        except _LeaseLost:
            say(log, logging.WARNING, "another process goes on with a batch of grants")
            self._later()
        finally:
            self._idle.set()

    def _run_unfinished(self) -> list[str] | None:
        """None: another process does it."""
        if not self._database.read_now(unfinished):
            return []
        if not self._lease(self._holder.take):
            return None
        try:
            return self._runner.run_unfinished()
        finally:
            if self._leased:
                self._database.write_now(
                    partial(self._holder.release, name=_LEASE), repeatable=True
                )

    def _rest(self, seconds: float) -> None:
        """Between two chunks, on the worker's thread."""
        if self._stopping.wait(seconds):
            raise _Stopped
        due = time.monotonic() - self._renewed_at > _LEASE_SECONDS / 3
        if due and not self._lease(self._holder.renew):
            raise _LeaseLost

    @property
    def _leased(self) -> bool:
        """SQLite has one process that writes."""
        return self._database.kind is DatabaseKind.POSTGRESQL

    def _lease(self, ask: Callable[..., bool]) -> bool:
        self._renewed_at = time.monotonic()
        return not self._leased or self._database.write_now(
            partial(ask, name=_LEASE, seconds=_LEASE_SECONDS), repeatable=True
        )

    def _later(self) -> None:
        asyncio.get_running_loop().call_later(self._again_seconds, self._wake.set)


class _Stopped(Exception):  # noqa: N818
    """The server ends."""


class _LeaseLost(Exception):  # noqa: N818
    """This process stood still for longer than its lease."""
