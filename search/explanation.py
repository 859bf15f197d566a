"""Why a track came: its contributions, tag by tag, which add up to what tags have of its score.

Where nothing but tags is asked for, that is all of it, unless the hit is demoted: then the score is half of the sum.

Computed from the plan and the stored features alone, so that every engine gives the same explanation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from search.document import DOCUMENT_UNITS, Document, Family
from search.mixing import tag_weight
from search.plan import Plan

Bar = TypeVar("Bar")

# A term of a plan: number of its clause, its place there, the query tag that it serves, its weight.
_Place = tuple[int, int, str, float]
# A bar after what it is sorted by.
_Entry = tuple[int, float, str, Family, int, Bar]


@dataclass(frozen=True, slots=True)
class Contribution:
    """One bar of an explanation.

    Parameters
    ----------
    tag_id
        The tag that the track has.
    family
        How the track came to have it.
    serves
        The query tag it answers for; equal to `tag_id` when it is the query tag itself.
    amount
        Its part of the score, in units of one typed query tag.
    """

    tag_id: str
    family: Family
    serves: str
    amount: float

    @property
    def is_kin(self) -> bool:
        """Whether the tag answers for another one."""
        return self.tag_id != self.serves


class Explainer(Generic[Bar]):
    """Explains documents by one plan.

    What a document has is looked up among the terms of the plan, of which most are kin that it lacks. Bars of typed
    tags are the same on every document and made once.

    Parameters
    ----------
    make
        Makes a bar of tag id, family, the query tag that it serves, and amount.
    """

    def __init__(self, plan: Plan, make: Callable[[str, Family, str, float], Bar]) -> None:
        self._make = make
        self._terms: dict[Family, dict[str, list[_Place]]] = {family: {} for family in Family}
        share = 0 if plan.sound is None else plan.sound.share
        clauses = (clause for group in plan.groups for clause in group.clauses)
        for number, clause in enumerate(clauses):
            for place, term in enumerate(clause.terms):
                places = self._terms[term.family].setdefault(term.tag_id, [])
                weight = tag_weight(term.weight, share) if share else term.weight
                places.append((number, place, clause.tag_id, weight))
        self._asked = {family: frozenset(terms) for family, terms in self._terms.items()}
        self._typed: dict[str, list[_Entry[Bar]]] = {}

    def explain(self, document: Document) -> tuple[Bar, ...]:
        """Return the bars of a document, in query order, the largest of each query tag first.

        Their amounts add up exactly to what tags have of the score, before a hit is demoted.
        """
        entries: list[_Entry[Bar]] = []
        made = self._typed
        for tag_id in self._asked[Family.TYPED].intersection(document.typed):
            entries += made.get(tag_id) or self._of_typed(tag_id)
        if document.implied:
            self._add_weighted(entries, Family.IMPLIED, document.implied, document.implied_weights)
        if document.heard:
            self._add_weighted(entries, Family.HEARD, document.heard, document.heard_weights)
        entries.sort()
        return tuple([entry[5] for entry in entries])

    def _of_typed(self, tag_id: str) -> list[_Entry[Bar]]:
        made = self._typed[tag_id] = []
        self._add(made, tag_id, Family.TYPED, 1.0)
        return made

    def _add_weighted(
        self, entries: list[_Entry[Bar]], family: Family, tag_ids: tuple[str, ...], units: tuple[int, ...]
    ) -> None:
        for tag_id in self._asked[family].intersection(tag_ids):
            self._add(entries, tag_id, family, units[tag_ids.index(tag_id)] / DOCUMENT_UNITS)

    def _add(self, entries: list[_Entry[Bar]], tag_id: str, family: Family, feature: float) -> None:
        """Make the bars of a feature, each after what they are sorted by; no two of those are equal."""
        for number, place, serves, weight in self._terms[family][tag_id]:
            amount = weight * feature
            entries.append((number, -amount, tag_id, family, place, self._make(tag_id, family, serves, amount)))


def explain(plan: Plan, document: Document) -> tuple[Contribution, ...]:
    """Return the contributions of one document under a plan."""
    return Explainer(plan, Contribution).explain(document)
