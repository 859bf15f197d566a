"""`kill -9` in the middle of a load into Elasticsearch, again and again: in the end the index is as if never killed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.choosing import BULK, Faults
from tests.faults.proxy import FaultProxy
from tests.indexer.elastic_load import Load, make_rows, new_load, wait_until
from tests.servers.node import Node

ROWS = 20_000
KILLS = 8
BATCH = ("--batch-size", 50)


@pytest.fixture
def proxy(elasticsearch_9: Node) -> Iterator[FaultProxy]:
    with FaultProxy(elasticsearch_9.url) as proxy:
        yield proxy


@pytest.fixture
def load(tmp_path: Path, proxy: FaultProxy, elasticsearch_9: Node) -> Iterator[Load]:
    yield from new_load(tmp_path, proxy.url, elasticsearch_9.url, make_rows(ROWS))


@pytest.mark.slow
def test_killed_eight_times_at_random_moments(load: Load, proxy: FaultProxy, tmp_path: Path) -> None:
    dice = random.Random(3)
    # Eight times so few of 400 batches do not come to the end. Slow enough that the note of how far it came is written.
    proxy.faults = Faults(share_stall=1.0, stall_seconds=0.2, where=BULK)
    resumed = 0
    for _ in range(KILLS):
        before = proxy.counts["forwarded"]
        process = load.start(*BATCH)
        enough = before + dice.randint(5, 45)
        wait_until(lambda enough=enough: proxy.counts["forwarded"] > enough, process)  # type: ignore[misc]
        process.kill()
        process.wait()
        resumed += "resuming" in (tmp_path / "stderr").read_text()
        state = load.state()
        assert state is not None
        assert state.lease is not None, "nobody gave it back"
    proxy.faults = Faults()
    ended = load.run(*BATCH)
    assert ended.status == 0, ended.said
    assert "resuming" in ended.said
    assert resumed > 0
    state = load.state()
    assert state is not None
    assert (state.n_tracks, state.unshown, state.lease, state.checkpoints) == (ROWS, False, None, {})
    for whole in new_load(tmp_path / "whole", load.direct, load.direct, make_rows(ROWS)):
        assert whole.run().status == 0
        assert load.documents() == whole.documents()
