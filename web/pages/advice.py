"""What the page says beside the hits: slips that were mended, words that nobody uses, what to do when nothing came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from search.query import Query, Unknown, with_offer, without_unknown
from search.result import SearchRequest, SearchResult
from search.searcher import Searcher
from web.addresses import Changes, query_string
from web.pages.rescue import Step, rescue


@dataclass(frozen=True, slots=True)
class Correction:
    """A mended slip: what was searched, what was typed, and the address of the search as typed."""

    used: str
    typed: str
    as_typed: str


@dataclass(frozen=True, slots=True)
class UnknownWord:
    """A word that is neither tag nor in a title, with the nearest tags for its place.

    Parameters
    ----------
    dropped
        The address without it; ``""`` where nothing would be left.
    """

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


def advise(result: SearchResult, changes: Changes, source: Searcher) -> Advice:
    """Gather what is to be said about a result; a way out is tried with `source` before it is offered."""
    request, query = changes.request, result.query
    unknown_words = {unknown.typed for unknown in query.unknown}
    return Advice(
        corrections=tuple(_corrections(request, query)),
        unknown=tuple(_unknown_word(changes, one, bool(result.total)) for one in query.unknown),
        relaxed=tuple(words for words in result.relaxed if words not in unknown_words),
        untrained=tuple(chip.spelling for chip in result.chips if not chip.known),
        corrected=query_string(replace(request, literal=False)) if request.literal else "",
        rescue=rescue(request, query, source) if result.total == 0 else (),
        ignored=query.ignored,
    )


def _corrections(request: SearchRequest, query: Query) -> Iterator[Correction]:
    for one in query.corrections:
        yield Correction(one.used, one.typed, query_string(replace(request, literal=True)))


def _unknown_word(changes: Changes, unknown: Unknown, with_offers: bool) -> UnknownWord:
    """Say what nobody knows; without hits its offers are ways out, which say what they bring."""
    offers = unknown.offers if with_offers else ()
    steps = tuple(Step(offer, changes.text(with_offer(changes.query, unknown, offer))) for offer in offers)
    rest = without_unknown(changes.query, unknown)
    return UnknownWord(unknown.typed, unknown.sign == "-", steps, changes.text(rest) if rest else "")
