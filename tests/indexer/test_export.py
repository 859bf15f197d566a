"""Everything comes back out as it went in."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer import cli
from search.document import Document
from search.engines import open_engine
from tagmodel.track import Track
from tests.indexer.conftest import Desk
from tests.indexer.tiny_model import TinyModel

CSV = 'track_id,title,tags,year,duration\na:1,Blue,"Sad ; ""rock, pop"" ;7"" single; SAD",1971,185.25\na:2,Größe,,,\n'


def test_typed_tags_come_back_byte_for_byte(desk: Desk) -> None:
    desk.index(desk.write("a.csv", CSV))
    first, second = (orjson.loads(line) for line in desk.export().stdout.splitlines())
    assert first["tags"] == ["Sad", "rock, pop", '7" single', "SAD"]
    assert (first["track_id"], first["year"], first["duration"], first["source"]) == ("a:1", 1971, 185.25, "a")
    assert (second["title"], second["tags"], second["year"], second["duration"]) == ("Größe", [], None, None)


def test_csv_has_a_header_and_quotes_what_needs_it(desk: Desk) -> None:
    desk.index(desk.write("a.csv", CSV))
    first, second = csv.DictReader(io.StringIO(desk.export("--format", "csv").stdout, newline=""))
    assert first["tags"] == 'Sad;"rock, pop";7" single;SAD'
    assert second["year"] == ""


def test_implied_tags_are_written_on_demand(desk: Desk) -> None:
    desk.index(desk.write("a.csv", CSV))
    assert "implied" not in orjson.loads(desk.export().stdout.splitlines()[0])
    assert orjson.loads(desk.export("--with-implied").stdout.splitlines()[0])["implied"] == {"slow": 0.5}
    (row, _) = csv.DictReader(io.StringIO(desk.export("--with-implied", "--format", "csv").stdout))
    assert row["implied"] == "slow 0.500"


def test_a_file_appears_only_when_it_is_whole(desk: Desk) -> None:
    desk.index(desk.write("a.csv", CSV))
    target = desk.folder / "out.jsonl"
    assert desk.export("-o", target).exit_code == 0
    assert target.read_text() == desk.export().stdout
    assert sorted(path.name for path in desk.folder.iterdir()) == ["a.csv", "index", "out.jsonl"]
    result = desk.export("-o", desk.folder / "none" / "out.jsonl")
    assert (result.exit_code, "cannot be written" in result.stderr) == (3, True)


def test_without_an_index_there_is_nothing_to_export(desk: Desk) -> None:
    result = desk.export()
    assert (result.exit_code, result.stdout) == (3, "")
    assert "no index at" in result.stderr


clean = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
tag_lists = st.lists(
    st.one_of(clean, st.sampled_from(["sad", "Rock", '"', "[x]", "a;b", "a\nb", " sad ", ""])).filter(bool), max_size=4
)


@st.composite
def stored_tracks(draw: st.DrawFn) -> list[Track]:
    tracks = []
    for at in range(draw(st.integers(1, 4))):
        tags = tuple(draw(tag_lists))
        shares = draw(st.sampled_from([(), tuple(1 / (place + 1) for place in range(len(tags)))]))
        tracks.append(
            Track(
                f"{draw(st.sampled_from(['a:', '', 'ü,;']))}{at}",
                *(draw(clean) for _ in range(5)),
                duration=draw(st.none() | st.floats(0.001, 86_400)),
                year=draw(st.none() | st.integers(1000, 2100)),
                url=draw(clean),
                source=draw(st.sampled_from(["a", "b,c", ""])),
                tags=tags,
                shares=shares if tags else (),
            )
        )
    return sorted(tracks, key=lambda track: track.track_id)


@pytest.mark.parametrize("file_format", ["jsonl", "csv"])
@given(tracks=stored_tracks())
@settings(max_examples=40, deadline=None)
def test_an_index_that_is_exported_and_indexed_again_is_equal(file_format: str, tracks: list[Track]) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(cli, "load_model", lambda _path: TinyModel())
        desk = Desk(Path(folder))
        lines = b"".join(orjson.dumps(track, option=orjson.OPT_APPEND_NEWLINE) for track in tracks)
        assert desk.index(desk.write("first.jsonl", lines)).exit_code == 0
        first = desk.documents()
        assert [document.track for document in first.values()] == tracks
        exported = desk.folder / f"second.{file_format}"
        assert desk.export("--format", file_format, "-o", exported).exit_code == 0
        desk.engine = desk.folder / "second"
        again = desk.index(exported)
        assert again.exit_code == 0, again.stderr
        assert desk.documents() == first


def test_documents_with_heard_tags_are_exported_without_them(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    engine = open_engine(str(desk.engine), create=True)
    with engine.writer() as writer:
        writer.write([Document(Track("a:1"), heard=("abcdefgh",), heard_weights=(5,))])
        writer.commit()
    engine.close()
    assert set(orjson.loads(desk.export().stdout)) == set(Track.__dataclass_fields__)


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize("file_format", ["jsonl", "csv"])
def test_real_catalogues_come_back_unchanged(tmp_path: Path, data_dir: Path, file_format: str) -> None:
    desk = Desk(tmp_path)
    assert desk.index("mtat", "fma", "--data-dir", data_dir).exit_code == 0
    exported = tmp_path / f"all.{file_format}"
    assert desk.export("--format", file_format, "-o", exported).exit_code == 0
    assert "0 added, 31,880 unchanged" in desk.index(exported).stderr


def test_a_link_is_followed_and_a_pipe_is_written_through(desk: Desk) -> None:
    desk.index(desk.write("a.csv", CSV))
    real, link, pipe = desk.folder / "real.jsonl", desk.folder / "link.jsonl", desk.folder / "pipe"
    real.write_text("old")
    link.symlink_to(real)
    assert desk.export("-o", link).exit_code == 0
    assert link.is_symlink()
    assert real.read_text() == desk.export().stdout
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as threads:
        read = threads.submit(pipe.read_text)
        assert desk.export("-o", pipe).exit_code == 0
        assert read.result(timeout=30) == real.read_text()
    assert pipe.is_fifo()
