"""Prints are learned from what differs between recordings and not within one."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from audiomodel.front_end import FrontEnd
from audiomodel.training.prints import WIDTH, discriminant, learn_prints
from tests.audiomodel.training.miniature import make_clips

pytestmark = pytest.mark.slow


def members(n_classes: int, n_members: int, seed: int) -> np.ndarray:
    """Six numbers: the first two say which class, the others only how a member was made, and loudly."""
    rng = np.random.default_rng(seed)
    centers = np.concatenate([rng.normal(0, 3, (n_classes, 2)), np.zeros((n_classes, 4))], axis=1)
    spread = np.array([1, 1, 20, 20, 5, 5])
    return (centers[:, None] + rng.normal(size=(n_classes, n_members, 6)) * spread).astype(np.float32)


def test_directions_keep_what_tells_classes_apart_and_drop_the_rest():
    _, directions = discriminant(members(400, 6, 0), 2)
    weights = np.abs(directions)
    assert weights[:2].max(axis=0).min() > 10 * weights[2:].max()


def test_members_have_a_variance_of_one_along_each_direction():
    values = members(400, 6, 1)
    center, directions = discriminant(values, 3)
    placed = (values - center) @ directions
    within = placed - placed.mean(axis=1, keepdims=True)
    assert (within**2).mean(axis=(0, 1)) == pytest.approx(np.ones(3), rel=0.02)


def test_directions_span_those_of_scikit_learn():
    values = members(60, 8, 2)
    classes = np.repeat(np.arange(60), 8)
    reference = LinearDiscriminantAnalysis(solver="eigen").fit(values.reshape(-1, 6), classes).scalings_[:, :2]
    ours = discriminant(values, 2)[1]
    angles = np.linalg.svd(np.linalg.qr(reference)[0].T @ np.linalg.qr(ours)[0], compute_uv=False)
    assert angles == pytest.approx(np.ones(2), abs=1e-3)


def test_the_same_seed_gives_the_same_prints():
    clips = make_clips()
    first, again = (learn_prints(clips, FrontEnd(), 3) for _ in range(2))
    assert first.directions.shape[1] == WIDTH
    assert (first.directions == again.directions).all()
    assert (first.center == again.center).all()
