"""The server as its users have it: real processes, real signals, a real index that goes and comes."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from search.embedded import EmbeddedEngine
from search.writing import put_track
from tagmodel.model import load_model
from tagmodel.track import Track

pytestmark = pytest.mark.slow

# A parent in the background has Ctrl-C ignored, which its children inherit.
SERVE = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from web.cli import serve; serve()"
)
TOKEN = "0123456789abcdef0123"


@dataclass
class Server:
    """A running `tagkin serve`."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def ask(self, address: str, method: str = "GET", body: object = None, **headers: str) -> tuple[int, str]:
        """Ask over a connection of its own, which any worker may get."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            text = None if body is None else json.dumps(body)
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, address, text, {"Content-Type": "application/json", **named})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def status(self, address: str) -> int:
        """Status of an address; 0 where nobody answers."""
        try:
            return self.ask(address)[0]
        except (ConnectionError, http.client.HTTPException, TimeoutError):
            return 0

    def listens(self) -> bool:
        """Whether it takes connections; one that came at the last moment may be taken and never answered."""
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except (ConnectionError, TimeoutError):
            return False
        return True

    def patient_status(self, address: str) -> int:
        """Status of an address, asked again while nobody answers, as browsers and proxies do.

        An old worker is stopped some seconds after the new one was started, whether that is there by then or not; on a
        busy machine it may not be, and whoever waited at the door of the old one is hung up on.
        """
        until = time.monotonic() + 30
        while not (status := self.status(address)) and time.monotonic() < until:
            time.sleep(0.05)
        return status

    def workers(self) -> list[int]:
        return [int(pid) for pid in re.findall(r"worker-\d+ with PID: (\d+)", self.log.read_text())]

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.process.wait(30)


def eventually(what: Callable[[], object], wanted: object, seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while what() != wanted:
        assert time.monotonic() < until, what()
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """An index of the shipped model, which can be written to."""
    engine = EmbeddedEngine.open(tmp_path / "index", create=True)
    for n in range(3):
        put_track(engine, load_model(None), Track(f"x:{n}", f"Track {n}", tags=("sitar", "tabla")))
    engine.close()
    return tmp_path / "index"


@pytest.fixture
def start(tmp_path: Path, place: Path) -> Iterator[Callable[..., Server]]:
    running: list[Server] = []

    def start_server(*options: str, workers: int = 2) -> Server:
        port, log = free_port(), tmp_path / "serve.log"
        (tmp_path / "tmp").mkdir(exist_ok=True)
        named = ["--engine", str(place), "--port", str(port), "--workers", str(workers)]
        with log.open("wb") as said:
            process = subprocess.Popen(
                [sys.executable, "-c", SERVE, *named, *options],
                stderr=said,
                env={**os.environ, "TMPDIR": str(tmp_path / "tmp"), "TAGKIN_TOKENS": TOKEN},
            )
        server = Server(port, process, log)
        running.append(server)
        eventually(lambda: server.status("/readyz"), 200)
        eventually(lambda: log.read_text().count("Started worker"), workers)
        return server

    yield start_server
    for server in running:
        server.process.kill()
        server.process.wait()


def unread(port: int, client: int) -> int:
    """Return the bytes of a client that the server has not read yet; 1 before there is a connection."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ends = f":{port:04X}", f":{client:04X}"
    found = [line[4] for line in lines if line[1].endswith(ends[0]) and line[2].endswith(ends[1])]
    return int(found[0].split(":")[1], 16) if found else 1


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_what_is_being_answered_is_finished_before_the_server_stops(start, how: signal.Signals) -> None:
    server = start()
    body = b'{"tracks": [{"tags": ["sitar"]}]}'
    head = f"POST /api/v1/suggest HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as slow:
        slow.sendall(head.encode() + b"\r\nConnection: close\r\n\r\n" + body[:5])
        eventually(lambda: unread(server.port, slow.getsockname()[1]), 0)
        time.sleep(0.5)  # the worker has the head, and waits for the rest
        server.process.send_signal(how)
        eventually(server.listens, False)
        assert server.process.poll() is None
        slow.sendall(body[5:])
        answer = b"".join(iter(lambda: slow.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 200 OK"), answer
    assert b'"suggestions"' in answer
    assert server.process.wait(30) == 0, server.log.read_text()


def test_a_server_that_was_stopped_leaves_nothing_behind(start, tmp_path: Path) -> None:
    server = start()
    assert list((tmp_path / "tmp").glob("tagkin-metrics-*"))
    assert server.stop() == 0
    assert list((tmp_path / "tmp").iterdir()) == []
    assert "Traceback" not in server.log.read_text()


def test_one_scrape_tells_about_all_workers(start) -> None:
    server = start()
    counted = re.compile(r'tagkin_requests_total\{method="GET",route="/search",status="200"\} (\d+)')
    for _ in range(40):
        assert server.status("/search?q=sitar") == 200
    told = {counted.findall(server.ask("/metrics")[1])[0] for _ in range(20)}
    assert told == {"40"}
    os.kill(server.workers()[0], signal.SIGKILL)  # what it counted stays counted
    eventually(lambda: len(server.workers()), 3)
    eventually(lambda: server.log.read_text().count("Started worker"), 3)
    assert counted.findall(server.ask("/metrics")[1]) == ["40"]
    assert "tagkin_index_tracks 3.0" in server.ask("/metrics")[1]


def test_lines_of_all_workers_are_whole(start, tmp_path: Path) -> None:
    server = start("--access-log", str(tmp_path / "access.log"))
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(server.status, [f"/search?q=sitar+{'x' * 150}&page={n % 3}" for n in range(200)]))
    assert len(statuses) == 200
    lines = [json.loads(line) for line in (tmp_path / "access.log").read_text().splitlines()]
    searches = [line for line in lines if line["route"] == "/search"]
    assert sorted(line["status"] for line in searches) == sorted(statuses)
    assert len({line["id"] for line in lines}) == len(lines)


def test_a_rebuilt_index_is_searched_without_a_restart(start, place: Path) -> None:
    server = start()
    before = json.loads(server.ask("/readyz")[1])["index"]
    tag = http_tag(server)
    engine = EmbeddedEngine.open(place)
    put_track(engine, load_model(None), Track("new:1", "Newcomer", tags=("sitar",)))
    with engine.writer() as writer:
        state = writer.compact()
    engine.close()
    assert state.generation == before["generation"] + 1
    for _ in range(20):
        assert json.loads(server.ask("/readyz")[1])["index"]["generation"] == state.generation
        status, page = server.ask("/search?q=sitar", If_None_Match=tag)
        assert status == 200
        assert "Newcomer" in page


def http_tag(server: Server) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("GET", "/search?q=sitar")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    tag = answer.getheader("ETag", "")
    assert server.ask("/search?q=sitar", If_None_Match=tag)[0] == 304
    return tag


def test_the_server_outlives_its_index(start, place: Path) -> None:
    server = start()
    first = server.workers()
    place.rename(place.with_name("elsewhere"))
    eventually(lambda: {server.status("/search?q=sitar") for _ in range(8)}, {503})
    assert {server.status("/readyz"), server.status("/api/v1/search?q=sitar")} == {503}
    assert [server.status(path) for path in ("/healthz", "/suggest?tags=sitar", "/static/tagkin.css")] == [200] * 3
    # A worker that begins now begins without an index.
    os.kill(first[0], signal.SIGKILL)
    eventually(lambda: server.log.read_text().count("Started worker"), 3)
    assert {server.status("/search?q=sitar") for _ in range(8)} == {503}
    place.with_name("elsewhere").rename(place)
    eventually(lambda: {server.status("/search?q=sitar") for _ in range(8)}, {200})
    assert server.process.poll() is None


def test_another_index_in_the_same_place_is_searched(start, place: Path) -> None:
    server = start()
    other = place.with_name("other")
    shutil.copytree(place, other)
    engine = EmbeddedEngine.open(other)
    with engine.writer() as writer:
        writer.delete(["x:0", "x:1"])
        writer.commit()
    engine.close()
    place.rename(place.with_name("old"))
    other.rename(place)

    def tracks() -> set[int]:
        return {json.loads(server.ask("/api/v1/search?q=sitar")[1])["total"] for _ in range(8)}

    eventually(lambda: server.status("/readyz"), 200)
    eventually(tracks, {1})


def test_a_written_track_is_found_by_all_workers(start) -> None:
    server = start()
    track = {"title": "Night Raga", "tags": ["sitar", "night owl"]}
    status, answer = server.ask("/api/v1/track?id=mine:1", "PUT", track, Authorization=f"Bearer {TOKEN}")
    assert status == 201, answer
    assert all("Night Raga" in server.ask("/search?q=night+owl")[1] for _ in range(20))
    assert server.ask("/api/v1/track?id=mine:1", "DELETE", Authorization=f"Bearer {TOKEN}")[0] == 200
    assert all("Night Raga" not in server.ask("/search?q=sitar")[1] for _ in range(20))


def test_tokens_are_read_anew_while_requests_are_answered(start, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.txt"
    tokens.write_text("first-first-first-first")
    server = start("--tokens-file", str(tokens))

    def write(token: str) -> int:
        return server.ask("/api/v1/track?id=mine:1", "PUT", {}, Authorization=f"Bearer {token}")[0]

    assert (write("first-first-first-first"), write("other-other-other-other")) == (201, 401)
    tokens.write_text("other-other-other-other")
    server.process.send_signal(signal.SIGHUP)
    statuses = []
    while server.log.read_text().count("Stopped old worker") < 2:
        statuses.append(server.patient_status("/search?q=sitar"))
    assert set(statuses) == {200}
    assert (write("first-first-first-first"), write("other-other-other-other")) == (401, 200)


def test_endless_heads_are_refused(start) -> None:
    server = start(workers=1)
    for head in (
        "GET /?q=" + "x" * 200_000 + " HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n" + "".join(f"X-{n}: y\r\n" for n in range(500)) + "\r\n",
    ):
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            connection.sendall(head.encode())
            assert connection.recv(1_000)[:12] in {b"HTTP/1.1 414", b"HTTP/1.1 431", b"HTTP/1.1 400"}
    assert server.status("/healthz") == 200
