"""The simulated printer as a ``Printer`` without a cable: for tests, and for a desk."""

import threading

from hardware.ports import (
    Broken,
    Held,
    JobId,
    Printed,
    PrinterError,
    PrinterState,
    PrinterStatus,
    PrintOutcome,
    Sent,
)
from hardware.printer.profiles import Proof, StatusSupport
from hardware.printer.simulator.printer import PrinterSimulator

_JOB_SECONDS = 30.0


class SimulatedPrinter:
    """``hardware.ports.Printer`` that hands its bytes straight to a ``PrinterSimulator``.

    It tells as much as a printer of that profile could tell over a cable, no more.
    """

    def __init__(self, simulator: PrinterSimulator) -> None:
        self._simulator = simulator
        self._lock = threading.Lock()
        self._begun: set[JobId] = set()

    def print_job(self, job_id: JobId, data: bytes) -> PrintOutcome:
        """As ``Printer.print_job``."""
        profile = self._simulator.profile
        with self._lock:
            if job_id in self._begun:
                raise PrinterError("CHOBA_PRINTER_JOB_REPEATED", f"job {job_id} was begun before")
            state = self.status().state
            reliable = profile.status is StatusSupport.RELIABLE
            if state is not PrinterState.READY and (state is not PrinterState.UNKNOWN or reliable):
                return Held(state)
            self._begun.add(job_id)
            before = self._simulator.count
            self._simulator.receive(data, lambda _answer: None)
            self._simulator.wait_idle(_JOB_SECONDS)
            if self._simulator.count > before:
                return Sent() if profile.proof is Proof.NONE else Printed()
            state = self.status().state
            self._simulator.clear()
            return Broken(state, len(data), len(data))

    def status(self) -> PrinterStatus:
        """As ``Printer.status``."""
        return self._simulator.status()

    def close(self) -> None:
        """Nothing is held."""
