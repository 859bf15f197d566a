"""Readers and writers in processes of their own: locks, consistent states, sudden death."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from search.document import Document, Family
from search.embedded import EmbeddedEngine
from search.engine import SearchUnavailable
from search.plan import Clause, Group, Plan, Term
from tagmodel.track import Track

ALL = Plan((Group((Clause("x", (Term("x", Family.TYPED, 1.0),)),)),), facets=True)


def batch(number: int, size: int = 20) -> list[Document]:
    """Every batch has the same track ids, so an index holds exactly one batch, whole."""
    return [
        Document(Track(f"t:{i}", f"Batch {number}", f"Artist {number}"), ("x", f"batch{number}")) for i in range(size)
    ]


def assert_one_batch(engine: EmbeddedEngine) -> int:
    answer = engine.search(ALL)
    titles = {hit.document.track.title for hit in answer.hits}
    artists = answer.facets["artist"]
    assert len(titles) == len(artists) == 1
    assert answer.total == artists[0].count == answer.state.n_tracks == 20
    assert titles.pop() == artists[0].label.replace("Artist", "Batch")
    return answer.state.delta


def test_the_second_writer_is_told_the_process_of_the_first(tmp_path: Path) -> None:
    EmbeddedEngine.open(tmp_path, create=True).close()
    code = (
        "import sys; from pathlib import Path; from search.embedded import EmbeddedEngine\n"
        "with EmbeddedEngine.open(Path(sys.argv[1])).writer(): print('ready', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    engine = EmbeddedEngine.open(tmp_path)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        with pytest.raises(SearchUnavailable, match=rf"being written by process {process.pid}\b"):
            engine.writer()
        process.kill()
    engine.writer().__exit__()  # the lock went with the process
    engine.close()


def read_until(path: Path, stop: object, failures: object) -> None:
    engine = EmbeddedEngine.open(path)
    last = 0
    try:
        while not stop.is_set():  # type: ignore[attr-defined]
            delta = assert_one_batch(engine)
            assert delta >= last
            last = delta
    except BaseException as error:
        failures.put(repr(error))  # type: ignore[attr-defined]
        raise
    finally:
        engine.close()


@pytest.mark.slow
def test_readers_in_other_processes_see_whole_commits_only(tmp_path: Path) -> None:
    engine = EmbeddedEngine.open(tmp_path, create=True)
    with engine.writer() as writer:
        writer.write(batch(0))
        writer.commit()
        context = multiprocessing.get_context("spawn")
        stop, failures = context.Event(), context.Queue()
        readers = [context.Process(target=read_until, args=(tmp_path, stop, failures)) for _ in range(2)]
        for reader in readers:
            reader.start()
        until = time.monotonic() + 4
        number = 1
        while time.monotonic() < until:
            writer.write(batch(number))
            writer.compact() if number % 5 == 0 else writer.commit()
            number += 1
        stop.set()
        for reader in readers:
            reader.join(20)
    assert [reader.exitcode for reader in readers] == [0, 0], failures.get(timeout=1)
    assert number > 10
    engine.close()


def test_threads_see_whole_commits_only(tmp_path: Path) -> None:
    engine = EmbeddedEngine.open(tmp_path, create=True)
    with engine.writer() as writer:
        writer.write(batch(0))
        writer.commit()
        stop = threading.Event()
        failures: list[BaseException] = []

        def read() -> None:
            try:
                while not stop.is_set():
                    assert_one_batch(engine)
            except BaseException as error:
                failures.append(error)
                raise

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for number in range(1, 40):
            writer.write(batch(number))
            writer.compact() if number % 10 == 0 else writer.commit()
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert assert_one_batch(engine) == 40
    engine.close()


WRITE_FOREVER = """
import sys
from pathlib import Path
from search.embedded import EmbeddedEngine
from tests.search.test_embedded_concurrency import batch

with EmbeddedEngine.open(Path(sys.argv[1]), create=True).writer() as writer:
    number = int(writer.checkpoint("batch") or 0)
    while True:
        number += 1
        documents = batch(number)
        writer.write(documents[:7])
        writer.write(documents[7:])
        writer.set_checkpoint("batch", str(number))
        writer.compact() if number % 3 == 0 else writer.commit()
        print(number, flush=True)
"""


@pytest.mark.slow
def test_sudden_death_of_the_writer_loses_nothing_acknowledged(tmp_path: Path) -> None:
    random_ = random.Random(20)
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    for _ in range(8):
        command = [sys.executable, "-c", WRITE_FOREVER, str(tmp_path / "index")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stdout is not None
            process.stdout.readline()  # it has begun
            time.sleep(random_.uniform(0, 0.3))
            process.send_signal(signal.SIGKILL)
            acknowledged = [int(line) for line in process.stdout.read().split()]
        engine = EmbeddedEngine.open(tmp_path / "index")
        engine.verify()
        assert_one_batch(engine)
        with engine.writer() as writer:
            stored = int(writer.checkpoint("batch"))
        assert engine.documents(["t:0"])[0] == batch(stored)[0]
        assert stored >= max(acknowledged, default=1)
        engine.close()
