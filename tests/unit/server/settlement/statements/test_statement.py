"""A statement exists only when it adds up."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protos.units import Micros, Yen
from server.clock import DAY, start_of_day
from server.directory import ServiceId, ShopId
from server.refusal import Refusal
from server.settlement.statements import (
    Correction,
    Payout,
    SharedTransfer,
    Statement,
    StatementCode,
    Sums,
)
from tests.support.statements import FIRST, LAST, paid, statement_of


def refused(made: Statement, **changes: object) -> str:
    """What the refusal says differs."""
    with pytest.raises(Refusal) as refusal:
        replace(made, **changes)  # type: ignore[arg-type]
    assert refusal.value.code is StatementCode.DIFFERS
    assert refusal.value.detail["shop"] == made.shop_id
    return refusal.value.detail["what"]


@given(
    uses=st.integers(0, 40),
    back=st.integers(0, 10),
    carried=st.integers(-50_000, 50_000),
    fee=st.integers(0, 1000),
    correction=st.integers(-9999, 9999),
    seed=st.integers(0, 10_000),
)
@settings(max_examples=60, deadline=None)
def test_any_period_adds_up(
    uses: int, back: int, carried: int, fee: int, correction: int, seed: int
) -> None:
    net = statement_of(uses, back, seed=seed).sums.net
    corrections = (Correction(correction, "二重計上", FIRST),)
    payout = paid(net, carried, fee=Yen(fee), corrections=corrections)
    made = statement_of(uses, back, seed=seed, payout=payout)
    days = [day for day, _ in made.days()]
    assert sum(day.amount for day in days) == made.sums.net
    assert sum(day.count for day in days) == made.sums.net_count == uses
    assert len({day.day for day in days}) == len(days)
    expected = net + carried - fee + correction
    assert (made.payout.transferred, made.payout.carried_out) == (
        max(expected, 0),
        min(expected, 0),
    )


def test_a_use_that_is_missing_is_noticed() -> None:
    made = statement_of(10, 2)
    assert refused(made, uses=made.uses[1:]) == "取引の合計と利用"


def test_a_use_of_the_same_amount_too_few_and_one_too_many_are_noticed_by_count() -> None:
    made = statement_of(2, 0, amount=500)
    twice = replace(made.uses[0], amount=Yen(1000))
    assert refused(made, uses=(twice,)) == "取引の件数と利用の件数"


def test_the_same_use_twice_is_noticed() -> None:
    made = statement_of(2, 0, amount=500)
    assert refused(made, uses=(made.uses[0], made.uses[0])) == "取引IDの重なり"


def test_a_cancel_of_another_amount_is_noticed() -> None:
    made = statement_of(5, 1)
    (back,) = made.taken_back
    wrong = replace(back, amount=Yen(back.amount - 1))
    assert refused(made, taken_back=(wrong,)) == "取消の合計と利用キャンセル"


def test_two_cancels_with_swapped_amounts_are_noticed() -> None:
    made = statement_of(5, 2, amount=None, seed=4)
    one, two = made.taken_back
    assert one.amount != two.amount
    swapped = (replace(one, amount=two.amount), replace(two, amount=one.amount))
    assert refused(made, taken_back=swapped) == f"取消 {one.transaction_id} の金額"


@pytest.mark.parametrize("moved", [-1, 7 * 86_400_000_000])
def test_what_lies_outside_the_period_is_noticed(moved: int) -> None:
    made = statement_of(1, 0)
    (use,) = made.uses
    start = made.closes_at - 7 * 86_400_000_000
    outside = replace(use, at=Micros(start + moved))
    assert refused(made, uses=(outside,)) == f"取引 {use.transaction_id} の時刻"
    for inside in (start, made.closes_at - 1):
        replace(made, uses=(replace(use, at=Micros(inside)),))


def test_the_order_is_that_of_time() -> None:
    made = statement_of(8, 0)
    assert refused(made, uses=made.uses[::-1]) == "取引の順番"


def test_the_transfer_is_what_the_calculation_gives() -> None:
    made = statement_of(4, 0)
    one_more = replace(made.payout, transferred=Yen(made.payout.transferred + 1))
    assert refused(made, payout=one_more) == "お振込額の計算"
    negative = Payout(carried_in=-made.sums.net - 1, transferred=Yen(-1))
    assert refused(made, payout=negative) == "お振込額がマイナスでないこと"


def test_a_part_of_a_common_transfer_is_in_it() -> None:
    made = statement_of(4, 0)
    mine = made.payout.transferred
    shared = (SharedTransfer("本店", mine), SharedTransfer("駅前店", 5000))
    ours = replace(made, payout=replace(made.payout, shared=shared))
    assert ours.payout.in_passbook == mine + 5000
    other = replace(made.payout, shared=shared[1:])
    assert refused(made, payout=other) == "まとめて振り込む内訳"


def test_sums_of_the_close_are_believed_over_lines() -> None:
    made = statement_of(4, 1)
    s = made.sums
    more = Sums(s.used, s.used_count, Yen(s.cancelled - 1), s.cancelled_count)
    assert refused(made, sums=more) == "取消の合計と利用キャンセル"


def test_its_date_and_number_are_those_of_the_close() -> None:
    made = statement_of(1, 0)
    assert made.made_on == date(2024, 6, 22)
    assert made.number == "voucher-2024-0003-WHc7BO50w9bP4gQy6irQ"
    others = {
        replace(made, shop_id=ShopId("S-0002")).number,
        replace(made, service_id=ServiceId("points-2024")).number,
        replace(made, close_number=4).number,
        made.number,
    }
    assert len(others) == 4


def test_the_legs_of_other_services_are_summed_by_their_own_close() -> None:
    made = statement_of(30, 0, seed=2)
    (points,) = made.others()
    legs = [leg for use in made.uses for leg in use.others]
    assert points.amount == sum(leg.amount for leg in legs)
    assert made.others_count(points) == len(legs)


def test_only_a_period_without_anything_is_empty() -> None:
    assert statement_of(0, 0).is_empty
    assert not statement_of(1, 0).is_empty
    assert not statement_of(0, 1).is_empty
    assert not statement_of(0, 0, payout=paid(0, -100)).is_empty
    assert not statement_of(
        0, 0, payout=paid(0, corrections=(Correction(-5, "調整", LAST),))
    ).is_empty


def test_a_short_last_period_is_cancelled_until_its_friday() -> None:
    """Reference campaign, no. 14: used on 31 August, closed on 6 September at 24:00."""
    made = statement_of(3, 1)
    friday = start_of_day(date(2024, 6, 28)) + DAY
    (back,) = made.taken_back
    late = replace(back, at=Micros(friday - 1))
    assert refused(made, taken_back=(late,)) == f"取消 {back.transaction_id} の時刻"
    longer = replace(made, closes_at=Micros(friday), taken_back=(late,))
    assert (longer.closing_day, longer.made_on) == (date(2024, 6, 28), date(2024, 6, 29))
