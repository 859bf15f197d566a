"""Servers in processes of their own, and how much memory those take: what benchmarks over HTTP stand on."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

START_SECONDS = 60
REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def connection(self) -> http.client.HTTPConnection:
        """Open a connection that is kept alive."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_SECONDS)

    def memory(self) -> dict[str, float]:
        """Return what all its processes hold: resident, and of that their own (no files, nothing shared), in MB."""
        totals = {"rss_mb": 0.0, "own_mb": 0.0}
        for process in _family(self.process.pid):
            try:
                lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
            except (FileNotFoundError, ProcessLookupError):
                continue
            kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines[1:]}
            totals["rss_mb"] += kilobytes["Rss"] / 1024
            totals["own_mb"] += (kilobytes["Private_Dirty"] + kilobytes.get("Swap", 0)) / 1024
        return {name: round(value, 1) for name, value in totals.items()}

    def seconds_of_work(self) -> float:
        """Return what all its processes have used of the processors until now."""
        ticks = 0
        for process in _family(self.process.pid):
            try:
                fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


def _family(pid: int) -> list[int]:
    """Return a process with all that come from it."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents.setdefault(parent, []).append(int(path.parent.name))
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return found


@contextmanager
def serving(command: Sequence[str], **environment: str) -> Iterator[Server]:
    """Run a command whose ``{port}`` is filled in, until it answers; stop it in the end."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [sys.executable, *(word.format(port=port) for word in command)]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(words, cwd=REPOSITORY, env=os.environ | environment, stdout=log, stderr=log)
        server = Server(process, port)
        try:
            _await_answer(server, log)
            yield server
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(START_SECONDS)


def _await_answer(server: Server, log: IO[bytes]) -> None:
    for _ in range(START_SECONDS * 10):
        if server.process.poll() is not None:
            break
        connection = server.connection()
        try:
            connection.request("GET", "/0")
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    log.seek(0)
    sys.exit(f"the server did not start: {log.read().decode()}")


@contextmanager
def pages(index: Path, workers: int) -> Iterator[Server]:
    """Serve an index as users do, by `tagkin serve`."""
    command = ["-m", "tagkin", "serve", "--engine", str(index), "--port", "{port}", "--workers", str(workers)]
    with serving(command) as server:
        yield server


@contextmanager
def constants(sizes: Sequence[int], workers: int) -> Iterator[Server]:
    """Serve constants of these sizes under the same server."""
    command = ["-m", "benchmarks.constant_app", "{port}", str(workers)]
    with serving(command, CONSTANT_SIZES=",".join(map(str, sizes))) as server:
        yield server
