"""Due jobs: once per period over all processes, taken over after a crash."""

import asyncio
import contextlib

from sqlalchemy import text

from server.clock import HOUR
from server.db import Database
from server.db.leases import LeaseHolder
from server.due_jobs import DueJobs
from tests.support.books import HandClock, moment


def jobs_of(database: Database, clock: HandClock, lease_seconds: float = 60.0) -> DueJobs:
    return DueJobs(database, clock, holder=LeaseHolder(), lease_seconds=lease_seconds)


def let_leases_run_out(database: Database) -> None:
    database.write_now(lambda c: c.execute(text("UPDATE leases SET until = 1 WHERE until > 0")))


async def test_of_two_processes_one_works_and_the_next_period_is_due_again(
    database: Database,
) -> None:
    clock, ran = HandClock(moment(2024, 6, 5, 12)), []
    processes = [jobs_of(database, clock), jobs_of(database, clock)]
    for number, jobs in enumerate(processes):

        async def job(number: int = number) -> None:
            await asyncio.sleep(0.05)
            ran.append(number)

        jobs.daily("prune", job)
    assert sorted(await asyncio.gather(*(jobs.run_due() for jobs in processes))) in (
        [(), ("prune",)],
    )
    for jobs in processes:
        assert await jobs.run_due() == ()
    assert len(ran) == 1
    clock.forward(24 * 3600)
    assert sorted([await jobs.run_due() for jobs in processes]) == [(), ("prune",)]
    assert len(ran) == 2


async def test_a_day_begins_in_japan_and_after_its_hour(database: Database) -> None:
    clock, ran = HandClock(moment(2024, 6, 5, 2)), []

    async def job() -> None:
        ran.append(clock.now)

    jobs = jobs_of(database, clock)
    jobs.daily("close", job, after=3 * HOUR)
    await jobs.run_due()  # for yesterday's three o'clock: no process saw it
    await jobs.run_due()
    clock.now = moment(2024, 6, 5, 2, 59)
    await jobs.run_due()
    clock.now = moment(2024, 6, 5, 3)
    await jobs.run_due()
    assert ran == [moment(2024, 6, 5, 2), moment(2024, 6, 5, 3)]


async def test_a_dead_process_is_followed_by_another_and_a_living_one_is_not(
    database: Database,
) -> None:
    clock, ran = HandClock(), []

    async def job() -> None:
        ran.append(1)

    dead = LeaseHolder()
    period = clock.now - clock.now % HOUR
    assert database.write_now(lambda c: dead.take(c, "sign", 60.0, period=period))
    jobs = jobs_of(database, clock)
    jobs.hourly("sign", job)
    assert await jobs.run_due() == ()
    let_leases_run_out(database)
    assert await jobs.run_due() == ("sign",)
    assert not database.write_now(lambda c: dead.renew(c, "sign", 60.0))
    assert not database.write_now(lambda c: dead.take(c, "sign", 60.0, period=period))
    assert ran == [1]


async def test_a_lease_that_went_to_another_ends_the_work_here(database: Database) -> None:
    clock, ended = HandClock(), asyncio.Event()

    async def long_job() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    jobs = jobs_of(database, clock, lease_seconds=0.3)
    jobs.hourly("sign", long_job)
    working = asyncio.create_task(jobs.run_due())
    other = LeaseHolder()
    while not await database.write(
        lambda c: c.execute(text("UPDATE leases SET until = 1 WHERE owner <> ''")).rowcount
    ):
        await asyncio.sleep(0.01)
    assert await database.write(lambda c: other.take(c, "sign", 60.0))
    assert await asyncio.wait_for(working, 10) == ()
    assert ended.is_set()
    assert await database.write(lambda c: other.renew(c, "sign", 60.0))


async def test_a_job_that_fails_is_not_done_and_another_process_may_try(
    database: Database,
) -> None:
    clock, ran = HandClock(), []

    async def failing() -> None:
        raise OSError("disk")

    async def job() -> None:
        ran.append(1)

    first, second = jobs_of(database, clock), jobs_of(database, clock)
    first.hourly("sign", failing)
    second.hourly("sign", job)
    assert await first.run_due() == ()
    assert await first.run_due() == ()  # not again at once
    assert await second.run_due() == ("sign",)
    assert ran == [1]


async def test_a_stop_in_the_middle_leaves_the_period_open(database: Database) -> None:
    clock, started = HandClock(), asyncio.Event()

    async def job() -> None:
        started.set()
        await asyncio.sleep(60)

    jobs = jobs_of(database, clock)
    jobs.hourly("sign", job)
    working = asyncio.create_task(jobs.run_due())
    await asyncio.wait_for(started.wait(), 10)
    working.cancel()
    assert (await asyncio.gather(working, return_exceptions=True))[0].__class__ is (
        asyncio.CancelledError
    )
    let_leases_run_out(database)
    ran = []

    async def other() -> None:
        ran.append(1)

    follower = jobs_of(database, clock)
    follower.hourly("sign", other)
    assert await follower.run_due() == ("sign",)


async def test_a_cancel_that_a_job_keeps_to_itself_still_ends_them(database: Database) -> None:
    """A server waited for ever for its jobs."""
    began = asyncio.Event()

    async def job() -> None:
        began.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)

    jobs = jobs_of(database, HandClock(moment(2024, 6, 5, 12)))
    jobs.hourly("deaf", job)
    running = asyncio.create_task(jobs.run())
    await began.wait()
    running.cancel()
    done, _ = await asyncio.wait({running}, timeout=10)
    assert running in done
    assert running.cancelled()
