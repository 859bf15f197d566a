"""Tempo and key of a recording with how sure they are, by librosa; None where there is no beat or no key.

Both are read from its middle at a quarter of the sample rate, which takes some ten milliseconds for half a minute. The
tempo is the lag at which onsets repeat, preferring what people tap; it may be half or twice what somebody taps, as
people differ there too. The key is that of the scale which the notes fit best. Confidence is the share of played
recordings of known tempo and key, with noise and drums at many levels, that came out right when the evidence was as
strong (half or twice the tempo counts as right).

References
----------
D. Ellis, "Beat tracking by dynamic programming", Journal of New Music Research 36(1), 2007: tempo by autocorrelation.
C. Krumhansl, *Cognitive Foundations of Musical Pitch*, Oxford University Press, 1990: profiles of keys.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from audiomodel.mel import mel_filters

Floats = NDArray[np.floating]

# Read of long recordings, from the middle.
MOST_SECONDS = 120.0
# Of shorter recordings no tempo, and no key, is told.
LEAST_SECONDS = 4.0
SLOWEST, FASTEST = 40.0, 240.0  # beats a minute
_RATE = 11_025  # Hz
_ONSET_FFT, _ONSET_HOP, _ONSET_MELS = 512, 128, 40  # samples, samples, bands
# What people tap: most at this tempo, seldom at half or twice of it.
_USUAL, _OCTAVES = 115.0, 0.7  # beats a minute, octaves
# Onsets weaker than this are of rounding and beating tones: power of the onset strength, dB².
_LEAST_ONSETS = 0.03
_LEAST_PULSE = 0.07
# Windows of a third of a second tell semitones apart from 60 Hz on.
_NOTE_FFT, _NOTE_HOP = 4_096, 2_048  # samples
_LOWEST, _HIGHEST = 60.0, 2_000.0  # Hz
_LEAST_PARTIAL = 1e-4  # amplitude; what is below is rounding
# Noise correlates with some key by up to 0.4.
_LEAST_FIT = 0.5
_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)


class Tempo(NamedTuple):
    """A tempo in beats a minute, and how sure it is in [0, 1]."""

    bpm: float
    confidence: float


class Key(NamedTuple):
    """A key such as ``C major`` or ``F# minor``, and how sure it is in [0, 1]."""

    name: str
    confidence: float


class Rhythm(NamedTuple):
    """What is told of a recording."""

    tempo: Tempo | None
    key: Key | None


def hear_rhythm(waveform: NDArray[np.float32], sample_rate: int) -> Rhythm:
    """Tell tempo and key.

    Parameters
    ----------
    waveform : shape (n_samples,)
        Mono, in [-1, 1].
    """
    if len(waveform) < LEAST_SECONDS * sample_rate:
        return Rhythm(None, None)
    import soxr

    spare = max(0, len(waveform) - int(MOST_SECONDS * sample_rate))
    middle = waveform[spare // 2 : len(waveform) - (spare - spare // 2)]
    narrow = np.asarray(soxr.resample(middle, sample_rate, _RATE, quality="HQ"), np.float32)
    return Rhythm(_tempo(onsets(narrow)), _key(pitch_classes(narrow)))


def onsets(narrow: NDArray[np.float32]) -> Floats:
    """Return how much begins at each hop, shape (n_hops,), in dB, less its mean over the second around."""
    import librosa

    power = _power(narrow, _ONSET_FFT, _ONSET_HOP)
    mel = librosa.power_to_db(mel_filters(_RATE, _ONSET_FFT, _ONSET_MELS) @ power.T, ref=np.max, top_db=60)
    strength = librosa.onset.onset_strength(S=mel, sr=_RATE, hop_length=_ONSET_HOP, center=False)
    second = np.ones(_RATE // _ONSET_HOP) * _ONSET_HOP / _RATE
    return np.asarray(strength - np.convolve(strength, second, "same"))


def _tempo(strength: Floats) -> Tempo | None:
    import librosa

    hops_a_minute = 60 * _RATE / _ONSET_HOP
    repeats = _repeats(strength, int(8 * hops_a_minute / 120) + 2)
    # A beat repeats after one and after two beats; what comes after one alone is rather a part of it.
    n_lags = min(int(hops_a_minute / SLOWEST), len(repeats) // 2)
    pulse = np.maximum((repeats[:n_lags] + repeats[: 2 * n_lags : 2]) / 2, 0)
    guess = librosa.feature.tempo(
        tg=pulse[:, None],
        sr=_RATE,
        hop_length=_ONSET_HOP,
        start_bpm=_USUAL,
        std_bpm=_OCTAVES,
        max_tempo=FASTEST,
    )
    lag = round(hops_a_minute / float(guess[0]))
    if not 0 < lag < n_lags or pulse[lag] < _LEAST_PULSE:
        return None
    return Tempo(round(hops_a_minute / _refined(lag, repeats), 1), round(tempo_confidence(float(pulse[lag])), 3))


def _repeats(strength: Floats, n_lags: int) -> Floats:
    """Return how alike onsets are to those some hops later, about in [-1, 1], shape (n_lags,)."""
    import librosa

    n_lags = min(n_lags, len(strength) // 2)
    products = librosa.autocorrelate(strength, max_size=n_lags) / (len(strength) - np.arange(n_lags))
    return np.asarray(products / (products[0] + _LEAST_ONSETS))


def _refined(lag: int, repeats: Floats) -> float:
    """Return a lag to a fraction of a hop: repeats of two, four and eight beats tell it ever more exactly."""
    exact = float(lag)
    for beats in (1, 2, 4, 8):
        first, end = round((exact - 0.5) * beats), round((exact + 0.5) * beats) + 1
        if end + 1 >= len(repeats):
            break
        peak = first + int(repeats[first:end].argmax())
        if repeats[peak] < repeats[lag] / 2:
            break
        before, top, after = repeats[peak - 1 : peak + 2]
        bend = before - 2 * top + after
        exact = (peak + (float(np.clip((before - after) / (2 * bend), -0.5, 0.5)) if bend < 0 else 0.0)) / beats
    return exact


def tempo_confidence(pulse: float) -> float:
    """Return the share of recordings with such a pulse whose tempo came out right."""
    return float(np.clip((pulse - 0.05) / 0.4, 0, 1))


def pitch_classes(narrow: NDArray[np.float32]) -> Floats:
    """Return how much of each note there is, whatever its octave, from C on, shape (12,); in the recording's tuning.

    Only peaks of the spectrum count, so that drums and noise leave little.
    """
    import librosa

    magnitude = np.sqrt(_power(narrow, _NOTE_FFT, _NOTE_HOP)).T
    width = _RATE / _NOTE_FFT  # Hz
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


def _key(chroma: Floats) -> Key | None:
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


def key_confidence(margin: float) -> float:
    """Return the share of recordings whose key came out right when it fitted so much better than the next."""
    return float(1 / (1 + np.exp(0.1 - 10.8 * margin)))


@lru_cache(maxsize=1)
def _profiles() -> Floats:
    """Return how much of each note there is in each key, centered and of unit length, shape (24, 12)."""
    profiles = np.array([np.roll(kind, tonic) for kind in (_MAJOR, _MINOR) for tonic in range(12)])
    profiles -= profiles.mean(axis=1, keepdims=True)
    return np.asarray(profiles / np.linalg.norm(profiles, axis=1, keepdims=True))


def _power(narrow: NDArray[np.float32], n_fft: int, hop_length: int) -> NDArray[np.float32]:
    """Return the power spectrum of each frame, shape (n_frames, 1 + n_fft // 2)."""
    from scipy.fft import rfft

    frames = np.lib.stride_tricks.sliding_window_view(narrow, n_fft)[::hop_length]
    spectrum = rfft(frames * np.hanning(n_fft).astype(np.float32), axis=1)
    return np.asarray(spectrum.real**2 + spectrum.imag**2, np.float32)
