"""The hit set of a plan over one part, and the best of it.

What reaches a group is a question of yes and no, answered with sets of bits; scores are summed up once, in one array,
over all terms of all groups. All weights are whole units, so float32 sums are exact in any order (ADR 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from search.document import Family
from search.embedded.bits import Bits, count, keep, pack_rows, rows_of
from search.embedded.filters import Numbers, passing_rows
from search.embedded.segment import Segment
from search.embedded.topk import top_k
from search.embedded.view import Part
from search.mixing import tag_weight
from search.plan import SHARES, Group, Plan, Term

# Below one hit in so many rows it is quicker to gather their scores than to clear those of all other rows.
_GATHER_BELOW = 32
# So it is when so few more are hits than are wanted.
_GATHER_BEST = 16


class Best(NamedTuple):
    """The best hits of one part, best first.

    Parameters
    ----------
    rows : int64, shape (n_best,)
    scores : float32, shape (n_best,)
    worths : float64, shape (n_best,), or None
        What comes before the score, descending (`search.embedded.sorting`); None where nothing does.
    """

    part: Part
    rows: NDArray[np.int64]
    scores: NDArray[np.float32]
    worths: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class HitSet:
    """Which rows of a part are hits, and which of them people gave the query's tags.

    Parameters
    ----------
    rows, carry_all, carry_none
        All hits; those on which people typed a tag of every group; of no group. Without groups all hits carry all.
    """

    part: Part
    rows: Bits
    carry_all: Bits
    carry_none: Bits

    @cached_property
    def places(self) -> NDArray[np.int64]:
        """All hits as row numbers, ascending."""
        return rows_of(self.rows, self.part.segment.n_rows)


class Scratch:
    """Arrays of one search at a time, kept between searches: fresh ones cost up to three times the scoring."""

    def __init__(self) -> None:
        self._arrays: dict[str, NDArray[np.float32]] = {}

    def array(self, name: str, size: int) -> NDArray[np.float32]:
        """Return the array of a name with whatever is in it; made anew when a longer one is asked for."""
        array = self._arrays.get(name)
        if array is None or len(array) < size:
            array = self._arrays[name] = np.empty(size, np.float32)
        return array[:size]


def find_hits(part: Part, plan: Plan, numbers: Numbers) -> HitSet:
    """Find the rows that reach every group and pass words, exclusions and filters."""
    rows = part.alive.copy()
    for passing in passing_rows(plan, part.segment, numbers):
        rows &= passing
    groups = [_rows_of_group(part.segment, group, numbers) for group in plan.groups]
    for _, reached in groups:
        rows &= reached
    if not groups:
        return HitSet(part, rows, rows, np.zeros_like(rows))
    carry_all = reduce(np.bitwise_and, (carriers for carriers, _ in groups), rows)
    carry_any = reduce(np.bitwise_or, (carriers for carriers, _ in groups))
    return HitSet(part, rows, carry_all, rows & ~carry_any)


def _rows_of_group(segment: Segment, group: Group, numbers: Numbers) -> tuple[Bits, Bits]:
    """Return the rows on which people typed one of the group's own tags, and the rows that reach it."""
    own = [_rows_of_term(segment, numbers(clause.tag_id), Family.TYPED) for clause in group.clauses]
    carriers = reduce(np.bitwise_or, own)
    if group.required:
        return carriers, carriers
    others = [term for clause in group.clauses for term in clause.terms[1:] if not _is_empty(segment, term)]
    reached = reduce(np.bitwise_or, (_rows_of_term(segment, numbers(t.tag_id), t.family) for t in others), carriers)
    return carriers, reached


def _is_empty(segment: Segment, term: Term) -> bool:
    """Whether no track has any tag of the term's family, as heard ones where no audio was read: half of all terms."""
    return segment.postings[term.family].is_empty


def _rows_of_term(segment: Segment, column: int | None, family: Family) -> Bits:
    return segment.sets.get((family, column), lambda: pack_rows(segment.postings[family].rows(column), segment.n_rows))


def add_scores(part: Part, plan: Plan, numbers: Numbers, scratch: Scratch) -> NDArray[np.float32]:
    """Return what tags add to the scores of all rows, hits or not, shape (n_rows,).

    Valid until the next call with this scratch.
    """
    scores = scratch.array("scores", part.segment.n_rows)
    scores.fill(0)
    share = 0 if plan.sound is None else plan.sound.share
    if share == SHARES:
        return scores
    for group in plan.groups:
        for clause in group.clauses:
            for term in clause.terms:
                postings = part.segment.postings[term.family]
                if not postings.is_empty:
                    weight = tag_weight(term.weight, share) if share else term.weight
                    postings.add_to(scores, numbers(term.tag_id), weight)
    return scores


def first_hits(part: Part, rows: Bits, k: int) -> Best:
    """Return the first k rows of a set, at score 0: the best hits of a plan without groups."""
    first = rows_of(rows, part.segment.n_rows)[:k]
    return Best(part, first, np.zeros(len(first), np.float32))


def best_hits(found: HitSet, scores: NDArray[np.float32], k: int, scratch: Scratch, positive: bool = True) -> Best:
    """Return the k best hits, as `best_rows` does."""
    if count(found.rows) < _GATHER_BEST * k:
        return _gathered(found.part, found.places, scores, k)
    return best_rows(found.part, found.rows, scores, k, scratch, positive)


def best_rows(
    part: Part, rows: Bits, scores: NDArray[np.float32], k: int, scratch: Scratch, positive: bool = True
) -> Best:
    """Return the k best rows of a set: score descending, row ascending.

    Parameters
    ----------
    scores : shape (n_rows,)
    positive
        Whether they are above 0 on all rows of the set; what sounds just the opposite has 0.
    """
    n_hits, n_rows = count(rows), part.segment.n_rows
    if not positive or n_hits * _GATHER_BELOW < n_rows:
        return _gathered(part, rows_of(rows, n_rows), scores, k)
    kept = keep(scores, rows, out=scratch.array("kept", 64 * len(rows)))
    best = top_k(kept, min(k, n_hits))
    return Best(part, best, kept[best])


def _gathered(part: Part, places: NDArray[np.int64], scores: NDArray[np.float32], k: int) -> Best:
    of_places = scores[places]
    best = top_k(of_places, k)
    return Best(part, places[best], of_places[best])
