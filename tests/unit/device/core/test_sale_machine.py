"""The table of one sale: every pair is listed, ignored for a reason, or raises."""

import pytest

from device.core.sale_data import FINAL_PHASES, SalePhase
from device.core.sale_machine import IGNORED, TABLE, SaleInput, UnexpectedInputError, next_phase

P, I = SalePhase, SaleInput  # noqa: E741

# the design's sentences, row by row, written without looking at the table
ROWS = [
    (P.SHOWING, I.CLAIM, P.CLAIMED),
    (P.CLAIMED, I.RELEASE, P.SHOWING),
    (P.CLAIMED, I.CLAIM, P.CLAIMED),
    (P.CLAIMED, I.CLAIM_EXPIRED, P.RESOLVING),
    (P.SHOWING, I.DEADLINE, P.RESOLVING),
    (P.SHOWING, I.CANCEL, P.CANCELLING),
    (P.CLAIMED, I.CANCEL, P.CANCELLING),
    (P.CANCELLING, I.PAY, P.PAID),
    (P.CANCELLING, I.VOIDED_FOR_STAFF, P.CANCELLED),
    (P.CANCELLING, I.NO_ANSWER, P.RESOLVING),
    (P.RESOLVING, I.PAY, P.PAID),
    (P.RESOLVING, I.VOIDED, P.EXPIRED),
    (P.RESOLVING, I.VOIDED_FOR_STAFF, P.CANCELLED),
    (P.RESOLVING, I.NO_ANSWER, P.RESOLVING),
    (P.RESOLVING, I.LATER, P.UNRESOLVED),
    (P.RESOLVING, I.GIVE_UP, P.UNRESOLVED),
    (P.UNRESOLVED, I.PAY, P.PAID),
    (P.UNRESOLVED, I.VOIDED, P.EXPIRED),
    (P.SHOWING, I.LAPSE, P.LAPSED),
    (P.LAPSED, I.PAY, P.PAID),
    (P.SHOWING, I.RETIRE, P.RESOLVING),
    (P.LAPSED, I.ACCEPT, P.ACCEPTED),
    (P.RESOLVING, I.ACCEPT, P.ACCEPTED),
    (P.ACCEPTED, I.PAY, P.PAID),
    (P.ACCEPTED, I.VOIDED, P.DISPUTED),
    (P.DISPUTED, I.PAY, P.PAID),
]


@pytest.mark.parametrize(("phase", "sale_input", "then"), ROWS)
def test_a_row_of_the_design(phase: SalePhase, sale_input: SaleInput, then: SalePhase) -> None:
    assert next_phase(phase, sale_input) is then


def test_each_pair_is_a_row_or_ignored_or_raises() -> None:
    raised = 0
    for phase in SalePhase:
        for sale_input in SaleInput:
            pair = (phase, sale_input)
            assert not (pair in TABLE and pair in IGNORED), pair
            if pair in TABLE:
                assert next_phase(*pair) is TABLE[pair]
            elif pair in IGNORED:
                assert next_phase(*pair) is None
            else:
                with pytest.raises(UnexpectedInputError, match="CHOBA_COUNTER_UNEXPECTED_INPUT"):
                    next_phase(*pair)
                raised += 1
    assert raised > 0


def test_a_payment_of_the_ledger_ends_every_open_sale_as_paid() -> None:
    for phase in set(SalePhase) - FINAL_PHASES:
        assert next_phase(phase, I.PAY) is P.PAID


def test_a_void_row_never_follows_a_genuine_code() -> None:
    assert next_phase(P.ACCEPTED, I.VOIDED) not in FINAL_PHASES
    assert next_phase(P.ACCEPTED, I.VOIDED_FOR_STAFF) not in FINAL_PHASES


def test_every_open_sale_is_asked_for_after_a_boot() -> None:
    asked = {P.SHOWING, P.CLAIMED, P.CANCELLING, P.RESOLVING, P.UNRESOLVED, P.LAPSED}
    for phase in asked:
        assert next_phase(phase, I.RESTART) is P.RESOLVING
    assert next_phase(P.ACCEPTED, I.RESTART) is P.ACCEPTED


def test_only_a_void_row_ends_a_sale_without_money() -> None:
    without_money = {P.EXPIRED, P.CANCELLED}
    for (_, sale_input), then in TABLE.items():
        if then in without_money:
            assert sale_input in (I.VOIDED, I.VOIDED_FOR_STAFF)
