"""What clips are to be tagged with: what people said of them, and what networks trained before heard in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from audiomodel.training.clips import Clips


class Answers(NamedTuple):
    """What teachers heard, as probabilities, by clip: shapes (n_clips, n_tags) and (n_clips, n_genres)."""

    tags: Tensor
    genres: Tensor

    def of(self, rows: Tensor) -> Answers:
        """Return the answers on some clips."""
        return Answers(self.tags[rows], self.genres[rows])


class Truth(NamedTuple):
    """Of the clips of one batch: tags (0 or 1), numbers of genres and artists (-1: none), and what teachers heard."""

    tags: Tensor
    genres: Tensor
    artists: Tensor
    heard: Answers | None = None

    def of(self, rows: Tensor) -> Truth:
        """Return the truth on some clips, in their order."""
        heard = None if self.heard is None else self.heard.of(rows)
        return Truth(self.tags[rows], self.genres[rows], self.artists[rows], heard)

    def to(self, device: str) -> Truth:
        """Return the same on a device."""
        heard = None if self.heard is None else Answers(*(values.to(device) for values in self.heard))
        return Truth(self.tags.to(device), self.genres.to(device), self.artists.to(device), heard)


@dataclass(frozen=True)
class Targets:
    """What clips are to be tagged with: names, and which clip has which; and who made the training clips."""

    tag_names: tuple[str, ...]
    genre_names: tuple[str, ...]
    tags: Tensor
    genres: Tensor
    artists: Tensor
    n_artists: int

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
