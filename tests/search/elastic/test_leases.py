"""Who may write, and for how long: writers that live, died, left, or were left behind; who reads meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from typing import Any

import pytest
from msgspec.structs import replace

from search.elastic.address import parse_address
from search.elastic.connection import LONG_TIMEOUT, Connection
from search.elastic.engine import ElasticEngine
from search.elastic.indices import all_pairs, remove_pair
from search.elastic.lease import LEASE_SECONDS, Lease, renewed
from search.elastic.state import STATE_ID, read_state, take_lease, write_state
from search.elastic.writer import ElasticWriter
from search.engine import IndexBusy, SearchUnavailable
from tests.faults.choosing import BULK, Faults, to
from tests.faults.proxy import FaultProxy
from tests.search.engine_contract import document
from tests.servers.node import Node

_numbers = count()


@pytest.fixture
def address(elasticsearch_9: Node) -> Iterator[str]:
    address = f"{elasticsearch_9.url}/lease-{os.getpid()}-{next(_numbers)}"
    yield address
    connection = Connection(parse_address(address))
    for pair in all_pairs(connection):
        remove_pair(connection, pair)
    connection.close()


@pytest.fixture
def engine(address: str) -> Iterator[ElasticEngine]:
    engine = ElasticEngine.open(address, create=True)
    yield engine
    engine.close()


@pytest.fixture
def proxy(elasticsearch_9: Node) -> Iterator[FaultProxy]:
    with FaultProxy(elasticsearch_9.url) as proxy:
        yield proxy


@pytest.fixture
def behind_proxy(engine: ElasticEngine, proxy: FaultProxy) -> Iterator[ElasticEngine]:
    """The same index by way of the proxy."""
    with closing(ElasticEngine.open(f"{proxy.url}/{engine.connection.address.name}")) as other:
        yield other


@pytest.mark.slow
def test_a_generation_that_was_left_is_written_by_its_own_name_only(engine: ElasticEngine) -> None:
    stored = read_state(engine.connection, engine.place.about)
    write_state(engine.connection, stored, replace(stored.record, left=True))
    with pytest.raises(IndexBusy, match="another generation takes its place"):
        engine.writer()
    assert read_state(engine.connection, stored.index).record.lease is None
    assert take_lease(engine.connection, stored.index).record.lease is not None


@pytest.mark.slow
def test_a_writer_outlives_the_engine_that_opened_it(engine: ElasticEngine, address: str) -> None:
    with engine.writer() as writer:
        writer.write([document("a", "sad")])
        engine.close()
        assert writer.commit().n_tracks == 1
        writer.write([document("b", "sad")])
        assert writer.commit().n_tracks == 2
    with pytest.raises(SearchUnavailable, match="this connection was closed"):
        engine.state()
    with pytest.raises(SearchUnavailable, match="this connection was closed"):
        engine.writer()
    with closing(ElasticEngine.open(address)) as other, other.writer() as writer:
        assert writer.record.n_tracks == 2, "its lease was given back"


@pytest.mark.slow
def test_a_reader_that_looks_while_a_commit_is_under_way_misses_no_spelling(
    engine: ElasticEngine, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, str | None]] = []
    with closing(ElasticEngine.open(address)) as reader:
        refresh, store = ElasticWriter._refresh, ElasticWriter._store

        def look() -> None:
            seen.append((reader.state().delta, reader.tag_spelling("sad")))

        def refresh_and_look(writer: ElasticWriter, index: str) -> None:
            look()
            refresh(writer, index)
            look()

        def store_and_look(writer: ElasticWriter, *args: float, **changes: Any) -> None:
            store(writer, *args, **changes)
            look()

        monkeypatch.setattr(ElasticWriter, "_refresh", refresh_and_look)
        monkeypatch.setattr(ElasticWriter, "_store", store_and_look)
        with engine.writer() as writer:
            writer.write([document("a", "sad")])
            writer.name_tags({"sad": "Sad"})
            writer.commit()
        assert {(0, None), (1, "Sad")} == set(seen)
        assert len(seen) > 5


@pytest.mark.slow
def test_deletes_are_remembered_for_longer_than_any_request_of_ours_may_last(engine: ElasticEngine) -> None:
    index = read_state(engine.connection, engine.place.about).index.replace("-about-", "-tracks-")
    settings = engine.connection.get(f"/{index}/_settings")[index]["settings"]["index"]
    assert settings["gc_deletes"].endswith("m")
    assert int(settings["gc_deletes"][:-1]) * 60 > 5 * (LEASE_SECONDS + LONG_TIMEOUT)


@pytest.mark.slow
def test_a_writer_whose_goodbye_is_lost_locks_nobody_out_of_its_own_process(
    behind_proxy: ElasticEngine, engine: ElasticEngine, proxy: FaultProxy
) -> None:
    with behind_proxy.writer() as writer:
        writer.write([document("a", "sad")])
        writer.commit()
        proxy.away()
    lease = read_state(engine.connection, engine.place.about).record.lease
    assert lease is not None, "nobody has told the server"
    assert lease.until > time.time() + LEASE_SECONDS / 2
    with engine.writer() as writer:
        writer.write([document("b", "sad")])
        assert writer.commit().n_tracks == 2


@pytest.mark.slow
def test_a_lease_whose_answer_is_lost_is_nobodys(
    behind_proxy: ElasticEngine, engine: ElasticEngine, proxy: FaultProxy
) -> None:
    proxy.faults = Faults(share_reset_after=1.0, where=to(f"/*-writes/_doc/{STATE_ID}"))
    with pytest.raises(SearchUnavailable):
        take_lease(behind_proxy.connection, behind_proxy.place.about)
    assert read_state(engine.connection, engine.place.about).record.lease is not None
    with engine.writer() as writer:
        writer.write([document("a", "sad")])
        assert writer.commit().n_tracks == 1


@pytest.fixture
def lease() -> Lease:
    return renewed(Lease("token", "", 0, "", 0.0))


def ended_process() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        return process.pid


def test_a_process_that_ended_is_noticed_at_once(lease: Lease) -> None:
    assert lease.is_held()
    assert not replace(lease, pid=ended_process()).is_held()
    assert not replace(lease, started=f"{lease.started}0").is_held(), "a process id that came again"
    assert not replace(lease, until=time.time() - 1).is_held()


def test_a_writer_that_was_killed_is_noticed_before_its_parent_has_asked_for_it(lease: Lease) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not replace(lease, pid=process.pid).is_held()


@pytest.mark.parametrize("world", ["", "another-boot pid:[1]", "{boot} pid:[1]"])
def test_a_process_of_another_container_or_boot_is_not_looked_for_here(lease: Lease, world: str) -> None:
    began = lease.started.partition("#")[2]
    elsewhere = replace(lease, pid=ended_process(), started=f"{world.format(boot=lease.started.split()[0])}#{began}")
    assert elsewhere.is_held()
    assert not replace(elsewhere, until=time.time() - 1).is_held()


def test_a_process_that_is_hidden_from_us_is_not_taken_for_dead(lease: Lease, monkeypatch: pytest.MonkeyPatch) -> None:
    """As /proc does with hidepid, for users that are not root."""

    def refused(_pid: int, _signal: int) -> None:
        raise PermissionError

    hidden = replace(lease, pid=ended_process())
    monkeypatch.setattr(os, "kill", refused)
    assert hidden.is_held()


@pytest.mark.slow
def test_a_commit_stores_no_checkpoint_past_what_was_refused(behind_proxy: ElasticEngine, proxy: FaultProxy) -> None:
    with behind_proxy.writer() as writer:
        writer.set_checkpoint("ended", "1")
        writer.commit()
        proxy.faults = Faults(share_refused=1.0, where=BULK, items_in="*-tracks-*")
        writer.write([document("a", "sad")])
        writer.set_checkpoint("load", "1")
        writer.set_checkpoint("ended", "")
        writer.commit()
        assert writer.record.checkpoints == {}
        assert [one.track_id for one in writer.take_refused()] == ["a"]
        proxy.faults = Faults()
        writer.write([document("b", "sad")])
        writer.set_checkpoint("load", "2")
        writer.commit()
        assert writer.record.checkpoints == {"load": "2"}, "whoever has taken what was refused knows what it says"
