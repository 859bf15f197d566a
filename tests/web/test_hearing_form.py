"""Recordings sent to the pages, heard by the shipped tagger: what comes of them, and what is said of the others."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from flask.testing import FlaskClient

from audiomodel.problems import Reason
from search.embedded import EmbeddedEngine
from search.searcher import Searcher
from tests.web.conftest import Page
from tests.web.sounding import write_sine
from web.app import create_app
from web.hearing import SharedEar
from web.pages.hearing_form import _WORDS
from web.pages.similar_address import MAX_REFERENCES
from web.running.uploads import MAX_BODY


@pytest.fixture(scope="module")
def hearing(sounding_index: Path, model) -> Iterator[FlaskClient]:
    """Pages with an ear, which starts once for all tests here."""
    engine = EmbeddedEngine.open(sounding_index)
    app = create_app(Searcher(engine, model))
    yield app.test_client()
    app.extensions["ear"].close()
    engine.close()


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Twelve seconds of a beat of noise, as a WAV."""
    path = write_sine(tmp_path_factory.mktemp("noise") / "tone.wav", 440)
    data = bytearray(path.read_bytes())
    samples = np.frombuffer(data, "<i2", offset=44).copy()
    loud = (np.arange(len(samples)) % 4000 < 1200) * np.random.default_rng(0).normal(0, 6000, len(samples))
    data[44:] = np.clip(samples // 4 + loud, -32_768, 32_767).astype("<i2").tobytes()
    return bytes(data)


def send(client: FlaskClient, path: str, data: bytes, field: str = "file", **others: str | list[str]):
    form = {field: (io.BytesIO(data), "My Secret Song.mp3"), **others}
    return client.post(path, data=form, content_type="multipart/form-data")


def test_what_is_sent_becomes_a_reference_and_leaves_no_trace(
    hearing: FlaskClient, noise: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    answer = send(hearing, "/similar", noise, like="s:1", mix="0.5")
    assert answer.status_code == 303
    asked = parse_qs(urlsplit(answer.location).query)
    assert (asked["like"], asked["mix"], len(asked["heard"])) == (["s:1"], ["0.5"], 1)
    page = hearing.get(answer.location).text
    assert "Your file, 0:12" in page
    assert "Secret" not in page + answer.location
    assert not list(tmp_path.iterdir())
    assert "Your recording, 0:12" in hearing.get(send(hearing, "/similar", noise, "captured").location).text


def test_what_is_sent_to_the_suggest_page_is_in_its_address(hearing: FlaskClient, noise: bytes) -> None:
    answer = send(hearing, "/suggest/heard", noise, tags="sitar, tabla", no="indian")
    assert answer.status_code == 303
    asked = parse_qs(urlsplit(answer.location).query)
    assert (asked["tags"], asked["no"]) == (["sitar, tabla"], ["indian"])
    assert hearing.get(answer.location).status_code == 200
    assert hearing.get("/suggest/heard").location == "/suggest"


@pytest.mark.parametrize("path", ["/similar", "/suggest/heard"])
@pytest.mark.parametrize(
    ("name", "status", "says"),
    [
        ("nothing", 400, "No recording came with that"),
        ("text", 422, "It is no recording"),
        ("silence", 422, "It is silent"),
        ("cut", 422, "breaks off"),
        ("large", 413, "larger than 30 MB"),
    ],
)
def test_what_cannot_be_heard_is_named_and_the_form_is_kept(
    hearing: FlaskClient, tmp_path: Path, path: str, name: str, status: int, says: str
) -> None:
    silence = write_sine(tmp_path / "silence.wav", 440, loudness=0.0).read_bytes()
    data = {"text": b"no music " * 99, "silence": silence, "cut": b"fLaC" + b"\0" * 40}
    if name == "nothing":
        answer = hearing.post(path, data={"tags": "sitar", "like": "s:1"}, content_type="multipart/form-data")
    elif name == "large":
        said = {"CONTENT_LENGTH": str(MAX_BODY + 1)}
        answer = hearing.post(path, data=b"x", content_type="multipart/form-data; boundary=x", environ_overrides=said)
    else:
        answer = send(hearing, path, data[name], tags="sitar", like="s:1")
    assert answer.status_code == status
    page = Page(path, answer)
    (problem,) = page.all("p", "hear-problem")
    assert problem.name.startswith("That was not heard.")
    assert says in problem.name
    if name != "large":  # of a form that is too large nothing is read
        assert ("Low Hum" if path == "/similar" else "sitar") in page.text


def test_what_has_no_room_is_refused_before_it_is_heard(client: FlaskClient) -> None:
    ear = client.application.extensions["ear"]
    likes = [f"s:{number}" for number in range(MAX_REFERENCES)]
    answer = send(client, "/similar", b"no music", like=likes)
    assert answer.status_code == 400
    assert "There are 8 references already" in answer.text
    assert ear._ear is None  # nobody began to listen
    assert send(client, "/suggest/heard", b"no music", tags="a" * 5_000).status_code == 400


def test_there_are_words_for_every_reason() -> None:
    assert set(_WORDS) == set(Reason)
    assert all(words.endswith((".", "?")) for words in _WORDS.values())


@pytest.mark.parametrize("path", ["/similar", "/suggest/heard"])
def test_a_busy_ear_says_when_to_come_back(
    hearing: FlaskClient, noise: bytes, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    ear = SharedEar(patience=0.01)
    monkeypatch.setitem(hearing.application.extensions, "ear", ear)
    with ear.turn():
        answer = send(hearing, path, noise)
    ear.close()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "too many recordings are being heard" in answer.text
