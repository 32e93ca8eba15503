"""オフライン確認: true from false without the network."""

from pathlib import Path

import pytest

from device.core import effects as ef
from device.core import events as ev
from device.core import intents as tap
from device.core.intents import CheckField
from device.core.outgoing import EventKind
from device.core.payment import Via
from device.core.sale_data import SalePhase
from device.core.state import LinkState
from device.ui import views
from protos.units import Micros, SaleNumber
from tests.support.counter import Bench, code_for, payment


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path).start(LinkState.DOWN)


def check(bench: Bench, amount: int, code: str) -> views.View:
    bench.tap(tap.OpenCodeCheck())
    enter(bench, amount, code)
    return bench.view


def enter(bench: Bench, amount: int, code: str) -> None:
    bench.key_in(str(amount))
    bench.tap(tap.ChooseField(CheckField.CODE))
    bench.key_in(code)
    bench.tap(tap.SubmitCheck())


def wrong(bench: Bench, amount: int = 1_200) -> str:
    """A code that no open sale has."""
    taken = {code_for(sale.number, amount) for sale in bench.state.sales}
    return next(f"{number:06d}" for number in range(1_000) if f"{number:06d}" not in taken)


def miss(bench: Bench, times: int) -> views.View:
    bench.tap(tap.OpenCodeCheck())
    for number in range(times):
        if number:
            bench.tap(tap.TryAgain())
            bench.key_in(wrong(bench))
            bench.tap(tap.SubmitCheck())
        else:
            enter(bench, 1_200, wrong(bench))
    return bench.view


def test_a_genuine_code_of_an_earlier_number_is_true(bench: Bench) -> None:
    sale = bench.front.number
    bench.wait(95)
    bench.clear()
    view = check(bench, 1_200, code_for(sale, 1_200))
    assert isinstance(view, views.CodeTrueView)
    assert (view.amount, view.sale_time) == (1_200, "14:00")
    assert [sound.sound for sound in bench.asked(ef.PlaySound)][-1] is ef.Sound.CODE_TRUE
    (accepted,) = [e for e in bench.state.outbox.pending if e.kind is EventKind.CODE_ACCEPTED]
    assert accepted.sale == sale
    bench.tap(tap.NextCustomer())
    bench.see(views.StandbyView)


@pytest.mark.parametrize("asked", [1_201, 12_000, 200])
def test_a_genuine_code_for_another_amount_is_false(bench: Bench, asked: int) -> None:
    sale = bench.front.number
    view = check(bench, asked, code_for(sale, 1_200))
    assert isinstance(view, views.CodeFalseView)
    assert (view.mismatch, view.tries_left) == (views.Mismatch.NO_MATCH, 4)


def test_a_fixed_amount_can_only_be_paid_as_it_is(bench: Bench) -> None:
    sale = bench.fixed_amount(1_200).number
    view = check(bench, 1_300, code_for(sale, 1_300))
    assert isinstance(view, views.CodeFalseView)


def test_a_code_works_once(bench: Bench) -> None:
    sale = bench.front.number
    check(bench, 1_200, code_for(sale, 1_200))
    bench.tap(tap.NextCustomer())
    view = check(bench, 1_200, code_for(sale, 1_200))
    assert isinstance(view, views.CodeFalseView)
    assert (view.mismatch, view.tries_left) == (views.Mismatch.ALREADY_USED, 5)
    bench.boot()
    view = check(bench, 1_200, code_for(sale, 1_200))
    assert isinstance(view, views.CodeFalseView)
    assert view.mismatch is views.Mismatch.ALREADY_USED


def test_the_code_of_a_payment_that_was_told_is_used_up(bench: Bench) -> None:
    sale = bench.front.number
    bench.online()
    bench.pay(sale, 1_200)
    bench.tap(tap.NextCustomer())
    bench.offline()
    view = check(bench, 1_200, code_for(sale, 1_200))
    assert isinstance(view, views.CodeFalseView)
    assert view.mismatch is views.Mismatch.ALREADY_USED


def test_a_number_older_than_ten_minutes_is_no_candidate(bench: Bench) -> None:
    sale = bench.front.number
    bench.wait(661, step_ms=1_000)
    view = check(bench, 1_200, code_for(sale, 1_200))
    assert isinstance(view, views.CodeFalseView)


def test_five_misses_lock_for_1_then_5_then_15_minutes(bench: Bench) -> None:
    for seconds in (60, 300, 900, 900):
        view = miss(bench, 5)
        assert isinstance(view, views.LockedView)
        assert view.unlocks.total_ms == seconds * 1_000
        bench.wait(seconds - 1, step_ms=1_000)
        bench.tap(tap.OpenCodeCheck())
        bench.see(views.LockedView)
        bench.wait(2, step_ms=1_000)
        bench.tap(tap.StopCheck())


def test_a_lock_survives_a_restart_and_locks_no_sale(bench: Bench) -> None:
    miss(bench, 5)
    bench.boot()
    bench.see(views.StandbyView)
    bench.tap(tap.OpenCodeCheck())
    bench.see(views.LockedView)
    bench.tap(tap.Digit("1"), tap.SubmitCheck(), tap.StopCheck())
    bench.see(views.StandbyView)


def test_misses_survive_a_restart(bench: Bench) -> None:
    miss(bench, 3)
    bench.boot()
    bench.tap(tap.OpenCodeCheck())
    view = bench.view
    assert isinstance(view, views.OfflineEntryView)
    assert view.tries_left == 2


def test_a_clock_set_back_makes_no_lock_longer(bench: Bench) -> None:
    miss(bench, 5)
    bench.wall = Micros(bench.wall - 86_400_000_000)
    bench.tap(tap.OpenCodeCheck())
    view = bench.view
    assert isinstance(view, views.LockedView)
    assert view.unlocks.remaining_ms == 60_000


def test_from_a_doubt_the_check_has_the_sales_amount(bench: Bench) -> None:
    bench.online()
    sale = bench.fixed_amount(1_200)
    bench.claim(sale.number, 1_200)
    bench.wait(92)
    bench.offline()
    bench.tap(tap.OpenCodeCheck())
    view = bench.view
    assert isinstance(view, views.OfflineEntryView)
    assert (view.amount, view.amount_fixed, view.focus) == (1_200, True, CheckField.CODE)
    bench.tap(tap.ChooseField(CheckField.AMOUNT))
    bench.key_in(code_for(sale.number, 1_200))
    bench.tap(tap.SubmitCheck())
    bench.see(views.CodeTrueView)
    bench.tap(tap.NextCustomer())
    bench.see(views.StandbyView)


def test_stopping_goes_back_to_the_doubt_it_came_from(bench: Bench) -> None:
    bench.online()
    sale = bench.front.number
    bench.claim(sale, 1_200)
    bench.wait(92)
    bench.tap(tap.OpenCodeCheck(), tap.StopCheck())
    bench.see(views.CheckingView)


def test_an_accepted_sale_is_never_made_void_and_its_payment_is_not_told_again(
    bench: Bench,
) -> None:
    sale = bench.front.number
    check(bench, 1_200, code_for(sale, 1_200))
    bench.tap(tap.NextCustomer())
    bench.clear()
    bench.online()
    asks = [ask for ask in bench.asked(ef.AskResolve) if ask.sale == sale]
    assert [ask.mode for ask in asks] == [ef.ResolveMode.ASK]
    paid = payment(sale, 1_200, 1, bench.wall)
    bench.send(ev.PaymentArrived(paid, Via.PULLED))
    assert bench.asked(ef.PlaySound) == []
    assert bench.asked(ef.SpeakPayment) == []
    view = bench.view
    assert isinstance(view, views.StandbyView)
    assert isinstance(view.panel, views.DatesPanel)
    assert view.today.count == 1
    assert len(bench.asked(ef.PrintSlip)) == 1


def test_a_genuine_code_whose_sale_is_void_is_an_alarm(bench: Bench) -> None:
    sale = bench.front.number
    check(bench, 1_200, code_for(sale, 1_200))
    bench.tap(tap.NextCustomer())
    bench.online()
    bench.send(ev.Resolved(sale, ef.ResolveMode.ASK, ev.Outcome.VOID))
    (disputed,) = [each for each in bench.state.sales if each.number == sale]
    assert disputed.phase is SalePhase.DISPUTED
    assert "CHOBA_COUNTER_CODE_DISPUTED" in bench.state.alarms
    bench.tap(tap.OpenToday())
    today = bench.view
    assert isinstance(today, views.TodayView)
    assert today.rows[0].state is views.RowState.CHECKING


def test_after_a_restart_the_number_shown_before_can_still_be_checked(bench: Bench) -> None:
    bench.online()
    bench.wait(1_200, step_ms=1_000)  # the same number for 20 minutes
    bench.offline()
    sale = bench.front.number
    bench.boot()
    view = check(bench, 1_200, code_for(sale, 1_200))
    assert isinstance(view, views.CodeTrueView)


def test_at_most_twenty_candidates(bench: Bench) -> None:
    first = bench.front.number
    for _ in range(25):
        bench.tap(tap.OpenMenu(), tap.Back())
    view = check(bench, 1_200, code_for(first, 1_200))
    assert isinstance(view, views.CodeFalseView)
    assert SaleNumber(first) not in [sale.number for sale in bench.state.sales]
