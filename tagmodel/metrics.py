"""Ranking metrics, calibration error and paired bootstrap: one definition of each, for tags and for tracks.

A ranking is given as what was found at each place: ``found[..., i]`` says whether the item at place i (0 the best) is
relevant. All metrics take any leading shape and give one number a ranking, because means and intervals are taken over
them later. A ranking without any relevant item has no value: it is an error, not a zero.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Resamples of a bootstrap: the bounds of a 95 % interval then vary by about a tenth of its width.
RESAMPLES = 1_000


class Interval(NamedTuple):
    """A mean with its central 95 % interval."""

    mean: float
    low: float
    high: float


def shuffled_ranking(scores: NDArray[np.floating], rng: np.random.Generator) -> NDArray[np.int64]:
    """Order items by falling score, ties at random: no method gains by the order in which items are stored.

    Parameters
    ----------
    scores : shape (..., n_items)

    Returns
    -------
    shape (..., n_items)
        Item numbers, the best first.
    """
    ties = rng.random(scores.shape)
    return np.lexsort((ties, -scores), axis=-1)


def _found(found: ArrayLike, n_relevant: ArrayLike | None) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    places = np.asarray(found, dtype=np.float64)
    relevant = places.sum(axis=-1).astype(np.int64) if n_relevant is None else np.asarray(n_relevant, dtype=np.int64)
    if (relevant < 1).any():
        raise ValueError("expected at least one relevant item a ranking, got none: was everything hidden left out?")
    if (relevant < places.sum(axis=-1)).any():
        raise ValueError("expected no more found than relevant items: is n_relevant of another ranking?")
    return places, relevant


def ndcg_at_k(found: ArrayLike, k: int, n_relevant: ArrayLike | None = None) -> NDArray[np.float64]:
    """Compute the normalized discounted cumulative gain of the first `k` places.

    ``DCG = sum over found places i of 1 / log2(i + 2)``, divided by that of the best possible ranking.

    Parameters
    ----------
    found : shape (..., n_places)
    n_relevant : shape (...)
        Relevant items in all; None when all of them are among the places.

    Raises
    ------
    ValueError
        If a ranking has no relevant item, or more are found than there are.

    References
    ----------
    Järvelin, Kekäläinen: Cumulated gain-based evaluation of IR techniques, TOIS 2002.
    """
    places, relevant = _found(found, n_relevant)
    first = places[..., :k]
    discounts = 1 / np.log2(np.arange(k) + 2)
    best = np.cumsum(discounts)[np.minimum(relevant, k) - 1]
    gained: NDArray[np.float64] = (first * discounts[: first.shape[-1]]).sum(axis=-1) / best
    return gained


def average_precision(found: ArrayLike, n_relevant: ArrayLike | None = None) -> NDArray[np.float64]:
    """Compute the mean over all relevant items of the precision at their places; those not found count 0.

    Raises
    ------
    ValueError
        See `ndcg_at_k`.
    """
    places, relevant = _found(found, n_relevant)
    precision = np.cumsum(places, axis=-1) / (np.arange(places.shape[-1]) + 1)
    average: NDArray[np.float64] = (precision * places).sum(axis=-1) / relevant
    return average


def recall_at_k(found: ArrayLike, k: int, n_relevant: ArrayLike | None = None) -> NDArray[np.float64]:
    """Compute the share of all relevant items that stand in the first `k` places.

    Raises
    ------
    ValueError
        See `ndcg_at_k`.
    """
    places, relevant = _found(found, n_relevant)
    share: NDArray[np.float64] = places[..., :k].sum(axis=-1) / relevant
    return share


def reciprocal_rank(found: ArrayLike) -> NDArray[np.float64]:
    """Compute one over the place, counted from 1, of the first relevant item; its mean over rankings is the MRR.

    Raises
    ------
    ValueError
        See `ndcg_at_k`.
    """
    places, _ = _found(found, None)
    rank: NDArray[np.float64] = 1 / (np.argmax(places > 0, axis=-1) + 1)
    return rank


def calibration_error(probabilities: NDArray[np.floating], true: NDArray[np.bool_], n_bins: int = 15) -> float:
    """Compute the expected calibration error: how far probabilities are from observed shares, over equal bins of cases.

    Parameters
    ----------
    probabilities, true : shape (n_cases,)

    References
    ----------
    Naeini, Cooper, Hauskrecht: Obtaining well calibrated probabilities using Bayesian binning, AAAI 2015.
    """
    order = np.argsort(probabilities, kind="stable")
    bins = [part for part in np.array_split(order, n_bins) if len(part)]
    gaps = [abs(probabilities[part].mean() - true[part].mean()) * len(part) for part in bins]
    return float(sum(gaps) / len(order))


def paired_bootstrap(
    values: NDArray[np.float64], groups: NDArray[np.integer], seed: int, resamples: int = RESAMPLES
) -> Interval:
    """Estimate the interval of a mean whose cases come in groups (the clips of a song), by drawing whole groups again.

    For two methods give the difference of their values case by case: that is the pairing.

    Parameters
    ----------
    values : shape (n_cases,)
    groups : shape (n_cases,)
        The group of each case, numbered from 0.
    """
    sums = np.bincount(groups, weights=values)
    sizes = np.bincount(groups).astype(np.float64)
    draws = np.random.default_rng(seed)
    means = np.empty(resamples)
    for at in range(resamples):
        times = np.bincount(draws.integers(len(sums), size=len(sums)), minlength=len(sums))
        means[at] = (times @ sums) / (times @ sizes)
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(values.mean()), float(low), float(high))
