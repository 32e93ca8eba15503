"""What is paid to whom: pure."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protos.units import Yen
from server.directory import MerchantId, ShopId
from server.ledger import AccountId
from server.settlement.bankfile import BankFileCode
from server.settlement.payouts import (
    FeeBearer,
    HoldCode,
    Item,
    ItemKind,
    Outcome,
    Payee,
    PayoutCode,
)
from server.settlement.payouts.rules import NEXT, Planned, Standing, plan
from server.settlement.payouts.types import STATE_AFTER, BulkEvent, BulkState, same_person
from tests.support.payouts import settings_for

SHOPS = [ShopId(f"S-{n}") for n in range(1, 5)]
CHAIN = Payee.merchant(MerchantId("M-1"))
APART = {shop: Payee.shop(shop) for shop in SHOPS}
TOGETHER = dict.fromkeys(SHOPS, CHAIN)
FINE = Standing("details", None)


def item(shop: int, amount: int, kind: ItemKind = ItemKind.CLOSE, source: str = "c1") -> Item:
    return Item(kind, source, SHOPS[shop - 1], AccountId(shop), amount)


def planned(*items: Item, together: bool = False, hold: Any = None, **terms: Any) -> Any:
    payees = TOGETHER if together else APART
    standing = {payee: Standing("details", hold) for payee in payees.values()}
    return plan(items, payees, standing, settings_for(**terms))


def one(*items: Item, **changes: Any) -> Planned:
    (found,) = planned(*items, **changes)
    assert isinstance(found, Planned)
    return found


@pytest.mark.parametrize(
    ("amounts", "terms", "outcome", "amount", "fee", "carried"),
    [
        ((1200,), {}, Outcome.TRANSFER, 1200, 0, 0),
        ((1200, -200), {}, Outcome.TRANSFER, 1000, 0, 0),
        ((1200, -1200), {}, Outcome.NOTHING, 0, 0, 0),
        ((1200, -1300), {}, Outcome.NEGATIVE, 0, 0, -100),
        ((99,), {"minimum": 100}, Outcome.MINIMUM, 0, 0, 99),
        ((100,), {"minimum": 100}, Outcome.TRANSFER, 100, 0, 0),
        ((300,), {"fee": 300}, Outcome.MINIMUM, 0, 0, 300),
        ((301,), {"fee": 300}, Outcome.TRANSFER, 1, 300, 0),
        ((399,), {"fee": 300, "minimum": 100}, Outcome.MINIMUM, 0, 0, 399),
        ((400,), {"fee": 300, "minimum": 100}, Outcome.TRANSFER, 100, 300, 0),
        ((1200,), {"hold": HoldCode.NO_DETAILS}, Outcome.HELD, 0, 0, 1200),
        ((-1,), {"hold": HoldCode.NO_DETAILS}, Outcome.NEGATIVE, 0, 0, -1),
    ],
)
def test_outcomes(
    amounts: tuple[int, ...],
    terms: dict[str, Any],
    outcome: Outcome,
    amount: int,
    fee: int,
    carried: int,
) -> None:
    found = one(*(item(1, amount) for amount in amounts), **terms)
    assert (found.outcome, found.amount, found.fee, found.carried) == (
        outcome,
        amount,
        fee,
        carried,
    )
    assert found.operator_fee == 0
    assert bool(found.details_id) == (outcome is Outcome.TRANSFER)


def test_a_fee_that_the_operator_bears_takes_nothing_from_the_shop() -> None:
    found = one(item(1, 1), fee=Yen(300), fee_bearer=FeeBearer.OPERATOR)
    assert (found.amount, found.fee, found.operator_fee) == (1, 0, 300)


def test_shares_of_a_merchant() -> None:
    found = one(item(1, 500), item(2, -200), item(3, 900), together=True, fee=Yen(1000))
    assert (found.amount, found.fee) == (200, 1000)
    assert [(s.fee, s.amount) for s in found.shares] == [(100, 400), (0, -200), (900, 0)]
    even = one(item(1, 500), item(2, -500), together=True)
    assert even.outcome is Outcome.NOTHING
    assert [s.amount for s in even.shares] == [500, -500]
    assert even.carried == 0
    owing = one(item(1, 500), item(2, -600), together=True)
    assert [(s.amount, s.carried_out) for s in owing.shares] == [(0, 500), (0, -600)]


def test_transfers_come_first_and_nobody_is_left_out() -> None:
    found = planned(item(2, -5), item(1, 7), item(3, 9))
    assert [one.payee.payee_id for one in found] == ["S-1", "S-3", "S-2"]


KINDS = st.sampled_from(ItemKind)
ITEMS = st.lists(
    st.builds(item, st.integers(1, 4), st.integers(-2000, 2000), KINDS, st.sampled_from("abc")),
    max_size=12,
)


@given(
    ITEMS,
    st.booleans(),
    st.integers(1, 500),
    st.integers(0, 500),
    st.sampled_from(FeeBearer),
    st.sampled_from([None, HoldCode.RETURNED]),
)
def test_nothing_is_lost_and_no_transfer_is_negative(
    items: list[Item],
    together: bool,
    minimum: int,
    fee: int,
    bearer: FeeBearer,
    hold: HoldCode | None,
) -> None:
    found = planned(
        *items, together=together, hold=hold, minimum=Yen(minimum), fee=Yen(fee), fee_bearer=bearer
    )
    assert sum(len(one.items) for one in found) == len(items)
    for one in found:
        assert one.amount >= 0
        assert one.fee >= 0
        assert one.gross == one.fee + one.amount + one.carried
        assert (one.outcome is Outcome.TRANSFER) == (one.amount > 0)
        assert one.amount == sum(share.amount for share in one.shares)
        assert one.fee == sum(share.fee for share in one.shares)
        if one.outcome is Outcome.TRANSFER:
            assert one.amount >= minimum
            assert hold is None
        for share in one.shares:
            assert share.gross == share.fee + share.amount + share.carried_out
            assert share.fee >= 0


def test_states_and_events() -> None:
    assert set(NEXT) == set(BulkState)
    assert set(STATE_AFTER) == set(BulkEvent)
    reached = {STATE_AFTER[event] for events in NEXT.values() for event in events}
    assert reached == set(BulkState) - {BulkState.DRAFT}
    for state in (BulkState.SENT, BulkState.SETTLED, BulkState.PARTLY_RETURNED):
        assert BulkEvent.DISCARDED not in NEXT[state]


def test_who_is_the_same_person() -> None:
    assert same_person("花子", "花子 ")
    assert same_person("Ｈanako　A", "hanako a")
    assert not same_person("花子", "次郎")


def test_every_refusal_stands_in_the_operators_guide() -> None:
    guide = (Path(__file__).parents[5] / "docs/payouts.md").read_text("utf-8")
    for code in (*PayoutCode, *HoldCode):
        short = code.removeprefix("CHOBA_PAYOUT")
        assert f"`{code}`" in guide or f"`{short}`" in guide, code
    for name in ("PAY_DAY", "AMOUNT", "BANK_UNKNOWN", "NAME_CHARACTER", "NAME_TOO_LONG", "SUM"):
        assert f"`{BankFileCode[name]}`" in guide or f"`_{name}`" in guide, name
