"""Reading all of an index while the server loses its view of it, or stays silent at the end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from secrets import token_hex
from typing import Any

import pytest

from search.elastic import scanning
from search.elastic.address import ElasticAddress
from search.elastic.connection import Connection
from search.elastic.engine import ElasticEngine
from search.elastic.failures import HalfUp
from search.elastic.scanning import ANY_ORDER, scan
from search.engine import SearchUnavailable
from tests.faults.fake_server import FakeServer
from tests.search.engine_contract import document, fill, remove_indices
from tests.servers.node import Node

IDS = [f"track:{number:02}" for number in range(35)]
PAGE = 10
LOST = {"type": "search_context_missing_exception", "reason": "No search context found for id [7]"}
LOST_VIEW = {"error": {"type": "search_phase_execution_exception", "root_cause": [LOST]}, "status": 404}
AWAY = {"error": {"type": "no_shard_available_action_exception", "reason": "gone", "root_cause": []}, "status": 503}


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "PAGE", PAGE)
    monkeypatch.setattr(scanning, "_REOPENED_AFTER", (0.0, 0.01, 0.02))


@pytest.fixture(params=["elasticsearch_9", "elasticsearch_8"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ElasticEngine]:
    """Return an index of the 35 tracks in three shards."""
    server: Node = request.getfixturevalue(request.param)
    monkeypatch.setenv("TAGKIN_ELASTICSEARCH_SHARDS", "3")
    monkeypatch.setenv("TAGKIN_ELASTICSEARCH_TIMEOUT", "60")
    address = f"{server.url}/tagkin-scanned-{token_hex(4)}"
    engine = ElasticEngine.open(address, create=True)
    fill(engine, *(document(track_id, "sad") for track_id in reversed(IDS)))
    yield engine
    engine.close()
    remove_indices(address)


@pytest.fixture
def views(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the views that are opened from now on."""
    opened: list[str] = []
    ask = scanning.ask

    def noting(*args: Any, **named: Any) -> Any:
        answer = ask(*args, **named)
        if args[2].endswith("/_pit") and args[1] == "POST":
            opened.append(answer["id"])
        return answer

    monkeypatch.setattr(scanning, "ask", noting)
    return opened


def lose(engine: ElasticEngine, view: str) -> None:
    assert engine.connection.request("DELETE", "/_pit", {"id": view})["num_freed"] == 3


@pytest.mark.slow
@pytest.mark.parametrize("read", [1, PAGE, PAGE + 3, 3 * PAGE])
def test_a_list_goes_on_after_the_last_track_where_the_server_lost_its_view(
    engine: ElasticEngine, views: list[str], read: int
) -> None:
    documents = engine.all_documents()
    got = [next(documents).track.track_id for _ in range(read)]
    lose(engine, views[-1])
    with engine.writer() as writer:
        writer.delete([IDS[-1]])
        writer.commit()
    got += [document.track.track_id for document in documents]
    assert got == IDS[:-1]
    assert len(views) == 2


@pytest.mark.slow
def test_a_list_in_any_order_begins_anew_where_the_server_lost_its_view(
    engine: ElasticEngine, views: list[str]
) -> None:
    hits = scan(engine.connection, engine.place.tracks, {"match_all": {}}, ANY_ORDER, docvalue_fields=["track_id"])
    got = [next(hits)["fields"]["track_id"][0] for _ in range(PAGE)]
    lose(engine, views[-1])
    got += [hit["fields"]["track_id"][0] for hit in hits]
    assert set(got) == set(IDS)
    assert len(got) == len(IDS) + PAGE


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as server:
        server.answers("POST", "/x/_pit", {"id": "view"})
        server.answers("DELETE", "/_pit", {})
        yield server


@pytest.fixture
def connection(server: FakeServer) -> Iterator[Connection]:
    connection = Connection(ElasticAddress((server.url,)))
    yield connection
    connection.close()


def page(*values: str) -> dict[str, Any]:
    return {"_shards": {"total": 3, "failed": 0}, "hits": {"hits": [{"sort": [value, 7]} for value in values]}}


@pytest.mark.parametrize("lost", [LOST_VIEW, AWAY], ids=["view", "server"])
def test_a_view_that_is_lost_each_time_is_opened_only_so_often(
    server: FakeServer, connection: Connection, lost: dict[str, Any]
) -> None:
    server.answers("POST", "/_search", lost, status=lost["status"])
    server.answers("POST", "/_search", page(*IDS[:PAGE]), times=1)
    hits = scan(connection, "x", {"match_all": {}}, "track_id")
    assert [next(hits)["sort"][0] for _ in range(PAGE)] == IDS[:PAGE]
    with pytest.raises(HalfUp):
        next(hits)
    paths = [request.path for request in server.requests]
    assert paths.count("/x/_pit") == 4
    assert paths.count("/_search") == 5


BUSY = {"error": {"type": "es_rejected_execution_exception", "reason": "queue capacity"}, "status": 429}
WRONG = {"error": {"type": "parsing_exception", "reason": "no such thing"}, "status": 400}


@pytest.mark.parametrize("away", [AWAY, BUSY], ids=["away", "busy"])
def test_with_patience_a_list_goes_on_after_the_last_page(
    server: FakeServer, connection: Connection, away: dict[str, Any]
) -> None:
    server.answers("POST", "/_search", page(*IDS[:PAGE]), times=1)
    hits = scan(connection, "x", {"match_all": {}}, "track_id", patience=60)
    got = [next(hits)["sort"][0] for _ in range(PAGE)]
    server.answers("POST", "/_search", page(*IDS[PAGE : PAGE + 3]))
    server.answers("POST", "/_search", away, status=away["status"], times=6)
    got += [hit["sort"][0] for hit in hits]
    assert got == IDS[: PAGE + 3]
    searches = [request for request in server.requests if request.path == "/_search"]
    assert len(searches) == 8
    assert searches[-1].json["search_after"] == [IDS[PAGE - 1]]


@pytest.mark.parametrize(
    ("answer", "patience", "least", "most"), [(BUSY, 0.5, 5, 60), (BUSY, 0, 1, 1), (WRONG, 60, 1, 1)]
)
def test_patience_ends_and_there_is_none_for_what_is_wrong_in_itself(
    server: FakeServer, connection: Connection, answer: dict[str, Any], patience: float, least: int, most: int
) -> None:
    server.answers("POST", "/_search", answer, status=answer["status"])
    with pytest.raises(SearchUnavailable):
        next(scan(connection, "x", {"match_all": {}}, "track_id", patience=patience))
    assert least <= [request.path for request in server.requests].count("/_search") <= most


@pytest.mark.parametrize(("status", "why"), [(200, None), (500, "odd")])
def test_nobody_waits_long_for_a_server_that_is_silent_when_a_view_is_closed(
    server: FakeServer, connection: Connection, monkeypatch: pytest.MonkeyPatch, status: int, why: str | None
) -> None:
    monkeypatch.setattr(scanning, "SHORT_TIMEOUT", 0.2)
    answer = page("a", "b") if why is None else {"error": {"type": why, "reason": ""}, "status": status}
    server.answers("POST", "/_search", answer, status=status)
    server.answers_by("DELETE", "/_pit", lambda _: server.wait(20))
    began = time.monotonic()
    hits = scan(connection, "x", {"match_all": {}}, "track_id")
    if why is None:
        assert [hit["sort"][0] for hit in hits] == ["a", "b"]
    else:
        with pytest.raises(SearchUnavailable, match=f"answers 500 {why}"):
            next(hits)
    assert time.monotonic() - began < 10
