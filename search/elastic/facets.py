"""Counts of values over the hits, exact also where the tracks are spread over several shards.

Each shard sends only its most frequent values, few at first, as the spellings of each cost as much as the counts. The
server says how far every sum can be wrong for that. Where this leaves open which values lead or how often they come,
more are asked for; how many it took is remembered for the next time, and forgotten by halves while fewer might do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

from search.engine import FACET_VALUES, FacetValue

FACETS = ("genre", "license", "artist")

# The server allows 65,536 values in one answer.
_MOST = 60_000
_FIRST = 100
_MORE = 8  # times as many
# After so many answers in a row that were exact at once, fewer are tried: a search that needs more is made twice.
_CALM = 20

# Those beyond the ones that are shown tell whether anything else can be among them.
_SENT = 2 * FACET_VALUES

# Spellings of one value.
_SPELLINGS = 1_000

_ORDER = [{"_count": "desc"}, {"_key": "asc"}]


class FacetSizes:
    """How many values a shard has to send of each facet; learned from answers, by all threads of an engine."""

    def __init__(self) -> None:
        self._sizes = dict.fromkeys(FACETS, _FIRST)
        self._enough = dict.fromkeys(FACETS, 0)

    def now(self) -> dict[str, int]:
        """Return what to ask for, by facet."""
        return dict(self._sizes)

    def learn(self, answer: Mapping[str, Any], asked: Mapping[str, int]) -> dict[str, int]:
        """Return what has to be asked for again, with more values than were asked for."""
        again = {}
        for name, size in asked.items():
            if is_exact(answer[name]):
                self._enough[name] += 1
                if self._enough[name] >= _CALM:
                    self._enough[name] = 0
                    self._sizes[name] = max(_FIRST, self._sizes[name] // 2)
            elif size < _MOST:
                again[name] = min(_MOST, size * _MORE)
                self._enough[name] = 0
                self._sizes[name] = max(self._sizes[name], again[name])
        return again


def aggregations(sizes: Mapping[str, int]) -> dict[str, Any]:
    """Return the part of a search's body that asks for facets, with so many values from each shard."""
    return {name: _aggregation(name, size) for name, size in sizes.items()}


def _aggregation(name: str, size: int) -> dict[str, Any]:
    spellings = {"field": f"{name}_shown", "size": 1, "shard_size": _SPELLINGS, "order": _ORDER}
    values = {
        "field": name,
        "size": _SENT,
        "shard_size": size,
        "order": _ORDER,
        # Spellings are counted of the values that are sent alone: the others are many.
        "collect_mode": "breadth_first",
        "show_term_doc_count_error": True,
    }
    return {"terms": values, "aggs": {"shown": {"terms": spellings}}}


def is_exact(answer: Mapping[str, Any]) -> bool:
    """Whether the counts of the values that are shown are exact, and no other value belongs among them."""
    error: int = answer["doc_count_error_upper_bound"]
    if not error:
        return True
    shown, others = answer["buckets"][:FACET_VALUES], answer["buckets"][FACET_VALUES:]
    if len(shown) < FACET_VALUES or any(bucket["doc_count_error_upper_bound"] for bucket in shown):
        return False
    # A value that was not sent comes at most as often as the last one that was, and what some shards kept back.
    unsent = error + (others[-1]["doc_count"] if len(others) == _SENT - FACET_VALUES else 0)
    most: list[int] = [unsent, *(bucket["doc_count"] + bucket["doc_count_error_upper_bound"] for bucket in others)]
    least: int = shown[-1]["doc_count"]
    return max(most) < least


def read_facet(answer: Mapping[str, Any]) -> tuple[FacetValue, ...]:
    """Return the values of one facet."""
    return tuple(
        FacetValue(bucket["key"], bucket["doc_count"], bucket["shown"]["buckets"][0]["key"])
        for bucket in answer["buckets"][:FACET_VALUES]
    )


def count_tags(hits: Iterable[Mapping[str, Any]]) -> tuple[FacetValue, ...]:
    """Count the typed tags of hits that came with them as fields."""
    counts = Counter(chain.from_iterable([hit["fields"]["typed"] for hit in hits if "fields" in hit]))
    # Nearly all tags come once or twice: only those that come as often as the last one shown are put in order.
    least = min(sorted(counts.values(), reverse=True)[:FACET_VALUES], default=0)
    best = sorted((-count, tag_id) for tag_id, count in counts.items() if count >= least)[:FACET_VALUES]
    return tuple(FacetValue(tag_id, -count) for count, tag_id in best)
