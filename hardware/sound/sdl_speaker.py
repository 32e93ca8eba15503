"""The speaker driver: SDL2_mixer on whatever audio the machine has.

The device stays open and is fed silence between sounds: many USB and HDMI speakers swallow the
first syllable after waking up, and some click each time they are opened.
"""

import asyncio
import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
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


@dataclass(frozen=True, slots=True)
class _Playing:
    """A sound that SDL reads from memory, which must outlive it."""

    chunk: int
    memory: Samples


class SdlSpeaker:
    """The Speaker port over SDL2_mixer. ``SDL_AUDIODRIVER`` chooses the driver, as in all of SDL.

    Use from one event loop. Without SDL or an audio device everything is NO_DEVICE, and every play
    tries again to open one: a speaker plugged in later is found.
    """

    def __init__(self, store: SoundStore | None = None) -> None:
        self._store = store or SoundStore()
        self._library: SdlLibrary | None = None
        self._device: int | None = None
        self._driver = ""
        self._busy = False
        self._opening = asyncio.Lock()
        self._in_thread = Lock()  # a cancelled task leaves its thread opening
        self._effects: dict[int, _Playing] = {}

    async def open(self, preload: Sequence[SoundFile] = ()) -> SpeakerStatus:
        """See Speaker.open. A preload that can't be read makes the state FAILED."""
        status = await self._ensure_open()
        try:
            await asyncio.to_thread(lambda: [self._store.samples(sound) for sound in preload])
        except SoundUnreadableError as error:
            return SpeakerStatus(SpeakerState.FAILED, self._driver, str(error))
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
        library, samples = self._library, self._store.cached(sound)
        if library is None or not self._is_there(library):
            return PlayOutcome.NO_DEVICE
        if samples is None:
            return PlayOutcome.FAILED
        mixer = library.mixer
        for channel in _EFFECT_CHANNELS:
            if not mixer.Mix_Playing(channel):
                self._release(channel)
                playing = _start(library, channel, samples)
                if playing is None:
                    return PlayOutcome.FAILED
                self._effects[channel] = playing
                return PlayOutcome.PLAYED
        return PlayOutcome.FAILED  # three ticks still sound: a fourth would not be told apart

    async def close(self) -> None:
        """See Speaker.close."""
        async with self._opening:
            await asyncio.to_thread(self._close)

    async def _play(self, parts: Sequence[SoundPart]) -> PlayReport:
        try:
            samples = await asyncio.to_thread(join, parts, self._store)
        except SoundUnreadableError as error:
            return PlayReport(PlayOutcome.FAILED, str(error))
        status = await self._ensure_open()
        library = self._library
        if status.state is not SpeakerState.READY or library is None:
            return PlayReport(PlayOutcome.NO_DEVICE, status.detail)
        if not len(samples):
            return PlayReport(PlayOutcome.PLAYED, "nothing to play")
        playing = _start(library, _VOICE_CHANNEL, samples)
        if playing is None:
            return PlayReport(PlayOutcome.FAILED, library.error())
        try:
            return await self._until_played(library, len(samples) / RATE)
        finally:
            library.mixer.Mix_HaltChannel(_VOICE_CHANNEL)
            library.mixer.Mix_FreeChunk(playing.chunk)

    async def _until_played(self, library: SdlLibrary, seconds: float) -> PlayReport:
        deadline = monotonic() + seconds + _OVERDUE_SECONDS
        while library.mixer.Mix_Playing(_VOICE_CHANNEL):
            if not self._is_there(library):
                return PlayReport(PlayOutcome.NO_DEVICE, "the audio device was closed or went away")
            if monotonic() > deadline:
                return PlayReport(PlayOutcome.FAILED, "the audio device stopped taking samples")
            await asyncio.sleep(_POLL_SECONDS)
        await asyncio.sleep(_DRAIN_SECONDS)
        return PlayReport(PlayOutcome.PLAYED, self._driver)

    async def _ensure_open(self) -> SpeakerStatus:
        async with self._opening:
            if self._library is not None and self._is_there(self._library):
                return SpeakerStatus(SpeakerState.READY, self._driver)
            # opening may take a second on a sleeping USB speaker
            return await asyncio.to_thread(self._open_again)

    def _open_again(self) -> SpeakerStatus:
        with self._in_thread:
            self._close_held()
            return self._open_held()

    def _open_held(self) -> SpeakerStatus:
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
        opened = library.mixer.Mix_OpenAudioDevice(RATE, AUDIO_S16SYS, 1, CHUNK, None, 0) == 0
        if not opened or driver in _SILENT_DRIVERS:
            reason = f"SDL's driver {driver} is silent" if opened else library.error()
            if opened:
                library.mixer.Mix_CloseAudio()
            library.sdl.SDL_QuitSubSystem(SDL_INIT_AUDIO)
            return SpeakerStatus(SpeakerState.NO_DEVICE, driver, reason)
        library.mixer.Mix_AllocateChannels(1 + len(_EFFECT_CHANNELS))
        self._library, self._driver = library, driver
        self._device = next(iter(library.playing_devices() - before), None)
        return SpeakerStatus(SpeakerState.READY, driver)

    def _is_there(self, library: SdlLibrary) -> bool:
        """SDL goes on swallowing samples for a device that was unplugged; only this tells."""
        return self._device in library.playing_devices()

    def _close(self) -> None:
        with self._in_thread:
            self._close_held()

    def _close_held(self) -> None:
        library = self._library
        if library is None:
            return
        for channel in (_VOICE_CHANNEL, *_EFFECT_CHANNELS):
            library.mixer.Mix_HaltChannel(channel)
            self._release(channel)
        library.mixer.Mix_CloseAudio()
        library.sdl.SDL_QuitSubSystem(SDL_INIT_AUDIO)
        self._library, self._device, self._driver = None, None, ""

    def _release(self, channel: int) -> None:
        ended = self._effects.pop(channel, None)
        if ended is not None and self._library is not None:
            self._library.mixer.Mix_FreeChunk(ended.chunk)


def _start(library: SdlLibrary, channel: int, samples: Samples) -> _Playing | None:
    """Start a sound on a channel; None if SDL refuses (``library.error()`` says why)."""
    memory = np.ascontiguousarray(samples)
    pointer = memory.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
    chunk = library.mixer.Mix_QuickLoad_RAW(pointer, memory.nbytes)
    if not chunk:
        return None
    if library.mixer.Mix_PlayChannelTimed(channel, chunk, 0, -1) != channel:
        library.mixer.Mix_FreeChunk(chunk)
        return None
    return _Playing(chunk, memory)
