"""A receipt printer to try things on: ESC/POS over TCP and over a pty as a serial printer.

``PrinterSimulator`` is the printer; ``python -m hardware.printer.simulator`` runs one as a process.
It prints what it receives as a real one does (a receive buffer, paper that runs out in mid-line),
answers ``DLE EOT`` at once even while it stands still, and refuses bytes that it doesn't know: such
an error is kept in ``errors``, logged, and nothing more of that connection is printed.
"""

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from hardware.ports import PrinterState, PrinterStatus
from hardware.printer.lexer import REAL_TIME, Lexer, Refused, Token
from hardware.printer.model import ModelError, PrinterModel, Sheet
from hardware.printer.picture import save_paper
from hardware.printer.profiles import Profile, StatusSupport
from hardware.printer.status import OFFLINE_CAUSE, PAPER, PRINTER, interpret, status_byte
from hardware.printer.typeface import Typeface

_log = logging.getLogger(__name__)
_MOVES_PAPER: Final = frozenset({"LF", "ESC J", "ESC d", "GS v 0", "GS V"})
_RECEIVE_BUFFER: Final = 65536
"""Bytes that wait to be printed; then the printer takes no more, as a real one does."""

_KEPT_SHEETS: Final = 1000

Reply = Callable[[bytes], None]


class Port(Protocol):
    """A socket or a line that the printer listens on (``hardware.printer.simulator.ports``)."""

    def power_on(self) -> None: ...

    def power_off(self) -> None: ...

    def close(self) -> None: ...


@dataclass(slots=True)
class _Condition:
    """What a person could see and touch."""

    powered: bool = True
    paper_out: bool = False
    cover_open: bool = False
    near_end: bool = False
    silent: bool = False
    seconds_a_line: float = 0.0
    lines_left: int | None = None
    bytes_left: int | None = None


@dataclass(frozen=True, slots=True)
class _Queued:
    token: Token
    reply: Reply


class PrinterSimulator:
    """One printer. All methods may be called from any thread; ``close`` ends its thread and ports.

    ``out`` receives ``slip-0001.bin``, ``.txt`` and ``.png`` for each sheet that is cut.
    """

    def __init__(self, profile: Profile, typeface: Typeface, out: Path | None = None) -> None:
        self.profile = profile
        self._model = PrinterModel(profile, typeface)
        self._lexer = Lexer()
        self._out = out
        self._condition = _Condition()
        self._changed = threading.Condition()
        self._queue: deque[_Queued] = deque()
        self._queued_bytes = 0
        self._busy = False
        self._closed = False
        self._ports: list[Port] = []
        self._errors: list[str] = []
        self._sheets: deque[Sheet] = deque(maxlen=_KEPT_SHEETS)
        self._count = 0
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
        self._worker = threading.Thread(target=self._print, name="printer", daemon=True)
        self._worker.start()

    # --- what it printed -------------------------------------------------------------------------

    @property
    def sheets(self) -> list[Sheet]:
        """The sheets that were cut (or torn) so far; of very many, the last 1,000."""
        with self._changed:
            return list(self._sheets)

    @property
    def count(self) -> int:
        """How many sheets were cut since the beginning."""
        with self._changed:
            return self._count

    @property
    def errors(self) -> list[str]:
        """What it refused. A test that printed asserts that this is empty."""
        with self._changed:
            return list(self._errors)

    @property
    def hanging(self) -> Sheet | None:
        """Paper that is printed and not yet cut: a job in the middle."""
        with self._changed:
            return self._model.hanging

    def wait_for_sheets(self, count: int, timeout: float = 5.0) -> list[Sheet]:
        """The sheets as soon as there are ``count``. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._count >= count, timeout):
                raise TimeoutError(f"{self._count} of {count} sheets; {self._errors}")
            return list(self._sheets)

    def wait_idle(self, timeout: float = 5.0) -> None:
        """Return as soon as nothing waits that could be printed now. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(self._idle, timeout):
                raise TimeoutError(f"{len(self._queue)} commands still wait")

    def _idle(self) -> bool:
        return not self._busy and (not self._queue or not self._can_print())

    # --- what can happen to it -------------------------------------------------------------------

    def run_out_of_paper(self, after_lines: int = 0) -> None:
        """The roll ends, now or after so many more lines."""
        with self._changed:
            self._condition.lines_left = after_lines
            self._condition.paper_out = after_lines == 0
            self._changed.notify_all()

    def refill(self) -> None:
        """A new roll: what waits in the printer's own memory is printed now."""
        self._set(paper_out=False, near_end=False, lines_left=None)

    def near_the_end(self, near: bool = True) -> None:
        """The near-end sensor."""
        self._set(near_end=near)

    def open_cover(self) -> None:
        """Printing stops; the printer still answers."""
        self._set(cover_open=True)

    def close_cover(self) -> None:
        """Printing goes on."""
        self._set(cover_open=False)

    def be_silent(self, silent: bool = True) -> None:
        """Print, but answer nothing."""
        self._set(silent=silent)

    def be_slow(self, seconds_a_line: float) -> None:
        """Take so long for every line (0: as fast as can be)."""
        self._set(seconds_a_line=seconds_a_line)

    def power_off(self, after_bytes: int = 0) -> None:
        """Power goes, now or after so many more bytes: connections drop, memory is lost."""
        with self._changed:
            if after_bytes:
                self._condition.bytes_left = after_bytes
                return
        self._lose_power()

    def power_on(self) -> None:
        """Power is back; the paper still hangs there."""
        self._set(powered=True, bytes_left=None)
        for port in self._ports:
            port.power_on()

    def _set(self, **changes: bool | float | None) -> None:
        with self._changed:
            for name, value in changes.items():
                setattr(self._condition, name, value)
            self._changed.notify_all()

    def _lose_power(self) -> None:
        with self._changed:
            self._condition.powered = False
            self._condition.bytes_left = None
            self._forget()
            self._model.power_cycle()
        for port in self._ports:
            port.power_off()

    def _forget(self) -> None:
        self._queue.clear()
        self._queued_bytes = 0
        self._lexer.reset()
        self._changed.notify_all()

    # --- what it is connected to -----------------------------------------------------------------

    def attach(self, port: Port) -> None:
        """Listen on a port too; it is closed with the printer."""
        self._ports.append(port)

    def connected(self) -> None:
        """A new connection: the stream begins anew. Printing of what was received goes on."""
        with self._changed:
            self._lexer.reset()

    def receive(self, data: bytes, reply: Reply) -> None:
        """Bytes arrive. Blocks while the receive buffer is full."""
        if self._cut_short(data, reply):
            return
        with self._changed:
            self._changed.wait_for(self._has_room)
            for token in self._lexer.feed(data):
                if isinstance(token, Refused):
                    error = ModelError(token.offset, token.reason, token.raw)
                    self._refuse(str(error))
                elif token.name in REAL_TIME:
                    self._answer_at_once(token, reply)
                else:
                    self._queue.append(_Queued(token, reply))
                    self._queued_bytes += len(token.raw)
            self._changed.notify_all()

    def _cut_short(self, data: bytes, reply: Reply) -> bool:
        """Whether power goes while these bytes arrive."""
        with self._changed:
            left = self._condition.bytes_left
            if left is None:
                return not self._condition.powered
            if len(data) < left:
                self._condition.bytes_left = left - len(data)
                return False
            self._condition.bytes_left = None
        self.receive(data[:left], reply)
        self.wait_idle()
        self._lose_power()
        return True

    def _has_room(self) -> bool:
        return self._queued_bytes < _RECEIVE_BUFFER or self._closed or not self._condition.powered

    def status(self) -> PrinterStatus:
        """What it would answer now, with no cable in between."""
        with self._changed:
            if not self._condition.powered:
                return PrinterStatus(PrinterState.UNREACHABLE)
            if self._condition.silent or self.profile.status is StatusSupport.NEVER:
                return PrinterStatus(PrinterState.UNKNOWN)
            return interpret({n: self._status_byte(n) for n in (PRINTER, OFFLINE_CAUSE, PAPER)})

    def clear(self) -> None:
        """Forget what was received and is not printed yet (``DLE DC4`` function 8)."""
        with self._changed:
            self._queue.clear()
            self._queued_bytes = 0
            self._model.clear_line()
            self._changed.notify_all()

    def _status_byte(self, number: int) -> int:
        now = self._condition
        return status_byte(
            number, paper_out=now.paper_out, cover_open=now.cover_open, near_end=now.near_end
        )

    def _answer_at_once(self, token: Token, reply: Reply) -> None:
        if token.name == "DLE DC4":
            self.clear()
            self._send(reply, b"\x37\x25\x00")
        else:
            self._send(reply, bytes((self._status_byte(token.data[0]),)))

    def _send(self, reply: Reply, answer: bytes) -> None:
        if self._condition.silent or self.profile.status is StatusSupport.NEVER or not answer:
            return
        try:
            reply(answer)
        except OSError as error:
            _log.info("nobody took the printer's answer: %s", error)

    # --- printing --------------------------------------------------------------------------------

    def _can_print(self) -> bool:
        now = self._condition
        return now.powered and not now.paper_out and not now.cover_open

    def _print(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                self._changed.wait_for(
                    lambda: self._closed or (bool(self._queue) and self._can_print())
                )
                if self._closed:
                    return
                self._busy = True
                pause = self._pause()
                if not pause:
                    self._carry_out()
                    continue
            time.sleep(pause)
            with self._changed:
                if self._queue and self._can_print():
                    self._carry_out()

    def _pause(self) -> float:
        moves = self._queue[0].token.name in _MOVES_PAPER
        return self._condition.seconds_a_line if moves else 0.0

    def _carry_out(self) -> None:
        queued = self._queue.popleft()
        self._queued_bytes -= len(queued.token.raw)
        try:
            answer = self._model.execute(queued.token)
        except ModelError as error:
            self._refuse(str(error))
            self._queue.clear()
            self._queued_bytes = 0
            return
        self._send(queued.reply, answer)
        if queued.token.name in _MOVES_PAPER:
            self._count_line()
        while self._model.sheets:
            self._keep(self._model.sheets.pop(0))

    def _count_line(self) -> None:
        left = self._condition.lines_left
        if left is not None and left > 0:
            self._condition.lines_left = left - 1
            self._condition.paper_out = left == 1

    def _keep(self, sheet: Sheet) -> None:
        self._sheets.append(sheet)
        self._count += 1
        if self._out is None:
            return
        base = self._out / f"slip-{self._count:04}"
        _replace(base.with_suffix(".bin"), sheet.data)
        _replace(base.with_suffix(".txt"), sheet.text.encode())
        picture = base.with_suffix(".part.png")
        save_paper(picture, sheet.picture, self.profile.paper_mm)
        picture.replace(base.with_suffix(".png"))

    def _refuse(self, error: str) -> None:
        _log.error("CHOBA_PRINTER_BYTES_REFUSED: %s", error)
        self._errors.append(error)
        if self._out is not None:
            text = "".join(f"{line}\n" for line in self._errors)
            _replace(self._out / "errors.txt", text.encode())

    def close(self) -> None:
        """Stop listening and printing."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for port in self._ports:
            port.close()
        self._worker.join(timeout=5)


def _replace(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees all of it or nothing."""
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(data)
    os.replace(part, path)
