"""Searches that the server refuses, or loses on the way: what becomes of them, and of those after them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from secrets import token_hex

import pytest

from search.elastic.engine import ElasticEngine
from search.engine import BadIndex, RefusedRequest, SearchUnavailable
from search.plan import Filters, Plan, Range
from tests.faults.fake_server import FakeServer
from tests.search.engine_contract import document, fill, remove_indices
from tests.servers.node import Node

TOO_LATE = Plan(filters=Filters(year=Range(3_000_000_000, None)))
LOST = {"type": "search_context_missing_exception", "reason": "No search context found for id [7]"}
LOST_VIEW = {"error": {"type": "search_phase_execution_exception", "root_cause": [LOST]}, "status": 404}
WHOLE = {"_shards": {"total": 1, "failed": 0}, "hits": {"total": {"value": 3}, "hits": []}}


@pytest.mark.slow
@pytest.mark.parametrize("ask", [ElasticEngine.search, ElasticEngine.count])
def test_what_the_server_refuses_for_what_it_is_is_told_from_an_outage(
    elasticsearch_9: Node, ask: Callable[[ElasticEngine, Plan], object]
) -> None:
    address = f"{elasticsearch_9.url}/tagkin-refused-{token_hex(4)}"
    engine = ElasticEngine.open(address, create=True)
    try:
        fill(engine, document("one", "sad"))
        with pytest.raises(RefusedRequest, match="out of range") as raised:
            ask(engine, TOO_LATE)
        assert raised.value.public == "the search server refuses this search"
        assert engine.search(Plan()).total == engine.count(Plan()) == 1
    finally:
        engine.close()
        remove_indices(address)


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as server:
        server.answers("GET", "/", {"version": {"number": "9.2.0"}})
        yield server


@pytest.fixture
def engine(server: FakeServer) -> Iterator[ElasticEngine]:
    kept = {"format": 2, "identity": "i", "generation": 1}
    stored = {"_index": "tagkin-about-000001", "_seq_no": 0, "_primary_term": 1}
    server.answers("GET", "/tagkin-about/_doc/state", stored | {"_source": {"kind": "state", "kept": kept}})
    engine = ElasticEngine.open(server.url)
    yield engine
    engine.close()


def test_a_search_that_a_server_forgot_is_made_again(server: FakeServer, engine: ElasticEngine) -> None:
    server.answers("POST", "/tagkin-tracks/_search", WHOLE)
    server.answers("POST", "/tagkin-tracks/_search", LOST_VIEW, status=404, times=1)
    assert engine.count(Plan()) == 3


def test_a_search_that_is_forgotten_each_time_does_not_say_that_there_is_no_index(
    server: FakeServer, engine: ElasticEngine
) -> None:
    server.answers("POST", "/tagkin-tracks/_search", LOST_VIEW, status=404)
    server.answers("POST", "/_msearch", {"responses": [LOST_VIEW, LOST_VIEW]})
    for ask in (engine.count, engine.search):
        with pytest.raises(SearchUnavailable, match="no longer has what it held") as raised:
            ask(Plan())
        assert not isinstance(raised.value, BadIndex)
