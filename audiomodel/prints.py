"""The print of a recording: what tells it from thousands of others by any five seconds, also by telephone and in noise.

No network learns this as well as statistics do that are robust by themselves: of the bands that a telephone lets
through, within a limited range below their loudest, how loud each is, how much it varies and moves. A linear map makes
a vector of them in which excerpts of one recording, clean and degraded, lie close together, and recordings apart
(linear discriminant analysis, `audiomodel.training.prints`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Lowest and highest frequency that count: what every telephone lets through, and a little more.
BAND_HZ = (150.0, 6000.0)
# Whatever lies further below the loudest of the band is like silence: noise seldom comes above.
RANGE_LEVELS = 64.0  # levels, 40 dB of 80
# Quantiles over time that say how a band is loud.
QUANTILES = (0.1, 0.5, 0.9)


class PrintBasis(NamedTuple):
    """What makes prints of statistics.

    Parameters
    ----------
    first, last
        Bands of the front end that are looked at: ``first .. last``.
    center
        Mean statistics, shape (n_statistics,).
    directions
        Shape (n_statistics, width).
    """

    first: int
    last: int
    center: NDArray[np.float32]
    directions: NDArray[np.float32]

    def prints(self, levels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the prints of windows of shape (n_windows, n_bands, n_frames): unit vectors, (n_windows, width)."""
        found = (statistics(levels[:, self.first : self.last]) - self.center) @ self.directions
        return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9), np.float32)


def statistics(levels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return what prints are made of.

    Parameters
    ----------
    levels
        Shape (n_windows, n_bands, n_frames), of the bands that count only; a single frame is enough.

    Returns
    -------
    shape (n_windows, 8 * n_bands)
        By band: mean, deviation and quantiles of its loudness in [0, 1], how much it moves from frame to frame and goes
        on moving, and the deviation of its share in a frame.
    """
    seen = levels.astype(np.float32)
    seen = np.maximum(1 + (seen - seen.max(axis=(1, 2), keepdims=True)) / RANGE_LEVELS, 0)
    moves = np.abs(np.diff(seen, axis=2, append=seen[:, :, -1:]))
    shares = seen - seen.mean(axis=1, keepdims=True)
    goes_on = moves[:, :, :-1] * moves[:, :, 1:] if seen.shape[2] > 1 else np.zeros_like(moves)
    by_band = [
        seen.mean(axis=2),
        seen.std(axis=2),
        *np.quantile(seen, QUANTILES, axis=2).astype(np.float32),
        moves.mean(axis=2),
        shares.std(axis=2),
        goes_on.mean(axis=2),
    ]
    return np.concatenate(by_band, axis=1)
