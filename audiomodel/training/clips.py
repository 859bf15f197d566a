"""`Clips`: recordings with known tags, as a network learns from them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SPLITS = ("train", "valid", "test")


@dataclass(frozen=True)
class Clips:
    """Clips of 30 seconds and what people say of them.

    Parameters
    ----------
    name
        Of the data set, e.g. ``fma-small``.
    levels
        Shape (n_clips, n_bands, n_frames), 0..127 (`audiomodel.front_end.levels`).
    ids
        Of the recordings, as their data set numbers them.
    tags
        All tags of each clip.
    genres
        The one top genre of each; ``""`` where there is none.
    artists
        Who made each: no artist is in two splits, or figures flatter.
    splits
        One of `SPLITS` for each.
    """

    name: str
    levels: NDArray[np.uint8]
    ids: tuple[str, ...]
    tags: tuple[tuple[str, ...], ...]
    genres: tuple[str, ...]
    artists: tuple[str, ...]
    splits: tuple[str, ...]

    def __post_init__(self) -> None:
        for field in ("ids", "tags", "genres", "artists", "splits"):
            if len(getattr(self, field)) != len(self.levels):
                raise ValueError(f"expected {len(self.levels)} {field}, one a clip, got {len(getattr(self, field))}")
        if strange := set(self.splits) - set(SPLITS):
            raise ValueError(f"expected splits of {', '.join(SPLITS)}, got {', '.join(sorted(strange))}")

    def digest(self) -> str:
        """Return what they are, as a hash."""
        digest = hashlib.sha256(np.ascontiguousarray(self.levels).data)
        said = (self.ids, self.tags, self.genres, self.artists, self.splits)
        digest.update(repr(said).encode("utf-8", "backslashreplace"))
        return digest.hexdigest()

    def of(self, split: str) -> NDArray[np.int64]:
        """Return the rows of a split."""
        return np.flatnonzero(np.array(self.splits) == split)

    def tag_names(self, at_least: int) -> tuple[str, ...]:
        """Return the tags of at least so many clips of all splits, in alphabetical order."""
        counts = Counter(tag for tags in self.tags for tag in tags)
        return tuple(sorted(tag for tag, count in counts.items() if count >= at_least))

    def genre_names(self) -> tuple[str, ...]:
        """Return all top genres, in alphabetical order."""
        return tuple(sorted(set(self.genres) - {""}))

    def tag_targets(self, names: Sequence[str]) -> NDArray[np.float32]:
        """Return which clip has which tag, shape (n_clips, n_names), 0 or 1."""
        column = {name: number for number, name in enumerate(names)}
        targets = np.zeros((len(self.tags), len(names)), np.float32)
        for row, tags in enumerate(self.tags):
            targets[row, [column[tag] for tag in tags if tag in column]] = 1
        return targets

    def genre_targets(self, names: Sequence[str]) -> NDArray[np.int64]:
        """Return the number of each clip's genre among the names, -1 for none."""
        column = {name: number for number, name in enumerate(names)}
        return np.array([column.get(genre, -1) for genre in self.genres])
