"""Tells what was said in a recording, and whether it was exactly what should have been said.

The recording is taken apart without knowing what is expected: from the first sample that sounds,
the shipped sound that fits best is found, subtracted, and so on until nothing is left. What no
shipped sound explains stays as a finding. Works on recordings of what a driver played (SDL's disk
driver, RecordingSpeaker); a microphone in a room is not what it is made for.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from hardware.ports import SoundFile, SoundPart
from hardware.sound.joining import OVERLAP, RATE, Samples, SoundStore, starts

AUDIBLE: Final = 33
"""Samples beyond this (-60 dBFS) are sound, others silence."""

MAX_LEFT_OVER: Final = 0.02
"""A sound fits if subtracting it leaves less than this share of its energy (-17 dB)."""

MIN_GAIN: Final = 0.1
"""Quieter than a tenth (-20 dB) of the shipped sound is not heard at a counter."""

TIMING_SAMPLES: Final = RATE * 5 // 1000
"""Sounds of one announcement may lie this far from where they belong: less than one can hear."""

_HEAD: Final = RATE * 60 // 1000
_SLACK: Final = RATE * 15 // 1000
_CANDIDATES: Final = 12
_GAP: Final = RATE * 60 // 1000

_Wave = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Heard:
    """One sound found in a recording: where it starts (sample) and how loud (1 = as shipped)."""

    sound: SoundFile
    start: int
    gain: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """What is in a recording. ``unexplained`` are spans (first, last sample) of foreign sound."""

    heard: tuple[Heard, ...]
    unexplained: tuple[tuple[int, int], ...]


class Listener:
    """Knows the shipped sounds and hears them in recordings."""

    def __init__(self, vocabulary: Sequence[SoundFile], store: SoundStore | None = None) -> None:
        self._store = store or SoundStore()
        self._known = [_Known.of(sound, self._store) for sound in vocabulary]
        self._heads = np.stack([known.head for known in self._known])

    def transcribe(self, recording: Samples) -> Transcript:
        """Take a recording apart."""
        rest = recording.astype(np.float64)
        heard: list[Heard] = []
        unexplained: list[tuple[int, int]] = []
        position = 0
        while (onset := _first_audible(rest, position)) is not None:
            found = self._best_fit(rest, onset)
            if found is None:
                end = _end_of_sound(rest, onset)
                unexplained.append((onset, end))
                position = end
                continue
            heard.append(found)
            _subtract(rest, self._store.samples(found.sound), found.start, found.gain)
            position = max(0, onset - OVERLAP)
            if _first_audible(rest, position) == onset:  # the same sample again: no progress
                position = onset + 1
        heard.sort(key=lambda one: one.start)
        return Transcript(tuple(heard), tuple(unexplained))

    def problems(
        self,
        recording: Samples,
        expected: Sequence[Sequence[SoundPart]],
        *,
        ignored: Collection[SoundFile] = (),
    ) -> tuple[str, ...]:
        """What differs from the expected announcements, in sentences; empty if nothing does.

        ``ignored`` sounds (keys that were tapped meanwhile) may be anywhere, any number of times.
        """
        transcript = self.transcribe(recording)
        heard = tuple(one for one in transcript.heard if one.sound not in ignored)
        placed = [starts(parts, self._store) for parts in expected]
        wanted = [sound for announcement in placed for sound, _ in announcement]
        found = [
            f"a sound that is not shipped, from {_seconds(first)} to {_seconds(last)}"
            for first, last in transcript.unexplained
        ]
        found += _differences([one.sound for one in heard], wanted)
        if not found:
            found += _timing(heard, placed, self._store)
        found += [
            f"{_name(one.sound)} at {_seconds(one.start)} is too quiet: {one.gain:.2f}"
            for one in heard
            if one.gain < MIN_GAIN
        ]
        return tuple(found)

    def _best_fit(self, rest: _Wave, onset: int) -> Heard | None:
        first = onset - _SLACK
        window = _slice(rest, first, 2 * _SLACK + _HEAD)
        shifted = np.lib.stride_tricks.sliding_window_view(window, _HEAD)
        energy = np.sqrt((shifted**2).sum(axis=1)) + 1e-9
        likeness = (shifted @ self._heads.T) / energy[:, None]
        lags = likeness.argmax(axis=0)
        order = np.argsort(-likeness.max(axis=0))[:_CANDIDATES]
        fits = [
            (self._known[index], first + int(lags[index]) - self._known[index].audible)
            for index in order
        ]
        best: tuple[float, Heard] | None = None
        for known, start in fits:
            explained, gain = known.fit(rest, start)
            if explained and (best is None or explained > best[0]):
                best = explained, Heard(known.sound, start, gain)
        return best[1] if best else None


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """A shipped sound with what finding it needs: its first audible sample, its start as unit."""

    sound: SoundFile
    samples: _Wave
    audible: int
    head: _Wave

    @classmethod
    def of(cls, sound: SoundFile, store: SoundStore) -> "_Known":
        samples = store.samples(sound).astype(np.float64)
        audible = _first_audible(samples, 0)
        if audible is None:
            raise ValueError(f"{sound.path} is silent: it could never be heard")
        head = _slice(samples, audible, _HEAD)
        return cls(sound, samples, audible, head / np.linalg.norm(head))

    def fit(self, rest: _Wave, start: int) -> tuple[float, float]:
        """Energy that the sound explains there (0: it doesn't fit), and its gain.

        The last ramp is left out: there the next sound has begun already.
        """
        body = self.samples[: len(self.samples) - OVERLAP]
        there = _slice(rest, start, len(body))
        energy = float(body @ body)
        gain = float(body @ there) / energy
        if gain <= 0:
            return 0.0, 0.0
        left = there - gain * body
        if float(left @ left) > MAX_LEFT_OVER * gain**2 * energy:
            return 0.0, gain
        return gain**2 * energy, gain


def _slice(wave: _Wave, start: int, length: int) -> _Wave:
    """Samples from ``start``, with silence where the recording has not begun or is over."""
    inside = wave[max(0, start) : max(0, start + length)]
    before = min(length, max(0, -start))
    return np.pad(inside, (before, length - before - len(inside)))


def _subtract(rest: _Wave, samples: Samples, start: int, gain: float) -> None:
    first = max(0, -start)
    last = min(len(samples), len(rest) - start)
    rest[start + first : start + last] -= gain * samples[first:last]


def _first_audible(wave: _Wave, position: int) -> int | None:
    loud = np.abs(wave[position:]) > AUDIBLE
    return position + int(loud.argmax()) if loud.any() else None


def _end_of_sound(wave: _Wave, onset: int) -> int:
    """Where at least 60 ms of silence begin."""
    loud = np.flatnonzero(np.abs(wave[onset:]) > AUDIBLE)
    gaps = np.flatnonzero(np.diff(loud) > _GAP)
    return onset + int(loud[gaps[0]] if len(gaps) else loud[-1]) + 1


def _differences(heard: list[SoundFile], wanted: list[SoundFile]) -> list[str]:
    if not heard and wanted:
        return ["silence: nothing that is shipped was played"]
    for index, (one, other) in enumerate(zip(heard, wanted, strict=False)):
        if one != other:
            return [f"sound {index + 1} is {_name(one)}, expected {_name(other)}"]
    missing = [_name(sound) for sound in wanted[len(heard) :]]
    surplus = [_name(sound) for sound in heard[len(wanted) :]]
    return [f"missing at the end: {' '.join(missing)}"] * bool(missing) + [
        f"played beyond what was expected: {' '.join(surplus)}"
    ] * bool(surplus)


def _timing(
    heard: Sequence[Heard],
    placed: Sequence[Sequence[tuple[SoundFile, int]]],
    store: SoundStore,
) -> list[str]:
    """Announcements after one another, and inside each every sound where joining puts it."""
    found = []
    following = iter(heard)
    last_end = 0
    for announcement in placed:
        sounds = [next(following) for _ in announcement]
        for one, (_, offset) in zip(sounds, announcement, strict=True):
            late = one.start - sounds[0].start - (offset - announcement[0][1])
            if abs(late) > TIMING_SAMPLES:
                found.append(f"{_name(one.sound)} is {late * 1000 // RATE} ms off its place")
        if sounds and sounds[0].start < last_end:
            found.append(f"{_name(sounds[0].sound)} starts before the announcement before it ends")
        last_end = max((one.start + len(store.samples(one.sound)) for one in sounds), default=0)
    return found


def _name(sound: SoundFile) -> str:
    return f"{sound.path.parent.name}/{sound.path.stem}"


def _seconds(sample: int) -> str:
    return f"{sample / RATE:.2f} s"
