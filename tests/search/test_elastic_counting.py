"""Tags are counted over all tracks, which takes long: who waits for it, and who need not."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from search.elastic import engine as engine_module
from search.elastic.engine import ElasticEngine
from search.engine import SearchUnavailable
from search.lexicon import Lexicon
from tagmodel.model import load_model
from tests.faults.fake_server import ELASTICSEARCH, FakeServer
from tests.faults.http_messages import Answer, Request, json_answer

COUNTS = "/tagkin-tracks-000001/_search"
# Longer than anything takes that waits for nobody, also on a busy machine.
AT_ONCE = 5.0  # seconds


def say_state(server: FakeServer, delta: int) -> None:
    kept = {"format": 2, "identity": "i", "generation": 1, "delta": delta, "names": delta}
    stored = {"_index": "tagkin-about-000001", "_seq_no": 0, "_primary_term": 1}
    server.answers("GET", "/tagkin-about/_doc/state", stored | {"_source": {"kind": "state", "kept": kept}})


def counted(**counts: int) -> dict[str, object]:
    buckets = [{"key": tag, "doc_count": count} for tag, count in counts.items()]
    return {"_shards": {}, "aggregations": {"tags": {"sum_other_doc_count": 0, "buckets": buckets}}}


def asked_for_counts(server: FakeServer) -> int:
    return sum(request.path == COUNTS for request in server.requests)


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as server:
        server.answers("GET", "/", {"version": {"number": "9.2.0"}})
        server.answers("POST", "/tagkin-about-000001/_pit", {"id": "view"})
        server.answers("DELETE", "/_pit", {})
        hit = {"sort": ["zither"], "_source": {"kept": {"spelling": "Zither"}}}
        server.answers("POST", "/_search", {"_shards": {}, "hits": {"hits": [hit]}})
        say_state(server, 1)
        yield server


@pytest.fixture
def engine(server: FakeServer) -> Iterator[ElasticEngine]:
    engine = ElasticEngine.open(server.url)
    yield engine
    engine.close()


def test_while_one_counts_others_go_on_with_what_was_counted_before(server: FakeServer, engine: ElasticEngine) -> None:
    server.answers("POST", COUNTS, counted(sad=1))
    lexicon = Lexicon(load_model().vocabulary, engine)
    assert lexicon.now().counts == {"sad": 1}
    say_state(server, 2)
    go_on = threading.Event()

    def answer_late(_: Request) -> Answer:
        assert go_on.wait(60)
        return json_answer(200, counted(sad=2), tuple(ELASTICSEARCH.items()))

    server.answers_by("POST", COUNTS, answer_late)
    with ThreadPoolExecutor(2) as pool:
        try:
            counting = pool.submit(engine.tag_counts)
            while asked_for_counts(server) < 2:
                time.sleep(0.01)
            others = pool.submit(lambda: (engine.tag_spelling("zither"), lexicon.now()))
            spelling, moment = others.result(AT_ONCE)
        finally:
            go_on.set()
        assert (spelling, moment.counts, moment.state.delta) == ("Zither", {"sad": 1}, 1)
        assert counting.result() == {"sad": 2}
    # What was of before is not taken for what is.
    assert (lexicon.now().counts, lexicon.now().state.delta) == ({"sad": 2}, 2)
    assert asked_for_counts(server) == 2


def test_those_who_have_to_wait_for_a_count_that_fails_wait_once(
    server: FakeServer, engine: ElasticEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "LONG_TIMEOUT", 2.0)
    server.answers_by("POST", COUNTS, lambda _: server.wait(6))
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(engine.tag_counts) for _ in range(8)]
        for one in waiting:
            with pytest.raises(SearchUnavailable, match="did not answer within 2 s"):
                one.result()
    assert asked_for_counts(server) == 1
    # Those who come later try again.
    server.answers("POST", COUNTS, counted(sad=3))
    assert engine.tag_counts() == {"sad": 3}


def test_an_index_that_is_looked_at_again_and_again_is_so_by_one_connection(server: FakeServer) -> None:
    with ThreadPoolExecutor(8) as pool:
        probes = set(pool.map(engine_module._probe, [server.url, f"{server.url}/tagkin"] * 8))
    assert len(probes) == 1
