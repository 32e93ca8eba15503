"""Deposits are kept once, and held against the books down to the counter."""

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import partial

import pytest
from sqlalchemy import Connection, text

from protos.units import Micros, SaleNumber, Yen
from server.directory import MerchantId, ShopId
from server.fleet import DeviceEvent, DeviceEventKind, payments_told
from server.fleet.events import keep
from server.ledger import process_clock
from server.oversight import ActFilter, acts_page
from server.payments import Payment
from server.refusal import Refusal
from server.settlement.closes import closes_of, shop_sums
from server.settlement.deposits import (
    Arrived,
    CloseInTransfer,
    DepositChecker,
    DepositCode,
    DepositDesk,
    Fit,
    Stage,
    Transfer,
    reconciliation_lines,
)
from server.settlement.paid_out import PaidOutBooks
from server.settlement.payouts import Payee
from tests.support.bankfiles import BANKS
from tests.support.books import POINTS, VOUCHER, Town, new_key
from tests.support.cancels import CLERK, cancels_of, pay, request_for
from tests.support.closed import close_june_points, close_next
from tests.support.market import Market
from tests.support.payouts import (
    HANAKO,
    KODAMA,
    draft,
    give_details,
    payee_desk,
    send,
    set_up,
)
from tests.unit.server.settlement.statements.test_reading import reader_of

MATSUYA = ShopId("S-0001")
PAYER = "ﾐﾎﾝｼﾃﾞｼﾞﾀﾙ"
BANK = "取引日,摘要,お預り金額\n2024/6/17,カ)デンキ,7777\n2024/6/18,ﾌﾘｺﾐ ﾐﾎﾝｼﾃﾞｼﾞﾀﾙ,{}\n"


def sent(
    connection: Connection, shop: ShopId, change: Callable[[Transfer], Transfer] = lambda t: t
) -> Sequence[Transfer]:
    """One transfer for each close, of what the close says."""
    found = []
    for close in closes_of(connection, VOUCHER):
        for one in shop_sums(connection, close.close_id):
            if one.shop_id == shop:
                part = CloseInTransfer(VOUCHER, close.number, one.net, shop)
                transfer = Transfer(
                    f"payout{close.number:014}",
                    VOUCHER,
                    close.pay_day,
                    PAYER,
                    one.net,
                    (part,),
                    0,
                    Yen(0),
                    returned=False,
                )
                found.append(change(transfer))
    return found


def desk_of(town: Town, change: Callable[[Transfer], Transfer] = lambda t: t) -> DepositDesk:
    checker = DepositChecker(partial(sent, change=change), payments_told, reader_of(town))
    return DepositDesk(town.database, checker, process_clock(town.clock))


async def closed_week(town: Town) -> list[Payment]:
    """Four payments, of which the last was taken back."""
    paid = [await pay(town, 1000 + sale, voucher=100 + sale) for sale in range(4)]
    cancels_of(town).cancel(request_for(paid[-1]), CLERK)
    close_next(town)
    return paid


def tell(town: Town, payments: Sequence[Payment]) -> None:
    events = tuple(
        DeviceEvent(
            new_key(), DeviceEventKind.ANNOUNCED, Micros(1), p.payment_id, SaleNumber(1), ""
        )
        for p in payments
    )
    town.database.write_now(lambda c: keep(c, town.matsuya, events, town.clock.now))


ARRIVED = Arrived(date(2024, 6, 18), Yen(303), f"フリコミ {PAYER}")


async def test_everything_agrees_down_to_the_counter(town: Town) -> None:
    paid = await closed_week(town)
    desk = desk_of(town)
    found = desk.check(MATSUYA, ARRIVED)
    assert found.match.fit is Fit.MATCHED
    assert found.holds
    assert [one.comparable for one in found.comparisons] == [True, True, True, True, False]
    tell(town, paid)  # the counter had shown the one that was taken back as well
    found = desk.check(MATSUYA, ARRIVED)
    assert found.holds
    (day,) = found.terminals
    assert (day.count, day.amount, day.told_count, day.told_amount) == (4, 406, 4, 406)
    assert found.comparisons[-1].comparable
    assert "すべて合っています" in "\n".join(reconciliation_lines(found))


async def test_the_first_difference_is_named_from_the_bank_to_the_counter(town: Town) -> None:
    paid = await closed_week(town)
    tell(town, paid[1:])
    # the counter: one payment was never told
    found = desk_of(town).check(MATSUYA, ARRIVED)
    first = found.first_difference
    assert first is not None
    assert (first.stage, first.left, first.right) == (Stage.TERMINAL, 406, 306)
    # the payout: less than its closes
    less = desk_of(town, change=lambda t: replace(t, amount=Yen(t.amount - 3)))
    found = less.check(MATSUYA, replace(ARRIVED, amount=Yen(300)))
    first = found.first_difference
    assert first is not None
    assert (first.stage, first.left, first.right) == (Stage.PAYOUT, 300, 303)
    # with a fee it agrees
    fee = desk_of(town, change=lambda t: replace(t, amount=Yen(t.amount - 3), fee=Yen(3)))
    found = fee.check(MATSUYA, replace(ARRIVED, amount=Yen(300)))
    assert found.first_difference is not None
    assert found.first_difference.stage is Stage.TERMINAL
    # the bank: another amount
    found = desk_of(town).check(MATSUYA, replace(ARRIVED, amount=Yen(304)))
    assert found.match.fit is Fit.AMOUNT
    assert found.first_difference is not None
    assert found.first_difference.stage is Stage.BANK
    assert "最初に違うのは「通帳の入金額とお振込額」" in "\n".join(reconciliation_lines(found))


async def test_sums_of_a_close_that_are_not_its_transactions_are_named(sqlite_town: Town) -> None:
    town = sqlite_town
    await closed_week(town)
    for statement in (
        "DROP TRIGGER close_shops_no_update",
        "UPDATE close_shops SET used_yen = used_yen + 5",
    ):
        _execute(town, statement)
    found = desk_of(town).check(MATSUYA, replace(ARRIVED, amount=Yen(308)))
    first = found.first_difference
    assert first is not None
    assert (first.stage, first.left, first.right) == (Stage.CLOSE, 411, 406)


async def test_a_merchants_transfer_is_held_against_all_its_shops(sqlite_town: Town) -> None:
    """One transfer for two shops: what is wrong at the one shows when the other one asks."""
    town = sqlite_town
    market = Market(town, {MATSUYA: town.matsuya, KODAMA: town.kissaten})
    await market.sell(1, MATSUYA, points=120)
    await market.sell(2, KODAMA, points=80)
    close_june_points(town)
    set_up(town, service=POINTS)
    merchant = MerchantId("M-0001")
    payee_desk(town).set_one_transfer(merchant, True, by=HANAKO, why="本部一括")
    give_details(town, Payee.merchant(merchant), name="ミホンショウテンカイ")
    bulk = send(town, draft(town, date(2024, 7, 9), POINTS))
    checker = DepositChecker(PaidOutBooks(BANKS).transfers, payments_told, reader_of(town))
    desk = DepositDesk(town.database, checker, process_clock(town.clock))
    arrived = Arrived(bulk.pay_day, Yen(200), bulk.payer_name)
    for shop in (MATSUYA, KODAMA):
        found = desk.check(shop, arrived)
        assert found.holds, list(reconciliation_lines(found))
        assert {one.amount for one in found.terminals} == {120, 80}
    for statement in (
        "DROP TRIGGER close_shops_no_update",
        "UPDATE close_shops SET used_yen = used_yen + 5 WHERE shop_id = 'S-0002'",
    ):
        _execute(town, statement)
    first = desk.check(MATSUYA, arrived).first_difference
    assert first is not None
    assert (first.stage, first.left, first.right) == (Stage.CLOSE, 85, 80)
    assert KODAMA in first.what


async def test_a_file_is_kept_once_and_strangers_are_not(town: Town) -> None:
    await closed_week(town)
    desk = desk_of(town)
    file = BANK.format("303").encode("cp932")
    first = desk.import_file(MATSUYA, io.BytesIO(file), columns={}, by="係", why="6月の照合")
    assert ([d.arrived.amount for d in first.added], first.known, first.strangers) == ([303], 0, 1)
    again = desk.import_file(MATSUYA, io.BytesIO(file), columns={}, by="別の係", why="もう一度")
    assert (again.added, again.known) == ((), 1)
    by_hand = desk.enter(MATSUYA, ARRIVED, by="係", why="電話で")
    assert (by_hand.added, by_hand.known) == ((), 1)
    ((deposit, found),) = desk.kept()
    assert found.match.fit is Fit.MATCHED
    assert (deposit.recorded_by, deposit.arrived.payer) == ("係", "ﾌﾘｺﾐ ﾐﾎﾝｼﾃﾞｼﾞﾀﾙ")
    assert list(desk.kept(ShopId("S-0002"))) == []
    acts = town.database.read_now(
        lambda c: acts_page(c, ActFilter(Micros(0), Micros(2**62), subject=MATSUYA), None, 50)
    )
    assert [kept.act.what for kept in acts] == ["deposit.import"]


async def test_two_equal_deposits_on_a_day_are_two(town: Town) -> None:
    await closed_week(town)
    file = (BANK + "2024/6/18,ﾌﾘｺﾐ ﾐﾎﾝｼﾃﾞｼﾞﾀﾙ,{}\n").format(303, 303).encode()
    desk = desk_of(town)
    for added in (2, 0):
        found = desk.import_file(MATSUYA, io.BytesIO(file), columns={}, by="係", why="照合")
        assert len(found.added) == added
    assert town.count("deposits") == 2


@pytest.mark.parametrize(
    ("arrived", "shop", "why", "code"),
    [
        (replace(ARRIVED, amount=Yen(0)), "S-0001", "照合", DepositCode.AMOUNT),
        (replace(ARRIVED, payer="a\nb"), "S-0001", "照合", DepositCode.PAYER),
        (ARRIVED, "S-9999", "照合", DepositCode.SHOP_UNKNOWN),
        (ARRIVED, "S-0001", " ", DepositCode.WHY),
    ],
)
def test_what_cannot_be_is_refused(
    sqlite_town: Town, arrived: Arrived, shop: str, why: str, code: DepositCode
) -> None:
    with pytest.raises(Refusal) as refused:
        desk_of(sqlite_town).enter(ShopId(shop), arrived, by="係", why=why)
    assert refused.value.code is code
    assert sqlite_town.count("deposits") == 0


def _execute(town: Town, statement: str) -> None:
    town.database.write_now(lambda c: c.execute(text(statement)))
