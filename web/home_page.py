"""The home page: where a search begins, when there is no query yet."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, render_template

from search.searcher import Searcher
from web.searching import searcher

blueprint = Blueprint("home", __name__)

# Tags offered to begin with.
POPULAR_TAGS = 24

# Searches that show what can be asked, each with the tags that a catalogue must have for it.
_EXAMPLES = (
    ("sad piano -vocals", "Two words, one ruled out", ("sad", "piano", "vocals")),
    ("(sitar OR tabla) ambient", "Either instrument, one mood", ("sitar", "tabla", "ambient")),
    ('"hip hop" female vocals^0.5', "The second word counts half", ("hip hop", "female vocals")),
    ("+techno dark duration:<300", "Tagged techno for sure, under five minutes", ("techno", "dark")),
)


@dataclass(frozen=True, slots=True)
class Example:
    """A search to begin with, and what it shows."""

    query: str
    says: str


@dataclass(frozen=True, slots=True)
class PopularTag:
    """A tag that many tracks carry."""

    spelling: str
    n_tracks: int


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
    counts, spelling = source.engine.tag_counts(), source.lexicon.spelling
    popular = sorted(counts, key=lambda tag_id: (-counts[tag_id], tag_id))[:POPULAR_TAGS]
    canonical_id = source.model.vocabulary.canonical_id
    return HomePage(
        n_tracks=source.engine.state().n_tracks,
        n_tags=len(counts),
        popular=tuple(PopularTag(spelling(tag_id), counts[tag_id]) for tag_id in popular),
        examples=tuple(
            Example(query, says)
            for query, says, tags in _EXAMPLES
            if all(counts.get(canonical_id(tag)) for tag in tags)
        ),
    )
