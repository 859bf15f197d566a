"""What clips are to be tagged with, by hand."""

from __future__ import annotations

import numpy as np
import torch

from audiomodel.training.clips import Clips
from audiomodel.training.targets import Targets, Truth


def clips(artists: tuple[str, ...]) -> Clips:
    n = len(artists)
    splits = tuple(("train", "train", "train", "valid", "test")[number % 5] for number in range(n))
    return Clips(
        "five",
        np.zeros((n, 64, 4), np.uint8),
        tuple(map(str, range(n))),
        (("loud",),) * n,
        ("Rock",) * n,
        artists,
        splits,
    )


def test_artists_of_training_clips_are_numbered_and_all_others_unknown() -> None:
    targets = Targets.of(clips(("Bo", "", "Al", "Bo", "Cy")), 1)
    # Clips of other splits have a number only where their artist is learned; no step ever sees them.
    assert targets.artists.tolist() == [1, -1, 0, 1, -1]
    assert targets.n_artists == 2


def test_one_artist_alone_is_not_told_apart() -> None:
    assert Targets.of(clips(("Bo", "Bo", "", "Al", "Cy")), 1).n_artists == 0


def test_truth_is_taken_by_rows() -> None:
    tags = torch.arange(6.0).reshape(3, 2)
    taken = Truth(tags, torch.tensor([0, 1, 2]), torch.tensor([5, 6, 7])).of(torch.tensor([2, 0]))
    assert taken.tags.tolist() == [[4, 5], [0, 1]]
    assert (taken.genres.tolist(), taken.artists.tolist()) == ([2, 0], [7, 5])
