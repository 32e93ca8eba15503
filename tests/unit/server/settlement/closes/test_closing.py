"""締め処理: the cut, the sums, order, repetition, clocks, and who comes second."""

import asyncio
from collections.abc import Callable
from datetime import date
from functools import partial

import pytest
from sqlalchemy import text

from protos.units import Micros, Yen
from server.checkpoints import Checkpoint
from server.clock import DAY, HOUR
from server.directory import ServiceId
from server.ledger import open_lane, parse_file, process_clock, signed_heads_after
from server.ledger.head_statement import parse_statement
from server.oversight import acts_between
from server.payments import CancelCode
from server.refusal import Refusal
from server.settlement.closes import CloseCode, lane_ranges
from tests.support.books import NOON, POINTS, VOUCHER, Town, moment
from tests.support.cancels import CLERK, at, cancels_of, pay, refusal_of_cancel, request_for
from tests.support.closes import KEY, assert_closes_hold, close, close_desk, closes, sums

FRIDAY = moment(2024, 6, 8)
"""The first boundary of the vouchers: the end of Friday 7 June."""
END_OF_APRIL = moment(2024, 5, 1)


def refused(call: Callable[[], object]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        call()
    return caught.value


async def test_the_first_week(town: Town) -> None:
    first = await pay(town, 7, voucher=1200, points=100)
    cancels_of(town).cancel(request_for(await pay(town, 8, voucher=300)), CLERK)
    await pay(town, 9, voucher=500)
    at(town, FRIDAY)
    await pay(town, 10, voucher=40)
    made = close(town, 1)
    assert (made.service_id, made.number, made.terms_version) == (VOUCHER, 1, 1)
    assert (made.first_day, made.last_day) == (date(2024, 6, 3), date(2024, 6, 7))
    assert (made.boundary, made.pay_day) == (FRIDAY, date(2024, 6, 18))
    assert made.boundary <= made.closed_at
    (shop,) = sums(town, made)
    assert (shop.shop_id, shop.used, shop.used_count) == (first.shop_id, 2000, 3)
    assert (shop.cancelled, shop.cancelled_count, shop.net) == (300, 1, 1700)
    assert closes(town) == (made,)
    assert_closes_hold(town)


async def test_every_leg_is_in_the_close_of_its_own_service(town: Town) -> None:
    await pay(town, 7, voucher=1000, points=100)
    at(town, moment(2024, 7, 1))
    vouchers = close_desk(town).close_due(VOUCHER, by="係", why="締め")
    assert [made.number for made in vouchers] == [1, 2, 3, 4]
    assert [len(sums(town, made)) for made in vouchers] == [1, 0, 0, 0]
    points = close_desk(town).close_due(POINTS, by="係", why="締め")
    assert [(made.first_day, made.last_day) for made in points] == [
        (date(2024, 4, 1), date(2024, 4, 30)),
        (date(2024, 5, 1), date(2024, 5, 31)),
        (date(2024, 6, 1), date(2024, 6, 30)),
    ]
    assert [[s.used for s in sums(town, made)] for made in points] == [[], [], [100]]
    assert sums(town, vouchers[0])[0].used == 1000
    assert_closes_hold(town)


async def test_a_payment_on_the_last_and_on_the_first_microsecond(town: Town) -> None:
    at(town, Micros(FRIDAY - 1))
    last = await pay(town, 7, voucher=100)
    at(town, FRIDAY)
    first = await pay(town, 8, voucher=10)
    assert (last.paid_at, first.paid_at) == (FRIDAY - 1, FRIDAY)
    assert sums(town, close(town, 1))[0].used == 100
    at(town, moment(2024, 6, 15))
    assert sums(town, close(town, 2))[0].used == 10
    assert_closes_hold(town)


async def test_before_its_boundary_it_is_refused_naming_when(town: Town) -> None:
    await pay(town, 7, voucher=100)
    at(town, Micros(FRIDAY - 1))
    refusal = refused(lambda: close_desk(town).close(VOUCHER, 1, by="係", why="早め"))
    assert refusal.code is CloseCode.NOT_YET
    assert "2024-06-08 00:00" in refusal.ja
    assert "2024-06-08 00:00" in refusal.en
    assert town.count("closes") == 0
    assert close_desk(town).close_due(VOUCHER, by="係", why="締め") == ()
    at(town, FRIDAY)
    close(town, 1)


def test_closes_are_made_in_order(town: Town) -> None:
    at(town, moment(2024, 6, 20))
    refusal = refused(lambda: close_desk(town).close(VOUCHER, 2, by="係", why="締め"))
    assert (refusal.code, refusal.detail["next_number"]) == (CloseCode.ORDER, "1")
    for number in (0, -1, 99):
        assert (
            refused(partial(close_desk(town).close, VOUCHER, number, by="係", why="締め")).code
            is CloseCode.ORDER
        )
    close(town, 1)
    close(town, 2)
    assert refused(lambda: close_desk(town).close(VOUCHER, 3, by="係", why="締め")).code is (
        CloseCode.NOT_YET
    )


async def test_running_it_twice_gives_the_same_close(town: Town) -> None:
    await pay(town, 7, voucher=100)
    at(town, FRIDAY)
    made = close(town, 1)
    rows = [town.count(name) for name in ("closes", "close_lanes", "close_shops", "entries")]
    at(town, moment(2024, 6, 30))
    again = close_desk(town).close(VOUCHER, 1, by="別の係", why="もう一度")
    assert (again.close, again.repeated) == (made, True)
    assert rows == [
        town.count(name) for name in ("closes", "close_lanes", "close_shops", "entries")
    ]
    acts = town.database.read_now(lambda c: list(acts_between(c, Micros(0), moment(2030, 1, 1))))
    assert [act.by for act in acts if act.what == "close.run"] == ["係"]


async def test_a_server_that_was_off_for_three_weeks_makes_all_three(town: Town) -> None:
    await pay(town, 7, voucher=100)
    at(town, moment(2024, 6, 22, 3))
    made = close_desk(town).close_due(VOUCHER, by="choba-server", why="自動")
    assert [one.number for one in made] == [1, 2, 3]
    assert [one.boundary for one in made] == [FRIDAY, moment(2024, 6, 15), moment(2024, 6, 22)]
    assert [len(sums(town, one)) for one in made] == [1, 0, 0]
    assert_closes_hold(town)


async def test_the_last_short_week_closes_on_its_friday_and_is_the_last(town: Town) -> None:
    at(town, moment(2024, 8, 31, 23, 59))
    last = await pay(town, 7, voucher=100)
    assert last.cancel_until == moment(2024, 9, 7)
    made = close_desk(town).close_due(VOUCHER, by="係", why="締め")
    assert made[-1].number == 13
    at(town, moment(2024, 9, 7))
    fourteenth = close(town, 14)
    assert (fourteenth.first_day, fourteenth.last_day) == (date(2024, 8, 31), date(2024, 8, 31))
    assert (fourteenth.boundary, fourteenth.pay_day) == (moment(2024, 9, 7), date(2024, 9, 17))
    at(town, moment(2024, 12, 1))
    assert close_desk(town).close_due(VOUCHER, by="係", why="締め") == ()
    assert refused(lambda: close_desk(town).close(VOUCHER, 15, by="係", why="締め")).code is (
        CloseCode.NOTHING_LEFT
    )
    assert refused(lambda: close_desk(town).preview(VOUCHER)).code is CloseCode.NOTHING_LEFT
    assert_closes_hold(town)


async def test_after_it_a_clock_that_went_back_cancels_nothing_and_pays_into_no_close(
    town: Town,
) -> None:
    paid = await pay(town, 7, voucher=100)
    town.database.write_now(lambda c: open_lane(c, "standing idle"))
    at(town, FRIDAY)
    made = close(town, 1)
    at(town, Micros(NOON + HOUR))
    assert refusal_of_cancel(town, request_for(paid)) is CancelCode.CLOSED
    town.database.write_now(lambda c: open_lane(c, "opened after"))
    floors = town.database.read_now(
        lambda c: c.execute(text("SELECT min(floor) FROM lanes")).scalar_one()
    )
    assert floors == FRIDAY
    at(town, Micros(FRIDAY - 1))
    late = await pay(town, 8, voucher=20)
    assert late.paid_at >= FRIDAY
    assert [one.closes_at for one in late.legs] == [moment(2024, 6, 15)]
    assert sums(town, made)[0].used == 100
    at(town, moment(2024, 6, 15))
    assert sums(town, close(town, 2))[0].used == 20
    assert_closes_hold(town)


async def test_cancels_are_refused_from_the_boundary_on_and_not_before(town: Town) -> None:
    one, other = await pay(town, 7, voucher=100), await pay(town, 8, voucher=200)
    at(town, Micros(FRIDAY - 1))
    cancels_of(town).cancel(request_for(one), CLERK)
    at(town, FRIDAY)
    assert refusal_of_cancel(town, request_for(other)) is CancelCode.CLOSED
    (shop,) = sums(town, close(town, 1))
    assert (shop.net, shop.cancelled) == (200, 100)
    assert refusal_of_cancel(town, request_for(other)) is CancelCode.CLOSED


async def test_heads_are_signed_at_the_close_and_the_act_names_it(town: Town) -> None:
    await pay(town, 7, voucher=100)
    at(town, FRIDAY)
    made = close(town, 1)
    (signed,) = town.database.read_now(lambda c: signed_heads_after(c, 0, 10))
    statement = parse_statement(signed.text)
    assert (statement.signed_at, statement.key_id) == (made.closed_at, KEY.key_id)
    (kept,) = parse_file(signed.exported())
    assert kept == signed
    ranges = town.database.read_now(lambda c: lane_ranges(c, made.close_id))
    lane_of_closes = [head for head in statement.lanes if head.instant == made.closed_at]
    assert [head.position for head in lane_of_closes] == [1]
    assert {one.lane for one in ranges} == {head.lane for head in statement.lanes}
    acts = town.database.read_now(lambda c: list(acts_between(c, Micros(0), moment(2030, 1, 1))))
    (act,) = [act for act in acts if act.what == "close.run"]
    assert (act.by, act.why, act.subject, act.at) == (
        "係",
        "締め処理",
        made.close_id,
        made.closed_at,
    )
    assert act.detail == {
        "service": VOUCHER,
        "number": 1,
        "boundary": "2024-06-08T00:00:00+09:00",
        "pay_day": "2024-06-18",
        "shops": 1,
        "used": 100,
        "cancelled": 0,
    }


async def test_the_preview_says_what_the_close_will(town: Town) -> None:
    await pay(town, 7, voucher=1000)
    cancels_of(town).cancel(request_for(await pay(town, 8, voucher=300)), CLERK)
    before = close_desk(town).preview(VOUCHER)
    assert (before.number, before.is_over, before.due) == (1, False, 0)
    assert before.period.closes_at == FRIDAY
    assert (before.used, before.cancelled, len(before.sums)) == (1300, 300, 1)
    at(town, Micros(FRIDAY + DAY))
    await pay(town, 9, voucher=5)
    over = close_desk(town).preview(VOUCHER)
    assert (over.is_over, over.due, over.sums) == (True, 1, before.sums)
    assert over.sales.unsent == 3
    assert town.count("closes") == 0
    made = close(town, 1)
    assert sums(town, made) == over.sums
    following = close_desk(town).preview(VOUCHER)
    assert (following.number, following.used, following.due) == (2, Yen(5), 0)


def test_a_service_that_is_not_there_and_a_reason_that_is_missing(town: Town) -> None:
    desk = close_desk(town)
    nothing = ServiceId("nothing")
    for call in (
        lambda: desk.preview(nothing),
        lambda: desk.close(nothing, 1, by="係", why="締め"),
        lambda: desk.close_due(nothing, by="係", why="締め"),
    ):
        assert refused(call).code is CloseCode.SERVICE_UNKNOWN
    at(town, FRIDAY)
    for why in ("", " ", "あ" * 501):
        assert refused(partial(desk.close, VOUCHER, 1, by="係", why=why)).code is (
            CloseCode.WHY_MISSING
        )


async def test_two_operators_at_the_same_instant_make_one_close(town: Town) -> None:
    await pay(town, 7, voucher=100)
    at(town, moment(2024, 6, 15))
    both = await asyncio.gather(
        *(
            asyncio.to_thread(close_desk(town).close, VOUCHER, 1, by=name, why="締め")
            for name in ("花子", "太郎", "次郎")
        )
    )
    assert sorted(one.repeated for one in both) == [False, True, True]
    assert len({one.close for one in both}) == 1
    several = await asyncio.gather(
        *(
            asyncio.to_thread(close_desk(town).close_due, VOUCHER, by=name, why="締め")
            for name in ("花子", "太郎")
        )
    )
    assert sorted(len(made) for made in several) == [0, 1]
    assert_closes_hold(town)


async def test_what_is_booked_between_the_first_look_and_the_locks_is_in_it(town: Town) -> None:
    """Somebody's batch got its instant before midnight and is committed after the first look."""
    await pay(town, 7, voucher=100)
    cancelled = await pay(town, 8, voucher=30)
    at(town, FRIDAY)
    came: list[asyncio.Future[None]] = []
    loop = asyncio.get_running_loop()

    async def a_late_batch() -> None:
        at(town, Micros(FRIDAY - DAY))
        await pay(town, 9, voucher=7)
        cancels_of(town).cancel(request_for(cancelled), CLERK)
        at(town, FRIDAY)
        await pay(town, 10, voucher=1)

    def between(name: Checkpoint) -> None:
        if name is Checkpoint.CLOSE_BEFORE_LOCK and not came:
            came.append(loop.create_future())
            asyncio.run_coroutine_threadsafe(a_late_batch(), loop).result(20)

    desk = close_desk(town, checkpoint=between)
    made = await asyncio.to_thread(desk.close, VOUCHER, 1, by="係", why="締め")
    (shop,) = sums(town, made.close)
    assert (shop.used, shop.used_count) == (137, 3)
    assert (shop.cancelled, shop.cancelled_count) == (30, 1)
    assert_closes_hold(town)


@pytest.mark.parametrize(
    "where", [name for name in Checkpoint if name.startswith("close.")], ids=str
)
async def test_a_crash_anywhere_leaves_a_close_or_none_and_the_next_run_the_same(
    town: Town, where: Checkpoint
) -> None:
    await pay(town, 7, voucher=100)
    at(town, FRIDAY)

    class Crashed(Exception):  # noqa: N818 -- what happened
        pass

    def crash(name: Checkpoint) -> None:
        if name is where:
            raise Crashed

    with pytest.raises(Crashed):
        close_desk(town, checkpoint=crash).close(VOUCHER, 1, by="係", why="締め")
    whole = where is Checkpoint.CLOSE_AFTER_COMMIT
    for table in ("closes", "close_shops", "signed_heads"):
        assert town.count(table) == int(whole), table
    again = close_desk(town).close(VOUCHER, 1, by="係", why="締め")
    assert again.repeated is whole
    assert sums(town, again.close)[0].used == 100
    assert town.count("closes") == 1
    assert_closes_hold(town)


def test_the_ledger_clock_decides_after_the_locks(town: Town) -> None:
    """The first look is over the boundary, the clock under the locks is not: refused."""
    readings = [FRIDAY, Micros(FRIDAY - 1)]
    from server.settlement.closes import CloseDesk

    desk = CloseDesk(town.database, process_clock(lambda: readings.pop(0)), KEY)
    assert refused(lambda: desk.close(VOUCHER, 1, by="係", why="締め")).code is CloseCode.NOT_YET
    assert town.count("closes") == 0
