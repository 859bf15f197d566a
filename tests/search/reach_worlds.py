"""Catalogues large enough for searches to have a 20th hit, and what brute force says of who is seen in which search."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

from hypothesis import strategies as st

from search.document import Document
from search.query import render_query
from search.reach_computing import compute_reach
from search.reach_probes import probe_query
from search.reach_record import REACH, ReachRecord
from search.result import SearchRequest
from search.searcher import Searcher
from tagmodel.model import TagModel
from tagmodel.track import Track
from tests.search.small_catalogue import an_id
from tests.search.worlds import CONTRADICTING, TAGS, SmallModel, searching

# Known to the catalogue only.
OWN = "zeuhl"
ALL_TAGS = (*TAGS, an_id(OWN))


@dataclass
class ReachModel(SmallModel):
    """A small model that implies tags: each typed tag some others, the strongest said first."""

    implications: dict[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    model_id: str = "small"

    def imply(self, typed: Sequence[Sequence[str]]) -> list[tuple[tuple[str, ...], tuple[int, ...]]]:
        return [self._implied(tags) for tags in typed]

    def _implied(self, typed: Sequence[str]) -> tuple[tuple[str, ...], tuple[int, ...]]:
        units: dict[str, int] = {}
        for tag in typed:
            for other, weight in self.implications.get(tag, ()):
                units[other] = max(units.get(other, 0), weight)
        against = {other for tag in typed for other in CONTRADICTING.get(tag, ())}
        # At most three, so that another typed tag may cost an implied one.
        best = sorted(set(units) - set(typed) - against, key=lambda tag: (-units[tag], tag))[:3]
        return tuple(best), tuple(units[tag] for tag in best)

    def enriched(self, track_id: str, title: str, typed: Sequence[str], heard: Sequence[str] = ()) -> Document:
        implied, units = self._implied(typed)
        return Document(
            Track(track_id, title=title), tuple(typed), implied, units, tuple(heard), (100,) * len(heard), self.model_id
        )


@dataclass(frozen=True)
class World:
    """A model with a catalogue."""

    model: ReachModel
    documents: tuple[Document, ...]
    typed: tuple[str, ...]  # of a track that might come


@st.composite
def worlds(draw: st.DrawFn, all_titled: bool) -> World:
    dice = random.Random(draw(st.integers(0, 2**32)))
    model = ReachModel(_kin(dice), implications={tag: _some(dice, (1, 60, 200, 256)) for tag in TAGS})
    popular = [*ALL_TAGS[:4]] * 5 + [*ALL_TAGS]
    documents = tuple(
        model.enriched(
            f"t:{number}",
            "Title" if all_titled or dice.random() < 0.5 else "",
            typed := list(dict.fromkeys(dice.choices(popular, k=dice.randint(0, 4)))),
            [tag for tag in dice.sample(TAGS, dice.choice((0, 0, 1))) if tag not in typed],
        )
        for number in dice.sample(range(1_000), dice.randint(15, 70))
    )
    return World(model, documents, tuple(dice.sample(ALL_TAGS, dice.randint(0, 4))))


def _kin(dice: random.Random) -> dict[str, tuple[tuple[str, float], ...]]:
    table = {}
    for tag in TAGS:
        kin = {other: dice.randint(1, 20) / 20 for other in dice.sample(TAGS, dice.randint(0, 6)) if other != tag}
        table[tag] = tuple(sorted(kin.items(), key=lambda item: (-item[1], item[0])))
    return table


def _some(dice: random.Random, weights: Sequence[int]) -> tuple[tuple[str, int], ...]:
    return tuple((tag, dice.choice(weights)) for tag in dice.sample(TAGS, dice.randint(0, 3)))


@contextmanager
def reached(world: World) -> Iterator[tuple[Searcher, ReachRecord]]:
    """Index a world and compute its reach, stored with the index."""
    with searching(world.documents, world.model) as searcher:
        with searcher.engine.writer() as writer:
            writer.name_tags({an_id(OWN): OWN})
            writer.commit()
            record = compute_reach(searcher.engine, cast(TagModel, world.model))
            writer.attach(REACH, record.to_bytes())
            writer.commit()
        yield searcher, record


def probe_texts(searcher: Searcher, record: ReachRecord) -> list[tuple[str, tuple[str, ...], int]]:
    """Text, tag ids and uses of all probes."""
    probes = []
    for places, uses in zip(record.arrays.probes.tolist(), record.arrays.uses.tolist(), strict=True):
        tags = tuple(record.tags[place] for place in places if place >= 0)
        probes.append((render_query(probe_query(tags, list(map(searcher.lexicon.spelling, tags)))), tags, uses))
    return probes


def ranks(searcher: Searcher, text: str, tags: tuple[str, ...]) -> tuple[dict[str, int], int]:
    """Where tracks stand in a real search for a probe's text, the first 20, with the number of hits."""
    result = searcher.search(SearchRequest(text, k=20, facets=False))
    assert tuple(tag.tag_id for group in result.query.groups for tag in group.tags) == tags
    assert not result.relaxed
    assert not result.query.words
    return {hit.track.track_id: rank for rank, hit in enumerate(result.hits, 1)}, result.total
