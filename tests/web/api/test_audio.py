"""Recordings by track id: whole, in parts, only below the root, and only what is sound."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest
from flask.testing import FlaskClient

from search.document import Document
from search.embedded import EmbeddedEngine
from search.searcher import Searcher
from search.sound import Sound
from tagmodel.track import Track
from tests.web.sounding import write_sine
from web.api.audio import MOST_AT_ONCE, WHOLE_AT_ONCE, asked_part
from web.app import create_app
from web.recordings import MEDIA_TYPES
from web.settings import Settings

AUDIO = "/api/v1/track/audio?id=s:1"


def test_a_recording_is_sent_whole(sounding: FlaskClient, sounding_root: Path) -> None:
    response = sounding.get(AUDIO)
    data = (sounding_root / "hum" / "low.wav").read_bytes()
    assert (response.status_code, response.content_type, response.data) == (200, "audio/wav", data)
    assert response.headers["Accept-Ranges"] == "bytes"
    assert int(response.headers["Content-Length"]) == len(data)
    assert not response.headers["ETag"].startswith("W/")


def test_a_part_is_sent_to_who_asks_for_it(sounding: FlaskClient, sounding_root: Path) -> None:
    data = (sounding_root / "hum" / "low.wav").read_bytes()
    for asked, (begin, end) in {
        "bytes=10-19": (10, 20),
        "bytes=100-": (100, len(data)),
        "bytes=-50": (len(data) - 50, len(data)),
        "bytes=0-99999999": (0, len(data)),
    }.items():
        response = sounding.get(AUDIO, headers={"Range": asked})
        assert (response.status_code, response.data) == (206, data[begin:end]), asked
        assert response.headers["Content-Range"] == f"bytes {begin}-{end - 1}/{len(data)}"
        assert int(response.headers["Content-Length"]) == end - begin


@pytest.mark.parametrize("asked", ["bytes=5-", "bytes=5-99999999", f"bytes=-{10 * MOST_AT_ONCE - 5}"])
def test_a_long_part_of_a_recording_comes_in_pieces(asked: str) -> None:
    assert asked_part(asked, 10 * MOST_AT_ONCE) == (5, 5 + MOST_AT_ONCE)


def test_few_long_recordings_are_sent_whole_at_a_time(serve_file, tmp_path: Path) -> None:
    write_sine(tmp_path / "root" / "long.wav", 440, 1.1 * MOST_AT_ONCE / 16_000)
    client, address = serve_file("long.wav"), "/api/v1/track/audio?id=x:1"
    slow = [client.get(address) for _ in range(WHOLE_AT_ONCE)]
    refused = client.get(address)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert refused.content_type == "application/problem+json"
    assert client.get(address, headers={"Range": "bytes=0-"}).status_code == 206
    assert client.head(address).status_code == 200
    for one in slow:
        one.close()
    assert client.get(address).status_code == 200


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "bytes=x", "seconds=1-2", "bytes", "bytes=9-3"])
def test_what_is_no_range_counts_as_not_said(sounding: FlaskClient, asked: str) -> None:
    assert sounding.get(AUDIO, headers={"Range": asked}).status_code == 200


def test_a_range_behind_the_end_is_refused(sounding: FlaskClient) -> None:
    response = sounding.get(AUDIO, headers={"Range": "bytes=99999999-"})
    assert response.status_code == 416
    assert response.json is not None
    assert response.json["type"].endswith("#bad-range")
    assert response.headers["Content-Range"].startswith("bytes */")


def test_only_the_head_is_sent_to_who_asks_for_that(sounding: FlaskClient) -> None:
    whole, head = sounding.get(AUDIO), sounding.head(AUDIO)
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == whole.headers["Content-Length"]
    assert sounding.head("/api/v1/track/audio?id=s:4").status_code == 404


def test_what_a_client_has_is_not_sent_again(sounding: FlaskClient) -> None:
    first = sounding.get(AUDIO)
    known = {"If-None-Match": first.headers["ETag"], "If-Modified-Since": first.headers["Last-Modified"]}
    for name, value in known.items():
        again = sounding.get(AUDIO, headers={name: value})
        assert (again.status_code, again.data) == (304, b""), name
        assert again.headers["ETag"] == first.headers["ETag"]


def test_a_part_of_another_recording_is_not_mixed_in(sounding: FlaskClient) -> None:
    tag = sounding.get(AUDIO).headers["ETag"]
    part = {"Range": "bytes=0-9"}
    assert sounding.get(AUDIO, headers={**part, "If-Range": tag}).status_code == 206
    assert sounding.get(AUDIO, headers={**part, "If-Range": '"another"'}).status_code == 200


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("?id=s:4", "no-recording"),
        ("?id=nobody", "unknown-track"),
        ("", "bad-parameter"),
        ("?id=a&file=b", "bad-parameter"),
    ],
)
def test_why_there_is_none_is_a_problem(sounding: FlaskClient, address: str, kind: str) -> None:
    response = sounding.get(f"/api/v1/track/audio{address}")
    assert response.content_type == "application/problem+json"
    assert response.json is not None
    assert response.json["type"].endswith(f"#{kind}")


def test_without_a_root_nothing_is_played(sounding_index: Path, model) -> None:
    engine = EmbeddedEngine.open(sounding_index)
    client = create_app(Searcher(engine, model)).test_client()
    assert client.get(AUDIO).status_code == 404
    assert "player.js" not in client.get("/track?id=s:1").text
    engine.close()


@pytest.fixture
def serve_file(tmp_path: Path, model):
    """Serves one track whose file is called as it is given, below the folder ``root``."""
    engines = []

    def serve(name: str) -> FlaskClient:
        engine = EmbeddedEngine.open(tmp_path / f"index{len(engines)}", create=True)
        engines.append(engine)
        with engine.writer() as writer:
            writer.write([Document(Track("x:1", "One"), sound=Sound(file=name))])
            writer.commit()
        return create_app(Searcher(engine, model), Settings(audio_root=tmp_path / "root")).test_client()

    (tmp_path / "root" / "deep").mkdir(parents=True)
    write_sine(tmp_path / "outside.wav", 440)
    write_sine(tmp_path / "root" / "inside.wav", 440)
    yield serve
    for engine in engines:
        engine.close()


def test_nothing_outside_of_the_root_is_sent(serve_file, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "link.wav").symlink_to(tmp_path / "outside.wav")
    (root / "folder").symlink_to(tmp_path)
    (root / "loop.wav").symlink_to(root / "loop.wav")
    os.mkfifo(root / "pipe.wav")
    (root / "text.wav").write_text("<script>alert(1)</script>")
    names = ["../outside.wav", str(tmp_path / "outside.wav"), "link.wav", "folder/outside.wav", "loop.wav", "pipe.wav"]
    for name in [*names, "text.wav", "deep", "gone.wav", "a\0b", "x" * 5_000]:
        response = serve_file(name).get("/api/v1/track/audio?id=x:1")
        assert response.status_code == 404, name
        assert str(tmp_path) not in response.text


def test_what_is_no_file_of_sound_is_not_left_open(serve_file) -> None:
    client = serve_file("deep")
    client.get("/api/v1/track/audio?id=x:1")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        assert client.get("/api/v1/track/audio?id=x:1").status_code == 404
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_link_within_the_root_is_followed(serve_file, tmp_path: Path) -> None:
    (tmp_path / "root" / "deep" / "link.wav").symlink_to(tmp_path / "root" / "inside.wav")
    assert serve_file("deep/link.wav").get("/api/v1/track/audio?id=x:1").status_code == 200


def test_a_recording_is_what_it_begins_like_whatever_it_is_called(serve_file, tmp_path: Path) -> None:
    (tmp_path / "root" / "inside.wav").rename(tmp_path / "root" / "page.html")
    response = serve_file("page.html").get("/api/v1/track/audio?id=x:1")
    assert (response.status_code, response.content_type) == (200, "audio/wav")
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_each_container_has_a_media_type() -> None:
    from audiomodel import sniffing

    names = {one.name for one in vars(sniffing).values() if isinstance(one, sniffing.Container)}
    assert names == set(MEDIA_TYPES)


def test_a_track_is_found_by_its_name_while_it_is_typed(sounding: FlaskClient) -> None:
    def found(name: str) -> list[str]:
        answer = sounding.get("/api/v1/names", query_string={"name": name})
        return [one["label"] for one in msgspec.json.decode(answer.data)["tracks"]]

    assert found("whistle") == ["Whistle, Pipers"]
    assert set(found("hum")) == {"Low Hum, Hummers", "High Hum, Hummers"}
    assert found("hum hi") == ["High Hum, Hummers"]
    assert found("Whistle, Pipers") == ["Whistle, Pipers"]
    assert found("nobody knows") == []
