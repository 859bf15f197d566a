"""Ranking metrics against golden values, scikit-learn and their own properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, ndcg_score

from tagmodel.metrics import (
    average_precision,
    calibration_error,
    ndcg_at_k,
    paired_bootstrap,
    recall_at_k,
    reciprocal_rank,
    shuffled_ranking,
)

METRICS = [
    lambda found: ndcg_at_k(found, 3),
    average_precision,
    lambda found: recall_at_k(found, 3),
    reciprocal_rank,
]
RANKINGS = st.lists(st.booleans(), min_size=1, max_size=12).filter(any)


def test_golden_values() -> None:
    found = [False, True, False, True, False]
    assert ndcg_at_k(found, 5) == pytest.approx((1 / np.log2(3) + 1 / np.log2(5)) / (1 + 1 / np.log2(3)))
    assert ndcg_at_k(found, 3) == pytest.approx((1 / np.log2(3)) / (1 + 1 / np.log2(3)))
    assert ndcg_at_k(found, 1) == 0
    assert average_precision(found) == pytest.approx((1 / 2 + 2 / 4) / 2)
    assert recall_at_k(found, 3) == 0.5
    assert reciprocal_rank(found) == 0.5


def test_relevant_items_that_were_not_found_count_against_a_ranking() -> None:
    assert recall_at_k([True, False], 2, n_relevant=4) == 0.25
    assert average_precision([True, False], n_relevant=4) == 0.25
    assert ndcg_at_k([True], 10, n_relevant=2) == pytest.approx(1 / (1 + 1 / np.log2(3)))


def test_many_rankings_at_once_give_one_value_each() -> None:
    found = np.array([[True, False, False], [False, True, True]])
    assert ndcg_at_k(found, 2).shape == (2,)
    assert reciprocal_rank(found).tolist() == [1, 0.5]
    assert recall_at_k(found, 2, n_relevant=np.array([1, 2])).tolist() == [1, 0.5]


@given(st.integers(0, 1000), st.integers(2, 40))
@settings(max_examples=50, deadline=None)
def test_ndcg_and_average_precision_agree_with_scikit_learn(seed: int, n_items: int) -> None:
    rng = np.random.default_rng(seed)
    relevant = rng.random(n_items) < 0.3
    relevant[0] = True
    scores = rng.permutation(n_items).astype(np.float64)  # no ties: scikit-learn averages over them
    found = relevant[shuffled_ranking(scores, rng)]
    assert ndcg_at_k(found, 10) == pytest.approx(ndcg_score([relevant], [scores], k=10))
    assert average_precision(found) == pytest.approx(average_precision_score(relevant, scores))


@given(RANKINGS)
def test_every_metric_is_1_for_the_best_ranking_when_it_fits_and_never_outside_0_to_1(found: list[bool]) -> None:
    best = sorted(found, reverse=True)
    for metric in METRICS:
        assert 0 <= metric(found) <= metric(best) + 1e-12
        assert metric(best) <= 1 + 1e-12
    assert ndcg_at_k(best, 3) == pytest.approx(1)
    assert average_precision(best) == pytest.approx(1)


@given(RANKINGS, st.integers(0, 10))
def test_moving_a_relevant_item_up_never_lowers_a_metric(found: list[bool], place: int) -> None:
    better = list(found)
    at = place % len(found)
    if at and better[at] and not better[at - 1]:
        better[at - 1], better[at] = True, False
    for metric in METRICS:
        assert metric(better) >= metric(found) - 1e-12


@pytest.mark.parametrize("metric", METRICS)
def test_a_ranking_without_relevant_items_is_an_error(metric: object) -> None:
    with pytest.raises(ValueError, match="at least one relevant"):
        metric([[True, False], [False, False]])  # type: ignore[operator]


def test_more_found_than_relevant_is_an_error() -> None:
    with pytest.raises(ValueError, match="no more found than relevant"):
        average_precision([True, True], n_relevant=1)


def test_ties_are_shuffled_and_only_ties() -> None:
    scores = np.array([[1.0, 3.0, 1.0, 1.0, 2.0]])
    orders = {tuple(shuffled_ranking(scores, np.random.default_rng(seed))[0].tolist()) for seed in range(60)}
    assert all(order[:2] == (1, 4) for order in orders)
    assert len(orders) == 6


def test_the_same_seed_shuffles_ties_alike() -> None:
    scores = np.zeros((3, 20))
    one, two = (shuffled_ranking(scores, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_calibration_error_is_0_for_true_shares_and_the_gap_for_wrong_ones() -> None:
    true = np.array([True, False, False, False] * 100)
    assert calibration_error(np.full(400, 0.25), true, n_bins=1) == pytest.approx(0)
    assert calibration_error(np.full(400, 0.75), true, n_bins=1) == pytest.approx(0.5)


def cases(shift: float, n_groups: int = 200) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(n_groups), 5)
    return shift + np.repeat(rng.normal(size=n_groups), 5), groups


def test_an_interval_holds_the_mean_and_tells_a_difference_from_none() -> None:
    clear, groups = cases(shift=0.5)
    interval = paired_bootstrap(clear, groups, seed=0)
    assert 0 < interval.low < interval.mean < interval.high
    none, groups = cases(shift=-float(cases(0.0)[0].mean()))
    interval = paired_bootstrap(none, groups, seed=0)
    assert interval.low < 0 < interval.high


def test_cases_of_one_group_are_drawn_together() -> None:
    values, groups = cases(shift=0.0)
    together = paired_bootstrap(values, groups, seed=0)
    apart = paired_bootstrap(values, np.arange(len(values)), seed=0)
    assert together.high - together.low > 1.8 * (apart.high - apart.low)  # root of 5 wider


def test_the_same_seed_gives_the_same_interval() -> None:
    values, groups = cases(shift=0.0)
    assert paired_bootstrap(values, groups, seed=3) == paired_bootstrap(values, groups, seed=3)
