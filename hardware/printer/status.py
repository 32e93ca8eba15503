"""What a printer answers: status bytes of ``DLE EOT``, blocks, and how they are told apart.

Bit meanings as in Epson's ESC/POS reference, which the other makers follow. An answer to
``DLE EOT`` has the fixed bits 0xx1xx10, so a stray byte is not taken for one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hardware.ports import PrinterState, PrinterStatus, Roll

CLEAR_BUFFERS: Final = bytes((0x10, 0x14, 8, 1, 3, 20, 1, 6, 2, 8))
"""``DLE DC4`` function 8: forget everything received and not yet printed, at once."""
PRINTER: Final = 1
OFFLINE_CAUSE: Final = 2
ERROR_CAUSE: Final = 3
PAPER: Final = 4

_OFFLINE: Final = 0x08
_COVER_OPEN: Final = 0x04
_FEED_BUTTON: Final = 0x08
_PAPER_STOP: Final = 0x20
_ERROR: Final = 0x40
_NEAR_END: Final = 0x0C
_PAPER_END: Final = 0x60


def question(number: int) -> bytes:
    """``DLE EOT n``: answered at once, whatever the printer is doing."""
    return b"\x10\x04" + bytes((number,))


def is_status(byte: int) -> bool:
    """Whether a byte has the fixed bits of an answer to ``DLE EOT``."""
    return byte & 0x93 == 0x12


def interpret(answers: Mapping[int, int | None]) -> PrinterStatus:
    """The state from the answers to the questions 1, 2, 4; None where there was none.

    Silence is UNKNOWN. An answer that says trouble counts even if others are missing.
    """
    printer = answers.get(PRINTER)
    cause = answers.get(OFFLINE_CAUSE)
    paper = answers.get(PAPER)
    detail = " ".join(
        f"{number}:{'--' if byte is None else f'{byte:02x}'}" for number, byte in answers.items()
    )
    return PrinterStatus(_state(printer, cause, paper), _roll(paper), detail)


def _state(printer: int | None, cause: int | None, paper: int | None) -> PrinterState:
    if cause is not None and cause & _COVER_OPEN:
        return PrinterState.COVER_OPEN
    if (paper is not None and paper & _PAPER_END) or (cause is not None and cause & _PAPER_STOP):
        return PrinterState.PAPER_OUT
    if cause is not None and cause & (_ERROR | _FEED_BUTTON):
        return PrinterState.OFFLINE
    if printer is None:
        return PrinterState.UNKNOWN
    return PrinterState.OFFLINE if printer & _OFFLINE else PrinterState.READY


def _roll(paper: int | None) -> Roll:
    if paper is None:
        return Roll.UNKNOWN
    return Roll.NEAR_END if paper & _NEAR_END else Roll.PLENTY


def status_byte(
    number: int, *, paper_out: bool, cover_open: bool, near_end: bool, error: bool = False
) -> int:
    """The answer that a printer in this condition gives (the simulator's side of ``interpret``)."""
    byte = 0x12
    if number == PRINTER and (paper_out or cover_open or error):
        byte |= _OFFLINE
    if number == OFFLINE_CAUSE:
        byte |= _COVER_OPEN * cover_open | _PAPER_STOP * paper_out | _ERROR * error
    if number == PAPER:
        byte |= _NEAR_END * (near_end or paper_out) | _PAPER_END * paper_out
    return byte


@dataclass(frozen=True, slots=True)
class Answers:
    """What arrived since the last look."""

    statuses: tuple[int, ...] = ()
    process_ids: tuple[bytes, ...] = ()
    queued: bool = False
    """An answer to ``GS r``."""
    cleared: bool = False
    """The buffers were cleared (``DLE DC4`` function 8)."""


class AnswerReader:
    """Cuts what a printer sends into answers, however it arrives."""

    def __init__(self) -> None:
        self._pending = b""

    def reset(self) -> None:
        """Forget half an answer."""
        self._pending = b""

    def feed(self, data: bytes) -> Answers:
        """The answers that these bytes complete; what is none is dropped."""
        self._pending += data
        statuses: list[int] = []
        ids: list[bytes] = []
        queued = cleared = False
        while self._pending:
            size = _block_size(self._pending)
            if size > len(self._pending):
                break
            answer, self._pending = self._pending[:size], self._pending[size:]
            if answer[0] == 0x37:
                if size == 7:
                    ids.append(answer[2:6])
                cleared = cleared or answer == b"\x37\x25\x00"
            elif is_status(answer[0]):
                statuses.append(answer[0])
            elif answer[0] & 0x90 == 0:
                queued = True
        return Answers(tuple(statuses), tuple(ids), queued, cleared)


def _block_size(data: bytes) -> int:
    if data[0] != 0x37:
        return 1
    if len(data) == 1:
        return 2  # the identifier, too, has to be here
    return {0x22: 7, 0x25: 3}.get(data[1], 1)
