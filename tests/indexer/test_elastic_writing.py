"""One track at a time into Elasticsearch: what it does not take is told, in the API too, and changes nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from itertools import count

import orjson
import pytest

from search.elastic.engine import ElasticEngine
from search.searcher import Searcher
from search.writing import RefusedTrack, delete_track, put_track
from tagmodel.model import TagModel, load_model
from tagmodel.track import Track
from tests.indexer.elastic_load import remove_all
from tests.servers.node import Node
from web.app import create_app
from web.settings import Settings

pytestmark = pytest.mark.slow

_numbers = count()
TOKEN = "a-token-that-is-long-enough-to-be-one"
# One word of 36,000 bytes; a term of the server has at most 32,766.
WORD = "\U00012000" * 9_000


@pytest.fixture(scope="module")
def model() -> TagModel:
    return load_model(None)


@pytest.fixture
def engine(elasticsearch_9: Node) -> Iterator[ElasticEngine]:
    address = f"{elasticsearch_9.url}/one-{os.getpid()}-{next(_numbers)}"
    with closing(ElasticEngine.open(address, create=True)) as engine:
        yield engine
        remove_all(engine.connection)


def test_a_track_is_found_as_soon_as_it_is_written(engine: ElasticEngine, model: TagModel) -> None:
    state, created = put_track(engine, model, Track("mine:1", "Morning", tags=("rock",)))
    assert (state.n_tracks, created) == (1, True)
    state, created = put_track(engine, model, Track("mine:1", "Evening", tags=("rock",)))
    assert (state.n_tracks, created) == (1, False)
    (document,) = engine.documents(["mine:1"])
    assert document is not None
    assert document.track.title == "Evening"
    assert engine.state() == state
    state, was_there = delete_track(engine, "mine:1")
    assert (state.n_tracks, was_there) == (0, True)


def test_a_track_that_the_server_does_not_take_leaves_the_old_one(engine: ElasticEngine, model: TagModel) -> None:
    put_track(engine, model, Track("mine:1", "Morning"))
    with pytest.raises(RefusedTrack, match="32766"):
        put_track(engine, model, Track("mine:1", WORD))
    (document,) = engine.documents(["mine:1"])
    assert document is not None
    assert document.track.title == "Morning"
    put_track(engine, model, Track("mine:2", "Evening"))
    assert engine.state().n_tracks == 2


def test_the_api_says_why_a_track_is_not_taken(engine: ElasticEngine, model: TagModel) -> None:
    client = create_app(Searcher(engine, model), Settings(tokens=(TOKEN,))).test_client()
    headers = {"Authorization": f"Bearer {TOKEN}"}
    body = orjson.dumps({"title": WORD})  # as it is: escaped it would be too long for the API
    answer = client.put("/api/v1/track?id=mine:1", data=body, content_type="application/json", headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.json["type"].endswith("#refused-track")
    assert "32766" in answer.json["detail"]
    assert client.put("/api/v1/track?id=mine:1", json={"title": "Dawn"}, headers=headers).status_code == 201
