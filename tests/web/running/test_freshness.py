from __future__ import annotations

from pathlib import Path

import pytest

from search.document import Document
from search.embedded import EmbeddedEngine
from search.searcher import Searcher
from tagmodel.track import Track
from web.app import create_app
from web.settings import Settings

LASTING = ["/", "/search?q=sad+piano", "/suggest?tags=sitar", "/api/v1/search?q=sad", "/api/v1/suggest?tags=sitar"]


@pytest.mark.parametrize("address", LASTING)
def test_what_a_client_has_is_not_sent_again(client, address: str) -> None:
    first = client.get(address)
    tag = first.headers["ETag"]
    assert tag.startswith('W/"')
    assert first.headers["Cache-Control"] == "no-cache"
    again = client.get(address, headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == tag
    assert "Content-Security-Policy" in again.headers


@pytest.mark.parametrize(
    ("address", "status"), [("/track?id=fma:1", 200), ("/track?id=none", 404), ("/search?q=(", 400)]
)
def test_a_star_hides_no_answer(client, address: str, status: int) -> None:
    starred = client.get(address, headers={"If-None-Match": "*"})
    assert (starred.status_code, bool(starred.data)) == (status, True)


def test_a_known_answer_is_not_searched_for(client) -> None:
    tag = client.get("/search?q=sad").headers["ETag"]
    client.get("/search?q=sad", headers={"If-None-Match": tag})
    scraped = client.get("/metrics").text
    assert 'tagkin_engine_seconds_count{operation="search"} 1.0' in scraped
    assert "tagkin_not_modified_total 1.0" in scraped


def test_another_address_has_another_tag(client) -> None:
    addresses = ["/search?q=sad", "/search?q=piano", "/search?q=sad&page=1", "/api/v1/search?q=sad"]
    assert len({client.get(address).headers["ETag"] for address in addresses}) == len(addresses)
    elsewhere = client.get("/search?q=sad", base_url="https://music.example").headers["ETag"]
    assert elsewhere != client.get("/search?q=sad").headers["ETag"]


def test_a_write_changes_all_tags(tmp_path: Path, model) -> None:
    engine = EmbeddedEngine.open(tmp_path / "index", create=True)
    client = create_app(Searcher(engine, model)).test_client()
    before = client.get("/").headers["ETag"]
    with engine.writer() as writer:
        writer.write([Document(Track("x:1"))])
        writer.commit()
    after = client.get("/", headers={"If-None-Match": before})
    engine.close()
    assert after.status_code == 200
    assert after.headers["ETag"] != before


def test_another_index_of_the_same_size_has_other_tags(tmp_path: Path, model) -> None:
    answers = []
    for title in ("old", "new"):
        engine = EmbeddedEngine.open(tmp_path / title, create=True)
        with engine.writer() as writer:
            writer.write([Document(Track("x:1", title))])
            writer.commit()
        answers.append(create_app(Searcher(engine, model)).test_client().get("/track?id=x:1"))
        engine.close()
    old, new = (answer.headers["ETag"] for answer in answers)
    assert old != new


def test_what_can_be_played_changes_all_tags(searcher: Searcher, tmp_path: Path) -> None:
    settings = (Settings(), Settings(audio_root=tmp_path), Settings(previews=("https://music.example",)))
    clients = [create_app(searcher, each).test_client() for each in settings]
    assert len({client.get("/search?q=sad").headers["ETag"] for client in clients}) == len(settings)


@pytest.mark.parametrize("address", ["/healthz", "/readyz", "/metrics"])
def test_what_is_of_the_moment_has_no_tag(client, address: str) -> None:
    response = client.get(address)
    assert "ETag" not in response.headers
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("address", ["/search?q=(", "/nowhere", "/api/v1/track?id=none"])
def test_refusals_have_no_tag(client, address: str) -> None:
    assert "ETag" not in client.get(address).headers


def test_without_an_index_there_are_no_tags(away) -> None:
    assert "ETag" not in away.get("/suggest?tags=sitar").headers
    assert "ETag" not in away.get("/search?q=sad").headers


def test_what_is_sent_has_no_tag(client) -> None:
    response = client.post("/api/v1/suggest", json={"tracks": [{"tags": ["sitar"]}]})
    assert response.status_code == 200
    assert "ETag" not in response.headers
