"""When nothing has all that was asked: let go of the tag whose loss costs least, and say so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from search.engine import EngineAnswer, SearchEngine
from search.plan import Plan
from search.query import Query


def relax(
    engine: SearchEngine, query: Query, plan: Plan, answer: EngineAnswer, missing: tuple[str, ...]
) -> tuple[Plan, EngineAnswer, tuple[str, ...]]:
    """Drop tags until there is a hit.

    The tag of the lowest weight goes first; among equals the one without which most tracks are found; among those the
    one typed last. One that need not have gone after all comes back. ``+tags``, title words and filters are demands and
    never dropped; neither is the last thing asked.

    Parameters
    ----------
    missing
        Words of the query that nothing can have: dropped before any tag, and said; with a ``+`` there are no hits.

    Returns
    -------
    The plan that was executed, its answer, and what was dropped, as typed. Where dropping finds nothing either, no tag
    is dropped and there are no hits.
    """
    demanded = any(unknown.needed and unknown.sign == "+" for unknown in query.unknown)
    if demanded or (missing and not (plan.groups or plan.words)):
        return plan, _nothing(answer), ()
    dropped = [] if answer.total else _dropped(engine, plan)
    if dropped:
        plan = _without(plan, dropped)
        answer = engine.search(plan)
    lost = (" OR ".join(tag.typed for tag in query.groups[place].tags) for place in dropped)
    return plan, answer, (*missing, *lost)


def _dropped(engine: SearchEngine, plan: Plan) -> list[int]:
    """Return the positions of the groups to drop, in the order dropped; none when nothing is found without them."""
    dropped: list[int] = []
    while (place := _cheapest(engine, plan, dropped)) is not None:
        dropped.append(place)
        if engine.count(_without(plan, dropped)):
            return _needed(engine, plan, dropped)
    return []


def _cheapest(engine: SearchEngine, plan: Plan, dropped: list[int]) -> int | None:
    """Return the position of the next group to drop, None when none may go."""
    kept = [place for place in range(len(plan.groups)) if place not in dropped]
    places = [place for place in kept if not plan.groups[place].required]
    if len(kept) + bool(plan.words) < 2 or not places:
        return None

    def cost(place: int) -> tuple[float, int, int]:
        # The first term of a clause is the typed tag itself; its weight is the query tag's.
        weight = max(clause.terms[0].weight for clause in plan.groups[place].clauses)
        return weight, -engine.count(_without(plan, [*dropped, place])), -place

    return min(places, key=cost)


def _needed(engine: SearchEngine, plan: Plan, dropped: list[int]) -> list[int]:
    """Take back what was dropped in vain, the last dropped and so the dearest first."""
    needed = list(dropped)
    for place in reversed(dropped[:-1]):
        fewer = [other for other in needed if other != place]
        if engine.count(_without(plan, fewer)):
            needed = fewer
    return needed


def _without(plan: Plan, places: Iterable[int]) -> Plan:
    gone = frozenset(places)
    return replace(plan, groups=tuple(group for place, group in enumerate(plan.groups) if place not in gone))


def _nothing(answer: EngineAnswer) -> EngineAnswer:
    """Empty an answer whose query asked only for what nothing has: it is no invitation to browse."""
    return replace(answer, hits=(), outside=(), total=0, carry_all=0, carry_some=0, carry_none=0, facets={})
