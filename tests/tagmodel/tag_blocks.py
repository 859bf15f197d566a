"""A hand-made tag model: two blocks of tags with a bridge, a block of its own, a contradicting pair, a loner."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from tagmodel.folding import fold_tag, tag_id
from tagmodel.kin import KinTable
from tagmodel.model import TagModel
from tagmodel.tag_map import compute_map
from tagmodel.vocabulary import Vocabulary

INDIAN = ("indian", "raga", "sitar", "tabla", "tanpura", "eastern")
CLUB = ("techno", "trance", "house", "electro", "dance", "fast")
CHAMBER = ("cello", "violin", "viola", "oboe", "chamber", "slow")
LONER = "lonely"
SPELLINGS = tuple(sorted((*INDIAN, *CLUB, *CHAMBER, LONER)))
# Every pair of a block is kin, the nearer the fewer letters lie between them in its list.
NEAREST, FALL = 0.6, 0.08
# (tag, kin, similarity): mutual between the first two blocks, one-sided out of the third.
BRIDGE = ("eastern", "dance", 0.3)
ONE_SIDED = ("oboe", "raga", 0.2)


def tag(spelling: str) -> str:
    """The id of a tag by its spelling."""
    return tag_id(fold_tag(spelling))


def similarities() -> dict[tuple[str, str], float]:
    """Similarity of each tag to each of its kin."""
    near: dict[tuple[str, str], float] = {}
    for block in (INDIAN, CLUB, CHAMBER):
        for (i, a), (j, b) in combinations(enumerate(block), 2):
            near[a, b] = near[b, a] = round(NEAREST - FALL * (j - i - 1), 2)
    a, b, similarity = BRIDGE
    near[a, b], near[b, a] = similarity, similarity + 0.1
    near[ONE_SIDED[:2]] = ONE_SIDED[2]
    return near


def block_vocabulary() -> Vocabulary:
    """A vocabulary of all tags, each used a hundred times and a few more."""
    n = len(SPELLINGS)
    return Vocabulary(
        keys=SPELLINGS,
        spellings=SPELLINGS,
        sets=("blocks",),
        set_counts=100 + np.arange(n, dtype=np.int64)[None],
        set_minimum=np.ones(1, np.int64),
        alias_rows=(("sitars of india", "sitar"),),
        contradictions=(("fast", "slow", "hard"),),
    )


def block_kin() -> KinTable:
    """The kin of all tags; co-occurrence knows every pair, word2vec half of them, and no PMI is known of the bridge."""
    number = {spelling: at for at, spelling in enumerate(SPELLINGS)}
    rows: list[list[tuple[float, int]]] = [[] for _ in SPELLINGS]
    for (a, b), similarity in similarities().items():
        rows[number[a]].append((-similarity, number[b]))
    entries = [(owner, kin, -minus) for owner, row in enumerate(rows) for minus, kin in sorted(row)]
    similarity = np.array([near for _, _, near in entries], np.float32)
    bridge = {number[BRIDGE[0]], number[BRIDGE[1]]}
    return KinTable(
        starts=np.cumsum([0, *map(len, rows)]).astype(np.int32),
        tags=np.array([kin for _, kin, _ in entries], np.int32),
        similarity=similarity,
        cooccurrence=similarity,
        word2vec=np.where(similarity > 0.5, similarity / 2, 0).astype(np.float32),
        als=similarity / 4,
        pmi=np.array([np.nan if {a, b} == bridge else 2.5 for a, b, _ in entries], np.float32),
        support=np.round(100 * similarity).astype(np.int32),
    )


def block_model() -> TagModel:
    """All of it as a model that can be saved; it knows kin and implies nothing."""
    vocabulary, kin = block_vocabulary(), block_kin()
    parts = {"kin": kin.arrays(), "graph": compute_map(kin, vocabulary)}
    arrays = {f"{part}/{name}": array for part, named in parts.items() for name, array in named.items()}
    made = {"seed": 0, "command": "by hand", "data": [], "use": "Tests.", "options": {}}
    return TagModel(vocabulary, arrays, {"model_id": "blocks", "n_tags": len(vocabulary), **made})
