"""An audit's parts taken by two processes, so that it keeps both of a machine's processors busy.

One interpreter keeps one of them busy; and two sessions of PostgreSQL, each with a plan of its own
on one processor, got through more than one that shared its joins with helpers. Each process reads
a snapshot: on PostgreSQL of the same instant, on SQLite the second's may be some milliseconds
younger. So a part must hold by itself, whatever another part saw.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from itertools import chain
from multiprocessing.connection import Connection as Pipe
from typing import Any, Final

from sqlalchemy import Connection, text

from server.db import DatabaseKind, open_database
from server.db.streams import long_snapshot
from server.ledger import Progress

Verifier = Callable[[Connection, Progress], list[str]]
Found = dict[int, list[str]]
"""By the part's place."""

_TOLD_EVERY: Final = 0.2
"""Seconds between two tellings of how far the second process is."""
_FEW: Final = 4
"""With fewer processors, two sessions of PostgreSQL without helpers are all that has room."""
_DONE: Final = "done"
_FAILED: Final = "failed"


class TwoProcesses:
    """Forks when it is made: before any thread or connection of this process there is.

    ``begin`` in the transaction of the audit, after ``long_snapshot``; the second process takes the
    first part. ``rest`` takes others, from when this process has time for them.
    """

    def __init__(self, url: str, parts: Sequence[Verifier], progress: Progress) -> None:
        fork = multiprocessing.get_context("fork")
        self._parts = parts
        self._taken = fork.Value("i", 0)
        self._pipe, theirs = fork.Pipe()
        work = (self._pipe, theirs, url, self._take_all)
        self._child = fork.Process(target=_work, args=work, daemon=True)
        self._child.start()
        theirs.close()
        self._shown = progress
        self._mine = self._others = (0, 0)
        self._answer: Any = None

    @staticmethod
    def possible() -> bool:
        """Two processors, and no thread that a fork would leave behind."""
        return threading.active_count() == 1 and processors() > 1

    def begin(self, connection: Connection) -> None:
        """Let it read what this connection's snapshot shows."""
        name = ""
        if connection.dialect.name == DatabaseKind.POSTGRESQL.value:
            name = str(connection.execute(text("SELECT pg_export_snapshot()")).scalar_one())
            _alone_on_its_processor(connection)
        self._pipe.send(name)

    def progress(self, what: str, done: int, total: int) -> None:
        """How far this process is: shown together with the other one."""
        self._mine = (done, total)
        self._hear(0)
        self._show(what)

    def rest(self, connection: Connection) -> list[str]:
        """What all parts found, in their order. Raises what the second process raised."""
        found = self._take_all(connection, self.progress)
        while self._answer is None:
            self._hear(_TOLD_EVERY)
            self._show("books")
        kind, value = self._answer
        if kind == _FAILED:
            raise value
        found |= value
        return list(chain.from_iterable(found[place] for place in range(len(self._parts))))

    def end(self) -> None:
        """Whatever it is doing."""
        self._pipe.close()
        self._child.terminate()
        self._child.join()

    def _take_all(self, connection: Connection, progress: Progress) -> Found:
        """One part after another, until both processes together have taken all."""
        found: Found = {}
        while True:
            with self._taken:
                place = self._taken.value
                self._taken.value = place + 1
            if place >= len(self._parts):
                return found
            found[place] = self._parts[place](connection, progress)

    def _hear(self, seconds: float) -> None:
        while self._answer is None and self._pipe.poll(seconds):
            try:
                said = self._pipe.recv()
            except EOFError:
                self._child.join()
                raise RuntimeError(
                    f"the audit's second process ended with status {self._child.exitcode}"
                ) from None
            if said[0] in (_DONE, _FAILED):
                self._answer = said
            else:
                self._others = said

    def _show(self, what: str) -> None:
        mine, others = self._mine, self._others
        self._shown(what, mine[0] + others[0], mine[1] + others[1])


def processors() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0))


def _alone_on_its_processor(connection: Connection) -> None:
    if processors() < _FEW:
        connection.execute(text("SET LOCAL max_parallel_workers_per_gather = 0"))


def _work(
    parents: Pipe, pipe: Pipe, url: str, take_all: Callable[[Connection, Progress], Found]
) -> None:
    parents.close()  # or the end of the parent would not show
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it
    told = 0.0

    def tell(_what: str, done: int, total: int) -> None:
        nonlocal told
        if time.monotonic() - told >= _TOLD_EVERY or done == total:
            told = time.monotonic()
            pipe.send((done, total))

    def work(connection: Connection, snapshot: str) -> Found:
        long_snapshot(connection, snapshot)
        if snapshot:
            _alone_on_its_processor(connection)
        return take_all(connection, tell)

    try:
        snapshot = pipe.recv()
        database = open_database(url, readers=1, writers=1)
        try:
            pipe.send((_DONE, database.read_now(lambda connection: work(connection, snapshot))))
        finally:
            database.close_now()
    except (EOFError, BrokenPipeError):
        return  # nobody waits any more
    except Exception as error:
        pipe.send((_FAILED, error))
