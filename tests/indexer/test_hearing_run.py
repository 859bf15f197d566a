"""A folder of audio files is heard once: whatever is moved, tagged anew or broken off, nothing is decoded twice."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import mutagen
import numpy as np
import orjson
import pytest
import soundfile
from click.testing import Result

from audiomodel.cache import HearingCache
from audiomodel.hearing import HeardTag
from audiomodel.identity import audio_id
from audiomodel.remembering import RememberingEar
from audiomodel.tagger import load_tagger
from audiomodel.workers import Workers
from indexer import ears
from indexer.catalogues import SourceOptions
from indexer.heard_report import HeardReport
from indexer.jobs import IndexJob, run_index
from indexer.listening import Listening
from indexer.loading import LoadOptions
from indexer.progress import open_progress
from search.document import Document
from search.sound import similarity
from tests.audiomodel.hearings import make_hearing
from tests.audiomodel.sound_files import write_sound
from tests.audiomodel.tones import write_tone
from tests.indexer.conftest import Desk
from tests.indexer.tiny_model import TinyModel


class Music:
    """A folder of little recordings, and the index of it."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.folder = desk.folder / "music"
        self.folder.mkdir()

    def write(self, *names: str) -> None:
        for seed, name in enumerate(names):
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            write_tone(self.folder / name, seed, seconds=3.0)

    def index(self, *options: object) -> Result:
        return self.desk.index(self.folder, "--jobs", 1, "--no-reach", *options)

    def documents(self) -> dict[str, Document]:
        """Return documents by where their files are."""
        return {one.sound.file: one for one in self.desk.documents().values() if one.sound is not None}


@pytest.fixture
def music(desk: Desk) -> Music:
    return Music(desk)


def decoded(result: Result) -> int:
    found = re.search(r"heard \(([\d,]+) decoded now", result.stderr)
    assert found, result.stderr
    return int(found[1].replace(",", ""))


def test_a_folder_is_heard_while_it_is_indexed_and_heard_again_only_where_it_changed(music: Music) -> None:
    music.write("a.flac", "b/c.wav", "d.mp3")
    first = music.index()
    assert (first.exit_code, decoded(first)) == (0, 3), first.output
    documents = music.documents()
    assert set(documents) == {"a.flac", "b/c.wav", "d.mp3"}
    for document in documents.values():
        sound = document.sound
        assert sound is not None
        assert re.fullmatch(r"music:[0-9a-f]{20}", document.track.track_id)
        assert document.track.track_id == f"music:{sound.audio_id[:20]}"
        assert sound.seconds == pytest.approx(3.0, abs=0.1)
        assert similarity(sound.vector, sound.vector) == pytest.approx(1, abs=0.01)
        assert sound.moments
        assert sound.tagger_id
    again = music.index()
    assert decoded(again) == 0
    assert "0 added, 3 unchanged" in again.stderr
    write_tone(music.folder / "a.flac", 77, seconds=3.0)
    changed = music.index("--prune")
    assert decoded(changed) == 1
    assert "1 added, 2 unchanged, 1 pruned" in changed.stderr


def test_every_file_that_is_heard_by_itself_is_heard_in_a_folder_and_beside_a_row(music: Music) -> None:
    assert len({write_sound(music.folder, name, seconds=2.0) for name in ("a.aac", "a.webm")}) == 2
    assert decoded(music.index()) == 2
    assert {name: one.track.title for name, one in music.documents().items()} == {"a.aac": "a", "a.webm": "a"}
    songs = music.desk.write("songs.csv", "ID,Title,File\n1,One,a.aac\n2,Two,a.webm\n")
    result = music.desk.index(songs, "--audio", music.folder, "--jobs", 1, "--no-reach")
    assert "2 rows joined with files (2 by path)" in result.stderr


def test_a_file_that_is_moved_or_tagged_anew_stays_the_same_track_and_is_not_decoded(music: Music) -> None:
    music.write("a.flac", "b.mp3", "c.ogg")
    music.index()
    ids = {name: one.track.track_id for name, one in music.documents().items()}
    (music.folder / "deep" / "er").mkdir(parents=True)
    (music.folder / "a.flac").rename(music.folder / "deep" / "er" / "z.flac")
    for name in ("b.mp3", "c.ogg"):
        file = mutagen.File(music.folder / name, easy=True)
        if file.tags is None:
            file.add_tags()
        file["title"], file["genre"] = "A new title", "Sea shanty"
        file.save()
    result = music.index("--prune")
    assert decoded(result) == 0
    assert "0 added, 3 changed (" in result.stderr
    moved = music.documents()
    assert {name: one.track.track_id for name, one in moved.items()} == {
        "deep/er/z.flac": ids["a.flac"],
        "b.mp3": ids["b.mp3"],
        "c.ogg": ids["c.ogg"],
    }
    assert moved["b.mp3"].track.title == moved["c.ogg"].track.title == "A new title"


def test_what_is_heard_is_never_what_was_typed_already(music: Music) -> None:
    music.write("a.flac")
    music.index("--no-hear")
    (document,) = music.documents().values()
    assert document.sound is not None
    assert (document.heard, document.sound.vector, document.sound.file) == ((), b"", "a.flac")
    music.index()
    (document,) = music.documents().values()
    heard = [*document.heard, *document.faint]
    file = mutagen.File(music.folder / "a.flac")
    file["tags"] = [music_spelling(music, tag_id) for tag_id in heard]
    file.save()
    music.index()
    (document,) = music.documents().values()
    assert set(document.typed) == set(heard)
    assert document.heard == document.faint == ()
    quiet = music.index("--no-hear")
    assert "0 added, 1 unchanged" in quiet.stderr, "what was heard before is kept"


def music_spelling(music: Music, tag_id: str) -> str:
    from search.engines import open_engine

    with closing(open_engine(str(music.desk.engine))) as engine:
        return engine.tag_spelling(tag_id) or tag_id


def test_two_copies_are_one_track_and_the_second_is_told(music: Music) -> None:
    music.write("b.flac")
    shutil.copy(music.folder / "b.flac", music.folder / "c.flac")
    file = mutagen.File(music.folder / "c.flac")
    file["title"] = "Another title"
    file.save()
    rejects = music.desk.folder / "rejects.jsonl"
    result = music.index("--rejects", rejects)
    assert result.exit_code == 1
    (reject,) = map(orjson.loads, rejects.read_bytes().splitlines())
    assert reject["reason"] == "c.flac: a copy of b.flac, which is kept"
    assert set(music.documents()) == {"b.flac"}
    (music.folder / "b.flac").unlink()
    assert music.index("--prune").exit_code == 0
    (document,) = music.documents().values()
    assert document.track.title == "Another title"


def test_what_cannot_be_heard_stays_a_track_is_told_and_not_tried_again(music: Music) -> None:
    music.write("good.flac")
    soundfile.write(music.folder / "silent.wav", np.zeros(44_100 * 3), 44_100)
    file = mutagen.File(music.folder / "silent.wav")
    file.add_tags()
    file.tags.add(mutagen.id3.TIT2(encoding=3, text=["4'33"]))
    file.save()
    report = music.desk.folder / "report.jsonl"
    result = music.index("--heard-report", report)
    assert (result.exit_code, decoded(result)) == (0, 2)
    assert "1 file could not be heard (1 silent), and found by what else is known" in result.stderr
    lines = [line for line in map(orjson.loads, report.read_bytes().splitlines()) if line["kind"] == "not-heard"]
    assert [(line["file"], line["reason"].partition(":")[0]) for line in lines] == [("silent.wav", "silent")]
    document = music.documents()["silent.wav"]
    assert document.track.title == "4'33"
    assert document.sound is not None
    assert (document.sound.status, document.sound.vector) == ("silent", b"")
    assert decoded(music.index()) == 0


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[RememberingEar]:
    """An ear that knows no file of the music, and whose two processes are there."""
    write_tone(tmp_path / "first.wav", 99)
    with HearingCache(tmp_path / "another.sqlite", pytest.fail) as cache, RememberingEar(cache) as ear:
        assert len(list(ear.hear_all([tmp_path / "first.wav"]))) == 1
        yield ear


@contextmanager
def killed_at_work(workers: Workers[Any]) -> Iterator[None]:
    """Have the process of some workers stand still and be killed, as for want of memory, while it reads a file."""
    (pid,) = workers.pids
    os.kill(pid, signal.SIGSTOP)
    killer = threading.Timer(0.5, os.kill, (pid, signal.SIGKILL))
    killer.start()
    yield
    killer.join()


def index_with(
    ear: RememberingEar, music: Music, source: Path, audio: Path | None = None, *, prune: bool = False
) -> int:
    listening = Listening(ear, HeardReport(None, print))
    options = SourceOptions(ear=ear, listening=listening, audio=audio)
    load = LoadOptions(prune=prune)
    model: Any = TinyModel()
    job = IndexJob([str(source)], str(music.desk.engine), model, options, load, reach=False, listening=listening)
    with open_progress() as progress:
        return run_index(job, progress)


def test_a_file_whose_audio_cannot_be_told_for_now_neither_comes_in_by_its_path_nor_is_pruned(
    music: Music, ear: RememberingEar, capsys: pytest.CaptureFixture[str]
) -> None:
    music.write("a.flac", "b.flac")
    music.index()
    before = music.desk.documents()
    (music.folder / "b.flac").unlink()
    with killed_at_work(ear._workers()):
        assert index_with(ear, music, music.folder, prune=True) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "a.flac: the process that read it was killed, most likely for want of memory; the next run tries" in said
    assert "nothing is pruned" in said
    assert music.desk.documents() == before
    assert index_with(ear, music, music.folder, prune=True) == 0
    (left,) = music.desk.documents().values()
    assert left.sound is not None
    assert left.sound.file == "a.flac"


def test_what_was_heard_outlives_a_process_that_is_killed_while_it_listens(music: Music, ear: RememberingEar) -> None:
    music.write("a.flac")
    songs = music.desk.write("songs.csv", "ID,Title,Tags,File\n1,One,sad,a.flac\n")
    index_with(ear, music, songs, music.folder)
    before = music.desk.documents()
    write_tone(music.folder / "a.flac", 5)
    with killed_at_work(ear._listening()._workers):
        index_with(ear, music, songs, music.folder)
    assert music.desk.documents() == before
    index_with(ear, music, songs, music.folder)
    sound = music.desk.documents()["songs:1"].sound
    assert sound is not None
    assert (bool(sound.vector), sound.audio_id) == (True, audio_id(music.folder / "a.flac"))


def without_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ears, "missing_libraries", lambda: ("av",))


def test_without_the_libraries_files_go_by_their_path_until_they_can_go_by_their_audio(
    music: Music, monkeypatch: pytest.MonkeyPatch
) -> None:
    music.write("a.flac", "b/c.mp3")
    with monkeypatch.context() as patch:
        without_libraries(patch)
        result = music.index()
        assert result.exit_code == 0
        assert result.stderr.count("pip install 'tagkin[audio]'") == 1
        assert set(music.desk.documents()) == {"music:a.flac", "music:b/c.mp3"}
        assert music.index("--hear").exit_code == 2
    result = music.index()
    assert "2 tracks went by the path of their file, and go by its audio from now on" in result.stderr
    assert "0 added, 2 changed" in result.stderr
    assert len(music.desk.documents()) == 2
    assert not any(track_id.endswith((".flac", ".mp3")) for track_id in music.desk.documents())
    assert "went by the path" not in music.index().stderr
    without_libraries(monkeypatch)
    refused = music.index()
    assert (refused.exit_code, "every track would come in twice" in refused.stderr) == (2, True)
    assert len(music.desk.documents()) == 2


def test_a_file_whose_audio_cannot_be_told_for_now_goes_by_its_audio_as_soon_as_it_can(
    music: Music, ear: RememberingEar, monkeypatch: pytest.MonkeyPatch
) -> None:
    music.write("a.flac", "b.flac")
    with monkeypatch.context() as patch:
        without_libraries(patch)
        music.index()
    with killed_at_work(ear._workers()):
        assert index_with(ear, music, music.folder) == 1
    assert {"music:a.flac"} == {track_id for track_id in music.desk.documents() if track_id.endswith(".flac")}
    assert index_with(ear, music, music.folder) == 0
    assert len(music.desk.documents()) == 2
    assert not any(track_id.endswith(".flac") for track_id in music.desk.documents())


def test_files_are_played_from_the_root_that_is_said(music: Music) -> None:
    music.write("a.flac")
    music.index("--no-hear", "--audio-root", music.desk.folder)
    assert set(music.documents()) == {"music/a.flac"}
    elsewhere = music.desk.folder / "elsewhere"
    elsewhere.mkdir()
    refused = music.index("--audio-root", elsewhere)
    assert (refused.exit_code, "expected a folder below --audio-root" in refused.stderr) == (2, True)


def test_rows_are_heard_from_their_files(music: Music) -> None:
    music.write("one.flac", "two.flac")
    songs = music.desk.write("songs.csv", "ID,Title,Tags,File\n1,One,sad,one.flac\n2,Two,rock,none.flac\n")
    result = music.desk.index(songs, "--audio", music.folder, "--jobs", 1, "--no-reach")
    assert result.exit_code == 0, result.output
    assert "1 row joined with files (1 by path); 1 row without a file; 1 file without a row" in result.stderr
    documents = music.desk.documents()
    assert set(documents) == {"songs:1", "songs:2"}
    assert documents["songs:2"].sound is None
    sound = documents["songs:1"].sound
    assert sound is not None
    assert (sound.file, bool(sound.vector)) == ("one.flac", True)


def test_what_was_indexed_without_its_files_before_a_run_broke_off_is_heard_by_the_next_one(music: Music) -> None:
    music.write("one.flac", "two.flac", "three.flac")
    silent = "".join(f"{at},Song {at},\n" for at in range(4, 4_000))
    rows = f"ID,Title,File\n1,One,one.flac\n2,Two,two.flac\n3,Three,three.flac\n{silent}"
    options = ("--no-reach", "--jobs", 1)
    broken = music.desk.index(
        "-", "--format", "csv", "--source-name", "songs", *options, stdin=rows.encode() + b"0,Gr\xf6\xdfe,\n"
    )
    assert (broken.exit_code, "songs:1" in music.desk.documents()) == (2, True)
    songs = music.desk.write("songs.csv", rows)
    for hear, heard in (("--no-hear", False), ("--hear", True)):
        result = music.desk.index(songs, "--audio", music.folder, hear, *options)
        assert result.exit_code == 0, result.output
        assert set(music.documents()) == {"one.flac", "two.flac", "three.flac"}
        assert all(one.sound is not None and bool(one.sound.vector) is heard for one in music.documents().values())


COMMAND = """
from indexer import cli
from tests.indexer.tiny_model import TinyModel
cli.load_model = lambda path: TinyModel()
cli.index_command()
"""


@pytest.mark.slow
def test_a_run_that_is_killed_hears_nothing_twice(music: Music, hearing_cache: Path) -> None:
    n_files = 24
    music.write(*(f"{n:02}.flac" for n in range(n_files)))
    command = [sys.executable, "-c", COMMAND, str(music.folder), "--engine", str(music.desk.engine), "--jobs", "1"]
    heard = 0
    for kill_at in (3, 10):
        process = subprocess.Popen([*command, "--batch-size", "4"], stderr=subprocess.PIPE)
        while (heard := n_heard(hearing_cache)) < kill_at:
            assert process.poll() is None, process.stderr and process.stderr.read()
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    heard = n_heard(hearing_cache)
    assert heard < n_files
    result = music.index("--batch-size", 4)
    assert decoded(result) == n_files - heard
    assert "resuming" in result.stderr
    assert len(music.documents()) == n_files
    assert all(one.sound is not None and one.sound.vector for one in music.documents().values())


@pytest.mark.slow
def test_a_folder_that_was_not_heard_when_its_run_was_killed_is_heard_from_its_start(music: Music) -> None:
    n_files = 30
    music.write(*(f"{n:02}.flac" for n in range(n_files)))
    command = [sys.executable, "-c", COMMAND, str(music.folder), "--engine", str(music.desk.engine), "--jobs", "1"]
    process = subprocess.Popen([*command, "--batch-size", "2", "--no-hear"], stderr=subprocess.PIPE)
    while not acknowledged(music.desk, "index:music"):
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.0002)
    process.kill()
    process.communicate()
    assert 0 < len(music.documents()) < n_files
    assert decoded(music.index()) == n_files
    assert all(one.sound is not None and one.sound.vector for one in music.documents().values())


def acknowledged(desk: Desk, checkpoint: str) -> bool:
    """Whether the running process has noted how far it is, as any reader of the database sees it."""
    try:
        with closing(sqlite3.connect(f"file:{desk.engine / 'index.sqlite'}?mode=ro", uri=True)) as connection:
            found = connection.execute("SELECT value FROM checkpoints WHERE name = ?", (checkpoint,)).fetchone()
    except sqlite3.OperationalError:  # not there yet
        return False
    return found is not None


def test_a_doubt_names_the_genre_that_is_heard_also_where_it_never_counts_as_a_tag(
    music: Music, hearing_cache: Path
) -> None:
    music.write("a.flac")
    file = mutagen.File(music.folder / "a.flac")
    file["genre"] = "Folk"
    file.save()
    rock = HeardTag("Rock", 0.95, certain=False)
    remember(hearing_cache, [music.folder / "a.flac"], genre=rock, tags=(rock,))
    assert "typed are Folk; heard is Rock\n" in music.index().stderr


@pytest.mark.slow
def test_a_run_that_goes_on_reports_what_the_killed_one_found(music: Music, hearing_cache: Path) -> None:
    names = [f"{n:02}.flac" for n in range(12)]
    music.write(*names)
    for name in names[:8]:
        file = mutagen.File(music.folder / name)
        file["genre"] = "Folk"
        file.save()
    rock = HeardTag("Rock", 0.95, certain=True)
    remember(hearing_cache, [music.folder / name for name in names[:4]], genre=rock, tags=(rock,))
    remember(hearing_cache, [music.folder / name for name in names[4:8]], status="unlike", genre=None, tags=())
    report, whole = music.desk.folder / "report.csv", music.desk.folder / "whole.csv"
    options = ["--batch-size", "4", "--heard-report", str(report)]
    command = [sys.executable, "-c", COMMAND, str(music.folder), "--engine", str(music.desk.engine), "--jobs", "1"]
    process = subprocess.Popen([*command, *options], stderr=subprocess.PIPE)
    while n_heard(hearing_cache) < 9:
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    resumed = music.index(*options)
    assert "resuming" in resumed.stderr
    music.desk.engine = music.desk.folder / "another"
    music.index("--heard-report", whole)
    assert report.read_text() == whole.read_text()
    assert (whole.read_text().count(",doubted,"), whole.read_text().count(",unlike,")) == (4, 4)
    assert "4 tracks with typed tags that the audio contradicts" in resumed.stderr


def remember(place: Path, files: list[Path], **said: Any) -> None:
    """Let the cache know of files what is said, as if the shipped tagger had heard it."""
    tagger_id = load_tagger().tagger_id
    with HearingCache(place, say=pytest.fail) as cache:
        for file in files:
            cache.keep(audio_id(file), tagger_id, make_hearing(audio_id(file), tagger_id, **said))


def n_heard(place: Path) -> int:
    try:
        with closing(sqlite3.connect(f"file:{place}?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT count(*) FROM hearings").fetchone()[0])
    except sqlite3.OperationalError:  # not there yet
        return 0


@pytest.mark.slow
def test_who_is_interrupted_keeps_what_was_heard_and_leaves_no_process(music: Music, hearing_cache: Path) -> None:
    music.write(*(f"{n:02}.flac" for n in range(12)))
    command = [sys.executable, "-c", COMMAND, str(music.folder), "--engine", str(music.desk.engine), "--jobs", "2"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)
    while n_heard(hearing_cache) < 2:
        assert process.poll() is None
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"the same command goes on from there" in said
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    heard = n_heard(hearing_cache)
    assert heard >= 2
    assert decoded(music.index()) == 12 - heard


@pytest.mark.data
@pytest.mark.slow
def test_the_demo_recordings_become_searchable_by_what_they_sound_like(desk: Desk, data_dir: Path) -> None:
    result = desk.index(data_dir / "audio" / "demo", "--no-reach")
    assert (result.exit_code, decoded(result)) == (0, 26)
    documents = desk.documents().values()
    assert all(one.sound is not None and one.sound.vector and one.sound.seconds for one in documents)
    assert sum(bool(one.heard) for one in documents) >= 5
    assert not any(set(one.heard) & set(one.typed) for one in documents)
