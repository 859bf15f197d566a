"""What the proxy does to whole requests: each fault is what it says, as often as it says, and else nothing changes."""

from __future__ import annotations

import gzip
import http.client
import socket
import threading
import time
from collections import Counter
from http.client import HTTPConnection, IncompleteRead
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.faults.choosing import BULK, Dice, Fault, Faults, to
from tests.faults.http_messages import Request
from tests.faults.proxy import FaultProxy
from tests.faults.small_upstream import MANY_WORDS, SmallUpstream

NOT_FORWARDED = (Fault.BUSY, Fault.UNAVAILABLE, Fault.RESET_BEFORE)

SHARES = {
    Fault.BUSY: "share_429",
    Fault.UNAVAILABLE: "share_503",
    Fault.RESET_BEFORE: "share_reset_before",
    Fault.RESET_AFTER: "share_reset_after",
    Fault.STALL: "share_stall",
    Fault.TRUNCATED: "share_truncated",
}


def connection_to(url: str) -> HTTPConnection:
    return HTTPConnection(urlsplit(url).netloc, timeout=10)


def outcome(connection: HTTPConnection, path: str = "/x") -> str:
    """Say what became of one request, in the words of the faults; a late answer is an answer."""
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return str(response.status) if response.read() else "empty"
    except IncompleteRead:
        connection.close()
        return "truncated"
    except ConnectionResetError:
        connection.close()
        return "reset"


# Faults are what they say, as often as they say


@pytest.mark.parametrize("fault", SHARES)
def test_a_fault_occurs_at_about_its_share_and_is_what_it_says(
    upstream: SmallUpstream, proxy: FaultProxy, fault: Fault
) -> None:
    share: dict[str, Any] = {SHARES[fault]: 0.2}
    proxy.faults = Faults(**share, stall_seconds=0.001)
    connection = connection_to(proxy.url)
    outcomes = Counter(outcome(connection) for _ in range(400))
    connection.close()

    done = proxy.counts[fault]
    assert 48 <= done <= 112  # four standard deviations around 80
    word = {Fault.STALL: "200", Fault.RESET_BEFORE: "reset", Fault.RESET_AFTER: "reset"}.get(fault, fault.value)
    assert outcomes == (Counter({"200": 400}) if fault is Fault.STALL else Counter({"200": 400 - done, word: done}))
    assert len(upstream.seen) == 400 - done * (fault in NOT_FORWARDED)
    assert proxy.counts["forwarded"] == len(upstream.seen)


def test_all_faults_together_keep_their_shares(proxy: FaultProxy) -> None:
    shares: dict[str, Any] = dict.fromkeys(SHARES.values(), 0.1)
    proxy.faults = Faults(**shares, stall_seconds=0.0)
    connection = connection_to(proxy.url)
    for _ in range(500):
        outcome(connection)
    connection.close()
    counts = proxy.counts
    assert all(23 <= counts[fault] <= 77 for fault in SHARES)  # four standard deviations around 50
    assert counts[Fault.NONE] + sum(counts[fault] for fault in SHARES) == counts["requests"] == 500


def test_the_seed_decides_what_befalls_a_sequence_of_requests(upstream: SmallUpstream) -> None:
    faults = Faults(share_429=0.3, share_503=0.2, share_reset_after=0.2)
    runs = []
    for seed in (7, 7, 8):
        with FaultProxy(upstream.url, seed=seed) as proxy:
            proxy.faults = faults
            connection = connection_to(proxy.url)
            runs.append([outcome(connection) for _ in range(60)])
            connection.close()
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_faults_that_were_told_come_first_and_in_order(proxy: FaultProxy) -> None:
    proxy.next_faults(Fault.BUSY, Fault.NONE, Fault.RESET_AFTER, Fault.UNAVAILABLE)
    connection = connection_to(proxy.url)
    assert [outcome(connection) for _ in range(6)] == ["429", "200", "reset", "503", "200", "200"]
    connection.close()


def test_only_requests_that_are_meant_meet_faults(proxy: FaultProxy) -> None:
    proxy.faults = Faults(share_503=1.0, where=to("/other/*", "/x/_bulk"))
    connection = connection_to(proxy.url)
    assert [outcome(connection, path) for path in ("/x", "/other/1", "/x/_bulk?refresh=true", "/x/_bulk/1")] == [
        "200",
        "503",
        "503",
        "200",
    ]
    proxy.faults = Faults()
    assert outcome(connection, "/other/1") == "200"
    connection.close()


def test_bulk_requests_are_known_by_their_path() -> None:
    paths = {"/_bulk": True, "/x/_bulk?refresh=false": True, "/x/_search": False, "/x/_doc/_bulk": True, "/bulk": False}
    assert {path: BULK(Request("POST", path, ())) for path in paths} == paths


def test_told_faults_wait_for_requests_that_are_meant(proxy: FaultProxy) -> None:
    proxy.faults = Faults(where=lambda request: request.method == "PUT")
    proxy.next_faults(Fault.UNAVAILABLE)
    statuses = [requests.request(method, proxy.url + "/x", timeout=10).status_code for method in ("GET", "PUT", "PUT")]
    assert statuses == [200, 503, 200]


def test_the_server_did_the_work_before_a_late_reset(upstream: SmallUpstream, proxy: FaultProxy) -> None:
    proxy.next_faults(Fault.RESET_BEFORE, Fault.RESET_AFTER)
    for n_seen in (0, 1):
        with pytest.raises(requests.ConnectionError, match="reset"):
            requests.put(proxy.url + "/x", data=b"once", timeout=10)
        assert upstream.seen == [("PUT", "/x", b"once")] * n_seen


def test_a_client_that_is_less_patient_than_a_stall_gives_up_on_work_that_was_done(
    upstream: SmallUpstream, proxy: FaultProxy
) -> None:
    proxy.faults = Faults(share_stall=1.0, stall_seconds=30.0)
    with pytest.raises(requests.ReadTimeout):
        requests.put(proxy.url + "/x", data=b"once", timeout=0.2)
    upstream.wait_until_seen(1)
    assert upstream.seen == [("PUT", "/x", b"once")]


def test_a_stall_lasts_as_long_as_it_says(proxy: FaultProxy) -> None:
    proxy.faults = Faults(share_stall=1.0, stall_seconds=0.25)
    start = time.monotonic()
    assert requests.get(proxy.url + "/x", timeout=10).content == MANY_WORDS
    assert time.monotonic() - start >= 0.25


@pytest.mark.parametrize("path", ["/x", "/chunks"])
def test_a_truncated_answer_promises_all_and_brings_half(proxy: FaultProxy, path: str) -> None:
    proxy.next_faults(Fault.TRUNCATED)
    connection = connection_to(proxy.url)
    connection.request("GET", path)
    response = connection.getresponse()
    assert response.getheader("Content-Length") == str(len(MANY_WORDS))
    with pytest.raises(IncompleteRead) as raised:
        response.read()
    assert raised.value.partial == MANY_WORDS[: len(MANY_WORDS) // 2]
    connection.close()


def test_an_empty_answer_is_truncated_too(proxy: FaultProxy) -> None:
    proxy.next_faults(Fault.TRUNCATED)
    connection = connection_to(proxy.url)
    assert outcome(connection, "/empty") == "truncated"
    connection.close()


def test_a_refusal_reads_like_one_of_elasticsearch(proxy: FaultProxy) -> None:
    proxy.next_faults(Fault.BUSY, Fault.UNAVAILABLE)
    for status, kind in ((429, "es_rejected_execution_exception"), (503, "cluster_block_exception")):
        answer = requests.get(proxy.url + "/x", timeout=10)
        assert (answer.status_code, answer.json()["status"], answer.json()["error"]["type"]) == (status, status, kind)
        assert answer.headers["X-Elastic-Product"] == "Elasticsearch"


@pytest.mark.parametrize("shares", [{"share_429": 1.1}, {"share_busy": -0.1}, {"share_429": 0.6, "share_503": 0.6}])
def test_impossible_shares_are_refused(shares: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"expected shares in \[0, 1\]"):
        Faults(**shares)


def test_shares_that_make_up_all_leave_no_request_alone() -> None:
    dice, faults = Dice(3), Faults(share_429=0.5, share_stall=0.5)
    assert {dice.draw(faults) for _ in range(200)} == {Fault.BUSY, Fault.STALL}


@pytest.mark.parametrize("url", ["https://127.0.0.1:9200", "127.0.0.1:9200"])
def test_an_upstream_that_is_not_plain_http_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="expected http://host:port"):
        FaultProxy(url)


# Without faults nothing changes


@pytest.mark.parametrize("path", ["/x?a=1&b=%20", "/chunks", "/empty", "/gzip"])
def test_without_faults_answers_are_those_of_the_server(upstream: SmallUpstream, proxy: FaultProxy, path: str) -> None:
    through, straight = (requests.get(url + path, stream=True, timeout=10) for url in (proxy.url, upstream.url))
    assert through.raw.read(decode_content=False) == straight.raw.read(decode_content=False)
    for name in ("Content-Length", "Transfer-Encoding", "Content-Encoding", "X-Elastic-Product"):
        assert through.headers.get(name) == straight.headers.get(name)
    assert upstream.seen[0] == upstream.seen[1] == ("GET", path, b"")


def test_headers_of_requests_are_passed_on(upstream: SmallUpstream, proxy: FaultProxy) -> None:
    for url in (proxy.url, upstream.url):
        connection = connection_to(url)
        connection.putrequest("PUT", "/x", skip_accept_encoding=True)
        for key, value in (("Authorization", "ApiKey k"), ("Content-Type", "a/b; c=1"), ("Content-Length", "2")):
            connection.putheader(key, value)
        connection.endheaders(b"{}")
        assert connection.getresponse().status == 200
        connection.close()
    through, straight = (set(headers) - {("Host", urlsplit(upstream.url).netloc)} for headers in upstream.headers)
    assert through - {("Host", urlsplit(proxy.url).netloc)} == straight


def test_only_a_bulk_request_that_loses_items_is_unzipped(upstream: SmallUpstream, proxy: FaultProxy) -> None:
    body = gzip.compress(b'{"index":{"_id":"1"}}\n{}\n')
    answer = requests.post(proxy.url + "/x/_bulk", data=body, headers={"Content-Encoding": "gzip"}, timeout=10)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.json()["items"][0]["index"]["status"] == 201
    assert upstream.seen == [("POST", "/x/_bulk", body)]


@pytest.mark.parametrize("in_chunks", [False, True])
def test_bodies_arrive_whole_however_framed(upstream: SmallUpstream, proxy: FaultProxy, in_chunks: bool) -> None:
    parts = [bytes([65 + i]) * 50_000 for i in range(10)]
    answer = requests.put(proxy.url + "/x", data=iter(parts) if in_chunks else b"".join(parts), timeout=10)
    assert answer.status_code == 200
    assert upstream.seen == [("PUT", "/x", b"".join(parts))]


def test_the_answer_to_a_head_has_a_length_and_no_body(proxy: FaultProxy) -> None:
    connection = connection_to(proxy.url)
    for _ in range(2):  # a body that should not be there would be read as the next answer
        connection.request("HEAD", "/x")
        response = connection.getresponse()
        assert (response.status, response.getheader("Content-Length")) == (200, str(len(MANY_WORDS)))
        assert response.read() == b""
    connection.close()


def test_connections_are_kept_alive_on_both_sides(upstream: SmallUpstream, proxy: FaultProxy) -> None:
    connection = connection_to(proxy.url)
    connection.connect()
    ours = connection.sock
    for _ in range(10):
        assert outcome(connection) == "200"
        assert connection.sock is ours
    assert len(upstream.clients) == 1
    connection.request("GET", "/x", headers={"Connection": "close"})
    assert connection.getresponse().getheader("Connection") == "close"
    connection.close()


def test_what_is_not_http_is_answered_as_a_bad_request(upstream: SmallUpstream, proxy: FaultProxy) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(proxy.url).port or 0), timeout=10) as client:
        client.sendall(b"hello\r\n\r\n")
        response = http.client.HTTPResponse(client)
        response.begin()
        assert (response.status, response.getheader("Connection")) == (400, "close")
        response.close()
    assert upstream.seen == []


def test_a_connection_that_the_server_closed_while_idle_is_no_fault(upstream: SmallUpstream, proxy: FaultProxy) -> None:
    connection = connection_to(proxy.url)
    for n_closed in (1, 2, 3):
        assert outcome(connection, "/bye") == "200"
        upstream.wait_until_closed(n_closed)
    connection.close()
    assert len(upstream.clients) == 3


def test_a_server_that_went_and_came_back_is_found_again(proxy: FaultProxy, upstream: SmallUpstream) -> None:
    port = upstream.server_port
    connection = connection_to(proxy.url)
    upstream.shutdown()
    upstream.server_close()
    assert outcome(connection) == "reset"
    assert proxy.counts["upstream lost"] == 1
    with SmallUpstream(port):
        assert outcome(connection) == "200"
    connection.close()


def test_twenty_clients_at_once_each_get_their_own_answers(upstream: SmallUpstream, proxy: FaultProxy) -> None:
    proxy.faults = Faults(share_429=0.1, share_reset_before=0.1, share_reset_after=0.1, share_truncated=0.1)
    outcomes: list[list[str]] = []

    def ask() -> None:
        connection = connection_to(proxy.url)
        outcomes.append([outcome(connection) for _ in range(25)])
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts, found = proxy.counts, Counter(word for each in outcomes for word in each)
    assert counts["requests"] == found.total() == 500
    assert found["429"] == counts[Fault.BUSY]
    assert found["truncated"] == counts[Fault.TRUNCATED]
    assert found["reset"] == counts[Fault.RESET_BEFORE] + counts[Fault.RESET_AFTER]
    assert len(upstream.seen) == 500 - counts[Fault.BUSY] - counts[Fault.RESET_BEFORE]
