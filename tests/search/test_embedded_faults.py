"""Directories that are no index, disks that are full or read-only, damaged databases: a clear message, nothing lost."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from search.document import Document
from search.embedded import EmbeddedEngine
from search.embedded import writer as writer_module
from search.embedded.store import database_path
from search.embedded.writer import EmbeddedWriter
from search.engine import BadIndex, SearchUnavailable
from search.plan import Plan
from tagmodel.track import Track

NOBODY = 65_534  # the user id that Linux gives to nobody


def documents(first: int, last: int) -> list[Document]:
    return [
        Document(Track(f"t:{i}", f"Title number {i}", f"Artist {i}"), ("x", f"tag{i % 50}")) for i in range(first, last)
    ]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    fill(tmp_path / "index", 100)
    return tmp_path / "index"


def fill(directory: Path, size: int) -> None:
    engine = EmbeddedEngine.open(directory, create=True)
    with engine.writer() as writer:
        writer.write(documents(0, size))
        writer.compact()
    engine.close()


def stored_ids(directory: Path) -> list[str]:
    engine = EmbeddedEngine.open(directory)
    try:
        return [document.track.track_id for document in engine.all_documents()]
    finally:
        engine.close()


# What is no index


@pytest.mark.parametrize("made", [False, True], ids=["no directory", "an empty directory"])
def test_a_missing_index_is_named_with_the_way_to_make_one(tmp_path: Path, made: bool) -> None:
    path = tmp_path / "nothing"
    if made:
        path.mkdir()
    with pytest.raises(BadIndex, match=f"no index at {path}.*tagkin index"):
        EmbeddedEngine.open(path)
    assert path.exists() == made


def test_opening_makes_nothing_over_an_existing_index(directory: Path) -> None:
    EmbeddedEngine.open(directory, create=True).close()
    assert len(stored_ids(directory)) == 100


def test_an_sqlite_file_of_something_else_is_no_index(tmp_path: Path) -> None:
    connection = sqlite3.connect(database_path(tmp_path))
    connection.execute("CREATE TABLE other (x)")
    connection.close()
    for create in (False, True):
        with pytest.raises(BadIndex, match="no tagkin index"):
            EmbeddedEngine.open(tmp_path, create)


def test_a_file_in_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    for create in (False, True):
        with pytest.raises(SearchUnavailable, match="file"):
            EmbeddedEngine.open(tmp_path / "file", create)


def test_an_index_of_another_format_is_refused(directory: Path) -> None:
    connection = sqlite3.connect(database_path(directory))
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(BadIndex, match="format 99, this version reads format 2"):
        EmbeddedEngine.open(directory)


def test_an_index_whose_creation_was_interrupted_is_made_again(tmp_path: Path) -> None:
    database_path(tmp_path).touch()
    with pytest.raises(BadIndex):
        EmbeddedEngine.open(tmp_path)
    EmbeddedEngine.open(tmp_path, create=True).close()
    assert stored_ids(tmp_path) == []


# Damage


@pytest.mark.parametrize("content", [b"not a database at all" * 500, b"\0" * 8192], ids=["text", "zeros"])
def test_a_file_that_is_no_database_is_refused(directory: Path, content: bytes) -> None:
    database_path(directory).write_bytes(content)
    with pytest.raises(BadIndex):
        EmbeddedEngine.open(directory)


def test_a_damaged_database_is_never_read_as_an_empty_one(directory: Path) -> None:
    path = database_path(directory)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(size - 4096))
    with pytest.raises(BadIndex, match="damaged"):
        stored_ids(directory)


def test_verify_finds_damage_deep_in_the_database(tmp_path: Path) -> None:
    fill(tmp_path, 3_000)
    path = database_path(tmp_path)
    with path.open("r+b") as file:
        file.seek(path.stat().st_size * 3 // 4 // 4096 * 4096)
        file.write(os.urandom(4096))
    engine = EmbeddedEngine.open(tmp_path)
    with pytest.raises(BadIndex, match="damaged"):
        engine.verify()
    engine.close()


def test_verify_is_content_with_a_whole_index(directory: Path) -> None:
    engine = EmbeddedEngine.open(directory)
    engine.verify()
    engine.close()


# Indexes of before


def test_an_index_made_before_there_were_attachments_has_none_and_takes_some(directory: Path) -> None:
    connection = sqlite3.connect(database_path(directory))
    connection.execute("DROP TABLE attachments")
    connection.commit()
    connection.close()
    engine = EmbeddedEngine.open(directory)
    assert engine.attachment("reach") is None
    with engine.writer() as writer:
        writer.attach("reach", b"1")
        writer.commit()
    assert engine.attachment("reach") == b"1"
    engine.close()


# Full and read-only disks


def write_on(writer: EmbeddedWriter, starts: range) -> None:
    for start in starts:
        writer.write(documents(start, start + starts.step))
        writer.commit()


@contextmanager
def file_size_limit(limit: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_when_files_can_grow_no_more_the_old_state_serves_and_writing_goes_on_later(directory: Path) -> None:
    engine = EmbeddedEngine.open(directory)
    with engine.writer() as writer:
        with file_size_limit(200_000), pytest.raises(SearchUnavailable, match="disk"):
            write_on(writer, range(100, 50_000, 1_000))
        kept = engine.state().n_tracks
        assert kept % 1_000 == 100  # whole commits only
        assert engine.search(Plan(words=("number",))).total == kept
        writer.write(documents(kept, kept + 10))
        assert writer.commit().n_tracks == kept + 10
    engine.verify()
    engine.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "disk"
    path.mkdir()
    made = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(path)], capture_output=True, check=False
    )
    if not made or made.returncode:
        pytest.skip("needs root to mount a small disk; the test with a file size limit stands in")
    yield path
    subprocess.run(["umount", "-l", str(path)], check=True)


def test_a_full_disk_stops_writing_and_nothing_else(small_disk: Path) -> None:
    directory = small_disk / "index"
    engine = EmbeddedEngine.open(directory, create=True)
    ballast = small_disk / "ballast"
    with engine.writer() as writer:
        writer.write(documents(0, 500))
        writer.compact()
        ballast.write_bytes(b"x" * 2_000_000)
        with pytest.raises(SearchUnavailable, match="disk is full"):
            write_on(writer, range(500, 100_000, 500))
        kept = engine.state().n_tracks
        assert kept >= 500
        assert kept % 500 == 0
        assert engine.search(Plan(words=("number",))).total == kept
        with pytest.raises(SearchUnavailable, match="disk is full"):
            writer.compact()
        assert engine.search(Plan(words=("number",))).total == kept
        ballast.unlink()
        writer.write(documents(kept, kept + 500))
        assert writer.compact().n_tracks == kept + 500
    engine.verify()
    engine.close()


def test_a_commit_stands_when_only_its_compaction_finds_the_disk_full(
    directory: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(writer_module, "_COMPACT_AT_LEAST", 10)
    monkeypatch.setattr(writer_module, "write_snapshot", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
    engine = EmbeddedEngine.open(directory)
    with engine.writer() as writer:
        writer.write(documents(100, 200))
        state = writer.commit()
    assert (state.n_tracks, state.generation) == (200, 1)
    assert engine.state() == state
    assert "compaction put off" in caplog.text
    engine.close()


def test_an_index_on_a_read_only_disk_is_searched_but_not_written(small_disk: Path) -> None:
    fill(small_disk / "index", 50)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    engine = EmbeddedEngine.open(small_disk / "index")
    assert engine.search(Plan(words=("number",))).total == 50
    with pytest.raises(SearchUnavailable, match="cannot be written to"):
        engine.writer()
    engine.close()
    with pytest.raises(SearchUnavailable, match="cannot be written to"):
        EmbeddedEngine.open(small_disk / "new", create=True)


@contextmanager
def normal_user(folder: Path) -> Iterator[None]:
    """Act as a user who owns a folder and nothing else, as root may do everything."""
    if os.geteuid() != 0:
        yield
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_directory_without_permission_is_said(directory: Path) -> None:
    # Beside pytest's own folders, which nobody else may enter.
    with tempfile.TemporaryDirectory() as open_to_all:
        Path(open_to_all).chmod(0o755)
        index = Path(shutil.copytree(directory, Path(open_to_all) / "index"))
        with normal_user(index):
            engine = EmbeddedEngine.open(index)
            assert engine.state().n_tracks == 100
            engine.close()
            database_path(index).chmod(0)
            with pytest.raises(SearchUnavailable, match="permission"):
                EmbeddedEngine.open(index)


# A bad document


def test_a_document_that_cannot_be_stored_leaves_the_writer_usable(directory: Path) -> None:
    bad = Document(Track("bad"), ("fresh",), ("y",), (1, 2))
    engine = EmbeddedEngine.open(directory)
    with engine.writer() as writer:
        with pytest.raises(ValueError, match="as many weights of implied tags as tags, got 2 for 1"):
            writer.write([*documents(100, 101), bad])
        writer.write([Document(Track("good"), ("fresh",))])
        writer.name_tags({"fresh": "Fresh"})
        assert writer.commit().n_tracks == 101
    assert engine.tag_spelling("fresh") == "Fresh"
    assert engine.tag_counts()["fresh"] == 1
    engine.verify()
    engine.close()


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (Document(Track("t"), ("x", "x")), "different typed tags"),
        (Document(Track("t"), (), ("x",), (0,)), "from 1 to 256"),
        (Document(Track("t"), (), (), (), ("x",), (257,)), "from 1 to 256"),
        (Document(Track("t"), ("x",), ("x",), (5,)), "nobody typed"),
        (Document(Track("t"), ("x",), (), (), ("x",), (5,)), "nobody typed"),
    ],
)
def test_a_document_that_would_count_wrongly_is_refused(directory: Path, document: Document, message: str) -> None:
    engine = EmbeddedEngine.open(directory)
    with engine.writer() as writer, pytest.raises(ValueError, match=f"track 't'.*{message}"):
        writer.write([document])
    engine.close()


def test_a_copy_of_the_directory_is_an_index_of_its_own(directory: Path, tmp_path: Path) -> None:
    shutil.copytree(directory, tmp_path / "copy")
    fill(tmp_path / "copy", 120)
    assert len(stored_ids(directory)) == 100
    assert len(stored_ids(tmp_path / "copy")) == 120
