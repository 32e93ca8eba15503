"""Recordings of what was played, and the simulator that makes them without an audio device."""

import asyncio
import wave
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic
from typing import Final

import numpy as np

from hardware.ports import (
    PlayOutcome,
    PlayReport,
    SoundFile,
    SoundPart,
    SpeakerBusyError,
    SpeakerState,
    SpeakerStatus,
)
from hardware.sound.joining import RATE, Samples, SoundStore, SoundUnreadableError, join

MAX_RECORDED_SECONDS: Final = 3600
"""What a recorder keeps; later sounds are FAILED, so that a forgotten one can't eat the memory."""


def read_wave(path: Path) -> Samples:
    """Read a recording as ``write_wave`` writes it. Raises ValueError on another format."""
    with wave.open(str(path), "rb") as file:
        layout = (file.getnchannels(), file.getsampwidth(), file.getframerate())
        if layout != (1, 2, RATE):
            raise ValueError(f"{path}: {layout}; it must be 1 channel, 2 bytes, {RATE} Hz")
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.int16)


def write_wave(path: Path, samples: Samples) -> None:
    """Write samples as a WAV file, mono, 16 bit, 24 kHz."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.astype("<i2").tobytes())


def read_sdl_disk(path: Path) -> Samples:
    """Read what SDL's disk driver wrote (``SDL_DISKAUDIOFILE``) for SdlSpeaker."""
    data = path.read_bytes()
    return np.frombuffer(data[: len(data) // 2 * 2], dtype="<i2").astype(np.int16)


class RecordingSpeaker:
    """The Speaker port with a recording in place of a loudspeaker.

    Sounds lie in the recording where they were played in time, as a microphone would have taken
    them. ``speed`` makes its time pass faster than the clock: 10 plays a second in 100 ms.
    ``unplug`` and ``plug_in`` play what happens to a speaker on a counter.
    """

    def __init__(
        self,
        store: SoundStore | None = None,
        *,
        speed: float = 1.0,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._store = store or SoundStore()
        self._speed = speed
        self._clock = clock
        self._began = clock()
        self._plugged_in = True
        self._busy = False
        self._takes: list[tuple[int, Samples]] = []

    def unplug(self) -> None:
        """Take the speaker away; what is playing is cut off."""
        self._plugged_in = False

    def plug_in(self) -> None:
        """Bring the speaker back."""
        self._plugged_in = True

    def recording(self) -> Samples:
        """Everything that was heard so far, silence between included."""
        length = max((at + len(samples) for at, samples in self._takes), default=0)
        total = np.zeros(length, dtype=np.int32)
        for at, samples in self._takes:
            total[at : at + len(samples)] += samples
        return np.clip(total, -32768, 32767).astype(np.int16)

    async def open(self, preload: Sequence[SoundFile] = ()) -> SpeakerStatus:
        """See Speaker.open."""
        if not self._plugged_in:
            return SpeakerStatus(SpeakerState.NO_DEVICE, "recording", "unplugged")
        try:
            await asyncio.to_thread(lambda: [self._store.samples(sound) for sound in preload])
        except SoundUnreadableError as error:
            return SpeakerStatus(SpeakerState.FAILED, "recording", str(error))
        return SpeakerStatus(SpeakerState.READY, "recording")

    async def play(self, parts: Sequence[SoundPart]) -> PlayReport:
        """See Speaker.play."""
        if self._busy:
            raise SpeakerBusyError("one announcement at a time: wait for the last play to return")
        self._busy = True
        try:
            samples = await asyncio.to_thread(join, parts, self._store)
            return await self._take(samples)
        except SoundUnreadableError as error:
            return PlayReport(PlayOutcome.FAILED, str(error))
        finally:
            self._busy = False

    def effect(self, sound: SoundFile) -> PlayOutcome:
        """See Speaker.effect."""
        samples = self._store.cached(sound)
        if not self._plugged_in:
            return PlayOutcome.NO_DEVICE
        if samples is None or self._now() > MAX_RECORDED_SECONDS * RATE:
            return PlayOutcome.FAILED
        self._takes.append((self._now(), samples))
        return PlayOutcome.PLAYED

    async def close(self) -> None:
        """See Speaker.close. The recording stays."""
        self._plugged_in = False

    async def _take(self, samples: Samples) -> PlayReport:
        start = self._now()
        if not self._plugged_in:
            return PlayReport(PlayOutcome.NO_DEVICE, "unplugged")
        if start > MAX_RECORDED_SECONDS * RATE:
            return PlayReport(PlayOutcome.FAILED, "the recording is full")
        end = start + len(samples)
        heard_until = start
        try:
            while self._plugged_in and heard_until < end:
                await asyncio.sleep(min(0.02, (end - heard_until) / RATE / self._speed))
                heard_until = min(end, max(heard_until, self._now()))
        finally:
            self._takes.append((start, samples[: heard_until - start]))
        if heard_until < end:
            return PlayReport(PlayOutcome.NO_DEVICE, "unplugged meanwhile")
        return PlayReport(PlayOutcome.PLAYED, "recording")

    def _now(self) -> int:
        return int((self._clock() - self._began) * self._speed * RATE)
