"""Granting, charging and cancelling by hand."""

import threading
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from sqlalchemy import insert, text

from protos.units import Micros, UserId, Yen
from server.campaigns import (
    ExpiryKind,
    ExpiryRule,
    GrantDesk,
    GrantOrder,
    GrantRefusal,
    add_expiry_rule,
    verify_grants,
)
from server.clock import DAY
from server.db.schema import directory
from server.ledger import Operation, process_clock
from server.oversight import acts_between
from server.payments import Paid
from tests.support.books import NOON, POINTS, VOUCHER, Town, legs, moment, new_key, ticket_of
from tests.support.bulk import with_rules


@pytest.fixture
def town(town: Town) -> Town:
    return with_rules(town)


def desk_of(town: Town, **more: Any) -> GrantDesk:
    return GrantDesk(town.database, process_clock(town.clock), **more)


def order_for(town: Town, **changes: Any) -> GrantOrder:
    user = town.users["花子"].user_id
    order = GrantOrder("k1", Operation.GRANT, user, POINTS, "１，２００", "清掃ボランティア")
    return replace(order, **changes)


def assert_whole(town: Town) -> None:
    town.assert_books_hold()
    assert town.database.read_now(verify_grants) == []


def test_a_grant_by_hand(town: Town) -> None:
    desk = desk_of(town)
    order = order_for(town, notes=("花壇の手入れ", "", ""))
    receipt = desk.give(order, "佐藤")
    assert (receipt.amount, receipt.before, receipt.after) == (1200, 500, 1700)
    assert receipt.expires_at == moment(2024, 9, 1)
    assert town.holdings()["花子", POINTS] == 1700
    (act,) = town.database.read_now(lambda c: list(acts_between(c, NOON, Micros(NOON + DAY))))
    assert (act.by, act.what, act.subject) == ("佐藤", "grant.give", receipt.grant_id)
    assert act.why == "清掃ボランティア"
    town.clock.now = Micros(NOON + 40 * DAY)  # another expiry, the same request all the same
    assert desk.give(order, "佐藤") == replace(receipt, repeated=True)
    assert desk.give(order, "鈴木").repeated is False, "keys are each operator's own"
    with pytest.raises(GrantRefusal) as refused:
        desk.give(replace(order, amount="1201"), "佐藤")
    assert refused.value.code == "CHOBA_GRANT_KEY_REUSED"
    assert_whole(town)


def test_a_charge_has_a_price(town: Town) -> None:
    desk = desk_of(town)
    charge = order_for(town, operation=Operation.CHARGE, service_id=VOUCHER, price="1,000")
    desk.give(charge, "佐藤")
    desk.give(replace(charge, idempotency_key="k2", price=""), "佐藤")
    prices = text("SELECT price FROM grants WHERE idempotency_key LIKE 'hand/%' ORDER BY price")
    assert town.database.read_now(lambda c: list(c.execute(prices).scalars())) == [1000, 1200]
    assert_whole(town)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": ""}, "AMOUNT_EMPTY"),
        ({"amount": "12.5"}, "AMOUNT_DECIMAL"),
        ({"amount": "1,20"}, "AMOUNT_DECIMAL"),
        ({"amount": "-5"}, "AMOUNT_NEGATIVE"),
        ({"amount": "０"}, "AMOUNT_ZERO"),
        ({"amount": "千"}, "AMOUNT_DIGITS"),
        ({"amount": "10,000,000"}, "AMOUNT_LARGE"),
        ({"price": "5"}, "PRICE_OF_GRANT"),
        ({"operation": Operation.CHARGE, "price": "1201"}, "PRICE_ABOVE_AMOUNT"),
        ({"idempotency_key": "a b"}, "KEY_INVALID"),
        ({"notes": ("a\nb", "", "")}, "NOTE_INVALID"),
        ({"why": " "}, "WHY_MISSING"),
        ({"user_id": "nobody"}, "USER_UNKNOWN"),
        ({"service_id": "nothing"}, "SERVICE_UNKNOWN"),
        ({"service_id": "bare"}, "SERVICE_NO_TERMS"),
    ],
)
def test_what_is_refused_leaves_nothing(town: Town, changes: dict[str, Any], code: str) -> None:
    bare = insert(directory.services).values(
        service_id="bare", kind=2, name_ja="未", name_en="bare", stand_payments=0
    )
    town.database.write_now(lambda c: c.execute(bare))
    before = town.count("entries"), town.count("operator_acts")
    with pytest.raises(GrantRefusal) as refused:
        desk_of(town).give(order_for(town, **changes), "佐藤")
    assert refused.value.code == f"CHOBA_GRANT_{code}"
    assert refused.value.ja.endswith(("。", "）。"))
    assert (town.count("entries"), town.count("operator_acts")) == before


def test_time_and_rules_that_refuse(sqlite_town: Town) -> None:
    town = sqlite_town
    with pytest.raises(GrantRefusal, match="EXPIRY_NO_RULE"):
        desk_of(town).give(order_for(town), "佐藤")
    past = ExpiryRule(ExpiryKind.FIXED_DAY, last_day=moment_day())
    town.database.write_now(
        partial(add_expiry_rule, service_id=POINTS, rule=past, valid_from=Micros(0))
    )
    with pytest.raises(GrantRefusal, match="EXPIRY_PAST"):
        desk_of(town).give(order_for(town), "佐藤")
    with_rules(town)
    left = desk_of(town, who_left=lambda _c, users: set(users))
    with pytest.raises(GrantRefusal, match="USER_LEFT"):
        left.give(order_for(town), "佐藤")
    town.clock.now = moment(2025, 4, 1)
    with pytest.raises(GrantRefusal, match="SERVICE_OVER"):
        desk_of(town).give(order_for(town), "佐藤")


def moment_day() -> Any:
    from datetime import date

    return date(2024, 6, 4)


async def pay(town: Town, name: str, sale: int, points: int) -> Any:
    async with town.desk() as desk:
        ticket = await ticket_of(desk, town.qr(sale), town)
        user = UserId(town.users[name].user_id)
        return await desk.pay(user, new_key(), ticket, Yen(points), legs(0, points))


def test_a_cancel_takes_the_whole_grant_back_once(town: Town) -> None:
    desk = desk_of(town)
    given = desk.give(order_for(town), "佐藤")
    receipt = desk.cancel("c1", given.grant_id, "誤り", "佐藤")
    assert (receipt.amount, receipt.before, receipt.after) == (1200, 1700, 500)
    assert len(receipt.cancel_id) == 20
    assert town.holdings()["花子", POINTS] == 500
    assert desk.cancel("c1", given.grant_id, "誤り", "佐藤") == replace(receipt, repeated=True)
    acts = town.count("operator_acts")
    with pytest.raises(GrantRefusal, match="CANCEL_AGAIN"):
        desk.cancel("c2", given.grant_id, "誤り", "佐藤")
    with pytest.raises(GrantRefusal, match="CHOBA_GRANT_UNKNOWN"):
        desk.cancel("c3", "x" * 20, "誤り", "佐藤")
    other = desk.give(order_for(town, idempotency_key="k2"), "佐藤")
    with pytest.raises(GrantRefusal, match="KEY_REUSED"):
        desk.cancel("c1", other.grant_id, "誤り", "佐藤")
    assert town.count("operator_acts") == acts + 1, "a refused cancel is no act"
    assert_whole(town)


async def test_what_is_spent_or_expired_is_not_cancelled(town: Town) -> None:
    """The lots of June and August go first, so 501 points touch the grant."""
    desk = desk_of(town)
    given = desk.give(order_for(town), "佐藤")
    assert isinstance(await pay(town, "花子", 7, 501), Paid)
    with pytest.raises(GrantRefusal, match="CANCEL_SPENT"):
        desk.cancel("c1", given.grant_id, "誤り", "佐藤")
    town.clock.now = moment(2024, 9, 1)
    with pytest.raises(GrantRefusal, match="CANCEL_EXPIRED"):
        desk.cancel("c2", given.grant_id, "誤り", "佐藤")
    assert town.holdings()["花子", POINTS] == 1199
    assert_whole(town)


async def test_a_payment_and_a_cancel_race_for_a_lot(town: Town) -> None:
    """Both at once, again and again: exactly one of them has the lot."""
    desk = desk_of(town)
    taro = town.users["太郎"].user_id
    for sale in range(20, 30):
        key = f"race-{sale}"
        order = order_for(town, user_id=taro, idempotency_key=key, amount="100")
        given = desk.give(order, "佐藤")
        refused: list[str] = []

        def cancel(key: str = key, grant_id: str = given.grant_id) -> None:
            try:
                desk.cancel(key, grant_id, "誤り", "佐藤")
            except GrantRefusal as why:
                refused.append(why.code)  # noqa: B023 -- joined in the same turn

        thread = threading.Thread(target=cancel)
        thread.start()
        paid = await pay(town, "太郎", sale, 100)
        thread.join()
        assert isinstance(paid, Paid) == (refused == ["CHOBA_GRANT_CANCEL_SPENT"])
        assert town.holdings()["太郎", POINTS] == 0
    assert_whole(town)


def test_the_same_grant_from_two_at_once(town: Town) -> None:
    desk = desk_of(town)
    found: list[tuple[str, bool]] = []

    def give() -> None:
        receipt = desk.give(order_for(town), "佐藤")
        found.append((receipt.grant_id, receipt.repeated))

    threads = [threading.Thread(target=give) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({grant_id for grant_id, _ in found}) == 1
    assert sorted(repeated for _, repeated in found) == [False, True, True, True]
    assert town.count("operator_acts") == 1
    assert_whole(town)


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE grant_transactions SET before_value = before_value + 1",
        "UPDATE grants SET user_id = 'x' WHERE idempotency_key LIKE 'hand/%'",
        "UPDATE lots SET expires_at = expires_at + 1",
        "UPDATE grant_cancels SET act_id = 'x'",
        "UPDATE grant_notes SET note1 = 'x'",
        "DELETE FROM grants WHERE idempotency_key LIKE 'hand/%'",
        "DELETE FROM grant_transactions",
        "DELETE FROM grant_cancels",
    ],
)
def test_the_audit_finds_what_was_changed(sqlite_town: Town, spoil: str) -> None:
    town = with_rules(sqlite_town)
    desk = desk_of(town)
    given = desk.give(order_for(town, notes=("あ", "", "")), "佐藤")
    desk.cancel("c1", given.grant_id, "誤り", "佐藤")
    desk.give(order_for(town, idempotency_key="k2"), "佐藤")
    assert town.database.read_now(verify_grants) == []

    def unguarded(connection: Any) -> None:
        table = spoil.split()[2 if spoil.startswith("DELETE") else 1]
        for what in ("update", "delete"):
            connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_{what}"))
        connection.execute(text(spoil))

    town.database.write_now(unguarded)
    assert town.database.read_now(verify_grants)


def test_deleted_notes_are_no_finding(sqlite_town: Town) -> None:
    town = with_rules(sqlite_town)
    desk_of(town).give(order_for(town, notes=("あ", "い", "")), "佐藤")
    town.database.write_now(lambda c: c.execute(text("DELETE FROM grant_notes")))
    assert town.database.read_now(verify_grants) == []
