"""A schedule changes at a boundary to come, and payments around it know which they are under."""

import asyncio
from dataclasses import replace
from datetime import date

import pytest

from protos.units import Micros, Yen
from server.campaigns import (
    Schedule,
    ScheduleCode,
    Terms,
    add_terms,
    change_schedule,
    parse_schedule,
    terms_of,
)
from server.clock import DAY, tokyo_day
from server.directory import Service, ServiceId, ServiceKind, StandPayments, create_service
from server.ledger import process_clock
from server.oversight import acts_between
from server.payments import Paid
from server.refusal import Refusal
from tests.support.books import NOON, VOUCHER, Town, legs, moment, new_key, ticket_of
from tests.support.cancels import at, pay
from tests.support.closes import assert_closes_hold, close, close_desk, closes, sums

FRIDAY = moment(2024, 6, 8)
"""The end of it: the first boundary after noon of 5 June."""
MONTHLY = parse_schedule("month-end", "business-day:5", "next")


def change(town: Town, valid_from: Micros, schedule: Schedule = MONTHLY) -> Terms:
    return change_schedule(
        town.database,
        process_clock(town.clock),
        VOUCHER,
        schedule,
        valid_from,
        by="係",
        why="規程の改正",
    )


def refused(town: Town, valid_from: Micros, schedule: Schedule = MONTHLY) -> Refusal:
    before = town.count("service_terms")
    with pytest.raises(Refusal) as caught:
        change(town, valid_from, schedule)
    assert town.count("service_terms") == before
    return caught.value


@pytest.mark.parametrize("off", [-1, 1, DAY, 3 * DAY])
def test_in_the_middle_of_a_period_it_is_refused_naming_the_next_boundary(
    town: Town, off: int
) -> None:
    refusal = refused(town, Micros(FRIDAY + off))
    assert refusal.code is ScheduleCode.NO_BOUNDARY
    following = date(2024, 6, 8 if off < 0 else 15)
    assert refusal.detail["next_boundary"] == following.isoformat()
    assert str(following) in refusal.ja


@pytest.mark.parametrize("since", [NOON, Micros(NOON - DAY), moment(2024, 6, 1)])
def test_in_the_past_it_is_refused_naming_the_next_boundary(town: Town, since: Micros) -> None:
    refusal = refused(town, since)
    assert refusal.code is ScheduleCode.PAST
    assert refusal.detail["next_boundary"] == "2024-06-08"


async def test_the_newest_entry_counts_as_now_where_it_is_later_than_the_clock(town: Town) -> None:
    at(town, FRIDAY)
    await pay(town, 7, voucher=100)
    at(town, Micros(FRIDAY - 1))
    assert refused(town, FRIDAY).code is ScheduleCode.PAST


async def test_the_periods_adjoin_and_each_payment_is_in_one(town: Town) -> None:
    changed = change(town, FRIDAY)
    assert (changed.version, changed.valid_from, changed.schedule) == (2, FRIDAY, MONTHLY)
    await pay(town, 7, voucher=100)
    at(town, Micros(FRIDAY - 1))
    last = await pay(town, 8, voucher=20)
    at(town, FRIDAY)
    first = await pay(town, 9, voucher=3)
    assert (last.cancel_until, first.cancel_until) == (FRIDAY, moment(2024, 7, 1))
    assert first.legs[0].pay_day == date(2024, 7, 5)
    assert sums(town, close(town, 1))[0].used == 120
    at(town, moment(2024, 7, 1))
    june = close(town, 2)
    assert (june.first_day, june.last_day) == (date(2024, 6, 8), date(2024, 6, 30))
    assert (june.boundary, june.pay_day) == (moment(2024, 7, 1), date(2024, 7, 5))
    assert (june.terms_version, sums(town, june)[0].used) == (2, 3)
    assert_closes_hold(town)


async def test_a_batch_that_begins_before_midnight_and_ends_after_it(sqlite_town: Town) -> None:
    """Two payments of one batch, a microsecond apart: each by the terms of its own instant."""
    town = sqlite_town
    change(town, FRIDAY)
    at(town, Micros(FRIDAY - 1))
    async with town.desk() as desk:
        tickets = [await ticket_of(desk, town.qr(sale), town) for sale in (7, 8)]
        names = ("花子", "太郎")
        both = await asyncio.gather(
            *(
                desk.pay(town.users[name].user_id, new_key(), ticket, Yen(100), legs(100))
                for name, ticket in zip(names, tickets, strict=True)
            )
        )
    paid = [answer.payment for answer in both if isinstance(answer, Paid)]
    assert sorted(one.paid_at for one in paid) == [FRIDAY - 1, FRIDAY]
    for one in paid:
        until = FRIDAY if one.paid_at < FRIDAY else moment(2024, 7, 1)
        assert one.cancel_until == until
    at(town, moment(2024, 7, 1))
    close_desk(town).close_due(VOUCHER, by="係", why="締め")
    assert [sums(town, one)[0].used for one in closes(town)] == [100, 100]
    assert_closes_hold(town)


def test_the_same_again_changes_nothing(town: Town) -> None:
    first = change(town, FRIDAY)
    at(town, Micros(FRIDAY + DAY))
    assert change(town, FRIDAY) == first
    assert change(town, moment(2024, 9, 1)) == first
    assert town.count("service_terms") == 3
    acts = town.database.read_now(lambda c: list(acts_between(c, Micros(0), moment(2030, 1, 1))))
    (act,) = [act for act in acts if act.what == "service.schedule"]
    assert (act.by, act.why, act.subject) == ("係", "規程の改正", VOUCHER)
    assert act.detail == {
        "close": "month-end",
        "pay": "business-day:5",
        "on_holiday": "next",
        "from": "2024-06-08T00:00:00+09:00",
    }


def test_a_second_change_follows_the_first(town: Town) -> None:
    change(town, moment(2024, 6, 15))
    weekly = parse_schedule("weekly:SUN", "weekday:WED:1", "previous")
    refusal = refused(town, FRIDAY, weekly)
    assert refusal.code is ScheduleCode.PLANNED
    assert "2024-06-15" in refusal.en
    # by the rules of then, not by those of now
    assert refused(town, moment(2024, 6, 22), weekly).code is ScheduleCode.NO_BOUNDARY
    assert change(town, moment(2024, 7, 1), weekly).version == 3


def test_before_the_service_is_in_use_any_day_will_do(town: Town) -> None:
    autumn = ServiceId("autumn")
    (known,) = town.database.read_now(lambda c: terms_of(c, VOUCHER))
    terms = replace(
        known,
        service_id=autumn,
        usable_from=moment(2024, 10, 2, 10),
        usable_until=moment(2024, 11, 1),
    )
    service = Service(autumn, ServiceKind.POINTS, "秋", "Autumn", StandPayments.ALLOWED)
    town.database.write_now(lambda c: create_service(c, service))
    town.database.write_now(lambda c: add_terms(c, terms))

    def move(to: Micros) -> Terms:
        clock = process_clock(town.clock)
        return change_schedule(town.database, clock, autumn, MONTHLY, to, by="係", why="準備")

    for in_use in (moment(2024, 10, 3), moment(2024, 10, 9)):
        with pytest.raises(Refusal) as caught:
            move(in_use)
        assert caught.value.code is ScheduleCode.NO_BOUNDARY
    assert move(moment(2024, 9, 18)).version == 2


def test_terms_added_in_another_way_are_held_to_it_too(town: Town) -> None:
    (known,) = town.database.read_now(lambda c: terms_of(c, VOUCHER))
    wrong = replace(known, version=2, valid_from=NOON, schedule=MONTHLY)
    with pytest.raises(Refusal) as caught:
        town.database.write_now(lambda c: add_terms(c, wrong))
    assert caught.value.code is ScheduleCode.NO_BOUNDARY
    # other terms may change at any time
    longer = replace(known, version=2, valid_from=NOON, usable_until=moment(2024, 12, 1))
    town.database.write_now(lambda c: add_terms(c, longer))
    assert tokyo_day(longer.closing(NOON).closes_at) == date(2024, 6, 8)


def test_what_is_missing_or_beyond_the_calendar(town: Town) -> None:
    clock = process_clock(town.clock)
    for service, why, code in (
        (ServiceId("nothing"), "改正", ScheduleCode.SERVICE),
        (VOUCHER, " ", ScheduleCode.WHY),
        (VOUCHER, "あ" * 501, ScheduleCode.WHY),
    ):
        with pytest.raises(Refusal) as caught:
            change_schedule(town.database, clock, service, MONTHLY, FRIDAY, by="係", why=why)
        assert caught.value.code is code
    assert refused(town, moment(2100, 1, 1)).code is ScheduleCode.CALENDAR
