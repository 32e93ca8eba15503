"""The driver: effects in order, and nothing happens that the journal didn't take."""

from pathlib import Path

import pytest

from device.core import effects as ef
from device.core import events as ev
from device.core import intents as tap
from device.core.payment import Via
from device.core.records import JournalRecord
from device.core.state import OutOfService
from device.driver import Kept
from device.journal.journal import JournalError
from device.ui import views
from protos.units import Sequence
from tests.support.counter import Bench, payment


class FullDisk:
    """The journal of a device whose disk is full until ``room``."""

    def __init__(self, real: object) -> None:
        self.real = real
        self.room = False

    def write(self, records: tuple[JournalRecord, ...]) -> None:
        self.probe()
        self.real.write(records)  # type: ignore[attr-defined]

    def probe(self) -> None:
        if not self.room:
            raise JournalError("CHOBA_JOURNAL_FULL", "make room", OutOfService.JOURNAL_FULL)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path).start()


def test_what_the_journal_refuses_did_not_happen(bench: Bench) -> None:
    disk = FullDisk(bench.journal)
    bench.driver._journal = disk
    sale = bench.front.number
    bench.clear()
    paid = payment(sale, 1_200, 1, bench.wall)
    assert bench.send(ev.PaymentArrived(paid, Via.ANNOUNCED)) is Kept.REFUSED
    assert bench.asked(ef.SpeakPayment) == []
    assert bench.asked(ef.PrintSlip) == []
    view = bench.view
    assert isinstance(view, views.OutOfServiceView)
    assert view.code == "E-41"
    (complaint,) = bench.asked(ef.Complain)
    assert complaint.code == "CHOBA_JOURNAL_FULL"
    # room again: the same payment, told again by the server, is told once
    disk.room = True
    bench.wait(31)
    bench.see(views.StandbyView)
    assert bench.send(ev.PaymentArrived(paid, Via.PULLED)) is Kept.DONE
    assert len(bench.journal.load().payments) == 1


def test_retry_on_the_out_of_service_screen_tries_the_journal(bench: Bench) -> None:
    disk = FullDisk(bench.journal)
    bench.driver._journal = disk
    bench.pay(bench.front.number, 500)
    disk.room = True
    bench.tap(tap.RetryService())
    assert bench.state.journal_trouble is None


def test_retry_without_a_journal_trouble_reconnects(bench: Bench) -> None:
    bench.clear()
    bench.tap(tap.RetryService())
    assert bench.asked(ef.Reconnect) == [ef.Reconnect()]


def test_an_event_from_within_an_effect_comes_right_after(bench: Bench) -> None:
    answers: list[Kept] = []

    def run(effect: ef.Effect) -> None:
        if isinstance(effect, ef.SpeakPayment):
            done = ev.SpeechFinished(effect.payment_id, ev.SoundOutcome.PLAYED)
            answers.append(bench.driver.send(done))

    bench.driver._run = run
    bench.pay(bench.front.number, 1_200)
    assert answers == [Kept.QUEUED]
    assert bench.journal.load().payments[0].telling.value == "spoken"


def test_money_before_the_journal_is_open_is_a_defect(tmp_path: Path) -> None:
    from device.core.counter import EventOrderError, initial_state, transition

    with pytest.raises(EventOrderError, match="CHOBA_COUNTER_EVENT_ORDER: PullFinished"):
        transition(initial_state(5), ev.PullFinished(Sequence(0)))


def test_a_second_boot_in_one_run_is_a_defect(bench: Bench) -> None:
    from device.core.counter import EventOrderError
    from tests.support.counter import IDENTITY

    with pytest.raises(EventOrderError):
        bench.send(ev.Booted(bench.journal.load(), IDENTITY, "again"))
