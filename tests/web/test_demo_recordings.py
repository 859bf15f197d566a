"""Real recordings all the way: heard, indexed, found by what was heard and by how they sound, and played."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from indexer.cli import index_command
from search.document import Document
from search.embedded import EmbeddedEngine
from search.searcher import Searcher
from tagmodel.model import load_model
from web.app import create_app
from web.settings import Settings

pytestmark = [pytest.mark.data, pytest.mark.slow]

RECORDINGS = 26


@pytest.fixture(scope="module")
def demo(data_dir: Path) -> Path:
    return data_dir / "audio" / "demo"


@pytest.fixture(scope="module")
def engine(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedEngine]:
    """An index of the demo recordings, made by the command."""
    place = tmp_path_factory.mktemp("demo")
    arguments = [str(demo), "--engine", str(place / "index"), "--hearing-cache", str(place / "cache"), "--no-reach"]
    result = CliRunner().invoke(index_command, arguments)
    assert result.exit_code == 0, result.output
    with_sound = EmbeddedEngine.open(place / "index")
    yield with_sound
    with_sound.close()


@pytest.fixture(scope="module")
def documents(engine: EmbeddedEngine) -> list[Document]:
    return list(engine.all_documents())


@pytest.fixture(scope="module")
def client(engine: EmbeddedEngine, demo: Path) -> FlaskClient:
    app = create_app(Searcher(engine, load_model(None)), Settings(audio_root=demo))
    return app.test_client()


def ids(client: FlaskClient, address: str, **parameters: object) -> list[str]:
    response = client.get(address, query_string=parameters)
    assert response.status_code == 200, response.text
    return [hit["track"]["track_id"] for hit in response.get_json()["hits"]]


def test_every_recording_is_heard_and_found_by_its_tags(client: FlaskClient, documents: list[Document]) -> None:
    assert len(documents) == RECORDINGS
    tagged = [one for one in documents if one.heard]
    assert len(tagged) >= RECORDINGS // 3
    for document in tagged:
        for tag_id in document.heard:
            found = ids(client, "/api/v1/search", q=f'"{name_of(client, tag_id)}"', k=RECORDINGS)
            assert document.track.track_id in found, (document.track.title, tag_id)


def name_of(client: FlaskClient, tag_id: str) -> str:
    response = client.get("/api/v1/tag", query_string={"tag": tag_id})
    assert response.status_code == 200, response.text
    return str(response.get_json()["spelling"])


def test_every_recording_has_others_that_sound_like_it(client: FlaskClient, documents: list[Document]) -> None:
    for document in documents:
        near = ids(client, "/api/v1/similar", id=document.track.track_id, by="sound")
        assert len(near) == 5
        assert document.track.track_id not in near


def test_every_recording_is_played_byte_by_byte(client: FlaskClient, documents: list[Document], demo: Path) -> None:
    for document in documents:
        assert document.sound is not None
        played = client.get("/api/v1/track/audio", query_string={"id": document.track.track_id})
        assert (played.status_code, played.content_type) == (200, "audio/mpeg")
        assert played.data == (demo / document.sound.file).read_bytes()
