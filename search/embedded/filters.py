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
from search.embedded.sound_arrays import NO_KEY
from search.musical_key import KEYS
from search.plan import Filters, Plan, Range

Numbers = Callable[[str], int | None]  # tag id → column number, None for a tag that no track has


def passing_rows(plan: Plan, segment: Segment, numbers: Numbers) -> Iterator[Bits]:
    """Yield the sets that a hit must be in, one for each word, excluded tag and filter."""
    for word in plan.words:
        yield segment.sets.get(("word", word), partial(_rows_with_word, segment, word))
    for tag_id in plan.excluded:
        column = numbers(tag_id)
        yield segment.sets.get(("without", column), partial(_rows_without, segment, column))
    if plan.without_tracks:
        yield _rows_but(segment, plan.without_tracks)
    if plan.sound is not None:
        yield segment.sets.get("sound", partial(pack_rows, segment.sound.rows, segment.n_rows))
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
    if filters.bpm is not None:
        yield ("bpm", filters.bpm), partial(_rows_in_tempo, segment, filters.bpm)
    if filters.key:
        yield ("key", filters.key), partial(_rows_in_key, segment, filters.key)


def _rows_but(segment: Segment, track_ids: tuple[str, ...]) -> Bits:
    rows = [row for track_id in track_ids if (row := segment.row_of(track_id)) is not None]
    return ~pack_rows(np.array(rows, np.int64), segment.n_rows)


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


def _rows_in_tempo(segment: Segment, limits: Range) -> Bits:
    return _rows_in_range(segment.sound.bpm, limits)


def _rows_in_key(segment: Segment, keys: tuple[str, ...]) -> Bits:
    numbers = [NO_KEY if key == "" else KEYS.index(key) for key in keys if key == "" or key in KEYS]
    return pack(np.isin(segment.sound.keys, numbers))


def _rows_in_range(stored: NDArray[np.float64], limits: Range) -> Bits:
    mask = ~np.isnan(stored)
    if limits.low is not None:
        mask &= stored >= limits.low
    if limits.high is not None:
        mask &= stored <= limits.high
    return pack(mask)
