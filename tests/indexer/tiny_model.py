"""A tag model small enough to know by heart: five tags, one alias, two implications."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tagmodel.folding import fold_tag, tag_id
from tagmodel.model import Kin
from tagmodel.vocabulary import Vocabulary

SPELLINGS = {"female vocal": "female vocals", "piano": "piano", "rock": "Rock", "sad": "sad", "slow": "slow"}
# Fold key → (implied fold key, weight in 1/256).
IMPLIED = {"sad": ("slow", 128), "rock": ("female vocal", 20)}


def tag(spelling: str) -> str:
    """The id of a tag by its spelling."""
    return tag_id(fold_tag(spelling))


class TinyModel:
    """What the indexer uses of a `TagModel`."""

    def __init__(self, model_id: str = "tiny", implied: dict[str, tuple[str, int]] = IMPLIED) -> None:
        self.model_id = model_id
        self._implied = {tag(key): (tag(other), weight) for key, (other, weight) in implied.items()}
        n = len(SPELLINGS)
        self.vocabulary = Vocabulary(
            keys=tuple(SPELLINGS),
            spellings=tuple(SPELLINGS.values()),
            sets=("tiny",),
            set_counts=np.ones((1, n), np.int64),
            set_minimum=np.ones(1, np.int64),
            alias_rows=(("unhappy", "sad"),),
        )

    def kin(self, tag_id: str) -> tuple[Kin, ...]:
        return ()

    def imply(self, typed: Sequence[Sequence[str]]) -> list[tuple[tuple[str, ...], tuple[int, ...]]]:
        answers = []
        for tags in typed:
            found = {self._implied[t][0]: self._implied[t][1] for t in tags if t in self._implied}
            kept = sorted(((other, weight) for other, weight in found.items() if other not in tags))
            answers.append((tuple(other for other, _ in kept), tuple(weight for _, weight in kept)))
        return answers
