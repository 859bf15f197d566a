"""A server that is lost over an answer: another has a copy, so what changes nothing is asked once more, and not twice.

How that is on real servers is tried in `test_cluster`; here each kind of request meets it for certain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from search.document import Document
from search.elastic.connection import HalfUp
from search.elastic.encoding import encode_document
from search.elastic.engine import ElasticEngine
from search.elastic.state import StateRecord
from search.engine import SearchUnavailable
from search.plan import Plan
from tagmodel.track import Track
from tests.faults.fake_server import FakeServer

STATE = msgspec.to_builtins(StateRecord("identity", generation=1, n_tracks=1))
KEPT = msgspec.json.decode(encode_document(Document(Track("one", title="One"))))["kept"]
WHOLE = {"_shards": {"total": 3, "failed": 0}, "timed_out": False}
ABOUT = {"_index": "tagkin-about-000001", "_id": "state", "_source": {"kind": "state", "kept": STATE}}
HITS = {"total": {"value": 1}, "hits": [{"_id": "x", "_score": None, "sort": ["one"], "_source": {"kept": KEPT}}]}

LOST = {"type": "node_disconnected_exception", "reason": "[node-2][search[phase/fetch/id]] disconnected"}
LOST_PART = {"error": {**LOST, "root_cause": [LOST]}, "status": 502}
LOST_SHARD = {"_shards": {"total": 3, "failed": 1}, "timed_out": False, "hits": HITS}
NO_COPY = {"error": {"root_cause": [], "type": "search_phase_execution_exception", "reason": ""}, "status": 503}

Ask = Callable[[ElasticEngine], object]
# What is asked → method and path, the answer, and how it looks when a server is lost: status and content.
REQUESTS: dict[str, tuple[Ask, str, str, Any, int, Any]] = {
    "state": (
        lambda engine: engine.state().n_tracks,
        "GET", "/tagkin-about/_doc/state", ABOUT | {"found": True, "_seq_no": 1, "_primary_term": 1}, 503, NO_COPY,
    ),
    "search": (
        lambda engine: engine.search(Plan()).total,
        "POST", "/_msearch", {"responses": [WHOLE | {"hits": {"hits": [ABOUT]}}, WHOLE | {"hits": HITS}]},
        200, {"responses": [WHOLE | {"hits": {"hits": [ABOUT]}}, LOST_PART]},
    ),
    "search of shards": (
        lambda engine: engine.search(Plan()).total,
        "POST", "/_msearch", {"responses": [WHOLE | {"hits": {"hits": [ABOUT]}}, WHOLE | {"hits": HITS}]},
        200, {"responses": [LOST_SHARD, WHOLE | {"hits": HITS}]},
    ),
    "count": (
        lambda engine: engine.count(Plan()),
        "POST", "/tagkin-tracks/_search", WHOLE | {"hits": HITS}, 503, NO_COPY,
    ),
    "documents": (
        lambda engine: len([document for document in engine.documents(["one"]) if document is not None]),
        "POST", "/tagkin-tracks/_mget", {"docs": [{"found": True, "_source": {"kept": KEPT}}]},
        200, {"docs": [LOST_PART]},
    ),
}  # fmt: skip


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as server:
        server.answers("GET", "/", {"version": {"number": "9.2.0"}})
        _, method, path, answer, *_ = REQUESTS["state"]
        server.answers(method, path, answer)
        yield server


@pytest.fixture
def engine(server: FakeServer) -> Iterator[ElasticEngine]:
    engine = ElasticEngine.open(server.url)
    yield engine
    engine.close()


@pytest.mark.parametrize("name", REQUESTS)
def test_a_server_that_is_lost_over_the_answer_costs_none(name: str, server: FakeServer, engine: ElasticEngine) -> None:
    ask, method, path, answer, status, lost = REQUESTS[name]
    server.answers(method, path, answer)
    server.answers(method, path, lost, status=status, times=1)
    assert ask(engine) == 1


@pytest.mark.parametrize("name", REQUESTS)
def test_where_no_copy_is_left_it_is_said_after_the_second_time(
    name: str, server: FakeServer, engine: ElasticEngine
) -> None:
    ask, method, path, answer, status, lost = REQUESTS[name]
    server.answers(method, path, answer)
    ask(engine)
    before = len(server.requests)
    server.answers(method, path, lost, status=status)
    with pytest.raises(HalfUp, match="only half up") as raised:
        ask(engine)
    assert raised.value.public == "the search server is only half up: some of the index is missing"
    assert [request.path for request in server.requests[before:]] == [path] * 2


def test_a_server_that_has_too_much_to_do_is_not_given_more(server: FakeServer, engine: ElasticEngine) -> None:
    busy = {"error": {"type": "es_rejected_execution_exception", "reason": "queue capacity"}, "status": 429}
    server.answers("POST", "/tagkin-tracks/_search", busy, status=429)
    before = len(server.requests)
    with pytest.raises(SearchUnavailable, match="too much to do"):
        engine.count(Plan())
    assert len(server.requests) == before + 1
