"""One plan, executed: what is asked of the server, and how its answer reads.

The state is asked for in the same request, before the tracks: an answer is at least as new as the state it names.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import orjson

from search.document import Document
from search.elastic.connection import Connection, ask_twice
from search.elastic.encoding import decode_document, document_id
from search.elastic.facets import FACETS, FacetSizes, aggregations, count_tags, read_facet
from search.elastic.failures import HalfUp, Refusal, check_shards, missing_index
from search.elastic.mapping import KEPT, KEPT_OF_HITS, generation, generation_number
from search.elastic.query import BY_SCORE, carried, carried_none, order_of, query_of, window_of
from search.elastic.state import STATE_ID, StateRecord, parse_record
from search.engine import TAG_FACET_HITS, EngineAnswer, EngineHit, FacetValue, RefusedRequest, SearchUnavailable
from search.plan import Plan, Sort

_FLOAT = struct.Struct("f")

_ASK_STATE = {"query": {"ids": {"values": [STATE_ID]}}, "size": 1}

# Documents brought in one request.
_DOCUMENTS_AT_ONCE = 1_000

_MGET = "docs.found,docs.error,docs._source"

# Of hits whose tags are counted nothing stored is read, not even their ids: that would be a block to unpack for each.
_TAGS_ALONE: dict[str, Any] = {"stored_fields": "_none_", "docvalue_fields": ["typed"]}

# What a search holds at a server between its parts is gone: it stopped, or was away for too long.
_VIEW_MISSING = "search_context_missing_exception"
_LOST = "the search server lost what it held for this search"
_REFUSED = "the search server refuses this search"

Json = dict[str, Any]


class Moved(Exception):
    """Another pair of indices lives than the one that was asked."""


class Place(NamedTuple):
    """The two indices, or aliases, of one generation."""

    tracks: str
    about: str


def answer_plan(connection: Connection, place: Place, plan: Plan, sizes: FacetSizes) -> EngineAnswer:
    """Execute a plan.

    Parameters
    ----------
    place
        The tracks of one generation, as several requests may be needed; the alias of what is about it.

    Raises
    ------
    Moved
        If the alias no longer leads to that generation.
    SearchUnavailable
        If the server cannot answer, or not from all of the index.
    """
    # The best thousand come anyway where tags are counted: then the page is a part of them, and is read by its ids.
    by_ids = plan.facets and plan.sort is Sort.SCORE
    asked = sizes.now() if plan.facets else {}
    n_vectors = None if plan.sound is None else _count_vectors(connection, place)
    bodies = [_main_body(plan, asked, by_ids, n_vectors)]
    if plan.facets and not by_ids:
        bodies.append(_best_body(plan, n_vectors))
    record, (main, *best) = ask_twice(lambda: _ask(connection, place, bodies))
    hits = main["hits"]["hits"]
    page = _read_by_ids(connection, place, plan, hits[plan.offset : plan.offset + plan.k]) if by_ids else _read(hits)
    total = main["hits"]["total"]["value"]
    carry_all, carry_none, outside = _read_carried(plan, main, total)
    facets: dict[str, tuple[FacetValue, ...]] = {}
    if plan.facets:
        facets = _read_facets(connection, place, plan, main["aggregations"], sizes, asked)
        facets["tag"] = count_tags((best[0] if best else main)["hits"]["hits"][:TAG_FACET_HITS])
    return EngineAnswer(
        hits=page,
        outside=outside,
        total=total,
        carry_all=carry_all,
        carry_some=total - carry_all - carry_none,
        carry_none=carry_none,
        state=record.index_state(),
        facets=facets,
    )


def tracks_of(connection: Connection, about: str) -> str:
    """Return the index of tracks that is one pair with an index about them."""
    name = connection.address.name
    number = generation_number(name, about)
    return about if number is None else generation(name, number).tracks


def count_hits(connection: Connection, place: Place, plan: Plan) -> int:
    """Return the number of hits of a plan."""
    body = {"query": query_of(plan), "size": 0, "track_total_hits": True}
    return int(search(connection, place.tracks, body)["hits"]["total"]["value"])


def search(connection: Connection, index: str, body: Json, **params: Any) -> Any:
    """Run one search over the whole of an index.

    Raises
    ------
    BadIndex
        If there is no index.
    SearchUnavailable
        If the server cannot answer, or not from all of the index.
    """

    def ask() -> Any:
        try:
            answer = connection.post(f"/{index}/_search", body, allow_partial_search_results="false", **params)
        except Refusal as refusal:
            raise refused_search(connection, refusal) from None
        check_shards(connection.address, answer)
        return answer

    return ask_twice(ask)


def refused_search(connection: Connection, refusal: Refusal) -> SearchUnavailable:
    """Return the error for a search that the server refuses."""
    return _refused(connection, refusal.status, refusal.kind, connection.refused(refusal))


def _refused(connection: Connection, status: int, kind: str, error: SearchUnavailable) -> SearchUnavailable:
    if _VIEW_MISSING in kind:
        # Asked again, it begins anew.
        return HalfUp(f"{connection.address} no longer has what it held for this search; ask again", public=_LOST)
    if status == 404:
        return missing_index(connection.address)
    return RefusedRequest(str(error), public=_REFUSED) if status == 400 else error


def read_documents(
    connection: Connection, place: Place, ids: Sequence[str], kept: Sequence[str] = KEPT
) -> list[Document | None]:
    """Return documents by their ids on the server, as searches see them; None where there is none.

    Parameters
    ----------
    kept
        What is read of them.
    """
    documents: list[Document | None] = []
    for start in range(0, len(ids), _DOCUMENTS_AT_ONCE):
        some = ids[start : start + _DOCUMENTS_AT_ONCE]
        documents += ask_twice(partial(_read_some, connection, place, some, kept))
    return documents


def _read_some(connection: Connection, place: Place, ids: Sequence[str], kept: Sequence[str]) -> list[Document | None]:
    try:
        path = f"/{place.tracks}/_mget"
        answer = connection.post(path, {"ids": ids}, realtime="false", filter_path=_MGET, _source=",".join(kept))
    except Refusal as refusal:
        raise refused_search(connection, refusal) from None
    for found in answer["docs"]:
        if "error" in found:
            raise connection.refused_part(found)
    return [decode_document(found["_source"]) if found["found"] else None for found in answer["docs"]]


def _count_vectors(connection: Connection, place: Place) -> int:
    """Return how many tracks have a vector of sound."""
    body = {"query": {"exists": {"field": "slot"}}, "size": 0, "track_total_hits": True}
    return int(search(connection, place.tracks, body)["hits"]["total"]["value"])


def _main_body(plan: Plan, asked: Mapping[str, int], by_ids: bool, n_vectors: int | None) -> Json:
    body: Json = {"query": query_of(plan, n_vectors), "sort": order_of(plan), "track_total_hits": True}
    if plan.is_scored:
        body["track_scores"] = True
    if by_ids:
        window = {"from": 0, "size": max(TAG_FACET_HITS, sum(window_of(plan).values()))}
        body |= {**window, **_TAGS_ALONE}
    else:
        body |= {**window_of(plan), "_source": _kept(plan)}
    if counted := aggregations(asked) | _carried(plan):
        body["aggs"] = counted
    return body


def _kept(plan: Plan) -> list[str]:
    return KEPT_OF_HITS if plan.sound is None else KEPT


def _best_body(plan: Plan, n_vectors: int | None) -> Json:
    """Return the search for the best hits by score, whose tags are counted."""
    return {
        "query": query_of(plan, n_vectors),
        "sort": order_of(replace(plan, sort=Sort.SCORE)),
        "size": TAG_FACET_HITS,
        "track_total_hits": False,
        **_TAGS_ALONE,
    }


def _carried(plan: Plan) -> Json:
    """Return what asks how many hits carry all and none of the tags."""
    wanted: Json = {}
    if plan.groups:
        none: Json = {"filter": carried_none(plan)}
        if plan.outside:
            top = {"size": plan.outside, "sort": BY_SCORE, "track_scores": True, "_source": _kept(plan)}
            none["aggs"] = {"best": {"top_hits": top}}
        wanted["carry_none"] = none
    if len(plan.groups) > 1:
        wanted["carry_all"] = {"filter": {"bool": {"filter": [carried(group) for group in plan.groups]}}}
    return wanted


def _ask(connection: Connection, place: Place, bodies: Sequence[Json]) -> tuple[StateRecord, list[Any]]:
    """Ask for the state, then for the tracks, in one request."""
    lines: list[Json] = [{"index": place.about}, _ASK_STATE]
    for body in bodies:
        lines += [{"index": place.tracks, "allow_partial_search_results": False}, body]
    sent = b"".join([orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines])
    about, *answers = connection.post("/_msearch", sent, max_concurrent_searches=1)["responses"]
    for answer in (about, *answers):
        if "error" in answer:
            raise _refused(connection, answer["status"], str(answer["error"]), connection.refused_part(answer))
        check_shards(connection.address, answer)
    if not about["hits"]["hits"]:
        raise missing_index(connection.address)
    if tracks_of(connection, about["hits"]["hits"][0]["_index"]) != place.tracks:
        raise Moved
    return parse_record(connection, about["hits"]["hits"][0]["_source"]), answers


def _read(hits: Sequence[Mapping[str, Any]]) -> tuple[EngineHit, ...]:
    return tuple(EngineHit(decode_document(hit["_source"]), score_of(hit)) for hit in hits)


def _read_by_ids(
    connection: Connection, place: Place, plan: Plan, hits: Sequence[Mapping[str, Any]]
) -> tuple[EngineHit, ...]:
    # The last of the sort is the track id.
    ids = [document_id(hit["sort"][-1]) for hit in hits]
    documents = read_documents(connection, place, ids, _kept(plan))
    # A track that was deleted a moment ago is left out.
    found = zip(documents, hits, strict=True)
    return tuple(EngineHit(document, score_of(hit)) for document, hit in found if document is not None)


def score_of(hit: Mapping[str, Any]) -> float:
    """Return the score of a hit as the server has it: it writes the shortest decimal that means this float32."""
    score: float = _FLOAT.unpack(_FLOAT.pack(hit["_score"] or 0.0))[0]
    return score


def _read_carried(plan: Plan, main: Json, total: int) -> tuple[int, int, tuple[EngineHit, ...]]:
    """Return how many hits carry all and none of the tags, and the best that carry none."""
    if not plan.groups:
        return total, 0, ()
    none = main["aggregations"]["carry_none"]
    carry_none: int = none["doc_count"]
    if len(plan.groups) > 1:
        carry_all: int = main["aggregations"]["carry_all"]["doc_count"]
    else:
        carry_all = total - carry_none
    return carry_all, carry_none, _read(none["best"]["hits"]["hits"]) if plan.outside else ()


def _read_facets(
    connection: Connection, place: Place, plan: Plan, answer: Json, sizes: FacetSizes, asked: Mapping[str, int]
) -> dict[str, tuple[FacetValue, ...]]:
    found = {name: answer[name] for name in FACETS}
    while asked := sizes.learn(found, asked):
        body = {"query": query_of(plan), "size": 0, "track_total_hits": False, "aggs": aggregations(asked)}
        fresh = search(connection, place.tracks, body)["aggregations"]
        found |= fresh
    return {name: read_facet(found[name]) for name in FACETS}
