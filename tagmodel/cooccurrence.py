"""Which tags stand together more often than chance: counts, pointwise mutual information, similarity.

Counted per data set, over its own items and only over the tags of that set's own vocabulary, then averaged with capped
weights: pooled counts would let bags of tags of whole artists drown the clips, and turn antonyms into friends (the PMI
of slow and fast is -2.5 bits on MTAT clips, +1.7 pooled with FMA). Where chance alone would give fewer than five items
with both tags, a set says nothing, neither for nor against.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy import sparse

Floats = NDArray[np.float32]
# A data set's items by tag number: one ascending tuple an item.
EncodedItems = Sequence[tuple[int, ...]]

# Items with both tags that chance must give before a count is evidence.
MIN_EXPECTED = 5.0
# A pair's weight in the average is its expected count, at most this: beyond, more items make a set no more right.
MAX_EXPECTED = 50.0
# Items by which P(tag | other tag) is drawn towards P(tag): one item is not a rule.
PRIOR_ITEMS = 10.0
# A column tag that brings the row's says more than the way back, where it only says that it is frequent with it.
TOWARDS = 0.6
# Of contradictory tags the clips of MTAT, listened to by several people and ten seconds of sound each, say most.
VETO_SET = "mtat"


class Evidence(NamedTuple):
    """What co-occurrence says of some tags against all tags; arrays of shape (len(rows), n_tags).

    Parameters
    ----------
    similarity
        In [0, 1], see `PairCounts.similarity`; 0 without evidence or where vetoed.
    pmi
        Bits; NaN without evidence.
    veto
        The two are negatively related: never kin.
    support
        Items with both, over all sets.
    expected
        Items with both that chance would give, over all sets.
    """

    similarity: Floats
    pmi: Floats
    veto: NDArray[np.bool_]
    support: NDArray[np.int32]
    expected: Floats


@dataclass(frozen=True, eq=False)
class PairCounts:
    """How often pairs of tags stand together in one data set.

    Parameters
    ----------
    counts : shape (n_tags, n_tags)
        Items with both tags; nothing on the diagonal.
    uses : shape (n_tags,)
        Items with the tag; 0 outside the set's own vocabulary.
    n_items
        Items with a tag: those without one say nothing, not even that a tag is absent.
    """

    name: str
    counts: sparse.csr_array
    uses: NDArray[np.int64]
    n_items: int

    def expected(self, rows: slice) -> Floats:
        """Return the items with both tags that chance would give, shape (len(rows), n_tags)."""
        return np.outer(self.uses[rows], self.uses / max(self.n_items, 1)).astype(np.float32)

    def together(self, rows: slice) -> Floats:
        """Return the items with both tags, shape (len(rows), n_tags)."""
        return self.counts[rows].toarray().astype(np.float32)  # type: ignore[no-any-return]

    def similarity(self, rows: slice) -> Floats:
        """Say how well the column tags answer for the row tags, shape (len(rows), n_tags), in [0, 1].

        With ``lift(a | b) = (P(a | b) - P(a)) / (1 - P(a))``, 0 at chance and 1 when b always brings a, it is
        ``lift(row | column) ** TOWARDS * lift(column | row) ** (1 - TOWARDS)``. With equal exponents this is the
        correlation (phi) of the two tags over items.
        """
        together, share = self.together(rows), self.uses / max(self.n_items, 1)
        towards = _lift(together, self.uses[None, :], share[rows, None])
        back = _lift(together, self.uses[rows, None], share[None, :])
        return (towards**TOWARDS * back ** (1 - TOWARDS)).astype(np.float32)


def _lift(together: Floats, uses: NDArray[np.int64], share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``(P(a | b) - P(a)) / (1 - P(a))`` for `uses` of b and `share` of a, smoothed, 0 below chance."""
    conditional = (together + PRIOR_ITEMS * share) / (uses + PRIOR_ITEMS)
    return np.clip((conditional - share) / np.maximum(1 - share, 1e-9), 0, 1)


def count_pairs(name: str, items: EncodedItems, in_set: NDArray[np.bool_]) -> PairCounts:
    """Count the pairs of one data set.

    Parameters
    ----------
    in_set : shape (n_tags,)
        Which tags belong to the set's own vocabulary; others are not looked at.
    """
    from scipy import sparse

    matrix = item_matrix(items, len(in_set))
    matrix = (matrix @ sparse.diags_array(in_set.astype(np.float32))).tocsr()
    matrix.eliminate_zeros()
    counts = (matrix.T @ matrix).tocsr()
    counts.setdiag(0)
    counts.eliminate_zeros()
    counts.sort_indices()
    uses = np.asarray(matrix.sum(axis=0)).ravel().astype(np.int64)
    return PairCounts(name, counts, uses, sum(map(bool, items)))


def item_matrix(items: EncodedItems, n_tags: int) -> sparse.csr_array:
    """Return items as a matrix of 0 and 1, shape (n_items, n_tags), float32."""
    from scipy import sparse

    starts = np.concatenate([[0], np.cumsum([len(item) for item in items])])
    tags = np.fromiter((tag for item in items for tag in item), dtype=np.int32, count=int(starts[-1]))
    return sparse.csr_array((np.ones(len(tags), np.float32), tags, starts), shape=(len(items), n_tags))


def tag_uses(items: EncodedItems, n_tags: int) -> NDArray[np.int64]:
    """Count the items with each tag, shape (n_tags,)."""
    tags = np.fromiter((tag for item in items for tag in item), dtype=np.int64)
    return np.bincount(tags, minlength=n_tags)


@dataclass(frozen=True, eq=False)
class CoOccurrence:
    """The counts of several data sets, averaged when asked.

    Parameters
    ----------
    sets
        One `PairCounts` a data set, over the same tags.
    """

    sets: tuple[PairCounts, ...]

    def evidence(self, rows: slice, min_expected: float = MIN_EXPECTED) -> Evidence:
        """Average what the sets say of the tags in `rows`, each where chance would give it `min_expected` items."""
        shape = self.sets[0].counts[rows].shape
        similarity, pmi, weights, support, expected = (np.zeros(shape, np.float32) for _ in range(5))
        veto_pmi = np.full(shape, np.nan, np.float32)
        for pairs in self.sets:
            together, chance = pairs.together(rows), pairs.expected(rows)
            weight = np.where(chance >= min_expected, np.minimum(chance, MAX_EXPECTED), 0)
            bits = pmi_bits(together, chance)
            weights += weight
            similarity += weight * pairs.similarity(rows)
            pmi += weight * bits
            support += together
            expected += chance
            if pairs.name == VETO_SET:
                veto_pmi = np.where(weight > 0, bits, veto_pmi)
        known = weights > 0
        pmi = np.divide(pmi, weights, out=np.full(shape, np.nan, np.float32), where=known)
        similarity = np.divide(similarity, weights, out=np.zeros(shape, np.float32), where=known)
        veto = np.where(np.isnan(veto_pmi), pmi, veto_pmi) < 0
        return Evidence(np.where(veto, 0, similarity), pmi, veto, support.astype(np.int32), expected)


def pmi_bits(together: Floats, expected: Floats) -> Floats:
    """Return the pointwise mutual information in bits, half an item added so that never together stays finite."""
    return np.log2((together + 0.5) / (expected + 0.5)).astype(np.float32)
