"""Why a track came: its contributions, tag by tag, which add up to its score.

Computed from the plan and the stored features alone, so that every engine gives the same explanation.
"""

from __future__ import annotations

from dataclasses import dataclass

from search.document import DOCUMENT_UNITS, Document, Family
from search.plan import Plan


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


def explain(plan: Plan, document: Document) -> tuple[Contribution, ...]:
    """Return the contributions of a document under a plan, in query order, the largest of each query tag first.

    They add up to the document's score exactly: the score is this sum.
    """
    features = document_features(document)
    contributions = []
    for group in plan.groups:
        for clause in group.clauses:
            bars = [
                Contribution(term.tag_id, term.family, clause.tag_id, term.weight * features[term.tag_id, term.family])
                for term in clause.terms
                if (term.tag_id, term.family) in features
            ]
            contributions += sorted(bars, key=lambda bar: (-bar.amount, bar.tag_id, bar.family))
    return tuple(contributions)


def document_features(document: Document) -> dict[tuple[str, Family], float]:
    """Return the weighted features of a document, weights in (0, 1]."""
    features = {(tag_id, Family.TYPED): 1.0 for tag_id in document.typed}
    for family, tag_ids, units in (
        (Family.HEARD, document.heard, document.heard_weights),
        (Family.IMPLIED, document.implied, document.implied_weights),
    ):
        features |= {(tag_id, family): n / DOCUMENT_UNITS for tag_id, n in zip(tag_ids, units, strict=True)}
    return features
