from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.embedded.topk import top_k


def brute_force(scores: np.ndarray, k: int) -> list[int]:
    return sorted(range(len(scores)), key=lambda i: (-scores[i], i))[:k]


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.integers(0, 20_000),
    n_values=st.sampled_from((1, 2, 10, 1_000, 2**24)),
    zeros=st.sampled_from((0.0, 0.5, 0.999)),
    k=st.integers(0, 3_000) | st.integers(0, 30),
)
def test_the_best_k_equal_a_full_sort_with_ties_by_position(
    seed: int, size: int, n_values: int, zeros: float, k: int
) -> None:
    rng = np.random.default_rng(seed)
    scores = (rng.integers(0, n_values, size) / 2**20).astype(np.float32)
    scores[rng.random(size) < zeros] = 0
    assert top_k(scores, k).tolist() == brute_force(scores, k)


@pytest.mark.parametrize("order", ["ascending", "descending"])
def test_sorted_scores_are_no_trap(order: str) -> None:
    scores = np.arange(50_000, dtype=np.float32)[:: 1 if order == "ascending" else -1]
    assert top_k(scores, 20).tolist() == brute_force(scores, 20)


def test_a_peak_in_one_place_is_found_whole() -> None:
    scores = np.ones(100_000, np.float32)
    scores[70_000:70_500] = np.arange(2, 502)
    assert top_k(scores, 600).tolist() == [*range(70_499, 69_999, -1), *range(100)]
