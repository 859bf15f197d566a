"""Recordings sent to be heard, by the real ear: its process starts once for all tests here."""

from __future__ import annotations

import io
import tempfile
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from flask import Flask
from flask.testing import FlaskClient
from openapi_schema_validator import OAS31Validator

from audiomodel.problems import Reason
from search.searcher import Searcher
from web.api.app import OPERATIONS
from web.api.openapi import openapi_document
from web.app import create_app
from web.hearing import SharedEar
from web.running.uploads import MAX_UPLOAD

RATE = 44_100


def wav(seconds: float) -> bytes:
    rng = np.random.default_rng(3)
    times = np.arange(int(seconds * RATE)) / RATE
    music = 0.3 * np.sin(2 * np.pi * 220 * times) * np.exp(-6 * (times % 0.5)) + rng.normal(0, 0.01, len(times))
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setparams((1, 2, RATE, 0, "NONE", ""))
        written.writeframes((np.clip(music, -1, 1) * 32_767).astype("<i2").tobytes())
    return file.getvalue()


def long_flac() -> bytes:
    file = io.BytesIO()
    soundfile.write(file, np.tile(np.array([0.1, -0.1], np.float32), 605 * RATE // 2), RATE, format="FLAC")
    return file.getvalue()


@pytest.fixture(scope="module")
def hearing_app(demo_searcher: Searcher) -> Iterator[Flask]:
    app = create_app(demo_searcher)
    yield app
    app.extensions["ear"].close()


@pytest.fixture
def send(hearing_app: Flask) -> Any:
    def post(data: bytes, content_type: str = "audio/wav", **given: Any) -> Any:
        return hearing_app.test_client().post("/api/v1/hear", data=data, content_type=content_type, **given)

    return post


def test_a_recording_is_heard(send: Any) -> None:
    response = send(wav(12))
    heard = response.json
    assert response.status_code == 200, heard
    assert heard["seconds"] == 12.0
    assert heard["container"] == "wav"
    assert heard["status"] in {"ok", "unlike"}
    assert heard["tempo"]["bpm"] == pytest.approx(120, rel=0.01)
    assert len(heard["audio_id"]) == 32
    assert [moment["start"] for moment in heard["moments"]] == sorted(moment["start"] for moment in heard["moments"])
    assert heard["tagger"]["hears"]


def test_the_answer_is_as_the_document_says(send: Any) -> None:
    document = openapi_document(OPERATIONS)
    (answer,) = document["paths"]["/hear"]["post"]["responses"]["200"]["content"].values()
    OAS31Validator({**answer["schema"], "components": document["components"]}).validate(send(wav(1)).json)


def test_any_media_type_of_sound_is_taken(send: Any) -> None:
    for media_type in ("audio/mpeg", "audio/webm;codecs=opus", "video/webm", "application/octet-stream"):
        assert send(wav(1), media_type).status_code == 200, media_type


def test_another_media_type_is_refused(send: Any) -> None:
    response = send(b"{}", "application/json")
    assert response.status_code == 415
    assert "audio/*" in response.json["detail"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.EMPTY),
        (b"Dear Sir or Madam, " * 1000, Reason.NOT_AUDIO),
        (wav(0.05), Reason.TOO_SHORT),
        (wav(2)[:44] + bytes(200_000), Reason.SILENT),
        (long_flac(), Reason.TOO_LONG),
    ],
    ids=lambda value: value.value if isinstance(value, Reason) else "",
)
def test_what_cannot_be_heard_has_its_reason(send: Any, data: bytes, reason: Reason) -> None:
    response = send(data)
    assert response.status_code == 422
    assert response.json["reason"] == reason
    assert response.json["type"].endswith("#unheard")


def test_too_large_a_body_is_refused_whether_it_says_so_or_not(send: Any) -> None:
    assert send(bytes(MAX_UPLOAD + 1)).status_code == 413
    unsaid = {"wsgi.input": io.BytesIO(bytes(MAX_UPLOAD + 1)), "wsgi.input_terminated": True}
    response = send(None, environ_overrides=unsaid)
    assert response.status_code == 413


def test_nothing_of_what_was_sent_is_kept(send: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert send(wav(1)).status_code == 200
    assert send(b"no sound").status_code == 422
    assert list(tmp_path.iterdir()) == []


def test_a_busy_ear_says_when_to_come_back(hearing_app: Flask, send: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(hearing_app.extensions, "ear", SharedEar(patience=0.01))
    with hearing_app.extensions["ear"].turn():
        response = send(wav(1))
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert response.json["type"].endswith("#cannot-hear")


def test_without_a_tagger_it_says_so(demo_searcher: Searcher, tmp_path: Path) -> None:
    app = create_app(demo_searcher)
    app.extensions["ear"] = SharedEar(tmp_path)
    client: FlaskClient = app.test_client()
    response = client.post("/api/v1/hear", data=wav(1), content_type="audio/wav")
    assert response.status_code == 503
    assert response.json["detail"] == "this server has no tagger to hear recordings with"
