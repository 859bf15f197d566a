"""Losses by brute force."""

from __future__ import annotations

import math

import pytest
import torch

from audiomodel.training.losses import HEAVIEST_TAG, SMOOTHING, TAG_WEIGHT, TaggingLoss
from audiomodel.training.network import Output


def output(tags: torch.Tensor, genres: torch.Tensor) -> Output:
    return Output(torch.zeros(len(tags), 4), tags, genres)


def tag_loss(logits: torch.Tensor, truth: torch.Tensor, shares: torch.Tensor) -> float:
    costs = []
    for row, targets in zip(logits.tolist(), truth.tolist(), strict=True):
        for logit, target, share in zip(row, targets, shares.tolist(), strict=True):
            p = 1 / (1 + math.exp(-logit))
            weight = min(max(share, 1e-4) ** -0.5, HEAVIEST_TAG)
            costs.append(-weight * target * math.log(p) - (1 - target) * math.log(1 - p))
    return sum(costs) / len(costs)


def genre_loss(logits: torch.Tensor, truth: list[int]) -> float:
    costs = []
    for row, genre in zip(torch.log_softmax(logits, 1).tolist(), truth, strict=True):
        if genre >= 0:
            wanted = [SMOOTHING / len(row) + (1 - SMOOTHING) * (number == genre) for number in range(len(row))]
            costs.append(-sum(share * value for share, value in zip(wanted, row, strict=True)))
    return sum(costs) / len(costs)


TAGS, GENRES = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 0]]), torch.tensor([1, -1, 0])
SHARES = torch.tensor([0.5, 0.01, 0.0])


@pytest.fixture
def heard() -> Output:
    generator = torch.Generator().manual_seed(0)
    return output(torch.randn(3, 3, generator=generator), torch.randn(3, 2, generator=generator))


def test_tags_and_genres_cost_what_they_do_by_hand(heard: Output) -> None:
    loss = float(TaggingLoss(SHARES)(heard, TAGS, GENRES))
    expected = TAG_WEIGHT * tag_loss(heard.tags, TAGS, SHARES) + genre_loss(heard.genres, GENRES.tolist())
    assert loss == pytest.approx(expected, rel=1e-5)


def test_clips_without_genres_cost_their_tags_alone(heard: Output) -> None:
    loss = float(TaggingLoss(SHARES)(heard, TAGS, torch.full((3,), -1)))
    assert loss == pytest.approx(TAG_WEIGHT * tag_loss(heard.tags, TAGS, SHARES), rel=1e-5)


def test_rare_tags_weigh_more_up_to_a_limit() -> None:
    weights = TaggingLoss(torch.tensor([1.0, 0.25, 0.01, 0.0])).weights
    assert weights.tolist() == pytest.approx([1, 2, 10, HEAVIEST_TAG])


def test_mixed_clips_cost_their_shares_of_both(heard: Output) -> None:
    loss, order = TaggingLoss(SHARES), torch.tensor([2, 0, 1])
    own, other = float(loss(heard, TAGS, GENRES)), float(loss(heard, TAGS[order], GENRES[order]))
    mixed = float(loss.mixed(heard, TAGS, GENRES, order, 0.3))
    assert mixed == pytest.approx(0.3 * own + 0.7 * other, rel=1e-5)
