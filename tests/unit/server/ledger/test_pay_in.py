"""Money in: booked once, in the trial balance of each instant, and nothing moved when refused."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from sqlalchemy import text

from protos.units import Micros, Yen
from server.clock import HOUR
from server.directory import known_units
from server.ledger import (
    AccountKind,
    PayIn,
    PayInOutcome,
    PayIns,
    PaySource,
    TrialBalanceLine,
    Unit,
    process_clock,
    trial_balance,
)
from server.ledger.account_names import ACCOUNT_NAMES
from server.oversight import acts_between
from server.refusal import Refusal
from tests.support.books import NOON, VOUCHER, Town

CITY = PayIn("city-1", PaySource.CITY, Unit(VOUCHER), Yen(200_000_000), "ﾐﾎﾝｼ ｼﾔｸｼﾖ")


def desk(town: Town) -> PayIns:
    return PayIns(town.database, process_clock(town.clock), known_units)


def pay(town: Town, pay_in: PayIn) -> PayInOutcome:
    return desk(town).record(pay_in, by="係", why="6月分")


def test_city_and_buyers_pay_in_once(town: Town) -> None:
    buyers = PayIn("purchase-1", PaySource.BUYERS, Unit(VOUCHER), Yen(5000), "")
    first, other = pay(town, CITY), pay(town, buyers)
    assert pay(town, CITY) == PayInOutcome(first.pay_in_id, repeated=True)
    assert not other.repeated
    lines = {
        line.kind: line
        for line in town.database.read_now(trial_balance).lines
        if line.unit == Unit(VOUCHER)
    }
    assert (lines[AccountKind.CITY].debit, lines[AccountKind.BUYERS].debit) == (200_000_000, 5000)
    assert lines[AccountKind.FUNDS].credit == 200_005_000
    acts = town.database.read_now(lambda c: list(acts_between(c, NOON, Micros(NOON + HOUR))))
    assert sorted((a.by, a.what, a.why, a.subject) for a in acts) == sorted(
        ("係", "funds.pay_in", "6月分", one.pay_in_id) for one in (first, other)
    )
    town.assert_books_hold()


def test_concurrent_pay_ins_are_each_booked_once(town: Town) -> None:
    """Nobody is locked (the operator has no wallet); the lane alone makes the order."""
    wanted = [
        PayIn(f"k-{n % 8}", PaySource.BUYERS, Unit(VOUCHER), Yen(1000 + n % 8), f"r{n % 8}")
        for n in range(24)
    ]
    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(lambda one: pay(town, one), wanted))
    assert len({o.pay_in_id for o in outcomes}) == 8
    assert sum(not o.repeated for o in outcomes) == 8
    assert town.count("pay_ins") == 8
    town.assert_books_hold()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": Yen(1)}, "CHOBA_FUNDS_KEY_REUSED"),
        ({"source": PaySource.BUYERS}, "CHOBA_FUNDS_KEY_REUSED"),
        ({"reference": "another"}, "CHOBA_FUNDS_KEY_REUSED"),
        ({"unit": Unit("voucher-2042")}, "CHOBA_FUNDS_SERVICE_UNKNOWN"),
        ({"amount": Yen(0)}, "CHOBA_FUNDS_AMOUNT"),
        ({"amount": Yen(-5)}, "CHOBA_FUNDS_AMOUNT"),
        ({"amount": Yen(10**12 + 1)}, "CHOBA_FUNDS_AMOUNT"),
        ({"idempotency_key": "鍵"}, "CHOBA_FUNDS_KEY"),
        ({"reference": "two\nlines"}, "CHOBA_FUNDS_REFERENCE"),
    ],
)
def test_what_is_refused_moves_nothing(
    sqlite_town: Town, changes: dict[str, object], code: str
) -> None:
    pay(sqlite_town, CITY)
    before, accounts = sqlite_town.database.read_now(trial_balance), sqlite_town.count("accounts")
    fields = {name: getattr(CITY, name) for name in CITY.__slots__}
    with pytest.raises(Refusal) as refused:
        pay(sqlite_town, PayIn(**(fields | changes)))
    assert refused.value.code == code
    assert sqlite_town.database.read_now(trial_balance) == before
    assert sqlite_town.count("accounts") == accounts


def test_a_deleted_reference_leaves_the_books_whole(town: Town) -> None:
    first = pay(town, CITY)
    town.database.write_now(lambda c: c.execute(text("DELETE FROM pay_in_references")))
    town.assert_books_hold()
    assert pay(town, CITY) == PayInOutcome(first.pay_in_id, repeated=True)


def test_the_trial_balance_of_any_instant(town: Town) -> None:
    """At each booked instant and just before it, against balances written down on the way."""
    seen: dict[Micros, tuple[TrialBalanceLine, ...]] = {Micros(NOON - HOUR): ()}
    for number in range(1, 6):
        town.clock.forward(60)
        pay(town, PayIn(f"n-{number}", PaySource.CITY, Unit(VOUCHER), Yen(number), ""))
        balance = town.database.read_now(trial_balance)
        seen[Micros(town.clock.now)] = balance.lines
        seen[Micros(town.clock.now + 59_000_000)] = balance.lines
    for at, lines in seen.items():
        balance = town.database.read_now(partial(trial_balance, at=at))
        assert balance.total_debit == balance.total_credit
        assert balance.lines == lines, at
    assert town.database.read_now(lambda c: trial_balance(c, Micros(2**62))) == (
        town.database.read_now(trial_balance)
    )


def test_every_account_has_a_name() -> None:
    assert set(ACCOUNT_NAMES) == set(AccountKind)
