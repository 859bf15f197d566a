"""What clips are to be tagged with: what people said of them, and who made them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from audiomodel.training.clips import Clips


class Truth(NamedTuple):
    """Of the clips of one batch: tags (0 or 1), numbers of genres and artists (-1: none)."""

    tags: Tensor
    genres: Tensor
    artists: Tensor

    def of(self, rows: Tensor) -> Truth:
        """Return the truth on some clips, in their order."""
        return Truth(*(values[rows] for values in self))

    def to(self, device: str) -> Truth:
        """Return the same on a device."""
        return Truth(*(values.to(device) for values in self))


@dataclass(frozen=True)
class Targets:
    """What clips are to be tagged with: names, and which clip has which; and who made the training clips."""

    tag_names: tuple[str, ...]
    genre_names: tuple[str, ...]
    tags: Tensor
    genres: Tensor
    artists: Tensor
    n_artists: int

    @property
    def names(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names of tags and of genres."""
        return self.tag_names, self.genre_names

    @classmethod
    def of(cls, clips: Clips, tags_from: int) -> Targets:
        """Return the tags of enough clips and all genres."""
        tags, genres = clips.tag_names(tags_from), clips.genre_names()
        learned = sorted({clips.artists[row] for row in clips.of("train")} - {""})
        number = {artist: place for place, artist in enumerate(learned)}
        return cls(
            tags,
            genres,
            torch.from_numpy(clips.tag_targets(tags)),
            torch.from_numpy(clips.genre_targets(genres)),
            torch.tensor([number.get(artist, -1) for artist in clips.artists]),
            # One alone cannot be told apart from anybody.
            len(learned) if len(learned) > 1 else 0,
        )
