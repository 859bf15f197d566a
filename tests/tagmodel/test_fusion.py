"""Typed and heard evidence in one probability."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagmodel.fusion import FusionWeights, fuse

NOTHING = float("nan")
probabilities = st.floats(0.001, 0.999)
weights = st.builds(FusionWeights, st.floats(0.1, 2), st.floats(0.1, 2))


@given(probabilities, probabilities, probabilities, probabilities, weights)
def test_more_on_either_side_is_never_less_together(
    low: float, high: float, other: float, prior: float, weighed: FusionWeights
) -> None:
    low, high = sorted((low, high))
    assert fuse(low, other, prior, weighed) <= fuse(high, other, prior, weighed)
    assert fuse(other, low, prior, weighed) <= fuse(other, high, prior, weighed)
    assert 0 < fuse(low, other, prior, weighed) < 1


@given(probabilities, probabilities)
def test_a_side_that_knows_nothing_leaves_the_other_as_it_is(p: float, prior: float) -> None:
    assert fuse(p, NOTHING, prior) == pytest.approx(p)
    assert fuse(NOTHING, p, prior) == pytest.approx(p)
    assert np.isnan(fuse(NOTHING, NOTHING, prior))


@given(probabilities, probabilities)
def test_a_side_that_says_no_more_than_the_prior_changes_nothing(p: float, prior: float) -> None:
    assert fuse(p, prior, prior) == pytest.approx(p)
    assert fuse(prior, p, prior) == pytest.approx(p)


def test_two_witnesses_who_know_nothing_of_each_other_are_combined_by_bayes_rule() -> None:
    # Each makes the tag nine times as likely against 1 in 10: 1/9 * (3/7 * 9) * (1 * 9) in odds.
    odds = (1 / 9) * (0.3 / 0.7 * 9) * (0.5 / 0.5 * 9)
    assert fuse(0.3, 0.5, 0.1) == pytest.approx(odds / (1 + odds))
    assert fuse(0.3, 0.5, 0.1) > 0.5


def test_what_is_heard_not_to_be_there_lowers_what_was_typed_for_it() -> None:
    assert fuse(0.4, 0.01, 0.1) < 0.1 < fuse(0.4, 0.1, 0.1)


def test_many_tags_are_combined_at_once() -> None:
    fused = fuse([0.5, NOTHING, 0.2], [0.5, 0.7, NOTHING], [0.5, 0.1, 0.1])
    assert fused == pytest.approx([0.5, 0.7, 0.2])


def test_certainties_stay_finite() -> None:
    assert np.isfinite(fuse([0.0, 1.0], [1.0, 1.0], [0.5, 0.0])).all()


@pytest.mark.parametrize("wrong", [71, -0.1])
def test_what_is_no_probability_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="are these percent"):
        fuse(0.5, wrong, 0.1)


def test_a_weight_that_would_turn_evidence_around_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        fuse(0.5, 0.5, 0.1, FusionWeights(1, -1))
