"""What is made of servers that are away, refuse, are of another kind, or answer what nobody can read.

Each cause has words of its own: for whoever runs the server, with what was expected and what to look at; and for the
public, without any address.
"""

from __future__ import annotations

import json
import logging
import socketserver
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest

from search.elastic.address import ElasticAddress, parse_address
from search.elastic.connection import Connection
from search.elastic.engine import ElasticEngine, identify
from search.elastic.failures import Refusal
from search.elastic.mapping import FORMAT_VERSION
from search.engine import BadIndex, NotLetIn, SearchUnavailable
from tests.faults.fake_server import ELASTICSEARCH, FakeServer
from tests.faults.http_messages import Answer, Request, header

SECRET = "geheim"
KEY = b64encode(b"id:geheim").decode()
STATE = "/tagkin-about/_doc/state"
HEADERS = tuple(ELASTICSEARCH.items())


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as server:
        server.answers("GET", "/", greeting("9.2.0"))
        yield server


def greeting(number: object) -> dict[str, Any]:
    return {"name": "node-1", "version": {"number": number}, "tagline": "You Know, for Search"}


def fault(kind: str, reason: str) -> dict[str, Any]:
    return {"error": {"root_cause": [{"type": kind, "reason": reason}], "type": kind, "reason": reason}}


def opening(address: str) -> SearchUnavailable:
    """Return why an index cannot be opened; the words are fit for where they are shown."""
    with pytest.raises(SearchUnavailable) as raised:
        ElasticEngine.open(address)
    hold_to_rules(raised.value, address)
    return raised.value


def hold_to_rules(error: SearchUnavailable, address: str) -> None:
    host, port = address.rpartition("@")[2].removeprefix("http://").removeprefix("https://").split("/")[0].split(":")
    assert f"{host}:{port}" in str(error), "whoever runs the server learns which one it is"
    assert SECRET not in f"{error} {error.public}"
    assert error.public
    assert error.public[0].islower()
    assert not error.public.endswith(".")
    assert not any(private in error.public for private in (host, port, "TAGKIN", "://", "tagkin"))


@pytest.mark.parametrize("number", ["7.17.28", "8.10.4", "8.18.9", "10.0.0"])
def test_a_server_of_another_version_is_not_used(server: FakeServer, number: str) -> None:
    server.answers("GET", "/", greeting(number))
    error = opening(server.url)
    assert isinstance(error, NotLetIn)
    assert f"expected Elasticsearch 8.19 or 9, found {number}" in str(error)
    assert error.public == "the search server is of a version that this program does not know"
    with pytest.raises(NotLetIn, match=r"expected Elasticsearch 8\.19 or 9"):
        identify(server.url)  # not: there is no index yet


@pytest.mark.parametrize("number", ["8.19.0", "8.19.3", "9.2.0", "9.11.0-SNAPSHOT"])
def test_a_server_of_a_known_version_is_asked_for_the_index(server: FakeServer, number: str) -> None:
    server.answers("GET", "/", greeting(number))
    assert isinstance(opening(server.url), BadIndex)


@pytest.mark.parametrize("status", [403, 404, 405])
def test_a_server_or_key_without_the_first_page_is_asked_for_the_index(server: FakeServer, status: int) -> None:
    server.answers("GET", "/", {"error": "no such page", "status": status}, status=status)
    assert "no index at" in str(opening(server.url))


@pytest.mark.parametrize("greets", [{"version": {"number": "2.11.0", "distribution": "opensearch"}}, {"hello": 1}])
def test_another_product_is_not_used(greets: dict[str, Any]) -> None:
    with FakeServer(headers={}) as other:
        other.answers("GET", "/", greets)
        error = opening(other.url)
    assert isinstance(error, NotLetIn)
    assert "expected an Elasticsearch server, found one that does not call itself Elasticsearch" in str(error)
    assert error.public == "what answers in place of the search server is another program"


def test_a_web_server_on_the_port_is_no_server_without_an_index() -> None:
    with FakeServer(headers={}) as other:
        error = opening(other.url)
        assert "found one that answers 404" in str(error)
        assert error.public == "what answers in place of the search server is another program"
        with pytest.raises(NotLetIn):
            identify(other.url)


@pytest.mark.parametrize("number", ["", "nine", 9, None])
def test_a_version_that_cannot_be_read_is_shown(server: FakeServer, number: object) -> None:
    server.answers("GET", "/", greeting(number))
    error = opening(server.url)
    assert f"names its version {str(number)!r}" in str(error)


PASSWORD = f"http://me:{SECRET}@"
REFUSALS = {
    "wrong password": (PASSWORD, 401, "security_exception", "refuses the user 'me'", "password or key"),
    "nobody": ("http://", 401, "security_exception", "wants to know who asks: set TAGKIN_", "password or key"),
    "no right": (PASSWORD, 403, "security_exception", "does not allow this: the reason. Searching", "does not allow"),
    "busy": ("http://", 429, "es_rejected_execution_exception", "too much to do: the reason", "too much to do"),
    "out of memory": ("http://", 429, "circuit_breaking_exception", "too much to do: the reason", "too much to do"),
    "disk full": ("http://", 429, "cluster_block_exception", "the reason. Is its disk full?", "from being written"),
    "read-only": ("http://", 403, "cluster_block_exception", "the reason. Is its disk full?", "from being written"),
    "no shard": ("http://", 503, "no_shard_available_action_exception", "see its _cluster/health", "only half up"),
    "no master": ("http://", 503, "master_not_discovered_exception", "see its _cluster/health", "only half up"),
    "closed": ("http://", 400, "index_closed_exception", "index_closed_exception: the reason", "only half up"),
    "too old": ("http://", 406, "media_type_header_exception", "expected Elasticsearch 8.19 or 9", "of a version"),
    "broken": ("http://", 500, "null_pointer_exception", "answers 500 null_pointer", "does not understand"),
    "not understood": ("http://", 400, "parsing_exception", "answers 400 parsing", "does not understand"),
    "moved": ("http://", 301, "see_elsewhere", "answers 301", "does not understand"),
}


@pytest.mark.parametrize(
    ("scheme", "status", "kind", "says", "public"), REFUSALS.values(), ids=[name.replace(" ", "-") for name in REFUSALS]
)
@pytest.mark.parametrize("path", ["*", STATE])
def test_a_refusal_is_said_as_what_it_is(
    server: FakeServer, path: str, scheme: str, status: int, kind: str, says: str, public: str
) -> None:
    server.answers("*", path, fault(kind, "the reason"), status=status)
    error = opening(server.url.replace("http://", scheme))
    assert says in str(error)
    assert public in error.public


def test_a_key_that_is_refused_is_told_from_a_password(server: FakeServer, monkeypatch) -> None:
    monkeypatch.setenv("TAGKIN_ELASTICSEARCH_API_KEY", KEY)
    server.answers("*", "*", fault("security_exception", "unable to authenticate"), status=401)
    error = opening(server.url)
    assert "refuses the API key: is TAGKIN_ELASTICSEARCH_API_KEY right" in str(error)
    assert KEY not in str(error)
    assert header(server.requests[0].headers, "Authorization") == f"ApiKey {KEY}"


def test_reasons_are_found_inside_where_there_is_no_root(server: FakeServer) -> None:
    inner = {"type": "search_phase_execution_exception", "reason": "Search rejected due to missing shards [[t][1]]"}
    outer = {"root_cause": [], "type": "search_phase_execution_exception", "reason": "", "caused_by": inner}
    server.answers("GET", STATE, {"error": outer, "status": 503}, status=503)
    assert "missing shards [[t][1]]" in str(opening(server.url))


def test_a_password_of_any_characters_arrives(server: FakeServer, monkeypatch) -> None:
    monkeypatch.setenv("TAGKIN_ELASTICSEARCH_PASSWORD", "gehéim ☃")
    opening(server.url)
    sent = b64encode("elastic:gehéim ☃".encode()).decode()
    assert header(server.requests[0].headers, "Authorization") == f"Basic {sent}"


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_proxy_before_a_server_that_is_down_is_not_taken_for_the_server(status: int) -> None:
    page = b"<html><center>nginx</center></html>"
    with FakeServer(headers={}) as between:
        between.answers_by("*", "*", lambda _: Answer(status, (("Content-Type", "text/html"),), page))
        error = opening(between.url)
    assert f"what is between us and it answers {status}" in str(error)
    assert error.public == "the search server cannot be reached"


@pytest.mark.parametrize("kind", ["application/json", "text/html"])
@pytest.mark.parametrize("body", [b"<html>Log in</html>", b"{", b"[1, 2]", b'"yes"', b"null", b"", b"\xff\xfe"])
def test_an_answer_that_nobody_can_read_is_no_crash(server: FakeServer, body: bytes, kind: str) -> None:
    answer = Answer(200, (("Content-Type", kind), *HEADERS), body)
    server.answers_by("GET", STATE, lambda _: answer)
    assert opening(server.url).public == "the search server answers what this program does not understand"
    server.answers_by("GET", "/", lambda _: answer)
    assert opening(server.url).public == "the search server answers what this program does not understand"


@pytest.mark.parametrize("version", [None, 9, [], "9.2.0"])
def test_a_greeting_of_another_shape_is_no_crash(server: FakeServer, version: object) -> None:
    server.answers("GET", "/", {"version": version})
    assert "names its version ''" in str(opening(server.url))


FOREIGN = ("is no index of tagkin", "what is where the index should be is no index")
STATES: dict[str, tuple[object, str, str]] = {
    "none": (None, *FOREIGN),
    "another program's": ({"title": "Night Raga"}, *FOREIGN),
    "nothing kept": ({"kind": "state", "kept": None}, *FOREIGN),
    "a list kept": ({"kind": "state", "kept": [1]}, *FOREIGN),
    "without a format": ({"kind": "state", "kept": {"generation": 1}}, *FOREIGN),
    "a later format": (
        {"kind": "state", "kept": {"format": FORMAT_VERSION + 1}},
        f"has format {FORMAT_VERSION + 1}, which this version does not read",
        "the index was made by another version of this program",
    ),
    "a damaged one": (
        {"kind": "state", "kept": {"format": FORMAT_VERSION}},
        "missing required field",
        "the index was made by another version of this program",
    ),
}


@pytest.mark.parametrize(("source", "says", "public"), STATES.values(), ids=[name.replace(" ", "-") for name in STATES])
def test_a_state_that_is_none_of_ours_is_not_read(server: FakeServer, source: object, says: str, public: str) -> None:
    found = {"_index": "tagkin-about-000001", "_id": "state", "_seq_no": 0, "_primary_term": 1, "found": True}
    server.answers("GET", STATE, found if source is None else found | {"_source": source})
    error = opening(server.url)
    assert isinstance(error, BadIndex)
    assert says in str(error)
    assert error.public == public


def test_an_index_that_is_not_there_is_named_with_the_way_to_one(server: FakeServer) -> None:
    server.answers("GET", STATE, fault("index_not_found_exception", "no such index [tagkin-about]"), status=404)
    error = opening(server.url)
    assert isinstance(error, BadIndex)
    assert "Make one with: tagkin index SOURCE" in str(error)
    assert error.public == "there is no index yet"


def test_a_server_that_is_down_cannot_be_reached(server: FakeServer) -> None:
    server.away()
    error = opening(f"http://me:{SECRET}@{server.url.removeprefix('http://')}/music")
    assert "cannot be reached (Connection refused)" in str(error)
    assert "Is the server up?" in str(error)
    assert error.public == "the search server cannot be reached"


def test_what_the_client_would_log_is_said_once_and_by_us(server: FakeServer, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    server.away()
    opening(server.url)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_host_that_nobody_knows_cannot_be_reached() -> None:
    error = opening("http://no-such-host.invalid:9200")
    assert "Are host and port right?" in str(error)
    assert error.public == "the search server cannot be reached"


def test_a_connection_that_is_cut_says_so(server: FakeServer) -> None:
    server.answers_by("GET", STATE, lambda _: None)
    assert "cannot be reached (Connection reset by peer)" in str(opening(server.url))


def test_an_answer_of_which_half_comes_is_none(server: FakeServer) -> None:
    body = json.dumps({"_source": {"kept": {"format": FORMAT_VERSION}}}).encode()
    answer = Answer(200, (("Content-Type", "application/json"), *HEADERS), body, truncated=True)
    server.answers_by("GET", STATE, lambda _: answer)
    error = opening(server.url)
    assert "cannot be reached (IncompleteRead" in str(error)


def test_tls_to_a_server_that_has_none_asks_for_the_beginning_of_the_address() -> None:
    class NotTls(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65_536)
            self.request.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), NotTls) as plain:
        thread = threading.Thread(target=plain.serve_forever, args=(0.01,))
        thread.start()
        error = opening(f"https://127.0.0.1:{plain.server_address[1]}")
        plain.shutdown()
        thread.join()
    assert "does not speak TLS as expected" in str(error)
    assert "Should the address begin with http://?" in str(error)
    assert error.public == "the search server cannot be reached"


def test_no_tls_to_a_server_that_expects_it_asks_for_the_beginning_of_the_address() -> None:
    class HangsUp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65_536)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), HangsUp) as encrypted:
        thread = threading.Thread(target=encrypted.serve_forever, args=(0.01,))
        thread.start()
        error = opening(f"http://127.0.0.1:{encrypted.server_address[1]}")
        encrypted.shutdown()
        thread.join()
    assert "Should the address begin with https://?" in str(error)


def test_a_server_that_swallows_requests_is_waited_for_as_long_as_said(server: FakeServer) -> None:
    server.black_hole()
    connection = Connection(ElasticAddress((server.url,), timeout=0.2))
    began = time.monotonic()
    with pytest.raises(SearchUnavailable, match=r"did not answer within 0\.2 s") as raised:
        connection.get("/x")
    assert time.monotonic() - began < 1.2
    hold_to_rules(raised.value, server.url)
    assert raised.value.public == "the search server does not answer in time"
    assert len(server.requests) <= 1, "a slow server is not asked twice"
    server.back()
    with pytest.raises(Refusal):
        connection.get("/x")
    connection.close()


def test_of_several_servers_one_that_answers_is_enough(server: FakeServer) -> None:
    with FakeServer() as down:
        down.away()
        server.answers("GET", "/x", {"there": True})
        connection = Connection(parse_address(f"{down.url},{server.url.removeprefix('http://')}", {}))
        assert [connection.get("/x")["there"] for _ in range(10)] == [True] * 10
        connection.close()


def test_a_connection_that_was_closed_says_so(server: FakeServer) -> None:
    connection = Connection(ElasticAddress((server.url,)))
    connection.close()
    with pytest.raises(SearchUnavailable, match="was closed"):
        connection.get("/x")


def test_what_a_request_carries_is_what_was_asked(server: FakeServer) -> None:
    def echo(request: Request) -> Answer:
        kind = header(request.headers, "Content-Type")
        body = {"type": kind, "target": request.target, "body": request.body.decode()}
        return Answer(200, (("Content-Type", "application/json"), *HEADERS), json.dumps(body).encode())

    server.answers_by("POST", "/x", echo)
    connection = Connection(ElasticAddress((server.url,)))
    lines, object_ = connection.post("/x", b"{}\n", a="b"), connection.post("/x", {"c": 1})
    connection.close()
    assert (lines["body"], lines["target"]) == ("{}\n", "/x?a=b")
    assert "ndjson" in lines["type"]
    assert json.loads(object_["body"]) == {"c": 1}


@pytest.fixture
def attached(server: FakeServer) -> Iterator[ElasticEngine]:
    """Return an index whose state names an attachment of one chunk, which a test answers for."""
    kept = {"format": FORMAT_VERSION, "identity": "i", "generation": 1}
    kept |= {"attachments": {"reach": {"key": "k", "chunks": 1, "size": 3}}}
    place = {"_index": "tagkin-about-000001", "_seq_no": 0, "_primary_term": 1}
    server.answers("GET", STATE, place | {"_source": {"kind": "state", "kept": kept}})
    engine = ElasticEngine(Connection(ElasticAddress((server.url,), timeout=0.2)))
    yield engine
    engine.close()


def test_an_attachment_is_put_together_and_read_again_where_it_was_replaced(
    server: FakeServer, attached: ElasticEngine
) -> None:
    server.answers("GET", "/tagkin-about/_doc/attachment-*", {"_source": {"data": b64encode(b"abc").decode()}})
    server.answers("GET", "/tagkin-about/_doc/attachment-*", {"found": False}, status=404, times=1)
    assert attached.attachment("reach") == b"abc"
    assert attached.attachment("other") is None


def test_an_attachment_of_which_a_part_is_lost_is_none_and_the_log_says_so(
    server: FakeServer, attached: ElasticEngine, caplog: pytest.LogCaptureFixture
) -> None:
    server.answers("GET", "/tagkin-about/_doc/attachment-*", {"found": False}, status=404)
    assert attached.attachment("reach") is None
    assert "lacks a part of its attachment 'reach'" in caplog.text


def test_an_attachment_that_does_not_come_is_waited_for_like_a_search(
    server: FakeServer, attached: ElasticEngine
) -> None:
    server.answers_by("GET", "/tagkin-about/_doc/attachment-*", lambda _: server.wait(1.5))
    began = time.monotonic()
    with pytest.raises(SearchUnavailable, match=r"did not answer within 0\.2 s"):
        attached.attachment("reach")
    assert time.monotonic() - began < 1.2
