"""Prints the core's sheets, one at a time, on a thread of the printer's own."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, assert_never

from device.core.effects import PrintSlip, ProbeSlip
from device.core.events import Event, PrinterReported, PrintFinished, PrintOutcome
from device.core.printing_data import PaperState, PrinterState
from device.links.clock import DeviceClock
from device.links.slips import SlipData, slip_data
from device.links.tasks import Tasks
from hardware import ports
from hardware.paper import Slip
from protos.operation.logs import say
from protos.units import TerminalId

log = logging.getLogger(__name__)

LOOK_EVERY_S = 10.0

T = TypeVar("T")
Post = Callable[[Event], Awaitable[None]]
Layout = Callable[[SlipData, int], Slip]

_STATES = {
    ports.PrinterState.READY: PrinterState.READY,
    ports.PrinterState.PAPER_OUT: PrinterState.PAPER_OUT,
    ports.PrinterState.COVER_OPEN: PrinterState.COVER_OPEN,
    ports.PrinterState.OFFLINE: PrinterState.FAULT,
    ports.PrinterState.UNREACHABLE: PrinterState.SILENT,
    ports.PrinterState.UNKNOWN: PrinterState.UNKNOWN,
}
_ROLLS = {
    ports.Roll.PLENTY: PaperState.ENOUGH,
    ports.Roll.NEAR_END: PaperState.LOW,
    ports.Roll.UNKNOWN: PaperState.UNKNOWN,
}


class PrintLink:
    """The printer behind the core's effects."""

    def __init__(
        self,
        *,
        printer: ports.Printer,
        renderer: ports.SlipRenderer,
        layout: Layout,
        terminal: TerminalId,
        clock: DeviceClock,
        post: Post,
    ) -> None:
        self._printer = printer
        self._renderer = renderer
        self._layout = layout
        self._terminal = terminal
        self._clock = clock
        self._post = post
        self._tasks = Tasks()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="printer")
        self._told: PrinterReported | None = None

    async def run(self) -> None:
        """Until cancelled: ask the printer how it is, now and then."""
        try:
            while True:
                await self._look()
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            await self._tasks.close()
            self._thread.shutdown(wait=False, cancel_futures=True)

    def print(self, effect: PrintSlip) -> None:
        """Print one sheet; answered by PrintFinished."""
        self._tasks.start(self._print(effect), "print")

    async def _print(self, effect: PrintSlip) -> None:
        job_id = effect.job.job_id
        try:
            outcome = await self._on_thread(self._render_and_print, effect)
        except ports.PrinterError as error:
            # nothing was sent: a slip that cannot be drawn would never be, so it is not held
            say(log, logging.ERROR, "slip not drawn", job=job_id, code=error.code, error=error)
            await self._post(PrintFinished(job_id, PrintOutcome.UNKNOWN, PrinterState.FAULT))
            return
        say(log, logging.INFO, "printed", job=job_id, outcome=type(outcome).__name__)
        await self._post(_finished(job_id, outcome))
        await self._look()

    def _render_and_print(self, effect: PrintSlip) -> ports.PrintOutcome:
        data = slip_data(effect.job, effect.configuration, self._terminal, self._clock.wall())
        job = self._renderer.render(self._layout(data, self._renderer.columns))
        return self._printer.print_job(ports.JobId(effect.job.job_id), job)

    def probe_slip(self, effect: ProbeSlip) -> None:
        """A receipt printer keeps no job ids: what it did before a crash, nobody knows."""
        answer = PrintFinished(
            effect.job.job_id,
            PrintOutcome.UNKNOWN,
            self._told.printer if self._told else PrinterState.UNKNOWN,
        )
        self._tasks.start(self._post(answer), "probe slip")

    def probe(self) -> None:
        """Ask the printer now; answered by PrinterReported."""
        self._tasks.start(self._look(always=True), "probe printer")

    async def _look(self, *, always: bool = False) -> None:
        status = await self._on_thread(self._printer.status)
        paper = _ROLLS[status.roll]
        if status.state is ports.PrinterState.PAPER_OUT:
            paper = PaperState.OUT
        report = PrinterReported(_STATES[status.state], paper)
        if always or report != self._told:
            self._told = report
            await self._post(report)

    async def _on_thread(self, work: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)


def _finished(job_id: str, outcome: ports.PrintOutcome) -> PrintFinished:
    match outcome:
        case ports.Printed():
            return PrintFinished(job_id, PrintOutcome.PRINTED, PrinterState.READY)
        case ports.Sent():
            # handed over whole and nothing contradicts: it counts as printed
            return PrintFinished(job_id, PrintOutcome.PRINTED, PrinterState.READY)
        case ports.Held(reason):
            return PrintFinished(job_id, PrintOutcome.NOT_PRINTED, _STATES[reason])
        case ports.Broken(reason):
            return PrintFinished(job_id, PrintOutcome.UNKNOWN, _STATES[reason])
        case _:
            assert_never(outcome)


class NoPrinter:
    """A terminal without a printer: says so once."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._tasks = Tasks()

    async def run(self) -> None:
        """Tells that there is none."""
        await self._post(PrinterReported(PrinterState.ABSENT, PaperState.UNKNOWN))

    def print(self, effect: PrintSlip) -> None:
        """Cannot be: the core queues no job for an absent printer."""
        answer = PrintFinished(effect.job.job_id, PrintOutcome.NOT_PRINTED, PrinterState.ABSENT)
        self._tasks.start(self._post(answer), "no printer")

    def probe_slip(self, effect: ProbeSlip) -> None:
        """A job of a printer that was taken away."""
        answer = PrintFinished(effect.job.job_id, PrintOutcome.UNKNOWN, PrinterState.ABSENT)
        self._tasks.start(self._post(answer), "no printer")

    def probe(self) -> None:
        """Tells again that there is none."""
        self._tasks.start(
            self._post(PrinterReported(PrinterState.ABSENT, PaperState.UNKNOWN)), "no printer"
        )
