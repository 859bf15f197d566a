"""What people and programs meet while Elasticsearch is down, slow, half up or closed to us, and how soon it is over.

A real `tagkin serve` before a real server behind a proxy that does what networks do; and servers that nobody could
install here, of another version or another make, in the same process.
"""

from __future__ import annotations

import html
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from search.elastic.mapping import FORMAT_VERSION, about_alias, tracks_alias
from search.engines import open_engine
from search.writing import put_track
from tagmodel.model import TagModel, load_model
from tagmodel.track import Track
from tests.faults.choosing import Faults, to
from tests.faults.fake_server import FakeServer
from tests.faults.proxy import FaultProxy
from tests.servers.node import Node
from tests.servers.starting import GivenServer, SecuredServer
from web.app import create_app
from web.cli import serve
from web.running.keeping import SearcherKeeper

REPOSITORY = Path(__file__).resolve().parents[3]
PREFIX = "TAGKIN_ELASTICSEARCH_"
NAME = "hidden-index"
SECRET = "hunter2hunter2"
TIMEOUT = 1.0  # seconds that a search may take
# Beside what is waited for, on a busy machine; far less than any other limit there is.
MORE = 4.0  # seconds
# The index is found again at the next look, and looks are no further apart than a second; the client asks a server
# that it could not reach again after two. The rest is for a busy machine.
RECOVERY = 15.0  # seconds
# Of something that takes no time, until one is meant to be quick also on a busy machine.
TRIES = 5
NEEDS_NO_INDEX = ("/healthz", "/suggest?tags=sitar,tabla", "/tag?name=sitar", "/graph", "/static/tagkin.css")
SEARCHES = ("/", "/search?q=sitar", "/api/v1/search?q=sitar", "/readyz")


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    text: str
    seconds: float


@dataclass
class Site:
    """A running `tagkin serve`, and the way from it to its index."""

    port: int
    log: Path
    proxy: FaultProxy
    server: Node | GivenServer

    def get(self, path: str) -> Answer:
        began = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            text = answer.read().decode()
            return Answer(answer.status, dict(answer.getheaders()), text, time.monotonic() - began)
        finally:
            connection.close()

    def status(self, path: str) -> int:
        return self.get(path).status

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the search server something, as whoever runs it."""
        answer = requests.request(method, self.server.url + path, json=body, timeout=30)
        assert answer.ok, answer.text
        return answer.json()


def eventually(what: Callable[[], object], wanted: object, seconds: float = 30) -> None:
    """Wait until a function returns what is wanted."""
    began = time.monotonic()
    while (found := what()) != wanted:
        assert time.monotonic() < began + seconds, found
        time.sleep(0.05)


@contextmanager
def served(address: str, log: Path) -> Iterator[int]:
    """Run `tagkin serve` over an address; yields the port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tagkin", "serve", "--engine", address, "--port", str(port), "--workers", "1"]
    environment = os.environ | {f"{PREFIX}TIMEOUT": str(TIMEOUT)}
    with log.open("wb") as said:
        process = subprocess.Popen(command, cwd=REPOSITORY, stdout=said, stderr=said, env=environment)
        try:
            while b"Started worker" not in log.read_bytes():
                assert process.poll() is None, log.read_text()
                time.sleep(0.1)
            yield port
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture(scope="module")
def model() -> TagModel:
    """Return the shipped model, as pages about tags draw its graph."""
    return load_model()


@pytest.fixture(scope="module")
def running(elasticsearch_9: Node | GivenServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    log = tmp_path_factory.mktemp("away") / "serve.log"
    with FaultProxy(elasticsearch_9.url) as proxy:
        # The password is of no use to this server, but must be seen nowhere.
        address = f"{proxy.url.replace('://', f'://elastic:{SECRET}@')}/{NAME}"
        with served_index(elasticsearch_9, address), served(address, log) as port:
            yield Site(port, log, proxy, elasticsearch_9)
    said = log.read_text()
    assert SECRET not in said
    assert "Traceback" not in said
    assert proxy.url in said, "whoever runs the server learns which one it was"


@contextmanager
def served_index(server: Node | GivenServer, address: str) -> Iterator[None]:
    with closing(open_engine(address, create=True)) as engine:
        put_track(engine, load_model(), Track("x:1", "Night Raga", tags=("sitar", "tabla")))
    yield
    for index in requests.get(f"{server.url}/{NAME}-*?expand_wildcards=all", timeout=30).json():
        requests.delete(f"{server.url}/{index}", timeout=30)


@pytest.fixture
def site(running: Site) -> Iterator[Site]:
    """Return the site while all is well; afterwards it is again."""
    eventually(lambda: running.status("/readyz"), 200)
    yield running
    running.proxy.faults = Faults()
    running.proxy.back()


def words(text: str) -> str:
    """Return what a page says."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def hold_to_rules(site: Site, public: str) -> None:
    """All places give the same reason and none says where; what needs no index works."""
    page, problem, ready = (site.get(path) for path in SEARCHES[1:])
    assert json.loads(problem.text)["detail"] == json.loads(ready.text)["why"] == public
    assert f"{public[0].upper()}{public[1:]}." in words(page.text)
    port = site.proxy.url.rpartition(":")[2]
    for answer in (page, problem, ready, site.get("/")):
        assert answer.status == 503
        assert int(answer.headers["retry-after"]) > 0
        shown = f"{answer.headers} {answer.text}"
        assert not [private for private in (SECRET, NAME, port, "127.0.0.1:9") if private in shown]
    for path in NEEDS_NO_INDEX:
        assert (path, site.status(path)) == (path, 200)
        # A worker that has just begun makes some things at the first request.
        assert any(site.get(path).seconds < TIMEOUT for _ in range(TRIES)), f"{path} waits for the index"


# How it goes away, and what is then said.


def down(site: Site) -> Callable[[], None]:
    site.proxy.away()
    return site.proxy.back


def swallows(site: Site) -> Callable[[], None]:
    site.proxy.black_hole()
    return site.proxy.back


def faults(**shares: Any) -> Callable[[Site], Callable[[], None]]:
    def begin(site: Site) -> Callable[[], None]:
        site.proxy.faults = Faults(**shares)
        return lambda: setattr(site.proxy, "faults", Faults())

    return begin


def lost_a_shard(site: Site) -> Callable[[], None]:
    """Put a generation in place of the living one, of which one of two shards is on no node."""
    settings = {"number_of_shards": 2, "number_of_replicas": 0, "index.routing.allocation.total_shards_per_node": 1}
    there, back = [], []
    for alias in (about_alias(NAME), tracks_alias(NAME)):
        (living,) = found = site.ask("GET", f"/{alias}")
        half = settings if alias == tracks_alias(NAME) else {"number_of_replicas": 0}
        new = {"settings": half, "mappings": found[living]["mappings"]}
        site.ask("PUT", f"/{alias}-000099?timeout=1s", new)
        there += [
            {"remove": {"index": living, "alias": alias}},
            {"add": {"index": f"{alias}-000099", "alias": alias}},
        ]
        back += [{"add": {"index": living, "alias": alias}}, {"remove_index": {"index": f"{alias}-000099"}}]
    state = site.ask("GET", f"/{about_alias(NAME)}/_doc/state")["_source"]
    site.ask("PUT", f"/{about_alias(NAME)}-000099/_doc/state?refresh=true", state)
    site.ask("POST", "/_aliases", {"actions": there})
    return lambda: site.ask("POST", "/_aliases", {"actions": back}) and None


def removed(site: Site) -> Callable[[], None]:
    there, back = [], []
    for alias in (about_alias(NAME), tracks_alias(NAME)):
        (living,) = site.ask("GET", f"/{alias}")
        there.append({"remove": {"index": living, "alias": alias}})
        back.append({"add": {"index": living, "alias": alias}})
    site.ask("POST", "/_aliases", {"actions": there})
    return lambda: site.ask("POST", "/_aliases", {"actions": back}) and None


def replaced_by_another_version(site: Site) -> Callable[[], None]:
    path = f"/{about_alias(NAME)}/_doc/state"
    state = site.ask("GET", path)["_source"]
    other = state | {"kept": state["kept"] | {"format": FORMAT_VERSION + 1}}
    site.ask("PUT", f"{path}?refresh=true", other)
    return lambda: site.ask("PUT", f"{path}?refresh=true", state) and None


SEARCH = to("*/_msearch", "*/_search", "/_msearch", "*/_mget")
AWAY: dict[str, tuple[Callable[[Site], Callable[[], None]], str]] = {
    "down": (down, "the search server cannot be reached"),
    "swallows everything": (swallows, "the search server does not answer in time"),
    "searches hang": (
        faults(share_stall=1.0, stall_seconds=20.0, where=SEARCH),
        "the search server does not answer in time",
    ),
    "too busy": (faults(share_429=1.0), "the search server has too much to do"),
    "no master": (faults(share_503=1.0), "the search server is only half up: some of the index is missing"),
    "cuts connections": (faults(share_reset_before=1.0), "the search server cannot be reached"),
    "answers break off": (faults(share_truncated=1.0), "the search server cannot be reached"),
    "a shard is lost": (lost_a_shard, "the search server is only half up: some of the index is missing"),
    "the index is gone": (removed, "there is no index yet"),
    "another version's": (replaced_by_another_version, "the index was made by another version of this program"),
}


@pytest.mark.slow
@pytest.mark.parametrize(("go", "public"), AWAY.values(), ids=[name.replace(" ", "-") for name in AWAY])
def test_it_goes_says_so_and_comes_back(site: Site, go: Callable[[Site], Callable[[], None]], public: str) -> None:
    assert "Night Raga" in site.get("/search?q=sitar").text
    come_back = go(site)
    try:
        slowest = max(site.get("/search?q=sitar").seconds for _ in range(3))
        assert slowest < TIMEOUT + MORE
        eventually(lambda: site.status("/readyz"), 503)
        eventually(lambda: site.get("/api/v1/search?q=sitar").text.count(public), 1)
        took = [site.get("/search?q=sitar").seconds for _ in range(TRIES)]
        assert sum(took) < TRIES * TIMEOUT, "one wait is enough for all"
        hold_to_rules(site, public)
    finally:
        come_back()
    eventually(lambda: site.status("/search?q=sitar"), 200, RECOVERY)
    eventually(lambda: site.status("/readyz"), 200, RECOVERY)
    assert "Night Raga" in site.get("/search?q=sitar").text


@pytest.mark.slow
def test_a_worker_that_begins_without_the_server_serves_when_it_comes(site: Site) -> None:
    site.proxy.away()
    (worker,) = re.findall(r"worker-\d+ with PID: (\d+)", site.log.read_text())[-1:]
    started = site.log.read_text().count("Started worker")
    os.kill(int(worker), 9)
    eventually(lambda: site.log.read_text().count("Started worker"), started + 1)
    eventually(lambda: site.status("/suggest?tags=sitar"), 200)
    hold_to_rules(site, "the search server cannot be reached")
    site.proxy.back()
    eventually(lambda: site.status("/search?q=sitar"), 200, RECOVERY)


@pytest.mark.slow
def test_a_password_that_is_changed_and_changed_back(
    secured_elasticsearch: SecuredServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, path = secured_elasticsearch, "/_security/user/away_web"
    user = {"password": SECRET, "roles": ["superuser"]}
    server.node.ask(path, "PUT", user)
    for name, value in {"CA_CERTS": str(server.ca_file), "USERNAME": "away_web", "PASSWORD": SECRET}.items():
        monkeypatch.setenv(PREFIX + name, value)
    address = f"{server.url}/{NAME}"
    with closing(open_engine(address, create=True)):
        pass
    keeper = SearcherKeeper(address, load_model())
    client = create_app(keeper.current).test_client()
    try:
        assert client.get("/readyz").status_code == 200
        server.node.ask(path, "PUT", user | {"password": f"{SECRET}3"})
        public = "the search server refuses our password or key"
        eventually(lambda: client.get("/readyz").get_json().get("why"), public)
        assert client.get("/api/v1/search?q=sad").get_json()["detail"] == public
        server.node.ask(path, "PUT", user)
        eventually(lambda: client.get("/readyz").status_code, 200, RECOVERY)
    finally:
        keeper.close()
        for index in server.node.ask(f"/{NAME}-*"):
            server.node.ask(f"/{index}", "DELETE")
        server.node.ask(path, "DELETE")


def fault(kind: str) -> dict[str, Any]:
    error = {"type": kind, "reason": f"http://10.9.8.7:9200/{NAME} says no"}
    return {"error": {"root_cause": [error], **error}}


GREETING = {"version": {"number": "9.2.0"}}
OTHERS: dict[str, tuple[dict[str, Any], int, str, str]] = {
    "too old": (
        {"version": {"number": "7.17.28"}},
        200,
        "expected Elasticsearch 8.19 or 9, found 7.17.28",
        "the search server is of a version that this program does not know",
    ),
    "too new": (
        {"version": {"number": "10.0.0"}},
        200,
        "found 10.0.0",
        "the search server is of a version that this program does not know",
    ),
    "wrong key": (
        fault("security_exception"),
        401,
        "wants to know who asks",
        "the search server refuses our password or key",
    ),
    "not an object": (
        {"version": "nine"},
        200,
        "expected an Elasticsearch server",
        "what answers in place of the search server is another program",
    ),
}


@pytest.mark.parametrize(
    ("greets", "status", "says", "public"), OTHERS.values(), ids=[name.replace(" ", "-") for name in OTHERS]
)
def test_a_server_that_cannot_be_used_is_said_by_all_who_need_it(
    greets: dict[str, Any], status: int, says: str, public: str, model: TagModel, caplog: pytest.LogCaptureFixture
) -> None:
    with FakeServer() as server:
        server.answers("GET", "/", greets, status=status)
        address = f"{server.url.replace('://', f'://me:{SECRET}@') if status != 401 else server.url}/{NAME}"
        hold_in_process(address, says, public, model, caplog)


def test_another_product_is_said_by_all_who_need_it(model: TagModel, caplog: pytest.LogCaptureFixture) -> None:
    with FakeServer(headers={}) as server:
        server.answers("GET", "/", {"version": {"number": "2.11.0", "distribution": "opensearch"}})
        public = "what answers in place of the search server is another program"
        hold_in_process(f"{server.url}/{NAME}", "expected an Elasticsearch server", public, model, caplog)


def hold_in_process(
    address: str, says: str, public: str, model: TagModel, caplog: pytest.LogCaptureFixture
) -> None:
    ended = CliRunner().invoke(serve, ["--engine", address])
    assert (ended.exit_code, says in ended.output) == (3, True), ended.output
    assert SECRET not in ended.output
    keeper = SearcherKeeper(address, model)
    client = create_app(keeper.current).test_client()
    answers = [client.get(path) for path in SEARCHES]
    well = [client.get(path).status_code for path in NEEDS_NO_INDEX[:3]]
    keeper.close()
    assert ([answer.status_code for answer in answers], well) == ([503] * 4, [200] * 3)
    _, page, problem, ready = answers
    assert problem.get_json()["detail"] == ready.get_json()["why"] == public
    assert f"{public[0].upper()}{public[1:]}." in words(page.text)
    shown = "".join(f"{answer.headers}{answer.text}" for answer in answers)
    host = address.rpartition("@")[2].removeprefix("http://").partition("/")[0]
    assert not [private for private in (SECRET, NAME, host, "10.9.8.7") if private in shown]
    assert says in caplog.text
    assert SECRET not in caplog.text
