"""The scriptable server says what it was told, counts how often, and remembers what it was asked."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest
import requests

from tests.faults.fake_server import FakeServer
from tests.faults.http_messages import Answer, json_answer


def get(server: FakeServer, path: str) -> requests.Response:
    return requests.get(server.url + path, timeout=10)


def test_rules_answer_and_unknown_requests_are_404() -> None:
    with FakeServer() as server:
        server.answers("GET", "/_cluster/health", {"status": "green"})
        server.answers("*", "/*/_bulk", {"errors": False}, status=429)
        assert get(server, "/_cluster/health?wait=1").json() == {"status": "green"}
        assert requests.post(server.url + "/x/_bulk", data=b"{}", timeout=10).status_code == 429
        unknown = requests.post(server.url + "/_cluster/health", timeout=10)
        assert (unknown.status_code, unknown.json()["error"]) == (404, "no rule for POST /_cluster/health")


def test_the_newest_rule_holds_for_as_often_as_it_says() -> None:
    with FakeServer() as server:
        server.answers("GET", "/x", {"n": 1})
        server.answers("GET", "/x", {"n": 2}, times=2)
        assert [get(server, "/x").json()["n"] for _ in range(4)] == [2, 2, 1, 1]


@pytest.mark.parametrize("headers", [{"X-Elastic-Product": "Elasticsearch"}, {}, {"Server": "another"}])
def test_each_answer_says_which_product_it_is(headers: dict[str, str]) -> None:
    with FakeServer(headers) as server:
        server.answers("GET", "/x", [1])
        for path in ("/x", "/unknown"):
            given = dict(get(server, path).headers)
            assert {key: given[key] for key in set(given) - {"Content-Type", "Content-Length"}} == headers
    with FakeServer() as server:
        assert get(server, "/x").headers["X-Elastic-Product"] == "Elasticsearch"


def test_a_function_may_answer_from_the_request_or_reset() -> None:
    with FakeServer() as server:
        server.answers_by("PUT", "/echo", lambda request: json_answer(201, request.json, ()))
        server.answers_by("GET", "/gone", lambda _: None)
        server.answers_by("GET", "/page", lambda _: Answer(502, (("Content-Type", "text/html"),), b"<h1>Bad gateway"))
        echo = requests.put(server.url + "/echo", json={"a": [1]}, timeout=10)
        assert (echo.status_code, echo.json()) == (201, {"a": [1]})
        assert get(server, "/page").text == "<h1>Bad gateway"
        with pytest.raises(requests.ConnectionError, match="reset"):
            get(server, "/gone")


def test_requests_are_remembered_whole_and_in_order() -> None:
    with FakeServer() as server:
        get(server, "/a?b=1")
        requests.put(server.url + "/c", json={"d": 2}, headers={"Authorization": "ApiKey k"}, timeout=10)
        first, second = server.requests
    assert (first.method, first.target, first.path, first.body) == ("GET", "/a?b=1", "/a", b"")
    assert (second.method, second.path, second.json) == ("PUT", "/c", {"d": 2})
    assert ("Authorization", "ApiKey k") in second.headers


def test_a_head_is_answered_without_the_body() -> None:
    with FakeServer() as server:
        server.answers("HEAD", "/x", {"a": 1})
        with socket.create_connection(("127.0.0.1", urlsplit(server.url).port or 0), timeout=10) as client:
            client.sendall(b"HEAD /x HTTP/1.1\r\nConnection: close\r\n\r\n")
            head, body = client.makefile("rb").read().split(b"\r\n\r\n")
    assert b"Content-Length: 8" in head.split(b"\r\n")
    assert body == b""


def test_it_can_be_away_like_any_server() -> None:
    with FakeServer() as server:
        server.answers("GET", "/x", {})
        server.away()
        with pytest.raises(requests.ConnectionError):
            get(server, "/x")
        server.back()
        assert get(server, "/x").status_code == 200
