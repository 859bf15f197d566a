"""One Elasticsearch process: its directory, its settings, and its life from start to removal."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.servers import keeper
from tests.servers.distribution import distribution
from tests.servers.java import java_home, major_version, modules
from tests.servers.places import account, is_usable
from tests.servers.releases import Release, ServerFailed

# Below the ports that the kernel gives out by itself, so that none is taken between choice and start.
PORTS = range(20000, 32000)
START_SECONDS = 240  # a cluster on a busy machine with two cores
CLOSE_SECONDS = keeper.STOP_SECONDS + 10
TOOL_SECONDS = 120
ASK_SECONDS = 30
POLL_SECONDS = 0.1
TAIL_LINES = 40

# What differs between a server to try things on and one to live with. A loopback server is not asked for production's
# limits of the system; a full disk of the machine is no matter of a test.
SETTINGS: dict[str, object] = {
    "network.host": "127.0.0.1",
    "xpack.security.enabled": False,
    "xpack.security.autoconfiguration.enabled": False,
    "cluster.routing.allocation.disk.threshold_enabled": False,
}
# Module of a full distribution → what to turn off: they ask the network or start programs.
MODULE_SETTINGS: dict[str, dict[str, object]] = {
    "ingest-geoip": {"ingest.geoip.downloader.enabled": False},
    "x-pack-ml": {"xpack.ml.enabled": False},
}


@dataclass(frozen=True)
class Program:
    """What runs a server: the program files, and the Java."""

    release: Release
    home: Path
    java: Path

    @classmethod
    def of(cls, release: Release) -> Program:
        """Find or fetch the program of a release.

        Raises
        ------
        NoServer
            If this machine has none; the message says what was tried.
        """
        home = distribution(release.version)
        bundled = home / "jdk"
        return cls(release, home, bundled if major_version(bundled) else java_home(release.java))


@dataclass
class Node:
    """One server; `close` stops it and removes all it had.

    Attributes
    ----------
    directory
        All of the server's own: `config`, `data` (unless stated), `logs`, `tmp`, `home`.
    log
        What it said on its output.
    ca_file, auth
        How to ask it, where it is secured.
    """

    program: Program
    name: str = "node-1"
    heap: str = "512m"
    settings: dict[str, object] = field(default_factory=dict)
    http_port: int = 0
    data: Path | None = None
    ca_file: Path | None = None
    auth: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        if self.data is not None and not holds_data(self.data):
            raise ServerFailed(f"expected an empty directory or data of Elasticsearch in {self.data}, got other files")
        self.http_port = self.http_port or free_port()
        self.transport_port = free_port()
        self.directory = Path(tempfile.mkdtemp(prefix="tagkin-elasticsearch-")).resolve()
        self.config = self.directory / "config"
        self.log = self.directory / keeper.LOG_FILE
        # Whether it was started, and whether its end, if it has ended, is known to the caller.
        self._launched, self._excused = False, False
        self._keeper = self._start_keeper()
        for name in ("data", "logs", "tmp", "home"):
            (self.directory / name).mkdir()
        shutil.copytree(self.program.home / "config", self.config)

    @property
    def url(self) -> str:
        """The address that it answers at."""
        return f"{'https' if self.ca_file else 'http'}://127.0.0.1:{self.http_port}"

    @property
    def version(self) -> str:
        """The version of Elasticsearch."""
        return self.program.release.version

    @property
    def pid(self) -> int:
        """The process id of the server itself, as it runs or as it last ran."""
        return int((self.directory / keeper.PID_FILE).read_text())

    @property
    def is_running(self) -> bool:
        """Whether its process is there."""
        kept = self._launched and self._keeper.poll() is None
        return kept and not (self.directory / keeper.EXIT_FILE).exists()

    def launch(self) -> None:
        """Start the process without waiting for it to answer."""
        self._write_config()
        for stale in (keeper.EXIT_FILE, keeper.PID_FILE):
            (self.directory / stale).unlink(missing_ok=True)
        self._launched, self._excused = True, False
        self._send("start")

    def wait_until_ready(self, seconds: float = START_SECONDS) -> None:
        """Wait until it answers, with a master elected.

        Raises
        ------
        ServerFailed
            If it stopped, or does not answer in time; with the end of its log.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not self.is_running:
                self._excused = True
                raise ServerFailed(f"Elasticsearch {self.version} stopped as it started:\n{self.tail()}")
            if self._answers():
                return
            time.sleep(POLL_SECONDS)
        raise ServerFailed(f"Elasticsearch {self.version} did not answer within {seconds:g} s:\n{self.tail()}")

    def _answers(self) -> bool:
        """Whether it leads or has found who does; another server on the same port is not it."""
        try:
            self.ask("/_cluster/health?wait_for_status=yellow&timeout=5s")
            (process,) = self.ask("/_nodes/_local/process")["nodes"].values()
            return bool(process["process"]["id"] == self.pid)
        except (requests.RequestException, FileNotFoundError):
            return False

    def ask(self, path: str, method: str = "GET", body: dict[str, Any] | None = None) -> Any:
        """Ask the server something, as its administrator.

        Raises
        ------
        requests.RequestException
            If it cannot be reached or refuses.
        """
        verify = str(self.ca_file) if self.ca_file else True
        with requests.request(
            method, self.url + path, json=body, auth=self.auth, verify=verify, timeout=ASK_SECONDS
        ) as answer:
            if not answer.ok:
                raise requests.HTTPError(f"{method} {path}: {answer.status_code} {answer.text}", response=answer)
            return answer.json()

    def kill(self) -> None:
        """Kill it at once (SIGKILL), as a machine dies; its data stay."""
        self._excused = True
        os.killpg(os.getpgid(self.pid), signal.SIGKILL)
        self._await_exit()

    def stop(self) -> None:
        """Stop it in order; its data stay."""
        self._excused = True
        self._send("stop")
        self._await_exit()

    def restart(self) -> None:
        """Start it again on its own data and port, and wait until it answers."""
        if self.is_running:
            self.stop()
        self.launch()
        self.wait_until_ready()

    def close(self) -> None:
        """Stop it if it runs, and remove its directory.

        Raises
        ------
        ServerFailed
            If it had stopped before, by itself; with the end of its log.
        """
        lost = self._launched and not self.is_running and not self._excused
        message = f"Elasticsearch {self.version} had stopped by itself:\n{self.tail()}"
        try:
            self._keeper.communicate(timeout=CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._keeper.kill()  # and the server with it
            self._keeper.communicate()
        shutil.rmtree(self.directory, ignore_errors=True)  # where the keeper was killed
        if lost:
            raise ServerFailed(message)

    def tail(self) -> str:
        """Return the end of the log, without the lines that say where in the program an error arose."""
        text = self.log.read_text(errors="replace") if self.log.exists() else "(it said nothing)"
        return "\n".join([line for line in text.splitlines() if not line.startswith("\t")][-TAIL_LINES:])

    def store_secret(self, setting: str, value: str) -> None:
        """Put a secure setting into the keystore, before the first start."""
        self._own()
        user = account()
        done = subprocess.run(
            ["bash", str(self.program.home / "bin" / "elasticsearch-keystore"), "add", "-f", "-x", setting],
            check=False,
            input=value,
            capture_output=True,
            text=True,
            env=self._environment(),
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
            timeout=TOOL_SECONDS,
        )
        if done.returncode != 0:
            raise ServerFailed(f"elasticsearch-keystore failed:\n{done.stdout}{done.stderr}")

    def _write_config(self) -> None:
        """Write its settings, and the options of Java that this Java has."""
        settings = SETTINGS | {
            "node.name": self.name,
            "cluster.name": f"tagkin-{self.http_port}",
            "http.port": self.http_port,
            "transport.port": self.transport_port,
            "path.data": str(self.data or self.directory / "data"),
            "path.logs": str(self.directory / "logs"),
        }
        for module, off in MODULE_SETTINGS.items():
            if (self.program.home / "modules" / module).is_dir():
                settings |= off
        settings |= self.settings
        lines = [f"{name}: {json.dumps(value)}\n" for name, value in settings.items()]
        (self.config / "elasticsearch.yml").write_text("".join(lines))
        options = self.config / "jvm.options"
        options.write_text(without_absent_modules(options.read_text(), modules(self.program.java)))
        self._own()

    def _own(self) -> None:
        """Give what the server writes to who runs it."""
        user = account()
        for directory in (self.directory, *([self.data] if self.data else [])):
            if not is_usable(directory.parent):
                raise ServerFailed(f"{directory} is closed to the user that runs the server; choose an open directory")
            if user is not None:
                user.own(directory)

    def _environment(self) -> dict[str, str]:
        """Return the server's environment: nothing of ours but the path."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": str(self.directory / "home"),
            "ES_JAVA_HOME": str(self.program.java),
            "ES_PATH_CONF": str(self.config),
            "ES_TMPDIR": str(self.directory / "tmp"),
            # Memory is taken as it is needed: several servers share a machine with tests.
            "ES_JAVA_OPTS": f"-Xms{self.heap} -Xmx{self.heap} -XX:-AlwaysPreTouch",
        }

    def _start_keeper(self) -> subprocess.Popen[bytes]:
        """Start what stops the server and removes its directory when we are gone."""
        user = account()
        program = ["bash", str(self.program.home / "bin" / "elasticsearch")]
        started = subprocess.Popen(
            [sys.executable, "-I", keeper.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the tests, which then close the server
        )
        order = keeper.Order(
            command=[*program, "-p", str(self.directory / keeper.PID_FILE)],
            environment=self._environment(),
            directory=str(self.directory),
            owner=os.getpid(),
            uid=user.uid if user else None,
            gid=user.gid if user else None,
        )
        write_line(started, json.dumps(asdict(order)))
        return started

    def _send(self, command: str) -> None:
        try:
            write_line(self._keeper, command)
        except OSError as failed:
            raise ServerFailed(f"the keeper of Elasticsearch {self.version} is gone: {failed}") from failed

    def _await_exit(self) -> None:
        end = time.monotonic() + CLOSE_SECONDS
        while self.is_running:
            if time.monotonic() > end:
                raise ServerFailed(f"process {self.pid} does not end")
            time.sleep(POLL_SECONDS)


def holds_data(directory: Path) -> bool:
    """Whether a directory is empty, or has the data of a server; it is given to the user that runs the server."""
    names = {path.name for path in directory.iterdir()} - {"lost+found"}
    return not names or "_state" in names


def write_line(process: subprocess.Popen[bytes], line: str) -> None:
    """Write a line to the input of a process."""
    assert process.stdin is not None
    process.stdin.write(line.encode() + b"\n")
    process.stdin.flush()


def free_port() -> int:
    """Return a port of the loopback interface that is free, other than the last ones returned."""
    while True:
        port = random.SystemRandom().choice(PORTS)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


def without_absent_modules(options: str, there: set[str] | None) -> str:
    """Return options of Java without those that add modules which this Java lacks; None: it lacks none."""
    lines = options.splitlines(keepends=True)
    added = "--add-modules="
    return "".join(
        line for line in lines if there is None or added not in line or line.partition(added)[2].strip() in there
    )
