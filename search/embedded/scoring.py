"""Scores and the hit set of a plan over one segment: one multiplication per term, one array per group.

All weights are whole units, so float32 sums are exact in any order (ADR 1) and the order of work is free.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.document import Family
from search.embedded.columns import add_column
from search.embedded.filters import plan_masks
from search.embedded.segment import Segment
from search.embedded.view import Part
from search.plan import Clause, Group, Plan

Numbers = Callable[[str], int | None]


@dataclass(frozen=True)
class PartHits:
    """The hits of a plan in one part.

    Parameters
    ----------
    rows : int64, shape (n_hits,)
        Ascending.
    scores : float32, shape (n_hits,)
    carried : shape (n_hits,)
        Of how many groups people typed a tag.
    """

    part: Part
    rows: NDArray[np.int64]
    scores: NDArray[np.float32]
    carried: NDArray[np.uint16]


class Scratch:
    """Arrays of one search at a time, kept between searches: fresh ones cost up to three times the scoring."""

    def __init__(self) -> None:
        self._arrays: dict[str, NDArray[Any]] = {}

    def zeros(self, name: str, size: int, dtype: Any) -> NDArray[Any]:
        """Return the cleared array of a name, longer each time more is asked for."""
        array = self._arrays.get(name)
        if array is None or len(array) < size:
            array = self._arrays[name] = np.empty(size, dtype)
        part = array[:size]
        part.fill(0)
        return part


def find_hits(part: Part, plan: Plan, numbers: Numbers, scratch: Scratch) -> PartHits:
    """Execute a plan over one part."""
    size = part.segment.n_rows
    total = scratch.zeros("total", size, np.float32)
    carried = scratch.zeros("carried", size, np.uint16)
    reached = np.ones(size, np.bool_) if part.alive is None else part.alive.copy()
    for mask in plan_masks(plan, part.segment, numbers, part.masks):
        reached &= mask
    for group in plan.groups:
        _add_group(part.segment, group, numbers, scratch, (total, carried, reached))
    rows = np.flatnonzero(reached)
    return PartHits(part, rows, total[rows], carried[rows])


def _add_group(
    segment: Segment, group: Group, numbers: Numbers, scratch: Scratch, sums: tuple[NDArray[Any], ...]
) -> None:
    total, carried, reached = sums
    scores = scratch.zeros("group", len(total), np.float32)
    for clause in group.clauses:
        _add_terms(scores, segment, _own_terms(clause, own=True), numbers)
    typed = scores > 0
    np.add(carried, typed, out=carried, casting="unsafe")
    for clause in group.clauses:
        _add_terms(scores, segment, _own_terms(clause, own=False), numbers)
    reached &= typed if group.required else scores > 0
    total += scores


def _own_terms(clause: Clause, own: bool) -> Iterable[tuple[str, Family, float]]:
    for term in clause.terms:
        if (term.tag_id == clause.tag_id and term.family is Family.TYPED) == own:
            yield term.tag_id, term.family, term.weight


def _add_terms(
    scores: NDArray[np.float32], segment: Segment, terms: Iterable[tuple[str, Family, float]], numbers: Numbers
) -> None:
    for tag_id, family, weight in terms:
        rows, weights = getattr(segment, family.value).column(numbers(tag_id))
        if len(rows):
            add_column(scores, rows, weights, weight)
