"""Ways out of a search without hits: each is tried before it is offered, and says how many tracks it brings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice

from search.near_values import near_values
from search.plan import Filters
from search.query import (
    Query,
    QueryError,
    render_query,
    with_filter,
    with_offer,
    with_required,
    without_excluded,
    without_filter,
    without_word,
)
from search.query.filters import VALUE_FIELDS, drop_filter, write_filter
from search.result import SearchRequest
from search.searcher import Searcher
from web.addresses import MAX_TEXT, query_string
from web.pages.steering import filter_labels

# Ways out that are tried, and those that are offered.
MAX_TRIED = 12
MAX_OFFERED = 6


@dataclass(frozen=True, slots=True)
class Step:
    """Something that can be done, in words for a button, and its address."""

    label: str
    address: str


def rescue(request: SearchRequest, query: Query, source: Searcher) -> tuple[Step, ...]:
    """Return the ways out of a search that bring tracks, most promising first."""
    texts = chain(_mended(query), _near_filters(query, source), _loosened(query), _less_demanding(query))
    changed = [(label, replace(request, text=text)) for label, text in islice(texts, MAX_TRIED)]
    if query.groups and request.drift < 1.0:
        changed.append(("Turn the dial all the way outside the box", replace(request, drift=1.0)))
    return tuple(islice(_tried(changed, source), MAX_OFFERED))


def _tried(changed: list[tuple[str, SearchRequest]], source: Searcher) -> Iterator[Step]:
    for label, request in changed:
        n_tracks = _count(source, request)
        if n_tracks:
            tracks = "track" if n_tracks == 1 else "tracks"
            yield Step(f"{label} ({n_tracks:,} {tracks})", query_string(request))


def _count(source: Searcher, request: SearchRequest) -> int:
    """Count what a search would find; none where it is no search, being empty or grown too long."""
    if not 0 < len(request.text) <= MAX_TEXT:
        return 0
    try:
        return source.search(replace(request, k=1, offset=0, outside=0, facets=False)).total
    except QueryError:
        return 0


def _mended(query: Query) -> Iterator[tuple[str, str]]:
    """Yield tags for words that nobody knows."""
    for unknown in query.unknown:
        for offer in unknown.offers:
            yield f"Search “{offer}” for “{unknown.typed}”", with_offer(query, unknown, offer)


def _near_filters(query: Query, source: Searcher) -> Iterator[tuple[str, str]]:
    """Yield values that a filter may have meant, for those that nothing has."""
    asked = [(field, value) for field in VALUE_FIELDS for value in getattr(query.filters, field) if value]
    known = source.search(SearchRequest("", k=1, outside=0)).facets if asked else {}
    for field, value in asked:
        values = known.get(field, ())
        # The facets list only the most frequent values.
        if any(one.value == value for one in values) or _count(source, SearchRequest(write_filter(field, value))):
            continue
        bare = replace(query, filters=drop_filter(query.filters, field, value))
        for near in near_values(value, values):
            yield f"{field}: {near.label} instead of {value}", with_filter(bare, field, near.value)


def _loosened(query: Query) -> Iterator[tuple[str, str]]:
    """Yield what narrows the search and may go."""
    for field, value, label in filter_labels(query.filters):
        yield f"Drop the filter “{label}”", without_filter(query, field, value)
    for excluded in query.excluded:
        yield f"Allow “{excluded.typed}” again", without_excluded(query, excluded.tag_id)
    for word in query.words:
        yield f"Drop “{word.typed}”, looked for in titles and artists", without_word(query, word.word)
    n_filters, n_others = len(list(filter_labels(query.filters))), len(query.words) + len(query.excluded)
    if n_filters > 1:
        yield "Drop all filters", render_query(replace(query, filters=Filters()))
    if n_filters + n_others > max(1, n_filters):
        yield "Keep only the tags", render_query(Query(query.text, query.groups))


def _less_demanding(query: Query) -> Iterator[tuple[str, str]]:
    """Yield tags that were demanded themselves."""
    for group in query.groups:
        if group.required:
            label = " or ".join(tag.typed for tag in group.tags)
            yield f"Let kin stand in for “{label}”", with_required(query, group.tags[0].tag_id, False)
