"""Who may write, and for how long: writers that live, died, left, or were left behind; who reads meanwhile."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from typing import Any

import pytest
from msgspec.structs import replace

from search.elastic.address import parse_address
from search.elastic.connection import Connection
from search.elastic.engine import ElasticEngine
from search.elastic.indices import all_pairs, remove_pair
from search.elastic.state import read_state, take_lease, write_state
from search.elastic.writer import ElasticWriter
from search.engine import IndexBusy, SearchUnavailable
from tests.search.engine_contract import document
from tests.servers.node import Node

pytestmark = pytest.mark.slow

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


def test_a_generation_that_was_left_is_written_by_its_own_name_only(engine: ElasticEngine) -> None:
    stored = read_state(engine.connection, engine.place.about)
    write_state(engine.connection, stored, replace(stored.record, left=True))
    with pytest.raises(IndexBusy, match="another generation takes its place"):
        engine.writer()
    assert read_state(engine.connection, stored.index).record.lease is None
    assert take_lease(engine.connection, stored.index).record.lease is not None


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
