"""Spectra of a recording at a quarter of the usual rate, from which its tempo and its key are read."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NARROW_RATE = 11_025  # Hz


def power_spectra(narrow: NDArray[np.float32], n_fft: int, hop_length: int) -> NDArray[np.float32]:
    """Return the power spectrum of each frame, shape (n_frames, 1 + n_fft // 2)."""
    from scipy.fft import rfft

    frames = np.lib.stride_tricks.sliding_window_view(narrow, n_fft)[::hop_length]
    spectrum = rfft(frames * np.hanning(n_fft).astype(np.float32), axis=1)
    return np.asarray(spectrum.real**2 + spectrum.imag**2, np.float32)
