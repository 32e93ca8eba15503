"""The speaker driver: SDL2_mixer on whatever audio the machine has.

The device stays open and is fed silence between sounds: many USB and HDMI speakers swallow the
first syllable after waking up, and some click each time they are opened.

SDL2_mixer crashes the process when it is asked about a sound after its device was closed. So all
calls to it are made on the event loop, between two awaits, and only while ``self._device`` is set;
what may take long (opening, closing) runs in a thread while it is not.
"""

import asyncio
import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
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
from hardware.sound.sdl_library import AUDIO_S16SYS, SDL_INIT_AUDIO, SdlLibrary, SdlMissingError

CHUNK: Final = 512
"""Samples mixed at a time: 21 ms, the granularity of start and stop."""

_VOICE_CHANNEL: Final = 0
_EFFECT_CHANNELS: Final = (1, 2, 3)
_POLL_SECONDS: Final = 0.01
_DRAIN_SECONDS: Final = 2 * CHUNK / RATE
"""What the device still holds when the mixer has handed over the last sample."""
_OVERDUE_SECONDS: Final = 2.0
_SILENT_DRIVERS: Final = ("dummy",)
"""Drivers of SDL that take every sample and let nobody hear it."""


class SdlSpeaker:
    """The Speaker port over SDL2_mixer. ``SDL_AUDIODRIVER`` chooses the driver, as in all of SDL.

    Use from one event loop. Without SDL or an audio device everything is NO_DEVICE, and every play
    tries again to open one: a speaker plugged in later is found.
    """

    def __init__(
        self, store: SoundStore | None = None, *, overdue_seconds: float = _OVERDUE_SECONDS
    ) -> None:
        """``overdue_seconds``: how long a sound may take beyond its length before it FAILED."""
        self._store = store or SoundStore()
        self._overdue_seconds = overdue_seconds
        self._device: _Device | None = None
        self._sounding: dict[int, _Sounding] = {}
        self._opening: asyncio.Task[SpeakerStatus] | None = None
        self._busy = False

    async def open(self, preload: Sequence[SoundFile] = ()) -> SpeakerStatus:
        """See Speaker.open. A preload that can't be read makes the state FAILED."""
        status = await self._ensure_open()
        try:
            await asyncio.to_thread(lambda: [self._store.samples(sound) for sound in preload])
        except SoundUnreadableError as error:
            return SpeakerStatus(SpeakerState.FAILED, status.driver, str(error))
        return status

    async def play(self, parts: Sequence[SoundPart]) -> PlayReport:
        """See Speaker.play."""
        if self._busy:
            raise SpeakerBusyError("one announcement at a time: wait for the last play to return")
        self._busy = True
        try:
            return await self._play(parts)
        finally:
            self._busy = False

    def effect(self, sound: SoundFile) -> PlayOutcome:
        """See Speaker.effect. A sound that was not preloaded is FAILED: reading would block."""
        device, samples = self._device, self._store.cached(sound)
        if device is None or not device.is_there():
            return PlayOutcome.NO_DEVICE
        free = [channel for channel in _EFFECT_CHANNELS if not device.is_playing(channel)]
        if samples is None or not free:  # a fourth tick at once would not be told apart
            return PlayOutcome.FAILED
        started = self._start(device, free[0], samples)
        return PlayOutcome.FAILED if started is None else PlayOutcome.PLAYED

    async def close(self) -> None:
        """See Speaker.close. A later play opens the device again."""
        if self._opening is not None:
            await asyncio.wait([self._opening])
        await self._give_back()

    async def _play(self, parts: Sequence[SoundPart]) -> PlayReport:
        try:
            samples = await asyncio.to_thread(join, parts, self._store)
        except SoundUnreadableError as error:
            return PlayReport(PlayOutcome.FAILED, str(error))
        status = await self._ensure_open()
        device = self._device
        if device is None:
            return PlayReport(PlayOutcome.NO_DEVICE, status.detail)
        if not len(samples):
            return PlayReport(PlayOutcome.PLAYED, "nothing to play")
        started = self._start(device, _VOICE_CHANNEL, samples)
        if started is None:
            return PlayReport(PlayOutcome.FAILED, device.library.error())
        try:
            return await self._until_played(device, started, len(samples) / RATE)
        finally:
            if self._sounding.get(_VOICE_CHANNEL) is started:
                self._stop(device, _VOICE_CHANNEL)

    async def _until_played(
        self, device: "_Device", started: "_Sounding", seconds: float
    ) -> PlayReport:
        deadline = monotonic() + seconds + self._overdue_seconds
        while True:
            # SDL goes on swallowing samples for a device that was unplugged
            if self._sounding.get(_VOICE_CHANNEL) is not started or not device.is_there():
                return PlayReport(PlayOutcome.NO_DEVICE, "the audio device was closed or went away")
            if not device.is_playing(_VOICE_CHANNEL):
                break
            if monotonic() > deadline:
                return PlayReport(PlayOutcome.FAILED, "the audio device stopped taking samples")
            await asyncio.sleep(_POLL_SECONDS)
        await asyncio.sleep(_DRAIN_SECONDS)
        return PlayReport(PlayOutcome.PLAYED, device.driver)

    async def _ensure_open(self) -> SpeakerStatus:
        if self._device is not None and self._device.is_there():
            return SpeakerStatus(SpeakerState.READY, self._device.driver)
        if self._opening is None or self._opening.done():
            self._opening = asyncio.create_task(self._open_again())
        # shielded: a cancelled announcement must not leave a device behind that nobody knows
        return await asyncio.shield(self._opening)

    async def _open_again(self) -> SpeakerStatus:
        await self._give_back()
        # may take a second on a sleeping USB speaker
        opened = await asyncio.to_thread(_open_device)
        if isinstance(opened, SpeakerStatus):
            return opened
        self._device = opened
        return SpeakerStatus(SpeakerState.READY, opened.driver)

    async def _give_back(self) -> None:
        device, self._device = self._device, None
        if device is None:
            return
        for channel in tuple(self._sounding):
            self._stop(device, channel)
        await asyncio.to_thread(device.close)

    def _start(self, device: "_Device", channel: int, samples: Samples) -> "_Sounding | None":
        """Start a sound on a channel; None if SDL refuses."""
        self._stop(device, channel)
        started = device.start(channel, samples)
        if started is not None:
            self._sounding[channel] = started
        return started

    def _stop(self, device: "_Device", channel: int) -> None:
        ended = self._sounding.pop(channel, None)
        if ended is not None:
            device.stop(channel, ended)


@dataclass(frozen=True, slots=True, eq=False)
class _Sounding:
    """A sound that SDL reads from memory, which must outlive it."""

    chunk: int
    memory: Samples


@dataclass(frozen=True, slots=True)
class _Device:
    """An audio device that is open. Not to be used after ``close``."""

    library: SdlLibrary
    number: int
    driver: str

    def is_there(self) -> bool:
        """Whether it still runs; SDL tells of an unplugged device nowhere else."""
        return self.number in self.library.playing_devices()

    def is_playing(self, channel: int) -> bool:
        return bool(self.library.mixer.Mix_Playing(channel))

    def start(self, channel: int, samples: Samples) -> _Sounding | None:
        mixer = self.library.mixer
        memory = np.ascontiguousarray(samples)
        pointer = memory.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
        chunk = mixer.Mix_QuickLoad_RAW(pointer, memory.nbytes)
        if not chunk:
            return None
        if mixer.Mix_PlayChannelTimed(channel, chunk, 0, -1) != channel:
            mixer.Mix_FreeChunk(chunk)
            return None
        return _Sounding(chunk, memory)

    def stop(self, channel: int, sounding: _Sounding) -> None:
        self.library.mixer.Mix_HaltChannel(channel)
        self.library.mixer.Mix_FreeChunk(sounding.chunk)

    def close(self) -> None:
        self.library.mixer.Mix_CloseAudio()
        self.library.sdl.SDL_QuitSubSystem(SDL_INIT_AUDIO)


def _open_device() -> _Device | SpeakerStatus:
    """Open the machine's audio device, or say why there is none."""
    try:
        library = SdlLibrary()
    except SdlMissingError as error:
        return SpeakerStatus(SpeakerState.NO_DEVICE, "", str(error))
    # SDL would otherwise turn SIGTERM into an event that nobody reads without a window
    library.sdl.SDL_SetHint(b"SDL_NO_SIGNAL_HANDLERS", b"1")
    if library.sdl.SDL_InitSubSystem(SDL_INIT_AUDIO) != 0:
        return SpeakerStatus(SpeakerState.NO_DEVICE, "", library.error())
    driver = (library.sdl.SDL_GetCurrentAudioDriver() or b"").decode()
    before = library.playing_devices()
    if library.mixer.Mix_OpenAudioDevice(RATE, AUDIO_S16SYS, 1, CHUNK, None, 0) != 0:
        reason = library.error()
        library.sdl.SDL_QuitSubSystem(SDL_INIT_AUDIO)
        return SpeakerStatus(SpeakerState.NO_DEVICE, driver, reason)
    number = next(iter(library.playing_devices() - before), 0)
    device = _Device(library, number, driver)
    if driver in _SILENT_DRIVERS or not number:
        device.close()
        reason = f"SDL's driver {driver} is silent" if number else "the device does not run"
        return SpeakerStatus(SpeakerState.NO_DEVICE, driver, reason)
    library.mixer.Mix_AllocateChannels(1 + len(_EFFECT_CHANNELS))
    return device
