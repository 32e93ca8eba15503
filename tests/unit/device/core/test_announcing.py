"""Each payment is told once: aloud if new, as 先ほどの if late."""

from pathlib import Path

import pytest

from device.core import effects as ef
from device.core import events as ev
from device.core import intents as tap
from device.core.outgoing import EventKind
from device.core.payment import STAND_SALE, Via
from device.core.telling_data import Telling
from device.ui import views
from protos.units import Micros, SaleNumber
from tests.support.counter import Bench, code_for, payment


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path).start()


def tellings(bench: Bench) -> list[Telling]:
    return [known.telling for known in bench.journal.load().payments]


def announced(bench: Bench) -> list[str]:
    return [e.detail for e in bench.state.outbox.pending if e.kind is EventKind.ANNOUNCED]


def test_a_payment_for_the_sale_in_front_is_journalled_drawn_spoken_printed_in_that_order(
    bench: Bench,
) -> None:
    bench.clear()
    sale = bench.front.number
    bench.pay(sale, 1_200, points=200)
    view = bench.view
    assert isinstance(view, views.PaidView)
    assert (view.amount, view.code, view.age_s) == (1_200, code_for(sale, 1_200), 0)
    assert [leg.amount for leg in view.legs] == [1_000, 200]
    assert view.dates.ja == "取消は6/7(金)まで・入金6/18、ポ7/9"
    kinds = [type(effect) for effect in bench.effects]
    assert kinds.index(ef.SpeakPayment) < kinds.index(ef.PrintSlip)
    assert tellings(bench) == [Telling.STARTED]
    assert [record.phase for record in bench.journal.load().jobs] == ["printing", "queued"]


def test_the_transition_of_a_payment_lists_journal_show_speak_print(bench: Bench) -> None:
    from device.core.counter import transition

    paid = payment(bench.front.number, 1_200, 1, bench.wall)
    _, effects = transition(bench.state, ev.PaymentArrived(paid, Via.ANNOUNCED))
    assert [type(effect) for effect in effects[:4]] == [
        ef.WriteJournal,
        ef.Show,
        ef.SpeakPayment,
        ef.PrintSlip,
    ]


def test_the_same_payment_again_is_silent_however_it_comes(bench: Bench) -> None:
    paid = bench.pay(bench.front.number, 1_200)
    bench.finish_speech()
    bench.clear()
    for via in Via:
        bench.send(ev.PaymentArrived(paid, via))
    bench.tap(tap.NextCustomer())
    bench.send(ev.PaymentArrived(paid, Via.PULLED))
    assert bench.asked(ef.SpeakPayment) == []
    assert bench.asked(ef.PlaySound) == []
    assert len(bench.journal.load().payments) == 1
    assert bench.see(views.StandbyView).today.count == 1


def test_the_same_payment_is_silent_after_a_restart_too(bench: Bench) -> None:
    paid = bench.pay(bench.front.number, 1_200)
    bench.finish_speech()
    bench.boot()
    bench.clear()
    bench.send(ev.PaymentArrived(paid, Via.ANNOUNCED))
    assert bench.asked(ef.SpeakPayment) == []
    assert bench.asked(ef.PlaySound) == []


def test_done_is_journalled_and_pushed_after_the_voice(bench: Bench) -> None:
    bench.pay(bench.front.number, 1_200)
    assert announced(bench) == []
    bench.finish_speech()
    assert tellings(bench) == [Telling.SPOKEN]
    assert announced(bench) == ["spoken"]


def test_a_dead_speaker_is_reported_and_nothing_is_spoken_again(bench: Bench) -> None:
    bench.pay(bench.front.number, 1_200)
    bench.finish_speech(ev.SoundOutcome.FAILED)
    assert tellings(bench) == [Telling.SILENT]
    assert announced(bench) == ["silent"]
    bench.boot()
    assert bench.asked(ef.SpeakPayment) == []


def test_a_voice_that_never_ends_counts_as_failed(bench: Bench) -> None:
    bench.pay(bench.front.number, 1_200)
    bench.wait(16)
    assert tellings(bench) == [Telling.SILENT]


def test_the_paid_screen_closes_after_20_s_or_by_a_tap(bench: Bench) -> None:
    sale = bench.front.number
    bench.pay(sale, 1_200)
    bench.finish_speech()
    bench.wait(19.5)
    view = bench.view
    assert isinstance(view, views.PaidView)
    assert view.age_s == 19
    bench.wait(0.75)
    bench.see(views.StandbyView)
    assert bench.front.number > sale
    bench.pay(bench.front.number, 300)
    bench.tap(tap.NextCustomer())
    bench.see(views.StandbyView)


def test_a_payment_comes_before_whatever_page_is_open(bench: Bench) -> None:
    sale = bench.front.number
    bench.tap(tap.OpenAmount())
    bench.key_in("12")
    bench.pay(sale, 1_200)
    bench.see(views.PaidView)
    bench.tap(tap.NextCustomer())
    bench.see(views.StandbyView)


def test_the_next_payment_waits_at_least_4_s_and_for_the_voice(bench: Bench) -> None:
    bench.pay(STAND_SALE, 100)
    bench.pay(STAND_SALE, 200)
    view = bench.view
    assert isinstance(view, views.PaidView)
    assert (view.amount, view.waiting) == (100, 1)
    bench.wait(5)
    assert bench.see(views.PaidView).amount == 100  # still speaking
    bench.finish_speech()
    bench.wait(0.25)
    assert bench.see(views.PaidView).amount == 200
    bench.finish_speech()
    assert [speech.amount for speech in bench.asked(ef.SpeakPayment)] == [100, 200]


def test_the_queue_is_bounded_and_what_is_beyond_it_is_late(bench: Bench) -> None:
    for number in range(12):
        bench.pay(STAND_SALE, 100 + number)
    assert len(bench.state.announcing.waiting) == 8
    assert len(bench.state.announcing.late) == 3


def test_a_payment_on_the_stand_leaves_the_claimed_sale_where_it_was(bench: Bench) -> None:
    sale = bench.front.number
    bench.claim(sale, 800)
    bench.pay(STAND_SALE, 500)
    bench.see(views.PaidView)
    bench.tap(tap.NextCustomer())
    claimed = bench.view
    assert isinstance(claimed, views.ClaimedView)
    assert claimed.amount == 800


def test_a_payment_for_an_earlier_number_is_late_and_silent(bench: Bench) -> None:
    old = bench.front.number
    bench.offline()
    bench.wait(31)
    bench.online()
    bench.clear()
    bench.pay(old, 1_200, Via.PULLED)
    view = bench.view
    assert isinstance(view, views.StandbyView)
    assert isinstance(view.panel, views.LatePanel)
    assert [late.amount for late in view.panel.payments] == [1_200]
    assert view.qr.text != ""
    assert [sound.sound for sound in bench.asked(ef.PlaySound)] == [ef.Sound.LATE]
    assert bench.asked(ef.SpeakPayment) == []
    assert announced(bench) == ["late"]
    assert len(bench.asked(ef.PrintSlip)) == 1  # its slip is printed once


def test_a_payment_older_than_120_s_is_late(bench: Bench) -> None:
    sale = bench.front.number
    bench.send(
        ev.PaymentArrived(payment(sale, 1_200, 1, Micros(bench.wall - 121_000_000)), Via.PULLED)
    )
    assert tellings(bench) == [Telling.LATE]
    assert bench.front.number > sale


def test_a_stand_payment_from_before_this_boot_is_late(bench: Bench) -> None:
    paid = payment(STAND_SALE, 500, 1, Micros(bench.wall - 1_000_000))
    bench.boot()
    bench.send(ev.PaymentArrived(paid, Via.PULLED))
    assert Telling.LATE in tellings(bench) or Telling.LISTED in tellings(bench)
    assert bench.asked(ef.SpeakPayment) == []


def test_late_cards_stay_until_seen_and_survive_a_restart(bench: Bench) -> None:
    bench.pay(SaleNumber(5), 1_200, Via.PULLED)
    bench.wait(100)
    bench.boot()
    view = bench.view
    assert isinstance(view, views.StandbyView)
    assert isinstance(view.panel, views.LatePanel)
    bench.wait(1)
    bench.tap(tap.AcknowledgeLate())
    view = bench.view
    assert isinstance(view, views.StandbyView)
    assert isinstance(view.panel, views.DatesPanel)
    assert tellings(bench) == [Telling.SEEN]
    bench.boot()
    view = bench.view
    assert isinstance(view, views.StandbyView)
    assert isinstance(view.panel, views.DatesPanel)


def test_a_card_that_came_in_the_moment_of_the_tap_stays(bench: Bench) -> None:
    bench.pay(SaleNumber(5), 1_200, Via.PULLED)
    bench.wait(2)
    bench.pay(SaleNumber(6), 300, Via.PULLED)
    bench.tap(tap.AcknowledgeLate())
    view = bench.view
    assert isinstance(view, views.StandbyView)
    assert isinstance(view.panel, views.LatePanel)
    assert [late.amount for late in view.panel.payments] == [300]


def test_a_power_cut_between_started_and_done_shows_it_late_without_voice(bench: Bench) -> None:
    bench.pay(bench.front.number, 1_200)
    bench.boot()  # the voice never reported its end
    view = bench.view
    assert isinstance(view, views.StandbyView)
    assert isinstance(view.panel, views.LatePanel)
    assert bench.asked(ef.SpeakPayment) == []
    assert [sound.sound for sound in bench.asked(ef.PlaySound)] == [ef.Sound.LATE]
    assert announced(bench) == ["late"]


def test_a_sale_resolved_as_paid_after_a_boot_is_late(bench: Bench) -> None:
    sale = bench.fixed_amount(1_200)
    bench.claim(sale.number, 1_200)
    bench.boot()
    bench.clear()
    bench.sequence += 1
    paid = payment(sale.number, 1_200, bench.sequence, bench.wall)
    bench.send(ev.Resolved(sale.number, ef.ResolveMode.VOID, ev.Outcome.PAID, paid))
    view = bench.view
    assert isinstance(view, views.StandbyView)
    assert isinstance(view.panel, views.LatePanel)
    assert bench.asked(ef.SpeakPayment) == []


def test_a_doubt_resolved_as_paid_in_this_run_is_announced_aloud(bench: Bench) -> None:
    sale = bench.front.number
    bench.claim(sale, 1_200)
    bench.wait(92)
    bench.sequence += 1
    bench.answer(ev.Outcome.PAID, payment(sale, 1_200, bench.sequence, bench.wall))
    bench.see(views.PaidView)
    assert len(bench.asked(ef.SpeakPayment)) == 1


def test_a_payment_of_a_known_sequence_is_the_same_payment(bench: Bench) -> None:
    bench.pay(bench.front.number, 1_200)
    other = payment(SaleNumber(9), 999, 1, bench.wall)
    bench.clear()
    bench.send(ev.PaymentArrived(other, Via.PULLED))
    assert bench.asked(ef.SpeakPayment) == []
    assert len(bench.journal.load().payments) == 1


def test_payments_from_before_a_lost_journal_are_listed_not_told(bench: Bench) -> None:
    old = payment(SaleNumber(5), 700, 1, Micros(bench.wall - 3_600_000_000))
    fresh = payment(SaleNumber(6), 800, 2, Micros(bench.wall - 60_000_000))
    bench.clear()
    bench.send(ev.PaymentArrived(old, Via.PULLED))
    bench.send(ev.PaymentArrived(fresh, Via.PULLED))
    assert tellings(bench) == [Telling.LISTED, Telling.LATE]
    assert {job.subject.payment.amount for job in bench.state.printing.jobs} == {800}  # type: ignore[union-attr]
    assert bench.see(views.StandbyView).today.amount == 1_500


def test_the_voice_speaks_the_language_of_the_screen(bench: Bench) -> None:
    bench.tap(tap.ToggleLanguage())
    bench.pay(bench.front.number, 1_200)
    assert bench.asked(ef.SpeakPayment)[0].language.value == "en"
