"""Slips: each original once, unmarked; paper out waits; what nobody knows is marked."""

from pathlib import Path

import pytest

from device.core import effects as ef
from device.core import events as ev
from device.core import intents as tap
from device.core.outgoing import EventKind
from device.core.printing_data import (
    DaySubject,
    PaperState,
    PrinterState,
    ProvisionalSubject,
    SlipCopy,
    SlipMark,
)
from device.ui import views
from tests.support.counter import Bench

OUT = ev.PrinterReported(PrinterState.PAPER_OUT, PaperState.OUT)
READY = ev.PrinterReported(PrinterState.READY, PaperState.ENOUGH)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path).start()
    bench.clear()
    return bench


def started(bench: Bench) -> list[tuple[SlipCopy, SlipMark, int]]:
    return [(e.job.copy, e.job.mark, e.job.sheet) for e in bench.asked(ef.PrintSlip)]


def test_each_copy_is_a_job_of_its_own_one_at_a_time(bench: Bench) -> None:
    bench.pay(bench.front.number, 1_200)
    assert started(bench) == [(SlipCopy.CUSTOMER, SlipMark.ORIGINAL, 1)]
    bench.finish_print()
    assert started(bench)[1:] == [(SlipCopy.SHOP, SlipMark.ORIGINAL, 1)]
    bench.finish_print()
    assert bench.state.printing.jobs == ()
    printed = [e for e in bench.state.outbox.pending if e.kind is EventKind.PRINTED]
    assert [event.detail for event in printed] == ["original", "original"]
    assert len({event.event_id for event in printed}) == 2


def test_paper_out_between_the_copies_repeats_neither(bench: Bench) -> None:
    bench.pay(bench.front.number, 1_200)
    bench.finish_print()
    bench.finish_print(ev.PrintOutcome.NOT_PRINTED, PrinterState.PAPER_OUT)
    bench.tap(tap.NextCustomer())
    view = bench.view
    assert isinstance(view, views.StandbyView)
    assert view.panel == views.PrinterPanel(views.PrinterTrouble.PAPER_OUT, 1)
    bench.wait(60)
    assert len(started(bench)) == 2
    bench.send(READY)
    assert started(bench)[2:] == [(SlipCopy.SHOP, SlipMark.ORIGINAL, 1)]
    bench.finish_print()
    assert len(started(bench)) == 3
    assert bench.state.printing.jobs == ()


def test_paper_out_waits_and_prints_once_over_a_restart(bench: Bench) -> None:
    bench.send(OUT)
    bench.pay(bench.front.number, 1_200)
    assert started(bench) == []
    bench.boot()
    bench.finish_print(ev.PrintOutcome.NOT_PRINTED, PrinterState.PAPER_OUT)
    bench.clear()
    bench.send(READY)
    bench.finish_print()
    bench.finish_print()
    assert started(bench) == [
        (SlipCopy.CUSTOMER, SlipMark.ORIGINAL, 1),
        (SlipCopy.SHOP, SlipMark.ORIGINAL, 1),
    ]


def test_a_printer_in_trouble_touches_no_payment(bench: Bench) -> None:
    bench.send(OUT)
    bench.pay(bench.front.number, 1_200)
    bench.see(views.PaidView)


def test_refilled_asks_the_printer_and_later_hides_the_banner(bench: Bench) -> None:
    bench.send(OUT)
    bench.tap(tap.PaperRefilled())
    assert bench.asked(ef.ProbePrinter) == [ef.ProbePrinter()]
    bench.tap(tap.PaperLater())
    view = bench.view
    assert isinstance(view, views.StandbyView)
    assert isinstance(view.panel, views.DatesPanel)
    bench.send(ev.PrinterReported(PrinterState.COVER_OPEN, PaperState.OUT))
    view = bench.view
    assert isinstance(view, views.StandbyView)
    assert view.panel == views.PrinterPanel(views.PrinterTrouble.COVER_OPEN, 0)


def test_knocks_come_three_times_while_slips_wait(bench: Bench) -> None:
    bench.send(OUT)
    bench.pay(bench.front.number, 1_200)
    bench.finish_speech()
    bench.wait(200)
    knocks = [sound for sound in bench.asked(ef.PlaySound) if sound.sound is ef.Sound.PRINTER]
    assert len(knocks) == 3


@pytest.mark.parametrize(
    ("outcome", "marks"),
    [
        (ev.PrintOutcome.PRINTED, []),
        (ev.PrintOutcome.NOT_PRINTED, [(SlipMark.ORIGINAL, 1)]),
        (ev.PrintOutcome.UNKNOWN, [(SlipMark.REISSUE, 2)]),
    ],
)
def test_after_a_power_cut_in_mid_print_only_a_proof_keeps_the_slip_unmarked(
    bench: Bench, outcome: ev.PrintOutcome, marks: list[tuple[SlipMark, int]]
) -> None:
    bench.pay(bench.front.number, 1_200)
    first = bench.asked(ef.PrintSlip)[0].job
    bench.boot()
    assert [probe.job.job_id for probe in bench.asked(ef.ProbeSlip)] == [first.job_id]
    assert started(bench) == []  # nothing is printed before the answer
    bench.clear()
    bench.send(ev.PrintFinished(first.job_id, outcome, PrinterState.READY))
    bench.send(READY)
    customer: list[tuple[SlipMark, int]] = []
    for _ in range(4):
        for effect in bench.asked(ef.PrintSlip):
            if effect.job.copy is SlipCopy.CUSTOMER:
                customer.append((effect.job.mark, effect.job.sheet))
            bench.clear()
            bench.send(
                ev.PrintFinished(effect.job.job_id, ev.PrintOutcome.PRINTED, PrinterState.READY)
            )
    assert customer == marks


def test_a_printer_that_tells_nothing_prints_each_slip_once(bench: Bench) -> None:
    bench.pay(bench.front.number, 1_200)
    bench.finish_print(ev.PrintOutcome.UNKNOWN)
    bench.finish_print(ev.PrintOutcome.UNKNOWN)
    assert bench.state.printing.jobs == ()
    assert len(started(bench)) == 2


def test_unknown_ends_in_trouble_are_followed_by_three_marked_sheets_and_no_more(
    bench: Bench,
) -> None:
    bench.pay(bench.front.number, 1_200)
    for _ in range(12):
        if bench.state.printing.jobs:
            bench.finish_print(ev.PrintOutcome.UNKNOWN, PrinterState.SILENT)
            bench.send(READY)
    assert [mark for _, mark, _ in started(bench)].count(SlipMark.ORIGINAL) == 2
    assert [mark for _, mark, _ in started(bench)].count(SlipMark.REISSUE) == 6
    assert bench.state.printing.jobs == ()


def test_a_print_that_never_ends_is_unknown_after_a_minute(bench: Bench) -> None:
    bench.pay(bench.front.number, 1_200)
    bench.wait(61)
    assert bench.state.printing.printer is PrinterState.SILENT
    assert all(
        job.copy is SlipCopy.SHOP or job.mark is SlipMark.REISSUE
        for job in bench.state.printing.jobs
    )


def test_a_second_report_of_the_same_sheet_is_ignored(bench: Bench) -> None:
    bench.pay(bench.front.number, 1_200)
    job = bench.asked(ef.PrintSlip)[0].job
    done = ev.PrintFinished(job.job_id, ev.PrintOutcome.PRINTED, PrinterState.READY)
    bench.send(done)
    bench.send(ev.PrintFinished(job.job_id, ev.PrintOutcome.UNKNOWN, PrinterState.READY))
    assert started(bench)[1:] == [(SlipCopy.SHOP, SlipMark.ORIGINAL, 1)]


def test_a_reprint_from_the_list_is_marked_and_counts_on(bench: Bench) -> None:
    bench.pay(bench.front.number, 1_200)
    bench.finish_print()
    bench.finish_print()
    bench.tap(tap.NextCustomer(), tap.OpenToday(), tap.SelectRow(0))
    view = bench.view
    assert isinstance(view, views.TodayView)
    assert view.detail is not None
    assert view.detail.reprint
    bench.clear()
    bench.tap(tap.Reprint())
    bench.finish_print()
    bench.finish_print()
    bench.boot()
    bench.tap(tap.OpenToday(), tap.SelectRow(0), tap.Reprint())
    assert bench.asked(ef.PrintSlip)[0].job.sheet == 3
    assert bench.asked(ef.PrintSlip)[0].job.mark is SlipMark.REISSUE


def test_a_reprint_while_the_original_waits_doubles_nothing(bench: Bench) -> None:
    bench.send(OUT)
    bench.pay(bench.front.number, 1_200)
    bench.tap(tap.NextCustomer(), tap.OpenToday(), tap.SelectRow(0), tap.Reprint())
    assert len(bench.state.printing.jobs) == 2
    assert {job.mark for job in bench.state.printing.jobs} == {SlipMark.ORIGINAL}


def test_without_a_printer_nothing_is_queued(bench: Bench) -> None:
    bench.send(ev.PrinterReported(PrinterState.ABSENT, PaperState.UNKNOWN))
    bench.pay(bench.front.number, 1_200)
    assert bench.state.printing.jobs == ()
    bench.tap(tap.NextCustomer(), tap.OpenToday(), tap.PrintDayReport())
    view = bench.view
    assert isinstance(view, views.TodayView)
    assert view.note is not None


def test_the_day_report_has_the_days_payments(bench: Bench) -> None:
    bench.pay(bench.front.number, 1_200)
    bench.finish_print()
    bench.finish_print()
    bench.clear()
    bench.tap(tap.NextCustomer(), tap.OpenToday(), tap.PrintDayReport())
    (slip,) = bench.asked(ef.PrintSlip)
    assert isinstance(slip.job.subject, DaySubject)
    assert [paid.amount for paid in slip.job.subject.payments] == [1_200]
    assert bench.journal.load().jobs == ()


def test_a_provisional_slip_once_by_the_button_and_the_original_still_once(bench: Bench) -> None:
    from tests.support.counter import code_for

    bench.offline()
    sale = bench.front.number
    bench.tap(tap.OpenCodeCheck())
    bench.key_in("1200")
    from device.core.intents import CheckField

    bench.tap(tap.ChooseField(CheckField.CODE))
    bench.key_in(code_for(sale, 1_200))
    bench.tap(tap.SubmitCheck(), tap.PrintProvisional(), tap.PrintProvisional())
    subjects = [job.subject for job in bench.state.printing.jobs]
    assert len(subjects) == 2
    assert all(isinstance(subject, ProvisionalSubject) for subject in subjects)
    view = bench.view
    assert isinstance(view, views.CodeTrueView)
    assert view.slip is views.SlipState.WAITING
    bench.finish_print()
    bench.finish_print()
    bench.clear()
    bench.pay(sale, 1_200)
    assert started(bench) == [(SlipCopy.CUSTOMER, SlipMark.ORIGINAL, 1)]
