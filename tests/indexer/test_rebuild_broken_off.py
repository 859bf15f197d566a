"""A rebuild that dies, at whatever moment: the old generation serves, and the same command brings it to its end."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import orjson
import pytest

from indexer import cli
from indexer.rebuilding import RebuildRun
from search.elastic import lease as lease_module
from search.elastic import rebuild as rebuilding
from search.elastic.connection import Connection
from search.elastic.engine import ElasticEngine
from search.elastic.mapping import Generation
from search.engine import SearchUnavailable
from tests.audiomodel.tones import write_tone
from tests.faults.choosing import Fault, Faults, to
from tests.faults.proxy import FaultProxy
from tests.indexer.conftest import Desk
from tests.indexer.rebuilds import (
    NEW_MODEL,
    Between,
    Busy,
    documents_of,
    fill,
    filled_index,
    make_track,
    rebuild,
    stored,
)
from tests.indexer.tiny_model import TinyModel
from tests.servers.node import Node

pytestmark = pytest.mark.slow

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
    with filled_index(elasticsearch_9.url, TRACKS) as made:
        yield made


@pytest.fixture
def engine(address: str) -> Iterator[ElasticEngine]:
    with closing(ElasticEngine.open(address)) as opened:
        yield opened


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


# What was being read when it died is closed later by Python itself, which meets the same end.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
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
        at += 1
    assert at > 20
    rebuild(engine)
    assert list(stored(engine).values()) == documents_of([expected[key] for key in sorted(expected)], NEW_MODEL)
    assert [one.role for one in engine.generations().all()].count("living") == 1


@pytest.mark.parametrize("lost", [1, 2])
def test_a_switch_whose_answers_are_lost_is_done(
    elasticsearch_9: Node, address: str, engine: ElasticEngine, lost: int
) -> None:
    """The client sends it once more by itself; what the second one would move is gone already."""
    with (
        FaultProxy(elasticsearch_9.url) as proxy,
        closing(ElasticEngine.open(f"{proxy.url}/{address.rpartition('/')[2]}")) as far,
    ):
        proxy.faults = Faults(where=to("/_aliases"))
        proxy.next_faults(*[Fault.RESET_AFTER] * lost)
        assert rebuild(far).number == 2
        assert proxy.counts["reset after"] == lost
        proxy.next_faults(*[Fault.RESET_AFTER] * lost)
        assert far.generations().roll_back(None, print).number == 1
        assert proxy.counts["reset after"] == 2 * lost
    assert [one.role for one in engine.generations().all()] == ["living", "kept"]
    assert stored(engine) == {one.track.track_id: one for one in documents_of(TRACKS, OLD_MODEL)}


def test_a_rebuild_waits_for_a_server_that_is_away_while_the_index_is_read(
    elasticsearch_9: Node, address: str, engine: ElasticEngine
) -> None:
    with (
        FaultProxy(elasticsearch_9.url) as proxy,
        closing(ElasticEngine.open(f"{proxy.url}/{address.rpartition('/')[2]}", patience=60)) as far,
    ):
        proxy.faults = Faults(share_reset_before=1.0, where=to("*/_pit", "/_search"))
        back = threading.Timer(5, setattr, (proxy, "faults", Faults()))
        back.start()
        assert rebuild(far).number == 2
        back.join()
        assert proxy.counts["reset before"] > 4
    assert list(stored(engine).values()) == documents_of(TRACKS, NEW_MODEL)


def test_a_switch_that_the_server_refuses_is_said(
    address: str, engine: ElasticEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = rebuilding.make_live

    def misled(connection: Connection, pair: Generation, instead_of: Generation) -> None:
        real(connection, pair, instead_of=pair._replace(tracks=f"{pair.tracks}0"))

    monkeypatch.setattr(rebuilding, "make_live", misled)
    with pytest.raises(SearchUnavailable, match="no such index"):
        rebuild(engine)
    assert [one.role for one in engine.generations().all()] == ["living", "building"]
    monkeypatch.undo()
    rebuild(engine)
    assert [one.role for one in engine.generations().all()] == ["kept", "living"]


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


def test_sources_that_share_tracks_keep_what_one_of_them_heard(
    engine: ElasticEngine, address: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "engine", address)
    music, backup = desk.folder / "pool", desk.folder / "backup.jsonl"
    music.mkdir()
    for seed in range(3):
        write_tone(music / f"{seed}.flac", seed, seconds=3.0)
    options = ("--jobs", 1, "--no-reach")
    assert desk.index(music, *options).exit_code == 0
    assert desk.export("-o", backup).exit_code == 0
    result = desk.index("--rebuild", music, backup, *options)
    assert result.exit_code == 0, result.output
    assert "documents read back" in result.stderr
    heard = [one for one in stored(engine).values() if one.sound is not None and one.sound.vector]
    assert len(heard) == 3
    assert len(stored(engine)) == 3 + len(TRACKS)


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


