"""A campaign from its terms to the vouchers in wallets, on both databases."""

import threading
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text

from protos.units import UserId
from server.campaigns.selling import (
    CampaignDesk,
    CampaignReason,
    Fate,
    FileRefused,
    LineCode,
    accept_collected,
    add_campaign_terms,
    book_purchases,
    campaign_report,
    draw,
    forget_residents,
    freeze_list,
    orders_of,
    pending_purchases,
    read_collected,
    release_unpaid,
    verify_campaigns,
)
from server.ledger import trial_balance
from server.refusal import Refusal
from tests.support.books import POINTS, VOUCHER, Town, moment, new_key, opened
from tests.support.campaign import (
    AFTER_ROUND_1,
    APPLYING,
    BUYING,
    CAMPAIGN,
    DRAWING,
    Sale,
    csv_of,
    terms_of,
)

OLD, YOUNG = "1954-04-01", "1954-04-02"
"""70 on 2024-04-01, and 69."""


def refused(reason: CampaignReason, call: Callable[[], Any]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        call()
    assert caught.value.code == reason
    return caught.value


def drawn(town: Town, total: int, births: list[str], units: int) -> tuple[Sale, list[UserId]]:
    """Everybody has applied for ``units``; the draw is held; winners can buy."""
    sale = Sale(town, terms_of(total))
    users = sale.people(births)
    sale.at(APPLYING)
    for user in users:
        sale.apply(user, units)
    sale.at(DRAWING)
    sale.freeze()
    sale.draw()
    sale.at(BUYING)
    return sale, users


def test_the_reference_purchase(town: Town) -> None:
    sale, (old, young) = drawn(town, 1_000_000, [OLD, YOUNG], 30)
    orders = [sale.order(old, 29), sale.order(young, 30), sale.order(old, 1)]
    assert [(o.price, o.face, o.aged) for o in orders] == [
        (29_000, 34_800, True),
        (30_000, 36_000, False),
        (1_000, 1_200, True),
    ]
    before = town.holdings()
    for order in orders:
        sale.agency.pay(order, date(2024, 5, 21))
    assert [fate.bonus for fate in sale.collect(dry_run=True)] == [870, 0, 30]
    assert town.holdings() == before
    assert [fate.fate for fate in sale.collect()] == [Fate.NEW] * 3
    held = town.holdings()
    assert held["市民0", VOUCHER] == 36_000
    assert held["市民0", POINTS] == 900
    assert held["市民1", VOUCHER] == 36_000
    assert ("市民1", POINTS) not in held
    entries = town.count("entries")
    assert [fate.fate for fate in sale.collect()] == [Fate.REPEATED] * 3
    assert (town.holdings(), town.count("entries")) == (held, entries)
    balance = {line.account: line for line in town.database.read_now(trial_balance).lines}
    assert balance[f"funds:{VOUCHER}"].credit == 60_000
    assert balance[f"buyers:{VOUCHER}"].debit == 60_000
    assert balance[f"bonus:{POINTS}"].debit == 900
    sale.assert_holds()
    report = town.database.read_now(lambda c: campaign_report(c, CAMPAIGN, town.clock.now))
    assert (report.paid_units, report.open_units, report.unsold_units) == (60, 0, 999_940)
    assert (report.paid, report.face, report.bonus, report.not_issued) == (60_000, 72_000, 900, 0)


def test_the_terms_of_the_reference_campaign() -> None:
    terms = terms_of()
    assert terms.total_face == 1_200_000_000
    assert terms.total_premium == 200_000_000
    assert terms.not_for == (("たばこ", "Tobacco"),)


def test_applications_change_until_the_instant_at_which_the_window_ends(town: Town) -> None:
    sale = Sale(town, terms_of(10))
    (user,) = sale.people([OLD])
    first = terms_of(10).round(1)
    sale.at(moment(2024, 4, 15, 9, 59))
    refused(CampaignReason.WINDOW, lambda: sale.apply(user, 1))
    sale.at(first.apply_from)
    key = new_key()
    applied = sale.apply(user, 3, key)
    assert sale.apply(user, 3, key) == applied
    refused(CampaignReason.KEY_REUSED, lambda: sale.apply(user, 4, key))
    refused(CampaignReason.UNITS, lambda: sale.apply(user, 31))
    refused(CampaignReason.UNITS, lambda: sale.apply(user, -1))
    changed = sale.apply(user, 5)
    assert (changed.application_id, changed.revision) == (applied.application_id, 2)
    assert sale.apply(user, 0).units == 0
    refused(CampaignReason.NO_APPLICATION, lambda: sale.apply(user, 0))
    town.clock.now = type(town.clock.now)(first.apply_until - 1)
    sale.apply(user, 2)
    refused(CampaignReason.LIST_TOO_EARLY, sale.freeze)
    sale.at(first.apply_until)
    refused(CampaignReason.WINDOW, lambda: sale.apply(user, 1))
    frozen = sale.freeze()
    assert frozen.content.units == {applied.application_id: 2}
    assert sale.freeze() == frozen
    refused(CampaignReason.NOT_ELIGIBLE, lambda: sale.apply(town.users["太郎"].user_id, 1))


def test_the_draw_is_what_anyone_computes_and_limits_what_winners_buy(town: Town) -> None:
    sale, users = drawn(town, 10, [YOUNG] * 4, 5)
    frozen = sale.freeze()
    held = sale.draw()
    assert held.result == draw(frozen.content, "38179.46")
    assert held.units_won == 10
    refused(CampaignReason.DRAWN, lambda: sale.draw("1"))
    won = {user: held.result.won[_application(town, user)] for user in users}
    for user, units in won.items():
        refused(CampaignReason.OVER_WON, partial(sale.order, user, units + 1))
        if units:
            key = new_key()
            order = sale.order(user, units, key=key)
            assert sale.order(user, units, key=key) == order
            refused(CampaignReason.OVER_WON, partial(sale.order, user, 1))
    sale.assert_holds()


def _application(town: Town, user: UserId) -> str:
    query = text("SELECT application_id FROM applications WHERE user_id = :user")
    return str(town.database.read_now(lambda c: c.execute(query, {"user": user}).scalar_one()))


def test_before_the_draw_nobody_buys_and_without_seed_nothing_is_drawn(town: Town) -> None:
    sale = Sale(town, terms_of(3))
    users = sale.people([YOUNG] * 2)
    sale.at(APPLYING)
    for user in users:
        sale.apply(user, 2)
    sale.at(DRAWING)
    refused(CampaignReason.LIST_MISSING, sale.draw)
    sale.freeze()
    refused(CampaignReason.SEED, lambda: sale.draw(" "))
    refused(CampaignReason.SEED, lambda: sale.draw("a\nb"))
    sale.at(BUYING)
    refused(CampaignReason.NOT_DRAWN, lambda: sale.order(users[0], 1))
    assert town.count("draws") == town.count("purchase_orders") == 0


def test_what_is_not_paid_is_released_and_sold_directly(town: Town) -> None:
    sale, (one, two) = drawn(town, 4, [YOUNG] * 2, 2)
    unpaid, paid = sale.order(one, 2), sale.order(two, 2)
    sale.agency.pay(paid, date(2024, 5, 21))
    sale.collect()
    sale.at(AFTER_ROUND_1)
    refused(CampaignReason.WINDOW, lambda: sale.order(two, 1))
    refused(CampaignReason.SOLD_OUT, lambda: sale.order(two, 1, round_number=2))
    release = partial(release_unpaid, campaign_id=CAMPAIGN, now=town.clock.now)
    assert town.database.write_now(release) == 1
    assert town.database.write_now(release) == 0
    assert sale.order(two, 2, round_number=2).units == 2
    refused(CampaignReason.SOLD_OUT, lambda: sale.order(one, 1, round_number=2))
    sale.agency.pay(unpaid, date(2024, 6, 2))
    with pytest.raises(FileRefused) as late:
        sale.collect()
    assert [error.code for error in late.value.errors] == [LineCode.STATE]
    sale.assert_holds()


def test_a_collectors_file_is_taken_whole_or_not_at_all(town: Town) -> None:
    sale, (one, two) = drawn(town, 100, [OLD, YOUNG], 30)
    first, second = sale.order(one, 10), sale.order(two, 10)
    header = "reference,amount,collectedOn,receipt"

    def take(*lines: str) -> Any:
        items = read_collected(csv_of(*lines, header=header), date(2024, 5, 21))
        fates = town.database.write_now(
            partial(
                accept_collected,
                items=items,
                collector="agency",
                clock=sale.clock,
                by="係",
                why="入金",
            )
        )
        book_purchases(town.database, sale.clock)
        return fates

    good = f"{first.order_id},10000,2024-05-21,A1"
    cases = (
        (f"{second.order_id},10000.0,2024-05-21,A2", LineCode.AMOUNT),
        (f"{second.order_id},-10000,2024-05-21,A2", LineCode.AMOUNT),
        (f"{second.order_id},9999,2024-05-21,A2", LineCode.AMOUNT),
        (f"{second.order_id},10000,2024-02-30,A2", LineCode.DATE),
        (f"{second.order_id},10000,2024-05-22,A2", LineCode.DATE),
        (f"{second.order_id},10000,2024-05-21,", LineCode.VALUE),
        (f"{second.order_id},10000,2024-05-21,A1", LineCode.TWICE),
        ("x,10000,2024-05-21,A2", LineCode.UNKNOWN),
        (f"{second.order_id},10000,2024-05-21", LineCode.COLUMNS),
        (good, LineCode.TWICE),
    )
    for bad, code in cases:
        with pytest.raises(FileRefused) as caught:
            take(good, bad)
        assert [(e.line, e.code) for e in caught.value.errors] == [(3, code)], bad
    assert town.count("order_outcomes") == town.count("purchases") == 0
    assert [f.fate for f in take(good)] == [Fate.NEW]
    with pytest.raises(FileRefused) as caught:
        take(f"{first.order_id},10000,2024-05-21,A9", f"{second.order_id},10000,2024-05-21,A1")
    assert [e.code for e in caught.value.errors] == [LineCode.CONFLICT] * 2
    both = take(good, f"{second.order_id},１０，０００円,2024/5/21,A2".replace("，", ""))
    assert [f.fate for f in both] == [Fate.REPEATED, Fate.NEW]
    assert town.holdings()["市民0", POINTS] == 300
    sale.assert_holds()


def test_a_booking_that_was_cut_off_is_taken_up_again(town: Town) -> None:
    sale, (user,) = drawn(town, 100, [OLD], 30)
    sale.agency.pay(sale.order(user, 30), date(2024, 5, 21))
    accept = partial(
        accept_collected,
        items=sale.agency.collected(),
        collector="agency",
        clock=sale.clock,
        by="係",
        why="入金",
    )
    town.database.write_now(accept)
    assert town.database.read_now(pending_purchases) == 1
    assert ("市民0", VOUCHER) not in town.holdings()
    assert book_purchases(town.database, sale.clock) == 1
    assert book_purchases(town.database, sale.clock) == 0
    assert town.holdings()["市民0", VOUCHER] == 36_000
    sale.assert_holds()


def test_two_processes_book_an_order_once(town: Town) -> None:
    sale, users = drawn(town, 1_000, [OLD] * 6, 30)
    for user in users:
        sale.agency.pay(sale.order(user, 30), date(2024, 5, 21))
    town.database.write_now(
        partial(
            accept_collected,
            items=sale.agency.collected(),
            collector="agency",
            clock=sale.clock,
            by="係",
            why="入金",
        )
    )
    _at_once(town, 3, lambda _, own: book_purchases(own.database, sale.clock))
    assert all(town.holdings()[f"市民{n}", VOUCHER] == 36_000 for n in range(6))
    assert town.count("purchases") == 6
    sale.assert_holds()


def test_caps_hold_when_everybody_orders_at_once(town: Town) -> None:
    sale = Sale(town, terms_of(50))
    users = sale.people([YOUNG] * 5)
    sale.at(AFTER_ROUND_1)
    said: list[str] = []

    def buy(n: int, own: Town) -> None:
        mine = copy(sale)
        mine.town = own
        for _ in range(4):
            try:
                mine.order(users[n % 5], 7, round_number=2)
            except Refusal as refusal:
                said.append(str(refusal.code))

    _at_once(town, 10, buy)
    ordered = town.database.read_now(
        lambda c: {user: sum(o.units for o in orders_of(c, user)) for user in users}
    )
    assert sum(ordered.values()) == 49
    assert max(ordered.values()) <= 30
    assert set(said) <= {CampaignReason.SOLD_OUT, CampaignReason.OVER_PERSON}
    sale.assert_holds()


def _at_once(town: Town, count: int, work: Callable[[int, Town], Any]) -> None:
    """Each with connections of its own, as processes have them."""
    errors: list[BaseException] = []
    url = town.database._writing.url.render_as_string(hide_password=False)

    def run(n: int) -> None:
        try:
            with opened(url) as database:
                work(n, replace(town, database=database))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_code_links_one_account_and_tries_are_bounded(town: Town) -> None:
    sale = Sale(town, terms_of(10))
    sale.import_file(csv_of("R1,ABCD-EFGH,1954-04-01", "R2,ijklmnop,1990-12-31"))
    hanako, taro = (town.users[name].user_id for name in ("花子", "太郎"))
    for _ in range(4):
        assert sale.prove(hanako, "ABCDEFGH", "1954-04-02").code == CampaignReason.PROOF_WRONG
    assert sale.prove(hanako, "ａｂｃｄ−ｅｆｇｈ", "1954-04-01").number == "R1"
    assert sale.prove(hanako, "ABCDEFGH", "1954-04-01").number == "R1"
    assert sale.prove(hanako, "IJKLMNOP", "1990-12-31").code == CampaignReason.PROOF_OTHER
    assert sale.prove(taro, "ABCDEFGH", "1954-04-01").code == CampaignReason.PROOF_TAKEN
    for _ in range(5):
        assert sale.prove(taro, "NOSUCHCODE", "1990-12-31").code == CampaignReason.PROOF_WRONG
    assert sale.prove(taro, "IJKLMNOP", "1990-12-31").code == CampaignReason.PROOF_TRIES
    town.clock.forward(86_400)
    assert sale.prove(taro, "IJKLMNOP", "1990-12-31").number == "R2"
    stored = town.database.read_now(
        lambda c: c.execute(text("SELECT code_hash FROM eligible_residents")).scalars().all()
    )
    assert not any("ABCDEFGH" in hashed or len(hashed) != 64 for hashed in stored)


def test_many_accounts_do_not_guess_a_birth_date(town: Town) -> None:
    sale = Sale(town, terms_of(10))
    sale.import_file(csv_of("R1,ABCDEFGH,1954-04-01"))
    for n in range(10):
        user = town.add_user(f"他人{n}").user_id
        assert sale.prove(user, "ABCDEFGH", "1960-01-01").code == CampaignReason.PROOF_WRONG
    hanako = town.users["花子"].user_id
    assert sale.prove(hanako, "ABCDEFGH", "1954-04-01").code == CampaignReason.PROOF_TRIES


def test_terms_change_in_the_future_only_and_keep_what_buyers_rely_on(town: Town) -> None:
    sale = Sale(town, terms_of(10))

    def add(**changes: str) -> Any:
        terms = terms_of(10, **changes)
        return town.database.write_now(partial(add_campaign_terms, terms=terms, clock=sale.clock))

    assert add() == sale.terms
    assert town.count("campaign_terms") == 1
    later = "2024-04-02T00:00:00"
    for changes, field in (
        ({"name_ja": '"別の名前"'}, "version"),
        ({"version": "3", "valid_from": later}, "version"),
        ({"version": "2"}, "valid_from"),
        ({"version": "2", "valid_from": later, "units_per_person": "9"}, "units_per_person"),
        ({"version": "2", "valid_from": "2024-05-01", "draw_event": '"x"'}, "valid_from"),
    ):
        with pytest.raises(Refusal) as caught:
            add(**changes)
        assert caught.value.field == field, changes
    with pytest.raises(Refusal) as caught:
        add(version="2", valid_from="2024-05-01T00:00:00", draw_event='"x"')
    assert caught.value.field == "rounds.1"
    assert add(version="2", valid_from=later, name_ja='"別の名前"').version == 2


def test_the_audit_names_what_does_not_hold(town: Town) -> None:
    sale, (old,) = drawn(town, 100, [OLD], 30)
    sale.agency.pay(sale.order(old, 30), date(2024, 5, 21))
    sale.collect()
    sale.assert_holds()
    frozen = sale.freeze()
    applied = f"'{_application(town, old)}', 2, '{CAMPAIGN}', 1, '{old}', 31, 1, 'k'"
    for spoil, said in (
        (f"INSERT INTO draw_results VALUES ('{frozen.list_id}', 'x', 9)", "drawing again"),
        ("UPDATE campaign_counters SET reserved = reserved + 1", "counter"),
        (f"INSERT INTO applications VALUES ({applied})", "not the list that was frozen"),
        ("INSERT INTO purchases VALUES ('p', 'o', 1)", "purchase p"),
    ):
        town.database.write_now(lambda c, s=spoil: c.execute(text(s)))  # type: ignore[misc]
        findings = town.database.read_now(verify_campaigns)
        assert any(said in finding for finding in findings), (spoil, findings)


def test_operators_acts_are_in_the_log(town: Town) -> None:
    drawn(town, 100, [OLD], 30)
    query = text("SELECT what FROM operator_acts ORDER BY at, act_id")
    acts = town.database.read_now(lambda c: c.execute(query).scalars().all())
    assert {"campaign.import-eligibility", "campaign.freeze-list", "campaign.draw"} <= set(acts)


def test_freezing_without_a_campaign(town: Town) -> None:
    sale = Sale(town, terms_of(10))
    for campaign, number, reason in (
        ("nothing", 1, CampaignReason.UNKNOWN),
        (CAMPAIGN, 2, CampaignReason.ROUND_UNKNOWN),
        (CAMPAIGN, 9, CampaignReason.ROUND_UNKNOWN),
    ):
        freeze = partial(
            freeze_list,
            campaign_id=campaign,
            round_number=number,
            clock=sale.clock,
            by="係",
            why="確定",
        )
        refused(reason, partial(town.database.write_now, freeze))


def test_persons_data_goes_and_the_books_still_hold(town: Town) -> None:
    sale, (old,) = drawn(town, 100, [OLD], 30)
    sale.agency.pay(sale.order(old, 30), date(2024, 5, 21))
    desk = CampaignDesk(town.database, sale.clock, b"k" * 32)
    assert [fate.bonus for fate in desk.collect(sale.agency, "係", "入金")] == [900]
    forget = partial(forget_residents, campaign_id=CAMPAIGN, before=moment(2024, 4, 1))
    assert town.database.write_now(forget) == 0
    forget = partial(forget_residents, campaign_id=CAMPAIGN, before=moment(2025, 4, 1))
    assert town.database.write_now(forget) == 1
    assert town.count("eligible_residents") == 0
    refused(CampaignReason.NOT_ELIGIBLE, lambda: sale.order(old, 1))
    sale.assert_holds()
