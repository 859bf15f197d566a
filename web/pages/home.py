"""The home page: where a search begins, when there is no query yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from itertools import islice
from typing import NamedTuple
from weakref import WeakKeyDictionary

from flask import Blueprint, render_template

from search.document import Family
from search.engine import IndexState
from search.plan import Clause, Group, Plan, Term
from search.query import render_tag
from search.result import SearchRequest
from search.searcher import Searcher
from web.addresses import query_string
from web.context import searcher
from web.hearing import hearable

blueprint = Blueprint("home", __name__)

# Tags offered to begin with.
POPULAR_TAGS = 24

# Searches that show what can be asked; the first few that find something in the index at hand are offered.
EXAMPLES_SHOWN = 3
_EXAMPLES = (
    ("sad piano -vocals", "Two words, one ruled out"),
    ("(sitar OR tabla) ambient", "Either instrument, one mood"),
    ('"hip hop" female vocals^0.5', "The second word counts half"),
    ("+techno dark duration:<300", "Tagged techno for sure, under five minutes"),
    ("piano (slow OR calm)", "One instrument, either mood"),
    ("drone ambient", "Two words that go together"),
    ("+rock guitar", "Tagged rock for sure"),
    ("electronic -vocals", "One word, one ruled out"),
)


@dataclass(frozen=True, slots=True)
class Example:
    """A search to begin with, and what it shows."""

    query: str
    says: str


@dataclass(frozen=True, slots=True)
class PopularTag:
    """A tag that many tracks carry, and the address of the search for it."""

    spelling: str
    n_tracks: int
    address: str


@dataclass(frozen=True, slots=True)
class HomePage:
    """Everything the home page shows.

    Parameters
    ----------
    heard
        Where nobody typed a tag: what recordings were heard to be.
    """

    n_tracks: int
    n_tags: int
    popular: tuple[PopularTag, ...]
    examples: tuple[Example, ...]
    heard: tuple[PopularTag, ...] = ()


@blueprint.get("/")
def show() -> str:
    """Show where to begin."""
    return render_template("home.html", page=home_page(searcher(), hearable))


def home_page(source: Searcher, names: Callable[[], Sequence[str]] = tuple) -> HomePage:
    """Work out the home page of an index; where nobody typed a tag, of tags that may have been heard."""
    n_tags = len(source.engine.tag_counts())
    beginnings = _beginnings(source, () if n_tags else tuple(names()))
    return HomePage(
        n_tracks=source.engine.state().n_tracks,
        n_tags=n_tags,
        popular=popular_tags(source, POPULAR_TAGS),
        examples=beginnings.examples,
        heard=beginnings.heard,
    )


def popular_tags(source: Searcher, k: int) -> tuple[PopularTag, ...]:
    """Return the tags that most tracks carry."""
    counts, spelling = source.engine.tag_counts(), source.lexicon.spelling
    best = nsmallest(k, counts, key=lambda tag_id: (-counts[tag_id], tag_id))
    return tuple(_popular_tag(spelling(tag_id), counts[tag_id]) for tag_id in best)


def _popular_tag(spelling: str, n_tracks: int) -> PopularTag:
    return PopularTag(spelling, n_tracks, f"search{query_string(SearchRequest(render_tag(spelling)))}")


class _Beginnings(NamedTuple):
    examples: tuple[Example, ...]
    heard: tuple[PopularTag, ...]


# What was found to work in each index, in the state that it had then.
_found: WeakKeyDictionary[Searcher, tuple[IndexState, tuple[str, ...], _Beginnings]] = WeakKeyDictionary()


def _beginnings(source: Searcher, names: tuple[str, ...]) -> _Beginnings:
    """Return the first examples that find something and what was heard, tried again only when the index has changed."""
    state = source.engine.state()
    known = _found.get(source)
    if known is not None and known[:2] == (state, names):
        return known[2]
    working = (Example(query, says) for query, says in _EXAMPLES if _finds(source, query))
    beginnings = _Beginnings(tuple(islice(working, EXAMPLES_SHOWN)), _heard_tags(source, names))
    _found[source] = state, names, beginnings
    return beginnings


def _heard_tags(source: Searcher, names: Sequence[str]) -> tuple[PopularTag, ...]:
    """Return those tags that were heard in most tracks, where nobody typed any."""
    canonical_id, spelling = source.model.vocabulary.canonical_id, source.lexicon.spelling
    counts = {tag_id: source.engine.count(_heard(tag_id)) for tag_id in dict.fromkeys(map(canonical_id, names))}
    found = [tag_id for tag_id, n_tracks in counts.items() if n_tracks]
    best = nsmallest(POPULAR_TAGS, found, key=lambda tag_id: (-counts[tag_id], tag_id))
    return tuple(_popular_tag(spelling(tag_id), counts[tag_id]) for tag_id in best)


def _heard(tag_id: str) -> Plan:
    """Ask for the tracks in which a tag was heard, and for those where people typed it."""
    terms = tuple(Term(tag_id, family, 1.0) for family in (Family.TYPED, Family.HEARD))
    return Plan((Group((Clause(tag_id, terms),)),))


def _finds(source: Searcher, query: str) -> bool:
    """Whether tracks carry all of a query as it stands, with nothing let go of."""
    result = source.search(SearchRequest(query, k=1, outside=0, facets=False))
    return result.carry_all > 0 and not result.query.corrections
