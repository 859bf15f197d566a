"""Three servers, of which one dies now and then: what was acknowledged stays, and searches hardly notice."""

from __future__ import annotations

import os
import signal
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from typing import Self

import pytest
import requests

from search.elastic.mapping import generation
from search.engine import BadIndex, IndexBusy, NotLetIn, SearchEngine, SearchUnavailable
from search.engines import open_engine
from search.enrichment import Enricher
from search.plan import Plan
from search.writing import delete_track, put_track
from tagmodel.model import TagModel, load_model
from tagmodel.track import Track
from tests.search.elastic import cluster_catalogue as catalogue
from tests.search.elastic.cluster_load import Load
from tests.search.elastic.cluster_report import Event, gaps, write_report
from tests.search.elastic.cluster_searches import Outcome, Questions, Searches
from tests.search.engine_contract import remove_indices, set_environment
from tests.servers.node import Node
from tests.servers.starting import Cluster

pytestmark = pytest.mark.slow

BASE = 5_000  # tracks that are there before
LOADED = 20_000  # tracks, at least
# Rows that are loaded while a node is down.
WITHOUT_NODE = 1_500
# Searches and writes may fail for so long while another copy takes over, and no longer (docs of the promise).
FAILOVER = 30.0  # seconds
# Of a search, where a node hangs: long enough that a busy machine alone is no reason.
HANG_TIMEOUT = 5  # seconds
HANG_WATCHED = 15  # seconds
# Until a machine that is busy with everything else has got there.
LONG = 600.0  # seconds

_numbers = count()


@pytest.fixture(scope="module")
def model() -> TagModel:
    return load_model()


@pytest.fixture
def address(request: pytest.FixtureRequest, elasticsearch_cluster: Cluster) -> Iterator[str]:
    """Return an address that names all nodes, of an index of three shards with a copy each."""
    set_environment(request, SHARDS="3", REPLICAS="1")
    address = f"{','.join(elasticsearch_cluster.urls).replace(',http://', ',')}/tagkin-cluster-{next(_numbers)}"
    yield address
    elasticsearch_cluster.heal()
    remove_indices(address)


def wait_until(happened: Callable[[], bool], seconds: float = LONG) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


def is_noticed(cluster: Cluster) -> bool:
    """Whether the others know that a node is gone, and have one who leads."""
    try:
        health = cluster.running[0].ask("/_cluster/health")
    except requests.RequestException:
        return False
    return bool(health["number_of_nodes"] == len(cluster.running))


def check_copies(node: Node, index: str) -> None:
    """Make sure that all copies of a shard have as many documents."""
    numbers: dict[str, set[str]] = {}
    rows = node.ask(f"/_cat/shards/{index}?format=json&h=shard,docs")
    for row in rows:
        numbers.setdefault(row["shard"], set()).add(row["docs"])
    assert len(rows) == 2 * len(numbers)
    assert all(len(docs) == 1 for docs in numbers.values()), rows


def test_a_load_and_searches_outlive_a_data_node_and_the_master(
    elasticsearch_cluster: Cluster, address: str, model: TagModel, tmp_path: Path
) -> None:
    cluster = elasticsearch_cluster
    base = Load(address, "base", tmp_path / "base.log")
    assert base.finish(BASE, LONG) == 0, base.said
    load = Load(address, "load", tmp_path / "load.log")
    events: list[Event] = []

    def lose_and_heal(node: Node, role: str) -> None:
        assert load.is_running, load.said
        given = load.given
        events.append(Event(searches.now, f"kill -9 of {role}"))
        node.kill()
        wait_until(lambda: is_noticed(cluster))
        events.append(Event(searches.now, "noticed"))
        wait_until(lambda: load.given >= given + WITHOUT_NODE or not load.is_running)
        assert load.is_running, load.said
        events.append(Event(searches.now, "restart"))
        node.restart()
        cluster.wait_for_green()
        events.append(Event(searches.now, "green"))

    try:
        with closing(open_engine(address)) as engine:
            questions = Questions(engine, model, lambda: {"base": BASE, "load": load.given})
            with Searches(questions.all()) as searches:
                wait_until(lambda: load.given >= WITHOUT_NODE or not load.is_running)
                master = cluster.master()
                lose_and_heal(next(node for node in cluster.nodes if node is not master), "a data node")
                lose_and_heal(cluster.master(), "the master")
                status = load.finish(LOADED, LONG)
                events.append(Event(searches.now, "load ended"))
            found = gaps(searches.outcomes, events)
            report = write_report(
                tmp_path, "cluster-failover", searches.outcomes, events, elasticsearch=cluster.version,
                exit_status=status, tracks=BASE + load.given,
            )  # fmt: skip
            print(report)
            assert status == 0, load.said
            assert load.given >= LOADED
            check_equal_to_source(engine, {"base": BASE, "load": load.given}, model)
    finally:
        load.kill()
    assert [one for one in searches.outcomes if one.wrong][:3] == []
    assert Counter(bool(one.away) for one in searches.outcomes)[False] > 500
    assert max((gap.seconds for gap in found), default=0.0) < FAILOVER, report
    check_copies(cluster.nodes[0], tracks_index(address))


def tracks_index(address: str) -> str:
    return generation(address.rpartition("/")[2], 1).tracks


def check_equal_to_source(engine: SearchEngine, n_rows: dict[str, int], model: TagModel) -> None:
    """Compare everything in the index with what it was made of: all there, once, and nothing else."""
    rows = [track for source, n in n_rows.items() for track in catalogue.tracks(source, n)]
    expected = {document.track.track_id: document for document in Enricher(model).enrich(rows)}
    ids = []
    for document in engine.all_documents():
        ids.append(document.track.track_id)
        assert document == expected[ids[-1]]
    assert ids == sorted(expected)
    assert engine.state().n_tracks == engine.count(Plan()) == len(expected)


def test_searches_go_on_beside_a_node_that_hangs(
    request: pytest.FixtureRequest, elasticsearch_cluster: Cluster, address: str, model: TagModel, tmp_path: Path
) -> None:
    cluster = elasticsearch_cluster
    set_environment(request, TIMEOUT=str(HANG_TIMEOUT))
    base = Load(address, "base", tmp_path / "base.log")
    assert base.finish(BASE, LONG) == 0, base.said
    events: list[Event] = []
    with closing(open_engine(address)) as engine:
        questions = Questions(engine, model, lambda: {"base": BASE})
        with Searches(questions.all()) as searches:
            wait_until(lambda: len(searches.outcomes) > 100)
            master = cluster.master()
            node = next(node for node in cluster.nodes if node is not master)
            events.append(Event(searches.now, "SIGSTOP of a data node"))
            os.kill(node.pid, signal.SIGSTOP)
            try:
                wait_until(lambda: bool(master.ask("/_cluster/health")["number_of_nodes"] == 2))
                events.append(Event(searches.now, "noticed"))
                time.sleep(HANG_TIMEOUT + 5)  # the end of what was asked before
                events.append(Event(searches.now, "settled"))
                time.sleep(HANG_WATCHED)
                events.append(Event(searches.now, "SIGCONT"))
            finally:
                os.kill(node.pid, signal.SIGCONT)
            cluster.wait_for_green()
            events.append(Event(searches.now, "green"))
    report = write_report(tmp_path, "cluster-hang", searches.outcomes, events)
    print(report)
    assert [one for one in searches.outcomes if one.wrong][:3] == []
    # The servers have let go of it; that it takes connections and answers nothing is for the client to find out.
    settled, woken = (event.at for event in events[2:4])
    watched = [bool(one.away) for one in searches.outcomes if settled <= one.begun < woken]
    assert len(watched) > 50
    assert sum(watched) <= len(watched) * 0.02, report


# What the client of the next test does to a track, one after another, each until it is acknowledged.
PUT, DELETE, PUT_AGAIN = "put", "delete", "put again"


def test_tracks_written_one_by_one_outlive_a_node(
    elasticsearch_cluster: Cluster, address: str, model: TagModel, tmp_path: Path
) -> None:
    cluster = elasticsearch_cluster
    with closing(open_engine(address, create=True)) as engine:
        client = Client(engine, model)
        with client:
            wait_until(lambda: client.n_done >= 60 or not client.is_running)
            # The one that has the state: each write has to wait until another one has taken over.
            node = holder_of_state(cluster, address)
            client.note(f"kill -9 of {node.name}, which has the state")
            done = client.n_done
            node.kill()
            wait_until(lambda: (is_noticed(cluster) and client.n_done >= done + 100) or not client.is_running)
            client.note("restart")
            node.restart()
            cluster.wait_for_green()
            client.note("green")
            done = client.n_done
            wait_until(lambda: client.n_done >= done + 60 or not client.is_running)
        found = gaps(client.outcomes, client.events)
        report = write_report(tmp_path, "cluster-writes", client.outcomes, client.events, writes=client.n_done)
        print(report)
        assert [one for one in client.outcomes if one.wrong][:3] == []
        assert max((gap.seconds for gap in found), default=0.0) < FAILOVER, report
        expected = {document.track.track_id: document for document in Enricher(model).enrich(client.stored())}
        assert {document.track.track_id: document for document in engine.all_documents()} == expected
        assert engine.state().n_tracks == engine.count(Plan()) == len(expected)
    check_copies(cluster.nodes[0], tracks_index(address))


def holder_of_state(cluster: Cluster, address: str) -> Node:
    """Return the node that has the primary copy of the state."""
    about = generation(address.rpartition("/")[2], 1).about
    (name,) = [
        row["node"]
        for row in cluster.nodes[0].ask(f"/_cat/shards/{about}?format=json&h=prirep,node")
        if row["prirep"] == "p"
    ]
    return next(node for node in cluster.nodes if node.name == name)


class Client:
    """A program that writes track after track, and tries again until each is acknowledged.

    Of three tracks one stays, one is deleted, one is deleted and put back; after each, what a search sees is looked at.
    """

    def __init__(self, engine: SearchEngine, model: TagModel) -> None:
        self.outcomes: list[Outcome] = []
        self.events: list[Event] = []
        self.n_done = 0
        self._engine, self._model = engine, model
        self._there: dict[str, Track] = {}
        self._stopped = threading.Event()
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stopped.set()
        self._thread.join()

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    def note(self, what: str) -> None:
        self.events.append(Event(self._now, what))

    def stored(self) -> list[Track]:
        """Return what was acknowledged to be there."""
        return list(self._there.values())

    @property
    def _now(self) -> float:
        return time.monotonic() - self._began

    def _work(self) -> None:
        for number in count():
            track = catalogue.track("written", number)
            for step in (PUT, DELETE, PUT_AGAIN)[: 1 + number % 3]:
                while not self._try(track, step):
                    if self._stopped.is_set():
                        return  # at a loss, which the outcomes tell
            if self._stopped.is_set():
                return

    def _try(self, track: Track, step: str) -> bool:
        """Do one step; return whether it is done."""
        begun, away, wrong = self._now, "", ""
        try:
            self._do(track, step)
        except (BadIndex, IndexBusy, NotLetIn) as error:
            wrong = f"{type(error).__name__}: {error}"
        except SearchUnavailable as error:
            away = str(error)
        except BaseException:  # noqa: BLE001 - whatever it is, it is what the test is about
            wrong = traceback.format_exc()
        self.outcomes.append(Outcome(begun, self._now - begun, step, away, wrong))
        if wrong:
            self._stopped.set()
        return not (away or wrong)

    def _do(self, track: Track, step: str) -> None:
        if step == DELETE:
            delete_track(self._engine, track.track_id)
            self._there.pop(track.track_id)
        else:
            put_track(self._engine, self._model, track)
            self._there[track.track_id] = track
        self.n_done += 1
        self._look(track)

    def _look(self, track: Track) -> None:
        """Make sure that a search sees what was just acknowledged; where it cannot answer, the next one does."""
        with suppress(SearchUnavailable):
            (found,) = self._engine.documents([track.track_id])
            assert (found and found.track) == self._there.get(track.track_id)
            assert self._engine.count(Plan()) == len(self._there)
