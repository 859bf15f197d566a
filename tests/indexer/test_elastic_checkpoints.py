"""What is noted of a load into Elasticsearch never lies behind a document that the server refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from search.elastic.encoding import document_id
from tests.faults.choosing import BULK, Faults
from tests.faults.proxy import FaultProxy
from tests.indexer import elastic_load
from tests.indexer.elastic_load import Load, make_rows, new_load, wait_until
from tests.servers.node import Node

pytestmark = pytest.mark.slow

ROWS = 1_000
# As a load that takes hours: it is shown again and again, here after each batch.
SHOWN_OFTEN = "import indexer.loading\nindexer.loading.SHOWN_EVERY = 0.0\n"


@pytest.fixture
def proxy(elasticsearch_9: Node) -> Iterator[FaultProxy]:
    with FaultProxy(elasticsearch_9.url, seed=4) as proxy:
        yield proxy


@pytest.fixture
def load(tmp_path: Path, proxy: FaultProxy, elasticsearch_9: Node) -> Iterator[Load]:
    yield from new_load(tmp_path, proxy.url, elasticsearch_9.url, make_rows(ROWS))


def test_a_run_that_shows_its_work_and_is_killed_leaves_nothing_refused_unsaid(
    load: Load, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elastic_load, "COMMAND", SHOWN_OFTEN + elastic_load.COMMAND)
    proxy.faults = Faults(share_refused=0.02, where=BULK, items_in="*-tracks-*")
    process = load.start("--batch-size", 50)
    wait_until(lambda: proxy.counts["items refused"] > 5, process)
    process.kill()
    process.wait()
    ended = load.run("--batch-size", 50)
    assert ended.status == 1, ended.said
    stored = {document.track.track_id for document in load.documents()}
    rejected = {row["line"] for row in load.rejects()}
    assert len(rejected) > 5
    assert len(stored) + len(rejected) == ROWS
    assert not any(proxy.refuses(document_id(track_id)) for track_id in stored)
