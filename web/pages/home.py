"""The home page: where a search begins, when there is no query yet."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import nsmallest
from itertools import islice
from weakref import WeakKeyDictionary

from flask import Blueprint, render_template

from search.engine import IndexState
from search.query import render_tag
from search.result import SearchRequest
from search.searcher import Searcher
from web.addresses import query_string
from web.context import searcher

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
    """Everything the home page shows."""

    n_tracks: int
    n_tags: int
    popular: tuple[PopularTag, ...]
    examples: tuple[Example, ...]


@blueprint.get("/")
def show() -> str:
    """Show where to begin."""
    return render_template("home.html", page=home_page(searcher()))


def home_page(source: Searcher) -> HomePage:
    """Work out the home page of an index."""
    return HomePage(
        n_tracks=source.engine.state().n_tracks,
        n_tags=len(source.engine.tag_counts()),
        popular=popular_tags(source, POPULAR_TAGS),
        examples=_examples(source),
    )


def popular_tags(source: Searcher, k: int) -> tuple[PopularTag, ...]:
    """Return the tags that most tracks carry."""
    counts, spelling = source.engine.tag_counts(), source.lexicon.spelling
    best = nsmallest(k, counts, key=lambda tag_id: (-counts[tag_id], tag_id))
    return tuple(_popular_tag(spelling(tag_id), counts[tag_id]) for tag_id in best)


def _popular_tag(spelling: str, n_tracks: int) -> PopularTag:
    return PopularTag(spelling, n_tracks, f"search{query_string(SearchRequest(render_tag(spelling)))}")


# What was found to work in each index: (its state then, examples).
_found: WeakKeyDictionary[Searcher, tuple[IndexState, tuple[Example, ...]]] = WeakKeyDictionary()


def _examples(source: Searcher) -> tuple[Example, ...]:
    """Return the first examples that find something, tried again only when the index has changed."""
    state = source.engine.state()
    known = _found.get(source)
    if known is not None and known[0] == state:
        return known[1]
    working = (Example(query, says) for query, says in _EXAMPLES if _finds(source, query))
    examples = tuple(islice(working, EXAMPLES_SHOWN))
    _found[source] = state, examples
    return examples


def _finds(source: Searcher, query: str) -> bool:
    """Whether tracks carry all of a query as it stands, with nothing let go of."""
    result = source.search(SearchRequest(query, k=1, outside=0, facets=False))
    return result.carry_all > 0 and not result.query.corrections
