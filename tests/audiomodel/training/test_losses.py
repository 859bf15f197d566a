"""Losses by brute force."""

from __future__ import annotations

import math

import pytest
import torch

from audiomodel.training.losses import EMBEDDING_WEIGHT, HEAVIEST_TAG, SMOOTHING, TAG_WEIGHT, TaggingLoss
from audiomodel.training.network import Output, Told
from audiomodel.training.targets import Truth


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


def artist_loss(logits: torch.Tensor, truth: list[int]) -> float:
    rows = zip(torch.log_softmax(logits, 1).tolist(), truth, strict=True)
    costs = [-row[artist] for row, artist in rows if artist >= 0]
    return sum(costs) / len(costs)


TAGS, GENRES = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 0]]), torch.tensor([1, -1, 0])
ARTISTS = torch.tensor([2, -1, 0])
TRUTH = Truth(TAGS, GENRES, ARTISTS)
SHARES = torch.tensor([0.5, 0.01, 0.0])


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def told() -> Told:
    artists = drawn(3, 4, seed=2)
    return Told(output(drawn(3, 3), drawn(3, 2, seed=1)), output(drawn(3, 3, seed=3), drawn(3, 2, seed=4)), artists)


def said_loss(heard: Output) -> float:
    return TAG_WEIGHT * tag_loss(heard.tags, TAGS, SHARES) + genre_loss(heard.genres, GENRES.tolist())


def both_losses(told: Told) -> float:
    return said_loss(told.output) + EMBEDDING_WEIGHT * said_loss(told.by_embedding)


def test_tags_and_genres_cost_what_they_do_by_hand(told: Told) -> None:
    assert float(TaggingLoss(SHARES)(told._replace(artists=None), TRUTH)) == pytest.approx(both_losses(told), rel=1e-5)


def test_clips_without_genres_cost_their_tags_alone(told: Told) -> None:
    loss = TaggingLoss(SHARES)(told._replace(artists=None), TRUTH._replace(genres=torch.full((3,), -1)))
    of_tags = [TAG_WEIGHT * tag_loss(said.tags, TAGS, SHARES) for said in (told.output, told.by_embedding)]
    assert float(loss) == pytest.approx(of_tags[0] + EMBEDDING_WEIGHT * of_tags[1], rel=1e-5)


def test_artists_cost_their_weight_and_unknown_ones_nothing(told: Told) -> None:
    loss = TaggingLoss(SHARES, artist_weight=0.5)
    assert told.artists is not None
    expected = both_losses(told) + 0.5 * artist_loss(told.artists, ARTISTS.tolist())
    assert float(loss(told, TRUTH)) == pytest.approx(expected, rel=1e-5)
    unknown = TRUTH._replace(artists=torch.full((3,), -1))
    assert float(loss(told, unknown)) == pytest.approx(both_losses(told), rel=1e-5)


def test_rare_tags_weigh_more_up_to_a_limit() -> None:
    weights = TaggingLoss(torch.tensor([1.0, 0.25, 0.01, 0.0])).weights
    assert weights.tolist() == pytest.approx([1, 2, 10, HEAVIEST_TAG])


def test_mixed_clips_cost_their_shares_of_both(told: Told) -> None:
    loss, order = TaggingLoss(SHARES, artist_weight=0.2), torch.tensor([2, 0, 1])
    own, other = float(loss(told, TRUTH)), float(loss(told, TRUTH.of(order)))
    mixed = float(loss.mixed(told, TRUTH, order, 0.3))
    assert mixed == pytest.approx(0.3 * own + 0.7 * other, rel=1e-5)
    assert own != pytest.approx(other, rel=1e-3)
