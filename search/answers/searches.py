"""What a search found, for programs."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from search import engine
from search.answers.tracks import Hit, hit_answer
from search.answers.understood import (
    Correction,
    ExcludedTag,
    Filters,
    QueryTag,
    Request,
    TitleWord,
    UnknownWord,
    excluded_answer,
    filters_answer,
    request_answer,
    tag_answer,
)
from search.result import SearchResult


class FacetValue(Struct, frozen=True, gc=False):
    """A value that hits have.

    Parameters
    ----------
    value
        As a filter takes it; of tags the id; empty is not stated.
    count
        Hits that have it.
    label
        The form to show.
    """

    value: str
    count: int
    label: str


class State(Struct, frozen=True, gc=False):
    """What an answer saw of the index; equal states give equal answers.

    Parameters
    ----------
    generation
        Counts rebuilds of the index.
    delta
        Counts writes to it.
    n_tracks
        Tracks in it.
    model_id
        The tag model whose implied tags it stores; empty for none, ``mixed`` where tracks differ.
    """

    generation: int
    delta: int
    n_tracks: int
    model_id: str


class Links(Struct, frozen=True, gc=False):
    """Addresses of the neighboring pages of hits.

    Parameters
    ----------
    previous
        Null on the first page.
    next
        Null on the last page, and where the next would lie deeper than paging reaches.
    """

    previous: str | None
    next: str | None


class Found(Struct, frozen=True):
    """What a search found.

    Parameters
    ----------
    request
        The search as it was understood.
    total
        All hits.
    carry_all
        Hits on which people typed all tags of the query.
    carry_some
        Hits on which people typed some of them.
    carry_none
        Hits on which people typed none: kin and implied tags brought them. The three add up to `total`.
    relaxed
        What was dropped from the query because nothing had it all, as typed.
    corrections
        Slips that were mended; `literal` searches as typed.
    unknown
        Words that nobody uses, with offers.
    tags
        The tags asked for, with their kin.
    excluded
        The tags left out, with those that they brought along.
    words
        Words looked for in titles and artists.
    filters
        What hits must be, beside their tags.
    ignored
        Words that say nothing beside tags, as typed.
    hits
        The best first; equal scores by a title first, then by track id, so that pages never overlap.
    outside
        The best hits that carry none of the tags; empty where no hit carries any, since `hits` has them already.
    facets
        ``genre``, ``license`` and ``artist`` over all hits, ``tag`` over the best 1,000; each by count, at most 50.
    state
        What was seen of the index.
    links
        Addresses of the pages before and after this one, from the API.
    """

    request: Request
    total: int
    carry_all: int
    carry_some: int
    carry_none: int
    relaxed: tuple[str, ...]
    corrections: tuple[Correction, ...]
    unknown: tuple[UnknownWord, ...]
    tags: tuple[QueryTag, ...]
    excluded: tuple[ExcludedTag, ...]
    words: tuple[TitleWord, ...]
    filters: Filters
    ignored: tuple[str, ...]
    hits: tuple[Hit, ...]
    outside: tuple[Hit, ...]
    facets: dict[str, tuple[FacetValue, ...]]
    state: State
    links: Links | UnsetType = UNSET


def found_answer(found: SearchResult, links: Links | UnsetType = UNSET) -> Found:
    """Return a search result for programs."""
    query, state = found.query, found.state
    return Found(
        request=request_answer(found.request),
        total=found.total,
        carry_all=found.carry_all,
        carry_some=found.carry_some,
        carry_none=found.carry_none,
        relaxed=found.relaxed,
        corrections=tuple(Correction(one.typed, one.used, one.position) for one in query.corrections),
        unknown=tuple(UnknownWord(one.typed, one.offers, one.position) for one in query.unknown),
        tags=tuple(map(tag_answer, found.chips)),
        excluded=tuple(map(excluded_answer, found.excluded)),
        words=tuple(TitleWord(one.word, one.typed) for one in query.words),
        filters=filters_answer(query),
        ignored=query.ignored,
        hits=tuple(map(hit_answer, found.hits)),
        outside=tuple(map(hit_answer, found.outside)),
        facets={name: tuple(map(_facet_value, values)) for name, values in found.facets.items()},
        state=State(state.generation, state.delta, state.n_tracks, state.model_id),
        links=links,
    )


def _facet_value(one: engine.FacetValue) -> FacetValue:
    return FacetValue(one.value, one.count, one.label)
