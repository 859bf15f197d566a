"""The key of a recording with how sure it is: that whose notes fit best; None where there are none.

References
----------
C. Krumhansl, *Cognitive Foundations of Musical Pitch*, Oxford University Press, 1990: profiles of keys.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from audiomodel.spectra import NARROW_RATE, power_spectra

Floats = NDArray[np.floating]

# Windows of a third of a second tell semitones apart from 60 Hz on.
_NOTE_FFT, _NOTE_HOP = 4_096, 2_048  # samples
_LOWEST, _HIGHEST = 60.0, 2_000.0  # Hz
_LEAST_PARTIAL = 1e-4  # amplitude; what is below is rounding
# Noise correlates with some key by up to 0.4.
_LEAST_FIT = 0.5
_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)


class Key(NamedTuple):
    """A key such as ``C major`` or ``F# minor``, and how sure it is in [0, 1]."""

    name: str
    confidence: float


def hear_key(narrow: NDArray[np.float32]) -> Key | None:
    """Tell the key of a recording at `NARROW_RATE`, shape (n_samples,)."""
    chroma = pitch_classes(narrow)
    spread = chroma - chroma.mean()
    size = float(np.linalg.norm(spread))
    if not size:
        return None
    fits = _profiles() @ (spread / size)
    second, best = np.argsort(fits)[-2:]
    if fits[best] < _LEAST_FIT:
        return None
    name = f"{_NAMES[best % 12]} {'major' if best < 12 else 'minor'}"
    return Key(name, round(key_confidence(float(fits[best] - fits[second])), 3))


def pitch_classes(narrow: NDArray[np.float32]) -> Floats:
    """Return how much of each note there is, whatever its octave, from C on, shape (12,); in the recording's tuning.

    Only peaks of the spectrum count, so that drums and noise leave little.
    """
    import librosa

    magnitude = np.sqrt(power_spectra(narrow, _NOTE_FFT, _NOTE_HOP)).T
    width = NARROW_RATE / _NOTE_FFT  # Hz
    magnitude[: int(_LOWEST / width)] = magnitude[int(_HIGHEST / width) :] = 0
    inner = magnitude[1:-1]
    least = np.maximum(0.02 * magnitude.max(axis=0), _LEAST_PARTIAL * _NOTE_FFT / 4)
    is_peak = (inner > magnitude[:-2]) & (inner >= magnitude[2:]) & (inner > least)
    bins, frames = np.nonzero(is_peak)
    if not len(bins):
        return np.zeros(12)
    before, top, after = np.log(np.maximum(magnitude[[bins, bins + 1, bins + 2], frames], 1e-9))
    frequency = (bins + 1 + (before - after) / (2 * (before - 2 * top + after) - 1e-9)) * width
    strength = inner[bins, frames]
    tuning = librosa.pitch_tuning(frequency[strength >= np.median(strength)])
    note = librosa.hz_to_midi(frequency) - tuning
    in_tune = np.cos(np.pi * (note - np.rint(note))) ** 2
    chroma = np.bincount(
        np.rint(note).astype(int) % 12 * magnitude.shape[1] + frames, strength * in_tune, 12 * magnitude.shape[1]
    ).reshape(12, -1)
    loudness = chroma.sum(axis=0)
    # Each moment counts alike, however loud, except for what is almost silent.
    weight = np.minimum(1, loudness / max(float(np.median(loudness)), 1e-9)) / np.maximum(chroma.max(axis=0), 1e-9)
    return np.asarray(chroma @ weight)


def key_confidence(margin: float) -> float:
    """Return the share of recordings whose key came out right when it fitted so much better than the next.

    Fitted to 120 that were played, with drums, noise and mistuning in all strengths.
    """
    return float(1 / (1 + np.exp(0.1 - 10.8 * margin)))


@lru_cache(maxsize=1)
def _profiles() -> Floats:
    """Return how much of each note there is in each key, centered and of unit length, shape (24, 12)."""
    profiles = np.array([np.roll(kind, tonic) for kind in (_MAJOR, _MINOR) for tonic in range(12)])
    profiles -= profiles.mean(axis=1, keepdims=True)
    return np.asarray(profiles / np.linalg.norm(profiles, axis=1, keepdims=True))
