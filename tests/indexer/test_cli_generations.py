"""The commands of generations: what they print, how they end, and what they say where there is one generation only."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from indexer import cli, cli_generations
from indexer.progress import ProgressLines
from search.engines import open_engine
from tests.indexer.conftest import Desk
from tests.indexer.rebuilds import NEW_MODEL, fill, filled_index, make_track
from tests.servers.node import Node

TRACKS = [make_track(number, random.Random(number)) for number in range(50)]


@pytest.fixture
def address(elasticsearch_9: Node) -> Iterator[str]:
    with filled_index(elasticsearch_9.url, TRACKS) as made:
        yield made


def run(name: str, *arguments: object) -> Result:
    return CliRunner().invoke(getattr(cli_generations, f"{name}_command"), [*map(str, arguments)])


@pytest.fixture
def on_server(desk: Desk, address: str, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(desk, "engine", address)
    monkeypatch.setattr(cli, "load_model", lambda _path: NEW_MODEL)
    return desk


@pytest.mark.slow
def test_from_a_rebuild_to_the_way_back_and_to_pruning(on_server: Desk, address: str) -> None:
    rebuilt = on_server.index("--rebuild")
    assert rebuilt.exit_code == 0, rebuilt.output
    assert "checked: 50 documents read back, 20 searches compared: all as written" in rebuilt.stderr
    assert "searches tried" in rebuilt.stderr
    assert "generation 2 is searched from now on: 50 tracks; `tagkin rollback` goes back" in rebuilt.stderr
    again = on_server.index("--reach")
    assert "reach: nothing has changed" in again.stderr
    listed = run("generations", "--engine", address)
    assert [line.split()[-1] for line in listed.stdout.splitlines()[1:]] == ["kept", "living"]
    infos = orjson.loads(run("generations", "--engine", address, "--json").stdout)
    shown = [(one["number"], one["role"], one["model_id"]) for one in infos]
    assert shown == [(1, "kept", "tiny"), (2, "living", "new")]
    late = make_track(70, random.Random(0))
    engine = open_engine(address)
    fill(engine, [late], NEW_MODEL)
    back = run("rollback", "--engine", address)
    assert back.exit_code == 0
    assert back.stderr == (
        "generation 1 is searched from now on: 50 tracks\n1 commit made since it was last searched is not in it\n"
    )
    assert engine.documents([late.track_id]) == (None,)
    there = run("rollback", "2", "--engine", address)
    assert there.stderr == "generation 2 is searched from now on: 51 tracks\n"
    engine.close()
    assert run("prune", "--keep", "0", "--engine", address).stderr == "removed: generation 1\n"
    assert run("prune", "--keep", "0", "--engine", address).stderr == "there is nothing to remove\n"
    nothing = run("rollback", "--engine", address)
    assert (nothing.exit_code, nothing.stdout) == (2, "")
    assert nothing.stderr == "tagkin: there is no generation older than 2, which is searched, to go back to\n"


@pytest.mark.slow
def test_a_rebuild_that_changes_nothing_keeps_the_reach(on_server: Desk) -> None:
    assert "searches tried" in on_server.index("--rebuild").stderr
    second = on_server.index("--rebuild")
    assert second.exit_code == 0
    assert "searches tried" not in second.stderr
    assert "reach: nothing has changed" in on_server.index("--reach").stderr


@pytest.mark.slow
def test_a_generation_that_is_gone_back_to_keeps_its_reach(on_server: Desk, address: str) -> None:
    for _ in range(2):
        assert on_server.index("--rebuild").exit_code == 0
    for number in (2, 4, 2):
        there = run("rollback", number, "--engine", address)
        assert there.stderr == f"generation {number} is searched from now on: 50 tracks\n"
        assert "reach: nothing has changed" in on_server.index("--reach").stderr
    engine = open_engine(address)
    fill(engine, [make_track(80, random.Random(0))], NEW_MODEL)
    engine.close()
    assert run("rollback", 4, "--engine", address).exit_code == 0
    assert run("rollback", 2, "--engine", address).exit_code == 0
    assert "searches tried" in on_server.index("--reach").stderr


@pytest.mark.slow
def test_the_reach_counts_commits_that_came_after_it(
    on_server: Desk, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lines(ProgressLines):
        def say(self, text: str) -> None:
            super().say(text)
            if text.startswith("reach:"):
                engine = open_engine(address)
                fill(engine, [make_track(80, random.Random(0))], NEW_MODEL)
                engine.close()

    with monkeypatch.context() as patch:
        patch.setattr(cli, "open_progress", Lines)
        assert on_server.index("--rebuild").exit_code == 0
    assert "searches tried" in on_server.index("--reach").stderr


@pytest.mark.slow
def test_a_rebuild_of_an_index_that_is_not_there_is_refused(elasticsearch_9: Node, desk: Desk) -> None:
    desk.engine = Path("x")
    result = CliRunner().invoke(cli.index_command, ["--rebuild", "--engine", f"{elasticsearch_9.url}/not-there"])
    assert result.exit_code == 3
    assert "no index at" in result.stderr


@pytest.mark.parametrize("command", ["generations", "rollback", "prune"])
def test_a_directory_keeps_one_generation_and_says_what_to_do(tmp_path: Path, command: str) -> None:
    result = run(command, "--engine", tmp_path / "index")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "is a directory and keeps one generation" in result.stderr
    assert "set TAGKIN_ENGINE to that" in result.stderr


def test_a_directory_is_not_rebuilt_and_nothing_is_made(desk: Desk) -> None:
    desk.write("songs.csv", "Title,Tags\nA,sad\n")
    result = desk.index(desk.folder / "songs.csv", "--rebuild")
    assert result.exit_code == 2
    assert "keeps one generation" in result.stderr
    assert not desk.engine.exists()


@pytest.mark.parametrize("option", ["--prune", "--reexpand", "--dry-run"])
def test_options_that_make_no_sense_with_a_rebuild_are_refused(desk: Desk, option: str) -> None:
    result = desk.index("--rebuild", option)
    assert result.exit_code == 2
    assert option in result.stderr
