"""Statements list what stands in the books, and refuse books that do not add up."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from protos.units import Micros
from server.directory import ServiceId, ShopId
from server.payments import Payment, by_operator, by_shop, by_terminal
from server.refusal import Refusal
from server.settlement.statements import (
    Statement,
    StatementCode,
    StatementReader,
    TakenBackAt,
)
from tests.support.books import END_OF_AUGUST, POINTS, VOUCHER, Town, moment
from tests.support.cancels import cancels_of, pay, request_for
from tests.support.closed import all_paid_out, close_june_points, close_next, nobody_paid_out
from tests.support.statements import ISSUER

MATSUYA, KISSA = ShopId("S-0001"), ShopId("S-0002")


def reader_of(town: Town, paid_out: Any = all_paid_out) -> StatementReader:
    return StatementReader(town.database.kind, town.keyring, paid_out, ISSUER)


def statements(
    town: Town, service: ServiceId, number: int, wanted: list[ShopId] | None = None, **changes: Any
) -> list[Statement]:
    reader = reader_of(town, **changes)
    return town.database.read_now(lambda c: list(reader.statements(c, service, number, wanted)))


def rich(town: Town) -> None:
    town.grant(town.users["花子"], VOUCHER, 500_000, END_OF_AUGUST, price=416_666)
    town.grant(town.users["花子"], POINTS, 500_000, END_OF_AUGUST)


async def random_week(town: Town, chance: random.Random) -> tuple[list[Payment], set[str]]:
    """Payments of both services over two weeks of voucher closes, some taken back."""
    paid: list[Payment] = []
    cancelled: set[str] = set()
    who: list[Callable[[], Any]] = [
        lambda: by_operator("係"),
        lambda: by_shop(MATSUYA),
        lambda: by_terminal("T-000412", town.matsuya),
    ]
    for number in range(24):
        voucher, points = chance.choice(((500, 0), (0, 300), (800, 200), (1650, 350)))
        paid.append(await pay(town, 100 + number, voucher, points))
        if chance.random() < 0.3:
            one = chance.choice(paid)
            if one.payment_id not in cancelled and town.clock.now < one.cancel_until:
                cancels_of(town).cancel(request_for(one), chance.choice(who)())
                cancelled.add(one.payment_id)
        town.clock.forward(chance.randrange(12) * 3600)
    return paid, cancelled


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_each_use_of_a_random_fortnight_is_on_one_statement(town: Town, seed: int) -> None:
    rich(town)
    paid, cancelled = await random_week(town, random.Random(seed))
    town.clock.now = moment(2024, 7, 1)
    closes = [close_next(town) for _ in range(4)]
    found = [one for close in closes for one in statements(town, VOUCHER, close.number)]
    points = close_june_points(town)
    found += statements(town, POINTS, points.number)

    listed = {use.transaction_id: use for one in found for use in one.uses}
    back = {one.use.transaction_id: one for each in found for one in each.taken_back}
    assert sum(len(one.uses) for one in found) == len(listed)
    legs = {leg.transaction_id: (payment, leg) for payment in paid for leg in payment.legs}
    assert set(listed) | set(back) == set(legs)
    assert set(back) == {t for t, (p, _) in legs.items() if p.payment_id in cancelled}
    for identifier, use in listed.items():
        payment, leg = legs[identifier]
        assert (use.amount, use.at, use.code) == (
            leg.amount,
            payment.paid_at,
            payment.confirmation_code,
        )
        assert {other.service_id: other.amount for other in use.others} == {
            other.service_id: other.amount for other in payment.legs if other is not leg
        }
        assert use.terminal_id == "T-000412"
    for one in found:
        assert all(one.first_day <= day.day <= one.last_day for day, _ in one.days())


async def test_where_somebody_cancelled_is_said(town: Town) -> None:
    rich(town)
    for sale, by in enumerate(
        (by_operator("係"), by_shop(MATSUYA), by_terminal("T-000412", town.matsuya))
    ):
        cancels_of(town).cancel(request_for(await pay(town, 200 + sale, voucher=700)), by)
    close_next(town)
    (one,) = statements(town, VOUCHER, 1)
    assert [back.where for back in one.taken_back] == [
        TakenBackAt.OPERATOR,
        TakenBackAt.SHOP,
        TakenBackAt.TERMINAL,
    ]
    assert (one.sums.used, one.sums.net, one.uses) == (2100, 0, ())


async def test_a_shop_without_sales_gets_a_statement_only_when_asked_for(town: Town) -> None:
    await pay(town, 300, points=100)
    await pay(town, 301, voucher=100)
    close_june_points(town)
    (one,) = statements(town, POINTS, 3)
    assert one.shop_id == MATSUYA
    asked = statements(town, POINTS, 3, [KISSA, MATSUYA])
    assert [each.shop_id for each in asked] == [MATSUYA, KISSA]
    assert asked[1].is_empty
    assert asked[0] == one


async def test_closes_shops_and_payouts_that_are_not_there_are_refused(town: Town) -> None:
    await pay(town, 400, voucher=100)
    with pytest.raises(Refusal) as refused:
        statements(town, VOUCHER, 1)
    assert refused.value.code is StatementCode.CLOSE_UNKNOWN
    close_next(town)
    with pytest.raises(Refusal) as refused:
        statements(town, VOUCHER, 1, [ShopId("S-9999")])
    assert refused.value.code is StatementCode.SHOP_UNKNOWN
    with pytest.raises(Refusal) as refused:
        statements(town, VOUCHER, 1, paid_out=nobody_paid_out)
    assert refused.value.code is StatementCode.NOT_PAID_OUT


async def test_books_whose_sums_do_not_fit_are_not_printed(sqlite_town: Town) -> None:
    town = sqlite_town
    await pay(town, 500, voucher=100)
    await pay(town, 501, voucher=250)
    close_next(town)
    town.database.write_now(lambda c: c.execute(text("DROP TRIGGER close_shops_no_update")))
    changed = text("UPDATE close_shops SET used_yen = used_yen + 1")
    town.database.write_now(lambda c: c.execute(changed))
    with pytest.raises(Refusal) as refused:
        statements(town, VOUCHER, 1)
    assert refused.value.code is StatementCode.DIFFERS
    assert refused.value.detail["what"] == "取引の合計と利用"
    assert (refused.value.detail["found"], refused.value.detail["wanted"]) == ("350", "351")


async def test_a_use_on_the_last_microsecond_is_in_the_close_and_the_next_is_not(
    town: Town,
) -> None:
    town.clock.now = Micros(moment(2024, 6, 8) - 1)
    last = await pay(town, 600, voucher=100)
    town.clock.now = moment(2024, 6, 8)
    first = await pay(town, 601, voucher=200)
    assert (last.paid_at, first.paid_at) == (moment(2024, 6, 8) - 1, moment(2024, 6, 8))
    close_next(town)
    town.clock.now = moment(2024, 6, 15)
    close_next(town)
    (one,), (two,) = statements(town, VOUCHER, 1), statements(town, VOUCHER, 2)
    assert [use.amount for use in one.uses] == [100]
    assert [use.amount for use in two.uses] == [200]
