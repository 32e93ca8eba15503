"""One suite for the driver and its simulator: what is handed over is what is heard."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from hardware.ports import (
    Pause,
    PlayOutcome,
    SoundFile,
    SoundPart,
    Speaker,
    SpeakerBusyError,
    SpeakerState,
)
from hardware.sound.compare import Listener
from hardware.sound.joining import RATE, Samples
from hardware.sound.recording import RecordingSpeaker, read_sdl_disk, read_wave, write_wave
from hardware.sound.sdl_speaker import SdlSpeaker
from tests.support.sounds import play_into_file, shipped, shipped_listener

PAID: tuple[SoundPart, ...] = (
    shipped("chimes/paid"),
    Pause(120),
    shipped("ja/1000"),
    shipped("ja/200-yen"),
    Pause(180),
    shipped("ja/paid"),
)
TAP = (shipped("chimes/claimed"),)


@pytest.fixture
def sdl_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return play_into_file(tmp_path, monkeypatch)


@pytest.fixture
def listener() -> Listener:
    return shipped_listener()


@dataclass(frozen=True, slots=True)
class Rig:
    """A speaker and what it has played so far."""

    speaker: Speaker
    heard: Callable[[], Samples]


@pytest.fixture(params=["sdl", "recording"])
async def rig(request: pytest.FixtureRequest, sdl_disk: Path) -> AsyncIterator[Rig]:
    if request.param == "sdl":
        speaker: Speaker = SdlSpeaker()
        yield Rig(speaker, lambda: read_sdl_disk(sdl_disk))
    else:
        simulator = RecordingSpeaker(speed=20)
        yield Rig(simulator, simulator.recording)
        speaker = simulator
    await speaker.close()


async def test_announcements_are_heard_as_handed_over(rig: Rig, listener: Listener) -> None:
    for announcement in (TAP, PAID):
        assert (await rig.speaker.play(announcement)).outcome is PlayOutcome.PLAYED
    assert listener.problems(rig.heard(), [TAP, PAID]) == ()


async def test_second_play_at_once_is_a_mistake_of_the_caller(rig: Rig) -> None:
    first = asyncio.create_task(rig.speaker.play(PAID))
    await asyncio.sleep(0)
    with pytest.raises(SpeakerBusyError):
        await rig.speaker.play(TAP)
    assert (await first).outcome is PlayOutcome.PLAYED


async def test_cancelled_announcement_stops_and_the_next_one_plays(
    rig: Rig, listener: Listener
) -> None:
    await rig.speaker.open()
    first = asyncio.create_task(rig.speaker.play(PAID))
    await asyncio.sleep(0.05)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await asyncio.sleep(0.3)  # silence, so that the piece that was cut off stands by itself
    assert (await rig.speaker.play(TAP)).outcome is PlayOutcome.PLAYED
    transcript = listener.transcribe(rig.heard())
    assert transcript.heard[-1].sound == TAP[0]
    assert shipped("ja/paid") not in [one.sound for one in transcript.heard]


async def test_tick_sounds_over_the_announcement(rig: Rig, listener: Listener) -> None:
    tick = shipped("chimes/tick")
    assert (await rig.speaker.open([tick])).state is SpeakerState.READY
    announcement = asyncio.create_task(rig.speaker.play(PAID))
    await asyncio.sleep(0.1)
    assert rig.speaker.effect(tick) is PlayOutcome.PLAYED
    assert (await announcement).outcome is PlayOutcome.PLAYED
    assert listener.problems(rig.heard(), [PAID], ignored={tick}) == ()
    assert tick in [one.sound for one in listener.transcribe(rig.heard()).heard]


async def test_missing_sound_fails_by_name_and_nothing_is_heard(
    rig: Rig, tmp_path: Path, listener: Listener
) -> None:
    await rig.speaker.open()
    absent = SoundFile(tmp_path / "absent.ogg")
    report = await rig.speaker.play((*TAP, absent))
    assert report.outcome is PlayOutcome.FAILED
    assert "absent.ogg" in report.detail
    assert rig.speaker.effect(absent) is PlayOutcome.FAILED
    assert (await rig.speaker.open([absent])).state is SpeakerState.FAILED
    assert listener.transcribe(rig.heard()).heard == ()


async def test_loop_stays_free_while_something_is_played(rig: Rig) -> None:
    await rig.speaker.open([part for part in PAID if isinstance(part, SoundFile)])
    announcement = asyncio.create_task(rig.speaker.play(PAID))
    turns = 0
    while not announcement.done():
        await asyncio.sleep(0)
        turns += 1
    # one that blocked would let the loop turn once or twice; no time is measured here
    assert turns > 20


async def test_unplugged_simulator_says_so_and_comes_back() -> None:
    speaker = RecordingSpeaker(speed=20)
    announcement = asyncio.create_task(speaker.play(PAID))
    await asyncio.sleep(0.06)
    speaker.unplug()
    assert (await announcement).outcome is PlayOutcome.NO_DEVICE
    assert (await speaker.open()).state is SpeakerState.NO_DEVICE
    assert (await speaker.play(TAP)).outcome is PlayOutcome.NO_DEVICE
    assert speaker.effect(shipped("chimes/tick")) is PlayOutcome.NO_DEVICE
    speaker.plug_in()
    assert (await speaker.play(TAP)).outcome is PlayOutcome.PLAYED


async def test_recording_keeps_the_time_between_sounds(listener: Listener) -> None:
    now = 100.0
    speaker = RecordingSpeaker(clock=lambda: now)
    tap = shipped("chimes/claimed")
    await speaker.open([tap])
    now += 1.0
    speaker.effect(tap)
    now += 2.0
    speaker.effect(tap)
    heard = listener.transcribe(speaker.recording()).heard
    assert [one.start for one in heard] == [RATE, 3 * RATE]


async def test_recording_survives_its_file(tmp_path: Path) -> None:
    speaker = RecordingSpeaker(speed=20)
    await speaker.play(TAP)
    write_wave(tmp_path / "announcement.wav", speaker.recording())
    assert (read_wave(tmp_path / "announcement.wav") == speaker.recording()).all()
