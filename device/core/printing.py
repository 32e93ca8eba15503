"""Printing: one sheet at a time, "started" journalled before, the outcome after.

Paper out or a printer that is away touches no payment: the sheet waits and is printed once. A
sheet whose fate nobody knows is never printed again unmarked: the next one says 【再発行】.
"""

from dataclasses import replace

from device.core import limits
from device.core.draft import Draft
from device.core.effects import PrintSlip, ProbePrinter, ProbeSlip, Sound
from device.core.events import PrinterReported, PrintFinished, PrintOutcome
from device.core.japan_time import MonoMs
from device.core.outgoing import EventKind
from device.core.payment import Payment
from device.core.printing_data import (
    DaySubject,
    JobPhase,
    PaymentSubject,
    PrinterState,
    PrintJob,
    ProvisionalSubject,
    SlipCopy,
    SlipMark,
    Subject,
)
from device.core.records import JobChanged, JobQueued
from device.core.sale_data import Attention

IN_TROUBLE = frozenset(
    {PrinterState.PAPER_OUT, PrinterState.COVER_OPEN, PrinterState.SILENT, PrinterState.FAULT}
)
_DONE = frozenset({JobPhase.PRINTED, JobPhase.DOUBTFUL, JobPhase.DROPPED})


def subject_key(subject: Subject) -> str:
    """What a sheet is of: the sheets of one subject and copy are counted together."""
    match subject:
        case PaymentSubject(payment):
            return str(payment.payment_id)
        case ProvisionalSubject(sale=sale):
            return f"sale-{sale}"
        case DaySubject(asked_at=asked_at):
            return f"day-{asked_at}"


def copies_wanted(draft: Draft) -> tuple[SlipCopy, ...]:
    """The copies that this terminal prints of each slip."""
    configuration = draft.state.configuration
    if configuration is None or draft.state.printing.printer is PrinterState.ABSENT:
        return ()
    return (SlipCopy.CUSTOMER, SlipCopy.SHOP)[: configuration.slip_copies]


def queue_original(draft: Draft, payment: Payment) -> None:
    """The one unmarked slip of a payment, each copy a job of its own, the customer's first."""
    for copy in copies_wanted(draft):
        queue_sheet(draft, PaymentSubject(payment), copy)


def queue_sheet(draft: Draft, subject: Subject, copy: SlipCopy) -> PrintJob:
    """The next sheet of a subject. From the second on a payment's or sale's slip is marked."""
    printing = draft.state.printing
    key = f"{subject_key(subject)}/{copy}"
    sheet = dict(printing.sheets).get(key, 0) + 1
    full = len(printing.jobs) >= limits.MAX_JOBS
    job = PrintJob(
        job_id=f"{key}/{sheet}",
        subject=subject,
        copy=copy,
        mark=SlipMark.ORIGINAL if sheet == 1 else SlipMark.REISSUE,
        sheet=sheet,
        queued_at=draft.now.wall,
        phase=JobPhase.DROPPED if full else JobPhase.QUEUED,
    )
    others = [pair for pair in printing.sheets if pair[0] != key]
    sheets = (*others[-limits.MAX_SHEETS :], (key, sheet))
    jobs = printing.jobs if full else (*printing.jobs, job)
    draft.state = replace(draft.state, printing=replace(printing, jobs=jobs, sheets=sheets))
    if is_journalled(job):
        draft.record(JobQueued(job))
    if full:
        draft.alarm("CHOBA_PRINTER_QUEUE_FULL", f"{job.job_id} was not queued")
    return job


def is_journalled(job: PrintJob) -> bool:
    """Day reports are not: staff ask for them again."""
    return not isinstance(job.subject, DaySubject)


def keep_printing(draft: Draft) -> None:
    """Start the next sheet, give up on a silent one, try a held one again, knock."""
    _give_up_lost(draft)
    printing, mono = draft.state.printing, draft.now.mono
    trouble = printing.printer in IN_TROUBLE
    if not printing.jobs:
        return
    if trouble:
        if printing.retry_at is None or mono >= printing.retry_at:
            retry_at = MonoMs(mono + limits.PRINTER_RETRY_MS)
            draft.state = replace(draft.state, printing=replace(printing, retry_at=retry_at))
            draft.ask(ProbePrinter())
        _knock(draft)
    elif not any(job.phase is JobPhase.PRINTING for job in printing.jobs):
        _start(draft, printing.jobs[0])


def _start(draft: Draft, job: PrintJob) -> None:
    configuration = draft.state.configuration
    if configuration is None:
        return
    started = change_job(draft, job, JobPhase.PRINTING)
    printing = replace(draft.state.printing, started_at=draft.now.mono)
    draft.state = replace(draft.state, printing=printing)
    draft.ask(PrintSlip(started, configuration))


def change_job(draft: Draft, job: PrintJob, phase: JobPhase) -> PrintJob:
    """Put a job into a phase, journalled; one that is done leaves the queue."""
    changed = replace(job, phase=phase)
    printing = draft.state.printing
    jobs = tuple(changed if each.job_id == job.job_id else each for each in printing.jobs)
    if phase in _DONE:
        jobs = tuple(each for each in jobs if each.job_id != job.job_id)
    draft.state = replace(draft.state, printing=replace(printing, jobs=jobs))
    if is_journalled(job):
        draft.record(JobChanged(job.job_id, phase, draft.now.wall))
    return changed


def print_finished(draft: Draft, event: PrintFinished) -> None:
    """The end of a sheet, or what the printer knows of one that a crash cut off."""
    _set_printer(draft, event.printer)
    job = _job(draft, event.job_id)
    if job is None or job.phase is not JobPhase.PRINTING:
        return  # a second report of the same sheet
    match event.outcome:
        case PrintOutcome.PRINTED:
            _printed(draft, job)
        case PrintOutcome.NOT_PRINTED:
            change_job(draft, job, JobPhase.HELD)
            if event.printer not in IN_TROUBLE:
                _set_printer(draft, PrinterState.FAULT)
        case PrintOutcome.UNKNOWN:
            _doubtful(draft, job)


def _printed(draft: Draft, job: PrintJob) -> None:
    change_job(draft, job, JobPhase.PRINTED)
    if isinstance(job.subject, PaymentSubject):
        payment_id = job.subject.payment.payment_id
        how = "original" if job.mark is SlipMark.ORIGINAL else "reprint"
        draft.tell(EventKind.PRINTED, job.job_id, payment_id=payment_id, detail=how)


def _doubtful(draft: Draft, job: PrintJob) -> None:
    """Nobody knows whether it came out.

    After a crash or a printer's trouble a marked sheet follows by itself, three at most (a printer
    that pulls the power down must not print for ever). A printer that
    took every byte and tells nothing has most likely printed: staff can ask for another.
    """
    printing = draft.state.printing
    change_job(draft, job, JobPhase.DOUBTFUL)
    likely_lost = job.job_id == printing.cut_off or printing.printer in IN_TROUBLE
    if likely_lost and job.sheet < limits.SHEETS_BY_ITSELF and is_journalled(job):
        queue_sheet(draft, job.subject, job.copy)


def printer_reported(draft: Draft, event: PrinterReported) -> None:
    """The printer's own word; a new trouble shows the banner again."""
    _set_printer(draft, event.printer)
    draft.state = replace(draft.state, printing=replace(draft.state.printing, paper=event.paper))


def _set_printer(draft: Draft, printer: PrinterState) -> None:
    printing = draft.state.printing
    if printer is printing.printer:
        return
    draft.state = replace(
        draft.state,
        printing=replace(
            printing,
            printer=printer,
            banner=Attention.TOLD,
            retry_at=MonoMs(draft.now.mono + limits.PRINTER_RETRY_MS),
            knocks=0,
            knock_at=None,
        ),
    )


def hide_banner(draft: Draft) -> None:
    """後で."""
    printing = replace(draft.state.printing, banner=Attention.QUIET)
    draft.state = replace(draft.state, printing=printing)


def resume_printing(draft: Draft) -> None:
    """At boot: ask the printer about the sheet that a crash cut off."""
    for job in draft.state.printing.jobs:
        if job.phase is JobPhase.PRINTING:
            printing = replace(draft.state.printing, started_at=draft.now.mono, cut_off=job.job_id)
            draft.state = replace(draft.state, printing=printing)
            draft.ask(ProbeSlip(job))


def _give_up_lost(draft: Draft) -> None:
    printing = draft.state.printing
    if printing.started_at is None or draft.now.mono < printing.started_at + limits.PRINT_LOST_MS:
        return
    for job in printing.jobs:
        if job.phase is JobPhase.PRINTING:
            silent = PrinterState.SILENT
            print_finished(draft, PrintFinished(job.job_id, PrintOutcome.UNKNOWN, silent))


def _knock(draft: Draft) -> None:
    printing, mono = draft.state.printing, draft.now.mono
    if printing.banner is Attention.QUIET or printing.knocks >= limits.KNOCKS:
        return
    if printing.knock_at is None or mono >= printing.knock_at:
        draft.sound(Sound.PRINTER)
        draft.state = replace(
            draft.state,
            printing=replace(
                printing, knocks=printing.knocks + 1, knock_at=MonoMs(mono + limits.KNOCK_MS)
            ),
        )


def _job(draft: Draft, job_id: str) -> PrintJob | None:
    return next((job for job in draft.state.printing.jobs if job.job_id == job_id), None)
