"""The sounds without words, out of damped sine waves. Own work, Apache-2.0.

Made for a small speaker on a noisy counter: nothing rests on a partial below 300 Hz, which such a
speaker does not give, and each is told from the others by its rhythm and direction, not by its
pitch alone.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from device.voice.announcements import Chime
from tools.voice.signal import RATE, Samples, ramp_edges

FIFTH_LOWER: Final = 2 / 3
_ATTACK: Final = RATE * 2 // 1000
_RELEASE: Final = RATE * 20 // 1000

Partials = Sequence[tuple[float, float, float]]
"""(frequency as a multiple of the note's, amplitude, seconds until it fell by 60 dB)."""

_PLUCKED: Final[Partials] = ((1, 1, 0.6), (2, 0.5, 0.45), (3, 0.28, 0.3), (4, 0.14, 0.2))
_BELL: Final[Partials] = ((1, 1, 1.8), (2.01, 0.4, 1.2), (2.99, 0.25, 0.7), (4.17, 0.12, 0.4))
_WOOD: Final[Partials] = ((1, 1, 0.09), (2.57, 0.6, 0.05), (4.95, 0.3, 0.03))
_HOLLOW: Final[Partials] = ((1, 1, 0.7), (2, 0.6, 0.5), (3, 0.4, 0.35))
_CLICK: Final[Partials] = ((1, 1, 0.012), (1.9, 0.5, 0.008))

# equal temperament, A4 = 440 Hz
_C4, _E4, _A4, _D5, _E5, _A5, _B5, _E6 = (
    440 * 2 ** (semitones / 12) for semitones in (-9, -5, 0, 5, 7, 12, 14, 19)
)


def chime_samples(chime: Chime) -> Samples:
    """Return the sound of a chime."""
    return _SOUNDS[chime]()


def _note(frequency: float, partials: Partials) -> Samples:
    seconds = max(decay for _, _, decay in partials)
    time = np.arange(int(seconds * RATE)) / RATE
    sound = np.zeros_like(time)
    for multiple, amplitude, decay in partials:
        pitch = 2 * np.pi * frequency * multiple
        sound += amplitude * np.exp(-6.9 * time / decay) * np.sin(pitch * time)
    return sound


def _sequence(notes: Sequence[tuple[float, float, Partials]], peak_db: float) -> Samples:
    """Lay notes (frequency, start in seconds, partials) over each other, to a peak in dBFS."""
    sounds = [(int(start * RATE), _note(frequency, kind)) for frequency, start, kind in notes]
    total: Samples = np.zeros(max(at + len(sound) for at, sound in sounds))
    for at, sound in sounds:
        total[at : at + len(sound)] += sound
    total = ramp_edges(total, _ATTACK, min(_RELEASE, len(total) // 2))
    scaled: Samples = total * (10 ** (peak_db / 20) / np.abs(total).max())
    return scaled


def _paid(pitch: float = 1.0) -> Samples:
    """E5, A5, B5, E6: fourth, second, fourth; a koto's open strings, rising, the last one rings."""
    steps = ((_E5, 0.0), (_A5, 0.11), (_B5, 0.22), (_E6, 0.33))
    return _sequence([(note * pitch, start, _PLUCKED) for note, start in steps], -4)


_SOUNDS: Final[dict[Chime, Callable[[], Samples]]] = {
    Chime.TICK: lambda: _sequence([(2_300, 0, _CLICK)], -14),
    Chime.CLAIMED: lambda: _sequence([(820, 0, _WOOD)], -5),
    Chime.PAID: _paid,
    Chime.PAID_TRAINING: lambda: _paid(FIFTH_LOWER),
    Chime.LATE: lambda: _sequence([(_A5, 0, _BELL)], -10),
    Chime.CHECKING: lambda: _sequence([(_E4, 0, _HOLLOW)], -8),
    Chime.CODE_TRUE: lambda: _sequence([(_D5, 0, _PLUCKED), (_A5, 0.16, _PLUCKED)], -6),
    Chime.CODE_FALSE: lambda: _sequence([(_A4, 0, _HOLLOW), (_E4, 0.28, _HOLLOW)], -6),
    Chime.PRINTER: lambda: _sequence([(430, 0, _WOOD), (430, 0.17, _WOOD)], -5),
}
