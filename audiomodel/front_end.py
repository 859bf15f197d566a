"""The front end: from a waveform to the picture that the networks see, the log-mel spectrogram of the data sets' files.

A power spectrogram with 128 mel bands as librosa computes it, of which only one frame in about twenty is kept: one of
46 ms each 234 ms. So only those are transformed, and for each the two around it that have most energy, since levels
are counted down from the loudest of all frames, kept or not. Tests hold all of it to librosa, which is not imported:
that costs a second that a fresh worker has no use for. Frames have a constant spacing whatever the length, so that a
short clip gives fewer frames, never stretched ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from audiomodel.mel import mel_filters

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# Power below which everything is silence, as in `librosa.power_to_db`.
_LEAST_POWER = 1e-10
# Frames that are transformed at once: all of a clip, and of an hour no more than 4 MB.
_BLOCK = 256  # frames


@dataclass(frozen=True)
class FrontEnd:
    """What a picture of sound was made with; saved beside each network, as another one reads other pictures.

    Parameters
    ----------
    frame_spacing
        From one kept frame to the next, in hops; 128 frames are 30 s.
    n_bands
        Of `levels`: neighboring mel bands are averaged to so many.
    top_db
        Whatever lies further below the loudest is silence.
    """

    sample_rate: int = 44_100  # Hz
    n_fft: int = 2_048  # samples
    hop_length: int = 512  # samples
    n_mels: int = 128
    n_bands: int = 64
    frame_spacing: float = 20.1875  # hops
    top_db: float = 80.0  # dB

    @property
    def frame_seconds(self) -> float:
        """From one kept frame to the next, in seconds."""
        return self.frame_spacing * self.hop_length / self.sample_rate

    def n_frames(self, n_samples: int) -> int:
        """Return how many frames of a waveform are kept; a single sample has one."""
        n_hops = 1 + n_samples // self.hop_length
        # As many j as have int((j + 1/2) * spacing) < n_hops, which is (j + 1/2) * spacing < n_hops.
        return max(1, int(np.ceil(n_hops / self.frame_spacing - 0.5)))


def log_mel(waveform: NDArray[np.float32], front_end: FrontEnd) -> NDArray[np.float32]:
    """Compute the kept frames of the log-mel spectrogram, and how loud it is between them.

    Parameters
    ----------
    waveform : shape (n_samples,)
        Mono audio in [-1, 1] at the sample rate of the front end; one sample is enough.

    Returns
    -------
    shape (n_mels + 1, n_frames)
        Power in dB, not normalized, -100 or more: one row a mel band, the lowest first, and as the last row the loudest
        band of any frame from halfway to the frame before to halfway to the one after. So a window is a slice.

    Raises
    ------
    ValueError
        If `waveform` is not one-dimensional, or empty.
    """
    if waveform.ndim != 1 or not waveform.size:
        raise ValueError(f"expected a waveform of shape (n_samples,), got {waveform.shape}, is it mono and not empty?")
    kept, loudest = _hops(waveform, front_end)
    power = np.empty((front_end.n_mels + 1, len(kept)), np.float32)
    for first in range(0, len(kept), _BLOCK):
        block = slice(first, first + _BLOCK)
        power[:-1, block] = _mel_power(waveform, kept[block], front_end)
        power[-1, block] = power[:-1, block].max(axis=0)
        for hops in loudest:
            np.maximum(power[-1, block], _mel_power(waveform, hops[block], front_end).max(axis=0), out=power[-1, block])
    return np.asarray(10 * np.log10(np.maximum(power, _LEAST_POWER)), np.float32)


def levels(window: NDArray[np.float32], front_end: FrontEnd) -> NDArray[np.uint8]:
    """Turn a window of a log-mel spectrogram into the levels that networks are trained on.

    They depend on the range of the window only, not on how loud it was recorded.

    Parameters
    ----------
    window : shape (n_mels + 1, n_frames)
        Consecutive columns from `log_mel`.

    Returns
    -------
    shape (n_bands, n_frames)
        0..127 from the quietest to the loudest of the window, at most `top_db` apart; all 0 where all is alike.
    """
    db = np.maximum(window[:-1] - window[-1].max(), -front_end.top_db)
    quietest = db.min()
    # Less than a thousandth of a decibel is rounding, not sound.
    if quietest > -1e-3:
        return np.zeros((front_end.n_bands, window.shape[1]), np.uint8)
    full = np.clip((db - quietest) / -quietest * 256, 0, 255).astype(np.uint8)
    # The mean of neighbors, halved: rounded once, to even, as in the data sets' files.
    halves = full.reshape(front_end.n_bands, -1, window.shape[1]).mean(axis=1, dtype=np.float32) / 2
    return np.asarray(np.minimum(np.rint(halves), 127), np.uint8)


@lru_cache(maxsize=4)
def _hann(n_fft: int) -> NDArray[np.float32]:
    """Return the periodic Hann window."""
    return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft), np.float32)


@lru_cache(maxsize=4)
def _sparse_filters(front_end: FrontEnd) -> csr_array:
    """Return the filters without their zeros, 98 % of them; it also keeps linear algebra from starting threads."""
    from scipy.sparse import csr_array

    return csr_array(mel_filters(front_end.sample_rate, front_end.n_fft, front_end.n_mels))


def _hops(waveform: NDArray[np.float32], front_end: FrontEnd) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which hops are kept, shape (n_frames,), and the two with most energy around each, shape (2, n_frames)."""
    n_frames, n_hops = front_end.n_frames(len(waveform)), 1 + len(waveform) // front_end.hop_length
    kept = ((np.arange(n_frames) + 0.5) * front_end.frame_spacing).astype(np.int64)
    if kept[0] >= n_hops:  # too short for any: the middle, where most of the sound is in the frame
        kept[0] = n_hops // 2
    edges = (np.arange(n_frames + 1) * front_end.frame_spacing).astype(np.int64)
    edges[-1] = n_hops
    energy = _energy(waveform, front_end)
    loudest = [first + energy[first:end].argsort()[[-1, -min(2, end - first)]] for first, end in pairwise(edges)]
    return kept, np.asarray(loudest, np.int64).T


def _energy(waveform: NDArray[np.float32], front_end: FrontEnd) -> NDArray[np.float32]:
    """Return the energy of the windowed frame at each hop, shape (n_hops,), as of a window with steps."""
    step = front_end.hop_length // 4
    padded = np.pad(waveform[len(waveform) // step * step :], (0, -len(waveform) % step))
    steps = waveform[: len(waveform) // step * step].reshape(-1, step)
    energy = np.append(np.einsum("ij,ij->i", steps, steps), padded @ padded)
    weights = (_hann(front_end.n_fft) ** 2).reshape(-1, step).mean(axis=1)
    # At step i of the full convolution the frame ends with step i, so that its center is half a frame earlier.
    centered = np.convolve(energy, weights)[len(weights) // 2 - 1 :]
    return np.asarray(centered[::4], np.float32)


def _mel_power(waveform: NDArray[np.float32], hops: NDArray[np.int64], front_end: FrontEnd) -> NDArray[np.float32]:
    """Return the power in each mel band of the frames at some hops, shape (n_mels, n_hops)."""
    from scipy.fft import rfft  # in single precision, which numpy's is not

    frames = _frames(waveform, hops * front_end.hop_length - front_end.n_fft // 2, front_end.n_fft)
    spectrum = rfft(frames * _hann(front_end.n_fft), axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    return np.asarray(_sparse_filters(front_end) @ power.T, np.float32)


def _frames(waveform: NDArray[np.float32], starts: NDArray[np.int64], n_fft: int) -> NDArray[np.float32]:
    """Gather frames, shape (n_frames, n_fft); there is silence before and after a waveform."""
    frames = np.zeros((len(starts), n_fft), np.float32)
    for frame, start in zip(frames, starts.tolist(), strict=True):
        heard = waveform[max(start, 0) : start + n_fft]
        frame[max(-start, 0) :][: len(heard)] = heard
    return frames
