"""A whole server that is away, or swallows everything, or is back."""

from __future__ import annotations

import socket
import threading
import time
from urllib.parse import urlsplit

import pytest
import requests

from tests.faults.choosing import Faults
from tests.faults.proxy import FaultProxy
from tests.faults.small_upstream import SmallUpstream, wait_until


def status(url: str, timeout: float = 10.0) -> int:
    return requests.get(url + "/x", timeout=timeout).status_code


def in_background(url: str) -> tuple[threading.Thread, list[str]]:
    """Start a request that waits; the list gets what became of it."""
    became: list[str] = []

    def ask() -> None:
        try:
            became.append(str(requests.get(url, timeout=30).status_code))
        except requests.ConnectionError as error:
            became.append("reset" if "reset" in str(error) else "ended")

    thread = threading.Thread(target=ask)
    thread.start()
    return thread, became


def test_away_refuses_connections_and_back_answers_at_the_same_address(
    upstream: SmallUpstream, proxy: FaultProxy
) -> None:
    for _ in range(5):
        url = proxy.url
        assert status(url) == 200
        proxy.away()
        proxy.away()  # once more changes nothing
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=10)
        proxy.back()
        assert proxy.url == url
    assert len(upstream.seen) == 5


def test_away_cuts_connections_that_were_kept_alive(upstream: SmallUpstream, proxy: FaultProxy) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(proxy.url).port or 0), timeout=10) as client:
        client.sendall(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(65_536).startswith(b"HTTP/1.1 200")
        proxy.away()
        assert client.recv(65_536) == b""


def test_away_cuts_requests_that_the_server_is_working_on(upstream: SmallUpstream, proxy: FaultProxy) -> None:
    thread, became = in_background(proxy.url + "/slow")
    upstream.wait_until_seen(1)
    proxy.away()
    thread.join()
    upstream.released.set()
    assert became in (["ended"], ["reset"])


def test_a_black_hole_accepts_and_neither_answers_nor_forwards(upstream: SmallUpstream, proxy: FaultProxy) -> None:
    proxy.black_hole()
    with pytest.raises(requests.ReadTimeout):
        status(proxy.url, timeout=0.2)
    proxy.back()
    assert status(proxy.url) == 200
    assert len(upstream.seen) == 1


def test_a_black_hole_swallows_the_answer_to_a_request_under_way(upstream: SmallUpstream, proxy: FaultProxy) -> None:
    thread, became = in_background(proxy.url + "/slow")
    upstream.wait_until_seen(1)
    proxy.black_hole()
    upstream.released.set()
    wait_until(lambda: proxy.counts["forwarded"] == 1)
    thread.join(0.1)
    assert thread.is_alive()
    proxy.back()
    thread.join()
    assert became == ["reset"]


def test_a_black_hole_may_follow_on_away(proxy: FaultProxy) -> None:
    proxy.away()
    proxy.black_hole()
    with pytest.raises(requests.ReadTimeout):
        status(proxy.url, timeout=0.2)
    proxy.away()
    with pytest.raises(requests.ConnectionError):
        status(proxy.url)


def test_nothing_is_left_of_a_proxy_that_ended(upstream: SmallUpstream) -> None:
    before = set(threading.enumerate())
    start = time.monotonic()
    waiting = []
    with FaultProxy(upstream.url) as stalling, FaultProxy(upstream.url) as swallowing, FaultProxy(upstream.url) as idle:
        stalling.faults = Faults(share_stall=1.0, stall_seconds=60.0)
        swallowing.black_hole()
        waiting += [in_background(proxy.url + "/x")[0] for proxy in (stalling, swallowing)]
        waiting += [in_background(idle.url + "/slow")[0]]
        upstream.wait_until_seen(2)
    for thread in waiting:
        thread.join()
    assert time.monotonic() - start < 10
    ours = [thread for thread in set(threading.enumerate()) - before if "process_request" not in thread.name]
    assert ours == []
    with pytest.raises(requests.ConnectionError):
        status(stalling.url)
