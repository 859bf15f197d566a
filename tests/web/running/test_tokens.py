from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from search.embedded import EmbeddedEngine
from search.searcher import Searcher
from web.app import create_app
from web.settings import Settings

TOKEN = "0123456789abcdef-first"
OTHER = "0123456789abcdef-second"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
NEW = {"title": "Night Raga", "artist": "Me", "tags": ["Sitar", "night owl"], "duration": 200, "year": 2020}


@pytest.fixture
def engine(tmp_path: Path, index_directory: Path):
    shutil.copytree(index_directory, tmp_path / "index")
    engine = EmbeddedEngine.open(tmp_path / "index")
    yield engine
    engine.close()


@pytest.fixture
def writable(engine, model):
    return create_app(Searcher(engine, model), Settings(tokens=(TOKEN, OTHER))).test_client()


def titles(client, query: str) -> list[str]:
    return [hit["track"]["title"] for hit in client.get(f"/api/v1/search?q={query}").json["hits"]]


def test_a_written_track_is_found_at_once_by_what_it_is_and_what_that_implies(writable, engine) -> None:
    before = engine.state()
    response = writable.put("/api/v1/track?id=mine:1", json=NEW, headers=AUTHORIZED)
    assert response.status_code == 201
    assert response.json == {
        "track_id": "mine:1",
        "generation": before.generation,
        "delta": before.delta + 1,
        "n_tracks": before.n_tracks + 1,
    }
    assert "Night Raga" in titles(writable, "night+owl")
    assert "Night Raga" in titles(writable, "indian")
    stored = writable.get("/api/v1/track?id=mine:1").json
    assert "Sitar" in str(stored)


def test_a_track_is_replaced_whole(writable) -> None:
    writable.put("/api/v1/track?id=mine:1", json=NEW, headers=AUTHORIZED)
    response = writable.put("/api/v1/track?id=mine:1", json={"title": "Dawn", "tags": ["drone"]}, headers=AUTHORIZED)
    assert response.status_code == 200
    assert "Night Raga" not in titles(writable, "sitar")
    assert "Dawn" in titles(writable, "drone+dawn")


def test_a_deleted_track_is_found_no_more(writable) -> None:
    assert "Raga" in titles(writable, "tabla")
    response = writable.delete("/api/v1/track?id=fma:7", headers={"authorization": f"bearer {OTHER}"})
    assert (response.status_code, response.json["n_tracks"]) == (200, 53)
    assert "Raga" not in titles(writable, "tabla")
    assert writable.get("/api/v1/track?id=fma:7").status_code == 404
    assert writable.delete("/api/v1/track?id=fma:7", headers=AUTHORIZED).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer 0123456789abcdef-third"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer"},
        {"Authorization": f"Bearer {TOKEN[:-1]}"},
        {"Authorization": "Bearer ÿ"},
    ],
)
def test_without_a_known_token_nothing_is_written(writable, headers) -> None:
    for response in (
        writable.put("/api/v1/track?id=mine:1", json=NEW, headers=headers),
        writable.put("/api/v1/track", data="{", headers=headers),
        writable.delete("/api/v1/track?id=fma:7", headers=headers),
    ):
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
        assert response.content_type == "application/problem+json"
    assert writable.get("/api/v1/track?id=fma:7").status_code == 200


def test_reading_needs_no_token(writable) -> None:
    assert writable.get("/api/v1/track?id=fma:7").status_code == 200


def test_unless_tokens_are_set_nobody_writes(client) -> None:
    response = client.put("/api/v1/track?id=mine:1", json=NEW, headers=AUTHORIZED)
    assert response.status_code == 403
    assert "--tokens-file" in response.json["detail"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"titel": "x"}, "did you mean title"),
        ({"tags": "sitar"}, "tags"),
        ({"tags": [""]}, "tags"),
        ({"title": "a\0b"}, "title"),
        ({"duration": 200_000}, "duration"),
        ({"year": 20}, "year"),
        ({"tags": ["a", "b"], "shares": [1.0]}, "shares"),
        ([], "object"),
    ],
)
def test_what_is_no_track_is_refused(writable, body, says: str) -> None:
    response = writable.put("/api/v1/track?id=mine:1", json=body, headers=AUTHORIZED)
    assert response.status_code == 400
    assert says in response.json["detail"]


def test_an_id_that_no_address_could_name_is_refused(writable) -> None:
    for address in ("/api/v1/track", "/api/v1/track?id=", "/api/v1/track?id=%00", "/api/v1/track?id=" + "x" * 1_001):
        assert writable.put(address, json=NEW, headers=AUTHORIZED).status_code == 400


def test_while_another_program_writes_the_answer_is_to_come_back(writable, engine) -> None:
    with engine.writer():
        response = writable.put("/api/v1/track?id=mine:1", json=NEW, headers=AUTHORIZED)
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert "another program is writing" in response.json["detail"]
    assert str(engine._directory) not in response.text
    assert writable.put("/api/v1/track?id=mine:1", json=NEW, headers=AUTHORIZED).status_code == 201
