"""Words, filters and exclusions as boolean masks over the rows of a segment, cached by value.

A segment never changes, so its masks never do; which rows are gone is multiplied in by the view.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator

import numpy as np
from numpy.typing import NDArray

from search.embedded.segment import FACETS, Segment
from search.plan import Plan, Range

Mask = NDArray[np.bool_]

# Bytes of masks kept for one segment: 300 masks at 106,574 tracks, 32 at a million.
_CACHE_BYTES = 32 * 2**20


class MaskCache:
    """The masks of a segment used last; shared by threads."""

    def __init__(self, max_bytes: int = _CACHE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._masks: OrderedDict[Hashable, Mask] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Mask]) -> Mask:
        """Return the mask under `key`, made if need be."""
        with self._lock:
            found = self._masks.get(key)
            if found is not None:
                self._masks.move_to_end(key)
                return found
        mask = make()
        with self._lock:
            self._bytes += mask.nbytes - (self._masks[key].nbytes if key in self._masks else 0)
            self._masks[key] = mask
            while self._bytes > self._max_bytes and len(self._masks) > 1:
                self._bytes -= self._masks.popitem(last=False)[1].nbytes
        return mask


def plan_masks(plan: Plan, segment: Segment, numbers: Callable[[str], int | None], cache: MaskCache) -> Iterator[Mask]:
    """Yield the masks that all must hold for a hit.

    Parameters
    ----------
    numbers
        Tag id → column number, None for a tag that no track has.
    """
    for word in dict.fromkeys(plan.words):
        yield cache.get(("word", word), lambda word=word: _word_mask(segment, word))  # type: ignore[misc]
    for tag_id in dict.fromkeys(plan.excluded):
        column = numbers(tag_id)
        yield cache.get(("without", column), lambda column=column: _exclusion_mask(segment, column))  # type: ignore[misc]
    for name in FACETS:
        values = getattr(plan.filters, name)
        if values:
            yield cache.get((name, values), lambda n=name, v=values: _value_mask(segment, n, v))  # type: ignore[misc]
    for name, stored in (("duration", segment.duration), ("year", segment.year)):
        limits = getattr(plan.filters, name)
        if limits is not None:
            yield cache.get((name, limits), lambda s=stored, r=limits: _range_mask(s, r))  # type: ignore[misc]


def _word_mask(segment: Segment, word: str) -> Mask:
    mask = np.zeros(segment.n_rows, np.bool_)
    mask[segment.word_postings.rows(segment.words.find(word))] = True
    return mask


def _exclusion_mask(segment: Segment, column: int | None) -> Mask:
    mask = np.ones(segment.n_rows, np.bool_)
    for postings in (segment.typed, segment.heard):
        mask[postings.rows(column)] = False
    return mask


def _value_mask(segment: Segment, name: str, values: tuple[str, ...]) -> Mask:
    facet = segment.facets[name]
    wanted = np.zeros(len(facet.values), np.bool_)
    wanted[[place for value in values if (place := facet.values.find(value)) is not None]] = True
    mask: Mask = wanted[facet.value_of][facet.codes]
    return mask


def _range_mask(stored: NDArray[np.float64], limits: Range) -> Mask:
    mask = ~np.isnan(stored)
    if limits.low is not None:
        mask &= stored >= limits.low
    if limits.high is not None:
        mask &= stored <= limits.high
    return mask
