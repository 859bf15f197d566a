"""A plan as a body of the server's search: one clause a query tag, whose terms are features with exact weights.

Only ids of tags, numbers and whole folded words and values enter it. Weights of documents have at most nine significant
bits, which is what the server keeps of them, and nothing is pruned, so `_score` is the sum that the plan says (ADR 1).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from search.elastic.encoding import feature
from search.elastic.mapping import MAX_WINDOW
from search.elastic.sound_scoring import demoted, sound_clause
from search.mixing import tag_weight
from search.plan import SHARES, Clause, Filters, Group, Plan, Range, Sort

Query = dict[str, Any]

_TIES: list[dict[str, Any]] = [{"untitled": "asc"}, {"track_id": "asc"}]
BY_SCORE: list[dict[str, Any]] = [{"_score": "desc"}, *_TIES]


def query_of(plan: Plan, n_vectors: int | None = None) -> Query:
    """Return the query whose hits are those of the plan, scored as it says.

    Parameters
    ----------
    n_vectors
        How many tracks have a vector of sound; None where scores do not matter, or have nothing of sound.
    """
    query = _hits(plan, n_vectors)
    return demoted(query, plan.demoted) if plan.demoted and plan.is_scored else query


def _hits(plan: Plan, n_vectors: int | None) -> Query:
    share = 0 if plan.sound is None else plan.sound.share
    groups = [_group(group, share) for group in plan.groups]
    filters = [*_words(plan.words), *_filters(plan.filters)]
    if plan.sound is not None:
        filters.append({"exists": {"field": "sound"}})
    # Where sound has the whole score, groups demand and score nothing.
    parts: dict[str, Any] = {"filter": [*groups, *filters]} if share == SHARES else {"must": groups, "filter": filters}
    if plan.sound is not None and n_vectors is not None:
        parts["must"] = [*parts.get("must", ()), sound_clause(plan.sound, n_vectors)]
    parts["filter"] = parts["filter"] or [{"match_all": {}}]
    parts["must_not"] = list(_must_not(plan))
    return {"bool": {name: queries for name, queries in parts.items() if queries}}


def _must_not(plan: Plan) -> Iterator[Query]:
    if plan.excluded:
        excluded = sorted(set(plan.excluded))
        yield from ({"terms": {"typed": excluded}}, {"terms": {"heard": excluded}})
    if plan.without_tracks:
        yield {"terms": {"track_id": sorted(set(plan.without_tracks))}}


def order_of(plan: Plan) -> list[dict[str, Any]]:
    """Return the sort of a plan, down to the last tie."""
    by_score = BY_SCORE if plan.is_scored else _TIES
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


def _group(group: Group, share: int) -> Query:
    clauses = [_clause(clause, share) for clause in group.clauses]
    if group.required:
        return {"bool": {"filter": [carried(group)], "should": clauses}}
    return clauses[0] if len(clauses) == 1 else {"bool": {"should": clauses, "minimum_should_match": 1}}


def _clause(clause: Clause, share: int) -> Query:
    weights: dict[str, float] = {}
    for term in clause.terms:
        name = feature(term.tag_id, term.family)
        # Without any share of the score it still says what reaches the group.
        weight = tag_weight(term.weight, share) if 0 < share < SHARES else term.weight
        weights[name] = weights.get(name, 0.0) + weight
    # With pruning, which is the default, three of ten of the true first 20 are lost.
    return {"sparse_vector": {"field": "features", "query_vector": weights, "prune": False}}


def _words(words: tuple[str, ...]) -> list[Query]:
    return [{"term": {"words": word}} for word in words]


def _filters(filters: Filters) -> list[Query]:
    values = {"genre": filters.genre, "license": filters.license, "artist": filters.artist}
    ranges = {"duration": filters.duration, "year": filters.year, "bpm": filters.bpm}
    return [
        *([_key(filters.key)] if filters.key else ()),
        *({"terms": {name: wanted}} for name, wanted in values.items() if wanted),
        *(_range(name, limits) for name, limits in ranges.items() if limits is not None),
    ]


def _key(keys: tuple[str, ...]) -> Query:
    """Return the filter for keys; a track on which none was heard has no such field."""
    stated: Query = {"terms": {"key": [key for key in keys if key]}}
    if "" not in keys:
        return stated
    return {"bool": {"should": [stated, {"bool": {"must_not": [{"exists": {"field": "key"}}]}}]}}


def _range(name: str, limits: Range) -> Query:
    bounds = {"gte": limits.low, "lte": limits.high}
    stated = {end: value for end, value in bounds.items() if value is not None}
    return {"range": {name: stated}} if stated else {"exists": {"field": name}}
