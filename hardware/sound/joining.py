"""Recorded sounds and pauses become one buffer, so that playing them can't stutter in between.

Every shipped sound begins and ends with a raised-cosine ramp; neighbours without a pause overlap by
exactly that ramp, so joining is plain addition and nothing is faded here.
"""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Final, assert_never

import numpy as np
import numpy.typing as npt
import soundfile

from hardware.ports import Pause, SoundFile, SoundPart

Samples = npt.NDArray[np.int16]
"""Mono, signed 16 bit."""

RATE: Final = 24_000
"""Samples per second of every shipped sound and of what drivers play."""

OVERLAP: Final = RATE * 10 // 1000
"""Samples by which neighbours without a pause overlap: the ramp of the shipped clips."""

MAX_SECONDS: Final = 30
"""No announcement is longer: the longest amount in English with its sentence takes 10 s."""

_CACHED_SOUNDS: Final = 320
"""All that is shipped in both languages: about 12 MB if every one has been said."""


class SoundUnreadableError(Exception):
    """A sound can't be played: missing, no audio file, another format, or too long.

    ``code`` is ``CHOBA_SOUND_UNREADABLE``; the message names the file and what is wrong with it.
    """

    code = "CHOBA_SOUND_UNREADABLE"

    def __init__(self, reason: str) -> None:
        super().__init__(f"{self.code}: {reason}")


class SoundStore:
    """Reads sounds and keeps them decoded, least recently used first out. Thread-safe."""

    def __init__(self, capacity: int = _CACHED_SOUNDS) -> None:
        self._capacity = capacity
        self._decoded: OrderedDict[SoundFile, Samples] = OrderedDict()
        self._lock = Lock()

    def samples(self, sound: SoundFile) -> Samples:
        """Return the sound decoded. Raises SoundUnreadableError."""
        with self._lock:
            if sound in self._decoded:
                self._decoded.move_to_end(sound)
                return self._decoded[sound]
        samples = read_sound(sound)
        with self._lock:
            self._decoded[sound] = samples
            while len(self._decoded) > self._capacity:
                self._decoded.popitem(last=False)
        return samples

    def cached(self, sound: SoundFile) -> Samples | None:
        """Return the sound if it is decoded already; never reads a file."""
        with self._lock:
            return self._decoded.get(sound)


def read_sound(sound: SoundFile) -> Samples:
    """Decode a file. Raises SoundUnreadableError."""
    try:
        samples, rate = soundfile.read(sound.path, dtype="int16", always_2d=True)
    except (OSError, soundfile.SoundFileError) as error:
        raise SoundUnreadableError(f"{sound.path}: {error}") from error
    if rate != RATE or samples.shape[1] != 1:
        raise SoundUnreadableError(
            f"{sound.path} has {samples.shape[1]} channels at {rate} Hz; it must be mono at {RATE}"
        )
    if not OVERLAP < len(samples) <= MAX_SECONDS * RATE:
        raise SoundUnreadableError(f"{sound.path} is {len(samples) / RATE:.3f} s long")
    mono: Samples = samples[:, 0].copy()
    return mono


def starts(parts: Sequence[SoundPart], store: SoundStore) -> list[tuple[SoundFile, int]]:
    """Return each sound with the sample at which it starts. Raises SoundUnreadableError."""
    placed: list[tuple[SoundFile, int]] = []
    end, adjacent = 0, False
    for part in parts:
        match part:
            case Pause(milliseconds=milliseconds):
                end += milliseconds * RATE // 1000
                adjacent = False
            case SoundFile():
                start = end - OVERLAP if adjacent else end
                placed.append((part, start))
                end, adjacent = start + len(store.samples(part)), True
            case _:
                assert_never(part)
    if end > MAX_SECONDS * RATE:
        raise SoundUnreadableError(f"the announcement is {end / RATE:.0f} s long")
    return placed


def join(parts: Sequence[SoundPart], store: SoundStore) -> Samples:
    """Lay the parts behind each other. Raises SoundUnreadableError; empty parts give silence."""
    placed = [(store.samples(sound), start) for sound, start in starts(parts, store)]
    length = max((start + len(samples) for samples, start in placed), default=0)
    total = np.zeros(length, dtype=np.int32)
    for samples, start in placed:
        total[start : start + len(samples)] += samples
    return np.clip(total, -32768, 32767).astype(np.int16)
