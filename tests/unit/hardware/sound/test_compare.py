"""The listener fails on everything that is not exactly what should have been said."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from hardware.ports import Pause, SoundPart
from hardware.sound.compare import Listener
from hardware.sound.joining import RATE, Samples, SoundStore, join
from tests.support.sounds import shared_store, shipped, shipped_listener


@pytest.fixture
def listener() -> Listener:
    return shipped_listener()


@pytest.fixture
def store() -> SoundStore:
    return shared_store()


def paid(*amount: str) -> tuple[SoundPart, ...]:
    clips = tuple(shipped(f"ja/{stem}") for stem in amount)
    return (shipped("chimes/paid"), Pause(120), *clips, Pause(180), shipped("ja/paid"))


ANNOUNCED = paid("1-man", "3000", "400", "80-yen")


def silence(seconds: float) -> Samples:
    return np.zeros(int(seconds * RATE), dtype=np.int16)


def recorded(store: SoundStore, *announcements: Sequence[SoundPart]) -> Samples:
    pieces = [silence(0.137)]
    for announcement in announcements:
        pieces += [join(announcement, store), silence(0.5)]
    return np.concatenate(pieces)


def test_exactly_this_passes(listener: Listener, store: SoundStore) -> None:
    assert listener.problems(recorded(store, ANNOUNCED), [ANNOUNCED]) == ()
    tap = (shipped("chimes/claimed"),)
    assert listener.problems(recorded(store, tap, ANNOUNCED), [tap, ANNOUNCED]) == ()
    assert listener.problems(silence(1), []) == ()


def test_half_volume_passes_and_a_whisper_does_not(listener: Listener, store: SoundStore) -> None:
    whole = recorded(store, ANNOUNCED)
    assert listener.problems((whole // 2).astype(np.int16), [ANNOUNCED]) == ()
    assert "too quiet" in listener.problems((whole // 20).astype(np.int16), [ANNOUNCED])[0]


@pytest.mark.parametrize(
    ("played", "told"),
    [
        ([], "silence"),
        ([paid("3000", "1-man", "400", "80-yen")], "sound 2 is ja/3000, expected ja/1-man"),
        ([paid("1-man", "400", "80-yen")], "sound 3 is ja/400, expected ja/3000"),
        ([ANNOUNCED[1:]], "sound 1 is ja/1-man, expected chimes/paid"),
        ([ANNOUNCED[:-1]], "missing at the end: ja/paid"),
        ([paid("1-man", "3000", "400", "90-yen")], "ja/90-yen, expected ja/80-yen"),
        ([paid("2-man", "3000", "400", "80-yen")], "ja/2-man, expected ja/1-man"),
        ([paid("1-man", "3000", "400", "80")], "ja/80, expected ja/80-yen"),
        ([ANNOUNCED, ANNOUNCED], "played beyond what was expected: chimes/paid"),
        ([paid("1-man", "3000", "3000", "400", "80-yen")], "is ja/3000, expected ja/400"),
        ([ANNOUNCED, (shipped("ja/training"),)], "beyond what was expected: ja/training"),
    ],
)
def test_anything_else_is_told(
    listener: Listener, store: SoundStore, played: list[Sequence[SoundPart]], told: str
) -> None:
    problems = listener.problems(recorded(store, *played), [ANNOUNCED])
    assert problems
    assert told in problems[0]


def with_hole(samples: Samples) -> Samples:
    samples[2 * RATE : 2 * RATE + RATE // 25] = 0
    return samples


def with_stutter(samples: Samples) -> Samples:
    return np.concatenate([samples[: 2 * RATE], silence(0.05), samples[2 * RATE :]])


def with_repeat(samples: Samples) -> Samples:
    return np.concatenate([samples[: 2 * RATE], samples[2 * RATE - 1_000 :]])


def with_noise(samples: Samples) -> Samples:
    samples[-RATE // 4 : -RATE // 8] = np.random.default_rng(1).integers(-900, 900, RATE // 8)
    return samples


def cut_off(samples: Samples) -> Samples:
    return samples[: 3 * RATE]


@pytest.mark.parametrize("damage", [with_hole, with_stutter, with_repeat, with_noise, cut_off])
def test_damage_on_the_way_is_told(
    listener: Listener, store: SoundStore, damage: Callable[[Samples], Samples]
) -> None:
    damaged = damage(recorded(store, ANNOUNCED))
    assert listener.problems(damaged, [ANNOUNCED]) != ()


def test_pause_in_the_wrong_place_is_told(listener: Listener, store: SoundStore) -> None:
    halting = paid("1-man", "3000", "400", "80-yen")
    halting = (*halting[:4], Pause(300), *halting[4:])
    (problem,) = listener.problems(recorded(store, halting), [ANNOUNCED])[:1]
    assert problem.startswith("ja/400 is 310 ms off its place")


def test_two_announcements_at_once_are_told(listener: Listener, store: SoundStore) -> None:
    tap = (shipped("chimes/late"),)
    together = recorded(store, ANNOUNCED).astype(np.int32)
    bell = join(tap, store)
    together[RATE * 3 : RATE * 3 + len(bell)] += bell[: len(together) - RATE * 3]
    both = np.clip(together, -32768, 32767).astype(np.int16)
    assert listener.problems(both, [ANNOUNCED, tap]) != ()
    assert listener.problems(both, [ANNOUNCED]) != ()


def test_every_shipped_sound_is_told_from_all_others(listener: Listener, store: SoundStore) -> None:
    for known in listener._known:
        recording = np.concatenate([silence(0.1), store.samples(known.sound), silence(0.1)])
        (heard,) = listener.transcribe(recording).heard
        assert heard.sound == known.sound
        assert heard.start == RATE // 10
