"""Typed and heard evidence for a tag as one probability.

Both sides say how probable a tag is: the set-to-tag model by what was typed, the tagger by what it heard. Each has
begun from how common the tag is, which may count only once; so evidence is what moved a side away from that prior, in
log-odds, and evidence adds up:

    logit(p) = logit(prior) + w_typed * (logit(p_typed) - logit(prior)) + w_heard * (logit(p_heard) - logit(prior))

With both weights at 1 this is Bayes' rule for two witnesses who know nothing of each other. They do know of each other
(people type what they hear), so the weights are for a fit on validation to lower.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Probabilities are kept this far from 0 and 1: nobody is so sure that nothing could change it.
LEAST_PROBABILITY = 1e-6


class FusionWeights(NamedTuple):
    """What each side's evidence counts; both above 0."""

    typed: float
    heard: float


# Two witnesses who know nothing of each other, until a fit on validation says otherwise.
WEIGHTS = FusionWeights(typed=1.0, heard=1.0)


def fuse(
    p_typed: ArrayLike, p_heard: ArrayLike, prior: ArrayLike, weights: FusionWeights = WEIGHTS
) -> NDArray[np.float64]:
    """Combine how probable tags are by what was typed and by what was heard.

    Parameters
    ----------
    p_typed, p_heard
        Calibrated, in [0, 1]; NaN where that side knows nothing of a tag: then the other stands as it is.
    prior
        How common each tag is where both sides were calibrated, in [0, 1].

    Returns
    -------
    in (0, 1), of the shape that the three give together; NaN where neither side knows anything
        Rises with `p_typed` and with `p_heard`. A side that says no more than the prior changes nothing while the
        weight of the other is 1.

    Raises
    ------
    ValueError
        If a number is no probability, or a weight not above 0.
    """
    if min(weights) <= 0:
        raise ValueError(f"expected weights above 0, got {weights}: a higher probability must not lower the result")
    typed, heard, base = (_log_odds(name, values) for name, values in _named(p_typed, p_heard, prior))
    together = base + weights.typed * (typed - base) + weights.heard * (heard - base)
    alone = np.where(np.isnan(typed), heard, typed)
    log_odds = np.where(np.isnan(together), alone, together)
    fused: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-log_odds))
    return fused


def _named(p_typed: ArrayLike, p_heard: ArrayLike, prior: ArrayLike) -> tuple[tuple[str, ArrayLike], ...]:
    return ("p_typed", p_typed), ("p_heard", p_heard), ("prior", prior)


def _log_odds(name: str, values: ArrayLike) -> NDArray[np.float64]:
    probabilities = np.asarray(values, dtype=np.float64)
    if np.any((probabilities < 0) | (probabilities > 1)):
        raise ValueError(f"expected {name} in [0, 1], got {probabilities}: are these percent, or log-odds?")
    inside = np.clip(probabilities, LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    return np.asarray(np.log(inside) - np.log1p(-inside))
