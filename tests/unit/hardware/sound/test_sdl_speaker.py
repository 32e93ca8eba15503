"""The driver's troubles: no device, a silent one, one that goes away. Told, never raised."""

import asyncio
import signal
from pathlib import Path

import pytest

from hardware.ports import PlayOutcome, SpeakerState
from hardware.sound.compare import Listener
from hardware.sound.joining import RATE
from hardware.sound.recording import read_sdl_disk
from hardware.sound.sdl_library import SdlLibrary
from hardware.sound.sdl_speaker import SdlSpeaker
from tests.support.sounds import play_into_file, shipped, shipped_listener

TAP = (shipped("chimes/claimed"),)
LONG = (shipped("chimes/late"),)


@pytest.fixture
def sdl_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return play_into_file(tmp_path, monkeypatch)


@pytest.fixture
def listener() -> Listener:
    return shipped_listener()


@pytest.mark.parametrize("driver", ["dummy", "no-such-driver"])
async def test_no_audible_device_is_said(driver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_AUDIODRIVER", driver)
    speaker = SdlSpeaker()
    status = await speaker.open()
    assert status.state is SpeakerState.NO_DEVICE
    assert status.detail
    report = await speaker.play(TAP)
    assert report.outcome is PlayOutcome.NO_DEVICE
    assert report.detail
    assert speaker.effect(TAP[0]) is PlayOutcome.NO_DEVICE
    await speaker.close()


async def test_device_that_appears_later_is_found(
    sdl_disk: Path, monkeypatch: pytest.MonkeyPatch, listener: Listener
) -> None:
    monkeypatch.setenv("SDL_AUDIODRIVER", "no-such-driver")
    speaker = SdlSpeaker()
    assert (await speaker.play(TAP)).outcome is PlayOutcome.NO_DEVICE
    monkeypatch.setenv("SDL_AUDIODRIVER", "disk")
    assert (await speaker.play(TAP)).outcome is PlayOutcome.PLAYED
    await speaker.close()
    assert listener.problems(read_sdl_disk(sdl_disk), [TAP]) == ()


async def test_device_that_stops_running_is_noticed_and_opened_again(sdl_disk: Path) -> None:
    speaker = SdlSpeaker()
    await speaker.open()
    # SDL reports an unplugged device as one that no longer runs; a paused one looks the same
    sdl = SdlLibrary()
    (device,) = sdl.playing_devices()
    playing = asyncio.create_task(speaker.play(LONG))
    await asyncio.sleep(0.02)
    sdl.sdl.SDL_PauseAudioDevice(device, 1)
    assert (await playing).outcome is PlayOutcome.NO_DEVICE
    assert (await speaker.play(TAP)).outcome is PlayOutcome.PLAYED
    await speaker.close()


async def test_device_that_takes_no_samples_is_given_up(
    sdl_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SDL_DISKAUDIODELAY", "700")  # milliseconds for 21 ms of sound
    speaker = SdlSpeaker(overdue_seconds=0.2)
    report = await speaker.play(TAP)
    assert report.outcome is PlayOutcome.FAILED
    assert report.detail == "the audio device stopped taking samples"
    await speaker.close()


async def test_closed_speaker_plays_no_more_until_it_is_needed(sdl_disk: Path) -> None:
    speaker = SdlSpeaker()
    await speaker.open()
    playing = asyncio.create_task(speaker.play(LONG))
    await asyncio.sleep(0.02)
    await speaker.close()
    assert (await playing).outcome is PlayOutcome.NO_DEVICE
    assert SdlLibrary().playing_devices() == frozenset()
    await speaker.close()


async def test_sixty_ticks_keep_no_memory_of_sdl(sdl_disk: Path) -> None:
    tick = shipped("chimes/tick")
    speaker = SdlSpeaker()
    await speaker.open([tick])
    outcomes = []
    for _ in range(60):
        outcomes.append(speaker.effect(tick))
        await asyncio.sleep(0.005)
    assert outcomes.count(PlayOutcome.PLAYED) > 50
    assert len(speaker._sounding) <= 3
    await speaker.close()


async def test_sdl_leaves_the_signals_to_the_program(sdl_disk: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    speaker = SdlSpeaker()
    await speaker.open()
    assert signal.getsignal(signal.SIGTERM) == before
    caught: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: caught.append(number))
    signal.raise_signal(signal.SIGTERM)
    signal.signal(signal.SIGTERM, before)
    assert caught == [signal.SIGTERM]
    await speaker.close()


async def test_samples_reach_the_device_unchanged(sdl_disk: Path, listener: Listener) -> None:
    speaker = SdlSpeaker()
    await speaker.play(LONG)
    await speaker.close()
    (heard,) = listener.transcribe(read_sdl_disk(sdl_disk)).heard
    assert heard.gain == pytest.approx(1.0, abs=1e-9)
    assert heard.start < 5 * RATE  # the device is fed silence only until the sound is asked for
