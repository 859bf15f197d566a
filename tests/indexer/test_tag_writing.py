"""Tags go into files so that they are read back as tags, and nothing else in the file changes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import mutagen
import numpy as np
import pytest
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, ID3, PRIV, TXXX, UFID
from numpy.typing import NDArray

from audiomodel.decoding import decode
from audiomodel.identity import audio_id
from audiomodel.metadata import BadAudio, read_metadata
from indexer.tag_writing import WriteFailed, backup_place, plan_change, write_change
from tests.audiomodel.sound_files import two_tones, write_by_av
from tests.audiomodel.tones import write_tone
from tests.indexer.audio_files import WRITERS, write_audio

SAID = {"title": "Blue ü", "artist": "Joni", "album": "Blue", "genre": "Folk", "date": "1971", "mood": "sad"}
COMMENT = {"comment": "Recorded live at the old mill, in one take."}


def no_identity(_path: Path) -> str:
    return ""


def write(path: Path, *tags: str, backup: Path | None = None) -> None:
    write_change(plan_change(path, tags), backup, no_identity)


@pytest.mark.parametrize("suffix", sorted(WRITERS))
def test_what_is_written_is_read_back_and_all_other_fields_are_as_they_were(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"song{suffix}"
    write_audio(path, SAID | COMMENT)
    before = read_metadata(path)
    change = plan_change(path, ["drone", "Sad", "folk", "rock, pop", "Drone"])
    assert (change.added, change.present) == (("drone", "rock, pop"), ("Sad", "folk"))
    write_change(change, None, no_identity)
    after = read_metadata(path)
    assert after.tags() == (*before.tags(), "drone", "rock, pop")
    assert {**after.texts, "tags": ()} == {**before.texts, "tags": ()}
    assert after.seconds == before.seconds
    assert plan_change(path, ["drone", "rock, pop"]).added == ()
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", sorted(WRITERS))
def test_tags_are_added_to_those_of_an_earlier_time(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"song{suffix}"
    WRITERS[suffix](path)
    write(path, "one")
    write(path, "two", "ünü")
    write(path, "one", "three")
    assert read_metadata(path).tags() == ("one", "two", "ünü", "three")


def test_id3_keeps_its_version_its_pictures_and_what_programs_keep_in_it(tmp_path: Path) -> None:
    path = tmp_path / "song.mp3"
    WRITERS[".mp3"](path)
    tags = ID3()
    tags.add(APIC(encoding=0, mime="image/png", type=3, desc="cover", data=os.urandom(3000)))
    tags.add(PRIV(owner="player", data=b"\0\1\2"))
    tags.add(UFID(owner="http://musicbrainz.org", data=b"an-id"))
    tags.add(TXXX(encoding=1, desc="Tags", text=["slow"]))
    tags.save(path, v2_version=3)
    written = ID3(path, translate=False)
    write(path, "drone", "deep")
    after = ID3(path, translate=False)
    assert after.version == (2, 3, 0)
    assert after.getall("TXXX")[0].text == ["slow; drone; deep"]
    for key in ("APIC:cover", "PRIV:player:\0\1\2", "UFID:http://musicbrainz.org"):
        assert repr(after[key]) == repr(written[key])
    assert set(after) == set(written)
    assert read_metadata(path).tags() == ("slow", "drone", "deep")


@pytest.mark.parametrize("with_newer", [True, False])
def test_the_oldest_tags_at_the_end_of_a_file_stay_to_the_byte(tmp_path: Path, with_newer: bool) -> None:
    path = tmp_path / "song.mp3"
    write_audio(path, {"title": "A newer title"} if with_newer else {})
    oldest = b"TAG" + b"An old title".ljust(30) + b"Somebody".ljust(30) + bytes(30) + b"1971" + bytes(30) + b"\x11"
    path.write_bytes(path.read_bytes() + oldest)
    title = read_metadata(path).first("title")
    write(path, "drone")
    assert path.read_bytes()[-128:] == oldest
    assert read_metadata(path).first("title") == title
    assert read_metadata(path).tags() == ("drone",)


def test_flac_keeps_its_pictures_and_its_doubled_fields(tmp_path: Path) -> None:
    path = tmp_path / "song.flac"
    write_audio(path, {"title": "Blue"})
    file = FLAC(path)
    file.tags.extend([("Artist", "One"), ("artist", "Two"), ("LYRICS", "la\nla")])
    picture = Picture()
    picture.data, picture.mime = os.urandom(2000), "image/png"
    file.add_picture(picture)
    file.save()
    before = list(FLAC(path).tags)
    write(path, "drone")
    assert list(FLAC(path).tags) == [*before, ("TAGS", "drone")]
    assert FLAC(path).pictures[0].data == picture.data


@pytest.mark.parametrize("written", ["song.mp3", "../song.mp3", "../" * 30 + "song.mp3", "/x/../../song.mp3"])
def test_no_path_leads_a_backup_out_of_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "deep")
    folder = tmp_path / "originals"
    assert Path(os.path.normpath(backup_place(folder, Path(written)))).is_relative_to(folder)


def test_the_file_as_it_was_is_kept_where_one_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, path = tmp_path / "backup", Path("a/song.flac")
    monkeypatch.chdir(tmp_path)
    path.parent.mkdir()
    write_audio(path, SAID)
    os.utime(path, (1_000_000_000, 1_000_000_000))
    first = path.read_bytes()
    write(path, "drone", backup=backup_place(folder, path))
    second = path.read_bytes()
    write(path, "deep", backup=backup_place(folder, path))
    assert (folder / "a" / "song.flac").read_bytes() == first
    assert (folder / "a" / "song.flac").stat().st_mtime == 1_000_000_000
    assert (folder / "a" / "song.2.flac").read_bytes() == second
    write(path.absolute(), "wide", backup=backup_place(folder, path.absolute()))
    assert (folder / Path(*path.absolute().parts[1:])).exists()


def test_rights_and_links_stay(tmp_path: Path) -> None:
    path, link = tmp_path / "song.flac", tmp_path / "link.flac"
    write_audio(path, SAID)
    path.chmod(0o640)
    link.symlink_to(path)
    write(link, "drone")
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert "drone" in read_metadata(path).tags()


def test_a_file_whose_audio_would_change_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "song.flac"
    write_audio(path, SAID)
    before = path.read_bytes()
    with pytest.raises(WriteFailed, match="its audio would change"):
        write_change(plan_change(path, ["drone"]), None, str)
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["song.flac"]


def test_a_file_that_is_no_audio_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_text("text")
    with pytest.raises(BadAudio):
        plan_change(tmp_path / "a.mp3", ["drone"])


@pytest.mark.parametrize("suffix", sorted(WRITERS))
def test_the_sound_of_every_format_is_the_same_to_the_bit(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"song{suffix}"
    if suffix == ".m4a":
        write_by_av(path, two_tones(1.0, 44_100), 44_100, kind="mp4", codec="aac")
    else:
        write_tone(path, seconds=1.0)
    before, sound = audio_id(path), sound_of(path)
    for tags in (["drone"], ["deep", "ünü" * 40], ["slow"]):
        write_change(plan_change(path, tags), None, audio_id)
    assert read_metadata(path).tags() == ("drone", "deep", "ünü" * 40, "slow")
    assert audio_id(path) == before
    assert np.array_equal(sound_of(path), sound)


def sound_of(path: Path) -> NDArray[np.float32]:
    return decode(path, max_seconds=10).waveform


@pytest.mark.data
@pytest.mark.parametrize("name", ["vibe_ace.mp3", "gold_rush.mp3"])
def test_a_real_recording_sounds_the_same_to_the_bit(tmp_path: Path, data_dir: Path, name: str) -> None:
    path = tmp_path / name
    shutil.copy(data_dir / "audio" / "demo" / name, path)
    path.chmod(0o644)
    before, said = audio_id(path), mutagen.File(path).tags
    write_change(plan_change(path, ["heard", "and written"]), None, audio_id)
    assert audio_id(path) == before
    after = mutagen.File(path).tags
    assert {key: repr(after[key]) for key in said} == {key: repr(said[key]) for key in said}
    assert set(after) - set(said) == {"TXXX:TAGS"}
