"""What people and programs meet while an engine is down, slow or half up, and how soon they are served when it is back.

The engine is a real one behind a `Place`: a search server, as far as the web can tell, that a test stops, hangs and
starts again.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from search.embedded import EmbeddedEngine
from search.engine import BadIndex, IndexBusy, IndexState, RefusedRequest, SearchEngine, SearchUnavailable, TagCounts
from search.plan import Plan
from search.result import SearchRequest
from tagmodel.model import load_model
from web.app import create_app
from web.running import keeping
from web.running.keeping import AwayEngine, SearcherKeeper, WatchedEngine

ADDRESS = "https://elastic:hunter2@10.9.8.7:9200,10.9.8.6:9200/secret-index"
# No part of this is for the world, and the first is not for the log either.
SECRETS = ("hunter2", "elastic:", "10.9.8", "9200", "secret-index")
# Longest that anybody waits for this server; long beside what “at once” may take on a busy machine.
TIME_LIMIT = 2.0  # seconds
AT_ONCE = 1.0  # seconds
REASONS = {
    "the search server cannot be reached": SearchUnavailable,
    "the search server does not answer in time": SearchUnavailable,
    "the search server is only half up: some of the index is missing": SearchUnavailable,
    "the search server is of a version that this program does not know": SearchUnavailable,
    "the search server's certificate is not the one expected": SearchUnavailable,
    "the search server refuses our password or key": SearchUnavailable,
    "there is no index yet": BadIndex,
    "the index was made by another version of this program": BadIndex,
}


class Place:
    """What lies at `ADDRESS`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.identity = 1
        self.looks: list[tuple[float, float]] = []  # when each began and ended
        self.looking = 0
        self.most_looking = 0
        self.opened = 0
        self.asked: list[str] = []
        self.fault: SearchUnavailable | None = None
        self.broken: set[str] = set()  # operations that fail, as where parts of an index are missing
        self.hanging: frozenset[str] = frozenset()
        self.counted_before: IndexState | None = None  # what tags are said to be counted of, if not of now
        self._answers = threading.Event()
        self._answers.set()
        self._count = threading.Lock()

    def hang(self, *operations: str) -> None:
        """Answer nothing any more, or nothing to these operations: who asks waits for the time limit."""
        self.hanging = frozenset(operations)
        self._answers.clear()

    def recover(self) -> None:
        self.fault, self.broken = None, set()
        self._answers.set()

    def answer(self, operation: str) -> None:
        if (not self.hanging or operation in self.hanging) and not self._answers.wait(TIME_LIMIT):
            raise SearchUnavailable(f"{ADDRESS} did not answer within {TIME_LIMIT} s", public="no answer in time")
        if self.fault is not None:
            raise self.fault
        if operation in self.broken:
            raise SearchUnavailable(f"{ADDRESS}: 2 of 5 shards are missing", public="only half up")

    def identify(self, address: str) -> int:
        assert address == ADDRESS
        began = time.monotonic()
        with self._count:
            self.looking += 1
            self.most_looking = max(self.most_looking, self.looking)
        try:
            self.answer("identify")
        finally:
            with self._count:
                self.looking -= 1
                self.looks.append((began, time.monotonic()))
        return self.identity

    def open(self, address: str) -> SearchEngine:
        assert address == ADDRESS
        self.opened += 1
        return Remote(self, EmbeddedEngine.open(self.directory))


def _over_the_wire(name: str) -> Callable[..., Any]:
    def ask(self: Remote, *args: Any) -> Any:
        self.place.asked.append(name)
        self.place.answer(name)
        return getattr(self.engine, name)(*args)

    return ask


class Remote:
    """The engine of a `Place`."""

    def __init__(self, place: Place, engine: EmbeddedEngine) -> None:
        self.place = place
        self.engine = engine
        self.close = engine.close

    search, count, documents = _over_the_wire("search"), _over_the_wire("count"), _over_the_wire("documents")
    tag_spelling = _over_the_wire("tag_spelling")
    has_word, attachment = _over_the_wire("has_word"), _over_the_wire("attachment")
    state, all_documents = _over_the_wire("state"), _over_the_wire("all_documents")
    writer = _over_the_wire("writer")

    def tag_counts(self) -> Mapping[str, int]:
        counts = _over_the_wire("tag_counts")(self)
        return TagCounts(counts, self.place.counted_before) if self.place.counted_before else counts


@pytest.fixture
def place(index_directory: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    place = Place(index_directory)
    monkeypatch.setattr(keeping, "identify_index", place.identify)
    monkeypatch.setattr(keeping, "open_engine", place.open)
    return place


@pytest.fixture
def keeper(place: Place, model) -> Iterator[SearcherKeeper]:
    keeper = SearcherKeeper(ADDRESS, model)
    yield keeper
    place.recover()
    keeper.close()


@pytest.fixture
def client(keeper: SearcherKeeper) -> FlaskClient:
    return create_app(keeper.current).test_client()


def eventually(what: Callable[[], object], wanted: object, seconds: float = 20) -> float:
    """Wait for it; returns how long it took."""
    began = time.monotonic()
    while (found := what()) != wanted:
        assert time.monotonic() < began + seconds, found
        time.sleep(0.02)
    return time.monotonic() - began


def timed(client: FlaskClient, address: str) -> tuple[int, float]:
    """Status of an address, and the seconds that it took."""
    began = time.monotonic()
    return client.get(address).status_code, time.monotonic() - began


@pytest.mark.parametrize(("public", "kind"), REASONS.items())
def test_page_api_and_readiness_say_why_and_nobody_learns_where(
    place: Place, client: FlaskClient, caplog: pytest.LogCaptureFixture, public: str, kind: type[SearchUnavailable]
) -> None:
    assert client.get("/readyz").status_code == 200
    place.fault = kind(f"{ADDRESS}: the server said no to {ADDRESS}", public=public)
    eventually(lambda: client.get("/readyz").status_code, 503)
    page, problem, ready = client.get("/search?q=sad"), client.get("/api/v1/search?q=sad"), client.get("/readyz")
    assert problem.json["detail"] == ready.json["why"] == public
    said = re.sub(r"&#39;", "'", page.text)
    assert public[1:] in said
    for answer in (page, problem, ready):
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        shown = f"{answer.headers}{answer.text}"
        assert not [secret for secret in SECRETS if secret in shown]
    # The log says where, without the password.
    assert "10.9.8.7" in caplog.text or "10.9.8.6" in caplog.text
    assert "hunter2" not in caplog.text
    assert caplog.text.count("the server said no") == 1
    place.recover()
    assert eventually(lambda: client.get("/search?q=sad").status_code, 200) < 5


def test_a_failure_that_search_meets_first_says_why_too(place: Place, client: FlaskClient, caplog) -> None:
    assert client.get("/search?q=sad").status_code == 200
    time.sleep(0.3)
    assert client.get("/healthz").status_code == 200
    client.get("/search?q=sad")  # the look is fresh
    place.fault = SearchUnavailable(f"{ADDRESS} is gone", public="the search server cannot be reached")
    for _ in range(3):
        answer = client.get("/api/v1/search?q=sad")
        assert (answer.status_code, answer.json["detail"]) == (503, "the search server cannot be reached")
    assert "hunter2" not in caplog.text


def test_a_reason_that_is_for_nobody_is_not_made_up(place: Place, client: FlaskClient) -> None:
    place.fault = SearchUnavailable(f"{ADDRESS}: who knows")
    eventually(lambda: client.get("/readyz").status_code, 503)
    assert client.get("/readyz").json["why"] == "the index cannot be read now; the cause is in the server's log"


@pytest.mark.parametrize(
    ("broken", "address"),
    [
        ("search", "/tag?name=sitar"),
        ("search", "/about"),
        ("tag_counts", "/suggest?tags=sitar"),
        ("tag_counts", "/api/v1/suggest?tags=sitar"),
    ],
)
def test_what_is_shown_without_the_index_is_kept_by_nobody(place: Place, broken: str, address: str) -> None:
    keeper = SearcherKeeper(ADDRESS, load_model())
    client = create_app(keeper.current).test_client()
    place.broken = {broken}
    partial = client.get(address)
    assert (partial.status_code, partial.headers["Cache-Control"]) == (200, "no-store")
    assert "ETag" not in partial.headers
    place.recover()
    eventually(lambda: client.get("/readyz").status_code, 200)
    whole = client.get(address)
    assert (whole.status_code, whole.headers["Cache-Control"]) == (200, "no-cache")
    assert whole.headers["ETag"]
    keeper.close()


def test_counts_of_before_a_write_are_not_kept_for_those_after_it(place: Place, client: FlaskClient) -> None:
    tag = client.get("/search?q=sad").headers["ETag"]
    place.counted_before = IndexState(0, 0, 0, "")
    stale = client.get("/suggest?tags=sitar")
    assert (stale.status_code, stale.headers["Cache-Control"], "ETag" in stale.headers) == (200, "no-store", False)
    place.counted_before = None
    assert client.get("/suggest?tags=sitar").headers["Cache-Control"] == "no-cache"
    assert client.get("/search?q=sad").headers["ETag"] == tag


def test_a_server_that_does_not_answer_is_waited_for_once(place: Place, client: FlaskClient) -> None:
    assert client.get("/search?q=sad").status_code == 200
    place.hang()
    status, seconds = timed(client, "/search?q=sad")
    assert status == 503
    assert seconds < TIME_LIMIT + AT_ONCE
    for address in ("/search?q=sad", "/api/v1/search?q=sad", "/", "/readyz", "/search?q=piano") * 3:
        status, seconds = timed(client, address)
        assert (status, seconds < AT_ONCE) == (503, True), (address, seconds)
    place.recover()
    # What is still being waited for has to end first.
    assert eventually(lambda: client.get("/search?q=sad").status_code, 200) < TIME_LIMIT + 3


def test_searches_that_hang_are_waited_for_once_though_the_server_greets(place: Place, client: FlaskClient) -> None:
    assert client.get("/search?q=sad").status_code == 200
    place.hang("search", "count")
    assert timed(client, "/search?q=sad")[0] == 503
    until = time.monotonic() + 1.5 * TIME_LIMIT
    while time.monotonic() < until:
        status, seconds = timed(client, "/search?q=sad")
        assert (status, seconds < AT_ONCE) == (503, True), seconds
        time.sleep(0.05)
    place.recover()
    assert eventually(lambda: client.get("/search?q=sad").status_code, 200) < TIME_LIMIT + 3


def test_a_page_that_needs_no_index_waits_for_it_once_though_it_asks_often(place: Place, client: FlaskClient) -> None:
    assert client.get("/suggest?tags=sitar,blorp,sad").status_code == 200
    place.hang()
    status, seconds = timed(client, "/suggest?tags=sitar,blorp,tabla")
    assert status == 200
    assert seconds < TIME_LIMIT + AT_ONCE
    status, seconds = timed(client, "/suggest?tags=sitar,blorp,tabla")
    assert (status, seconds < AT_ONCE) == (200, True), seconds


def test_requests_do_not_queue_behind_a_look_that_hangs(place: Place, keeper: SearcherKeeper) -> None:
    place.hang()
    time.sleep(0.3)
    until = time.monotonic() + 3 * TIME_LIMIT

    def keep_asking() -> float:
        longest = 0.0
        while time.monotonic() < until:
            began = time.monotonic()
            keeper.current()
            longest = max(longest, time.monotonic() - began)
            time.sleep(0.01)
        return longest

    with ThreadPoolExecutor(16) as pool:
        asking = [pool.submit(keep_asking) for _ in range(16)]
        time.sleep(TIME_LIMIT / 2)
        # Nobody waits for it who stops the server, either.
        assert [one.daemon for one in threading.enumerate() if one.name == "look-for-index"] == [True]
        waited = [one.result() for one in asking]
    assert max(waited) < AT_ONCE
    assert place.most_looking == 1
    hung = [look for look in place.looks if look[1] - look[0] > TIME_LIMIT / 2]
    assert len(hung) >= 2
    # The address is left alone in between, but not for long: else its return would not be noticed.
    assert all(0.9 < later[0] - earlier[1] < 0.9 + AT_ONCE for earlier, later in pairwise(hung))


def test_an_address_that_is_slow_to_look_at_still_answers_searches(
    place: Place, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def identify_slowly(address: str) -> int:
        time.sleep(1.5 * AT_ONCE)
        return place.identify(address)

    monkeypatch.setattr(keeping, "identify_index", identify_slowly)
    for _ in range(40):
        status, seconds = timed(client, "/search?q=sad")
        assert (status, seconds < AT_ONCE) == (200, True), seconds
        time.sleep(0.05)
    assert len(place.looks) > 1


def test_one_search_that_fails_costs_nothing_but_itself(place: Place, keeper: SearcherKeeper, client) -> None:
    assert client.get("/search?q=sad").status_code == 200
    before = keeper.current()
    place.broken = {"search"}
    assert client.get("/search?q=sad").status_code == 503
    place.recover()
    assert eventually(lambda: client.get("/search?q=sad").status_code, 200) < AT_ONCE
    assert keeper.current() is before
    assert place.opened == 1


def test_a_request_that_is_refused_for_what_it_is_fails_alone(place: Place, keeper: SearcherKeeper) -> None:
    engine = keeper.current().engine
    place.fault = RefusedRequest("year out of range")
    with pytest.raises(RefusedRequest):
        engine.search(Plan())
    with pytest.raises(RefusedRequest):
        engine.state()
    place.fault = None
    assert engine.state().n_tracks == 54
    assert place.asked.count("count") == 1, "somebody looked whether the server is well again"


def test_a_server_that_is_half_up_is_not_ready(place: Place, client: FlaskClient) -> None:
    assert client.get("/readyz").status_code == 200
    place.broken = {"search", "count"}  # its state it still knows
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json["why"]) == (503, "only half up")
    assert client.get("/healthz").status_code == 200
    for _ in range(5):
        assert client.get("/search?q=sad").status_code == 503
        time.sleep(0.1)
    assert client.get("/readyz").json["why"] == "only half up"
    place.recover()
    assert eventually(lambda: client.get("/readyz").status_code, 200) < 5


def test_a_server_that_begins_half_up_is_not_used(place: Place, model) -> None:
    place.broken = {"count"}
    keeper = SearcherKeeper(ADDRESS, model)
    with pytest.raises(SearchUnavailable, match="only half up"):
        keeper.current().search(SearchRequest("sad"))
    assert "search" not in place.asked
    place.recover()
    time.sleep(keeping.LONGEST_PAUSE)
    assert keeper.current().search(SearchRequest("sad")).total > 0
    keeper.close()


def test_a_worker_that_begins_before_a_server_that_hangs_begins(
    place: Place, model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "FIRST_PATIENCE", 0.3)
    place.hang()
    began = time.monotonic()
    keeper = SearcherKeeper(ADDRESS, model)
    keeper.warm_up()
    assert time.monotonic() - began < AT_ONCE
    client = create_app(keeper.current).test_client()
    assert client.get("/readyz").json["why"] == "the index is being opened"
    place.recover()
    eventually(lambda: client.get("/search?q=sad").status_code, 200)
    keeper.close()


def test_nobody_looks_after_the_end(place: Place, keeper: SearcherKeeper) -> None:
    searcher = keeper.current()
    other = SearcherKeeper(ADDRESS, searcher.model)
    left = other.current()
    other.close()
    looked, opened = len(place.looks), place.opened
    with pytest.raises(SearchUnavailable):
        left.search(SearchRequest("sad"))
    time.sleep(0.3)
    other.current()
    assert (len(place.looks), place.opened) == (looked, opened)


def test_what_keeps_a_writer_out_keeps_nobody_else_out(place: Place, keeper: SearcherKeeper) -> None:
    place.fault = IndexBusy("process 7 writes")
    with pytest.raises(IndexBusy):
        keeper.current().engine.writer()
    place.recover()
    asked = len(place.looks)
    assert keeper.current().engine.state().n_tracks == 54
    assert len(place.looks) <= asked + 1


def test_a_list_of_all_tracks_that_breaks_off_is_a_failure(place: Place, keeper: SearcherKeeper) -> None:
    engine = keeper.current().engine
    place.broken = {"all_documents", "count"}
    with pytest.raises(SearchUnavailable, match="shards are missing"):
        list(engine.all_documents())
    with pytest.raises(SearchUnavailable, match="the index is away: only half up"):
        engine.state()


def test_what_needs_no_index_goes_on_without_one(place: Place) -> None:
    place.fault = SearchUnavailable(f"{ADDRESS} is gone", public="the search server cannot be reached")
    keeper = SearcherKeeper(ADDRESS, load_model())
    client = create_app(keeper.current).test_client()
    for address in (
        *("/suggest", "/suggest?tags=sitar,blorp", "/tag?name=sitar", "/graph", "/graph?find=sitar", "/about"),
        *("/picks", "/healthz", "/metrics", "/api/v1/docs", "/api/v1/suggest?tags=sitar", "/api/v1/kin?tag=sitar"),
        *("/api/v1/graph?tag=sitar", "/api/v1/path?source=sitar&target=techno", "/api/v1/communities"),
    ):
        assert timed(client, address)[0] == 200, address
    assert client.post("/api/v1/suggest", json={"tracks": [{"tags": ["sitar"]}]}).status_code == 200
    for address in ("/", "/search?q=sad", "/track?id=fma:1", "/api/v1/search?q=sad", "/api/v1/track?id=fma:1"):
        assert timed(client, address)[0] == 503, address
    keeper.close()


@pytest.mark.parametrize("engine", [AwayEngine, WatchedEngine])
def test_every_question_to_an_engine_is_known(engine: type, place: Place) -> None:
    made = engine() if engine is AwayEngine else engine(place.open(ADDRESS), lambda: None)
    questions = [name for name in vars(SearchEngine) if not name.startswith("_")]
    assert len(questions) >= 11
    assert [name for name in questions if not callable(getattr(made, name, None))] == []
    made.close()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no address", "no address"),
        ("http://a:9200 is gone", "http://a:9200 is gone"),
        ("http://u:p@a:9200/x is gone", "http://…@a:9200/x is gone"),
        ("got 'redis://u:p w@rd@a'", "got 'redis://…@a'"),
        ("http://u:p@a,http://u:p@b: no, http://c", "http://…@a,http://…@b: no, http://c"),
        ("http://u:p@a,u:p@b", "http://…@b"),
        ("http://a\nmail me@b", "http://a\nmail me@b"),
    ],
)
def test_no_message_carries_a_password(text: str, shown: str) -> None:
    for kind in (SearchUnavailable, BadIndex, IndexBusy):
        assert str(kind(text)) == shown
        assert kind(text, public="words").public == "words"
