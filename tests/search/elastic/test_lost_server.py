"""A server that is lost over an answer, or hangs: others have copies, and answer in its place.

How that is on real servers is tried in `test_cluster`; here each kind of request meets it for certain.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from search.document import Document
from search.elastic.address import ElasticAddress
from search.elastic.connection import Connection
from search.elastic.encoding import encode_document
from search.elastic.engine import ElasticEngine
from search.elastic.failures import HalfUp
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


@pytest.mark.slow
def test_of_several_servers_one_that_hangs_costs_one_search(server: FakeServer) -> None:
    _, method, path, answer, *_ = REQUESTS["count"]
    with FakeServer() as hanging:
        for each in (server, hanging):
            each.answers("GET", "/", {"version": {"number": "9.2.0"}})
            each.answers(method, path, answer)
        address = ElasticAddress((hanging.url, server.url), name="tagkin", timeout=1.5)
        engine = ElasticEngine(Connection(address))
        for _ in range(4):
            assert engine.count(Plan()) == 1
        assert {request.path for request in hanging.requests} == {path}

        hanging.black_hole()
        outcomes = [outcome(engine) for _ in range(80)]
        assert outcomes.count("failed") == 1

        hanging.back()
        asked = len(hanging.requests)
        assert wait_for(lambda: outcome(engine) == "answered" and len(hanging.requests) > asked + 5)
        engine.close()


def outcome(engine: ElasticEngine) -> str:
    """Search at a steady pace, so that the silent one has its turn now and then."""
    time.sleep(0.05)
    try:
        engine.count(Plan())
    except SearchUnavailable:
        return "failed"
    return "answered"


def wait_for(happened: Callable[[], bool], seconds: float = 30.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if happened():
            return True
    return False


@pytest.mark.slow
def test_where_all_servers_hang_it_is_said_in_time(server: FakeServer) -> None:
    with FakeServer() as other:
        engine = ElasticEngine(Connection(ElasticAddress((other.url, server.url), name="tagkin", timeout=0.5)))
        for each in (server, other):
            each.black_hole()
        for _ in range(4):
            with pytest.raises(SearchUnavailable, match="did not answer"):
                engine.count(Plan())
        for each in (server, other):
            each.back()
            each.answers(*REQUESTS["count"][1:4])
        assert wait_for(lambda: outcome(engine) == "answered")
        engine.close()
