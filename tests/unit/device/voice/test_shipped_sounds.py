"""The files that are shipped: all there, all audible, as loud as each other, and nothing else."""

import csv
import hashlib

import numpy as np
import pytest
import soundfile

from device.voice.announcements import Chime
from device.voice.clips import CLIPS, ClipName
from device.voice.files import ALL_SOUNDS, SOUND_FOLDER, sound_file
from hardware.sound.joining import OVERLAP, RATE, read_sound

MAX_BYTES = 3_000_000


def decibels(value: float) -> float:
    return float(20 * np.log10(value))


def levels(name: ClipName) -> tuple[float, float]:
    """Peak and RMS over the whole sound, in dBFS."""
    samples = read_sound(sound_file(name)).astype(float) / 32768
    return decibels(np.abs(samples).max()), decibels(np.sqrt((samples**2).mean()))


@pytest.mark.parametrize("name", CLIPS)
def test_clip_is_clear_speech_of_a_sane_length(name: ClipName) -> None:
    peak, rms = levels(name)
    assert -12 < peak < -0.5  # neither faint nor clipped
    assert -22 < rms < -15
    seconds = len(read_sound(sound_file(name))) / RATE
    assert 0.15 < seconds < 2.0
    # a speaker of numbers says 4 to 12 letters of kana or 6 to 20 of English a second
    letters = len(CLIPS[name].reading)
    assert 0.04 < seconds / letters < 0.25


@pytest.mark.parametrize("name", CLIPS)
def test_clip_begins_and_ends_without_a_click(name: ClipName) -> None:
    samples = np.abs(read_sound(sound_file(name)).astype(int))
    loudest = samples.max()
    assert samples[: OVERLAP // 10].max() < loudest / 20
    assert samples[-(OVERLAP // 10) :].max() < loudest / 20


@pytest.mark.parametrize("chime", Chime)
def test_chime_is_audible_and_not_louder_than_the_voice(chime: Chime) -> None:
    peak, rms = levels(chime.value)
    assert -15 < peak < -3
    assert -30 < rms < -16


def test_chimes_differ_in_length_or_pitch() -> None:
    def features(chime: Chime) -> tuple[int, int]:
        samples = read_sound(sound_file(chime.value)).astype(float)
        spectrum = np.abs(np.fft.rfft(samples, n=RATE))
        return round(len(samples) * 20 / RATE), int(spectrum.argmax()) // 40

    assert len({features(chime) for chime in Chime}) == len(Chime)


def test_training_chime_is_a_fifth_lower() -> None:
    def loudest(chime: Chime) -> float:
        samples = read_sound(sound_file(chime.value)).astype(float)
        return float(np.abs(np.fft.rfft(samples, n=10 * RATE)).argmax()) / 10

    assert loudest(Chime.PAID_TRAINING) / loudest(Chime.PAID) == pytest.approx(2 / 3, rel=0.01)


def test_no_two_sounds_are_the_same() -> None:
    digests = {hashlib.sha256(sound_file(name).path.read_bytes()).digest() for name in ALL_SOUNDS}
    assert len(digests) == len(ALL_SOUNDS)


def test_manifest_is_of_these_files_and_these_words() -> None:
    with (SOUND_FOLDER / "MANIFEST.tsv").open(encoding="utf-8") as file:
        rows = {row["name"]: row for row in csv.DictReader(file, delimiter="\t")}
    assert rows.keys() == set(ALL_SOUNDS)
    for name, row in rows.items():
        data = sound_file(ClipName(name)).path.read_bytes()
        assert row["sha256"] == hashlib.sha256(data).hexdigest()
    assert all(rows[name]["text"] == clip.text for name, clip in CLIPS.items())


def test_nothing_else_is_shipped_and_the_size_is_bounded() -> None:
    shipped = set(SOUND_FOLDER.rglob("*.ogg"))
    assert shipped == {sound_file(name).path for name in ALL_SOUNDS}
    assert sum(path.stat().st_size for path in shipped) < MAX_BYTES


def test_licence_travels_in_every_file() -> None:
    for name in ALL_SOUNDS:
        with soundfile.SoundFile(sound_file(name).path) as file:
            assert file.license
            assert file.copyright
