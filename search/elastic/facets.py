"""Counts of values over the hits, exact also where the tracks are spread over several shards.

Each shard sends only its most frequent values, and the server says how far its sums can be wrong for that. As long as
they can be, more values are asked for; how many it took is remembered for the next time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from search.engine import FACET_VALUES, FacetValue

FACETS = ("genre", "license", "artist")

# The server allows 65,536 values in one answer.
_MOST = 60_000
_FIRST = 1_000
_MORE = 8  # times as many

_ORDER = [{"_count": "desc"}, {"_key": "asc"}]


class FacetSizes:
    """How many values a shard has to send of each facet; learned from answers."""

    def __init__(self) -> None:
        self._sizes = dict.fromkeys(FACETS, _FIRST)

    def aggregations(self, names: Iterable[str] = FACETS) -> dict[str, Any]:
        """Return what to ask for."""
        return {name: _aggregation(name, self._sizes[name]) for name in names}

    def learn(self, answer: Mapping[str, Any]) -> list[str]:
        """Return the facets that have to be asked for again, with more values."""
        unsure = [name for name in FACETS if name in answer and answer[name]["doc_count_error_upper_bound"]]
        again = [name for name in unsure if self._sizes[name] < _MOST]
        for name in again:
            self._sizes[name] = min(_MOST, self._sizes[name] * _MORE)
        return again


def _aggregation(name: str, size: int) -> dict[str, Any]:
    spellings = {"field": f"{name}_shown", "size": 1, "shard_size": _FIRST, "order": _ORDER}
    return {
        "terms": {"field": name, "size": FACET_VALUES, "shard_size": size, "order": _ORDER},
        "aggs": {"shown": {"terms": spellings}},
    }


def read_facet(answer: Mapping[str, Any]) -> tuple[FacetValue, ...]:
    """Return the values of one facet."""
    return tuple(
        FacetValue(bucket["key"], bucket["doc_count"], bucket["shown"]["buckets"][0]["key"])
        for bucket in answer["buckets"]
    )


def count_tags(hits: Iterable[Mapping[str, Any]]) -> tuple[FacetValue, ...]:
    """Count the typed tags of hits that came with them as fields."""
    counts = Counter(tag_id for hit in hits for tag_id in hit.get("fields", {}).get("typed", ()))
    best = sorted((-count, tag_id) for tag_id, count in counts.items())[:FACET_VALUES]
    return tuple(FacetValue(tag_id, -count) for count, tag_id in best)
