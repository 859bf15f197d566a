"""Tempo and key of a recording with how sure they are, by librosa; None where there is no beat or no key.

Both are read from its middle at a quarter of the sample rate, which takes some ten milliseconds for half a minute. The
tempo is the lag at which onsets repeat, preferring what people tap; it may be half or twice what somebody taps, as
people differ there too. The key is that of the scale which the notes fit best. Confidence is the share of played
recordings of known tempo and key, with noise and drums at many levels, that came out right when the evidence was as
strong (half or twice the tempo counts as right).

References
----------
D. Ellis, "Beat tracking by dynamic programming", Journal of New Music Research 36(1), 2007: tempo by autocorrelation.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from audiomodel.keys import Key, hear_key
from audiomodel.mel import mel_filters
from audiomodel.spectra import NARROW_RATE, power_spectra

Floats = NDArray[np.floating]

# Read of long recordings, from the middle.
MOST_SECONDS = 120.0
# Of shorter recordings no tempo, and no key, is told.
LEAST_SECONDS = 4.0
SLOWEST, FASTEST = 40.0, 240.0  # beats a minute
_ONSET_FFT, _ONSET_HOP, _ONSET_MELS = 512, 128, 40  # samples, samples, bands
# What people tap: most at this tempo, seldom at half or twice of it.
_USUAL, _OCTAVES = 115.0, 0.7  # beats a minute, octaves
# Onsets weaker than this are of rounding and beating tones: power of the onset strength, dB².
_LEAST_ONSETS = 0.03
_LEAST_PULSE = 0.07


class Tempo(NamedTuple):
    """A tempo in beats a minute, and how sure it is in [0, 1]."""

    bpm: float
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
    narrow = np.asarray(soxr.resample(middle, sample_rate, NARROW_RATE, quality="HQ"), np.float32)
    return Rhythm(_tempo(onsets(narrow)), hear_key(narrow))


def onsets(narrow: NDArray[np.float32]) -> Floats:
    """Return how much begins at each hop, shape (n_hops,), in dB, less its mean over the second around."""
    import librosa

    power = power_spectra(narrow, _ONSET_FFT, _ONSET_HOP)
    mel = librosa.power_to_db(mel_filters(NARROW_RATE, _ONSET_FFT, _ONSET_MELS) @ power.T, ref=np.max, top_db=60)
    strength = librosa.onset.onset_strength(S=mel, sr=NARROW_RATE, hop_length=_ONSET_HOP, center=False)
    second = np.ones(NARROW_RATE // _ONSET_HOP) * _ONSET_HOP / NARROW_RATE
    return np.asarray(strength - np.convolve(strength, second, "same"))


def _tempo(strength: Floats) -> Tempo | None:
    import librosa

    hops_a_minute = 60 * NARROW_RATE / _ONSET_HOP
    repeats = _repeats(strength, int(8 * hops_a_minute / 120) + 2)
    # A beat repeats after one and after two beats; what comes after one alone is rather a part of it.
    n_lags = min(int(hops_a_minute / SLOWEST), len(repeats) // 2)
    pulse = np.maximum((repeats[:n_lags] + repeats[: 2 * n_lags : 2]) / 2, 0)
    guess = librosa.feature.tempo(
        tg=pulse[:, None],
        sr=NARROW_RATE,
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
    """Return the share of recordings with such a pulse whose tempo came out right.

    Fitted to 200 that were played: a fifth without a beat, the others with noise, jitter and drift in all strengths.
    """
    return float(1 / (1 + np.exp(-4.9 - 1.64 * np.log(pulse))))
