"""Due jobs: what has to be done once in each period, by one of the server processes.

A process takes a job by its lease (``server.db.leases``), renews it while it works, and notes the
period as done. A process that dies leaves a lease that runs out: another one takes over.

    jobs = DueJobs(database, clock)
    jobs.daily("payments.prune", desk.prune, after=3 * HOUR)
    jobs.hourly("ledger.sign-heads", sign_heads)
    await jobs.run()          # one task of the server; until cancelled
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from protos.operation.logs import say
from protos.units import Micros
from server.clock import DAY, HOUR, Clock, start_of_day, tokyo_day
from server.db import Database, LedgerUnavailable
from server.db.leases import LeaseHolder

log = logging.getLogger(__name__)

Job = Callable[[], Awaitable[object]]
"""Must bear being killed anywhere and being run again, also twice at once: a process that stood
still for longer than its lease does not know that another one has taken over."""

_LOOK_SECONDS: Final = 15.0
_RETRY_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class _Due:
    name: str
    job: Job
    period_of: Callable[[Micros], Micros]


def _end_if_cancelled() -> None:
    """A cancel that came while the lease was let go, or that a job kept to itself, still ends the
    jobs: else the server waits for them for ever."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


class DueJobs:
    """The due jobs of one server process."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        holder: LeaseHolder | None = None,
        lease_seconds: float = 60.0,
    ) -> None:
        """``clock`` says which period it is; ``lease_seconds`` after a crash another process
        takes over."""
        self._database = database
        self._clock = clock
        self._holder = holder or LeaseHolder()
        self._lease_seconds = lease_seconds
        self._jobs: dict[str, _Due] = {}
        self._not_before: dict[str, float] = {}

    def daily(self, name: str, job: Job, *, after: int = 0) -> None:
        """Once a day in Japan, at ``after`` µs past midnight or as soon as a process runs.

        Days that no process saw are not made up for: the job does all that is due by then.
        """
        self._add(name, job, partial(_day_from, after=after))

    def hourly(self, name: str, job: Job) -> None:
        """Once in every full hour."""
        self._add(name, job, lambda now: Micros(now - now % HOUR))

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.run_due()
            await asyncio.sleep(_LOOK_SECONDS)

    async def run_due(self) -> tuple[str, ...]:
        """Do what is due and nobody else does, one after the other; the names of what was done.

        A job that fails is logged and tried again a minute later, here or elsewhere.
        """
        return tuple([due.name for due in self._jobs.values() if await self._try(due)])

    def _add(self, name: str, job: Job, period_of: Callable[[Micros], Micros]) -> None:
        if name in self._jobs:
            raise ValueError(f"due job {name}: named twice")
        self._jobs[name] = _Due(name, job, period_of)

    async def _try(self, due: _Due) -> bool:
        loop_time = asyncio.get_running_loop().time
        if loop_time() < self._not_before.get(due.name, 0.0):
            return False
        period = due.period_of(self._clock())
        try:
            if not await self._take(due.name, period):
                return False
            done = await self._work(due)
            await self._release(due.name, period if done else 0)
        except LedgerUnavailable as error:
            say(log, logging.ERROR, "due job: no database", job=due.name, error=str(error))
            done = False
        if not done:
            self._not_before[due.name] = loop_time() + _RETRY_SECONDS
        return done

    async def _work(self, due: _Due) -> bool:
        """Run it while a second task keeps the lease."""
        work = asyncio.ensure_future(due.job())
        keeping = asyncio.create_task(self._keep(due.name, work), name=f"lease of {due.name}")
        try:
            await work
        except asyncio.CancelledError:
            work.cancel()
            if asyncio.current_task() is not None and keeping.done():
                return False  # the lease went to another process; it does the work
            raise
        except Exception as error:  # whatever it was: logged, and tried again
            say(log, logging.ERROR, "due job failed", job=due.name, error=error)
            return False
        finally:
            keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeping
        _end_if_cancelled()
        say(log, logging.INFO, "due job done", job=due.name)
        return True

    async def _keep(self, name: str, work: "asyncio.Future[object]") -> None:
        """Returns, and ends the work, when another process has the lease."""
        while True:
            await asyncio.sleep(self._lease_seconds / 3)
            try:
                ours = await self._database.write(
                    lambda c: self._holder.renew(c, name, self._lease_seconds), repeatable=True
                )
            except LedgerUnavailable as error:
                say(log, logging.WARNING, "lease not renewed", job=name, error=str(error))
                continue
            if not ours:
                say(log, logging.WARNING, "lease lost; another process works", job=name)
                work.cancel()
                return

    async def _take(self, name: str, period: Micros) -> bool:
        return await self._database.write(
            lambda c: self._holder.take(c, name, self._lease_seconds, period=period),
            repeatable=True,
        )

    async def _release(self, name: str, done: int) -> None:
        await self._database.write(
            lambda c: self._holder.release(c, name, done=done), repeatable=True
        )


def _day_from(now: Micros, *, after: int) -> Micros:
    """The last instant at or before ``now`` that lies ``after`` µs past a midnight in Japan."""
    today = Micros(start_of_day(tokyo_day(now)) + after)
    return today if today <= now else Micros(today - DAY)
