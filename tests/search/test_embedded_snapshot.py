"""Snapshots that are damaged, missing, half written or of another version: never a wrong answer, nothing lost."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pytest

from search.document import Document, Family
from search.embedded import EmbeddedEngine, snapshot
from search.embedded.snapshot import snapshot_path
from search.engine import BadIndex, EngineAnswer, SearchUnavailable
from search.plan import Clause, Group, Plan, Term
from tagmodel.track import Track

PLAN = Plan(
    (Group((Clause("x", (Term("x", Family.TYPED, 1.0), Term("y", Family.IMPLIED, 0.25))),)),), k=300, facets=True
)


# Typed, implied and its weight, in turn.
TAGS_OF = [(("z",), ("y",), (40,)), (("x",),), (("z",),), (("x",), ("y",), (256,))]


def documents(first: int, last: int) -> list[Document]:
    return [Document(Track(f"t:{i}", f"Title {i}"), *TAGS_OF[i % 4]) for i in range(first, last)]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """An index with two snapshots and changes since."""
    engine = EmbeddedEngine.open(tmp_path / "index", create=True)
    with engine.writer() as writer:
        writer.write(documents(0, 100))
        writer.compact()
        writer.write(documents(100, 200))
        writer.delete(["t:1", "t:101"])
        writer.write([replace(documents(3, 4)[0], typed=("z",))])
        writer.compact()
        writer.write(documents(200, 250))
        writer.delete(["t:5", "t:201"])
        writer.write([replace(documents(7, 8)[0], typed=("z",))])
        writer.commit()
    engine.close()
    return tmp_path / "index"


@pytest.fixture
def answer(directory: Path) -> EngineAnswer:
    return search(directory)


def search(directory: Path) -> EngineAnswer:
    engine = EmbeddedEngine.open(directory)
    try:
        return engine.search(PLAN)
    finally:
        engine.close()


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def flip_last_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


DAMAGES = [truncate, flip_last_byte, Path.unlink]


@pytest.mark.parametrize("damage", DAMAGES, ids=["truncated", "altered", "missing"])
@pytest.mark.parametrize("file", ["typed_rows.npy", "n.npy", "implied_weights.npy", "ids_text.npy"])
def test_a_damaged_array_is_refused_and_the_previous_generation_serves(
    directory: Path, answer: EngineAnswer, caplog: pytest.LogCaptureFixture, file: str, damage: object
) -> None:
    damage(snapshot_path(directory, 2) / file)  # type: ignore[operator]
    assert search(directory) == answer
    assert len(caplog.messages) == 1
    assert file in caplog.messages[0]


def test_without_any_whole_snapshot_everything_comes_from_sqlite(
    directory: Path, answer: EngineAnswer, caplog: pytest.LogCaptureFixture
) -> None:
    for generation in (1, 2):
        truncate(snapshot_path(directory, generation) / "typed_rows.npy")
    assert search(directory) == answer
    assert len(caplog.messages) == 2


def test_changes_reach_readers_that_do_without_a_snapshot(directory: Path) -> None:
    for generation in (1, 2):
        truncate(snapshot_path(directory, generation) / "n.npy")
    engine = EmbeddedEngine.open(directory)
    before = engine.search(PLAN)
    with engine.writer() as writer:
        writer._damaged = False  # else the first commit mends it
        writer.write(documents(300, 310))
        writer.delete(["t:9"])
        writer.commit()
    assert engine.search(PLAN).total == before.total + 8 - 1
    engine.close()


def test_a_snapshot_of_an_older_version_is_refused(
    directory: Path, answer: EngineAnswer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(snapshot, "SNAPSHOT_FORMAT", 99)
    assert search(directory) == answer
    assert "has format 2, expected 99" in caplog.text
    engine = EmbeddedEngine.open(directory)
    with engine.writer() as writer:
        writer.commit()
    engine.verify()
    engine.close()


def test_a_snapshot_of_another_history_is_refused(directory: Path, answer: EngineAnswer, tmp_path: Path) -> None:
    other = EmbeddedEngine.open(tmp_path / "other", create=True)
    with other.writer() as writer:
        writer.write(documents(0, 5))
        writer.compact()
        writer.compact()
    other.close()
    shutil.rmtree(snapshot_path(directory, 2))
    shutil.copytree(snapshot_path(tmp_path / "other", 2), snapshot_path(directory, 2))
    assert search(directory) == answer


@pytest.mark.parametrize("content", [b"", b"{", b'{"format": 999, "files": {}}', b"\xff\xfe"])
def test_a_snapshot_with_a_foreign_manifest_is_refused(directory: Path, answer: EngineAnswer, content: bytes) -> None:
    (snapshot_path(directory, 2) / "manifest.json").write_bytes(content)
    assert search(directory) == answer


def test_the_next_writer_mends_a_damaged_snapshot(
    directory: Path, answer: EngineAnswer, caplog: pytest.LogCaptureFixture
) -> None:
    truncate(snapshot_path(directory, 2) / "typed_rows.npy")
    engine = EmbeddedEngine.open(directory)
    with engine.writer() as writer:
        assert writer.commit().generation == 3
    engine.verify()
    engine.close()
    caplog.clear()
    assert search(directory).hits == answer.hits
    assert caplog.messages == []


def test_verify_finds_what_the_seal_hides(directory: Path) -> None:
    path = snapshot_path(directory, 2) / "typed_rows.npy"
    stat = path.stat()
    flip_last_byte(path)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    engine = EmbeddedEngine.open(directory)
    with pytest.raises(BadIndex, match=r"typed_rows\.npy is damaged"):
        engine.verify()
    engine.close()


def test_an_untouched_snapshot_is_not_read_through_again(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("checksums computed")

    monkeypatch.setattr(snapshot, "_fingerprint", refuse)
    assert search(directory).total > 0


def test_a_copied_snapshot_is_read_through_once(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []
    fingerprint = snapshot._fingerprint
    monkeypatch.setattr(snapshot, "_fingerprint", lambda path: checked.append(path.name) or fingerprint(path))
    path = snapshot_path(directory, 2) / "n.npy"
    path.write_bytes(path.read_bytes())
    for _ in range(2):
        search(directory)
    assert len(checked) == len(set(checked)) > 10


def test_what_a_dead_writer_left_is_ignored_and_cleared_away(directory: Path, answer: EngineAnswer) -> None:
    part = snapshot_path(directory, 3).with_name(".00000003.part")
    part.mkdir()
    (part / "n.npy").write_bytes(b"half")
    whole = snapshot_path(directory, 3)  # renamed, but its generation never counted
    whole.mkdir()
    (whole / "manifest.json").write_bytes(orjson.dumps({"format": 1, "files": {}}))
    assert search(directory) == answer
    engine = EmbeddedEngine.open(directory)
    with engine.writer() as writer:
        assert writer.compact().generation == 3
    engine.verify()
    assert engine.search(PLAN).hits == answer.hits
    assert sorted(path.name for path in whole.parent.iterdir()) == ["00000002", "00000003"]
    engine.close()


def test_a_reader_keeps_its_snapshot_while_two_newer_ones_are_made(directory: Path, answer: EngineAnswer) -> None:
    engine = EmbeddedEngine.open(directory)
    stream = engine.all_documents()
    first = next(stream)
    assert engine.search(PLAN) == answer
    with engine.writer() as writer:
        for i in range(2):
            writer.write([Document(Track(f"new:{i}"), ("x",))])
            writer.compact()
    seen = [first, *stream]  # began before the changes
    assert (len(seen), seen[0].track.track_id) == (answer.state.n_tracks, "t:0")
    assert engine.search(PLAN).total == answer.total + 2
    engine.close()


@pytest.mark.parametrize("step", ["np.save", "os.fsync", "Path.rename"])
def test_a_fault_while_writing_a_snapshot_leaves_the_old_generation(
    directory: Path, answer: EngineAnswer, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    target = {"np.save": (np, "save"), "os.fsync": (os, "fsync"), "Path.rename": (Path, "rename")}[step]
    engine = EmbeddedEngine.open(directory)
    with engine.writer() as writer:
        with monkeypatch.context() as patch:
            patch.setattr(*target, fail)
            with pytest.raises(SearchUnavailable, match="disk is full"):
                writer.compact()
        assert engine.search(PLAN) == answer
        assert writer.compact().generation == 3
    assert engine.search(PLAN).hits == answer.hits
    engine.verify()
    engine.close()
