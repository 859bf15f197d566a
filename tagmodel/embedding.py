"""`TagEmbedding`: a vector for each tag, whoever trained it.

word2vec and ALS differ in how they learn, not in what they give: one value serves both, and one contract suite holds
both trainers to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class TagEmbedding:
    """Where each tag sits among tags.

    Parameters
    ----------
    name
        How it was trained: ``"word2vec"`` or ``"als"``.
    vectors : shape (n_tags, n_factors)
        Any length; zero for a tag that was never seen in training, which then is near to nothing.
    """

    name: str
    vectors: NDArray[np.float32]

    @cached_property
    def directions(self) -> NDArray[np.float32]:
        """The vectors scaled to length 1 (zero vectors stay), shape (n_tags, n_factors)."""
        lengths = np.linalg.norm(self.vectors, axis=1, keepdims=True)
        scaled: NDArray[np.float32] = np.divide(
            self.vectors, lengths, out=np.zeros_like(self.vectors), where=lengths > 0
        )
        return scaled

    def similarities(self, tag: int) -> NDArray[np.float32]:
        """Return the cosine in [-1, 1] of one tag to every tag, shape (n_tags,)."""
        return np.asarray(self.directions @ self.directions[tag], dtype=np.float32)

    def nearest(self, tag: int, k: int) -> list[tuple[int, float]]:
        """Return the `k` nearest other tags as (tag number, cosine), best first, ties by number.

        Raises
        ------
        IndexError
            If there is no such tag number.
        """
        cosines = self.similarities(tag)
        order = np.argsort(-cosines, kind="stable")
        return [(int(other), float(cosines[other])) for other in order[order != tag][:k]]

    def without_accents(self, uses: NDArray[np.int64]) -> TagEmbedding:
        """Take out of each direction what only tells in which data sets a tag is used.

        Tags of one data set lie together whatever they mean, because no item of it carries tags of another; without
        this, *sitar* finds nothing of a set that does not have it. The accent of each set is fitted by least squares to
        the directions, over the shares of a tag's uses.

        Parameters
        ----------
        uses : shape (n_sets, n_tags)
            Items with each tag, by data set.
        """
        shares = (uses / np.maximum(uses.sum(axis=0), 1)).T
        accents = np.linalg.lstsq(shares, self.directions, rcond=None)[0]
        return TagEmbedding(self.name, (self.directions - shares @ accents).astype(np.float32))

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return the vectors as float16 for storage: a third decimal of a cosine says nothing."""
        return {"vectors": self.vectors.astype(np.float16)}

    @classmethod
    def from_arrays(cls, name: str, arrays: Mapping[str, NDArray[np.generic]]) -> TagEmbedding:
        """Rebuild an embedding from what `arrays` gave."""
        return cls(name, arrays["vectors"].astype(np.float32))
