"""Words, filters and exclusions as sets of rows of a segment, cached by value.

A segment never changes, so its sets never do; which rows are gone is the view's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from search.document import Family
from search.embedded.bits import Bits, pack, pack_rows
from search.embedded.segment import FACETS, Facet, Segment
from search.plan import Filters, Plan, Range

Numbers = Callable[[str], int | None]  # tag id → column number, None for a tag that no track has


def passing_rows(plan: Plan, segment: Segment, numbers: Numbers) -> Iterator[Bits]:
    """Yield the sets that a hit must be in, one for each word, excluded tag and filter."""
    for word in plan.words:
        yield segment.sets.get(("word", word), partial(_rows_with_word, segment, word))
    for tag_id in plan.excluded:
        column = numbers(tag_id)
        yield segment.sets.get(("without", column), partial(_rows_without, segment, column))
    for key, make in _filter_sets(plan.filters, segment):
        yield segment.sets.get(key, make)


def _filter_sets(filters: Filters, segment: Segment) -> Iterator[tuple[Hashable, Callable[[], Bits]]]:
    for name in FACETS:
        values = getattr(filters, name)
        if values:
            yield (name, values), partial(_rows_with_value, segment.facets[name], values)
    for name, stored in (("duration", segment.duration), ("year", segment.year)):
        limits = getattr(filters, name)
        if limits is not None:
            yield (name, limits), partial(_rows_in_range, stored, limits)


def _rows_with_word(segment: Segment, word: str) -> Bits:
    return pack_rows(segment.word_postings.rows(segment.words.find(word)), segment.n_rows)


def _rows_without(segment: Segment, column: int | None) -> Bits:
    mask = np.ones(segment.n_rows, np.bool_)
    for family in (Family.TYPED, Family.HEARD):
        mask[segment.postings[family].rows(column)] = False
    return pack(mask)


def _rows_with_value(facet: Facet, values: tuple[str, ...]) -> Bits:
    wanted = np.zeros(len(facet.values), np.bool_)
    wanted[[place for value in values if (place := facet.values.find(value)) is not None]] = True
    return pack(wanted[facet.value_of][facet.codes])


def _rows_in_range(stored: NDArray[np.float64], limits: Range) -> Bits:
    mask = ~np.isnan(stored)
    if limits.low is not None:
        mask &= stored >= limits.low
    if limits.high is not None:
        mask &= stored <= limits.high
    return pack(mask)
