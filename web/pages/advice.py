"""What the page says beside the hits: slips that were mended, words that nobody uses, what to do when nothing came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from search.query import (
    Query,
    QueryError,
    Unknown,
    with_offer,
    with_required,
    without_excluded,
    without_filter,
    without_unknown,
    without_word,
)
from search.result import SearchRequest, SearchResult
from search.searcher import Searcher
from web.addresses import query_string
from web.pages.steering import filter_labels, steered

# Ways out of a search without hits that are tried before they are offered.
MAX_TRIED = 6


@dataclass(frozen=True, slots=True)
class Step:
    """Something that can be done, in words for a button, and its address."""

    label: str
    address: str


@dataclass(frozen=True, slots=True)
class Correction:
    """A mended slip: what was searched, what was typed, and the address of the search as typed."""

    used: str
    typed: str
    as_typed: str


@dataclass(frozen=True, slots=True)
class UnknownWord:
    """A word that is neither tag nor in a title, with the nearest tags for its place, and the address without it."""

    typed: str
    excluded: bool
    offers: tuple[Step, ...]
    dropped: str


@dataclass(frozen=True, slots=True)
class Advice:
    """Everything worth saying about a result.

    Parameters
    ----------
    corrected
        Address of the search with corrections, when it was taken literally; else ``""``.
    relaxed
        Tags that were let go because nothing carried them all.
    untrained
        Tags of this catalogue that the model has never seen: matched literally, without kin.
    rescue
        For a search without hits: what brings some, and how many.
    ignored
        Words that were left out, since they say nothing beside tags.
    """

    corrections: tuple[Correction, ...]
    unknown: tuple[UnknownWord, ...]
    relaxed: tuple[str, ...]
    untrained: tuple[str, ...]
    corrected: str
    rescue: tuple[Step, ...]
    ignored: tuple[str, ...]


def advise(result: SearchResult, source: Searcher) -> Advice:
    """Gather what is to be said about a result; a way out is tried with `source` before it is offered."""
    request, query = steered(result), result.query
    literally = query_string(replace(request, literal=True))
    unknown_words = {unknown.typed for unknown in query.unknown}
    return Advice(
        corrections=tuple(Correction(one.used, one.typed, literally) for one in query.corrections),
        unknown=tuple(_unknown_word(request, query, one) for one in query.unknown),
        relaxed=tuple(words for words in result.relaxed if words not in unknown_words),
        untrained=tuple(chip.spelling for chip in result.chips if not chip.known),
        corrected=query_string(replace(request, literal=False)) if request.literal else "",
        rescue=tuple(_rescue(request, query, source)) if result.total == 0 else (),
        ignored=query.ignored,
    )


def _unknown_word(request: SearchRequest, query: Query, unknown: Unknown) -> UnknownWord:
    def instead(text: str) -> str:
        return query_string(replace(request, text=text))

    offers = tuple(Step(offer, instead(with_offer(query, unknown, offer))) for offer in unknown.offers)
    return UnknownWord(unknown.typed, unknown.sign == "-", offers, instead(without_unknown(query, unknown)))


def _rescue(request: SearchRequest, query: Query, source: Searcher) -> Iterator[Step]:
    for label, changed in islice(_ways_out(request, query), MAX_TRIED):
        n_tracks = _count(source, changed)
        if n_tracks:
            tracks = "track" if n_tracks == 1 else "tracks"
            yield Step(f"{label} ({n_tracks:,} {tracks})", query_string(changed))


def _count(source: Searcher, request: SearchRequest) -> int:
    """Count what a search would find; none where the changed text is no query, such as one grown too long."""
    try:
        return source.search(replace(request, k=1, offset=0, outside=0, facets=False)).total
    except QueryError:
        return 0


def _ways_out(request: SearchRequest, query: Query) -> Iterator[tuple[str, SearchRequest]]:
    """Yield what may be let go of, most promising first: words for a button, and the search without it."""

    def instead(text: str) -> SearchRequest:
        return replace(request, text=text)

    for field, value, label in filter_labels(query.filters):
        yield f"Drop the filter “{label}”", instead(without_filter(query, field, value))
    for excluded in query.excluded:
        yield f"Allow “{excluded.typed}” again", instead(without_excluded(query, excluded.tag_id))
    for word in query.words:
        yield f"Drop “{word.typed}”, looked for in titles and artists", instead(without_word(query, word.word))
    for group in query.groups:
        if group.required:
            label = " or ".join(tag.typed for tag in group.tags)
            yield f"Let kin stand in for “{label}”", instead(with_required(query, group.tags[0].tag_id, False))
    if query.groups and request.drift < 1.0:
        yield "Turn the dial all the way outside the box", replace(request, drift=1.0)
