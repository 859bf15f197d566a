"""Loading into Elasticsearch through a proxy that does what networks and servers do: each good document once."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from search.document import Document
from search.elastic.encoding import document_id
from search.elastic.engine import ElasticEngine
from tests.faults.choosing import BULK, Fault, Faults, to
from tests.faults.proxy import FaultProxy
from tests.indexer.elastic_load import Load, make_rows, new_load, wait_until
from tests.servers.node import Node

pytestmark = pytest.mark.slow

ROWS = 3_000
SMALL = ("--batch-size", 50)  # many requests
# All that a writer sends once it is at work; to open an index is tried only once.
WRITES = to("*/_bulk", "*/_refresh", "*/_mget")


@pytest.fixture
def proxy(elasticsearch_9: Node) -> Iterator[FaultProxy]:
    with FaultProxy(elasticsearch_9.url, seed=4) as proxy:
        yield proxy


@pytest.fixture
def load(tmp_path: Path, proxy: FaultProxy, elasticsearch_9: Node) -> Iterator[Load]:
    yield from new_load(tmp_path, proxy.url, elasticsearch_9.url, make_rows(ROWS))


@pytest.fixture
def plain(tmp_path: Path, elasticsearch_9: Node) -> Iterator[list[Document]]:
    """What a load without any fault leaves in an index."""
    for load in new_load(tmp_path / "plain", elasticsearch_9.url, elasticsearch_9.url, make_rows(ROWS)):
        assert load.run().status == 0
        yield load.documents()


def refused_ids(proxy: FaultProxy, documents: list[Document]) -> set[str]:
    """Ids of the tracks that the proxy will have refused for good."""
    ids = (document.track.track_id for document in documents)
    return {track_id for track_id in ids if proxy.refuses(document_id(track_id))}


def test_good_documents_are_there_once_and_bad_ones_in_the_rejects_file(
    load: Load, proxy: FaultProxy, plain: list[Document]
) -> None:
    proxy.faults = Faults(
        share_429=0.10,
        share_503=0.05,
        share_reset_before=0.03,
        share_reset_after=0.03,
        share_truncated=0.03,
        share_stall=0.02,
        stall_seconds=1.0,
        share_refused=0.01,
        share_busy=0.05,
        where=WRITES,
        items_in="*-tracks-*",
    )
    ended = load.run(*SMALL)
    refused = refused_ids(proxy, plain)
    proxy.faults = Faults()
    assert ended.status == 1, ended.said
    assert {fault.value for fault in Fault if fault is not Fault.NONE} <= set(proxy.counts), "not all was tried"
    assert 5 < len(refused) < 100
    assert load.documents() == [document for document in plain if document.track.track_id not in refused]
    rejects = load.rejects()
    assert sorted(row["line"] for row in rejects) == sorted(int(one.rpartition(":")[2]) + 1 for one in refused)
    for row in rejects:
        assert "failed to parse: refused by the fault proxy" in str(row["reason"])
        assert any(f"the track {track_id}:" in str(row["reason"]) for track_id in refused)
    assert f"{len(refused)} rejected" in ended.said
    assert f"{ROWS - len(refused):,} added" in ended.said


def test_what_belongs_to_the_index_waits_for_room_too(load: Load, proxy: FaultProxy, plain: list[Document]) -> None:
    proxy.faults = Faults(share_busy=1.0, where=BULK, items_in="*-about-*")
    ended = load.run()
    assert ended.status == 0, ended.said
    assert proxy.counts["items busy"] == 8, "one spelling each"
    assert load.documents() == plain


def test_an_answer_that_comes_after_half_a_minute_holds_up_nothing_else(
    load: Load, proxy: FaultProxy, plain: list[Document]
) -> None:
    proxy.faults = Faults(stall_seconds=30.0, where=BULK)
    proxy.next_faults(Fault.NONE, Fault.NONE, Fault.STALL)
    process = load.start(*SMALL)
    wait_until(lambda: proxy.counts[Fault.STALL] == 1, process)
    stalled, before = time.monotonic(), proxy.counts["forwarded"]
    wait_until(lambda: proxy.counts["forwarded"] >= before + 20, process)
    assert time.monotonic() - stalled < 25, "the others went on while it was awaited"
    ended = load.end(process)
    assert ended.status == 0, ended.said
    assert time.monotonic() - stalled > 29, "it was awaited"
    assert proxy.counts[Fault.STALL] == 1
    assert load.documents() == plain


def test_the_server_may_be_away_for_twenty_seconds(load: Load, proxy: FaultProxy, plain: list[Document]) -> None:
    process = load.start(*SMALL)
    wait_until(lambda: proxy.counts["forwarded"] > 25, process)
    proxy.away()
    time.sleep(20)
    assert process.poll() is None, "it does not give up"
    proxy.back()
    ended = load.end(process)
    assert ended.status == 0, ended.said
    assert load.documents() == plain


@pytest.mark.parametrize(
    ("option", "asked"),
    [
        ("--prune", "*-tracks/_pit"),
        ("--reexpand", "*-tracks/_pit"),
        ("--reach", "*-tracks/_pit"),
        ("--reach", "*/_msearch"),
    ],
)
def test_the_server_may_be_away_when_all_of_the_index_is_read(
    load: Load, proxy: FaultProxy, option: str, asked: str
) -> None:
    assert load.run().status == 0
    load.source.write_bytes(make_rows(ROWS)[: -len(make_rows(ROWS).splitlines(keepends=True)[-1])])
    proxy.faults = Faults(share_reset_before=1.0, where=to(asked))
    process = load.start(option)
    wait_until(lambda: proxy.counts[Fault.RESET_BEFORE] > 0, process)
    time.sleep(6)
    assert process.poll() is None, "it does not give up"
    proxy.faults = Faults()
    ended = load.end(process)
    assert ended.status == 0, ended.said
    assert "trying again for 300 s" in ended.said
    assert len(load.documents()) == ROWS - (option == "--prune")


def test_a_server_that_is_away_for_good_ends_the_run_and_the_next_one_goes_on(
    load: Load, proxy: FaultProxy, plain: list[Document]
) -> None:
    process = load.start(*SMALL, "--patience", 2)
    wait_until(lambda: proxy.counts["forwarded"] > 25, process)
    proxy.away()
    ended = load.end(process)
    assert ended.status == 3
    assert "cannot be reached" in ended.said
    assert "Is the server up?" in ended.said
    proxy.back()
    ended = load.run(*SMALL)
    assert ended.status == 0, ended.said
    assert load.documents() == plain


def test_a_resumed_run_learns_again_what_was_refused(load: Load, proxy: FaultProxy, plain: list[Document]) -> None:
    proxy.faults = Faults(share_refused=0.01, where=BULK, items_in="*-tracks-*")
    refused = refused_ids(proxy, plain)
    process = load.start(*SMALL)
    wait_until(lambda: proxy.counts["items refused"] > 3, process)
    process.kill()
    process.wait()
    ended = load.run(*SMALL)
    assert ended.status == 1, ended.said
    assert {row["line"] for row in load.rejects()} == {int(one.rpartition(":")[2]) + 1 for one in refused}
    assert load.documents() == [document for document in plain if document.track.track_id not in refused]
    # A third one finds all else unchanged, and is refused the same.
    ended = load.run(*SMALL)
    assert ended.status == 1
    assert f"{ROWS - len(refused):,} unchanged, {len(refused)} rejected" in ended.said


def test_what_the_real_server_refuses_is_rejected_with_its_reason(tmp_path: Path, elasticsearch_9: Node) -> None:
    letters = "\U00012000" * 9_000  # one word of 36,000 bytes; a term has at most 32,766
    rows = make_rows(10) + f'{{"id": "long", "title": "{letters}", "tags": ["sad"]}}\n'.encode()
    for load in new_load(tmp_path, elasticsearch_9.url, elasticsearch_9.url, rows):
        ended = load.run()
        assert ended.status == 1, ended.said
        (row,) = load.rejects()
        assert row["line"] == 11
        assert "immense term" in str(row["reason"]) or "max_bytes_length_exceeded" in str(row["reason"])
        assert len(load.documents()) == 10


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_gives_the_index_back_and_the_next_one_goes_on(
    load: Load, proxy: FaultProxy, plain: list[Document], told: signal.Signals
) -> None:
    proxy.faults = Faults(share_stall=1.0, stall_seconds=0.2, where=BULK)
    process = load.start(*SMALL)
    wait_until(lambda: proxy.counts["forwarded"] > 30, process)
    process.send_signal(told)
    ended = load.end(process)
    assert ended.status == 130, ended.said
    assert "Traceback" not in ended.said
    state = load.state()
    assert state is not None
    assert state.lease is None
    proxy.faults = Faults()
    ended = load.run(*SMALL)
    assert ended.status == 0, ended.said
    assert "resuming" in ended.said
    assert load.documents() == plain


def test_an_interrupted_run_does_not_wait_for_a_server_that_hangs(load: Load, proxy: FaultProxy) -> None:
    process = load.start(*SMALL)
    wait_until(lambda: proxy.counts["forwarded"] > 25, process)
    proxy.black_hole()
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    started = time.monotonic()
    ended = load.end(process)
    assert ended.status == 130, ended.said
    assert time.monotonic() - started < 30
    proxy.back()


def test_an_index_that_is_removed_meanwhile_ends_the_run_and_is_not_made_anew(load: Load, proxy: FaultProxy) -> None:
    proxy.faults = Faults(share_stall=1.0, stall_seconds=0.1, where=BULK)
    process = load.start(*SMALL)
    wait_until(lambda: proxy.counts["forwarded"] > 25, process)
    with closing(ElasticEngine.open(f"{load.direct}/{load.name}")) as engine:
        (index,) = engine.connection.get(f"/_alias/{load.name}-tracks")
        engine.connection.request("DELETE", f"/{index}")
        ended = load.end(process)
        assert ended.status == 3, ended.said
        assert "no index at" in ended.said
        assert list(engine.connection.get(f"/_alias/{load.name}-*")) == [f"{load.name}-about-000001"]


def test_memory_does_not_grow_with_the_catalogue(tmp_path: Path, elasticsearch_9: Node) -> None:
    peaks = []
    for n in (15_000, 60_000):
        for load in new_load(tmp_path / str(n), elasticsearch_9.url, elasticsearch_9.url, make_rows(n)):
            ended = load.run()
            assert ended.status == 0, ended.said
            peaks.append(ended.peak)
    assert peaks[0] > 50_000_000, "it was measured"
    assert peaks[1] < peaks[0] + 20_000_000, peaks
