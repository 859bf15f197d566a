"""From what was asked to what an engine executes: kin, the dial, budgets and exclusions.

The meaning of a search is decided here and nowhere else (docs/semantics.md). Each query tag q contributes

    weight(q) * [ typed(q) + HEARD_SHARE * heard(q) + IMPLIED_SHARE * implied(q) + sum of w(r) * (typed(r) + heard(r)) ]

over its live kin r, and everything but the typed tag stays within `SPILL_BUDGET`: a track that people tagged with every
query tag outranks every track tagged with none of them, at any drift.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from search.document import Family
from search.plan import PLAN_UNITS, Clause, Group, Term
from search.query import Query, QueryGroup, QueryTag
from tagmodel.model import MAX_KIN, Kin
from tagmodel.vocabulary import Vocabulary

# All that heard, implied and kin of one query tag may add together: under half of the typed tag itself.
SPILL_BUDGET = 0.49
# How the budget is shared out; tuned on validation (`tagkin evaluate search --help`). They sum to SPILL_BUDGET.
IMPLIED_SHARE = 0.30
HEARD_SHARE = 0.12
KIN_SHARE = 0.07

# The lightest tag of a query counts this much of the heaviest. Were it less, the single units that still let heard and
# implied tags reach would weigh more than the tag itself, ten alternatives of it together.
LEAST_WEIGHT = 1 / 64

# Where the dial stands when nobody turns it.
DEFAULT_DRIFT = 0.3


@dataclass(frozen=True, slots=True)
class LiveKin:
    """One kin of one query tag, as the dial and the query leave it.

    Parameters
    ----------
    weight
        Whole multiple of 1/4096; 0 when the kin is not live.
    off
        Switched off by the user.
    """

    kin: Kin
    weight: float
    off: bool = False


@dataclass(frozen=True, slots=True)
class ExpandedTag:
    """A query tag with its share of the score and its kin, live ones first in their fixed order."""

    tag: QueryTag
    clause: Clause
    kin: tuple[LiveKin, ...]


@dataclass(frozen=True, slots=True)
class ExcludedTag:
    """A tag whose tracks are removed.

    Parameters
    ----------
    narrower_of
        The excluded tag that brought this one along; None when the user typed it.
    off
        Taken off by the user: not excluded after all.
    """

    tag_id: str
    narrower_of: str | None = None
    off: bool = False


@dataclass(frozen=True, slots=True)
class Expansion:
    """A query, expanded: `groups` parallel to the query's, and what is excluded."""

    groups: tuple[tuple[ExpandedTag, ...], ...]
    excluded: tuple[ExcludedTag, ...]
    required: tuple[bool, ...]

    def plan_groups(self) -> tuple[Group, ...]:
        """Return the groups as an engine takes them."""
        return tuple(
            Group(tuple(member.clause for member in members), required)
            for members, required in zip(self.groups, self.required, strict=True)
        )

    def kin_origins(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """Return what each live kin is known from, by (query tag, kin)."""
        expanded = (member for members in self.groups for member in members)
        return {(one.tag.tag_id, kin.kin.tag_id): kin.kin.origins for one in expanded for kin in one.kin if kin.weight}

    def excluded_ids(self) -> tuple[str, ...]:
        """Return the tag ids whose tracks are removed."""
        return tuple(tag.tag_id for tag in self.excluded if not tag.off)


def in_units(weight: float) -> float:
    """Round down to a whole multiple of 1/4096, but never to nothing."""
    return max(math.floor(weight * PLAN_UNITS), 1) / PLAN_UNITS


def kin_units(similarities: Sequence[float], budget: int) -> list[int]:
    """Share a budget out over all kin of a tag by similarity, whether they are live or not.

    Shares do not depend on how many kin live, so that turning the dial never lowers a weight; each is at least one unit
    while the budget lasts, so that a live kin always reaches.

    Returns
    -------
    Parallel to `similarities`, whole units, sum at most `budget`.
    """
    spare = budget - len(similarities)
    if spare < 0:
        return [1] * budget + [0] * -spare
    whole = sum(similarities)
    return [1 + math.floor(spare * similarity / whole) for similarity in similarities]


def weights_and_shares(group: QueryGroup, scale: float) -> list[tuple[float, float]]:
    """Return for each member its weight and what its heard, implied and kin share out, before dial and budget.

    Members of (a OR b) share what the lightest of them weighs, in proportion to their weights: a track that carries any
    one of them outranks a track that carries none.

    Parameters
    ----------
    scale
        The greatest weight in the query, which becomes 1.
    """
    weights = [in_units(max(tag.weight / scale, LEAST_WEIGHT)) for tag in group.tags]
    lightest, whole = min(weights), sum(weights)
    return [(weight, lightest * weight / whole) for weight in weights]


def live_kin_count(drift: float) -> int:
    """Return how long a prefix of its kin each tag has at `drift` in [0, 1]."""
    return math.ceil(drift * MAX_KIN)


def dial_gain(drift: float) -> float:
    """Return the factor in [0, 1] on everything that nobody typed; 0 only at drift 0, never falling."""
    return 0.0 if drift == 0 else 0.4 + 0.6 * drift


@dataclass(frozen=True)
class Expander:
    """Expands queries with the kin of one tag model.

    Parameters
    ----------
    kin_of
        The kin of a tag in their one fixed order, best first, at most `MAX_KIN`.
    narrower_of
        The tags that are a kind of a tag.
    """

    kin_of: Callable[[str], Sequence[Kin]]
    vocabulary: Vocabulary
    narrower_of: Callable[[str], Sequence[str]]

    def expand(
        self,
        query: Query,
        drift: float = DEFAULT_DRIFT,
        without: frozenset[str] = frozenset(),
        keep: frozenset[str] = frozenset(),
    ) -> Expansion:
        """Expand a query.

        Parameters
        ----------
        drift
            The dial, in [0, 1]: 0 is plain matching, 1 as far outside the box as kin reach.
        without
            Tag ids switched off as kin.
        keep
            Tag ids that an exclusion brought along, but are not to be excluded.
        """
        excluded = tuple(self._excluded(query, keep))
        scale = max((tag.weight for group in query.groups for tag in group.tags), default=1.0)
        banned = self._not_as_kin(query, excluded)
        groups = tuple(
            tuple(
                self._expand_tag(tag, weight, share * dial_gain(drift), live_kin_count(drift), without, banned)
                for tag, (weight, share) in zip(group.tags, weights_and_shares(group, scale), strict=True)
            )
            for group in query.groups
        )
        return Expansion(groups, excluded, tuple(group.required for group in query.groups))

    def _expand_tag(
        self,
        tag: QueryTag,
        weight: float,
        gain: float,
        live: int,
        without: frozenset[str],
        banned: Callable[[str], float],
    ) -> ExpandedTag:
        kin = tuple(self._live_kin(tag.tag_id, gain, live, without, banned))
        return ExpandedTag(tag, Clause(tag.tag_id, tuple(_terms(tag.tag_id, weight, gain, kin))), kin)

    def _live_kin(
        self, tag_id: str, gain: float, live: int, without: frozenset[str], banned: Callable[[str], float]
    ) -> Iterator[LiveKin]:
        """Yield the kin that may answer for a tag, each with the weight of its own place in the whole order."""
        kin = self.kin_of(tag_id)
        units = kin_units([one.similarity for one in kin], math.floor(gain * KIN_SHARE * PLAN_UNITS))
        for place, one in enumerate(kin):
            allowed = 1.0 - banned(one.tag_id)
            if allowed > 0.0:
                off = one.tag_id in without
                is_live = place < live and not off and units[place] > 0
                yield LiveKin(one, in_units(allowed * units[place] / PLAN_UNITS) if is_live else 0.0, off)

    def _not_as_kin(self, query: Query, excluded: tuple[ExcludedTag, ...]) -> Callable[[str], float]:
        """Return how far a tag is barred from being kin, in [0, 1]; 1 is not at all allowed.

        Tags of the query stand for themselves; what contradicts one of them or is excluded finds the wrong tracks; kin
        of what the user typed with a minus weigh less.
        """
        asked = frozenset(tag.tag_id for group in query.groups for tag in group.tags)
        gone = frozenset(tag.tag_id for tag in excluded if not tag.off)
        near_excluded: dict[str, float] = {}
        for tag in query.excluded:
            for one in self.kin_of(tag.tag_id):
                near_excluded[one.tag_id] = max(near_excluded.get(one.tag_id, 0.0), one.similarity)

        def barred(tag_id: str) -> float:
            if tag_id in asked or tag_id in gone:
                return 1.0
            if any(self.vocabulary.contradicts(tag_id, other) for other in asked):
                return 1.0
            # Not wholly barred by nearness alone: half at most.
            return near_excluded.get(tag_id, 0.0) / 2

        return barred

    def _excluded(self, query: Query, keep: frozenset[str]) -> Iterator[ExcludedTag]:
        """Yield the tags typed with a minus, then what is narrower; a tag that the query asks for is never removed."""
        asked = {tag.tag_id for group in query.groups for tag in group.tags}
        seen = set(asked)
        for tag in query.excluded:
            if tag.tag_id not in seen:
                seen.add(tag.tag_id)
                yield ExcludedTag(tag.tag_id)
        for tag in query.excluded:
            for narrower in self.narrower_of(tag.tag_id):
                if narrower not in seen:
                    seen.add(narrower)
                    yield ExcludedTag(narrower, tag.tag_id, narrower in keep)


def _terms(tag_id: str, weight: float, gain: float, kin: Sequence[LiveKin]) -> Iterator[Term]:
    yield Term(tag_id, Family.TYPED, weight)
    if gain > 0.0:
        yield Term(tag_id, Family.HEARD, in_units(gain * HEARD_SHARE))
        yield Term(tag_id, Family.IMPLIED, in_units(gain * IMPLIED_SHARE))
    for one in kin:
        if one.weight > 0.0:
            yield Term(one.kin.tag_id, Family.TYPED, one.weight)
            yield Term(one.kin.tag_id, Family.HEARD, one.weight)
