"""What the docs page tries out on the index it runs on: tags and a track that are there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from search.query import render_tag
from search.result import SearchRequest
from search.searcher import Searcher
from tagmodel.model import TagModel

# Used when the index cannot be asked, or is empty.
_TAG, _FAR_TAG, _TRACK, _TITLE = "sitar", "techno", "fma:2", "Food"
# Tags that are looked at, most used first.
_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class Samples:
    """Values to try the operations with.

    Parameters
    ----------
    tag
        Spelling of a tag that many tracks have.
    kin
        Spelling of a near kin of it.
    far
        Spelling of a tag that lies elsewhere in the graph.
    track_id, title
        A track that has `tag`.
    """

    tag: str = _TAG
    kin: str = _TAG
    far: str = _FAR_TAG
    track_id: str = _TRACK
    title: str = _TITLE

    @property
    def query(self) -> str:
        """A search that finds something."""
        return " ".join(dict.fromkeys((render_tag(self.tag), render_tag(self.kin))))


def samples_of(searcher: Searcher) -> Samples:
    """Choose values that this index has.

    Raises
    ------
    search.engine.SearchUnavailable
        If the index cannot be asked.
    """
    counts, model = searcher.engine.tag_counts(), searcher.model
    used = sorted(counts, key=lambda tag_id: (-counts[tag_id], tag_id))[:_LOOKED_AT]
    tag_id = next((one for one in used if model.kin(one)), "")
    if not tag_id:
        return Samples()
    spelling = searcher.lexicon.spelling
    kin = next((one.tag_id for one in model.kin(tag_id) if one.tag_id in counts), tag_id)
    far = next(_elsewhere(model, tag_id, used), tag_id)
    hits = searcher.search(SearchRequest(render_tag(spelling(tag_id)), k=1, facets=False, outside=0)).hits
    named = (hits[0].track.track_id, hits[0].track.display_title) if hits else (_TRACK, _TITLE)
    return Samples(spelling(tag_id), spelling(kin), spelling(far), *named)


def _elsewhere(model: TagModel, tag_id: str, used: list[str]) -> Iterator[str]:
    """Yield used tags of the graph that are not joined with a tag."""
    graph = model.graph()
    if tag_id in graph:
        near = {tag_id, *graph[tag_id]}
        yield from (one for one in used if one in graph and one not in near)
