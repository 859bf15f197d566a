"""`kill -9` in the middle of bulk indexing: nothing acknowledged is lost or doubled, and the resumed index is the same.

Twenty kills. In eleven the stream stops at a random byte, so the process dies with part of a batch in its hands; in
five it dies as soon as SQLite's log is written (around a commit), in four when a snapshot appears on disk (around its
rename).
"""

from __future__ import annotations

import array
import fcntl
import random
import sqlite3
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from search.document import Document, Family
from search.embedded import EmbeddedEngine
from search.engine import SearchEngine
from search.engines import open_engine
from search.plan import Clause, Filters, Group, Plan, Term
from tests.indexer.tiny_model import tag

ROWS = 7_000
BATCH = 250
COMMAND = """
from indexer import cli
from tests.indexer.tiny_model import TinyModel
cli.load_model = lambda path: TinyModel()
cli.index_command()
"""
PATIENCE = 30.0  # seconds until a process that does not come to the point fails the test


def make_lines() -> list[bytes]:
    """Rows of a catalogue: mostly tracks, now and then a bad row or one that was there before."""
    dice = random.Random(7)
    words = ["sad", "slow", "piano", "Rock", "female vocals", "zeuhl", "ambient", "drum & bass", "!"]
    lines = []
    for at in range(ROWS):
        row = {"id": at, "title": f"Song {at} ü", "artist": f"Artist {at % 97}", "tags": dice.sample(words, 3)}
        if at % 500 == 499:
            row["id"] = at - 400
        if at % 500 == 250:
            row["year"] = "soon"
        lines.append(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
    return lines


LINES = make_lines()
STREAM = b"".join(LINES)


@dataclass
class Place:
    """An index, and the command that fills it."""

    folder: Path

    @property
    def engine(self) -> Path:
        return self.folder / "index"

    @property
    def log_written(self) -> int:
        """When SQLite's log was last written to, in ns."""
        try:
            return (self.engine / "index.sqlite-wal").stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def snapshots(self, *, unfinished: bool) -> set[str]:
        folder = self.engine / "snapshots"
        names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
        return {name for name in names if name.startswith(".") is unfinished}

    def start(self) -> subprocess.Popen[bytes]:
        options = ("--engine", self.engine, "--batch-size", BATCH, "--rejects", self.folder / "rejects.jsonl")
        command = [sys.executable, "-c", COMMAND, "-", *map(str, options)]
        errors = (self.folder / "stderr").open("wb")
        with errors:
            return subprocess.Popen(command, stdin=subprocess.PIPE, stderr=errors)

    def finish(self) -> str:
        process = self.start()
        process.communicate(STREAM, timeout=PATIENCE)
        said = (self.folder / "stderr").read_text()
        assert process.returncode == 1, said  # the catalogue has bad rows
        return said

    def stored(self) -> list[Document]:
        with closing(open_engine(str(self.engine), create=True)) as engine:
            return list(engine.all_documents())

    def committed_rows(self) -> int:
        """Rows of the source that the index says it holds."""
        with closing(open_engine(str(self.engine), create=True)) as engine, engine.writer() as writer:
            note = writer.checkpoint("index:stdin")
        return int(orjson.loads(note)["rows"]) if note else 0

    def check_integrity(self) -> None:
        with closing(sqlite3.connect(self.engine / "index.sqlite")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def expected_ids(n_rows: int) -> list[str]:
    """Ids that the first rows of the source leave in an index: the first of each, without the bad ones."""
    rows = [orjson.loads(line) for line in LINES[:n_rows]]
    return sorted({f"stdin:{row['id']}" for row in rows if "year" not in row})


def wait_for(happened: Callable[[], bool], process: subprocess.Popen[bytes]) -> bool:
    """Wait until something happens; False if the process ended before."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        if process.poll() is not None:
            return False
        assert time.monotonic() < deadline, "the process did not come to the point"
        time.sleep(0.0002)
    return True


def drained(process: subprocess.Popen[bytes]) -> Callable[[], bool]:
    """Whether the process has taken everything out of its pipe."""
    waiting = array.array("i", [0])

    def is_empty() -> bool:
        assert process.stdin is not None
        fcntl.ioctl(process.stdin, termios.FIONREAD, waiting)
        return waiting[0] == 0

    return is_empty


def kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    if process.stdin is not None:
        process.stdin.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """An index that was filled without interruption."""
    place = Place(tmp_path_factory.mktemp("whole"))
    place.finish()
    assert [document.track.track_id for document in place.stored()] == expected_ids(ROWS)
    return place


def check_after_kill(place: Place, rows_before: int) -> int:
    """Check that whole batches are there, none lost and none doubled; return how many rows are acknowledged."""
    if not (place.engine / "index.sqlite").exists():
        return 0
    place.check_integrity()
    rows = place.committed_rows()
    assert rows >= rows_before
    assert rows % BATCH == 0
    assert [document.track.track_id for document in place.stored()] == expected_ids(rows)
    return rows


def check_resumed(place: Place, whole: Place) -> None:
    """Finish, then compare with the index that was never interrupted."""
    said = place.finish()
    assert "resuming stdin" in said
    place.check_integrity()
    with closing(EmbeddedEngine.open(place.engine)) as embedded:
        embedded.verify()
    assert place.stored() == whole.stored()
    assert (place.folder / "rejects.jsonl").read_bytes() == (whole.folder / "rejects.jsonl").read_bytes()
    with closing(open_engine(str(place.engine))) as engine, closing(open_engine(str(whole.engine))) as other:
        assert engine.tag_counts() == other.tag_counts()
        for tag_id in other.tag_counts():
            assert engine.tag_spelling(tag_id) == other.tag_spelling(tag_id)
        assert list(answers(engine)) == list(answers(other))


def answers(engine: SearchEngine) -> Iterator[object]:
    """Ask some of everything: tags, two tags, kin alone, a word, a filter, an exclusion."""
    sad, slow, zeuhl = (
        Group((Clause(tag(name), (Term(tag(name), Family.TYPED, 1.0), Term(tag(name), Family.IMPLIED, 0.25))),))
        for name in ("sad", "slow", "zeuhl")
    )
    plans = [
        Plan((sad,), facets=True, k=50),
        Plan((sad, slow), outside=10),
        Plan((zeuhl,), excluded=(tag("piano"),)),
        Plan((slow,), words=("song",), filters=Filters(artist=("artist 5",))),
        Plan(),
    ]
    for plan in plans:
        answer = engine.search(plan)
        yield answer.hits, answer.outside, answer.total, answer.carry_all, answer.carry_none, dict(answer.facets)


def offsets_within_batches(n: int) -> list[int]:
    """Random places in the stream, ascending, none of them at the end of a batch."""
    dice = random.Random(11)
    offsets = sorted(dice.sample(range(1, len(STREAM)), n))
    next_row = (STREAM.find(b"\n", at) + 4 for at in offsets)
    return [later if STREAM[:at].count(b"\n") % BATCH == 0 else at for at, later in zip(offsets, next_row, strict=True)]


@pytest.mark.slow
def test_killed_eleven_times_at_random_bytes_in_the_middle_of_a_batch(tmp_path: Path, whole: Place) -> None:
    place, rows = Place(tmp_path), 0
    for offset in offsets_within_batches(11):
        batches = STREAM[:offset].count(b"\n") // BATCH * BATCH
        process = place.start()
        feed(process, STREAM[:offset])
        assert wait_for(drained(process), process)
        assert wait_for(lambda batches=batches: acknowledged(place) == batches, process)  # type: ignore[misc]
        kill(process)
        rows = check_after_kill(place, rows)
        assert rows == batches, "what was read of the last batch is not acknowledged, all before it is"
    check_resumed(place, whole)


def acknowledged(place: Place) -> int:
    """Rows that the running process has acknowledged, as any reader of the database sees it."""
    try:
        with closing(sqlite3.connect(f"file:{place.engine / 'index.sqlite'}?mode=ro", uri=True)) as connection:
            note = connection.execute("SELECT value FROM checkpoints WHERE name = 'index:stdin'").fetchone()
    except sqlite3.OperationalError:  # not there yet
        return 0
    return int(orjson.loads(note[0])["rows"]) if note else 0


@pytest.mark.slow
def test_killed_five_times_as_soon_as_the_log_is_written(tmp_path: Path, whole: Place) -> None:
    place, dice, rows, killed = Place(tmp_path), random.Random(5), 0, 0
    while killed < 5:
        process = place.start()
        feed(process, STREAM[: sum(map(len, LINES[: rows + 6 * BATCH + 17]))])
        for _ in range(dice.randint(1, 6)):
            last = place.log_written
            if not wait_for(lambda last=last: place.log_written > last, process):  # type: ignore[misc]
                break
        killed += process.poll() is None
        seen = acknowledged(place)
        kill(process)
        rows = check_after_kill(place, max(rows, seen))
    check_resumed(place, whole)


def feed(process: subprocess.Popen[bytes], stream: bytes) -> None:
    """Write without end of file: the process waits for more when it has read everything."""
    assert process.stdin is not None
    fcntl.fcntl(process.stdin, fcntl.F_SETPIPE_SZ, 1 << 20)
    process.stdin.write(stream)
    process.stdin.flush()


@pytest.mark.slow
@pytest.mark.parametrize("unfinished", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("attempt", [1, 2])
def test_killed_around_the_rename_of_a_snapshot(tmp_path: Path, whole: Place, unfinished: bool, attempt: int) -> None:
    place = Place(tmp_path)
    process = place.start()
    feed(process, STREAM[:-1])  # the last row is not whole, so the run cannot end before it is killed
    assert wait_for(lambda: bool(place.snapshots(unfinished=unfinished)), process)
    time.sleep(0.002 * (attempt - 1))
    seen = acknowledged(place)
    kill(process)
    assert 0 < check_after_kill(place, seen) < ROWS
    check_resumed(place, whole)
