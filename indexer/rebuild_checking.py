"""Whether a new generation is what was written to it: a sample read back, and searched.

Scores are added up here once more, in plain Python from the documents as they were written, so that nothing of the
engine vouches for itself. They are sums of whole multiples of 1/1,048,576 (ADR 1): equal means equal.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from search.document import DOCUMENT_UNITS, Document, Family
from search.expansion import Expander
from search.generations import CheckFailed, Rebuild
from search.plan import Group, Plan
from search.reach_probes import expand_probe
from tagmodel.model import TagModel

SAMPLE = 400  # documents
QUERIES = 20

# Differences that a message names.
_NAMED = 3
# The same documents and queries for the same run.
_SEED = 20

# How long the longest of queries is, in tags.
_MOST_TAGS = 3


@dataclass
class Sample:
    """A few of the documents that go by, each as likely as any other; of one id the last."""

    size: int = SAMPLE
    dice: random.Random = field(default_factory=lambda: random.Random(_SEED))
    seen: int = 0
    _kept: dict[str, Document] = field(default_factory=dict)
    _order: list[str] = field(default_factory=list)

    def offer(self, documents: Iterable[Document]) -> None:
        """Take note of documents as they are written."""
        for document in documents:
            track_id = document.track.track_id
            if track_id in self._kept:
                self._kept[track_id] = document
                continue
            self.seen += 1
            if len(self._order) < self.size:
                self._order.append(track_id)
            elif (at := self.dice.randrange(self.seen)) < self.size:
                del self._kept[self._order[at]]
                self._order[at] = track_id
            else:
                continue
            self._kept[track_id] = document

    def documents(self) -> list[Document]:
        """Return those that were kept."""
        return list(self._kept.values())


@dataclass(frozen=True)
class Checked:
    """What was compared, and how many documents of the sample had been changed by others."""

    documents: int
    queries: int
    changed: int


def check_sample(rebuild: Rebuild, documents: Sequence[Document], model: TagModel) -> Checked:
    """Compare documents with those of a new generation, which has been shown; then searches of them.

    Raises
    ------
    CheckFailed
        If one differs; the message says which.
    SearchUnavailable
        If the new generation cannot be read.
    """
    documents = [document for document in documents if document.track.track_id not in rebuild.refused]
    stored = rebuild.written([document.track.track_id for document in documents])
    own = [(one, found.document) for one, found in zip(documents, stored, strict=True) if not found.since]
    wrong = [document.track.track_id for document, found in own if document != found]
    if wrong:
        raise _failed(rebuild, f"{len(wrong)} of {len(own)} documents differ from what was written", wrong)
    queries = sample_queries([document for document, _ in own], model)
    ids = [document.track.track_id for document, _ in own]
    for tags, groups in queries:
        name = " ".join(repr(model.vocabulary.spelling(tag) or rebuild.spellings.get(tag, tag)) for tag in tags)
        expected = {one.track.track_id: score for one, _ in own if (score := _score(one, groups)) is not None}
        found = rebuild.scores(Plan(groups=groups), ids)
        if found != expected:
            differing = sorted(i for i in {*found, *expected} if found.get(i) != expected.get(i))
            raise _failed(rebuild, f"the search for {name} scores {len(differing)} tracks wrongly", differing)
    return Checked(len(own), len(queries), len(documents) - len(own))


def sample_queries(documents: Sequence[Document], model: TagModel) -> list[tuple[list[str], tuple[Group, ...]]]:
    """Return searches for tags that some of the documents carry, expanded as people's are."""
    dice = random.Random(_SEED)
    expander = Expander(model.kin, model.vocabulary, lambda _tag_id: ())
    tagged = [document for document in documents if document.typed]
    chosen = dice.sample(tagged, min(QUERIES, len(tagged)))
    queries = []
    for document in chosen:
        tags = dice.sample(document.typed, min(dice.randint(1, _MOST_TAGS), len(document.typed)))
        queries.append((tags, expand_probe(expander, tags).plan_groups()))
    return queries


def _score(document: Document, groups: Sequence[Group]) -> float | None:
    """Return the score of a document, None if it is no hit."""
    weights = {(tag, Family.TYPED): 1.0 for tag in document.typed}
    weights |= {
        (tag, Family.HEARD): units / DOCUMENT_UNITS
        for tag, units in zip(document.heard, document.heard_weights, strict=True)
    }
    weights |= {
        (tag, Family.IMPLIED): units / DOCUMENT_UNITS
        for tag, units in zip(document.implied, document.implied_weights, strict=True)
    }
    total = 0.0
    for group in groups:
        terms = [(term.weight, (term.tag_id, term.family)) for clause in group.clauses for term in clause.terms]
        scores = [weight * weights[feature] for weight, feature in terms if feature in weights]
        if not scores:
            return None
        total += sum(scores)
    return total


def _failed(rebuild: Rebuild, what: str, track_ids: Sequence[str]) -> CheckFailed:
    named = ", ".join(map(repr, track_ids[:_NAMED]))
    return CheckFailed(f"generation {rebuild.number} is not what was written to it: {what}, such as {named}")
