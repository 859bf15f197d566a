"""Does what is near sound alike? Clips of the same genre among the nearest of other artists."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audiomodel.evaluation.excerpts import unit
from audiomodel.training.clips import Clips

NEAREST = 5


def genre_precision(vectors: NDArray[np.float32], clips: Clips, split: str, *, spread: bool = False) -> float:
    """Return the share of each clip's nearest clips of other artists that are of its genre, all within a split.

    Parameters
    ----------
    vectors
        One a clip of `clips`, compared by cosine.
    spread
        Whether each number is brought to mean 0 and deviation 1 before: without that, yardsticks would do worse.
    """
    rows = clips.of(split)
    values = vectors[rows].astype(np.float64)
    if spread:
        values = (values - values.mean(axis=0)) / np.maximum(values.std(axis=0), 1e-9)
    directions = unit(values.astype(np.float32))
    near = directions @ directions.T
    artists = np.array(clips.artists)[rows]
    near[artists[:, None] == artists[None]] = -np.inf
    genres = np.array(clips.genres)[rows]
    nearest = np.argsort(-near, axis=1, kind="stable")[:, :NEAREST]
    others = np.isfinite(np.take_along_axis(near, nearest, axis=1))  # fewer where few are by other artists
    return float((genres[nearest] == genres[:, None])[others].mean())
