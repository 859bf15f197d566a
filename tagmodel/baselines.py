"""Yardsticks: the methods that suggestion and search are measured against, in the same run. Nothing else uses them.

All learn from the same items as our model and give a score to every tag for each set of typed tags; scores mean nothing
but their order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

# Scores every tag for each set of typed tag numbers: shape (n_sets, n_tags), higher is better.
Scorer = Callable[[Sequence[Sequence[int]]], NDArray[np.float64]]

# EASE's ridge, as tuned in the published comparison on MagnaTagATune.
EASE_RIDGE = 50.0


def item_matrix(items: Sequence[Sequence[int]], n_tags: int) -> NDArray[np.float64]:
    """Write items as rows of 0 and 1; shape (n_items, n_tags)."""
    matrix = np.zeros((len(items), n_tags))
    rows = np.repeat(np.arange(len(items)), [len(tags) for tags in items])
    matrix[rows, np.array([tag for tags in items for tag in tags], dtype=np.int64)] = 1.0
    return matrix


def _pair_counts(items: Sequence[Sequence[int]], n_tags: int) -> NDArray[np.float64]:
    matrix = item_matrix(items, n_tags)
    counts: NDArray[np.float64] = matrix.T @ matrix
    return counts


def _linear(weights: NDArray[np.float64]) -> Scorer:
    return lambda typed: item_matrix(typed, len(weights)) @ weights


def ease(items: Sequence[Sequence[int]], n_tags: int) -> Scorer:
    """Embarrassingly shallow autoencoder: the ridge regression of each tag on all others, in closed form.

    References
    ----------
    Steck: Embarrassingly shallow autoencoders for sparse data, WWW 2019.
    """
    inverse = np.linalg.inv(_pair_counts(items, n_tags) + EASE_RIDGE * np.eye(n_tags))
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    return _linear(weights)


def cosine_cooccurrence(items: Sequence[Sequence[int]], n_tags: int) -> Scorer:
    """Sum over the typed tags of the cosine between the sets of items that carry the one tag and the other."""
    counts = _pair_counts(items, n_tags)
    norms = np.sqrt(np.maximum(np.diag(counts), 1.0))
    weights = counts / norms / norms[:, None]
    np.fill_diagonal(weights, 0.0)
    return _linear(weights)


def popularity(items: Sequence[Sequence[int]], n_tags: int) -> Scorer:
    """Score each tag by how many items carry it, whatever was typed."""
    counts = np.diag(_pair_counts(items, n_tags))
    return lambda typed: np.tile(counts, (len(typed), 1))


BASELINES: Mapping[str, Callable[[Sequence[Sequence[int]], int], Scorer]] = {
    "EASE": ease,
    "cosine co-occurrence": cosine_cooccurrence,
    "popularity": popularity,
}
