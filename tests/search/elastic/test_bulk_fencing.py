"""One writer at a time: whoever lost the index to another one says so, and writes no more."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import count

import pytest
from msgspec.structs import replace

from search.elastic import writer as writing
from search.elastic.engine import ElasticEngine
from search.elastic.indices import all_pairs, remove_pair
from search.elastic.lease import Lease
from search.elastic.state import read_state, write_state
from search.engine import IndexBusy
from tests.faults.choosing import BULK, Fault, Faults, to
from tests.faults.proxy import FaultProxy
from tests.search.engine_contract import document
from tests.servers.node import Node

pytestmark = pytest.mark.slow

_numbers = count()
OTHER = Lease("other", "elsewhere", 1, "", time.time() + 3600)


@dataclass
class Place:
    """An index behind a proxy, and the same looked at directly."""

    engine: ElasticEngine
    direct: ElasticEngine
    proxy: FaultProxy

    def take_over(self, lease: Lease | None = OTHER) -> None:
        """Write the state as another writer would that takes this one for dead."""
        stored = read_state(self.direct.connection, self.direct.place.about)
        write_state(self.direct.connection, stored, replace(stored.record, lease=lease))


@pytest.fixture
def place(elasticsearch_9: Node) -> Iterator[Place]:
    with FaultProxy(elasticsearch_9.url) as proxy:
        name = f"fence-{os.getpid()}-{next(_numbers)}"
        with (
            closing(ElasticEngine.open(f"{elasticsearch_9.url}/{name}", create=True)) as direct,
            closing(ElasticEngine.open(f"{proxy.url}/{name}")) as engine,
        ):
            yield Place(engine, direct, proxy)
            for pair in all_pairs(direct.connection):
                remove_pair(direct.connection, pair)


def test_a_writer_that_was_taken_over_commits_nothing(place: Place) -> None:
    before = place.direct.state()
    with place.engine.writer() as writer:
        writer.write([document("a", "sad")])
        place.take_over()
        with pytest.raises(IndexBusy, match="another writer has taken over"):
            writer.commit()
        with pytest.raises(IndexBusy):
            writer.commit()
    assert place.direct.state() == before
    lease = read_state(place.direct.connection, place.direct.place.about).record.lease
    assert lease == OTHER, "the other one's lease stays"


def test_a_writer_sends_nothing_once_it_knows_that_it_was_taken_over(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_NOTE_EVERY", 0.0)
    with place.engine.writer(patience=30) as writer:
        place.take_over()

        def load() -> None:
            for number in range(1_000):
                writer.write([document(f"x{number}", "sad")])
                writer.set_checkpoint("at", str(number))
                writer.flush()
                time.sleep(0.01)

        with pytest.raises(IndexBusy):
            load()
        sent = place.proxy.counts["requests"]
        with pytest.raises(IndexBusy):
            writer.flush()
        assert place.proxy.counts["requests"] == sent


def test_a_writer_that_slept_through_its_lease_asks_before_it_sends(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with place.engine.writer(patience=30) as writer:
        place.take_over()
        monkeypatch.setattr(writing, "time", lambda: time.time() + 3600)  # it was asleep for an hour
        writer.write([document("late", "sad")])
        with pytest.raises(IndexBusy, match="taken over"):
            writer.commit()
    place.direct.connection.post(f"/{place.direct.place.tracks}/_refresh")
    assert list(place.direct.all_documents()) == []


def test_a_write_of_ones_own_whose_answer_was_lost_is_no_take_over(place: Place) -> None:
    with place.engine.writer() as writer:
        place.proxy.faults = Faults(where=to("*/_doc/state"))
        place.proxy.next_faults(*[Fault.RESET_AFTER] * 40)
        writer.write([document("a", "sad")])
        with pytest.raises(Exception, match="cannot be reached"):
            writer.commit()
        place.proxy.next_faults()
        place.proxy.faults = Faults(where=BULK)
        state = writer.commit()
        assert state.n_tracks == 1
    assert [one.track.track_id for one in place.direct.all_documents()] == ["a"]
    assert read_state(place.direct.connection, place.direct.place.about).record.lease is None
