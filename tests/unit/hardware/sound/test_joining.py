"""Joining sounds into one buffer."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from hardware.ports import Pause, SoundFile, SoundPart
from hardware.sound.joining import (
    OVERLAP,
    RATE,
    Samples,
    SoundStore,
    SoundUnreadableError,
    join,
    read_sound,
    starts,
)


def make_sound(path: Path, samples: Samples, rate: int = RATE) -> SoundFile:
    soundfile.write(path, samples, rate, subtype="PCM_16", format="WAV")
    return SoundFile(path)


def constant(level: int, length: int = 2_400) -> Samples:
    return np.full(length, level, dtype=np.int16)


def test_neighbours_overlap_by_their_ramp_and_pauses_are_silent(tmp_path: Path) -> None:
    one = make_sound(tmp_path / "one.wav", constant(1_000))
    two = make_sound(tmp_path / "two.wav", constant(200))
    parts: list[SoundPart] = [one, two, Pause(50), one]
    joined = join(parts, SoundStore())
    second, third = 2_400 - OVERLAP, 2 * 2_400 - OVERLAP + RATE // 20
    assert [start for _, start in starts(parts, SoundStore())] == [0, second, third]
    assert set(joined[:second]) == {1_000}
    assert set(joined[second:2_400]) == {1_200}
    assert set(joined[2_400 : third - RATE // 20]) == {200}
    assert set(joined[third - RATE // 20 : third]) == {0}
    assert len(joined) == third + 2_400


def test_too_loud_together_is_held_at_full_scale(tmp_path: Path) -> None:
    loud = make_sound(tmp_path / "loud.wav", constant(30_000))
    assert join([loud, loud], SoundStore()).max() == 32_767


def test_nothing_is_silence() -> None:
    assert len(join([], SoundStore())) == 0


@pytest.mark.parametrize(
    ("channels", "rate", "seconds"), [(2, RATE, 1.0), (1, 44_100, 1.0), (1, RATE, 0.005)]
)
def test_another_format_is_refused_by_name(
    tmp_path: Path, channels: int, rate: int, seconds: float
) -> None:
    samples = np.zeros((int(rate * seconds), channels), dtype=np.int16)
    sound = make_sound(tmp_path / "odd.wav", samples, rate)
    with pytest.raises(SoundUnreadableError, match=r"CHOBA_SOUND_UNREADABLE.*odd\.wav"):
        read_sound(sound)


def test_missing_file_and_no_audio_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "text.ogg").write_text("this is no sound")
    for name in ("text.ogg", "absent.ogg"):
        with pytest.raises(SoundUnreadableError, match=name):
            read_sound(SoundFile(tmp_path / name))


def test_announcement_without_end_is_refused(tmp_path: Path) -> None:
    sound = make_sound(tmp_path / "one.wav", constant(1_000))
    with pytest.raises(SoundUnreadableError, match="31 s"):
        join([sound, Pause(31_000)], SoundStore())


def test_store_reads_once_and_forgets_the_longest_unused(tmp_path: Path) -> None:
    one, two, three = (
        make_sound(tmp_path / f"{name}.wav", constant(level))
        for level, name in enumerate(("one", "two", "three"), start=1)
    )
    store = SoundStore(capacity=2)
    assert store.cached(one) is None
    first = store.samples(one)
    store.samples(two)
    assert store.samples(one) is first
    store.samples(three)
    assert store.cached(two) is None
    assert store.cached(one) is first
