"""The best hits of several parts put together: what is sorted by, score descending, a title first, track id ascending.

Track ids are read only where hits of different parts compete at one score.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from search.embedded.scoring import Best
from search.embedded.view import Part


class Ranked(NamedTuple):
    """A hit in its place among those of all parts."""

    score: float
    part: Part
    row: int
    worth: float


def merge_best(parts: Sequence[Best], k: int) -> list[Ranked]:
    """Return the k best of the best of all parts, in order."""
    streams = [_ranked(best, k) for best in parts]
    return list(islice(streams[0] if len(streams) == 1 else heapq.merge(*streams, key=_order), k))


def _ranked(best: Best, k: int) -> Iterator[Ranked]:
    rows, scores = best.rows[:k].tolist(), best.scores[:k].tolist()
    worths = [0.0] * len(rows) if best.worths is None else best.worths[:k].tolist()
    for row, score, worth in zip(rows, scores, worths, strict=True):
        yield Ranked(score, best.part, row, worth)


def _order(hit: Ranked) -> tuple[float, float, tuple[bool, str]]:
    return -hit.worth, -hit.score, hit.part.segment.sort_key(hit.row)


def rows_of_best(parts: Sequence[Best], k: int) -> list[tuple[Part, NDArray[np.int64]]]:
    """Return which rows of each part are among the k best of all, in no order."""
    if sum(len(best.rows) for best in parts) <= k or len(parts) == 1:
        return [(best.part, best.rows[:k]) for best in parts]
    scores = np.concatenate([best.scores for best in parts])
    least = -np.partition(-scores, k - 1)[k - 1]
    better = [best.rows[best.scores > least] for best in parts]
    level = [Best(best.part, best.rows[at], best.scores[at]) for best in parts if (at := best.scores == least).any()]
    chosen: dict[int, list[int]] = {}
    for hit in merge_best(level, k - sum(map(len, better))):
        chosen.setdefault(id(hit.part), []).append(hit.row)
    return [
        (best.part, np.append(rows, np.array(chosen.get(id(best.part), []), np.int64)))
        for best, rows in zip(parts, better, strict=True)
    ]
