"""What each physical part *is*: the Protocols that drivers and simulators both keep."""

# --- speaker -------------------------------------------------------------------------------------

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol


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

        NO_DEVICE until the device has been opened by ``open`` or ``play``.
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
