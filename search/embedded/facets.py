"""Counts of values over the hits: genre, license and artist over all of them, tags over the best thousand.

Counting runs over arrays. The values of small segments are looked up in the largest one once and for all, so that
adding up several segments stays arithmetic.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from search.embedded.segment import FACETS, Facet
from search.embedded.topk import top_k
from search.embedded.view import Part
from search.engine import FACET_VALUES, FacetValue

RowsOfPart = tuple[Part, NDArray[np.int64]]

# Facet of a small segment → facet of a large one → number there of each of its values, -1 for a new one.
_links: WeakKeyDictionary[Facet, WeakKeyDictionary[Facet, NDArray[np.int64]]] = WeakKeyDictionary()


@dataclass(frozen=True)
class _Counted:
    """How often each spelling of a facet was met, shape (n_spellings,)."""

    facet: Facet
    counts: NDArray[np.int64]

    def of_values(self) -> NDArray[np.int64]:
        """Return how often each value was met, shape (n_values,)."""
        if len(self.facet.values) == len(self.facet.spellings):
            return self.counts
        totals = np.bincount(self.facet.value_of, weights=self.counts, minlength=len(self.facet.values))
        return totals.astype(np.int64)

    def spellings(self, value: int) -> dict[str, int]:
        """Return how often each spelling of one value was met."""
        codes = range(self.facet.starts.item(value), self.facet.starts.item(value + 1))
        return {self.facet.spellings[code]: met for code in codes if (met := self.counts.item(code))}


def count_facets(hits: Sequence[RowsOfPart]) -> dict[str, tuple[FacetValue, ...]]:
    """Count genre, license and artist.

    Parameters
    ----------
    hits
        Parts with the rows of all hits of each.
    """
    return {name: _count_facet([_count(part, rows, name) for part, rows in hits]) for name in FACETS}


def _count(part: Part, rows: NDArray[np.int64], name: str) -> _Counted:
    facet = part.segment.facets[name]
    return _Counted(facet, np.bincount(facet.codes[rows], minlength=len(facet.spellings)))


def _count_facet(counted: Sequence[_Counted]) -> tuple[FacetValue, ...]:
    if not counted:
        return ()
    largest, *others = sorted(counted, key=lambda one: -len(one.facet.values))
    totals = largest.of_values()
    if others:
        return _count_over_parts(largest, totals.copy(), others)
    return tuple(_values(largest, _top(totals), totals))


def _values(counted: _Counted, numbers: Sequence[int], totals: NDArray[np.int64]) -> Iterator[FacetValue]:
    read = counted.facet.value
    for number, met in zip(numbers, totals[numbers].tolist(), strict=True):
        value, spelling = read(number)
        yield FacetValue(value, met, _most_common(counted.spellings(number)) if spelling is None else spelling)


def _count_over_parts(
    largest: _Counted, totals: NDArray[np.int64], others: Sequence[_Counted]
) -> tuple[FacetValue, ...]:
    new = Counter[str]()
    for other in others:
        _add(totals, new, largest.facet, other)
    best = [(-totals.item(number), largest.facet.values[number], number) for number in _top(totals)]
    best = sorted([*best, *((-count, value, -1) for value, count in new.items())])[:FACET_VALUES]
    return tuple(
        FacetValue(value, -count, _label(value, largest.spellings(number) if number >= 0 else {}, others))
        for count, value, number in best
    )


def _top(totals: NDArray[np.int64]) -> list[int]:
    met = totals.nonzero()[0]
    best: list[int] = met[top_k(totals[met], FACET_VALUES)].tolist()
    return best


def _add(totals: NDArray[np.int64], new: Counter[str], facet: Facet, other: _Counted) -> None:
    """Add the counts of a smaller segment to the totals, and of values that only it has to `new`."""
    counts = other.of_values()
    met = np.flatnonzero(counts)
    places = _link(other.facet, facet)[met]
    totals[places[places >= 0]] += counts[met[places >= 0]]
    for number in met[places < 0].tolist():
        new[other.facet.values[number]] += counts.item(number)


def _link(small: Facet, large: Facet) -> NDArray[np.int64]:
    of_small = _links.setdefault(small, WeakKeyDictionary())
    if large not in of_small:
        found = (large.values.find(value) for value in small.values)
        of_small[large] = np.array([-1 if place is None else place for place in found], np.int64)
    return of_small[large]


def _label(value: str, spellings: Mapping[str, int], others: Sequence[_Counted]) -> str:
    """Return the most common spelling over all parts."""
    totals = Counter(spellings)
    for other in others:
        number = other.facet.values.find(value)
        if number is not None:
            totals.update(other.spellings(number))
    return _most_common(totals)


def _most_common(spellings: Mapping[str, int]) -> str:
    """Return the most common spelling; of several, the first in code point order."""
    return min(spellings, key=lambda text: (-spellings[text], text))


def count_tags(best: Iterable[RowsOfPart], tag_ids: Sequence[str]) -> tuple[FacetValue, ...]:
    """Count typed tags.

    Parameters
    ----------
    best
        Parts with the rows to count in each.
    """
    counts = np.zeros(len(tag_ids), np.int64)
    for part, rows in best:
        counts += np.bincount(part.segment.typed_tags(rows), minlength=len(counts))
    met = counts.nonzero()[0]
    of_met = counts[met]
    if len(met) > FACET_VALUES:
        met = met[of_met >= np.partition(of_met, -FACET_VALUES)[-FACET_VALUES]]
    top = sorted([(-counts.item(number), tag_ids[number]) for number in met.tolist()])[:FACET_VALUES]
    return tuple([FacetValue(tag_id, -count) for count, tag_id in top])
