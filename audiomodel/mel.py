"""The mel scale, on which equal steps sound equally far apart, and the filters that bring a spectrum to it.

References
----------
M. Slaney, "Auditory Toolbox", version 2, Interval Research Corporation, 1998.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


def mel_frequencies(n: int, highest: float) -> NDArray[np.float64]:
    """Return `n` frequencies from 0 to `highest`, Hz, equally far apart on Slaney's mel scale.

    The scale is linear up to 1 kHz, 15 mel, and logarithmic above, 27 mel to a factor of 6.4.
    """
    step = np.log(6.4) / 27
    top = highest * 3 / 200 if highest < 1000 else 15 + np.log(highest / 1000) / step
    mel = np.linspace(0, top, n)
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp(step * (mel - 15)))


@lru_cache(maxsize=4)
def mel_filters(sample_rate: int, n_fft: int, n_mels: int) -> NDArray[np.float32]:
    """Return triangles of equal area over the bins of a spectrum, shape (n_mels, 1 + n_fft // 2)."""
    corners = mel_frequencies(n_mels + 2, sample_rate / 2)
    bins = np.fft.rfftfreq(n_fft, 1 / sample_rate)
    slopes = bins - corners[:, None]
    widths = np.diff(corners)[:, None]
    rising, falling = slopes[:-2] / widths[:-1], -slopes[2:] / widths[1:]
    area = (corners[2:] - corners[:-2])[:, None] / 2
    return np.asarray(np.maximum(0, np.minimum(rising, falling)) / area, np.float32)
