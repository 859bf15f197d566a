from __future__ import annotations

import pytest

from web.app import create_app
from web.settings import Settings

OURS = "https://music.example"
ASKING = {"Origin": OURS, "Access-Control-Request-Method": "PUT"}


@pytest.fixture
def open_client(searcher):
    return create_app(searcher, Settings(origins=(OURS,))).test_client()


def test_nobody_elses_scripts_read_anything_unless_so_set(client) -> None:
    response = client.get("/api/v1/stats", headers={"Origin": OURS})
    assert not [name for name, _ in response.headers if name.startswith("Access-Control")]


def test_a_set_origin_reads_the_api_and_no_page(open_client) -> None:
    response = open_client.get("/api/v1/stats", headers={"Origin": OURS})
    assert response.headers["Access-Control-Allow-Origin"] == OURS
    assert "ETag" in response.headers["Access-Control-Expose-Headers"]
    assert "Origin" in response.vary
    assert "Access-Control-Allow-Origin" not in open_client.get("/", headers={"Origin": OURS}).headers


@pytest.mark.parametrize("origin", ["https://music.example.evil", "http://music.example", "null", "https://music.example:1"])
def test_other_origins_read_nothing(open_client, origin: str) -> None:
    response = open_client.get("/api/v1/stats", headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in response.headers
    assert "Origin" in response.vary  # or a cache would hand this answer to the others


def test_errors_and_known_answers_are_readable_too(open_client) -> None:
    tag = open_client.get("/api/v1/stats").headers["ETag"]
    for response in (
        open_client.get("/api/v1/search?q=(", headers={"Origin": OURS}),
        open_client.get("/api/v1/nowhere", headers={"Origin": OURS}),
        open_client.get("/api/v1/stats", headers={"Origin": OURS, "If-None-Match": tag}),
    ):
        assert response.headers["Access-Control-Allow-Origin"] == OURS


def test_a_browser_that_asks_first_is_answered(open_client) -> None:
    response = open_client.options("/api/v1/track?id=a", headers=ASKING)
    assert response.status_code == 204
    assert response.headers["Access-Control-Allow-Origin"] == OURS
    assert "PUT" in response.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in response.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Methods" not in open_client.options("/search", headers=ASKING).headers


def test_a_star_is_everyone(searcher) -> None:
    response = create_app(searcher, Settings(origins=("*",))).test_client().get("/api/v1/stats")
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Origin" not in response.vary
