"""Calibration finds the lines that data were made with, and cut-offs keep the precision that they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiomodel.calibration import Line, cutoffs, fit_line, genre_probabilities, line_at, tag_probabilities

RNG = np.random.default_rng(0)


def test_lines_that_made_the_data_are_found() -> None:
    logits = RNG.normal(-1, 2, (20_000, 3))
    true = Line(21, 0.6, (-0.4, 0.3, 0.0), 2.0)
    targets = (RNG.random(logits.shape) < tag_probabilities(logits, true)).astype(np.float32)
    genre_logits = RNG.normal(size=(20_000, 4))
    odds = genre_probabilities(genre_logits, true).cumsum(axis=1)
    genres = (RNG.random((20_000, 1)) > odds).sum(axis=1)
    found = fit_line(21, logits, targets, genre_logits, genres)
    assert found.n_frames == 21
    assert found.slope == pytest.approx(0.6, abs=0.03)
    assert found.offsets == pytest.approx(true.offsets, abs=0.08)
    assert found.genre_slope == pytest.approx(2.0, abs=0.1)


def test_offsets_of_rare_tags_stay_near_the_common_one() -> None:
    logits = np.zeros((200, 2))
    targets = np.zeros((200, 2))
    targets[:100, 0] = targets[:20, 1] = 1
    few = fit_line(4, logits[:10], np.vstack([targets[:1], targets[150:159]]), np.zeros((10, 2)), np.full(10, -1))
    many = fit_line(4, np.tile(logits, (50, 1)), np.tile(targets, (50, 1)), np.zeros((10_000, 2)), np.full(10_000, -1))
    shares = tag_probabilities(np.zeros(2), many)
    assert shares == pytest.approx([0.5, 0.1], abs=0.01)
    assert abs(few.offsets[0] - few.offsets[1]) < 1e-2
    assert many.genre_slope == 1


def test_probabilities_are_calibrated_on_what_they_were_fitted_to() -> None:
    logits = RNG.normal(0, 3, (5_000, 4))
    targets = (RNG.random(logits.shape) < 1 / (1 + np.exp(-logits / 2))).astype(float)
    line = fit_line(8, logits, targets, np.zeros((5_000, 2)), np.zeros(5_000, int))
    probabilities = tag_probabilities(logits, line)
    assert probabilities.mean(axis=0) == pytest.approx(targets.mean(axis=0), abs=0.01)


LINES = [Line(4, 0.5, (0.0, 1.0), 1.0), Line(16, 0.9, (0.2, 0.0), 3.0), Line(128, 1.1, (0.4, 0.4), 2.0)]


def test_between_two_lengths_lines_are_interpolated_in_the_logarithm() -> None:
    between = line_at(LINES, 8)
    assert between.slope == pytest.approx(0.7)
    assert between.offsets == pytest.approx((0.1, 0.5))
    assert between.genre_slope == pytest.approx(2.0)


@pytest.mark.parametrize(("n_frames", "number"), [(1, 0), (4, 0), (16, 1), (128, 2), (10_000, 2)])
def test_at_a_length_and_beyond_the_ends_its_line_holds(n_frames: int, number: int) -> None:
    line, expected = line_at(LINES, n_frames), LINES[number]
    assert line.slope == pytest.approx(expected.slope)
    assert line.offsets == pytest.approx(expected.offsets)
    assert line.genre_slope == pytest.approx(expected.genre_slope)


@given(st.lists(st.floats(-60, 60), min_size=2, max_size=30), st.integers(1, 500))
def test_a_higher_logit_never_is_a_lower_probability(values: list[float], n_frames: int) -> None:
    logits = np.sort(np.array(values))[:, None].repeat(2, axis=1)
    probabilities = tag_probabilities(logits, line_at(LINES, n_frames))
    assert (np.diff(probabilities, axis=0) >= 0).all()
    assert ((probabilities >= 0) & (probabilities <= 1)).all()


@given(st.lists(st.floats(-500, 500), min_size=1, max_size=8), st.integers(1, 500))
def test_probabilities_of_genres_add_up_to_one(values: list[float], n_frames: int) -> None:
    assert genre_probabilities(np.array(values), line_at(LINES, n_frames)).sum() == pytest.approx(1)


def cutoff_by_hand(probabilities: np.ndarray, targets: np.ndarray, precision: float, least: float) -> float:
    """Try each clip's probability: of those from it on, enough have the tag, though one more without it is counted."""
    good = []
    for value in probabilities:
        above = probabilities >= value
        if value >= least and targets[above].sum() / (above.sum() + 1) >= precision:
            good.append(value)
    return min(good, default=2.0)


@pytest.mark.parametrize("precision", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("least", [0.0, 0.3])
def test_cutoffs_are_the_lowest_that_are_precise_enough(precision: float, least: float) -> None:
    probabilities = RNG.permutation(np.linspace(0.01, 0.99, 400)).reshape(80, 5)
    targets = (RNG.random((80, 5)) < probabilities).astype(float)
    found = cutoffs(probabilities, targets, precision, least)
    by_hand = [cutoff_by_hand(probabilities[:, k], targets[:, k], precision, least) for k in range(5)]
    assert found == pytest.approx(by_hand)


def test_a_single_lucky_clip_makes_no_tag_certain() -> None:
    probabilities, targets = np.array([[0.9], [0.8]]), np.array([[1.0], [0.0]])
    assert cutoffs(probabilities, targets, 0.6, 0.3) == (2.0,)
