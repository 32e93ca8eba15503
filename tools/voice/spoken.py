"""What both voices hand over: a clip inside the sentence in which it was spoken."""

from dataclasses import dataclass
from typing import Protocol

from device.voice.clips import Clip
from tools.voice.signal import Samples


class VoiceBuildError(Exception):
    """The synthesiser said something else than the table asks for."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One clip as synthesised: the sound of the whole sentence and where the clip lies in it.

    ``start`` and ``end`` count samples; ``opens_sentence`` tells that only silence precedes it.
    """

    sentence: Samples
    start: int
    end: int
    opens_sentence: bool
    phonemes: tuple[str, ...]


class Voice(Protocol):
    """A synthesiser for one language."""

    def speak(self, clip: Clip) -> Spoken:
        """Return the clip in its sentence. Raises VoiceBuildError if it would be misread."""
        ...
