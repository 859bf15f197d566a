"""`tagkin index` as a librarian meets it: what it says, what it writes, and with which status it ends."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from indexer import cli
from indexer.jobs import run_index
from search.engine import SearchUnavailable
from search.engines import open_engine
from search.reach_record import REACH
from tagmodel.model import ModelMissing
from tagmodel.track import Track
from tests.indexer.conftest import Desk
from tests.indexer.tiny_model import TinyModel, tag

CSV = "Track Name,Performer,Moods,Keywords,Length,BPM\nBlue,Joni,sad,piano;slow,3:05,90\nRed,Otis,,rock,200,120\n"


def test_a_foreign_csv_is_mapped_shown_and_indexed(desk: Desk) -> None:
    result = desk.index(desk.write("Sync Pool.csv", CSV))
    assert result.exit_code == 0
    assert result.stdout == ""
    for line in ("title        Track Name", "tags         Moods + Keywords", "(not used)   BPM"):
        assert line in result.stderr
    assert "2 added" in result.stderr
    assert "holds 2 tracks" in result.stderr
    blue = next(document for document in desk.documents().values() if document.track.title == "Blue")
    assert blue.track.track_id.startswith("sync-pool:")
    assert (blue.track.tags, blue.track.duration, blue.track.source) == (("sad", "piano", "slow"), 185.0, "sync-pool")


def test_indexing_twice_is_indexing_once(desk: Desk) -> None:
    path = desk.write("a.csv", CSV)
    desk.index(path)
    before = desk.documents()
    result = desk.index(path)
    assert "0 added, 2 unchanged" in result.stderr
    assert desk.documents() == before


def test_columns_and_separators_can_be_said_and_saved_for_the_next_delivery(desk: Desk) -> None:
    first = desk.write("a.csv", "Name,Key,Words\nBlue,17,drum and bass/sad\n")
    saved = desk.folder / "columns.json"
    options = ("--map", "track_id=Key", "--map", "tags=Words", "--tag-separator", "/", "--save-mapping", saved)
    assert desk.index(first, *options).exit_code == 0
    second = desk.write("b.csv", "Name,Key,Words\nRed,18,rock/slow\n")
    assert desk.index(second, "--mapping", saved, "--source-name", "a").exit_code == 0
    documents = desk.documents()
    assert documents["a:17"].track.tags == ("drum and bass", "sad")
    assert documents["a:18"].track.tags == ("rock", "slow")


def test_json_lines_come_from_stdin(desk: Desk) -> None:
    result = desk.index("-", "--source-name", "pipe", stdin='{"id": 1, "title": "Blue", "tags": ["sad, slow"]}\n')
    assert result.exit_code == 0
    assert desk.documents()["pipe:1"].track.tags == ("sad, slow",)


def test_a_dry_run_counts_and_writes_nothing(desk: Desk) -> None:
    result = desk.index(desk.write("a.csv", CSV + "x,y\n"), "--dry-run")
    assert result.exit_code == 1
    assert "2 tracks, 1 row rejected; nothing was written" in result.stderr
    assert not desk.engine.exists()


def test_rejects_can_be_mended_and_indexed_from_their_file(desk: Desk) -> None:
    path = desk.write("a.csv", "title,artist,year\nBlue,Joni,20005\nRed,Otis,1968\nx,y\n")
    rejects = desk.folder / "rejects.jsonl"
    assert desk.index(path, "--rejects", rejects).exit_code == 1
    found = [orjson.loads(line) for line in rejects.read_bytes().splitlines()]
    assert [(reject["source"], reject["line"], reject["raw"]) for reject in found] == [
        (str(path), 2, "Blue,Joni,20005"),
        (str(path), 4, "x,y"),
    ]
    assert "year: expected a year from 1000 to 2100" in found[0]["reason"]
    assert "row" not in found[1]
    mended = found[0]["row"] | {"year": "2005"}
    assert desk.index("-", "--source-name", "a", stdin=orjson.dumps(mended)).exit_code == 0
    assert desk.titles() == ["Blue", "Red"]
    path.write_text("title,artist,year\nBlue,Joni,2005\nRed,Otis,1968\n")
    assert "0 added, 2 unchanged" in desk.index(path).stderr


def test_rejects_can_be_a_csv_file(desk: Desk) -> None:
    rejects = desk.folder / "rejects.csv"
    desk.index(desk.write("a.csv", 'title,year\n"Blue, really",soon\nRed,1968\n'), "--rejects", rejects)
    header, row = rejects.read_text().splitlines()
    assert header == "source,line,reason,raw"
    assert row.endswith('"""Blue, really"",soon"')


def test_without_a_rejects_file_the_first_few_are_shown(desk: Desk) -> None:
    result = desk.index(desk.write("a.csv", "title,year\n" + "x,soon\n" * 9 + "y,2000\n"))
    assert result.exit_code == 1
    assert result.stderr.count("rejected /") == 5
    assert "line 2: year: expected" in result.stderr
    assert "further rejects are only counted; --rejects FILE keeps them all" in result.stderr
    assert "9 rejected" in result.stderr


def test_unknown_tags_are_counted_and_told_how_to_get_kin(desk: Desk) -> None:
    result = desk.index(desk.write("a.csv", "title,tags\nBlue,zeuhl;sad;canterbury\n"))
    assert "2 tags are not in the model: they are found literally; `tagkin export -o" in result.stderr


def test_pruning_removes_what_is_gone(desk: Desk) -> None:
    desk.index(desk.write("a.csv", CSV))
    result = desk.index(desk.write("a.csv", "\n".join(CSV.splitlines()[:2])), "--prune")
    assert "1 pruned" in result.stderr
    assert desk.titles() == ["Blue"]


def test_an_index_can_be_expanded_anew_without_its_sources(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    path = desk.write("a.csv", CSV)
    desk.index(path)
    path.unlink()
    monkeypatch.setattr(cli, "load_model", lambda _path: TinyModel("new", {"rock": ("piano", 9)}))
    result = desk.index("--reexpand")
    assert result.exit_code == 0
    assert "2 tracks expanded anew" in result.stderr
    (red,) = (document for document in desk.documents().values() if document.track.title == "Red")
    assert (red.implied, red.model_id) == ((tag("piano"),), "new")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.xls", b"x", r"expected a file named .csv, .tsv, .jsonl, .parquet"),
        ("a.csv", b"", "is it empty"),
        ("a.csv", b"title,tags\n", "nothing but a header"),
        ("a.csv", "title,tags\nGröße,rock\n".encode("cp1252"), "pass --encoding cp1252"),
        ("a.csv", b"a,b\n1,2\n", "expected a column of title, artist or id, got a, b"),
        ("a.csv", b"title,length\nx,180000\ny,200000\n", "did you pass milliseconds"),
        ("a.parquet", b"x", "no readable Parquet file"),
    ],
)
def test_a_source_that_cannot_be_used_leaves_nothing_behind(
    desk: Desk, name: str, content: bytes, message: str
) -> None:
    good = desk.write("good.csv", CSV)
    result = desk.index(good, desk.write(name, content))
    assert result.exit_code == 2
    assert message in result.stderr
    assert not desk.engine.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "expected a SOURCE"),
        (("nowhere.csv",), "there is no such file, folder or data set; data sets are: mtat, fma"),
        (("mtat", "--data-dir", "/nowhere"), "mtat: expected /nowhere/magnatagatune/annotations_final.csv"),
        (("-", "--map", "titel=Name"), "no field 'titel', did you mean 'title'"),
        (("-", "--encoding", "klingon", "--format", "csv"), "no such encoding"),
        (("-", "--rejects", "x.txt"), "ends in .jsonl or .csv"),
        (("-", "a.csv", "--source-name", "x"), "expected one SOURCE"),
        (("mtat", "--mapping", "/nowhere.json"), "cannot be read"),
        (("mtat", "--source-name", "x"), "the data set mtat goes by its own name"),
        (("invented", "--map", "title=Name"), "expected a source with columns"),
        (("-", "--format", "csv", "--save-mapping", "/nowhere/columns.json"), "cannot be written"),
        (("-", "--rejects", "a.csv", "--heard-report", "./a.csv"), "of its own to write to, this is --rejects as well"),
        (("--reexpand", "--dry-run"), "say one of them"),
        (("--reach", "--dry-run"), "say one of them"),
        (("--no-reach",), "expected a SOURCE"),
    ],
)
def test_slips_on_the_command_line_are_told(desk: Desk, arguments: tuple[str, ...], message: str) -> None:
    result = desk.index(*arguments, stdin="title\nx\n")
    assert result.exit_code == 2
    assert message in result.stderr
    assert not desk.engine.exists()


def test_a_rejects_file_that_cannot_be_written_is_told(desk: Desk) -> None:
    result = desk.index(desk.write("a.csv", CSV), "--rejects", desk.folder / "none" / "rejects.csv")
    assert result.exit_code == 3
    assert "rejects.csv: cannot be written" in result.stderr
    assert not desk.engine.exists()


@pytest.mark.parametrize("option", ["--rejects", "--save-mapping", "--heard-report"])
def test_a_source_is_not_written_over(desk: Desk, option: str) -> None:
    source = desk.write("a.csv", CSV)
    (desk.folder / "link.csv").symlink_to(source)
    result = desk.index(source, option, desk.folder / "link.csv")
    assert result.exit_code == 2
    assert "expected a file of its own to write to, this is a SOURCE as well" in result.stderr
    assert source.read_text() == CSV


def test_a_run_that_finds_the_index_busy_leaves_reports_as_they_are(desk: Desk) -> None:
    rejects, report = desk.write("rejects.csv", "of the run before"), desk.write("heard.csv", "of the run before")
    (desk.folder / "audio").mkdir()
    desk.write("audio/a.mp3", "")
    options = ("--rejects", rejects, "--audio", desk.folder / "audio", "--heard-report", report, "--no-hear")
    source = desk.write("a.csv", "title,year\nBlue,soon\n")
    engine = open_engine(str(desk.engine), create=True)
    with engine.writer():
        assert desk.index(source, *options).exit_code == 3
    engine.close()
    assert rejects.read_text() == report.read_text() == "of the run before"
    assert desk.index(source, *options).exit_code == 1
    assert len(rejects.read_text().splitlines()) == len(report.read_text().splitlines()) == 2
    assert not list(desk.folder.glob("*.part"))


def test_a_run_that_is_broken_off_leaves_its_rejects_beside_those_of_the_run_before(desk: Desk) -> None:
    rejects, part = desk.write("rejects.csv", "of the run before"), desk.folder / "rejects.csv.part"
    rows = b"title,year\nBlue,soon\n" + b"Red,1968\n" * 5_000
    options = ("-", "--format", "csv", "--rejects", rejects)
    result = desk.index(*options, stdin=rows + b"Gr\xf6\xdfe,1968\n")
    assert result.exit_code == 2
    assert f"the rejects so far are in {part}" in result.stderr
    assert rejects.read_text() == "of the run before"
    assert "year: expected" in part.read_text()
    assert desk.index(*options, stdin=rows).exit_code == 1
    assert "year: expected" in rejects.read_text()
    assert not part.exists()


_ROWS_OF = "import json, sys; [print(json.dumps(json.loads(line)['row'])) for line in open(sys.argv[1])]"


@pytest.mark.slow
def test_rejects_are_fed_in_while_the_same_file_is_to_take_what_is_rejected_again(desk: Desk) -> None:
    n, rejects = 6_000, desk.folder / "rejects.jsonl"  # more than a pipe holds
    rows = "".join(f'{{"id":{at},"title":"Song {at}","album":"{at:0200}","year":"soon"}}\n' for at in range(n))
    desk.index(desk.write("a.jsonl", rows), "--rejects", rejects)
    assert len(rejects.read_bytes().splitlines()) == n
    command = [sys.executable, "-c", _LIMITED, str(resource.RLIM_INFINITY), "-", "--engine", str(desk.engine)]
    options = ["--source-name", "a", "--rejects", str(rejects)]
    with subprocess.Popen([sys.executable, "-c", _ROWS_OF, str(rejects)], stdout=subprocess.PIPE) as fed:
        done = subprocess.run([*command, *options], stdin=fed.stdout, capture_output=True, text=True, check=False)
    assert fed.returncode == 0
    assert done.returncode == 1, done.stderr
    assert [orjson.loads(line)["line"] for line in rejects.read_bytes().splitlines()] == [*range(1, n + 1)]


def has_documents(desk: Desk) -> bool:
    try:
        return bool(desk.documents())
    except SearchUnavailable:  # it is being made
        return False


@pytest.mark.slow
def test_of_two_runs_at_once_the_second_leaves_the_rejects_of_the_first_alone(desk: Desk) -> None:
    rejects = desk.folder / "rejects.jsonl"
    rows = b"".join(b'{"id":%d,"title":"Song","year":%s}\n' % (at, b"1" if at % 10 else b"1968") for at in range(5_000))
    command = [sys.executable, "-c", _LIMITED, str(resource.RLIM_INFINITY), "-", "--engine", str(desk.engine)]
    first = subprocess.Popen([*command, "--rejects", str(rejects)], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    assert first.stdin is not None
    first.stdin.write(rows)
    first.stdin.flush()
    while not has_documents(desk):
        assert first.poll() is None, first.communicate()
    second = desk.index("-", "--rejects", rejects, stdin=rows)
    assert (second.exit_code, f"is being written by process {first.pid}" in second.stderr) == (3, True)
    dry = desk.index("-", "--rejects", rejects, "--dry-run", stdin=rows)
    assert (dry.exit_code, "rejects.jsonl: cannot be written (another run is writing it)" in dry.stderr) == (3, True)
    first.communicate(timeout=60)
    assert first.returncode == 1
    assert len([orjson.loads(line) for line in rejects.read_bytes().splitlines()]) == 4_500


def test_two_sources_of_one_name_are_told_apart(desk: Desk) -> None:
    (desk.folder / "sub").mkdir()
    result = desk.index(desk.write("a.csv", CSV), desk.write("sub/a.csv", CSV))
    assert result.exit_code == 2
    assert "two sources are named 'a'" in result.stderr


def test_a_missing_model_is_told_before_anything_is_written(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_path: Path | None) -> TinyModel:
        raise ModelMissing("there is no tag model at x; train one")

    monkeypatch.setattr(cli, "load_model", missing)
    result = desk.index(desk.write("a.csv", CSV))
    assert (result.exit_code, result.stderr) == (2, "tagkin: there is no tag model at x; train one\n")
    assert not desk.engine.exists()


def test_another_model_than_that_of_the_index_is_said(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "were expanded by the model tiny, this run expands by other"
    source = desk.write("a.csv", CSV)
    assert said not in desk.index(source).stderr
    monkeypatch.setattr(cli, "load_model", lambda _path: TinyModel("other"))
    assert said in desk.index(source).stderr
    assert said not in desk.index(source, "--reexpand").stderr


def test_an_index_that_is_being_written_is_left_alone(desk: Desk) -> None:
    engine = open_engine(str(desk.engine), create=True)
    with engine.writer():
        result = desk.index(desk.write("a.csv", CSV))
    engine.close()
    assert result.exit_code == 3
    assert f"is being written by process {os.getpid()}" in result.stderr
    assert desk.documents() == {}


def test_something_else_in_place_of_the_index_is_not_touched(desk: Desk) -> None:
    desk.write("index", "my notes")
    result = desk.index(desk.write("a.csv", CSV))
    assert result.exit_code == 3
    assert desk.engine.read_text() == "my notes"


def test_a_stop_by_hand_keeps_what_was_committed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "run_index", stopped)
    result = desk.index(desk.write("a.csv", CSV))
    assert result.exit_code == 130
    assert "the same command goes on from there" in result.stderr
    monkeypatch.setattr(cli, "run_index", run_index)
    assert desk.index(desk.folder / "a.csv").exit_code == 0


def reach_of(desk: Desk) -> bytes | None:
    engine = open_engine(str(desk.engine))
    try:
        return engine.attachment(REACH)
    finally:
        engine.close()


def test_reach_is_computed_after_indexing_unless_nothing_changed(desk: Desk) -> None:
    source = desk.write("a.csv", CSV)
    assert "reach: 4 searches tried" in desk.index(source).stderr
    stored = reach_of(desk)
    assert stored is not None
    assert "reach: nothing has changed" in desk.index(source).stderr
    assert reach_of(desk) == stored


def test_reach_can_be_left_out_and_made_up_for(desk: Desk) -> None:
    assert "reach:" not in desk.index(desk.write("a.csv", CSV), "--no-reach").stderr
    assert reach_of(desk) is None
    result = desk.index("--reach")
    assert (result.exit_code, result.stderr.splitlines()[0][:23]) == (0, "reach: 4 searches tried")
    assert reach_of(desk) is not None


def test_stopping_while_reach_is_computed_loses_nothing_else(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_arguments: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("indexer.jobs.update_reach", stop)
    result = desk.index(desk.write("a.csv", CSV))
    assert result.exit_code == 130
    assert desk.titles() == ["Blue", "Red"]
    assert reach_of(desk) is None


def test_invented_tracks_can_be_indexed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [Track(f"invented:{at}", title=f"Song {at}", source="invented") for at in range(3)]
    monkeypatch.setattr(cli, "invented_tracks", lambda _model: iter(made))
    assert desk.index("invented").exit_code == 0
    assert [document.track for document in desk.documents().values()] == made


_LIMITED = """
import resource, signal, sys
from indexer import cli
from tests.indexer.tiny_model import TinyModel
signal.signal(signal.SIGINT, signal.default_int_handler)  # a parent in the background had it ignored
cli.load_model = lambda path: TinyModel()
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
cli.index_command()
"""


@pytest.mark.slow
def test_a_full_disk_is_told_and_the_run_goes_on_when_there_is_room(desk: Desk) -> None:
    rows = "".join(f'{{"id":{at},"title":"Song {at}","tags":["sad"]}}\n' for at in range(20_000))
    source = desk.write("a.jsonl", rows)
    command = [sys.executable, "-c", _LIMITED]
    arguments = [str(source), "--engine", str(desk.engine)]
    full = subprocess.run([*command, "1500000", *arguments], capture_output=True, text=True, check=False, timeout=60)
    assert full.returncode == 3
    assert "Traceback" not in full.stderr
    assert "free" in full.stderr
    held = desk.documents()
    assert 0 < len(held) < 20_000
    unlimited = str(resource.RLIM_INFINITY)
    done = subprocess.run([*command, unlimited, *arguments], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0
    assert "resuming" in done.stderr
    assert len(desk.documents()) == 20_000


@pytest.mark.slow
def test_ctrl_c_ends_with_130_and_the_same_command_resumes(desk: Desk) -> None:
    command = [sys.executable, "-c", _LIMITED, str(resource.RLIM_INFINITY), "-", "--engine", str(desk.engine)]
    lines = [f'{{"id":{at},"title":"Song {at}"}}\n'.encode() for at in range(5_000)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(b"".join(lines))  # more than two batches, so one at least is committed
    process.stdin.flush()
    while not (desk.engine / "index.sqlite").exists() or len(desk.documents()) < 2_000:
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert b"the same command goes on from there" in said
    result = desk.index("-", stdin=b"".join(lines))
    assert "resuming stdin" in result.stderr
    assert len(desk.documents()) == 5_000


def test_a_table_without_anything_to_know_tracks_by_is_refused_once(desk: Desk) -> None:
    result = desk.index(desk.write("a.csv", "Moods,BPM\nsad,90\nslow,80\n"))
    assert result.exit_code == 2
    assert "expected a column of title, artist or id, got Moods, BPM" in result.stderr
    assert "--map title=COLUMN" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not desk.engine.exists()


def test_two_columns_of_one_header_are_joined(desk: Desk) -> None:
    assert desk.index(desk.write("a.csv", "title,tags,tags\nBlue,sad,slow\n")).exit_code == 0
    assert [document.track.tags for document in desk.documents().values()] == [("sad", "slow")]


def test_a_dry_run_says_what_would_be_pruned(desk: Desk) -> None:
    path = desk.write("a.csv", CSV)
    result = desk.index(path, "--dry-run", "--prune")
    assert (result.exit_code, "what would be pruned is not known: no index at" in result.stderr) == (0, True)
    assert not desk.engine.exists()
    desk.index(path)
    before = desk.documents()
    desk.write("a.csv", "".join(CSV.splitlines(keepends=True)[:2]))
    assert (
        "1 track, 0 rows rejected, 1 track would be pruned; nothing was"
        in desk.index(path, "--dry-run", "--prune").stderr
    )
    assert desk.documents() == before
    desk.write("a.csv", CSV + "x,y\n")
    assert "nothing is pruned: 1 row cannot be read" in desk.index(path, "--dry-run", "--prune").stderr


def test_tracks_without_tags_are_counted(desk: Desk) -> None:
    path = desk.write("a.csv", "title,tags,genre\nBlue,sad,\nRed,,\nGreen,,rock\n")
    for options in ((), ("--dry-run",)):
        assert "  1 track carries no tags\n" in desk.index(path, *options).stderr
    assert "no tags" not in desk.index(desk.write("b.csv", CSV)).stderr


def test_a_file_in_place_of_the_index_is_told(desk: Desk) -> None:
    desk.engine.write_text("mine")
    result = desk.index(desk.write("a.csv", CSV))
    assert (result.exit_code, "index is a file, not a directory" in result.stderr) == (3, True)
    assert desk.engine.read_text() == "mine"


def test_tracks_without_an_isrc_are_not_one_track(desk: Desk) -> None:
    rows = "".join(f"Song {at},{isrc}\n" for at, isrc in enumerate(["N/A", "N/A", "unknown", "-", "-"]))
    result = desk.index(desk.write("a.csv", "title,isrc\n" + rows + "Blue,USRC17607839\n"))
    assert (result.exit_code, "6 added" in result.stderr) == (0, True)
    assert [track_id for track_id in desk.documents() if track_id.startswith("isrc:")] == ["isrc:USRC17607839"]


def test_bytes_in_parquet_are_text_or_a_reject(desk: Desk) -> None:
    rows = [{"id": b"one", "title": "Größe".encode(), "tags": b"sad;slow"}, {"id": b"two", "title": b"\xff"}]
    pq.write_table(pa.Table.from_pylist(rows), desk.folder / "a.parquet")
    result = desk.index(desk.folder / "a.parquet")
    assert result.exit_code == 1
    assert "line 2: title: expected text, got bytes that are not UTF-8" in result.stderr
    (document,) = desk.documents().values()
    assert (document.track.track_id, document.track.title, document.track.tags) == ("a:one", "Größe", ("sad", "slow"))


def test_a_byte_order_mark_changes_no_id_when_the_encoding_is_said(desk: Desk) -> None:
    path = desk.write("a.csv", "\ufefftrack_id,title\n17,Blue\n")
    for options in ((), ("--encoding", "utf-8")):
        assert desk.index(path, *options).exit_code == 0
        assert list(desk.documents()) == ["17"]


def test_milliseconds_are_noticed_in_columns_that_were_saved(desk: Desk) -> None:
    saved = desk.folder / "columns.json"
    desk.index(desk.write("a.csv", "title,length\nBlue,185\nRed,200\n"), "--save-mapping", saved)
    later = desk.write("a.csv", "title,length\nBlue,65000\nRed,70000\n")
    result = desk.index(later, "--mapping", saved)
    assert (result.exit_code, "did you pass milliseconds? Say --map 'duration_ms=length'" in result.stderr) == (2, True)
    assert desk.index(later, "--mapping", saved, "--map", "duration_ms=length").exit_code == 0
    assert sorted(document.track.duration or 0 for document in desk.documents().values()) == [65.0, 70.0]
    assert desk.index(later, "--mapping", saved, "--map", "duration=length").exit_code == 0
    assert sorted(document.track.duration or 0 for document in desk.documents().values()) == [65_000.0, 70_000.0]


def test_a_length_that_was_said_wins_over_one_that_was_guessed(desk: Desk) -> None:
    result = desk.index(desk.write("a.csv", "title,duration_ms,Length\nBlue,0,3:05\n"), "--map", "duration=Length")
    assert "  (not used)   duration_ms" in result.stderr
    assert [document.track.duration for document in desk.documents().values()] == [185.0]


def test_the_number_of_an_album_is_not_taken_for_its_tracks(desk: Desk) -> None:
    path = desk.write("a.csv", "Catalog No,Title\nCAT-1,Blue\nCAT-1,Red\n")
    assert desk.index(path).exit_code == 0
    assert desk.titles() == ["Blue", "Red"]


def test_many_rows_of_one_id_are_told_with_the_likely_slip_and_its_way_out(desk: Desk) -> None:
    path = desk.write("a.csv", "ID,Title\nCAT-1,Blue\nCAT-1,Red\n")
    slip = "is it an album's number, not the track's? --map track_id= leaves that column out"
    result = desk.index(path)
    assert f"duplicate id a:CAT-1, first on line 2; the first one is kept; {slip}" in result.stderr
    assert desk.index(path, "--map", "track_id=", "--prune").exit_code == 0
    assert desk.titles() == ["Blue", "Red"]
    twice = desk.index(desk.write("b.csv", "Title,ISRC\nBlue,USRC17607839\nBlue,USRC17607839\n"))
    assert "duplicate id isrc:USRC17607839" in twice.stderr
    assert "album's" not in twice.stderr


def test_a_key_that_json_lines_have_only_late_is_indexed(desk: Desk) -> None:
    rows = "".join(f'{{"id":{at},"title":"Song {at}"}}\n' for at in range(1_200))
    result = desk.index(desk.write("a.jsonl", rows + '{"id":1200,"title":"Late","moods":"sad"}\n'), "--no-reach")
    assert "  tags         moods" in result.stderr
    assert desk.documents()["a:1200"].track.tags == ("sad",)


def test_json_lines_without_any_value_are_refused(desk: Desk) -> None:
    result = desk.index("-", stdin="{}\n")
    assert result.exit_code == 2
    assert "expected values by name, such as a title, got none" in result.stderr
    assert not desk.engine.exists()


def test_what_came_before_a_pipe_broke_off_stays(desk: Desk) -> None:
    rows = "".join(f"{at},Song {at}\n" for at in range(4_000))
    result = desk.index("-", "--format", "csv", stdin=f"track_id,title\n{rows}".encode() + b"x,Gr\xf6\xdfe\n")
    assert result.exit_code == 2
    assert 0 < len(desk.documents()) < 4_001


_SMALL_DISK = """
import resource, sys
from indexer import cli, seen
from tests.indexer.tiny_model import TinyModel
cli.load_model = lambda path: TinyModel()
seen.CACHE_KIB = 100  # so that few rows will do
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
cli.index_command()
"""


def run_on_a_small_disk(desk: Desk, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _SMALL_DISK, *map(str, arguments), "--engine", str(desk.engine), "--dry-run"]
    place = desk.folder / "temporary"
    place.mkdir(exist_ok=True)
    environment = {**os.environ, "TMPDIR": str(place)}
    environment.pop("SQLITE_TMPDIR", None)
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.slow
def test_a_full_temporary_directory_is_told_when_ids_do_not_fit(desk: Desk) -> None:
    rows = "".join(f'{{"track_id":"{at:0100}","title":"Song"}}\n' for at in range(10_000))
    done = run_on_a_small_disk(desk, desk.write("a.jsonl", rows))
    assert done.returncode == 3, done.stderr
    assert f"tagkin: {desk.folder}/temporary: cannot be written (" in done.stderr
    assert "name another in TMPDIR" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_full_temporary_directory_is_told_when_names_of_files_do_not_fit(desk: Desk) -> None:
    audio = desk.folder / "audio"
    audio.mkdir()
    for at in range(6_000):
        (audio / f"{at:0200}.mp3").touch()
    done = run_on_a_small_disk(desk, desk.write("a.csv", "title\nBlue\n"), "--audio", audio, "--no-hear")
    assert done.returncode == 3, done.stderr
    assert f"tagkin: {desk.folder}/temporary: cannot be written (" in done.stderr
    assert "Traceback" not in done.stderr
