"""What each physical part *is*: the Protocols that drivers and simulators both keep."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import NewType, Protocol

from hardware.paper import Slip

# --- printer -------------------------------------------------------------------------------------

JobId = NewType("JobId", str)
"""Names one job for good, e.g. payment id and copy: a job that was begun is never begun again."""


class PrinterState(Enum):
    """What the printer itself says; silence is UNKNOWN, never READY."""

    READY = "ready"
    PAPER_OUT = "paper_out"
    COVER_OPEN = "cover_open"
    OFFLINE = "offline"
    """Connected but not printing, for a reason that it doesn't tell or that needs hands
    (cutter jam, overheated head, feed button)."""
    UNREACHABLE = "unreachable"
    """No connection: cable, power, network."""
    UNKNOWN = "unknown"
    """Connected, but it doesn't answer. Many cheap printers never do."""


class Roll(Enum):
    """The paper roll's near-end sensor."""

    PLENTY = "plenty"
    NEAR_END = "near_end"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PrinterStatus:
    """One answer to "how are you". ``detail`` is for the log: an engineer's words, never shown."""

    state: PrinterState
    roll: Roll = Roll.UNKNOWN
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Printed:
    """The printer itself proved that it printed the whole job (see ``Proof`` in the profile)."""


@dataclass(frozen=True, slots=True)
class Sent:
    """All bytes were handed over and nothing contradicts, but the printer proved nothing.

    Count the job as printed: a further print of the same slip is a reprint.
    """

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """Nothing was sent. The same job may be tried again, unmarked, when the reason is gone."""

    reason: PrinterState
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Broken:
    """It stopped in the middle: some, all or nothing of it may be on paper. A retry is a reprint.

    ``handed_over`` counts the bytes the transport took, of ``of``.
    """

    reason: PrinterState
    handed_over: int
    of: int
    detail: str = ""


PrintOutcome = Printed | Sent | Held | Broken


class PrinterError(Exception):
    """A mistake in using a printer; ``code`` is stable (``CHOBA_PRINTER_...``).

    Trouble with the printer itself is no exception but a ``PrintOutcome`` or a ``PrinterStatus``.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class SlipRenderer(Protocol):
    """Turns slips into a job for one kind of printer. Pure: same slip, same bytes."""

    @property
    def columns(self) -> int:
        """Columns of the paper: lay the slip out for these."""
        ...

    def render(self, slip: Slip) -> bytes:
        """The job's bytes. A slip with a character the printer lacks is drawn whole.

        Raises PrinterError ``CHOBA_PRINTER_WRONG_WIDTH`` for a slip of other columns.
        """
        ...


class Printer(Protocol):
    """A receipt printer: one job at a time, nothing queued, nothing tried twice.

    All methods block, each for a bounded time (the profile's), and may be called from any thread;
    from asyncio: ``await loop.run_in_executor(executor, printer.print_job, job_id, data)`` with an
    executor of one thread of the printer's own, so that a slow printer never holds up another part.
    """

    def print_job(self, job_id: JobId, data: bytes) -> PrintOutcome:
        """Send one job if the printer is able to print it now.

        A job that was begun is not begun again: PrinterError ``CHOBA_PRINTER_JOB_REPEATED``
        (over restarts, the caller's journal knows). A held one may be.
        """
        ...

    def status(self) -> PrinterStatus:
        """Ask the printer. Waits for a job that is being printed."""
        ...

    def close(self) -> None:
        """Let go of the device. A later call opens it again."""
        ...


# --- speaker -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SoundFile:
    """One recorded sound (mono Ogg Vorbis at 24 kHz), played from beginning to end."""

    path: Path


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence between two sounds."""

    milliseconds: int


SoundPart = SoundFile | Pause
"""A piece of an announcement. Two files without a Pause between them are joined smoothly."""


class PlayOutcome(Enum):
    """What is known about one sound after the speaker was asked for it."""

    PLAYED = "played"
    """The sound was handed to an audio device that was there from beginning to end."""
    NO_DEVICE = "no_device"
    """There is no speaker (none fitted, unplugged, or the system gave a silent stand-in)."""
    FAILED = "failed"
    """The sound could not be read or the device did not take it; ``detail`` says which."""


@dataclass(frozen=True, slots=True)
class PlayReport:
    """The outcome of one play. ``detail`` is for the log: an engineer's words, never shown."""

    outcome: PlayOutcome
    detail: str = ""


class SpeakerState(Enum):
    """What the self-check and the network screen say about the speaker."""

    READY = "ready"
    NO_DEVICE = "no_device"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SpeakerStatus:
    """The speaker's state, the audio driver's name and, for the log, why."""

    state: SpeakerState
    driver: str
    detail: str = ""


class SpeakerBusyError(RuntimeError):
    """``play`` was called while another ``play`` runs: queueing is the announcing machine's."""


class Speaker(Protocol):
    """Plays one announcement at a time; a short effect may sound over it.

    Operating trouble is never raised: it is an outcome. Nothing here blocks the event loop.
    """

    async def play(self, parts: Sequence[SoundPart]) -> PlayReport:
        """Join ``parts`` into one sound, play it, return when the last of it has been played.

        Cancelling the task stops the sound at once. Raises SpeakerBusyError if one is playing.
        """
        ...

    def effect(self, sound: SoundFile) -> PlayOutcome:
        """Start a short sound (a key's tick) over whatever is playing, without waiting for it.

        NO_DEVICE until ``open`` or ``play`` has opened the device; FAILED for a sound that was not
        given to ``open`` as ``preload`` (reading it now would come too late), or if too many sound.
        """
        ...

    async def open(self, preload: Sequence[SoundFile] = ()) -> SpeakerStatus:
        """Open the audio device and decode ``preload``, so that the first sound starts at once.

        Also the self-check: opens again a device that went away and has come back.
        """
        ...

    async def close(self) -> None:
        """Stop what is playing and give the audio device back."""
        ...
