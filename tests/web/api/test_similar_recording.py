"""A recording that is sent finds what sounds like it: three real ones, from their files to the answer."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from indexer.cli import index_command
from search.embedded import EmbeddedEngine
from search.searcher import Searcher
from tagmodel.model import load_model
from web.app import create_app

pytestmark = [pytest.mark.data, pytest.mark.slow]

NAMES = ("better", "do_not_blink", "sweet_waltz")


@pytest.fixture(scope="module")
def folder(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sent") / "demo"
    folder.mkdir()
    for name in NAMES:
        shutil.copy(data_dir / "audio" / "demo" / f"{name}.mp3", folder)
    return folder


@pytest.fixture(scope="module")
def app(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    place = tmp_path_factory.mktemp("index")
    options = ["--engine", str(place / "index"), "--hearing-cache", str(place / "cache.sqlite"), "--jobs", "1"]
    made = CliRunner().invoke(index_command, [str(folder), *options], catch_exceptions=False)
    assert made.exit_code == 0, made.output
    engine = EmbeddedEngine.open(place / "index")
    app = create_app(Searcher(engine, load_model()))
    yield app
    app.extensions["ear"].close()
    engine.close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def excerpt(path: Path) -> bytes:
    """Return five seconds of a file."""
    waveform, rate = soundfile.read(path)
    written = io.BytesIO()
    soundfile.write(written, waveform[10 * rate : 15 * rate], rate, format="WAV")
    return written.getvalue()


def test_a_file_of_the_index_is_known_and_followed_by_what_is_like_it(client: FlaskClient, folder: Path) -> None:
    data = (folder / "better.mp3").read_bytes()
    answer = client.post("/api/v1/similar?k=2", data=data, content_type="audio/mpeg").json
    assert [one["name"] for one in answer["references"]] == ["the recording"]
    assert answer["hits"][0]["track"]["title"] == "Do not blink"
    (same,) = answer["same"]
    by_id = client.get("/api/v1/similar", query_string={"id": same, "k": 2}).json
    assert by_id["hits"] == answer["hits"]


def test_five_seconds_are_found_again_by_their_moment(client: FlaskClient, folder: Path) -> None:
    data = excerpt(folder / "do_not_blink.mp3")
    answer = client.post("/api/v1/similar", data=data, content_type="audio/wav").json
    assert answer["by_moment"]
    first = answer["hits"][0]
    assert first["track"]["title"] == "Do not blink"
    assert first["moment"]["similarity"] > 0.8
    away = client.post(
        f"/api/v1/similar?unlike={first['track']['track_id']}", data=data, content_type="audio/wav"
    ).json
    assert first["track"]["track_id"] not in [hit["track"]["track_id"] for hit in away["hits"]]


def test_what_is_no_recording_and_what_is_asked_wrong_are_refused(client: FlaskClient) -> None:
    refused = client.post("/api/v1/similar", data=b"no music", content_type="audio/mpeg")
    assert (refused.status_code, refused.json["reason"]) == (422, "not-audio")
    wrong = client.post("/api/v1/similar?by=smell", data=b"no music", content_type="audio/mpeg")
    assert (wrong.status_code, wrong.json["parameter"]) == (400, "by")
    unknown = client.post("/api/v1/similar?like=nope", data=b"no music", content_type="audio/mpeg")
    assert (unknown.status_code, unknown.json["parameter"]) == (404, "like")
