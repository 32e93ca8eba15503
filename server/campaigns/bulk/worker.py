"""The task of a server process that carries out what was confirmed, also after a crash."""

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Final

from protos.operation.logs import say
from server.campaigns.bulk.running import BulkRunner
from server.db import Database, LedgerUnavailable
from server.ledger import LedgerClock
from server.refusal import Refusal

log = logging.getLogger("choba.bulk")
_AGAIN_SECONDS: Final = 30.0


class BulkWorker:
    """``run`` as a task until ``stop``; ``wake`` after each confirmation.

    Several processes may carry out the same batch; keys are granted once.
    """

    def __init__(self, database: Database, ledger_clock: LedgerClock) -> None:
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
                self._later(_AGAIN_SECONDS)
            except Refusal as refused:
                say(log, logging.ERROR, "a batch of grants cannot go on", reason=refused.code)

    async def stop(self) -> None:
        """Returns when no line is being booked; the batch goes on at the next start."""
        self._stopping.set()
        await self._idle.wait()

    async def _carry_out(self) -> None:
        try:
            done = await asyncio.to_thread(self._runner.run_unfinished)
            for batch_id in done:
                say(log, logging.INFO, "a batch of grants is complete", batch=batch_id)
        except _Stopped:
            say(log, logging.INFO, "stopped within a batch of grants; it goes on at the next start")
        finally:
            self._idle.set()

    def _rest(self, seconds: float) -> None:
        """Between two chunks, on the worker's thread."""
        if self._stopping.wait(seconds):
            raise _Stopped

    def _later(self, seconds: float) -> None:
        wake: Callable[[], None] = self._wake.set
        asyncio.get_running_loop().call_later(seconds, wake)


class _Stopped(Exception):  # noqa: N818
    """The server ends."""
