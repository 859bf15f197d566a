"""The page of a tag: what it is, which tags are its kin and why, what lies around it, and its best tracks."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from search.engine import SearchUnavailable
from search.query import render_tag
from search.result import Hit, SearchRequest
from search.searcher import Searcher
from tagmodel.folding import fold_tag
from tagmodel.model import TagModel
from web.context import searcher
from web.pages.map_view import find_link
from web.pages.naming import MeantTag, NoSuchTag, meant_tag, read_name
from web.pages.tag_around import Around, draw_around, read_wishes
from web.pages.tag_kin import KinRow, kin_rows

blueprint = Blueprint("tag", __name__)

# Tracks that the page shows; a search has them all.
TRACKS = 10


@dataclass(frozen=True, slots=True)
class Use:
    """How often a training set uses the tag."""

    data_set: str
    count: int


@dataclass(frozen=True, slots=True)
class TagTracks:
    """The best tracks of the tag.

    Parameters
    ----------
    query
        The search that has them all: the tag itself, no kin in its place.
    total
        Tracks on which people put it.
    """

    query: str
    total: int
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class TagPage:
    """Everything the page of a tag shows.

    Parameters
    ----------
    typed
        The name in the address where it is another one than the tag's, else ``""``.
    aliases
        Other spellings that are the same tag.
    uses
        Training sets that use it, most first.
    broader, narrower, contradicting
        Spellings of tags that it is a kind of, that are a kind of it, that cannot be true beside it.
    tracks
        None while the index cannot answer.
    around
        None where the tag has no mutual kin.
    """

    tag: MeantTag
    typed: str
    aliases: tuple[str, ...]
    uses: tuple[Use, ...]
    broader: tuple[str, ...]
    narrower: tuple[str, ...]
    contradicting: tuple[str, ...]
    kin: tuple[KinRow, ...]
    tracks: TagTracks | None
    around: Around | None

    @property
    def n_uses(self) -> int:
        """Uses in all training sets."""
        return sum(use.count for use in self.uses)


@blueprint.get("/tag")
def show() -> ResponseReturnValue:
    """Show the tag that a name means; without a name, the map, where one can be found."""
    name = read_name(request.args, "name")
    wishes = read_wishes(request.args)
    if not name:
        return redirect(url_for("graph.show"))
    source = searcher()
    try:
        tag = meant_tag(source, name)
    except NoSuchTag as missing:
        return render_template("tag_missing.html", missing=missing), 404
    page = tag_page(source, tag, name, draw_around(source.model, tag.tag_id, wishes))
    return render_template("tag.html", page=page, wishes=wishes, find_link=find_link)


def tag_page(source: Searcher, tag: MeantTag, name: str, around: Around | None) -> TagPage:
    """Work out the page; kin and picture need the model alone."""
    from tagmodel.broader import broader

    vocabulary = source.model.vocabulary
    spellings = {"broader": broader(vocabulary, tag.tag_id), "narrower": vocabulary.narrower(tag.tag_id)}
    spellings["contradicting"] = tuple(vocabulary.contradicting(tag.tag_id))
    aliases = vocabulary.variants(tag.tag_id)
    return TagPage(
        tag=tag,
        typed=name if fold_tag(name) != fold_tag(tag.spelling) else "",
        aliases=tuple(alias for alias in aliases if alias.casefold() != tag.spelling.casefold()),
        uses=_uses(source.model, tag.tag_id),
        kin=kin_rows(source.model, tag.tag_id),
        tracks=_tracks(source, tag),
        around=around,
        **{kind: tuple(sorted(vocabulary.spelling(one) or one for one in ids)) for kind, ids in spellings.items()},
    )


def _uses(model: TagModel, tag_id: str) -> tuple[Use, ...]:
    from tagmodel.datasets import DATA_SETS

    vocabulary = model.vocabulary
    number = vocabulary.number(tag_id)
    if number is None:
        return ()
    titles = [DATA_SETS[name].title if name in DATA_SETS else name for name in vocabulary.sets]
    uses = zip(titles, vocabulary.set_counts[:, number].tolist(), strict=True)
    return tuple(Use(title, count) for title, count in sorted(uses, key=lambda use: (-use[1], use[0])) if count)


def _tracks(source: Searcher, tag: MeantTag) -> TagTracks | None:
    query = "+" + render_tag(tag.spelling)
    try:
        result = source.search(SearchRequest(query, literal=True, k=TRACKS, outside=0, facets=False))
    except SearchUnavailable:
        return None
    return TagTracks(query, result.total, result.hits)
