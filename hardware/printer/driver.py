"""The driver of a real receipt printer: one job at a time, and only what the printer says is true.

How an outcome is reached, in this order:

1. The connection is opened (over the network always afresh: that proves the printer is there) and
   ``DLE EOT`` asked. Trouble, or silence from a model that does answer, is ``Held``: nothing of
   the job was sent.
2. The job and, behind it, the profile's request for proof are handed over in small writes, each
   bounded. A failure is ``Broken``.
3. Proof: the printer sends the job's own four-character id back when printing is completed
   (``GS ( H`` function 48), or answers a status that it reads behind the job (``GS r``). Only that
   is ``Printed``. While waiting, ``DLE EOT`` tells of paper-out or an open cover: ``Broken``.
4. A printer that proves nothing is watched for ``settle`` seconds; no trouble is ``Sent``.

A broken job's rest is cleared from the printer's memory where it can be (``DLE DC4`` function 8),
so that a refilled printer doesn't go on with it. The driver keeps no queue and tries nothing twice.
"""

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, assert_never

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
from hardware.printer.profiles import Clearing, Profile, Proof, StatusSupport
from hardware.printer.status import (
    CLEAR_BUFFERS,
    OFFLINE_CAUSE,
    PAPER,
    PRINTER,
    AnswerReader,
    Answers,
    interpret,
    is_status,
    question,
)
from hardware.printer.transports import (
    Transport,
    TransportError,
    TransportTimeoutError,
    make_transport,
    parse_connection,
)

_CHUNK: Final = 512
_BITS_A_BYTE: Final = 10
_REMEMBERED_JOBS: Final = 1024
_STOPPED: Final = (PrinterState.PAPER_OUT, PrinterState.COVER_OPEN)
_POLL_SECONDS: Final = 0.25
_MOST_STRAY_READS: Final = 16

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class _Watch:
    """What was seen while waiting for a job."""

    proven: bool
    status: PrinterStatus


class EscposPrinter:
    """``hardware.ports.Printer`` over a transport. Methods block; a lock lets one in at a time."""

    def __init__(
        self, profile: Profile, transport: Transport, clock: Clock = time.monotonic
    ) -> None:
        self._profile = profile
        self._transport = transport
        self._clock = clock
        self._lock = threading.Lock()
        self._reader = AnswerReader()
        self._begun: OrderedDict[JobId, None] = OrderedDict()

    def print_job(self, job_id: JobId, data: bytes) -> PrintOutcome:
        """As ``Printer.print_job``."""
        with self._lock:
            if job_id in self._begun:
                raise PrinterError(
                    "CHOBA_PRINTER_JOB_REPEATED", f"job {job_id} was begun before; make a new one"
                )
            held = self._hold()
            if held is not None:
                return held
            self._remember(job_id)
            return self._print(data, job_id)

    def status(self) -> PrinterStatus:
        """As ``Printer.status``; UNKNOWN for a model that is never asked but connected."""
        with self._lock:
            return self._status_or_unreachable()

    def close(self) -> None:
        """As ``Printer.close``."""
        with self._lock:
            self._transport.close()

    def _remember(self, job_id: JobId) -> None:
        self._begun[job_id] = None
        if len(self._begun) > _REMEMBERED_JOBS:
            self._begun.popitem(last=False)

    def _hold(self) -> Held | None:
        """The reason not to begin now, or None."""
        if self._transport.tells_dead:
            self._transport.close()
        status = self._status_or_unreachable()
        match status.state:
            case PrinterState.READY:
                return None
            case PrinterState.UNKNOWN if self._profile.status is not StatusSupport.RELIABLE:
                return None
            case _:
                return Held(status.state, status.detail)

    def _status_or_unreachable(self) -> PrinterStatus:
        detail = ""
        for _attempt in range(2):  # a connection that was left open may have died meanwhile
            was_open = self._transport.is_open
            try:
                if not was_open:
                    self._transport.open()
                    self._reader.reset()
                return self._ask()
            except TransportError as error:
                detail = str(error)
                if not was_open:
                    break
        return PrinterStatus(PrinterState.UNREACHABLE, detail=detail)

    def _ask(self) -> PrinterStatus:
        """Ask how the printer is. Raises TransportError."""
        if self._profile.status is StatusSupport.NEVER:
            return PrinterStatus(PrinterState.UNKNOWN, detail="this model is never asked")
        answers: dict[int, int | None] = {}
        for number in (PRINTER, OFFLINE_CAUSE, PAPER):
            answers[number] = self._answer(number)
            if answers[number] is None:
                break  # silent: further questions would only wait
        return interpret(answers)

    def _answer(self, number: int) -> int | None:
        for _ in range(_MOST_STRAY_READS):
            if not self._transport.read(0):
                break  # what came before, unasked or late, is no answer to this question
        self._transport.write(question(number), self._profile.answer_timeout)
        deadline = self._clock() + self._profile.answer_timeout
        while (left := deadline - self._clock()) > 0:
            for byte in self._transport.read(left):
                if is_status(byte):
                    return byte
        return None

    def _print(self, data: bytes, job_id: JobId) -> PrintOutcome:
        process_id = _process_id(job_id)
        job = data + _request_for_proof(self._profile.proof, process_id)
        seconds = self._profile.job_timeout + len(job) * _BITS_A_BYTE / self._profile.baud_rate
        deadline = self._clock() + seconds
        handed = 0
        try:
            for at in range(0, len(job), _CHUNK):
                left = max(deadline - self._clock(), 0.001)
                self._transport.write(job[at : at + _CHUNK], left)
                handed = min(at + _CHUNK, len(data))
            watch = self._watch(process_id, deadline)
        except TransportTimeoutError as error:
            return self._broken(handed, len(data), self._status_or_unreachable(), str(error))
        except TransportError as error:
            gone = PrinterStatus(PrinterState.UNREACHABLE)
            return Broken(gone.state, handed, len(data), str(error))
        return self._judge(watch, len(data))

    def _judge(self, watch: _Watch, size: int) -> PrintOutcome:
        if watch.proven:
            return Printed()
        match watch.status.state:
            case PrinterState.READY:
                return Sent(watch.status.detail)
            case PrinterState.UNKNOWN if self._profile.status is not StatusSupport.RELIABLE:
                return Sent(watch.status.detail)
            case _:
                return self._broken(size, size, watch.status, "stopped before it proved the job")

    def _watch(self, process_id: bytes, deadline: float) -> _Watch:
        """Wait for proof or trouble. Raises TransportError."""
        if self._profile.proof is Proof.NONE:
            deadline = min(deadline, self._clock() + self._profile.settle)
        while True:
            left = deadline - self._clock()
            answers = self._reader.feed(self._transport.read(max(0, min(_POLL_SECONDS, left))))
            if self._proves(answers, process_id):
                return _Watch(True, PrinterStatus(PrinterState.READY))
            if answers != Answers() and self._clock() < deadline:
                continue
            status, proven = self._ask_aside(process_id)
            silent = status.state is PrinterState.UNKNOWN
            nothing_to_wait_for = silent and self._profile.proof is Proof.NONE
            over = self._clock() >= deadline
            if proven or status.state in _STOPPED or nothing_to_wait_for or over:
                return _Watch(proven, status)

    def _ask_aside(self, process_id: bytes) -> tuple[PrinterStatus, bool]:
        """Ask how the printer is without losing a proof that arrives in between."""
        if self._profile.status is StatusSupport.NEVER:
            return PrinterStatus(PrinterState.UNKNOWN, detail="this model is never asked"), False
        found: dict[int, int | None] = {}
        for number in (PRINTER, OFFLINE_CAUSE, PAPER):
            self._transport.write(question(number), self._profile.answer_timeout)
            deadline = self._clock() + self._profile.answer_timeout
            found[number] = None
            while found[number] is None and (left := deadline - self._clock()) > 0:
                answers = self._reader.feed(self._transport.read(left))
                if self._proves(answers, process_id):
                    return PrinterStatus(PrinterState.READY), True
                if answers.statuses:
                    found[number] = answers.statuses[-1]
            if found[number] is None:
                break
        return interpret(found), False

    def _proves(self, answers: Answers, process_id: bytes) -> bool:
        match self._profile.proof:
            case Proof.PROCESS_ID:
                return process_id in answers.process_ids
            case Proof.QUEUED_STATUS:
                return answers.queued
            case Proof.NONE:
                return False
            case _:
                assert_never(self._profile.proof)

    def _broken(self, handed: int, size: int, status: PrinterStatus, why: str) -> Broken:
        self._clear()
        return Broken(status.state, handed, size, f"{why}; {status.detail}".rstrip("; "))

    def _clear(self) -> None:
        """Take the rest of the job out of the printer's memory, if it can and listens."""
        if self._profile.clearing is Clearing.DLE_DC4 and self._transport.is_open:
            try:
                self._transport.write(CLEAR_BUFFERS, self._profile.answer_timeout)
                deadline = self._clock() + self._profile.answer_timeout
                while (left := deadline - self._clock()) > 0:
                    if self._reader.feed(self._transport.read(left)).cleared:
                        break
            except TransportError:
                pass  # gone: there is nobody to clear
        self._transport.close()
        self._reader.reset()


def _process_id(job_id: JobId) -> bytes:
    """Four printable characters that stand for the job (94 to the fourth: 78 million)."""
    number = int.from_bytes(hashlib.sha256(job_id.encode()).digest()[:8])
    return bytes(0x21 + number // 94**place % 94 for place in range(4))


def _request_for_proof(proof: Proof, process_id: bytes) -> bytes:
    match proof:
        case Proof.PROCESS_ID:
            return b"\x1d(H\x06\x0000" + process_id
        case Proof.QUEUED_STATUS:
            return b"\x1dr\x01"
        case Proof.NONE:
            return b""
        case _:
            assert_never(proof)


def open_printer(profile: Profile, connection: str) -> EscposPrinter:
    """The printer at ``connection`` (see ``parse_connection``); nothing is opened yet.

    Raises PrinterError ``CHOBA_PRINTER_CONNECTION_INVALID``, also for a connection that the profile
    isn't sold with.
    """
    where = parse_connection(connection)
    if where.kind not in profile.transports:
        kinds = ", ".join(sorted(kind.value for kind in profile.transports))
        raise PrinterError(
            "CHOBA_PRINTER_CONNECTION_INVALID",
            f"printer.connection {connection!r}: profile {profile.name} has {kinds}",
        )
    return EscposPrinter(profile, make_transport(where, profile.baud_rate))
