"""Identity: tags, pictures and moves leave a recording what it is, and no two recordings are the same."""

from __future__ import annotations

import shutil
import time

import mutagen
import pytest
import soundfile
from mutagen.id3 import APIC, COMM, ID3, TIT2
from mutagen.mp4 import MP4Cover

from audiomodel.decoding import decode
from audiomodel.identity import audio_id
from audiomodel.problems import AudioProblem, Reason
from tests.audiomodel.sound_files import FORMATS, two_tones, write_sound

TAGGED = ["a.mp3", "16.wav", "16.aiff", "a.flac", "vorbis.ogg", "a.opus", "flac.ogg", "a.m4a", "alac.m4a"]
PICTURE = bytes(range(256)) * 40


def write_tags(path, title: str) -> None:
    """Write a title, and a picture where that is easy, in the file's own kind of tags."""
    file = mutagen.File(path)
    if file.tags is None:
        file.add_tags()
    if isinstance(file.tags, ID3):
        file.tags.add(TIT2(text=title))
        file.tags.add(COMM(lang="eng", text="x" * 2_000))
        file.tags.add(APIC(mime="image/png", data=PICTURE))
    elif path.suffix == ".m4a":
        file["\xa9nam"] = title
        file["covr"] = [MP4Cover(PICTURE)]
    else:
        file["title"] = title
        file["comment"] = "x" * 70_000
    file.save()


@pytest.mark.parametrize("name", TAGGED)
def test_tags_leave_the_identity_alone(tmp_path, name):
    path = write_sound(tmp_path, name, seconds=2.0)
    before, bytes_before = audio_id(path), path.read_bytes()
    for title in ("One title", "Another, which is a good deal longer"):
        write_tags(path, title)
        assert audio_id(path) == before
    assert path.read_bytes() != bytes_before
    mutagen.File(path).delete()
    assert audio_id(path) == before


def test_old_tags_at_the_end_leave_the_identity_alone(tmp_path):
    path = write_sound(tmp_path, "a.mp3", seconds=2.0)
    before = audio_id(path)
    ID3().save(path, v1=2)
    file = ID3(path)
    file.add(TIT2(text="Title"))
    file.save(path, v1=2)
    assert path.read_bytes()[-128:].startswith(b"TAG")
    assert audio_id(path) == before


def test_tags_of_other_programs_at_the_end_leave_the_identity_alone(tmp_path):
    from mutagen.apev2 import APEv2

    path = write_sound(tmp_path, "a.mp3", seconds=2.0)
    before = audio_id(path)
    tags = APEv2()
    tags["Title"] = "Title"
    tags.save(path)
    assert audio_id(path) == before


@pytest.mark.parametrize("name", FORMATS)
def test_identity_is_the_same_again_and_elsewhere(tmp_path, name):
    path = write_sound(tmp_path, name)
    identity = audio_id(path)
    assert len(identity) == 32
    assert set(identity) <= set("0123456789abcdef")
    moved = shutil.move(path, tmp_path / "moved")
    assert audio_id(moved) == audio_id(moved) == identity


@pytest.mark.parametrize("name", FORMATS)
def test_other_sound_is_another_recording(tmp_path, name):
    identities = [audio_id(write_sound(tmp_path, name, seconds=seconds)) for seconds in (1.0, 1.01, 1.5, 2.0)]
    assert len(set(identities)) == 4


@pytest.mark.parametrize(("one", "other"), [("a.m4a", "film.mp4"), ("flac.ogg", "flac.mkv"), ("16.wav", "rf64.wav")])
def test_the_same_encoding_in_another_container_is_the_same_recording(tmp_path, one, other):
    assert audio_id(write_sound(tmp_path, one)) == audio_id(write_sound(tmp_path, other))


def test_the_same_bytes_at_another_rate_are_another_recording(tmp_path):
    for rate in (44_100, 48_000):
        soundfile.write(tmp_path / f"{rate}.wav", two_tones(1.0, 44_100), rate)
    assert audio_id(tmp_path / "44100.wav") != audio_id(tmp_path / "48000.wav")


def test_what_is_no_sound_has_an_identity_too(tmp_path):
    first, second = tmp_path / "a.mp3", tmp_path / "b.mp3"
    first.write_text("no sound")
    second.write_text("no sound at all")
    assert audio_id(first) == audio_id(first)
    assert audio_id(first) != audio_id(second)


def test_what_cannot_be_read_has_none(tmp_path):
    (tmp_path / "empty").touch()
    for name, reason in (("empty", Reason.EMPTY), ("missing", Reason.UNREADABLE), (".", Reason.UNREADABLE)):
        with pytest.raises(AudioProblem) as caught:
            audio_id(tmp_path / name)
        assert caught.value.reason is reason


def test_telling_a_recording_costs_less_than_decoding_it(tmp_path):
    path = write_sound(tmp_path, "a.mp3", seconds=20.0)
    audio_id(path)
    began = time.process_time()
    audio_id(path)
    told = time.process_time()
    decode(path, 20.5)
    assert told - began < time.process_time() - told
