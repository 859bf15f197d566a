from __future__ import annotations

from search.embedded import EmbeddedEngine
from search.engine import SearchUnavailable
from search.plan import Plan
from search.searcher import Searcher
from web.app import create_app


def test_a_process_that_answers_is_alive(client, away) -> None:
    for one in (client, away):
        response = one.get("/healthz")
        assert (response.status_code, response.json) == (200, {"status": "ok"})


def test_ready_says_in_which_state(client, searcher) -> None:
    response = client.get("/readyz")
    state = searcher.engine.state()
    assert response.status_code == 200
    assert response.json == {
        "status": "ready",
        "model": "tiny",
        "index": {"generation": state.generation, "delta": state.delta, "tracks": 54, "model": "tiny"},
    }


def test_not_ready_while_the_index_is_away(away, index_directory) -> None:
    response = away.get("/readyz")
    assert str(index_directory) not in response.text
    assert response.status_code == 503
    assert response.json["status"] == "unavailable"
    assert int(response.headers["Retry-After"]) > 0


def test_not_ready_while_parts_of_the_index_are_missing(index_directory, model) -> None:
    class HalfUp(EmbeddedEngine):
        def count(self, plan: Plan) -> int:
            raise SearchUnavailable("shard 3 of 5 is missing", public="some of the index is missing")

    engine = HalfUp.open(index_directory)
    response = create_app(Searcher(engine, model)).test_client().get("/readyz")
    engine.close()
    assert (response.status_code, response.json["why"]) == (503, "some of the index is missing")
