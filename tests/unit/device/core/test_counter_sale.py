"""One sale at the counter, as staff see it."""

from pathlib import Path

import pytest

from device.core import effects as ef
from device.core import events as ev
from device.core import intents as tap
from device.core.page_data import Page
from device.core.payment import Via
from device.core.sale_data import Doubt, SalePhase
from device.core.state import Clock, LinkState, Received
from device.ui import views
from protos.qr_token import parse, token_text_of
from protos.units import Micros, SaleNumber, Sequence
from tests.support.counter import KEYS, NOON, Bench, payment


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path).start()


def token(bench: Bench) -> tuple[int, int, int]:
    """Sale, amount and minute of the QR on the screen, after its MAC was checked."""
    view = bench.view
    assert isinstance(view, views.StandbyView | views.QrFixedView)
    sealed = parse(token_text_of(view.qr.text))
    assert sealed.is_genuine(KEYS.qr)
    return sealed.token.sale, sealed.token.amount, sealed.token.minted_at


def test_standby_shows_a_token_of_a_number_that_is_in_the_journal(bench: Bench) -> None:
    sale, amount, minted = token(bench)
    assert (sale, amount, minted) == (bench.front.number, 0, NOON // 1_000_000)
    assert bench.journal.load().last_sale == sale


def test_the_number_is_durable_before_the_qr_is_drawn(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.send(ev.ServerLinkChanged(LinkState.UP))
    from device.core.counter import transition
    from tests.support.counter import CONFIGURATION

    _, effects = transition(bench.state, ev.ConfigurationArrived(CONFIGURATION))
    assert isinstance(effects[0], ef.WriteJournal)
    assert isinstance(effects[1], ef.Show)


def test_online_the_token_changes_each_30_s_and_the_number_stays(bench: Bench) -> None:
    first = token(bench)
    bench.wait(29)
    assert token(bench) == first
    bench.wait(1.5)
    second = token(bench)
    assert second[0] == first[0]
    assert second[2] == first[2] + 30


def test_offline_each_rotation_takes_a_new_number_and_the_old_ones_stay_open(bench: Bench) -> None:
    first = bench.front.number
    bench.offline()
    bench.wait(91)
    numbers = [sale.number for sale in bench.state.sales]
    assert numbers[0] == first
    assert len(numbers) == 4
    assert [sale.phase for sale in bench.state.sales[:-1]] == [SalePhase.LAPSED] * 3
    assert bench.front.phase is SalePhase.SHOWING


def test_offline_a_tap_that_brings_up_the_qr_takes_a_new_number(bench: Bench) -> None:
    bench.offline()
    before = bench.front.number
    bench.tap(tap.OpenToday(), tap.Back())
    assert bench.front.number > before
    again = bench.front.number
    bench.tap(tap.ToggleLanguage())
    assert bench.front.number == again


def test_lapsed_numbers_are_forgotten_after_ten_minutes(bench: Bench) -> None:
    bench.offline()
    bench.wait(1_500, step_ms=1_000)
    lapsed = [sale for sale in bench.state.sales if sale.phase is SalePhase.LAPSED]
    assert 18 <= len(lapsed) <= 20
    horizon = bench.wall - 601 * 1_000_000
    assert all(sale.minted_at >= horizon for sale in lapsed)


def test_staff_fix_the_amount_and_always_get_a_new_number(bench: Bench) -> None:
    before = bench.front.number
    sale = bench.fixed_amount(1_200)
    assert sale.number > before
    assert token(bench)[:2] == (sale.number, 1_200)
    view = bench.view
    assert isinstance(view, views.QrFixedView)
    assert view.closes.remaining_ms == 120_000
    # the number shown before is made void behind it, so that no earlier token can pay another sum
    assert [(ask.sale, ask.mode) for ask in bench.asked(ef.AskResolve)] == [
        (before, ef.ResolveMode.VOID)
    ]


@pytest.mark.parametrize("digits", ["", "0", "50001"])
def test_an_amount_out_of_range_shows_no_qr(bench: Bench, digits: str) -> None:
    bench.tap(tap.OpenAmount())
    bench.key_in(digits)
    bench.tap(tap.ShowQr())
    bench.see(views.AmountView)


def test_keypad_stops_at_seven_digits_and_deletes(bench: Bench) -> None:
    bench.tap(tap.OpenAmount())
    bench.key_in("99999999")
    assert bench.state.navigation.amount == 9_999_999
    bench.tap(tap.Digit("00"))
    assert bench.state.navigation.amount == 9_999_999
    bench.tap(tap.Backspace())
    assert bench.state.navigation.amount == 999_999
    bench.tap(tap.ClearEntry())
    assert bench.state.navigation.amount == 0


def test_a_claim_takes_the_qr_away_in_the_same_step_and_shows_the_amount(bench: Bench) -> None:
    sale = bench.front.number
    bench.clear()
    bench.claim(sale, 0, revision=1)
    view = bench.view
    assert isinstance(view, views.ClaimedView)
    assert (view.amount, view.source) == (None, views.AmountSource.CUSTOMER)
    assert [sound.sound for sound in bench.asked(ef.PlaySound)] == [ef.Sound.CLAIMED]
    bench.claim(sale, 1_200, revision=2)
    bench.wait(12)
    view = bench.view
    assert isinstance(view, views.ClaimedView)
    assert (view.amount, view.elapsed_s) == (1_200, 12)
    assert len(bench.asked(ef.PlaySound)) == 1


def test_an_older_claim_message_changes_nothing(bench: Bench) -> None:
    sale = bench.front.number
    bench.claim(sale, 1_200, revision=5)
    bench.claim(sale, 300, revision=4)
    bench.release(sale, revision=5)
    view = bench.view
    assert isinstance(view, views.ClaimedView)
    assert view.amount == 1_200


def test_a_released_sale_shows_its_qr_again_with_a_fresh_token(bench: Bench) -> None:
    sale = bench.front.number
    bench.claim(sale, 1_200)
    bench.wait(10)
    bench.release(sale, revision=2)
    assert token(bench) == (sale, 0, (NOON // 1_000_000) + 10)


def test_a_claim_that_runs_out_is_in_doubt_and_a_void_row_ends_it(bench: Bench) -> None:
    sale = bench.front.number
    bench.claim(sale, 1_200)
    bench.clear()
    bench.wait(90)
    bench.see(views.ClaimedView)
    bench.wait(1.5)
    view = bench.view
    assert isinstance(view, views.CheckingView)
    assert (view.doubt, view.amount, view.attempt) == (views.Doubt.EXPIRED, 1_200, 1)
    assert [sound.sound for sound in bench.asked(ef.PlaySound)] == [ef.Sound.CHECKING]
    bench.answer(ev.Outcome.VOID)
    standby = bench.view
    assert isinstance(standby, views.StandbyView)
    assert isinstance(standby.panel, views.DatesPanel)
    assert standby.panel.line is not None
    assert standby.panel.line.kind is views.LineKind.OUTCOME
    assert bench.front.number > sale


def test_a_claim_never_lasts_longer_than_90_s(bench: Bench) -> None:
    bench.claim(bench.front.number, 1_200, seconds=3_600)
    bench.wait(92)
    bench.see(views.CheckingView)


def test_the_deadline_of_a_fixed_amount_asks_the_ledger(bench: Bench) -> None:
    bench.fixed_amount(1_200)
    bench.answer(ev.Outcome.VOID)  # the number before it
    bench.wait(120)
    view = bench.view
    assert isinstance(view, views.CheckingView)
    assert (view.doubt, view.amount) == (views.Doubt.EXPIRED, 1_200)


def test_offline_the_deadline_just_goes_back_to_standby(bench: Bench) -> None:
    sale = bench.fixed_amount(1_200)
    bench.offline()
    bench.wait(121)
    bench.see(views.StandbyView)
    assert any(each.number == sale.number for each in bench.state.sales)


def test_questions_come_at_1_2_4_8_seconds_and_end_after_60(bench: Bench) -> None:
    sale = bench.front.number
    bench.claim(sale, 1_200)
    bench.tap(tap.CancelSale())
    times = []
    started = bench.mono
    seen = 0
    for _ in range(300):
        asks = bench.asked(ef.AskResolve)
        if len(asks) > seen:
            seen = len(asks)
            times.append((bench.mono - started) / 1_000)
            bench.no_answer()
        bench.wait(0.25)
        if bench.state.current != sale:
            break
    assert times == [0, 1, 3, 7, 15, 31]
    bench.see(views.StandbyView)
    (unresolved,) = [each for each in bench.state.sales if each.number == sale]
    assert unresolved.phase is SalePhase.UNRESOLVED
    bench.tap(tap.OpenToday())
    today = bench.view
    assert isinstance(today, views.TodayView)
    assert [row.state for row in today.rows] == [views.RowState.CHECKING]
    assert today.today.count == 0


def test_a_question_without_any_answer_is_asked_again(bench: Bench) -> None:
    bench.claim(bench.front.number, 1_200)
    bench.tap(tap.CancelSale())
    bench.wait(9)
    assert [ask.attempt for ask in bench.asked(ef.AskResolve)] == [1, 2]


def test_staff_cancel_a_claimed_sale(bench: Bench) -> None:
    sale = bench.front.number
    bench.claim(sale, 1_200)
    bench.clear()
    bench.tap(tap.CancelSale())
    view = bench.view
    assert isinstance(view, views.CheckingView)
    assert view.doubt is views.Doubt.CANCELLING
    (ask,) = bench.asked(ef.AskResolve)
    assert (ask.sale, ask.mode) == (sale, ef.ResolveMode.VOID)
    bench.answer(ev.Outcome.VOID)
    bench.see(views.StandbyView)
    assert bench.front.number > sale


def test_a_payment_that_won_the_race_against_cancel_wins(bench: Bench) -> None:
    sale = bench.front.number
    bench.claim(sale, 1_200)
    bench.tap(tap.CancelSale())
    bench.sequence += 1
    bench.answer(ev.Outcome.PAID, payment(sale, 1_200, bench.sequence, bench.wall))
    view = bench.view
    assert isinstance(view, views.PaidView)
    assert view.amount == 1_200


def test_starting_over_voids_the_number_and_shows_the_next_with_the_same_amount(
    bench: Bench,
) -> None:
    sale = bench.fixed_amount(1_200)
    bench.claim(sale.number, 1_200)
    bench.tap(tap.StartOver())
    bench.answer(ev.Outcome.VOID)
    assert bench.front.number > sale.number
    assert token(bench)[1] == 1_200


def test_editing_the_amount_makes_the_number_void(bench: Bench) -> None:
    sale = bench.fixed_amount(1_200)
    bench.clear()
    bench.tap(tap.EditAmount())
    view = bench.view
    assert isinstance(view, views.AmountView)
    assert view.amount == 1_200
    assert sale.number in [ask.sale for ask in bench.asked(ef.AskResolve)]
    bench.tap(tap.Back())
    bench.see(views.StandbyView)
    assert bench.front.number > sale.number


def test_later_puts_the_sale_behind_the_qr_and_goes_on_asking(bench: Bench) -> None:
    sale = bench.front.number
    bench.claim(sale, 1_200)
    bench.tap(tap.CancelSale())
    bench.tap(tap.CheckLater())
    standby = bench.view
    assert isinstance(standby, views.StandbyView)
    assert isinstance(standby.panel, views.DatesPanel)
    assert standby.panel.line is not None
    assert standby.panel.line.kind is views.LineKind.UNRESOLVED
    bench.no_answer()
    bench.wait(62)
    assert bench.asked(ef.AskResolve)[-1].sale == sale
    bench.answer(ev.Outcome.VOID)
    assert not any(each.number == sale for each in bench.state.sales)


def test_a_tap_that_lost_its_race_does_nothing(bench: Bench) -> None:
    bench.pay(bench.front.number, 500)
    shown = bench.view
    bench.tap(tap.CancelSale(), tap.StartOver(), tap.EditAmount(), tap.CheckLater(), tap.ShowQr())
    assert bench.view == shown


def test_a_sale_number_the_server_knew_is_jumped_over(bench: Bench) -> None:
    beyond = SaleNumber(bench.front.number + 500)
    bench.send(ev.Connected(beyond, Sequence(0)))
    assert bench.front.number > beyond
    assert bench.journal.load().last_sale == bench.front.number


def test_numbers_rise_even_when_many_are_taken_in_one_second(bench: Bench) -> None:
    bench.offline()
    numbers = []
    for _ in range(5):
        bench.tap(tap.OpenMenu(), tap.Back())
        numbers.append(bench.front.number)
    assert numbers == sorted(set(numbers))


def test_without_a_plausible_clock_there_is_no_qr_and_the_reason_is_said(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.clock = Clock.IMPLAUSIBLE
    bench.start(LinkState.DOWN)
    view = bench.view
    assert isinstance(view, views.OutOfServiceView)
    assert view.code == "E-21"
    assert "時計" in view.reason.ja
    assert bench.state.last_sale == 0
    bench.clock = Clock.PLAUSIBLE
    bench.wait(0.25)
    bench.see(views.StandbyView)


def test_without_enrolment_or_configuration_the_reason_is_said(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    view = bench.view
    assert isinstance(view, views.OutOfServiceView)
    assert view.code == "E-12"
    bench.boot(identity=None)
    view = bench.view
    assert isinstance(view, views.OutOfServiceView)
    assert view.code == "E-11"


def test_a_refused_terminal_stops_and_lets_its_number_lapse(bench: Bench) -> None:
    bench.send(ev.ServerLinkChanged(LinkState.REFUSED))
    view = bench.view
    assert isinstance(view, views.OutOfServiceView)
    assert view.code == "E-31"
    assert bench.state.qr is None


def test_a_bad_configuration_is_refused_and_the_last_good_one_stays(bench: Bench) -> None:
    from dataclasses import replace

    good = bench.state.configuration
    assert good is not None
    bench.clear()
    bench.send(ev.ConfigurationArrived(replace(good, version="8", wallet_host="")))
    assert bench.state.configuration == good
    (complaint,) = bench.asked(ef.Complain)
    assert complaint.code == "CHOBA_CONFIGURATION_INVALID"
    assert "wallet_host" in complaint.detail
    bench.boot()
    assert bench.state.configuration == good


def test_after_a_power_cut_a_claimed_sale_is_in_doubt_in_front(bench: Bench) -> None:
    sale = bench.fixed_amount(1_200)
    bench.claim(sale.number, 1_200)
    bench.boot()
    view = bench.view
    assert isinstance(view, views.CheckingView)
    assert (view.doubt, view.amount) == (views.Doubt.RESTARTED, 1_200)
    asked = {ask.sale for ask in bench.asked(ef.AskResolve)}
    assert sale.number in asked


def test_after_a_power_cut_a_shown_sale_is_asked_for_behind_a_new_qr(bench: Bench) -> None:
    sale = bench.front.number
    bench.boot()
    bench.see(views.StandbyView)
    assert bench.front.number > sale
    (old,) = [each for each in bench.state.sales if each.number == sale]
    assert (old.phase, old.doubt) == (SalePhase.RESOLVING, Doubt.RESTARTED)
    bench.online()
    assert [ask.sale for ask in bench.asked(ef.AskResolve)] == [sale]


def test_a_page_nobody_touches_gives_way_to_the_qr_and_english_to_japanese(bench: Bench) -> None:
    bench.tap(tap.ToggleLanguage(), tap.OpenMenu())
    bench.wait(61)
    assert bench.state.navigation.language.value == "ja"
    bench.see(views.MenuView)
    bench.wait(60)
    bench.see(views.StandbyView)


def test_pulls_fill_a_gap_and_come_faster_without_a_broker(bench: Bench) -> None:
    bench.clear()
    bench.send(ev.PullFinished(Sequence(0)))
    bench.wait(20)
    assert bench.asked(ef.PullPayments) == []
    bench.send(ev.BrokerLinkChanged(LinkState.DOWN))
    bench.wait(11)
    bench.send(ev.PullFinished(Sequence(0)))
    bench.clear()
    bench.wait(2.5)
    assert len(bench.asked(ef.PullPayments)) == 1
    bench.send(ev.PullFinished(Sequence(0)))
    bench.clear()
    third = payment(SaleNumber(1), 700, 3, Micros(bench.wall - 60_000_000))
    bench.send(ev.PaymentArrived(third, Via.ANNOUNCED))
    assert [pull.after for pull in bench.asked(ef.PullPayments)] == [0]


def test_what_a_restored_ledger_has_lost_is_waited_for_no_longer(bench: Bench) -> None:
    soon = Micros(bench.wall - 60_000_000)
    for sequence in (1, 2, 1003):
        arrived = payment(SaleNumber(sequence), 700, sequence, soon)
        bench.send(ev.PaymentArrived(arrived, Via.ANNOUNCED))
    assert bench.state.received == Received(Sequence(2), frozenset({Sequence(1003)}))
    bench.clear()
    bench.send(ev.PullFinished(Sequence(1004), Sequence(1002)))
    assert bench.state.received == Received(Sequence(1003))
    bench.wait(0.1)
    assert [pull.after for pull in bench.asked(ef.PullPayments)] == [1003]
    bench.send(ev.PullFinished(Sequence(1003), Sequence(0)))
    assert bench.state.received == Received(Sequence(1003))


def test_page_counter_is_kept_by_default(bench: Bench) -> None:
    assert bench.state.navigation.page is Page.COUNTER
