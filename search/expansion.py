"""From what was asked to what an engine executes: kin, the dial, budgets and exclusions.

The meaning of a search is decided here and nowhere else (docs/semantics.md). Each query tag q contributes

    weight(q) * [ typed(q) + HEARD_SHARE * heard(q) + IMPLIED_SHARE * implied(q) + sum of w(r) * (typed(r) + heard(r)) ]

over its live kin r, and everything but the typed tag stays within `SPILL_BUDGET`: a track that people tagged with every
query tag outranks every track tagged with none of them, at any drift.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

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

# Tags kept with all their kin at one place of the dial, the least recently asked forgotten first: 3 KiB each.
_MOST_KEPT = 2_048

# Where the dial stands when nobody turns it.
DEFAULT_DRIFT = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class LiveKin:
    """One kin of one query tag, as the dial and the query leave it; searches share them, so that each is itself only.

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


class _Bars(NamedTuple):
    """What in a query keeps tags from being kin.

    Tags of the query stand for themselves; what contradicts one of them or is excluded finds the wrong tracks; kin of
    what the user typed with a minus weigh less.

    Parameters
    ----------
    asked
        Tags of the query; what contradicts one of them is never kin either.
    never
        They and the excluded ones.
    without
        Switched off.
    near
        How near a tag is to one that was typed with a minus, in (0, 1].
    touched
        All that are not simply kin.
    """

    asked: frozenset[str]
    never: frozenset[str]
    without: frozenset[str]
    near: Mapping[str, float]
    touched: frozenset[str]


class _Unbarred(NamedTuple):
    """A query tag with all of its kin, as no other part of a query has changed them.

    Parameters
    ----------
    ids
        Tags of the kin.
    against
        Tags that contradict one of the kin.
    """

    clause: Clause
    kin: tuple[LiveKin, ...]
    ids: frozenset[str]
    against: frozenset[str]


class Expander:
    """Expands queries with the kin of one tag model; may be shared by threads.

    Parameters
    ----------
    kin_of
        The kin of a tag in their one fixed order, best first, at most `MAX_KIN`; the same at every call.
    narrower_of
        The tags that are a kind of a tag.
    """

    def __init__(
        self,
        kin_of: Callable[[str], Sequence[Kin]],
        vocabulary: Vocabulary,
        narrower_of: Callable[[str], Sequence[str]],
    ) -> None:
        self._kin_of = lru_cache(_MOST_KEPT)(kin_of)
        self._vocabulary = vocabulary
        self._narrower_of = narrower_of
        self._unbarred = lru_cache(_MOST_KEPT)(self._all_kin)

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
        bars = self._bars(query, excluded, without)
        gain, live = dial_gain(drift), live_kin_count(drift)
        groups = tuple(
            tuple(
                self._expand_tag(tag, weight, share * gain, live, bars)
                for tag, (weight, share) in zip(group.tags, weights_and_shares(group, scale), strict=True)
            )
            for group in query.groups
        )
        return Expansion(groups, excluded, tuple(group.required for group in query.groups))

    def _expand_tag(self, tag: QueryTag, weight: float, gain: float, live: int, bars: _Bars) -> ExpandedTag:
        whole = self._unbarred(tag.tag_id, weight, gain, live)
        if whole.ids.isdisjoint(bars.touched) and whole.against.isdisjoint(bars.asked):
            return ExpandedTag(tag, whole.clause, whole.kin)
        kin = tuple(self._barred(whole, bars))
        return ExpandedTag(tag, Clause(tag.tag_id, tuple(_terms(tag.tag_id, weight, gain, kin))), kin)

    def _all_kin(self, tag_id: str, weight: float, gain: float, live: int) -> _Unbarred:
        """Weigh each kin by its own place in the whole order."""
        kin = self._kin_of(tag_id)
        units = kin_units([one.similarity for one in kin], math.floor(gain * KIN_SHARE * PLAN_UNITS))
        weights = [n / PLAN_UNITS if place < live else 0.0 for place, n in enumerate(units)]
        whole = tuple(LiveKin(one, weight) for one, weight in zip(kin, weights, strict=True))
        ids = frozenset(one.tag_id for one in kin)
        return _Unbarred(
            Clause(tag_id, tuple(_terms(tag_id, weight, gain, whole))),
            whole,
            ids,
            frozenset[str]().union(*map(self._vocabulary.contradicting, ids)),
        )

    def _barred(self, whole: _Unbarred, bars: _Bars) -> Iterator[LiveKin]:
        """Yield the kin that may answer for a tag beside the rest of the query; no other moves up."""
        contradicted = not whole.against.isdisjoint(bars.asked)
        for one in whole.kin:
            tag_id = one.kin.tag_id
            if contradicted and not bars.asked.isdisjoint(self._vocabulary.contradicting(tag_id)):
                continue
            if tag_id not in bars.touched:
                yield one
                continue
            if tag_id in bars.never:
                continue
            # Not wholly barred by nearness alone: half at most.
            allowed, off = 1.0 - bars.near.get(tag_id, 0.0) / 2, tag_id in bars.without
            yield LiveKin(one.kin, in_units(allowed * one.weight) if one.weight and not off else 0.0, off)

    def _bars(self, query: Query, excluded: tuple[ExcludedTag, ...], without: frozenset[str]) -> _Bars:
        asked = frozenset(tag.tag_id for group in query.groups for tag in group.tags)
        never = asked.union(tag.tag_id for tag in excluded if not tag.off)
        near: dict[str, float] = {}
        for tag in query.excluded:
            for one in self._kin_of(tag.tag_id):
                near[one.tag_id] = max(near.get(one.tag_id, 0.0), one.similarity)
        return _Bars(asked, never, without, near, never.union(without, near))

    def _excluded(self, query: Query, keep: frozenset[str]) -> Iterator[ExcludedTag]:
        """Yield the tags typed with a minus, then what is narrower; a tag that the query asks for is never removed."""
        asked = {tag.tag_id for group in query.groups for tag in group.tags}
        seen = set(asked)
        for tag in query.excluded:
            if tag.tag_id not in seen:
                seen.add(tag.tag_id)
                yield ExcludedTag(tag.tag_id)
        for tag in query.excluded:
            for narrower in self._narrower_of(tag.tag_id):
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
