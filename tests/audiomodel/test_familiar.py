"""Distances from training clips, by brute force, and what they notice."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from audiomodel.familiar import NEAREST, Familiar
from audiomodel.prints import statistics

Known = tuple[NDArray[np.uint8], NDArray[np.float32]]


def clips(n: int, seed: int, slope: float = -60.0) -> Known:
    """Make clips that fall toward high notes, and embeddings around one direction."""
    rng = np.random.default_rng(seed)
    shape = 100 + np.linspace(0, slope, 16)[:, None] + rng.normal(0, 6, (n, 16, 1)) + rng.normal(0, 10, (n, 16, 40))
    embeddings = 5 + rng.normal(0, 1, (n, 1)) * [1, 2, 3, 1, 1] + rng.normal(0, 0.1, (n, 5))
    return np.clip(shape, 0, 127).astype(np.uint8), embeddings.astype(np.float32)


TRAIN, VALID = clips(400, 0), clips(100, 1)


@pytest.fixture(scope="module")
def familiar() -> Familiar:
    return Familiar.of(TRAIN, VALID)


def test_distances_are_those_by_brute_force(familiar: Familiar) -> None:
    found = statistics(TRAIN[0]).astype(np.float64)
    covariance = np.cov(found.T, bias=True)
    covariance += 1e-3 * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    mean, deviation = TRAIN[1].mean(axis=0), TRAIN[1].std(axis=0)
    known = (TRAIN[1] - mean) / deviation
    logs = familiar.log_distances(*VALID)
    for row in range(0, 100, 9):
        apart = statistics(VALID[0][row : row + 1])[0] - found.mean(axis=0)
        sound = np.sqrt(apart @ np.linalg.solve(covariance, apart))
        own = (VALID[1][row] - mean) / deviation
        cosines = sorted(one @ own / np.linalg.norm(one) / np.linalg.norm(own) for one in known)[-NEAREST:]
        assert np.exp(logs[row, 0]) == pytest.approx(sound, rel=1e-3)
        assert np.exp(logs[row, 1]) == pytest.approx(1 - np.mean(cosines), rel=0.05, abs=1e-3)


def test_other_clips_are_usually_at_one(familiar: Familiar) -> None:
    logs = np.log(familiar.distances(*VALID))
    assert logs.mean() == pytest.approx(0, abs=1e-4)
    assert 0.4 < logs.std() < 1.1


def test_another_sound_and_another_embedding_are_both_further(familiar: Familiar) -> None:
    other_sound, _ = clips(50, 2, slope=40.0)
    usual = np.median(familiar.distances(*clips(50, 3)))
    assert familiar.distances(other_sound, clips(50, 3)[1]).min() > 2 * usual
    across = np.tile(TRAIN[1].mean(axis=0) + TRAIN[1].std(axis=0) * [1, -1, 1, -1, 1], (50, 1)).astype(np.float32)
    assert np.median(familiar.distances(clips(50, 3)[0], across)) > 2 * usual


def test_clips_are_measured_each_by_itself(familiar: Familiar) -> None:
    together = familiar.distances(*VALID)
    alone = [familiar.distances(VALID[0][row : row + 1], VALID[1][row : row + 1])[0] for row in range(5)]
    assert together[:5] == pytest.approx(alone, rel=1e-4)


def test_fewer_clips_than_neighbors_are_enough() -> None:
    few = Familiar.of((TRAIN[0][:3], TRAIN[1][:3]), (VALID[0][:2], VALID[1][:2]))
    assert np.isfinite(few.distances(*VALID)).all()
