"""From the close to the money in the shop's account, and back when a transfer returns."""

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import text

from protos.units import Yen
from server.directory import MerchantId
from server.ledger import AccountKind
from server.oversight import acts_between
from server.refusal import Refusal
from server.settlement.bankfile import Account, BankFileCode
from server.settlement.payouts import (
    Bulk,
    BulkEvent,
    BulkState,
    FeeBearer,
    HoldCode,
    Outcome,
    Payee,
    PayoutCode,
    find_bulk,
    payout_of_close,
)
from tests.support.bankfiles import checked
from tests.support.books import NOON, POINTS, VOUCHER, Town, moment, new_key
from tests.support.cancels import at, pay
from tests.support.closes import close, close_desk
from tests.support.payouts import (
    FRIDAY,
    HANAKO,
    JIRO,
    KODAMA,
    MATSUYA,
    TUESDAY,
    WHY,
    assert_payouts_hold,
    bulk_of,
    correct,
    draft,
    first_week,
    give_details,
    items_in,
    lines_of,
    moved,
    payee_desk,
    payout_desk,
    send,
    set_up,
    settings_for,
    still_open,
)

SECOND_FRIDAY = moment(2024, 6, 15)


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as caught:
        call()
    assert caught.value.ja
    assert caught.value.en
    return str(caught.value.code)


async def test_the_whole_way(town: Town) -> None:
    await first_week(town, 1200, 300)
    set_up(town)
    desk = payout_desk(town)
    bulk = draft(town)
    assert (bulk.number, bulk.pay_day, bulk.count, bulk.total) == (1, TUESDAY, 1, 1500)
    assert bulk.state is BulkState.DRAFT
    (payout,) = lines_of(town, bulk)
    assert (payout.payee, payout.amount, payout.outcome) == (
        Payee.shop(MATSUYA),
        1500,
        Outcome.TRANSFER,
    )
    assert desk.approve("1", by=JIRO, why=WHY).state is BulkState.APPROVED
    content = desk.make_file("1", by=HANAKO, why=WHY)
    report = checked(content, year=2024)
    assert report.right, report.findings
    assert (report.summaries[0].count, report.summaries[0].total) == (1, 1500)
    assert bulk_of(town, bulk).sha256 == report.sha256
    assert moved(town, AccountKind.PAID_OUT) == 0
    assert desk.sent("1", by=HANAKO, why=WHY).state is BulkState.SENT
    assert moved(town, AccountKind.PAID_OUT) == 1500
    assert moved(town, AccountKind.SHOP) == 0
    assert desk.settled("1", by=HANAKO, why=WHY).state is BulkState.SETTLED
    assert still_open(town) == 0
    assert_payouts_hold(town)
    acts = [
        act.what
        for act in town.database.read_now(lambda c: list(acts_between(c, NOON, moment(2025, 1, 1))))
        if act.what.startswith(("payout.", "bank-"))
    ]
    assert sorted(acts) == [
        "bank-details.approve",
        "bank-details.ask",
        "payout.approve",
        "payout.draft",
        "payout.file",
        "payout.sent",
        "payout.settings",
        "payout.settled",
    ]


async def test_the_file_is_the_same_bytes_however_often(town: Town) -> None:
    await first_week(town, 1200)
    set_up(town)
    bulk = draft(town)
    desk = payout_desk(town)
    desk.approve("1", by=JIRO, why=WHY)
    made = desk.make_file("1", by=HANAKO, why=WHY)
    give_details(town, Payee.shop(MATSUYA), Account("0001", "002", "2", "1"), "ベツジン")
    assert desk.make_file(bulk.bulk_id, by=JIRO, why=WHY) == made
    desk.sent("1", by=JIRO, why=WHY)
    assert desk.make_file("1", by=JIRO, why=WHY) == made
    town.database.write_now(lambda c: c.execute(text("DELETE FROM payout_file_contents")))
    assert refused(lambda: desk.make_file("1", by=JIRO, why=WHY)) == PayoutCode.FILE_DELETED
    assert_payouts_hold(town)


async def test_two_people_and_no_step_twice_or_out_of_order(town: Town) -> None:
    await first_week(town, 1200)
    set_up(town)
    bulk = draft(town)
    desk = payout_desk(town)
    for name in (HANAKO, f" {HANAKO} ", "経理花子"):
        assert refused(lambda name=name: desk.approve("1", by=name, why=WHY)) == (  # type: ignore[misc]
            PayoutCode.SAME_PERSON
        )
    for step in (desk.make_file, desk.sent, desk.settled):
        assert refused(lambda step=step: step("1", by=JIRO, why=WHY)) == PayoutCode.STATE  # type: ignore[misc]
    first = desk.approve("1", by=JIRO, why=WHY)
    assert desk.approve("1", by=JIRO, why="もう一度") == first
    assert refused(lambda: desk.approve("1", by="三郎", why=WHY)) == PayoutCode.STATE
    desk.make_file("1", by=HANAKO, why=WHY)
    assert refused(lambda: desk.discard("1", by=HANAKO, why=WHY)) == PayoutCode.SAME_PERSON
    desk.sent("1", by=HANAKO, why=WHY)
    entries = town.count("entries")
    desk.sent("1", by=HANAKO, why=WHY)
    assert town.count("entries") == entries
    for name in (HANAKO, JIRO):
        assert refused(lambda name=name: desk.discard("1", by=name, why=WHY)) == PayoutCode.STATE  # type: ignore[misc]
    assert bulk_of(town, bulk).state is BulkState.SENT
    for missing in ("", "  ", "x" * 501):
        assert refused(lambda missing=missing: desk.settled("1", by=JIRO, why=missing)) == (  # type: ignore[misc]
            PayoutCode.WHY_MISSING
        )
    assert refused(lambda: desk.approve("2", by=JIRO, why=WHY)) == PayoutCode.BULK_UNKNOWN
    assert_payouts_hold(town)


async def test_the_file_of_a_discarded_bulk_is_not_given_out(town: Town) -> None:
    """The next bulk holds the same closes: with both files the bank would pay twice."""
    await first_week(town, 1200)
    set_up(town)
    bulk = draft(town)
    desk = payout_desk(town)
    desk.approve("1", by=JIRO, why=WHY)
    desk.make_file("1", by=HANAKO, why=WHY)
    desk.discard("1", by=JIRO, why="作り直し")
    for by in (HANAKO, JIRO):
        assert refused(lambda by=by: desk.make_file("1", by=by, why=WHY)) == PayoutCode.STATE  # type: ignore[misc]
    assert bulk_of(town, bulk).sha256  # the digest stays
    send(town, draft(town))
    assert moved(town, AccountKind.PAID_OUT) == 1200
    assert_payouts_hold(town)


async def test_a_step_asked_again_answers_though_others_came_after_it(town: Town) -> None:
    """Who never heard the answer asks again; meanwhile somebody else went on."""
    await first_week(town, 1200)
    set_up(town)
    desk = payout_desk(town)
    draft(town)
    desk.approve("1", by=JIRO, why=WHY)
    desk.make_file("1", by=HANAKO, why=WHY)
    assert desk.approve("1", by=JIRO, why=WHY).state is BulkState.FILE_MADE
    assert refused(lambda: desk.approve("1", by="三郎", why=WHY)) == PayoutCode.STATE
    desk.sent("1", by=HANAKO, why=WHY)
    desk.settled("1", by=JIRO, why=WHY)
    events, entries = town.count("payout_events"), town.count("entries")
    assert desk.sent("1", by=HANAKO, why=WHY).state is BulkState.SETTLED
    assert (town.count("payout_events"), town.count("entries")) == (events, entries)
    assert_payouts_hold(town)


async def test_nobody_hears_that_a_discarded_bulk_was_approved(town: Town) -> None:
    await first_week(town, 1200)
    set_up(town)
    desk = payout_desk(town)
    draft(town)
    desk.approve("1", by=JIRO, why=WHY)
    discarded = desk.discard("1", by=HANAKO, why=WHY)
    assert desk.discard("1", by=HANAKO, why=WHY) == discarded
    assert refused(lambda: desk.approve("1", by=JIRO, why=WHY)) == PayoutCode.STATE


async def test_a_close_is_in_one_living_bulk(town: Town) -> None:
    await first_week(town, 1200)
    set_up(town)
    desk = payout_desk(town)
    key = new_key()
    bulk = desk.draft(key, VOUCHER, by=HANAKO, why=WHY)
    assert desk.draft(key, VOUCHER, by=HANAKO, why=WHY) == bulk
    assert refused(lambda: desk.draft(key, POINTS, by=HANAKO, why=WHY)) == PayoutCode.KEY_REUSED
    assert refused(lambda: draft(town)) == PayoutCode.UNSENT
    desk.discard("1", by=HANAKO, why="作り直し")
    second = draft(town)
    assert (second.number, second.total) == (2, 1200)
    assert [item.use for item in items_in(town, lines_of(town, second)[0])] == [2]
    send(town, second)
    assert refused(lambda: draft(town)) == PayoutCode.PAY_DAY_MISSING
    assert refused(lambda: draft(town, TUESDAY)) == PayoutCode.NOTHING_TO_PAY
    assert moved(town, AccountKind.PAID_OUT) == 1200
    assert_payouts_hold(town)


async def test_what_is_due_later_waits(town: Town) -> None:
    await first_week(town, 1200)
    await pay(town, 20, voucher=500)
    at(town, SECOND_FRIDAY)
    close(town, 2)
    set_up(town)
    bulk = draft(town)
    assert (bulk.pay_day, bulk.total) == (TUESDAY, 1200)
    send(town, bulk)
    both = draft(town)
    assert (both.pay_day, both.total) == (dt.date(2024, 6, 25), 500)
    payout_desk(town).discard("2", by=HANAKO, why="まとめない")
    assert still_open(town) == 500
    assert_payouts_hold(town)


async def test_several_closes_in_one_bulk(town: Town) -> None:
    await first_week(town, 1200)
    await pay(town, 20, voucher=500)
    at(town, SECOND_FRIDAY)
    close(town, 2)
    set_up(town)
    bulk = draft(town, dt.date(2024, 6, 25))
    assert bulk.total == 1700
    assert len(items_in(town, lines_of(town, bulk)[0])) == 2
    send(town, bulk)
    assert_payouts_hold(town)


@pytest.mark.parametrize(
    ("day", "code"),
    [
        (dt.date(2024, 6, 22), BankFileCode.PAY_DAY),
        (dt.date(2024, 6, 7), PayoutCode.PAY_DAY_PAST),
        (dt.date(2999, 6, 3), BankFileCode.PAY_DAY_HORIZON),
        (dt.date(2024, 6, 17), PayoutCode.NOTHING_TO_PAY),
    ],
)
async def test_pay_days_that_cannot_be(sqlite_town: Town, day: dt.date, code: str) -> None:
    await first_week(sqlite_town, 1200)
    set_up(sqlite_town)
    assert refused(lambda: draft(sqlite_town, day)) == code


async def test_a_negative_is_carried_until_it_is_made_up_for(town: Town) -> None:
    await first_week(town, 1200)
    set_up(town, MATSUYA, KODAMA)
    correct(town, -2000)
    assert moved(town, AccountKind.CORRECTIONS) == 2000
    assert refused(lambda: draft(town)) == PayoutCode.NOTHING_TO_PAY
    give = payee_desk(town)
    wrong = refused(
        lambda: give.propose_correction(new_key(), VOUCHER, KODAMA, 5, by=HANAKO, why=WHY)
    )
    assert wrong == PayoutCode.SHOP_NOT_HERE
    assert still_open(town) == -800
    await pay(town, 20, voucher=1000)
    at(town, SECOND_FRIDAY)
    close(town, 2)
    bulk = draft(town, dt.date(2024, 6, 25))
    (payout,) = lines_of(town, bulk)
    assert (payout.amount, payout.shares[0].closes, payout.shares[0].corrections) == (
        200,
        2200,
        -2000,
    )
    send(town, bulk)
    assert_payouts_hold(town)


async def test_what_a_bulk_carries_stands_in_the_next(town: Town) -> None:
    """喫茶こだま takes points: it owes, まつや is paid; a week later it is made up for."""
    await pay(town, 7, points=300)
    at(town, moment(2024, 7, 1))
    close_desk(town).close_due(POINTS, by="係", why="締め")
    set_up(town, MATSUYA, KODAMA, service=POINTS)
    correct(town, -500, KODAMA, POINTS)
    bulk = draft(town, dt.date(2024, 7, 9), POINTS)
    paid, owing = lines_of(town, bulk)
    assert (paid.amount, owing.outcome, owing.carried) == (300, Outcome.NEGATIVE, -500)
    correct(town, 650, KODAMA, POINTS)
    assert refused(lambda: draft(town, dt.date(2024, 7, 9), POINTS)) == PayoutCode.UNSENT
    send(town, bulk)
    assert still_open(town, POINTS) == 150
    second = draft(town, dt.date(2024, 7, 10), POINTS)
    (made_up,) = lines_of(town, second)
    share = made_up.shares[0]
    assert (share.carried_in, share.corrections, share.amount) == (-500, 650, 150)
    send(town, second)
    assert moved(town, AccountKind.PAID_OUT, POINTS) == 450
    assert_payouts_hold(town)


async def test_small_amounts_and_fees(town: Town) -> None:
    await first_week(town, 1200)
    set_up(town, fee=Yen(330), minimum=Yen(500))
    bulk = draft(town)
    (payout,) = lines_of(town, bulk)
    assert (payout.gross, payout.fee, payout.amount) == (1200, 330, 870)
    send(town, bulk)
    assert moved(town, AccountKind.FEES) == 330
    assert moved(town, AccountKind.PAID_OUT) == 870
    assert moved(town, AccountKind.SHOP) == 0
    at(town, moment(2024, 6, 10))
    await pay(town, 20, voucher=829)
    at(town, SECOND_FRIDAY)
    close(town, 2)
    assert refused(lambda: draft(town)) == PayoutCode.NOTHING_TO_PAY
    payee_desk(town).change_settings(
        settings_for(fee=Yen(330), minimum=Yen(500), fee_bearer=FeeBearer.OPERATOR),
        by=HANAKO,
        why="市が負担",
    )
    send(town, draft(town))
    assert moved(town, AccountKind.FEES) == 660
    assert moved(town, AccountKind.FUNDS) == -330
    assert moved(town, AccountKind.PAID_OUT) == 870 + 829
    assert_payouts_hold(town)


async def test_held_until_mended_then_paid_in_the_next_file(town: Town) -> None:
    await pay(town, 7, points=300)
    at(town, moment(2024, 7, 1))
    close_desk(town).close_due(POINTS, by="係", why="締め")
    set_up(town, MATSUYA, service=POINTS)
    correct(town, 700, KODAMA, POINTS)
    bulk = draft(town, dt.date(2024, 7, 9), POINTS)
    _, held = lines_of(town, bulk)
    assert (held.outcome, held.hold, held.carried) == (Outcome.HELD, HoldCode.NO_DETAILS, 700)
    send(town, bulk)
    assert refused(lambda: draft(town, dt.date(2024, 7, 9), POINTS)) == PayoutCode.NOTHING_TO_PAY
    give_details(town, Payee.shop(KODAMA))
    second = draft(town, dt.date(2024, 7, 10), POINTS)
    (payout,) = lines_of(town, second)
    assert (payout.amount, payout.shares[0].carried_in) == (700, 700)
    send(town, second)
    assert_payouts_hold(town)


async def test_banks_that_are_gone_hold_the_payee(town: Town) -> None:
    await first_week(town, 1200)
    payee_desk(town).change_settings(settings_for(), by=HANAKO, why="開始")
    ask = payee_desk(town)
    gone = Account("0009", "001", "1", "1")
    assert refused(
        lambda: ask.ask_for_bank_details(
            new_key(), Payee.shop(MATSUYA), gone, "ミセ", by=HANAKO, why=WHY
        )
    ) == str(BankFileCode.BANK_UNKNOWN)
    asked = ask.ask_for_bank_details(
        new_key(), Payee.shop(MATSUYA), gone, "ミセ", test_banks=True, by=HANAKO, why=WHY
    )
    ask.decide_bank_details(asked.request_id, True, by=JIRO, why=WHY)
    (held,) = payout_desk(town).preview(VOUCHER).planned
    assert held.hold is HoldCode.BANK_UNKNOWN
    payee_desk(town).change_settings(settings_for(test_banks=True), by=HANAKO, why="銀行の試験")
    bulk = draft(town)
    assert bulk.total == 1200
    send(town, bulk)
    assert_payouts_hold(town)


async def test_a_return_is_reversed_and_paid_again_under_a_new_id(town: Town) -> None:
    await first_week(town, 1200)
    set_up(town, fee=Yen(200))
    bulk = draft(town)
    send(town, bulk)
    (payout,) = lines_of(town, bulk)
    desk = payout_desk(town)
    back = desk.returned(payout.payout_id, True, by=HANAKO, why="口座相違")
    assert back.returned_by
    assert desk.returned(payout.payout_id, True, by=HANAKO, why="口座相違") == back
    assert refused(lambda: desk.returned(payout.payout_id, True, by=JIRO, why=WHY)) == (
        PayoutCode.RETURNED
    )
    assert bulk_of(town, bulk).state is BulkState.PARTLY_RETURNED
    assert moved(town, AccountKind.PAID_OUT) == 0
    assert moved(town, AccountKind.SHOP) == 1200
    assert moved(town, AccountKind.FEES) == 200
    assert still_open(town) == 1200
    (held,) = desk.preview(VOUCHER, TUESDAY).planned
    assert held.hold is HoldCode.RETURNED
    give_details(town, Payee.shop(MATSUYA), Account("0001", "002", "1", "5"), "マツヤ")
    again = draft(town, dt.date(2024, 6, 19))
    (second,) = lines_of(town, again)
    assert second.payout_id != payout.payout_id
    assert (second.amount, second.fee, second.shares[0].returned) == (1000, 200, 1200)
    send(town, again)
    assert moved(town, AccountKind.SHOP) == 0
    assert_payouts_hold(town)


async def test_a_return_that_was_the_banks_own_fault(town: Town) -> None:
    await first_week(town, 1200)
    set_up(town)
    bulk = draft(town)
    (payout,) = lines_of(town, bulk)
    desk = payout_desk(town)
    assert refused(lambda: desk.returned(payout.payout_id, False, by=HANAKO, why=WHY)) == (
        PayoutCode.STATE
    )
    send(town, bulk)
    desk.settled("1", by=HANAKO, why=WHY)
    desk.returned(payout.payout_id, False, by=HANAKO, why="銀行の障害")
    assert draft(town, TUESDAY).total == 1200
    assert refused(lambda: desk.returned("x" * 20, False, by=HANAKO, why=WHY)) == (
        PayoutCode.PAYOUT_UNKNOWN
    )
    assert_payouts_hold(town)


async def test_one_transfer_for_a_merchants_shops(town: Town) -> None:
    await pay(town, 7, points=300)
    at(town, moment(2024, 7, 1))
    close_desk(town).close_due(POINTS, by="係", why="締め")
    set_up(town, MATSUYA, KODAMA, service=POINTS)
    correct(town, -100, KODAMA, POINTS)
    merchant = MerchantId("M-0001")
    payee_desk(town).set_one_transfer(merchant, True, by=HANAKO, why="本部一括")
    payee_desk(town).set_one_transfer(merchant, True, by=HANAKO, why="本部一括")
    day = dt.date(2024, 7, 9)
    (held,) = payout_desk(town).preview(POINTS, day).planned
    assert (held.payee, held.hold) == (Payee.merchant(merchant), HoldCode.NO_DETAILS)
    give_details(town, Payee.merchant(merchant), name="ミホンショウテンカイ")
    bulk = draft(town, day, POINTS)
    (payout,) = lines_of(town, bulk)
    assert (payout.amount, [share.amount for share in payout.shares]) == (200, [300, -100])
    send(town, bulk)
    assert moved(town, AccountKind.PAID_OUT, POINTS) == 200
    assert moved(town, AccountKind.SHOP, POINTS) == 0
    assert_payouts_hold(town)


async def test_a_merchants_transfer_comes_back_share_by_share(town: Town) -> None:
    """What one shop made up for another's debt is owed, and owing, again."""
    await pay(town, 7, points=300)
    at(town, moment(2024, 7, 1))
    close_desk(town).close_due(POINTS, by="係", why="締め")
    set_up(town, service=POINTS, fee=Yen(50))
    correct(town, -100, KODAMA, POINTS)
    merchant = MerchantId("M-0001")
    payee_desk(town).set_one_transfer(merchant, True, by=HANAKO, why="本部一括")
    give_details(town, Payee.merchant(merchant), name="ミホンショウテンカイ")
    bulk = draft(town, dt.date(2024, 7, 9), POINTS)
    send(town, bulk)
    (payout,) = lines_of(town, bulk)
    payout_desk(town).returned(payout.payout_id, False, by=HANAKO, why="銀行の障害")
    assert moved(town, AccountKind.SHOP, POINTS) == 200
    again = draft(town, dt.date(2024, 7, 10), POINTS)
    (second,) = lines_of(town, again)
    assert [share.returned for share in second.shares] == [300, -100]
    assert (second.gross, second.fee, second.amount) == (200, 50, 150)
    send(town, again)
    assert moved(town, AccountKind.SHOP, POINTS) == 0
    assert_payouts_hold(town)


async def test_what_comes_back_twice_is_paid_a_third_time(town: Town) -> None:
    await first_week(town, 1200)
    set_up(town)
    desk, seen = payout_desk(town), set()
    for day in (18, 19, 20):
        bulk = draft(town, dt.date(2024, 6, day))
        send(town, bulk)
        (payout,) = lines_of(town, bulk)
        assert payout.amount == 1200
        seen.add(payout.payout_id)
        if day < 20:
            desk.returned(payout.payout_id, False, by=HANAKO, why="銀行の障害")
    assert len(seen) == 3
    assert moved(town, AccountKind.PAID_OUT) == 1200
    assert still_open(town) == 0
    assert_payouts_hold(town)


def bulk_numbered(town: Town, number: int) -> Bulk:
    return town.database.read_now(lambda c: find_bulk(c, str(number)))


def at_once(*calls: Callable[[], object]) -> list[str]:
    """All in the same instant; of each "" or the code of its refusal."""
    gate = Barrier(len(calls))

    def one(call: Callable[[], object]) -> str:
        gate.wait()
        try:
            call()
        except Refusal as refusal:
            return str(refusal.code)
        return ""

    with ThreadPoolExecutor(len(calls)) as pool:
        return sorted(pool.map(one, calls))


async def test_two_people_at_once(town: Town) -> None:
    """Each desk is another server's: they meet in the database only."""
    await first_week(town, 1200)
    set_up(town)
    names = (HANAKO, JIRO, "三郎", "四郎")
    drafts = [
        partial(payout_desk(town).draft, new_key(), VOUCHER, by=name, why=WHY) for name in names
    ]
    assert at_once(*drafts) == ["", *[str(PayoutCode.UNSENT)] * 3]
    drafter = bulk_numbered(town, 1).who(BulkEvent.DRAFTED)
    others = [name for name in names if name != drafter]
    approvals = [partial(payout_desk(town).approve, "1", by=name, why=WHY) for name in others]
    assert at_once(*approvals) == ["", *[str(PayoutCode.STATE)] * 2]
    files = [partial(payout_desk(town).make_file, "1", by=name, why=WHY) for name in names]
    assert at_once(*files) == [""] * 4
    maker = bulk_numbered(town, 1).who(BulkEvent.FILE_MADE)
    rival = next(name for name in names if name != maker)
    ended = at_once(
        partial(payout_desk(town).sent, "1", by=maker, why=WHY),
        partial(payout_desk(town).sent, "1", by=maker, why=WHY),
        partial(payout_desk(town).discard, "1", by=rival, why=WHY),
    )
    sent = bulk_numbered(town, 1).state is BulkState.SENT
    assert ended == (
        ["", "", str(PayoutCode.STATE)] if sent else ["", *[str(PayoutCode.STATE)] * 2]
    )
    assert moved(town, AccountKind.PAID_OUT) == (1200 if sent else 0)
    assert still_open(town) == (0 if sent else 1200)
    assert_payouts_hold(town)


async def test_a_draft_that_no_file_could_hold_keeps_nothing(sqlite_town: Town) -> None:
    await first_week(sqlite_town, 1200)
    set_up(sqlite_town)
    correct(sqlite_town, 9_999_999_999)
    assert refused(lambda: draft(sqlite_town)) == BankFileCode.AMOUNT_TOO_LARGE
    assert sqlite_town.count("payout_bulks") == 0
    correct(sqlite_town, -1200)
    bulk = draft(sqlite_town)
    assert bulk.total == 9_999_999_999
    send(sqlite_town, bulk)
    assert_payouts_hold(sqlite_town)


async def test_details_that_change_after_the_draft(town: Town) -> None:
    await first_week(town, 1200)
    set_up(town)
    bulk = draft(town)
    desk = payout_desk(town)
    give_details(town, Payee.shop(MATSUYA), Account("0001", "002", "1", "5"), "マツヤ")
    assert refused(lambda: desk.approve("1", by=JIRO, why=WHY)) == PayoutCode.CHANGED
    assert bulk_of(town, bulk).state is BulkState.DRAFT
    desk.discard("1", by=JIRO, why=WHY)
    draft(town)
    desk.approve("2", by=JIRO, why=WHY)
    give_details(town, Payee.shop(MATSUYA))
    assert refused(lambda: desk.make_file("2", by=JIRO, why=WHY)) == PayoutCode.CHANGED
    assert_payouts_hold(town)


def test_bank_details_are_asked_for_by_one_and_approved_by_another(town: Town) -> None:
    desk = payee_desk(town)
    payee, account, key = Payee.shop(MATSUYA), Account("0001", "001", "1", "7"), new_key()

    def ask(key: str, name: str = "マツヤ") -> Any:
        return desk.ask_for_bank_details(key, payee, account, name, by=HANAKO, why="届出")

    asked = ask(key)
    assert asked.details is not None
    assert asked.details.recipient == "ﾏﾂﾔ"
    assert ask(key) == asked
    assert refused(lambda: ask(key, "ベツ")) == PayoutCode.KEY_REUSED
    assert refused(lambda: ask(new_key())) == PayoutCode.WAITING
    one = asked.request_id
    assert refused(lambda: desk.decide_bank_details(one, True, by=HANAKO, why=WHY)) == (
        PayoutCode.SAME_PERSON
    )
    done = desk.decide_bank_details(one, True, by=JIRO, why=WHY)
    assert desk.decide_bank_details(one, True, by=JIRO, why=WHY) == done
    assert refused(lambda: desk.decide_bank_details(one, False, by=JIRO, why=WHY)) == (
        PayoutCode.DECIDED
    )
    withdrawn = ask(new_key())
    assert withdrawn.version == 2
    desk.decide_bank_details(withdrawn.request_id, False, by=HANAKO, why="取り下げ")
    assert refused(lambda: desk.decide_bank_details("x" * 20, True, by=JIRO, why=WHY)) == (
        PayoutCode.REQUEST_UNKNOWN
    )
    for unknown in (Payee.shop(MATSUYA.replace("1", "9")), Payee.merchant(MerchantId("M-9"))):  # type: ignore[arg-type]
        assert refused(
            lambda unknown=unknown: desk.ask_for_bank_details(  # type: ignore[misc]
                new_key(), unknown, account, "マツヤ", by=HANAKO, why=WHY
            )
        ) in {str(PayoutCode.SHOP_UNKNOWN), str(PayoutCode.MERCHANT_UNKNOWN)}
    assert_payouts_hold(town)


def test_corrections_are_proposed_by_one_and_approved_by_another(town: Town) -> None:
    desk, key = payee_desk(town), new_key()

    def propose(key: str, amount: int = -300) -> Any:
        return desk.propose_correction(key, VOUCHER, MATSUYA, amount, by=HANAKO, why="二重計上")

    asked = propose(key)
    assert propose(key) == asked
    assert refused(lambda: propose(key, -301)) == PayoutCode.KEY_REUSED
    for amount in (0, 10**10, -(10**10)):
        assert refused(lambda amount=amount: propose(new_key(), amount)) == (  # type: ignore[misc]
            PayoutCode.CORRECTION_AMOUNT
        )
    assert moved(town, AccountKind.CORRECTIONS) == 0
    one = asked.correction_id
    assert refused(lambda: desk.decide_correction(one, True, by=HANAKO, why=WHY)) == (
        PayoutCode.SAME_PERSON
    )
    done = desk.decide_correction(one, True, by=JIRO, why=WHY)
    assert desk.decide_correction(one, True, by=JIRO, why=WHY) == done
    assert moved(town, AccountKind.SHOP) == -300
    other = propose(new_key(), 500)
    desk.decide_correction(other.correction_id, False, by=JIRO, why="不要")
    assert refused(lambda: desk.decide_correction(other.correction_id, True, by=JIRO, why=WHY)) == (
        PayoutCode.DECIDED
    )
    assert still_open(town) == -300
    assert_payouts_hold(town)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"minimum": Yen(0)}, PayoutCode.MINIMUM),
        ({"fee": Yen(-1)}, PayoutCode.FEE),
        ({"payer_code": "x"}, BankFileCode.PAYER_CODE),
        ({"account": Account("9999", "999", "1", "1")}, BankFileCode.BANK_UNKNOWN),
        ({"service": "nothing"}, PayoutCode.SERVICE_UNKNOWN),
    ],
)
def test_settings_that_cannot_be(sqlite_town: Town, changes: dict[str, Any], code: str) -> None:
    desk = payee_desk(sqlite_town)
    assert refused(lambda: desk.change_settings(settings_for(**changes), by=HANAKO, why=WHY)) == (
        code
    )


async def test_without_settings_nobody_is_paid(sqlite_town: Town) -> None:
    await first_week(sqlite_town, 1200)
    assert refused(lambda: draft(sqlite_town)) == PayoutCode.NO_SETTINGS
    first = payee_desk(sqlite_town).change_settings(settings_for(), by=HANAKO, why=WHY)
    again = payee_desk(sqlite_town).change_settings(settings_for(), by=HANAKO, why=WHY)
    assert (first.version, again.version) == (1, 1)
    (held,) = payout_desk(sqlite_town).preview(VOUCHER).planned
    assert held.hold is HoldCode.NO_DETAILS
    assert refused(lambda: draft(sqlite_town)) == PayoutCode.NOTHING_TO_PAY


async def test_a_file_is_not_made_for_a_day_that_is_over(sqlite_town: Town) -> None:
    await first_week(sqlite_town, 1200)
    set_up(sqlite_town)
    draft(sqlite_town)
    desk = payout_desk(sqlite_town)
    desk.approve("1", by=JIRO, why=WHY)
    at(sqlite_town, moment(2024, 6, 19))
    assert refused(lambda: desk.make_file("1", by=HANAKO, why=WHY)) == PayoutCode.PAY_DAY_PAST


async def test_a_statement_reads_how_its_close_was_paid(town: Town) -> None:
    await first_week(town, 1200)
    set_up(town, fee=Yen(200))
    made = close_desk(town).close(VOUCHER, 1, by="係", why="締め").close
    assert town.database.read_now(lambda c: payout_of_close(c, made.close_id, MATSUYA)) is None
    draft(town)
    payout_desk(town).discard("1", by=HANAKO, why=WHY)
    assert town.database.read_now(lambda c: payout_of_close(c, made.close_id, MATSUYA)) is None
    bulk = draft(town)
    paid = town.database.read_now(lambda c: payout_of_close(c, made.close_id, MATSUYA))
    assert paid is not None
    assert (paid.bulk, paid.share.closes, paid.share.fee, paid.share.amount) == (
        bulk,
        1200,
        200,
        1000,
    )
    assert paid.bulk.payer_name == "ﾐﾎﾝｼ"


async def test_shops_whose_sales_were_all_cancelled(town: Town) -> None:
    from tests.support.cancels import CLERK, cancels_of, request_for

    cancels_of(town).cancel(request_for(await pay(town, 7, voucher=500)), CLERK)
    at(town, FRIDAY)
    close(town, 1)
    set_up(town)
    assert refused(lambda: draft(town)) == PayoutCode.NOTHING_TO_PAY
    correct(town, 40)
    bulk = draft(town)
    assert bulk.total == 40
    send(town, bulk)
    assert_payouts_hold(town)
