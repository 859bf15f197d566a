"""What a network is shown: lengths, ranges, and that nothing of a clip is made up."""

from __future__ import annotations

import pytest
import torch

from audiomodel.front_end import FrontEnd
from audiomodel.training import augmentation, views


@pytest.fixture
def db() -> torch.Tensor:
    return augmentation.levels_to_db(torch.randint(0, 128, (5, 64, 128), generator=torch.Generator().manual_seed(0)))


def test_whole_clips_have_few_lengths_and_their_own_range(db: torch.Tensor) -> None:
    torch.manual_seed(0)
    lengths = set()
    for _ in range(60):
        levels = views.whole(db)
        lengths.add(levels.shape[2])
        assert levels.shape[:2] == (5, 64)
        assert levels.amax(dim=(1, 2)).tolist() == pytest.approx([127] * 5, abs=1e-3)
        assert levels.amin(dim=(1, 2)).tolist() == pytest.approx([0] * 5, abs=1e-3)
    assert lengths == set(views.WHOLE)


def test_clips_shorter_than_any_length_stay_whole(db: torch.Tensor) -> None:
    torch.manual_seed(1)
    lengths = {views.whole(db[:, :, :20]).shape[2] for _ in range(20)}
    assert max(lengths) == 20
    assert min(lengths) >= 17


@pytest.mark.parametrize("degraded", [0.0, 1.0])
def test_excerpts_have_lengths_from_a_second_on(db: torch.Tensor, degraded: float) -> None:
    torch.manual_seed(2)
    channel = augmentation.Channel.of(FrontEnd())
    lengths = {views.excerpt(db, channel, degraded).shape[2] for _ in range(80)}
    assert lengths == set(views.EXCERPTS)


def test_an_excerpt_that_is_not_degraded_is_a_stretch_of_its_clip(db: torch.Tensor) -> None:
    torch.manual_seed(3)
    found = views.excerpt(db, augmentation.Channel.of(FrontEnd()), 0.0)
    n_frames = found.shape[2]
    for clip, cut in zip(db, found, strict=True):
        stretches = [
            augmentation.db_to_levels(clip[None, :, first : first + n_frames])[0] for first in range(129 - n_frames)
        ]
        assert any(torch.allclose(cut, stretch) for stretch in stretches)


def test_mixed_clips_are_mixed_by_their_shares() -> None:
    levels = torch.tensor([[[0.0]], [[100.0]]])
    assert views.mixed(levels, torch.tensor([1, 0]), 0.25).flatten().tolist() == [75, 25]
