"""Tags of index and model together, for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from search.answers.indexed import most_used
from search.searcher import Searcher
from tagmodel.answers import NamedTag

# Kin named of each completion: enough to tell one tag from another.
COMPLETION_KIN = 3


class CompletedTag(Struct, frozen=True, gc=False):
    """A tag that begins as typed.

    Parameters
    ----------
    tag_id
        The same on every machine and with every model.
    spelling
        The form to show.
    n_tracks
        Tracks of the index that people put it on.
    kin
        Spellings of its nearest kin, at most three.
    """

    tag_id: str
    spelling: str
    n_tracks: int
    kin: tuple[str, ...]


class CompletedTags(Struct, frozen=True):
    """Tags that begin as typed.

    Parameters
    ----------
    tags
        The likeliest first.
    """

    tags: tuple[CompletedTag, ...]


class TagAnswer(Struct, frozen=True):
    """A tag.

    Parameters
    ----------
    tag_id
        The same on every machine and with every model.
    spelling
        The form to show.
    known
        Whether the tag model knows it; otherwise only this catalogue does, and it has no kin.
    n_tracks
        Tracks of the index that people put it on.
    n_kin
        How many kin it has.
    variants
        Other names of it, beside what folding and plurals allow.
    narrower
        Tags that are a kind of it; leaving it out leaves them out too.
    contradicting
        Tags that cannot be true together with it.
    community
        Number of its community on the map; null without kin.
    community_name
        The most typical tags of that; null without kin.
    """

    tag_id: str
    spelling: str
    known: bool
    n_tracks: int
    n_kin: int
    variants: tuple[str, ...]
    narrower: tuple[NamedTag, ...]
    contradicting: tuple[NamedTag, ...]
    community: int | None
    community_name: str | None


def completed_answer(searcher: Searcher, prefix: str, k: int) -> CompletedTags:
    """Return the tags that begin as typed; without a prefix the most used ones."""
    if prefix.strip():
        found = [(one.tag_id, one.n_tracks) for one in searcher.lexicon.complete(prefix, k)]
    else:
        found = most_used(searcher.engine.tag_counts(), k)
    return CompletedTags(tuple(_completed(searcher, tag_id, n_tracks) for tag_id, n_tracks in found))


def _completed(searcher: Searcher, tag_id: str, n_tracks: int) -> CompletedTag:
    spelling = searcher.lexicon.spelling
    kin = tuple(spelling(one.tag_id) for one in searcher.model.kin(tag_id)[:COMPLETION_KIN])
    return CompletedTag(tag_id, spelling(tag_id), n_tracks, kin)


def tag_answer(searcher: Searcher, tag: NamedTag) -> TagAnswer:
    """Return a tag of index or model."""
    tag_id, vocabulary, lexicon = tag.tag_id, searcher.model.vocabulary, searcher.lexicon
    place = _place(searcher, tag_id)
    return TagAnswer(
        tag_id=tag_id,
        spelling=tag.spelling,
        known=lexicon.knows(tag_id),
        n_tracks=searcher.engine.tag_counts().get(tag_id, 0),
        n_kin=len(searcher.model.kin(tag_id)),
        variants=vocabulary.variants(tag_id),
        narrower=_named(searcher, lexicon.narrower(tag_id)),
        contradicting=_named(searcher, vocabulary.contradicting(tag_id, hard_only=True)),
        community=place.get("community"),
        community_name=place.get("community_name"),
    )


def _named(searcher: Searcher, tag_ids: Iterable[str]) -> tuple[NamedTag, ...]:
    named = (NamedTag(tag_id, searcher.lexicon.spelling(tag_id)) for tag_id in tag_ids)
    return tuple(sorted(named, key=lambda one: (one.spelling, one.tag_id)))


def _place(searcher: Searcher, tag_id: str) -> Mapping[str, Any]:
    graph = searcher.model.graph()
    return graph.nodes[tag_id] if tag_id in graph else {}
