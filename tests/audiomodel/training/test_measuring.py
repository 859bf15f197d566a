"""Figures of a network are those of scikit-learn, and what a perfect, an inverse and a random listener get."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score, roc_auc_score

from audiomodel.training import augmentation
from audiomodel.training.measuring import Measurement, hear_all, macro_auc, measure, middle
from audiomodel.training.network import Tagger
from tests.audiomodel.training.miniature import SMALL, make_clips

RNG = np.random.default_rng(0)
TARGETS = (RNG.random((200, 5)) < [0.3, 0.1, 0.5, 0.01, 0.0]).astype(np.float32)
SCORES = RNG.normal(size=(200, 5)).astype(np.float32) + TARGETS


def test_areas_are_the_means_of_scikit_learn_over_tags_that_are_used() -> None:
    used = [column for column in range(5) if TARGETS[:, column].sum() >= 3]
    assert 2 < len(used) < 5
    roc = np.mean([roc_auc_score(TARGETS[:, column], SCORES[:, column]) for column in used])
    precision = np.mean([average_precision_score(TARGETS[:, column], SCORES[:, column]) for column in used])
    assert macro_auc(TARGETS, SCORES) == pytest.approx((roc, precision))


def test_a_perfect_listener_gets_all_an_inverse_one_nothing_and_a_random_one_half() -> None:
    assert macro_auc(TARGETS, TARGETS) == (1, 1)
    assert macro_auc(TARGETS, -TARGETS)[0] == 0
    targets = (RNG.random((5_000, 4)) < 0.2).astype(np.float32)
    roc, precision = macro_auc(targets, RNG.random((5_000, 4)).astype(np.float32))
    assert roc == pytest.approx(0.5, abs=0.02)
    assert precision == pytest.approx(0.2, abs=0.03)


def test_tags_that_nobody_or_everybody_has_are_not_measured() -> None:
    assert macro_auc(np.zeros((10, 2), np.float32), np.zeros((10, 2), np.float32)) == (0, 0)
    assert macro_auc(np.ones((10, 2), np.float32), np.zeros((10, 2), np.float32)) == (0, 0)


def test_the_middle_of_a_clip_has_its_own_range() -> None:
    db = augmentation.levels_to_db(torch.randint(0, 128, (3, 64, 128)))
    short = middle(db, 4)
    assert short.shape == (3, 64, 4)
    torch.testing.assert_close(short, augmentation.db_to_levels(db[:, :, 62:66]))
    assert short.amin() == 0
    assert middle(db, 128).shape == (3, 64, 128)


def test_clips_are_heard_some_at_a_time_as_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    network, levels = Tagger(SMALL, 4, 2), torch.from_numpy(make_clips(24).levels)
    whole = hear_all(network, levels)
    monkeypatch.setattr("audiomodel.training.measuring._AT_ONCE", 7)
    for one, other in zip(whole, hear_all(network, levels), strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


def test_measuring_says_the_same_twice_and_leaves_chance_as_it_was() -> None:
    torch.manual_seed(0)
    clips, network = make_clips(24), Tagger(SMALL, 4, 2)
    before = torch.get_rng_state()
    asked = (network, clips, clips.tag_names(4), clips.genre_names(), "valid")
    first = measure(*asked)
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(10)
    assert measure(*asked) == first
    assert 0 <= first.accuracy <= 1


def test_accuracy_counts_clips_that_have_a_genre() -> None:
    torch.manual_seed(0)
    clips, network = make_clips(24, genres=False), Tagger(SMALL, 4, 0)
    assert measure(network, clips, clips.tag_names(4), (), "valid").accuracy == 0


def test_validation_chooses_by_genres_and_tags_whole_and_short() -> None:
    assert Measurement(0.5, 0.9, 0.2, 0.1, 0.05).score == pytest.approx(0.5 + 0.2 + 0.05)
