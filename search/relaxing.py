"""When nothing has all that was asked: let go of the tag whose loss costs least, and say so."""

from __future__ import annotations

from dataclasses import replace

from search.engine import EngineAnswer, SearchEngine
from search.plan import Group, Plan
from search.query import Query


def relax(
    engine: SearchEngine, query: Query, plan: Plan, answer: EngineAnswer, missing: tuple[str, ...]
) -> tuple[Plan, EngineAnswer, tuple[str, ...]]:
    """Drop tags until there is a hit.

    The tag of the lowest weight goes first; among equals the one without which most tracks are found; among those the
    one typed last. ``+tags``, title words and filters are demands and never dropped; neither is the last thing asked.

    Parameters
    ----------
    missing
        Words of the query that nothing can have: dropped before any tag, and said.

    Returns
    -------
    The plan that was executed, its answer (no hits where nothing could be dropped), and what was dropped, as typed.
    """
    if missing and not (plan.groups or plan.words):
        return plan, _nothing(answer), ()
    kept = list(zip(plan.groups, query.groups, strict=True))
    lost = list(missing)
    while answer.total == 0 and (place := _cheapest(engine, plan, [group for group, _ in kept])) is not None:
        _, dropped = kept.pop(place)
        lost.append(" OR ".join(tag.typed for tag in dropped.tags))
        plan = replace(plan, groups=tuple(group for group, _ in kept))
        answer = engine.search(plan)
    return plan, answer, tuple(lost)


def _cheapest(engine: SearchEngine, plan: Plan, groups: list[Group]) -> int | None:
    """Return the position of the group to drop, None when none may go."""
    if len(groups) + bool(plan.words) < 2:
        return None
    places = [place for place, group in enumerate(groups) if not group.required]
    if not places:
        return None

    def cost(place: int) -> tuple[float, int, int]:
        without = tuple(groups[:place] + groups[place + 1 :])
        # The first term of a clause is the typed tag itself; its weight is the query tag's.
        weight = max(clause.terms[0].weight for clause in groups[place].clauses)
        return weight, -engine.count(replace(plan, groups=without)), -place

    return min(places, key=cost)


def _nothing(answer: EngineAnswer) -> EngineAnswer:
    """Empty an answer whose query asked only for what nothing has: it is no invitation to browse."""
    return replace(answer, hits=(), outside=(), total=0, carry_all=0, carry_some=0, carry_none=0, facets={})
