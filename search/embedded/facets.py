"""Counts of values over the hits: genre, license and artist over all of them, tags over the best thousand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from search.embedded.segment import FACETS
from search.embedded.view import Part
from search.engine import FACET_VALUES, FacetValue


def count_facets(hits: Sequence[tuple[Part, NDArray[np.int64]]]) -> dict[str, tuple[FacetValue, ...]]:
    """Count genre, license and artist over all hits.

    Parameters
    ----------
    hits
        Parts with the rows of all hits of each.
    """
    return {name: _count_facet(name, hits) for name in FACETS}


def _count_facet(name: str, hits: Sequence[tuple[Part, NDArray[np.int64]]]) -> tuple[FacetValue, ...]:
    spellings: dict[str, Counter[str]] = {}
    for part, rows in hits:
        facet = part.segment.facets[name]
        counts = np.bincount(facet.codes[rows], minlength=len(facet.spellings))
        for code in np.flatnonzero(counts).tolist():
            value = facet.values[int(facet.value_of[code])]
            spellings.setdefault(value, Counter())[facet.spellings[code]] += int(counts[code])
    best = sorted((-sum(of_value.values()), value) for value, of_value in spellings.items())[:FACET_VALUES]
    return tuple(FacetValue(value, -count, _label(spellings[value])) for count, value in best)


def _label(spellings: Mapping[str, int]) -> str:
    return min(spellings, key=lambda spelling: (-spellings[spelling], spelling))


def count_tags(best: Iterable[tuple[Part, NDArray[np.int64]]], tag_ids: Sequence[str]) -> tuple[FacetValue, ...]:
    """Count typed tags over chosen hits.

    Parameters
    ----------
    best
        Parts with the rows chosen of each.
    """
    counts = np.zeros(len(tag_ids), np.int64)
    for part, rows in best:
        counts += np.bincount(part.segment.typed_tags(rows), minlength=len(counts))
    top = sorted((-int(counts[n]), tag_ids[n]) for n in np.flatnonzero(counts).tolist())[:FACET_VALUES]
    return tuple(FacetValue(tag_id, -count) for count, tag_id in top)
