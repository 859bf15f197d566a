"""Test tracks in the product's own index, searched with one of their tags taken off.

The whole pipeline takes part: documents with implied tags, the embedded engine, expansion with kin, exact ranking. Only
the parser is left out, because the published tags are not folded.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from search.document import Document
from search.engine import SearchEngine
from search.expansion import DEFAULT_DRIFT, Expander
from search.plan import Plan
from search.query import Query, QueryGroup, QueryTag
from tagmodel.baselines import Scorer
from tagmodel.metrics import shuffled_ranking
from tagmodel.model import TagModel
from tagmodel.track import Track

# Places of a ranking that are kept: ten are measured, and resampling songs reaches further down.
DEPTH = 200


class Collection:
    """Test tracks by number, and searches over them with one of their tags hidden.

    Parameters
    ----------
    tagged : per track
        Tag numbers.
    seed
        Draws the track ids: engines order ties by id, so that ties fall at random, but alike in every run.
    """

    def __init__(self, model: TagModel, tagged: Sequence[tuple[int, ...]], engine: SearchEngine, seed: int) -> None:
        self.model, self.tagged, self.engine = model, tagged, engine
        draw = np.random.default_rng(seed).permutation(len(tagged))
        self.track_ids = [f"{place:07d}" for place in draw.tolist()]
        self._expander = Expander(model.kin, model.vocabulary, model.vocabulary.narrower)
        self.write(range(len(tagged)))

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {track_id: number for number, track_id in enumerate(self.track_ids)}

    def write(self, tracks: Sequence[int], hidden: int | None = None) -> None:
        """Write tracks, without the tag `hidden`."""
        ids = self.model.vocabulary.ids
        typed = [tuple(ids[tag] for tag in self.tagged[track] if tag != hidden) for track in tracks]
        implied = self.model.imply(typed)
        documents = [
            Document(Track(self.track_ids[track]), tags, *more, model_id=self.model.model_id)
            for track, tags, more in zip(tracks, typed, implied, strict=True)
        ]
        with self.engine.writer() as writer:
            writer.write(documents)
            writer.commit()

    def carrying(self, tag: int) -> list[int]:
        """Return the tracks that carry a tag."""
        return [track for track, tags in enumerate(self.tagged) if tag in tags]

    def search(self, tags: Sequence[int], drift: float = DEFAULT_DRIFT, k: int = DEPTH) -> list[int]:
        """Return the best tracks for a query of tags."""
        ids = self.model.vocabulary.ids
        groups = tuple(QueryGroup((QueryTag(ids[tag], ids[tag]),)) for tag in tags)
        plan = Plan(groups=self._expander.expand(Query(groups=groups), drift).plan_groups(), k=k)
        return [self._numbers[hit.document.track.track_id] for hit in self.engine.search(plan).hits]

    def search_hidden(self, tag: int, drift: float = DEFAULT_DRIFT) -> list[int]:
        """Return the best tracks for a tag that was taken off all of them; afterwards it is back."""
        tracks = self.carrying(tag)
        self.write(tracks, hidden=tag)
        try:
            return self.search([tag], drift)
        finally:
            self.write(tracks)

    def rank_hidden(self, tag: int, scorer: Scorer, rng: np.random.Generator) -> list[int]:
        """Return the best tracks by a rival's score for the same tag, taken off in the same way; ties at random."""
        visible = [tuple(other for other in tags if other != tag) for tags in self.tagged]
        best: list[int] = shuffled_ranking(scorer(visible)[:, tag], rng)[:DEPTH].tolist()
        return best
