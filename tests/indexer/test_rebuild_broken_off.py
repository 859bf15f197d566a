"""A rebuild that dies, at whatever moment: the old generation serves, and the same command brings it to its end."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import orjson
import pytest

from indexer import cli
from indexer.rebuilding import RebuildRun
from search.elastic import state as lease_module
from search.elastic.connection import Connection
from search.elastic.engine import ElasticEngine
from search.engine import SearchUnavailable
from tests.indexer.conftest import Desk
from tests.indexer.rebuilds import NEW_MODEL, Between, Busy, documents_of, fill, make_track, rebuild, stored
from tests.indexer.tiny_model import TinyModel
from tests.search.engine_contract import remove_indices
from tests.servers.node import Node

pytestmark = pytest.mark.slow

_numbers = count()
OLD_MODEL = TinyModel()
TRACKS = [make_track(number, random.Random(number)) for number in range(400)]
# Slow enough that it can be met at work on any machine.
COMMAND = """
import time
from indexer import cli
from indexer.progress import ProgressLines
from tests.indexer.rebuilds import NEW_MODEL
cli.load_model = lambda path: NEW_MODEL
ProgressLines.advance = lambda self, n: time.sleep(0.1)
cli.index_command()
"""
PATIENCE = 90.0  # seconds until a process that does not come to the point fails the test


@pytest.fixture
def address(elasticsearch_9: Node) -> Iterator[str]:
    made = f"{elasticsearch_9.url}/broken-{os.getpid()}-{next(_numbers)}"
    yield made
    remove_indices(made)


@pytest.fixture
def engine(address: str) -> Iterator[ElasticEngine]:
    opened = ElasticEngine.open(address, create=True)
    fill(opened, TRACKS, OLD_MODEL)
    yield opened
    opened.close()


def start(address: str, errors: Path, *options: str) -> subprocess.Popen[bytes]:
    arguments = ("--rebuild", "--no-reach", "--engine", address, "--batch-size", "20", *options)
    with errors.open("wb") as stream:
        return subprocess.Popen([sys.executable, "-c", COMMAND, *arguments], stderr=stream)


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_any_moment_and_going_on(address: str, engine: ElasticEngine, tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    busy = Busy(engine, OLD_MODEL, {track.track_id: track for track in TRACKS}, dice, most=len(TRACKS) + 40)
    errors = tmp_path / "stderr"
    building = 0
    for _ in range(4):
        process = start(address, errors)
        began = wait_for_building(engine, process)
        assert building in (0, began), "a rebuild that died was not gone on with"
        time.sleep(dice.uniform(0, 1.5))
        process.send_signal(signal.SIGKILL)
        if process.wait() == 0:
            break  # it was quicker
        building = began
        busy.write()
        assert {key: one.track for key, one in stored(engine).items()} == busy.expected
    else:
        process = start(address, errors)
        assert process.wait(PATIENCE) == 0, errors.read_text()
    assert f"generation {began} is searched from now on" in errors.read_text()
    documents = list(stored(engine).values())
    assert documents == documents_of([busy.expected[key] for key in sorted(busy.expected)], NEW_MODEL)


def wait_for_building(engine: ElasticEngine, process: subprocess.Popen[bytes]) -> int:
    """Wait until a rebuild is at work; return the number of its generation."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(SearchUnavailable):  # an index that is being made just now
            for one in engine.generations()._find():
                lease = one.record.lease if one.record else None
                if one.role == "building" and lease is not None and lease.pid == process.pid:
                    return one.pair.number
        time.sleep(0.02)
    process.kill()
    process.wait()
    raise AssertionError(f"the rebuild did not begin: {process.poll()}")


def test_killed_between_check_and_switch(address: str, engine: ElasticEngine, tmp_path: Path) -> None:
    errors = tmp_path / "stderr"
    process = start(address, errors)
    wait_for_building(engine, process)
    with engine.writer():  # which the last step waits for
        deadline = time.monotonic() + PATIENCE
        while "waiting:" not in errors.read_text() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.kill()
        process.wait()
    said = errors.read_text()
    assert "all as written" in said
    assert f"is being written by process {os.getpid()}" in said
    assert engine.state().model_id == "tiny"
    # Cleared, and nothing is left of it.
    assert engine.generations().prune(1, print) == [2]
    fill(engine, TRACKS[:1], OLD_MODEL)
    assert list(stored(engine).values()) == documents_of(TRACKS, OLD_MODEL)


class Died(BaseException):
    """As if the process were gone: nothing more is sent, nothing is tidied up."""


class Mortal:
    """Lets some requests of a connection through, then none."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, connection: Connection) -> None:
        self.left: float = float("inf")
        real = connection.request

        def request(*arguments: Any, **options: Any) -> Any:
            if self.left <= 0:
                raise Died
            self.left -= 1
            return real(*arguments, **options)

        monkeypatch.setattr(connection, "request", request)


def test_the_last_step_may_die_before_any_of_its_requests(
    address: str, engine: ElasticEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time the index is the old one or the new one, whole; and the next run brings it to its end."""
    expected = {track.track_id: track for track in TRACKS}
    busy = Busy(engine, OLD_MODEL, expected, random.Random(5), most=len(TRACKS))
    switched, at = False, 0
    while not switched:
        doomed = ElasticEngine.open(address)
        with monkeypatch.context() as patch:
            mortal = Mortal(patch, doomed.connection)
            # Its leases are those of a process that is no more.
            patch.setattr(lease_module, "_start_of", lambda _pid, life=at: f"life {life}")

            def begin_to_die(_run: RebuildRun) -> None:
                busy.write()  # something to settle at the end
                mortal.left = at  # noqa: B023 - read at once

            try:
                rebuild(doomed, before_check=begin_to_die, batch_size=200)
                switched = True
            except Died:
                pass
        doomed.connection.close()
        busy.write()
        tracks = {key: one.track for key, one in stored(engine).items()}
        assert tracks == expected, f"after {at} requests"
        at += 4
    assert at > 20
    rebuild(engine)
    assert list(stored(engine).values()) == documents_of([expected[key] for key in sorted(expected)], NEW_MODEL)
    assert [one.role for one in engine.generations().all()].count("living") == 1


def test_what_a_writer_left_that_died_in_between_is_settled(engine: ElasticEngine) -> None:
    """It had written to the new generation and not yet to the living one: nobody was told that it had written."""
    ghost = make_track(9_000, random.Random(0))

    def die(run: RebuildRun) -> None:
        with engine.writer() as writer:
            own = writer._sender
            own._indices = own._indices[:1]
            writer.write(documents_of([ghost], OLD_MODEL))
            writer.delete([TRACKS[3].track_id])
            writer.flush()
            own.wait()

    rebuild(engine, before_check=die)
    assert list(stored(engine).values()) == documents_of(TRACKS, NEW_MODEL)


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "songs.jsonl"
    rows = [{"track_id": one.track_id, "title": one.title, "tags": list(one.tags)} for one in TRACKS[:300]]
    path.write_bytes(b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows))
    return path


def test_from_sources_the_index_holds_what_they_hold_and_what_came_meanwhile(
    address: str, engine: ElasticEngine, desk: Desk, sheet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, gone = make_track(9_001, random.Random(3)), TRACKS[7]
    monkeypatch.setattr(desk, "engine", address)
    done = []

    def meanwhile() -> None:
        if not done:
            fill(engine, [late], OLD_MODEL)
            with engine.writer() as writer:
                assert writer.delete([gone.track_id]) == 1
                writer.commit()
            done.append(True)

    monkeypatch.setattr(cli, "open_progress", lambda: Contextual(meanwhile))
    result = desk.index(sheet, "--rebuild", "--batch-size", 100)
    assert result.exit_code == 0, result.output
    ids = {track.track_id for track in TRACKS[:300]} - {gone.track_id} | {late.track_id}
    assert set(stored(engine)) == ids
    assert engine.attachment("reach") is not None
    # Nobody writes now: the count has to be exact.
    result = desk.index(sheet, sheet.name.replace(".jsonl", "2.jsonl"), "--rebuild")
    assert result.exit_code == 2
    assert desk.index(sheet, "--rebuild", "--no-reach").exit_code == 0
    assert set(stored(engine)) == {track.track_id for track in TRACKS[:300]}


class Contextual(Between):
    def __enter__(self) -> Contextual:
        return self

    def __exit__(self, *exc: object) -> None: ...


def test_sources_that_did_not_all_arrive_are_found(
    address: str, engine: ElasticEngine, desk: Desk, sheet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "engine", address)
    real = RebuildRun.check

    def lose_one(run: RebuildRun) -> None:
        run.rebuild.writer.delete([TRACKS[0].track_id])
        run.sample.__init__()  # type: ignore[misc] # which would tell it as well
        real(run)

    monkeypatch.setattr(RebuildRun, "check", lose_one)
    result = desk.index(sheet, "--rebuild")
    assert result.exit_code == 3
    assert "has 299 tracks, the sources have 300" in result.stderr
    assert len(stored(engine)) == len(TRACKS)


