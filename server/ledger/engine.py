"""The asynchronous queue around ``post``: group commit with one batch in flight.

A batch is what arrived while the last commit ran, at most ``batch_size``; no timer adds a wait.
"""

import asyncio
import contextlib
import logging
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from sqlalchemy import Connection

from server.checkpoints import Checkpoint, CheckpointPort, no_checkpoint
from server.db.database import Database
from server.db.errors import LedgerOverloaded, LedgerUnavailable
from server.ledger.posting import Postponed, StolenRow

C = TypeVar("C")
A = TypeVar("A")

_log = logging.getLogger("choba.ledger")
_STOLEN_TRIES: Final = 5
_POSTPONED_TRIES: Final = 40
_POSTPONED_WAIT: Final = 0.05
"""Seconds a batch waits that found nothing but busy customers."""


@dataclass(slots=True)
class _Waiting(Generic[C, A]):
    command: C
    answer: asyncio.Future[A]
    postponed: int = 0


class PostingEngine(Generic[C, A]):
    """``submit`` from any number of tasks; answers come after the commit, never before.

    ``start`` and ``close`` from the same event loop. ``on_commit`` is called on the loop after
    each batch that was committed, with its answers, before they are given.
    """

    def __init__(
        self,
        database: Database,
        post: Callable[[Connection, Sequence[C]], Sequence[A | Postponed]],
        *,
        batch_size: int = 512,
        queue_size: int = 4096,
        on_commit: Callable[[Sequence[A]], None] = lambda _answers: None,
        checkpoint: CheckpointPort = no_checkpoint,
    ) -> None:
        self._database = database
        self._post_batch = post
        self._batch_size = batch_size
        self._queue_size = queue_size
        self._on_commit = on_commit
        self._checkpoint = checkpoint
        self._queue: deque[_Waiting[C, A]] = deque()
        self._arrived = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None
        self._closing = False

    async def start(self) -> None:
        self._worker = asyncio.create_task(self._run(), name="posting-engine")

    async def close(self) -> None:
        """Post what is waiting, then end."""
        self._closing = True
        self._arrived.set()
        if self._worker is not None:
            await self._worker
            self._worker = None

    async def submit(self, command: C) -> A:
        """The command's outcome, once it is committed.

        Raises LedgerOverloaded (nothing was started) or LedgerUnavailable (unknown: send it
        again). A caller that is cancelled does not take its command back.
        """
        if self._worker is None or self._closing:
            raise LedgerOverloaded("posting engine: not running")
        if len(self._queue) >= self._queue_size:
            raise LedgerOverloaded("posting engine: its queue is full; try again later")
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        waiting: _Waiting[C, A] = _Waiting(command, answer)
        self._queue.append(waiting)
        self._arrived.set()
        return await waiting.answer

    async def submit_all(self, commands: Sequence[C]) -> list[A]:
        """``submit`` for many at once, outcomes in the order of the commands; they need not end up
        in one batch. Raises LedgerOverloaded before any is started; and LedgerUnavailable when it
        is unknown of one or more: send all of them again.
        """
        if self._worker is None or self._closing:
            raise LedgerOverloaded("posting engine: not running")
        if len(self._queue) + len(commands) > self._queue_size:
            raise LedgerOverloaded("posting engine: its queue is full; try again later")
        loop = asyncio.get_running_loop()
        waiting: list[_Waiting[C, A]] = [_Waiting(c, loop.create_future()) for c in commands]
        self._queue.extend(waiting)
        self._arrived.set()
        # each is awaited, so that no error goes unseen; the first one is raised at the end
        results = await asyncio.gather(*(w.answer for w in waiting), return_exceptions=True)
        answers: list[A] = []
        for result in results:
            if isinstance(result, BaseException):
                raise result
            answers.append(result)
        return answers

    async def _run(self) -> None:
        while not (self._closing and not self._queue):
            await self._arrived.wait()
            self._arrived.clear()
            while self._queue:
                batch = [
                    self._queue.popleft() for _ in range(min(len(self._queue), self._batch_size))
                ]
                await self._settle(batch)

    async def _settle(self, batch: list[_Waiting[C, A]]) -> None:
        try:
            answers = await self._post(batch)
        except Exception as error:
            if len(batch) > 1 and not isinstance(error, LedgerUnavailable):
                # one command with a defect must not take the others with it
                _log.exception("a batch of %d failed; posting its commands one by one", len(batch))
                for waiting in batch:
                    await self._settle([waiting])
                return
            for waiting in batch:
                _fail(waiting, error)
            return
        done = [answer for answer in answers if not isinstance(answer, Postponed)]
        try:
            self._checkpoint(Checkpoint.POST_AFTER_COMMIT)
            if done:
                self._on_commit(done)
        except Exception as error:  # a listener's defect: the commit stands, nobody may hang
            _log.exception("after a commit")
            for waiting in batch:
                _fail(waiting, error)
            return
        await self._answer(batch, answers, anything_done=bool(done))

    async def _answer(
        self, batch: list[_Waiting[C, A]], answers: Sequence[A | Postponed], *, anything_done: bool
    ) -> None:
        again = []
        for waiting, answer in zip(batch, answers, strict=True):
            if isinstance(answer, Postponed):
                waiting.postponed += 1
                if waiting.postponed > _POSTPONED_TRIES:
                    _fail(waiting, LedgerOverloaded("wallet: held elsewhere; try again later"))
                else:
                    again.append(waiting)
            elif not waiting.answer.done():
                waiting.answer.set_result(answer)
        if again and not anything_done:
            await asyncio.sleep(_POSTPONED_WAIT)
        self._queue.extendleft(reversed(again))

    async def _post(self, batch: list[_Waiting[C, A]]) -> Sequence[A | Postponed]:
        commands = [waiting.command for waiting in batch]
        for attempt in range(_STOLEN_TRIES):
            try:
                return await self._database.write(
                    lambda connection: self._post_batch(connection, commands),
                    repeatable=True,  # a command's own key answers it the second time
                )
            except StolenRow:
                _log.info("a sale of this batch was decided elsewhere first; deciding again")
                await asyncio.sleep(random.uniform(0, 0.005 * 2**attempt))  # noqa: S311 -- jitter
        raise LedgerOverloaded("batch: lost every race; try again later")


def _fail(waiting: _Waiting[C, A], error: Exception) -> None:
    with contextlib.suppress(asyncio.InvalidStateError):
        waiting.answer.set_exception(error)
