"""A folder of audio files is a catalogue of what the files say about themselves."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from mutagen.id3 import COMM, ID3

from audiomodel.metadata import read_metadata
from indexer.audio_folder import AudioFolder, walk_audio
from indexer.entries import Found, Reject, SourceError
from tagmodel.track import Track
from tests.audiomodel.sound_files import write_sound
from tests.indexer.audio_files import WRITERS, write_audio

SAID = {
    "title": "Blue",
    "artist": "Joni",
    "album": "Blue",
    "genre": "Folk",
    "date": "1971-06-22",
    "mood": "sad",
    "grouping": "slow; piano",
    "keywords": "voice, 1970s",
    "comment": "intimate, bare",
}


def tracks(folder: Path) -> list[Track]:
    return [entry.track for entry in AudioFolder(folder, "disk").entries() if isinstance(entry, Found)]


@pytest.mark.parametrize("suffix", sorted(WRITERS))
def test_every_format_says_the_same_things(tmp_path: Path, suffix: str) -> None:
    write_audio(tmp_path / f"song{suffix}", SAID)
    (track,) = tracks(tmp_path)
    assert (track.track_id, track.source) == (f"disk:song{suffix}", "disk")
    assert (track.title, track.artist, track.album, track.genre) == ("Blue", "Joni", "Blue", "Folk")
    assert track.year == 1971
    assert track.duration == pytest.approx(1, abs=0.05)
    assert set(track.tags) == {"sad", "slow", "piano", "voice", "1970s", "intimate", "bare"}


@pytest.mark.parametrize("suffix", sorted(WRITERS))
def test_a_file_without_metadata_goes_by_its_name(tmp_path: Path, suffix: str) -> None:
    WRITERS[suffix](tmp_path / f"01 - Blue{suffix}")
    (track,) = tracks(tmp_path)
    assert (track.title, track.artist, track.tags) == ("01 - Blue", "", ())


@pytest.mark.parametrize("name", ["a.aac", "a.webm"])
def test_a_file_of_a_kind_without_tags_goes_by_its_name(tmp_path: Path, name: str) -> None:
    path = write_sound(tmp_path, name)
    (track,) = tracks(tmp_path)
    assert (track.track_id, track.title, track.tags) == (f"disk:{name}", "a", ())
    # mutagen takes tags at the start for those of an mp3.
    said = ID3()
    said.add(COMM(encoding=3, text=["x"]))
    said.save(tmp_path / "said")
    path.write_bytes((tmp_path / "said").read_bytes() + path.read_bytes())
    (track,) = tracks(tmp_path)
    assert track.title == "a"
    path.write_text("no audio")
    (entry,) = AudioFolder(tmp_path, "disk").entries()
    assert isinstance(entry, Reject)


@pytest.mark.parametrize(
    ("comment", "tags"),
    [
        ("dark, brooding; film noir", ("dark", "brooding", "film noir")),
        ("Recorded live at the old mill, in one take", ()),
        ("Visit https://example.org", ()),
        ("www.example.org", ()),
        ("0000 1A2B", ("0000 1A2B",)),
        ("12345", ()),
    ],
)
def test_a_comment_is_tags_only_where_it_looks_like_them(tmp_path: Path, comment: str, tags: tuple[str, ...]) -> None:
    write_audio(tmp_path / "a.mp3", {"comment": comment})
    assert read_metadata(tmp_path / "a.mp3").tags() == tags


def test_comments_that_programs_keep_for_themselves_are_not_tags(tmp_path: Path) -> None:
    write_audio(tmp_path / "a.mp3", {"title": "x"})
    file = ID3(tmp_path / "a.mp3")
    file.add(COMM(encoding=3, lang="eng", desc="iTunNORM", text=["loud"]))
    file.save()
    assert read_metadata(tmp_path / "a.mp3").tags() == ()


def test_files_come_in_the_same_order_whatever_the_disk_says(tmp_path: Path) -> None:
    for name in ("b.mp3", "a/z.mp3", "B.mp3", "a.mp3", "a/b/c.mp3", "a b.mp3"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        write_audio(tmp_path / name, {})
    (tmp_path / ".hidden.mp3").write_bytes(b"")
    (tmp_path / "cover.jpg").write_bytes(b"")
    names = [track.track_id.removeprefix("disk:") for track in tracks(tmp_path)]
    assert names == ["B.mp3", "a/b/c.mp3", "a/z.mp3", "a b.mp3", "a.mp3", "b.mp3"]


def test_what_cannot_be_looked_at_is_named_and_no_folder_is_taken_for_empty(tmp_path: Path) -> None:
    # The system says that it cannot follow these, not that nothing is there.
    (tmp_path / "song.mp3").symlink_to("x" * 300)
    assert list(walk_audio(tmp_path)) == [tmp_path / "song.mp3"]
    (tmp_path / "disc 1").symlink_to("x" * 300)
    with pytest.raises(SourceError, match="disc 1: cannot be read"):
        list(walk_audio(tmp_path))


def test_links_in_a_circle_are_walked_once(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    write_audio(tmp_path / "a" / "x.mp3", {})
    (tmp_path / "a" / "up").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "b").symlink_to(tmp_path / "a", target_is_directory=True)
    (tmp_path / "self.mp3").symlink_to(tmp_path / "self.mp3")
    (tmp_path / "gone.mp3").symlink_to(tmp_path / "nowhere.mp3")
    os.mkfifo(tmp_path / "pipe.mp3")
    assert [track.track_id for track in tracks(tmp_path)] == ["disk:a/x.mp3"]


def test_files_that_cannot_be_read_are_rejected_with_the_reason(tmp_path: Path) -> None:
    write_audio(tmp_path / "good.flac", {"title": "Good"})
    (tmp_path / "cut.flac").write_bytes((tmp_path / "good.flac").read_bytes()[:20])
    (tmp_path / "empty.mp3").write_bytes(b"")
    (tmp_path / "text.ogg").write_text("no audio")
    write_audio(tmp_path / "year.flac", {"date": "soon"})
    entries = list(AudioFolder(tmp_path, "disk").entries())
    rejected = {entry.track_id: entry.reason for entry in entries if isinstance(entry, Reject)}
    assert set(rejected) == {"disk:cut.flac", "disk:empty.mp3", "disk:text.ogg", "disk:year.flac"}
    assert all(track_id.removeprefix("disk:") in reason for track_id, reason in rejected.items())
    assert "year: expected" in rejected["disk:year.flac"]
    assert len(entries) == 5


@pytest.mark.parametrize("suffix", sorted(WRITERS))
def test_damaged_files_are_never_more_than_a_reject(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write_audio(path, SAID)
    whole = path.read_bytes()
    for at in range(0, min(len(whole), 600), 7):
        for damaged in (whole[:at] + b"\xff\x00\xff" + whole[at + 3 :], whole[:at]):
            path.write_bytes(damaged)
            (entry,) = AudioFolder(tmp_path, "disk").entries()
            assert isinstance(entry, Found) or entry.reason.startswith(f"a{suffix}: ")


def test_a_name_that_is_no_utf_8_has_a_stable_id(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9.mp3"
    write_audio(tmp_path / "x.mp3", {})
    (tmp_path / "x.mp3").rename(os.fsdecode(name))
    (track,) = tracks(tmp_path)
    assert (track.track_id, track.title) == ("disk:caf\\xe9.mp3", "caf\\xe9")


def test_a_folder_without_audio_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(SourceError, match=r"expected audio files \(.aac, .aif, .aiff, .* found none"):
        AudioFolder(tmp_path, "disk")


@pytest.mark.data
def test_real_recordings_are_read(data_dir: Path) -> None:
    found = tracks(data_dir / "audio" / "demo")
    assert len(found) == 26
    assert all(track.title and track.artist and track.duration for track in found)
