"""Tags and tracks as programs name them: a tag by its id or any spelling, a track by its id."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta

from search.document import Document
from search.engine import SearchUnavailable
from search.searcher import UnknownTrack
from tagmodel.answers import NamedTag
from tagmodel.offers import nearest_spellings
from tagmodel.track import LONGEST_ID
from web.addresses import MAX_TEXT
from web.api.problems import TAG_WITHOUT_KIN, UNKNOWN_TAG, UNKNOWN_TRACK, Refusal
from web.context import searcher

# Characters of the id of a tag.
ID_LENGTH = 8

# A tag as a parameter: its id or any spelling of it.
TagName = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT, examples=["trip hop"])]
# A track as a parameter.
TrackId = Annotated[str, Meta(min_length=1, max_length=LONGEST_ID, examples=["fma:2"])]


def known_tag(text: str, parameter: str) -> NamedTag:
    """Return the tag that an id or a spelling means, of the model or of the catalogue's own.

    Raises
    ------
    web.api.problems.Refusal
        If there is no such tag; it carries offers.
    """
    source = searcher()
    vocabulary = source.model.vocabulary
    if (spelling := vocabulary.spelling(text)) is not None:
        return NamedTag(text, spelling)
    key = vocabulary.canonical_key(text)
    tag_id = vocabulary.canonical_id(text) if key else ""
    if (spelling := vocabulary.spelling(tag_id)) is not None:
        return NamedTag(tag_id, spelling)
    try:
        return _catalogue_tag(text, parameter)
    except SearchUnavailable:  # the model alone still knows its own
        raise _unknown(text, parameter, nearest_spellings(vocabulary, text)) from None


def _catalogue_tag(text: str, parameter: str) -> NamedTag:
    source = searcher()
    tag_id = source.lexicon.tag(text.split()) or text
    if tag_id not in source.engine.tag_counts():
        raise _unknown(text, parameter, source.lexicon.offers(text))
    return NamedTag(tag_id, source.lexicon.spelling(tag_id))


def _unknown(text: str, parameter: str, offers: tuple[str, ...]) -> Refusal:
    near = f"; did you mean {' or '.join(offers)}?" if offers else ", nor any that is spelled like it"
    return Refusal(UNKNOWN_TAG, f"neither model nor index knows the tag “{text}”{near}", parameter, offers)


def tag_in_graph(text: str, parameter: str) -> str:
    """Return the id of a tag of the graph.

    Raises
    ------
    web.api.problems.Refusal
        If there is no such tag, or it has no kin.
    """
    tag = known_tag(text, parameter)
    if tag.tag_id not in searcher().model.graph():
        raise Refusal(
            TAG_WITHOUT_KIN, f"“{tag.spelling}” has no kin in this model: too few tracks carried it", parameter
        )
    return tag.tag_id


def tag_ids(values: Iterable[str], parameter: str) -> frozenset[str]:
    """Return the ids of tags that are named one each, or as ids with points between."""
    found: set[str] = set()
    for value in values:
        parts = [part for part in value.split(".") if part]
        several = "." in value and all(len(part) == ID_LENGTH for part in parts)
        found.update(known_tag(part, parameter).tag_id for part in (parts if several else (value,)))
    return frozenset(found)


def stored_track(track_id: str) -> Document:
    """Return a track of the index.

    Raises
    ------
    web.api.problems.Refusal
        If there is no such track.
    """
    try:
        return searcher().document(track_id)
    except UnknownTrack as error:
        raise Refusal(UNKNOWN_TRACK, f"{error.args[0]}: /api/v1/search gives the ids of tracks", "id") from None
