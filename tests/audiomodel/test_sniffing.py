"""Sniffing: what a file is, is told from its bytes, and what is not read here is refused by name."""

from __future__ import annotations

import random

import pytest

from audiomodel.mpeg import first_frame, frame_length
from audiomodel.opening import open_sound
from audiomodel.problems import AudioProblem, Reason
from audiomodel.sniffing import Container, sniff
from tests.audiomodel.sound_files import FORMATS, write_sound

CONTAINERS = {"wav": "wav", "aiff": "aiff", "flac": "flac", "ogg": "ogg", "opus": "ogg", "mp3": "mp3", "mp2": "mp3"}
CONTAINERS |= {"m4a": "mp4", "mp4": "mp4", "aac": "aac", "webm": "webm", "mkv": "matroska"}


def sniffed(path) -> Container:
    with open_sound(path) as file:
        return sniff(file)


def refusal_of(path) -> AudioProblem:
    with pytest.raises(AudioProblem) as caught:
        sniffed(path)
    return caught.value


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_is_known_by_its_bytes(tmp_path, name):
    path = write_sound(tmp_path, name).rename(tmp_path / "no name")
    assert sniffed(path).name == CONTAINERS[name.rpartition(".")[2]]


@pytest.mark.parametrize(
    ("head", "named"),
    [
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "JPEG"),
        (b"%PDF-1.7", "PDF"),
        (b"PK\x03\x04", "ZIP"),
        (b"  <!doctype html>", "web page"),
        (b"#EXTM3U\nhttp://127.0.0.1/a.mp3\n", "playlist"),
        (b"[playlist]\nFile1=http://127.0.0.1/\n", "playlist"),
        (b'{"a": 1}', "JSON"),
        (b"just some words", "expected mp3, flac"),
        (bytes(5_000), "expected mp3, flac"),
        (b"ID", "expected mp3, flac"),
    ],
)
def test_what_is_no_sound_is_named(tmp_path, head, named):
    path = tmp_path / "song.mp3"
    path.write_bytes(head)
    refusal = refusal_of(path)
    assert refusal.reason is Reason.NOT_AUDIO
    assert named in refusal.message
    assert "song" not in refusal.message


@pytest.mark.parametrize("head", [b"MThd\0\0\0\6", b"wvpk", b"MAC ", b"\x30\x26\xb2\x75\x8e\x66", b"caff", b".snd"])
def test_sound_that_is_not_read_here_is_named(tmp_path, head):
    path = tmp_path / "song"
    path.write_bytes(head + bytes(100))
    assert refusal_of(path).reason is Reason.UNSUPPORTED


def test_random_bytes_are_no_mp3():
    dice = random.Random(3)
    found = [first_frame(dice.randbytes(65_536)) for _ in range(30)]
    assert found.count(None) >= 29


def test_the_length_of_a_frame_is_that_of_its_header():
    assert frame_length(b"\xff\xfb\x90\x64") == 417  # layer III, 128 kbit/s, 44.1 kHz
    assert frame_length(b"\xff\xfb\x92\x64") == 418  # with padding
    assert frame_length(b"\xff\xf3\x80\x64") == 208  # MPEG 2, 64 kbit/s, 22.05 kHz
    assert frame_length(b"\xff\xfd\x80\x04") == 417  # layer II, 128 kbit/s
    no_frames = (b"\xff\xff\xff\xff", b"\xff\xe0\0\0", b"\xff\xfb\x9c\0", b"\xff", b"")
    assert not any(map(frame_length, no_frames))


def test_a_tag_without_sound_is_damaged(tmp_path):
    path = tmp_path / "song.mp3"
    path.write_bytes(b"ID3\x04\0\0\0\0\x07\x76" + bytes(1_014))
    assert refusal_of(path).reason is Reason.DAMAGED
