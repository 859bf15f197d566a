"""What a search means, a second time: brute force over tags, a kin table and a parsed query, in plain real numbers.

Written from docs/semantics.md. It imports nothing from expansion, plan or engines, so it cannot share their mistakes;
rounding to whole units is left out, and `TOLERANCE` allows for it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from search.document import Document
from search.query import Query, QueryGroup, QueryTag

# Rounding to 1/4096 moves a term by a unit, a kin by one for each kin of its tag.
UNITS = 4096  # per 1.0
TOLERANCE = 40 / UNITS  # per query tag

# As docs/semantics.md has them: of one query tag, before dial and weight.
IMPLIED, HEARD, KIN = 0.30, 0.12, 0.07

KinTable = Mapping[str, tuple[tuple[str, float], ...]]  # tag id → (kin id, similarity), best first


@dataclass(frozen=True)
class Meaning:
    """A query as it is to be understood under a dial."""

    query: Query
    kin: KinTable
    narrower: Mapping[str, frozenset[str]]
    contradicting: Mapping[str, frozenset[str]]
    drift: float
    without: frozenset[str] = frozenset()
    keep: frozenset[str] = frozenset()
    asked: frozenset[str] = field(init=False)
    gone: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "asked", frozenset(tag.tag_id for group in self.query.groups for tag in group.tags))
        typed = {tag.tag_id for tag in self.query.excluded}
        brought = {narrow for tag in typed for narrow in self.narrower.get(tag, ())} - self.keep
        object.__setattr__(self, "gone", frozenset((typed | brought) - self.asked))

    def hits(self, documents: list[Document]) -> dict[str, float]:
        """Scores of all hits by track id."""
        found = [document for document in documents if self.is_hit(document)]
        return {document.track.track_id: self.score(document) for document in found}

    def is_hit(self, document: Document) -> bool:
        if self.gone.intersection(document.typed) or self.gone.intersection(document.heard):
            return False
        return all(self.reaches(document, group) for group in self.query.groups)

    def reaches(self, document: Document, group: QueryGroup) -> bool:
        if group.required:
            return any(tag.tag_id in document.typed for tag in group.tags)
        return any(self.tag_score(document, tag, group) > 0 for tag in group.tags)

    def score(self, document: Document) -> float:
        return sum(self.tag_score(document, tag, group) for group in self.query.groups for tag in group.tags)

    def tag_score(self, document: Document, tag: QueryTag, group: QueryGroup) -> float:
        heaviest = max(each.weight for every in self.query.groups for each in every.tags)
        weights = [each.weight / heaviest for each in group.tags]
        weight = tag.weight / heaviest
        spill = weight * min(weights) / sum(weights) * (0.4 + 0.6 * self.drift) * (self.drift > 0)
        untyped = HEARD * heard(document, tag.tag_id) + IMPLIED * implied(document, tag.tag_id)
        kin = self.kin.get(tag.tag_id, ())
        whole = sum(similarity for _, similarity in kin)
        # A live kin weighs at least one unit: where there are fewer units than kin, the farthest do not live.
        live = min(math.ceil(self.drift * 24), math.floor(spill * KIN * UNITS))
        for kin_id, similarity in kin[:live]:
            carried = max(float(kin_id in document.typed), heard(document, kin_id))
            untyped += KIN * similarity / whole * self.allowed(kin_id) * carried
        return weight * (tag.tag_id in document.typed) + spill * untyped

    def allowed(self, kin_id: str) -> float:
        if kin_id in self.asked | self.gone | self.without or self.asked & self.contradicting.get(kin_id, frozenset()):
            return 0.0
        near = [dict(self.kin.get(tag.tag_id, ())).get(kin_id, 0.0) for tag in self.query.excluded]
        return 1 - max(near, default=0.0) / 2


def heard(document: Document, tag_id: str) -> float:
    return dict(zip(document.heard, document.heard_weights, strict=True)).get(tag_id, 0) / 256


def implied(document: Document, tag_id: str) -> float:
    return dict(zip(document.implied, document.implied_weights, strict=True)).get(tag_id, 0) / 256
