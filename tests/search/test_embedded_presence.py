from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from search.document import Document
from search.embedded import EmbeddedEngine
from search.engine import BadIndex, SearchUnavailable
from search.engines import identify_index
from tagmodel.track import Track


def fill(directory: Path, n_tracks: int) -> EmbeddedEngine:
    engine = EmbeddedEngine.open(directory, create=True)
    with engine.writer() as writer:
        writer.write([Document(Track(f"x:{n}")) for n in range(n_tracks)])
        writer.commit()
    return engine


def test_an_index_is_told_from_another_in_its_place(tmp_path: Path) -> None:
    first = fill(tmp_path / "index", 2)
    identity = identify_index(str(tmp_path / "index"))
    with first.writer() as writer:
        writer.delete(["x:0"])
        writer.compact()
    assert identify_index(str(tmp_path / "index")) == identity
    fill(tmp_path / "other", 1).close()
    (tmp_path / "index").rename(tmp_path / "old")
    with pytest.raises(BadIndex, match="no index at"):
        identify_index(str(tmp_path / "index"))
    (tmp_path / "other").rename(tmp_path / "index")
    assert identify_index(str(tmp_path / "index")) != identity
    first.close()


def test_a_path_through_a_file_is_no_index(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadIndex):
        identify_index(str(tmp_path / "file" / "index"))


def test_an_open_engine_never_reads_two_indexes(tmp_path: Path) -> None:
    engine = fill(tmp_path / "index", 2)
    assert engine.state().n_tracks == 2
    reading = engine.all_documents()
    assert next(reading).track.track_id == "x:0"  # holds the only connection there is
    shutil.rmtree(tmp_path / "index")
    fill(tmp_path / "index", 1).close()
    with pytest.raises(SearchUnavailable, match="replaced by another"):
        engine.state()
    assert next(reading).track.track_id == "x:1"
    reading.close()  # type: ignore[attr-defined]
    engine.close()
