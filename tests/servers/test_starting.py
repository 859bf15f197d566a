"""Real servers start, answer, and leave nothing behind, however their owner ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from tests.servers.java import from_wheel
from tests.servers.node import CLOSE_SECONDS, START_SECONDS, Node, Program
from tests.servers.releases import NEWEST, OLDEST, ServerFailed, release_of
from tests.servers.starting import given_server, start_cluster, start_secured, start_server

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parents[2]
ASK_SECONDS = 10


def is_alive(pid: int) -> bool:
    """Whether a process is there; one that has ended and waits to be noticed is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(happened: Callable[[], bool], seconds: float = CLOSE_SECONDS) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not happened():
        time.sleep(0.1)
    return happened()


def group_of(node: Node) -> list[int]:
    """Return the processes of a node: the server, what started it, and its keeper."""
    return [node.pid, os.getpgid(node.pid), node._keeper.pid]


def gone(pids: list[int], directory: Path) -> bool:
    return not any(map(is_alive, pids)) and not directory.exists()


def test_a_server_starts_answers_and_is_gone_after_but_for_stated_data(open_directory: Path) -> None:
    version, data = NEWEST, open_directory / "data"
    data.mkdir()
    with start_server(version, data=data) as server:
        pids = group_of(server)
        assert all(map(is_alive, pids))
        (node,) = server.ask("/_nodes")["nodes"].values()
        assert (node["version"], node["jvm"]["pid"]) == (version, server.pid)
        assert node["http"]["publish_address"] == server.url.removeprefix("http://")
        assert "started" in server.log.read_text()
        assert given_server(f"{server.url}/", version).version == version
        reason = f"expected Elasticsearch 7 at 127.0.0.1:{server.http_port}, got {version}"
        with pytest.raises(ServerFailed, match=reason):
            given_server(server.url, "7.17.0")
        server.ask("/kept/_doc/1", "PUT", {"tag": "sitar"})
    assert gone(pids, server.directory)
    # A second one finds them; one that dies is noticed at the end.
    with pytest.raises(ServerFailed, match=r"had stopped by itself:(.|\n)*started"):  # noqa: SIM117, PT012
        with start_server(version, data=data) as server:
            pids = group_of(server)
            assert server.ask("/kept/_doc/1")["_source"] == {"tag": "sitar"}
            os.kill(server.pid, signal.SIGKILL)
            assert wait_for(lambda: not server.is_running)
    assert gone(pids, server.directory)
    assert data.is_dir()


def test_a_server_that_cannot_start_says_why() -> None:
    reason = r"stopped as it started:(.|\n)*unknown setting \[no.such.setting\]"
    with pytest.raises(ServerFailed, match=reason), start_server(settings={"no.such.setting": True}):
        pytest.fail("it started")


def test_a_directory_with_other_files_is_not_taken_for_data(open_directory: Path) -> None:
    (open_directory / "letter.txt").touch()
    reason = "expected an empty directory or data of Elasticsearch"
    with pytest.raises(ServerFailed, match=reason), start_server(data=open_directory):
        pytest.fail("it started")


def test_a_secured_server_lets_in_by_password_and_by_key_alone() -> None:
    with start_secured(OLDEST) as server:  # other tests have a secured one of the newest version
        pids = group_of(server.node)
        (node,) = server.node.ask("/_nodes")["nodes"].values()
        assert node["version"] == server.version == OLDEST
        health = f"{server.url}/_cluster/health"
        ca = str(server.ca_file)
        assert server.url.startswith("https:")
        assert requests.get(health, verify=ca, timeout=ASK_SECONDS).status_code == 401
        for password, status in ((server.password, 200), ("guess", 401)):
            answer = requests.get(health, auth=(server.user, password), verify=ca, timeout=ASK_SECONDS)
            assert answer.status_code == status
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(health, timeout=ASK_SECONDS)

        role = {"indices": [{"names": ["ours-*"], "privileges": ["all"]}]}
        key = {"Authorization": f"ApiKey {server.api_key({'ours': role})}"}
        for index, status in (("ours-1", 200), ("theirs-1", 403)):
            answer = requests.put(f"{server.url}/{index}", headers=key, verify=ca, timeout=ASK_SECONDS)
            assert answer.status_code == status, answer.text
        assert requests.get(health, headers=key, verify=ca, timeout=ASK_SECONDS).status_code == 403
        everything = {"Authorization": f"ApiKey {server.api_key()}"}
        assert requests.get(health, headers=everything, verify=ca, timeout=ASK_SECONDS).status_code == 200
    assert gone(pids, server.node.directory)


def test_a_cluster_outlives_its_master() -> None:
    with start_cluster() as cluster:
        pids = {pid: node for node in cluster.nodes for pid in group_of(node)}
        # What a node holds, and how it comes back to it, is in the tests of failing over.
        first, addresses = cluster.master(), cluster.urls
        other, stopped = (node for node in cluster.nodes if node is not first)
        other.ask("/copies", "PUT", {"settings": {"number_of_replicas": 2}})
        other.ask("/copies/_doc/1?refresh=true", "PUT", {"tag": "sitar"})
        cluster.wait_for_green()

        first.kill()
        assert not first.is_running
        assert len(cluster.running) == 2
        assert cluster.master() is not first
        assert other.ask("/copies/_search")["hits"]["total"]["value"] == 1

        stopped.stop()
        assert cluster.running == [other]
        cluster.heal()
        assert len(cluster.running) == 3
        assert cluster.urls == addresses
        assert len(other.ask("/_nodes")["nodes"]) == 3
        assert first.ask("/copies/_search?preference=_local")["hits"]["total"]["value"] == 1
        pids |= {pid: node for node in cluster.nodes for pid in group_of(node)}
    for pid, node in pids.items():
        assert gone([pid], node.directory)


OWNER = """
import sys, time
from tests.servers.starting import start_server

with start_server() as server:
    print(server.directory, server.pid, server._keeper.pid, flush=True)
    time.sleep(1000)
"""


def test_a_killed_owner_leaves_no_server() -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        directory, *pids = owner.stdout.readline().split()
        assert all(is_alive(int(pid)) for pid in pids)
        owner.kill()
    assert wait_for(lambda: gone([int(pid) for pid in pids], Path(directory)))


def test_a_server_on_the_java_of_the_wheel_runs_and_dies_with_its_keeper() -> None:
    program = replace(Program.of(release_of(NEWEST)), java=from_wheel())
    node = Node(program, settings={"discovery.type": "single-node"})
    node.launch()
    node.wait_until_ready()
    (one,) = node.ask("/_nodes/jvm")["nodes"].values()
    assert one["jvm"]["version"].startswith("25.")
    server, starter, keeper = group_of(node)
    os.kill(keeper, signal.SIGKILL)
    assert wait_for(lambda: not is_alive(server) and not is_alive(starter))
    with pytest.raises(ServerFailed, match="had stopped by itself"):
        node.close()
    assert gone([server, starter, keeper], node.directory)


@contextmanager
def killed(process: subprocess.Popen[str]) -> Iterator[None]:
    """Leave no process for a failed test to wait for."""
    try:
        yield
    finally:
        process.kill()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_server_for_trial_says_how_to_use_it_and_stops(ending: signal.Signals, open_directory: Path) -> None:
    command = [sys.executable, "-m", "tests.servers", "--version", OLDEST, "--port", "0", "--heap", "600m"]
    command += ["--data", str(open_directory / "kept")]
    with subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as trial, killed(trial):
        assert trial.stdout is not None
        answers, data, use, *_ = (trial.stdout.readline() for _ in range(4))
        address = answers.split(" answers at ")[1].split(";")[0]
        assert use.split("export ")[1].strip() == f"TAGKIN_ENGINE={address}"
        (node,) = requests.get(f"{address}/_nodes", timeout=START_SECONDS).json()["nodes"].values()
        assert (node["version"], node["jvm"]["mem"]["heap_max_in_bytes"]) == (OLDEST, 600 << 20)
        directory = Path(answers.rpartition("its log is ")[2].strip()).parent
        assert directory.is_dir()
        trial.send_signal(ending)
        _, said = trial.communicate(timeout=CLOSE_SECONDS)
    assert trial.returncode == 0
    assert said.endswith("Stopped\n")
    assert gone([node["jvm"]["pid"]], directory)
    assert str(open_directory / "kept") in data
    assert (open_directory / "kept" / "_state").is_dir()


def test_a_trial_that_cannot_start_ends_with_the_reason(open_directory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        done = subprocess.run(
            [sys.executable, "-m", "tests.servers", "--port", str(other.getsockname()[1])],
            check=False,
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
        )
    assert done.returncode == 1
    assert "Address already in use" in done.stderr
    assert "Traceback" not in done.stderr
