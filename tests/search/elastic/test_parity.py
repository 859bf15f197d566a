"""The whole program on two engines: the same commands over the real catalogue, the same answers to the last bit."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from search.engine import SearchEngine
from search.engines import open_engine
from search.searcher import Searcher
from search.writing import delete_track, put_track
from tagmodel.model import TagModel, load_model
from tests.conftest import REPOSITORY
from tests.search.elastic.varied_requests import differences, varied_requests, words_of
from tests.search.engine_contract import remove_indices, set_environment
from web.app import create_app

pytestmark = [pytest.mark.slow, pytest.mark.data]

SEED = 20_100


@pytest.fixture(scope="module")
def model() -> TagModel:
    return load_model()


@pytest.fixture(scope="module", params=["elasticsearch_9", "elasticsearch_8"])
def engines(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, data_dir: Path, model: TagModel
) -> Iterator[tuple[SearchEngine, SearchEngine]]:
    """Both engines after the same life: indexed by the command, then tracks changed, taken out and put back."""
    server = request.getfixturevalue(request.param)
    set_environment(request, SHARDS="3", TIMEOUT="60")
    address = f"{server.url}/tagkin-parity-{os.getpid()}"
    addresses = (str(tmp_path_factory.mktemp("parity") / "index"), address)
    try:
        for each in addresses:
            index(each, data_dir)
        with closing(open_engine(addresses[0])) as embedded, closing(open_engine(addresses[1])) as elastic:
            for engine in (embedded, elastic):
                live(engine, model)
            yield embedded, elastic
    finally:
        remove_indices(address)


def index(address: str, data_dir: Path) -> None:
    """Index the demo as a person does."""
    environment = {**os.environ, "TAGKIN_DATA": str(data_dir)}
    command = [sys.executable, "-m", "tagkin", "index", "mtat", "fma", "--engine", address]
    subprocess.run(command, cwd=REPOSITORY, env=environment, check=True, capture_output=True, timeout=900)


def live(engine: SearchEngine, model: TagModel) -> None:
    """Change some tracks, take some out, and put some of these back, one by one as a program does."""
    chance = random.Random(SEED)
    tracks = [document.track for document in chance.sample(list(engine.all_documents()), 40)]
    for track in tracks[:20]:
        put_track(engine, model, replace(track, tags=track.tags[1:], title=track.title.upper()))
    for track in tracks[10:40]:
        delete_track(engine, track.track_id)
    for track in tracks[30:35]:
        put_track(engine, model, track)


@pytest.fixture
def clients(engines: tuple[SearchEngine, SearchEngine], model: TagModel) -> list[FlaskClient]:
    return [create_app(Searcher(engine, model)).test_client() for engine in engines]


def test_two_hundred_answers_of_the_api_are_the_same(
    engines: tuple[SearchEngine, SearchEngine], clients: list[FlaskClient]
) -> None:
    asked = varied_requests(words_of(engines[0], SEED), SEED)
    differing, met = {}, Counter[str]()
    for address in asked:
        embedded, elastic = (client.get(address) for client in clients)
        assert (embedded.status_code, elastic.status_code) == (200, 200), address
        if differs := list(differences(embedded.json, elastic.json)):
            differing[address] = differs[:5]
        met.update(notable(embedded.json))
    assert differing == {}
    # The hard cases are really among them.
    assert met["relaxed"] >= 5
    assert met["corrections"] >= 5
    assert met["excluded"] >= 15
    assert met["edge within a tie"] >= 10
    assert met["facets"] >= 80


def notable(answer: dict[str, object]) -> Iterator[str]:
    """Yield what is special about an answer."""
    for name in ("relaxed", "corrections", "excluded", "facets"):
        if answer.get(name):
            yield name
    hits = answer.get("hits") or []
    scores = [hit["score"] for hit in hits]
    if len(scores) > 1 and scores[0] == scores[1]:
        yield "edge within a tie"


def test_every_document_and_count_is_the_same(engines: tuple[SearchEngine, SearchEngine]) -> None:
    embedded, elastic = engines
    assert list(elastic.all_documents()) == list(embedded.all_documents())
    assert dict(elastic.tag_counts()) == dict(embedded.tag_counts())
    assert elastic.state().n_tracks == embedded.state().n_tracks
    assert {tag: elastic.tag_spelling(tag) for tag in elastic.tag_counts()} == {
        tag: embedded.tag_spelling(tag) for tag in embedded.tag_counts()
    }


def test_the_reach_of_all_searches_is_the_same(engines: tuple[SearchEngine, SearchEngine], model: TagModel) -> None:
    embedded, elastic = (Searcher(engine, model).reach() for engine in engines)
    assert embedded.table is not None
    assert elastic.table is not None
    ours, theirs = embedded.table.record, elastic.table.record
    assert (ours.tags, ours.last_ids) == (theirs.tags, theirs.last_ids)
    for name in ours.arrays.__dataclass_fields__:
        assert (getattr(ours.arrays, name) == getattr(theirs.arrays, name)).all(), name
