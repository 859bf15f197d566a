"""A catalogue, an index on a server, and the real `tagkin index` between them, as tests of bulk loading need it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import orjson

from search.document import Document
from search.elastic.connection import Connection
from search.elastic.engine import ElasticEngine
from search.elastic.indices import all_pairs, remove_pair
from search.elastic.state import StateRecord, read_state

COMMAND = """
from indexer import cli
from tests.indexer.tiny_model import TinyModel
cli.load_model = lambda path: TinyModel()
cli.index_command()
"""
LONGEST = 240.0  # seconds until a run that does not end fails the test

_numbers = count()


def make_rows(n: int) -> bytes:
    """Rows of a catalogue as JSON lines, the same every time."""
    dice = random.Random(n)
    words = ["sad", "slow", "piano", "Rock", "female vocals", "zeuhl", "ambient", "drum & bass", "!"]
    rows = (
        {"id": at, "title": f"Song {at} ü", "artist": f"Artist {at % 97}", "tags": dice.sample(words, 3)}
        for at in range(n)
    )
    return b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)


@dataclass(frozen=True)
class Ended:
    """How a run ended: its exit status, what it said, and the most memory that it had, in bytes."""

    status: int
    said: str
    peak: int


@dataclass
class Load:
    """One catalogue on its way into one index.

    Parameters
    ----------
    server
        Address for the command, which may be a proxy's; tests look at the index through `direct`.
    """

    folder: Path
    server: str
    direct: str
    name: str

    @property
    def source(self) -> Path:
        return self.folder / "rows.jsonl"

    def start(self, *options: object) -> subprocess.Popen[bytes]:
        """Start the command on the rows of `source`; what it says goes to a file."""
        given = ("--engine", f"{self.server}/{self.name}", "--rejects", self.folder / "rejects.jsonl", "--no-reach")
        command = [sys.executable, "-c", COMMAND, str(self.source), *map(str, (*given, *options))]
        with (self.folder / "stderr").open("wb") as errors:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=errors)

    def end(self, process: subprocess.Popen[bytes]) -> Ended:
        """Wait for the end of a run."""
        until, peak = time.monotonic() + LONGEST, 0
        while process.poll() is None:
            peak = max(peak, peak_memory(process.pid))
            assert time.monotonic() < until, "the run does not end"
            time.sleep(0.02)
        return Ended(process.returncode, (self.folder / "stderr").read_text(), peak)

    def run(self, *options: object) -> Ended:
        """Run the command to its end."""
        return self.end(self.start(*options))

    def documents(self) -> list[Document]:
        """Return what the index holds, as searches see it."""
        with closing(ElasticEngine.open(f"{self.direct}/{self.name}")) as engine:
            return list(engine.all_documents())

    def state(self) -> StateRecord | None:
        """Return how the index stands; None where there is none yet."""
        with closing(ElasticEngine.open(f"{self.direct}/{self.name}", create=True)) as engine:
            return read_state(engine.connection, engine.place.about).record

    def rejects(self) -> list[dict[str, object]]:
        """Return the rows of the rejects file."""
        return [orjson.loads(line) for line in (self.folder / "rejects.jsonl").read_bytes().splitlines()]

    def clear(self) -> None:
        """Remove the index."""
        with closing(ElasticEngine.open(f"{self.direct}/{self.name}", create=True)) as engine:
            remove_all(engine.connection)


def peak_memory(pid: int) -> int:
    """Return the most memory, in bytes, that a process had since it began to run its program; 0 if it has ended.

    What the kernel tells after the end counts from the fork, with all the memory that the parent had.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    sizes = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")]
    return sizes[0] * 1024 if sizes else 0


def remove_all(connection: Connection) -> None:
    """Remove every generation of an index."""
    for pair in all_pairs(connection):
        remove_pair(connection, pair)


def new_load(folder: Path, server: str, direct: str, rows: bytes) -> Iterator[Load]:
    """Yield a load of these rows into a new index, which is removed in the end."""
    folder.mkdir(exist_ok=True)
    load = Load(folder, server, direct, f"bulk-{os.getpid()}-{next(_numbers)}")
    load.source.write_bytes(rows)
    yield load
    load.clear()


def wait_until(happened: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait until something happens while a run goes on."""
    until = time.monotonic() + LONGEST
    while not happened():
        assert process.poll() is None, "the run has ended before"
        assert time.monotonic() < until, "it does not come to that"
        time.sleep(0.005)
