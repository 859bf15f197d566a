"""Services of docker-compose.yml run as processes: the command, environment and health check that stand there."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.deployment.commands import Done, run
from tests.deployment.image import Image

WAIT_SECONDS = 90
# A small catalogue; none of these tracks exists.
SONGS = """\
Track Name,Performer,Moods,Featuring
River at Night,Ana Lund,"sad, calm",piano
Market Day,The Sparrows,happy,"acoustic guitar, handclaps"
Long Road,The Sparrows,"sad, slow",piano
"""


def environment_of(service: Mapping[str, Any], image: Image, places: Mapping[str, Path | str]) -> dict[str, str]:
    """Return a service's environment in a container of the image, with places of the container where they are here.

    Parameters
    ----------
    places
        What a value contains → what stands there instead.
    """
    values = {name: str(value) for name, value in service["environment"].items()}
    for there, here in places.items():
        values = {name: value.replace(there, str(here)) for name, value in values.items()}
    return image.environment(**values)


def free_port() -> int:
    """Return a port that is free at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class WebServer:
    """A running web service."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path
    check: list[str]
    environment: dict[str, str]

    def is_well(self) -> bool:
        """Run the service's health check."""
        return run(self.check, self.environment).returncode == 0

    def ask(self, path: str) -> tuple[int, Any]:
        """Return status and JSON of an address; 0 where nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)
        except OSError:
            return 0, None


def eventually(what: Any, seconds: float = WAIT_SECONDS) -> None:
    """Wait until something is so."""
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.2)


@contextmanager
def web_server(
    service: Mapping[str, Any], image: Image, folder: Path, places: Mapping[str, Path | str], *before: str
) -> Iterator[WebServer]:
    """Run a web service as the file has it, on a free port of this machine.

    Parameters
    ----------
    before
        A command that runs the command.
    """
    port = free_port()
    (folder / "tmp").mkdir(exist_ok=True)
    here = {"0.0.0.0": "127.0.0.1", **places}
    environment = {**environment_of(service, image, here), "TAGKIN_PORT": str(port), "TMPDIR": str(folder / "tmp")}
    kind, *check = service["healthcheck"]["test"]
    assert kind == "CMD"
    log = folder / "web.log"
    with log.open("wb") as said:
        command = [*before, "tagkin", *service["command"]]
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=said, stderr=said)
    server = WebServer(port, process, log, check, environment)
    try:
        yield server
    finally:
        process.terminate()
        process.wait(30)


def run_indexer(
    service: Mapping[str, Any], image: Image, folder: Path, places: Mapping[str, Path | str], *arguments: str
) -> Done:
    """Run an indexer as the file has it, on files in a folder."""
    return run([*service["entrypoint"], *arguments], environment_of(service, image, places), folder)


def run_setup(
    service: Mapping[str, Any], places: Mapping[str, Path | str], *arguments: str, **more: str
) -> Done:
    """Run a setup container's program as the file has it."""
    values = {name: str(value) for name, value in service["environment"].items()}
    command = [str(word) for word in service["entrypoint"]]
    for there, here in places.items():
        at_start = re.compile(rf"^{re.escape(there)}")
        values = {name: at_start.sub(str(here), value) for name, value in values.items()}
        command = [at_start.sub(str(here), word) for word in command]
    environment = {"PATH": os.environ["PATH"], **values, **more}
    return run([*command, *arguments], environment)
