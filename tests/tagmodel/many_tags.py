"""A model of two thousand tags in forty blocks, which nobody trained: kin by arithmetic, from a seed."""

from __future__ import annotations

import numpy as np

from tagmodel.kin import KinTable
from tagmodel.model import TagModel
from tagmodel.tag_map import compute_map
from tagmodel.vocabulary import Vocabulary

N_TAGS, N_BLOCKS = 2_000, 40


def many_vocabulary() -> Vocabulary:
    """Tags that are told apart by numbers, with lengths as real ones have them."""
    spellings = tuple(sorted(f"{('deep', 'slow', 'old', 'new')[n % 4]} tag {n:04}" for n in range(N_TAGS)))
    return Vocabulary(
        keys=spellings,
        spellings=spellings,
        sets=("many",),
        set_counts=1 + np.arange(N_TAGS, dtype=np.int64)[None] ** 2,
        set_minimum=np.ones(1, np.int64),
    )


def many_kin(seed: int = 0) -> KinTable:
    """Each tag is kin to some of its block, and to one elsewhere."""
    random = np.random.default_rng(seed)
    size = N_TAGS // N_BLOCKS
    owners = np.arange(N_TAGS)
    near = [(owners // size) * size + (owners + step) % size for step in (1, 2, 3, 5, size - 1, size - 2, size - 3)]
    tags = np.column_stack([*near, (owners + size * random.integers(1, N_BLOCKS, N_TAGS)) % N_TAGS])
    similarity = np.sort(random.uniform(0.05, 0.6, tags.shape).astype(np.float32), axis=1)[:, ::-1].ravel()
    return KinTable(
        starts=np.arange(0, tags.size + 1, tags.shape[1], dtype=np.int32),
        tags=tags.ravel().astype(np.int32),
        similarity=similarity,
        cooccurrence=similarity,
        word2vec=similarity,
        als=similarity,
        pmi=np.ones(tags.size, np.float32),
        support=np.full(tags.size, 9, np.int32),
    )


def many_tags() -> TagModel:
    """All of it as a model; laying out its map takes a few seconds."""
    vocabulary, kin = many_vocabulary(), many_kin()
    parts = {"kin": kin.arrays(), "graph": compute_map(kin, vocabulary)}
    arrays = {f"{part}/{name}": array for part, named in parts.items() for name, array in named.items()}
    return TagModel(vocabulary, arrays, {"model_id": "many", "n_tags": N_TAGS})
