from __future__ import annotations

import pytest

from web.app import create_app
from web.running.limits import MAX_ADDRESS, check_rate, client_of
from web.settings import Settings, SettingsError


@pytest.fixture
def limited(searcher):
    return create_app(searcher, Settings(rate="3/hour")).test_client()


def test_a_client_that_asks_too_often_is_told_when_to_come_back(limited) -> None:
    left = [int(limited.get("/api/v1/stats").headers["RateLimit-Remaining"]) for _ in range(3)]
    assert left == [2, 1, 0]
    response = limited.get("/api/v1/stats")
    assert response.status_code == 429
    assert response.headers["RateLimit-Limit"] == "3"
    assert 0 < int(response.headers["Retry-After"]) <= 3_600
    assert response.headers["Retry-After"] == response.headers["RateLimit-Reset"]
    assert response.content_type == "application/problem+json"
    assert response.json["type"].endswith("#too-many-requests")
    assert "Content-Security-Policy" in response.headers


def test_people_get_a_page(limited) -> None:
    responses = [limited.get("/suggest") for _ in range(4)]
    assert [one.status_code for one in responses] == [200, 200, 200, 429]
    assert responses[-1].content_type.startswith("text/html")
    assert "<h1" in responses[-1].text
    assert "tagkin_limited_requests_total 1.0" in limited.get("/metrics").text


def test_known_answers_and_unknown_addresses_count_as_well(limited) -> None:
    tag = limited.get("/search?q=sad").headers["ETag"]
    assert limited.get("/search?q=sad", headers={"If-None-Match": tag}).status_code == 304
    assert limited.get("/nowhere").status_code == 404
    assert limited.get("/nowhere").status_code == 429


@pytest.mark.parametrize("address", ["/healthz", "/readyz", "/metrics", "/static/tagkin.css"])
def test_watching_and_the_files_of_a_page_are_never_refused(limited, address: str) -> None:
    for _ in range(5):
        with limited.get(address) as response:
            assert response.status_code == 200
            assert "RateLimit-Limit" not in response.headers


def test_another_client_is_not_held_up(limited) -> None:
    for _ in range(4):
        limited.get("/suggest", environ_base={"REMOTE_ADDR": "192.0.2.1"})
    assert limited.get("/suggest", environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 429
    assert limited.get("/suggest", environ_base={"REMOTE_ADDR": "192.0.2.2"}).status_code == 200


def test_a_network_of_ipv6_is_one_client() -> None:
    assert client_of("2001:db8:1:2:3:4:5:6") == client_of("2001:db8:1:2::1") != client_of("2001:db8:1:3::1")
    assert client_of("fe80::1%eth0") == client_of("fe80::2")
    assert client_of("192.0.2.1") == client_of("::ffff:192.0.2.1") == "192.0.2.1"
    assert client_of("not:an:address") == "not:an:address"


def test_without_a_rate_nothing_is_counted(client) -> None:
    assert "RateLimit-Limit" not in client.get("/suggest").headers


@pytest.mark.parametrize("settings", [Settings(rate="often"), Settings(rate="3/hour", rate_storage="nowhere://x")])
def test_a_rate_that_cannot_be_used_is_said(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="expected"):
        check_rate(settings)


def test_addresses_are_of_bounded_length(client) -> None:
    page, problem = (client.get(f"{path}?q=" + "x" * MAX_ADDRESS) for path in ("/search", "/api/v1/search"))
    assert (page.status_code, problem.status_code) == (414, 414)
    assert "at most 16,384 characters" in page.text
    assert problem.content_type == "application/problem+json"


def test_bodies_are_of_bounded_length(client) -> None:
    response = client.post("/api/v1/suggest", data=b" " * 40_000_000, content_type="application/json")
    assert response.status_code == 413
