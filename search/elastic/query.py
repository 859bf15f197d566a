"""A plan as a body of the server's search: one clause a query tag, whose terms are features with exact weights.

Only ids of tags, numbers and whole folded words and values enter it. Weights of documents have at most nine significant
bits, which is what the server keeps of them, and nothing is pruned, so `_score` is the sum that the plan says (ADR 1).
"""

from __future__ import annotations

from typing import Any

from search.elastic.encoding import feature
from search.elastic.mapping import MAX_WINDOW
from search.plan import Clause, Filters, Group, Plan, Range, Sort

Query = dict[str, Any]

_TIES: list[dict[str, Any]] = [{"untitled": "asc"}, {"track_id": "asc"}]
BY_SCORE: list[dict[str, Any]] = [{"_score": "desc"}, *_TIES]


def query_of(plan: Plan) -> Query:
    """Return the query whose hits are those of the plan, scored as it says."""
    must = [_group(group) for group in plan.groups]
    parts: dict[str, Any] = {"must": must} if must else {}
    parts["filter"] = [*_words(plan.words), *_filters(plan.filters)] or [{"match_all": {}}]
    if plan.excluded:
        excluded = sorted(set(plan.excluded))
        parts["must_not"] = [{"terms": {"typed": excluded}}, {"terms": {"heard": excluded}}]
    return {"bool": parts}


def order_of(plan: Plan) -> list[dict[str, Any]]:
    """Return the sort of a plan, down to the last tie."""
    by_score = BY_SCORE if plan.groups else _TIES
    if plan.sort is Sort.SCORE:
        return by_score
    direction = "desc" if plan.sort.startswith("-") else "asc"
    return [{plan.sort.removeprefix("-"): {"order": direction, "missing": "_last"}}, *by_score]


def window_of(plan: Plan) -> dict[str, int]:
    """Return which of the hits to bring; what lies beyond the window of the server is none."""
    start = min(plan.offset, MAX_WINDOW)
    return {"from": start, "size": min(plan.k, MAX_WINDOW - start)}


def carried(group: Group) -> Query:
    """Return the filter for tracks on which people typed one of a group's own tags."""
    return {"terms": {"typed": sorted({clause.tag_id for clause in group.clauses})}}


def carried_none(plan: Plan) -> Query:
    """Return the filter for tracks on which people typed none of the query's tags."""
    own = sorted({clause.tag_id for group in plan.groups for clause in group.clauses})
    return {"bool": {"must_not": [{"terms": {"typed": own}}]}}


def _group(group: Group) -> Query:
    clauses = [_clause(clause) for clause in group.clauses]
    if group.required:
        return {"bool": {"filter": [carried(group)], "should": clauses}}
    return clauses[0] if len(clauses) == 1 else {"bool": {"should": clauses, "minimum_should_match": 1}}


def _clause(clause: Clause) -> Query:
    weights: dict[str, float] = {}
    for term in clause.terms:
        name = feature(term.tag_id, term.family)
        weights[name] = weights.get(name, 0.0) + term.weight
    # With pruning, which is the default, three of ten of the true first 20 are lost.
    return {"sparse_vector": {"field": "features", "query_vector": weights, "prune": False}}


def _words(words: tuple[str, ...]) -> list[Query]:
    return [{"term": {"words": word}} for word in words]


def _filters(filters: Filters) -> list[Query]:
    values = {"genre": filters.genre, "license": filters.license, "artist": filters.artist}
    ranges = {"duration": filters.duration, "year": filters.year}
    return [
        *({"terms": {name: wanted}} for name, wanted in values.items() if wanted),
        *(_range(name, limits) for name, limits in ranges.items() if limits is not None),
    ]


def _range(name: str, limits: Range) -> Query:
    bounds = {"gte": limits.low, "lte": limits.high}
    stated = {end: value for end, value in bounds.items() if value is not None}
    return {"range": {name: stated}} if stated else {"exists": {"field": name}}
