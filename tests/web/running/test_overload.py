from __future__ import annotations

import io
from threading import Event, Thread

import pytest
from werkzeug.test import Client, EnvironBuilder

from web.app import create_app
from web.running import uploads
from web.running.overload import BODIES, MAX_BODY, UPLOADS, Gate
from web.settings import Settings


class SlowApp:
    """Answers when it is told to."""

    def __init__(self, app) -> None:
        self.inner, self.app = app.wsgi_app, app
        self.inside, self.go = Event(), Event()
        app.wsgi_app = self

    def __call__(self, environ, start_response):
        self.inside.set()
        assert self.go.wait(20)
        return self.inner(environ, start_response)


@pytest.fixture
def slow(searcher) -> SlowApp:
    return SlowApp(create_app(searcher))


def start(client: Client, address: str, statuses: list[int]) -> Thread:
    thread = Thread(target=lambda: statuses.append(client.get(address).status_code))
    thread.start()
    return thread


def test_what_is_too_much_is_turned_away_at_once_and_the_rest_is_answered(slow: SlowApp) -> None:
    client, statuses = Client(Gate(slow.app, at_once=1, waiting=1, patience=20)), []
    first = start(client, "/suggest", statuses)
    assert slow.inside.wait(20)
    second = start(client, "/suggest", statuses)
    while client.get("/suggest").status_code != 503:  # until the second waits, one of these waits in its place
        pass
    page, problem = client.get("/suggest"), client.get("/api/v1/stats")
    slow.go.set()
    first.join()
    second.join()
    assert statuses == [200, 200]
    assert page.content_type.startswith("text/html")
    assert "<h1" in page.text
    assert problem.content_type == "application/problem+json"
    assert problem.json is not None
    assert problem.json["type"].endswith("#unavailable")
    for refused in (page, problem):
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
        assert "Content-Security-Policy" in refused.headers
        assert len(refused.data) == int(refused.headers["Content-Length"])
    assert client.get("/suggest").status_code == 200
    assert "tagkin_shed_requests_total 3.0" in client.get("/metrics").text


def test_nobody_waits_for_ever(slow: SlowApp) -> None:
    client, statuses = Client(Gate(slow.app, at_once=1, waiting=1, patience=0.05)), []
    first = start(client, "/suggest", statuses)
    assert slow.inside.wait(20)
    assert client.get("/suggest").status_code == 503
    slow.go.set()
    first.join()
    assert statuses == [200]


def test_those_who_watch_always_get_in(searcher) -> None:
    client = Client(Gate(create_app(searcher), at_once=0, waiting=0))
    assert client.get("/search?q=sad").status_code == 503
    assert [client.get(path).status_code for path in ("/healthz", "/readyz", "/metrics")] == [200, 200, 200]


def test_scripts_of_allowed_origins_read_when_to_come_back(searcher) -> None:
    ours = "https://music.example"
    client = Client(Gate(create_app(searcher, Settings(origins=(ours,))), at_once=0, waiting=0))
    told = client.get("/api/v1/stats", headers={"Origin": ours})
    assert (told.status_code, told.headers["Access-Control-Allow-Origin"]) == (503, ours)
    assert "Retry-After" in told.headers["Access-Control-Expose-Headers"]
    others = client.get("/api/v1/stats", headers={"Origin": "https://other.example"})
    assert "Access-Control-Allow-Origin" not in others.headers
    assert [told.headers["Vary"], others.headers["Vary"]] == ["Origin", "Origin"]
    assert "Access-Control-Allow-Origin" not in client.get("/search?q=sad", headers={"Origin": ours}).headers


def test_what_is_turned_away_has_an_id_like_all_else(searcher) -> None:
    given = {"X-Request-ID": "of-the-proxy"}
    alone = Client(Gate(create_app(searcher), at_once=0, waiting=0))
    behind = Client(Gate(create_app(searcher, Settings(proxies=1)), at_once=0, waiting=0))
    ids = [alone.get("/", headers=given).headers["X-Request-ID"] for _ in range(2)]
    assert len({*ids, "of-the-proxy"}) == 3
    assert behind.get("/", headers=given).headers["X-Request-ID"] == "of-the-proxy"


class SlowBody(io.RawIOBase):
    """A body whose end comes when it is told to."""

    def __init__(self, body: bytes) -> None:
        self.body, self.reading, self.go = body, Event(), Event()

    def read(self, size: int = -1) -> bytes:
        self.reading.set()
        assert self.go.wait(20)
        body, self.body = self.body, b""
        return body


def test_who_sends_slowly_holds_up_nobody(searcher) -> None:
    gate, statuses = Gate(create_app(searcher), at_once=1), []
    body = b'{"tracks": [{"tags": ["sitar"]}]}'
    slow = SlowBody(body)
    builder = EnvironBuilder("/api/v1/suggest", method="POST", content_type="application/json")
    environ = builder.get_environ() | {"wsgi.input": slow, "CONTENT_LENGTH": str(len(body))}
    thread = Thread(target=lambda: b"".join(gate(environ, lambda status, headers: statuses.append(status))))
    thread.start()
    assert slow.reading.wait(20)
    assert Client(gate).get("/suggest").status_code == 200
    slow.go.set()
    thread.join()
    assert statuses == ["200 OK"]


def test_recordings_that_are_sent_slowly_hold_up_no_other_body(searcher) -> None:
    gate = Gate(create_app(searcher), at_once=1)
    slow, threads = [SlowBody(b"x") for _ in range(BODIES)], []
    for body in slow:
        environ = EnvironBuilder("/similar", method="POST").get_environ()
        environ |= {"wsgi.input": body, "CONTENT_LENGTH": "1"}
        threads.append(Thread(target=lambda environ=environ: b"".join(gate(environ, lambda *_: None))))
        threads[-1].start()
    assert all(body.reading.wait(20) for body in slow[:UPLOADS])
    client = Client(gate)
    assert client.post("/similar", data=b"x").status_code == 503
    assert client.post("/api/v1/suggest", json={"tracks": [{"tags": ["sitar"]}]}).status_code == 200
    for body in slow:
        body.go.set()
    for thread in threads:
        thread.join()


def test_a_body_that_is_too_long_is_not_read(searcher) -> None:
    client = Client(Gate(create_app(searcher), at_once=1))
    response = client.post("/api/v1/suggest", data=b" " * (MAX_BODY + 1), content_type="application/json")
    assert response.status_code == 413


def test_no_search_waits_for_a_recording_to_be_heard(slow: SlowApp) -> None:
    client, statuses = Client(Gate(slow.app, at_once=1, patience=0.05)), []
    sent = {"data": {"file": (io.BytesIO(b"x" * 1000), "x.mp3")}, "content_type": "multipart/form-data"}
    hearing = Thread(target=lambda: statuses.append(client.post("/similar", **sent).status_code))
    hearing.start()
    assert slow.inside.wait(20)
    search = Thread(target=lambda: statuses.append(client.get("/suggest").status_code))
    search.start()
    slow.go.set()
    hearing.join()
    search.join()
    assert 200 in statuses
    assert 503 not in statuses


def test_a_recording_is_read_whole_and_no_further_than_it_may_be_long(searcher) -> None:
    app, seen = create_app(searcher), []

    def inner(environ, start_response):
        seen.append(len(environ["wsgi.input"].read()))
        start_response("200 OK", [])
        return []

    app.wsgi_app = inner  # type: ignore[method-assign]
    client = Client(Gate(app, at_once=1))
    client.post("/similar", data=b"x" * (MAX_BODY + 5))
    assert seen == [MAX_BODY + 5]
    environ = EnvironBuilder("/similar", method="POST").get_environ()
    environ |= {"wsgi.input": io.BytesIO(b"x" * (uploads.MAX_BODY + 5_000)), "HTTP_TRANSFER_ENCODING": "chunked"}
    environ.pop("CONTENT_LENGTH", None)
    client.run_wsgi_app(environ)
    assert seen[1:] == [uploads.MAX_BODY + 1]
