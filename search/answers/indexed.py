"""An index in figures, for programs."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from search.searcher import Searcher


class UsedTag(Struct, frozen=True, gc=False):
    """A tag with its use.

    Parameters
    ----------
    tag_id
        The same on every machine and with every model.
    spelling
        The form to show.
    n_tracks
        Tracks of the index that people put it on.
    """

    tag_id: str
    spelling: str
    n_tracks: int


class Stats(Struct, frozen=True):
    """Figures of an index.

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
    n_tags
        Tags that people put on a track.
    n_tags_unknown_to_model
        Those of them that the tag model in use has never seen, which therefore have no kin.
    model
        The tag model in use.
    tags
        The most used tags, most used first, then by id.
    """

    generation: int
    delta: int
    n_tracks: int
    model_id: str
    n_tags: int
    n_tags_unknown_to_model: int
    model: str
    tags: tuple[UsedTag, ...]


def most_used(counts: Mapping[str, int], k: int) -> list[tuple[str, int]]:
    """Return the `k` most used tags with the number of their tracks, equals by id."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:k]


def stats_answer(searcher: Searcher, k: int) -> Stats:
    """Return figures of an index, with its `k` most used tags."""
    state, counts = searcher.engine.state(), searcher.engine.tag_counts()
    return Stats(
        generation=state.generation,
        delta=state.delta,
        n_tracks=state.n_tracks,
        model_id=state.model_id,
        n_tags=len(counts),
        n_tags_unknown_to_model=sum(tag_id not in searcher.model.vocabulary for tag_id in counts),
        model=searcher.model.model_id,
        tags=tuple(UsedTag(tag_id, searcher.lexicon.spelling(tag_id), n) for tag_id, n in most_used(counts, k)),
    )
