"""How far a recording is from the music that a tagger learned from, by its sound and by what the network made of it.

A network finds in strange music what it knows, so that its embeddings alone notice little; statistics of the
spectrogram alone notice a strange sound, and no strange music played with familiar sounds. Both together see more than
either: how far the statistics lie from the cloud of all training clips, and how far the embedding is from the nearest
of them.

References
----------
Lee et al., *A simple unified framework for detecting out-of-distribution samples*, NeurIPS 2018. Sun et al.,
*Out-of-distribution detection with deep nearest neighbors*, ICML 2022.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from audiomodel.prints import statistics

# Training clips nearest to a recording whose mean distance counts.
NEAREST = 10
# Added to the spread of statistics in every direction, as a share of the mean: some hardly vary in training clips.
_RIDGE = 1e-3
# Distances are compared by their logarithm; none is nearer than this.
_NEAREST_DISTANCE = 1e-6


class Familiar(NamedTuple):
    """What a tagger keeps of its training clips.

    Parameters
    ----------
    center, whitening
        Of statistics: their mean, and what makes them vary alike in all directions, (n_statistics, n_statistics).
    mean, deviation
        Of embeddings, shape (width,).
    neighbors
        Embeddings of all training clips, by deviations from the mean, as unit vectors, shape (n_clips, width).
    typical, spread
        Mean and deviation of the logarithms of both distances, of clips that were not learned from.
    """

    center: NDArray[np.float32]
    whitening: NDArray[np.float32]
    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]
    neighbors: NDArray[np.float16]
    typical: NDArray[np.float32]
    spread: NDArray[np.float32]

    @classmethod
    def of(
        cls,
        train: tuple[NDArray[np.uint8], NDArray[np.float32]],
        valid: tuple[NDArray[np.uint8], NDArray[np.float32]],
    ) -> Familiar:
        """Learn it from levels and embeddings of training clips, and from those of others how far clips usually are."""
        found = statistics(train[0]).astype(np.float64)
        center = found.mean(axis=0)
        embeddings = train[1].astype(np.float64)
        mean, deviation = embeddings.mean(axis=0), np.maximum(embeddings.std(axis=0), 1e-6)
        apart = cls(
            center.astype(np.float32),
            _whitening(found - center).astype(np.float32),
            mean.astype(np.float32),
            deviation.astype(np.float32),
            _unit((embeddings - mean) / deviation).astype(np.float16),
            np.zeros(2, np.float32),
            np.ones(2, np.float32),
        )
        logs = apart.log_distances(*valid)
        return apart._replace(
            typical=logs.mean(axis=0).astype(np.float32), spread=np.maximum(logs.std(axis=0), 1e-6).astype(np.float32)
        )

    def log_distances(self, levels: NDArray[np.uint8], embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return logarithms of both distances of windows, shape (n_windows, 2).

        Parameters
        ----------
        levels
            Shape (n_windows, n_bands, n_frames).
        embeddings
            Of the same windows, shape (n_windows, width).
        """
        sound = np.linalg.norm((statistics(levels) - self.center) @ self.whitening, axis=1)
        likeness = _unit((embeddings - self.mean) / self.deviation) @ self.neighbors.astype(np.float32).T
        nearest = np.partition(likeness, -min(NEAREST, likeness.shape[1]), axis=1)[:, -NEAREST:].mean(axis=1)
        return np.asarray(np.log(np.maximum(np.stack([sound, 1 - nearest], axis=1), _NEAREST_DISTANCE)))

    def distances(self, levels: NDArray[np.uint8], embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return both distances of each window as one, above 0: 1 for a clip that is as far as clips usually are."""
        return np.asarray(np.exp(((self.log_distances(levels, embeddings) - self.typical) / self.spread).mean(axis=1)))


def _whitening(apart: NDArray[np.float64]) -> NDArray[np.float64]:
    covariance = apart.T @ apart / len(apart)
    values, directions = np.linalg.eigh(covariance)
    values = np.maximum(values, 0) + _RIDGE * max(values.mean(), 1e-12)
    # The symmetric root, which does not hang on the signs of directions.
    return np.asarray(directions / np.sqrt(values) @ directions.T)


def _unit(vectors: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9))
