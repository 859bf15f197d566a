"""Prints of windows of any length, made of statistics that are known by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiomodel.prints import RANGE_LEVELS, PrintBasis, statistics


def test_the_statistics_of_a_band_are_those_of_its_loudness_below_the_loudest():
    # Two bands: one steady at the loudest, one that is there every second frame, half of the range below.
    low = 127 - RANGE_LEVELS / 2
    window = np.array([[[127] * 6, [low, 0] * 3]], np.uint8)
    by_kind = statistics(window).reshape(8, 2)
    mean, deviation, tenth, median, ninetieth, moves, share, goes_on = by_kind
    assert mean.tolist() == pytest.approx([1, 0.25], abs=0.01)
    assert deviation.tolist() == pytest.approx([0, 0.25], abs=0.01)
    assert (tenth[1], ninetieth[1]) == pytest.approx((0, 0.5), abs=0.01)
    assert median[1] == pytest.approx(0.25, abs=0.01)
    assert moves.tolist() == pytest.approx([0, 0.5 * 5 / 6], abs=0.01)
    assert share[0] == pytest.approx(share[1])
    assert goes_on.tolist() == pytest.approx([0, 0.25 * 4 / 5], abs=0.01)


def test_what_is_further_below_than_the_range_does_not_count():
    rng = np.random.default_rng(0)
    loud = rng.integers(100, 128, (1, 5, 20)).astype(np.uint8)
    loud[0, 0, 0] = 127
    noise = rng.integers(0, int(127 - RANGE_LEVELS), (1, 5, 20)).astype(np.uint8)
    window, noisy = np.concatenate([loud, 0 * loud], axis=1), np.concatenate([loud, noise], axis=1)
    assert (statistics(window) == statistics(noisy)).all()


def test_a_gain_below_the_top_changes_nothing():
    window = np.random.default_rng(1).integers(90, 120, (2, 4, 9)).astype(np.uint8)
    assert statistics(window) == pytest.approx(statistics(window - 20), abs=1e-6)


@given(st.integers(1, 60), st.integers(1, 4))
def test_prints_are_unit_vectors_for_any_number_of_frames(n_frames: int, n_windows: int):
    rng = np.random.default_rng(n_frames)
    basis = PrintBasis(2, 12, rng.normal(size=80).astype(np.float32), rng.normal(size=(80, 6)).astype(np.float32))
    found = basis.prints(rng.integers(0, 128, (n_windows, 16, n_frames)).astype(np.uint8))
    assert found.shape == (n_windows, 6)
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(n_windows), abs=1e-5)


def test_silence_has_a_print_as_well():
    basis = PrintBasis(0, 4, np.zeros(32, np.float32), np.ones((32, 2), np.float32))
    assert np.isfinite(basis.prints(np.zeros((1, 4, 5), np.uint8))).all()
