"""The due job that closes: at midnight, after days without a server, beside another process."""

import asyncio
from functools import partial

import pytest

from protos.units import Micros
from server.campaigns import ScheduleCode
from server.clock import DAY, HOUR, SECOND
from server.due_jobs import DueJobs
from server.oversight import acts_between
from server.refusal import Refusal
from server.settlement.closes import CloseTimer
from tests.support.books import POINTS, VOUCHER, Town, moment
from tests.support.cancels import at, pay
from tests.support.closes import assert_closes_hold, close_desk, closes

FRIDAY = moment(2024, 6, 8)


def timer(town: Town) -> CloseTimer:
    return CloseTimer(close_desk(town))


async def test_everything_that_is_due_of_every_service(town: Town) -> None:
    await pay(town, 7, voucher=100, points=10)
    at(town, moment(2024, 6, 22, 3))
    made = await timer(town).run()
    assert [(one.service_id, one.number) for one in made] == [
        (POINTS, 1),
        (POINTS, 2),
        (VOUCHER, 1),
        (VOUCHER, 2),
        (VOUCHER, 3),
    ]
    assert await timer(town).run() == ()
    acts = town.database.read_now(lambda c: list(acts_between(c, Micros(0), moment(2030, 1, 1))))
    assert {(act.by, act.why) for act in acts if act.what == "close.run"} == {
        ("choba-server", "締め処理（自動）")
    }
    assert_closes_hold(town)


async def test_the_servers_clock_may_be_a_little_before_the_one_that_decides(
    sqlite_town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The timer goes off at midnight by its own clock and finds that it is not there yet."""
    town = sqlite_town
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        town.clock.now = Micros(town.clock.now + int(seconds * SECOND))

    monkeypatch.setattr(asyncio, "sleep", sleep)
    at(town, Micros(FRIDAY - 3 * SECOND))
    made = await timer(town).run()
    assert slept == [3.0]
    assert (VOUCHER, 1) in [(one.service_id, one.number) for one in made]


async def test_long_before_the_boundary_it_does_nothing(sqlite_town: Town) -> None:
    at(sqlite_town, Micros(FRIDAY - HOUR))
    made = await timer(sqlite_town).run()
    assert {one.service_id for one in made} == {POINTS}


async def test_two_processes_at_the_same_midnight(town: Town) -> None:
    await pay(town, 7, voucher=100)
    at(town, FRIDAY)
    both = await asyncio.gather(timer(town).run(), timer(town).run())
    assert sorted(one.number for made in both for one in made if one.service_id == VOUCHER) == [1]
    assert_closes_hold(town)


async def test_a_service_that_refuses_holds_up_no_other(
    sqlite_town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = sqlite_town
    at(town, Micros(FRIDAY + DAY))
    desk = close_desk(town)
    close_due = desk.close_due

    def refusing(service: str, **acting: str) -> object:
        if service == POINTS:
            raise Refusal(ScheduleCode.CALENDAR, None, ja="x", en="x")  # type: ignore[arg-type]
        return close_due(VOUCHER, **acting)

    monkeypatch.setattr(desk, "close_due", refusing)
    with pytest.raises(Refusal):
        await CloseTimer(desk).run()
    assert [one.number for one in closes(town)] == [1]
    assert closes(town, POINTS) == ()


async def test_as_a_due_job_it_runs_when_the_hour_of_the_boundary_begins(town: Town) -> None:
    at(town, Micros(FRIDAY - HOUR))
    jobs = DueJobs(town.database, town.clock)
    jobs.hourly("settlement.close", partial(timer(town).run))
    assert await jobs.run_due() == ("settlement.close",)
    assert closes(town) == ()
    assert await jobs.run_due() == ()
    at(town, FRIDAY)
    assert await jobs.run_due() == ("settlement.close",)
    assert [one.number for one in closes(town)] == [1]
