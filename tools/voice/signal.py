"""What every shipped sound goes through: resampling, level, edges."""

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.signal import resample_poly

Samples = npt.NDArray[np.float64]
"""Mono, full scale is ±1."""

RATE: Final = 24_000
"""Samples per second of everything shipped: both voices carry nothing above 12 kHz."""

EDGE: Final = RATE * 10 // 1000
"""Each spoken clip begins and ends with a raised-cosine ramp this long, in samples. The device
overlaps neighbours by exactly this, and two such ramps add up to one: no dip, no click."""

SPEECH_RMS: Final = 10 ** (-17 / 20)
"""Level of the voice while it speaks, so that the amount is never quieter than the sentence."""

PEAK: Final = 10 ** (-1.5 / 20)
"""No sample above this: room for the overshoot of lossy coding."""


def resample(samples: Samples, from_rate: int) -> Samples:
    """Change the rate to RATE with a linear-phase filter."""
    divisor = int(np.gcd(from_rate, RATE))
    resampled: Samples = resample_poly(samples, RATE // divisor, from_rate // divisor)
    return resampled


def active_rms(samples: Samples) -> float:
    """RMS over the 10 ms frames in which something sounds (within 30 dB of the loudest)."""
    frame = RATE // 100
    padded = np.pad(samples, (0, -len(samples) % frame)).reshape(-1, frame)
    power = (padded**2).mean(axis=1)
    return float(np.sqrt(power[power > power.max() / 1000].mean()))


def ramp_edges(samples: Samples, head: int = EDGE, tail: int = EDGE) -> Samples:
    """Fade the first ``head`` and the last ``tail`` samples with raised cosines."""
    shaped = samples.copy()
    shaped[:head] *= _ramp(head)
    shaped[len(shaped) - tail :] *= _ramp(tail)[::-1]
    return shaped


def _ramp(length: int) -> Samples:
    return 0.5 - 0.5 * np.cos(np.pi * (np.arange(length) + 0.5) / length)


def level_speech(samples: Samples) -> Samples:
    """Bring speech to SPEECH_RMS, holding single peaks under PEAK."""
    return limit(samples * (SPEECH_RMS / active_rms(samples)))


def limit(samples: Samples) -> Samples:
    """Turn the sound down around peaks above PEAK, smoothly (a look-ahead limiter, 5 ms)."""
    width = RATE // 200
    needed = np.minimum(1.0, PEAK / np.maximum(np.abs(samples), 1e-9))
    padded = np.pad(needed, width, mode="edge")
    held = np.lib.stride_tricks.sliding_window_view(padded, 2 * width + 1).min(axis=1)
    window = np.hanning(2 * width + 1)
    gain = np.convolve(np.pad(held, width, mode="edge"), window / window.sum(), mode="valid")
    return samples * np.minimum(gain, needed)
