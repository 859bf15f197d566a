"""Hits in another order than that of scores: by duration or year, tracks that do not state it last.

The value becomes a *worth*, the greater the earlier, so that ascending, descending and not stated are one comparison.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from search.embedded.bits import Bits, rows_of
from search.embedded.scoring import Best
from search.embedded.segment import Segment
from search.embedded.topk import top_k
from search.embedded.view import Part
from search.plan import Sort

# Array of a segment and the factor that makes its value a worth.
_WORTH: Mapping[Sort, tuple[str, float]] = {
    Sort.SHORTEST: ("duration", -1.0),
    Sort.LONGEST: ("duration", 1.0),
    Sort.OLDEST: ("year", -1.0),
    Sort.NEWEST: ("year", 1.0),
}


def first_sorted(part: Part, rows: Bits, scores: NDArray[np.float32] | None, sort: Sort, k: int) -> Best:
    """Return the first k rows of a set: worth descending, score descending, row ascending.

    Parameters
    ----------
    scores : shape (n_rows,), or None
        None stands for zeros, as without groups.
    sort
        Anything but the score.
    """
    places = rows_of(rows, part.segment.n_rows)
    worths = _worths(part.segment, places, sort)
    of_places = np.zeros(len(places), np.float32) if scores is None else scores[places]
    first = _first(worths, of_places, k)
    return Best(part, places[first], of_places[first], worths[first])


def _worths(segment: Segment, places: NDArray[np.int64], sort: Sort) -> NDArray[np.float64]:
    name, factor = _WORTH[sort]
    stated: NDArray[np.float64] = segment.arrays[name][places] * factor
    return np.nan_to_num(stated, copy=False, nan=-np.inf)


def _first(worths: NDArray[np.float64], scores: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Return the positions of the first k, without sorting all: many tracks are of one year."""
    best = top_k(worths, k)
    if not len(best):
        return best
    least = worths[best[-1]]
    better, level = np.flatnonzero(worths > least), np.flatnonzero(worths == least)
    better = better[np.lexsort((-scores[better], -worths[better]))]
    return np.concatenate([better, level[top_k(scores[level], k - len(better))]])
