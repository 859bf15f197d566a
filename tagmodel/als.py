"""Tags as columns of a factorized item-tag matrix: ALS for implicit feedback, by implicit.

Few factors and strong regularization: with many, ALS learns the tags of each item by heart, and the cosine of tags says
little. One thread, so that two runs agree to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tagmodel.cooccurrence import EncodedItems, item_matrix
from tagmodel.embedding import TagEmbedding


@dataclass(frozen=True)
class AlsOptions:
    """implicit's own names; chosen on held-out items (benchmarks/kin_ablation.py)."""

    factors: int = 32
    regularization: float = 3.0
    alpha: float = 10.0
    iterations: int = 12


def train_als(
    items: EncodedItems,
    n_tags: int,
    *,
    options: AlsOptions = AlsOptions(),
    seed: int = 0,
    iteration_done: Callable[[], None] = lambda: None,
) -> TagEmbedding:
    """Factorize the item-tag matrix; the same items and seed give the same vectors.

    Parameters
    ----------
    iteration_done
        Called after each of ``options.iterations`` rounds.

    References
    ----------
    Hu, Koren and Volinsky, "Collaborative Filtering for Implicit Feedback Datasets", ICDM 2008.
    """
    from scipy import sparse
    from threadpoolctl import threadpool_limits

    matrix = item_matrix([item for item in items if item], n_tags)
    if not matrix.nnz:
        return TagEmbedding("als", np.zeros((n_tags, options.factors), np.float32))
    with threadpool_limits(1):
        from implicit.cpu.als import AlternatingLeastSquares

        model = AlternatingLeastSquares(
            factors=options.factors,
            regularization=options.regularization,
            alpha=options.alpha,
            iterations=options.iterations,
            num_threads=1,
            random_state=seed,
        )
        model.fit(sparse.csr_matrix(matrix), show_progress=False, callback=lambda *_: iteration_done())
    vectors = np.asarray(model.item_factors, dtype=np.float32).copy()
    vectors[np.asarray(matrix.sum(axis=0)).ravel() == 0] = 0
    return TagEmbedding("als", vectors)
