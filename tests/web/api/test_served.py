"""The API as its clients meet it: over HTTP, what wrong heads get included; the examples that write are run."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from tests.web.api.test_guide import needs_curl
from tests.web.api.test_schemathesis import config
from tests.web.browser.conftest import served
from tests.web.sounding import write_sine
from web.api.app import OPERATIONS
from web.api.openapi import BASE, openapi_document

pytestmark = pytest.mark.slow

TOKEN = "a-token-of-the-tests"


@pytest.fixture(scope="module")
def site(demo_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve an index that may be written to."""
    folder = tmp_path_factory.mktemp("served")
    shutil.copytree(demo_directory, folder / "demo")
    tokens = folder / "tokens"
    tokens.write_text(TOKEN)
    with served(folder / "demo", folder / "log", TAGKIN_TOKENS_FILE=str(tokens)) as address:
        yield address


# A test of the document holds what is served to this.
schema = schemathesis.openapi.from_dict(openapi_document(OPERATIONS), config=config)


@schema.parametrize()
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_operation_answers_over_http_as_documented(case: schemathesis.Case, site: str) -> None:
    case.call_and_validate(base_url=f"{site}{BASE}", headers={"Authorization": f"Bearer {TOKEN}"})


def test_a_head_too_large_to_be_read_is_documented(site: str) -> None:
    with urllib.request.urlopen(f"{site}/api/v1/openapi.json") as answer:
        document = json.load(answer)
    many = urllib.request.Request(f"{site}/api/v1/stats", headers={f"X-{number}": "x" for number in range(120)})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(many)
    assert refused.value.code == 431
    refused.value.close()
    assert all("431" in operation["responses"] for path in document["paths"].values() for operation in path.values())


@needs_curl
def test_the_docs_pages_commands_that_write_do_so(site: str) -> None:
    with urllib.request.urlopen(f"{site}/api/v1/docs") as page:
        codes = re.findall(r"<pre[^>]*><code>(.*?)</code>", page.read().decode(), re.S)
    written, removed = (html.unescape(code) for code in codes if code.startswith("curl") and "TOKEN" in code)
    assert written.startswith("curl -X PUT")
    assert removed.startswith("curl -X DELETE")
    track = f"{site}/api/v1/track?id=mine:1"
    run(written)
    with urllib.request.urlopen(track) as answer:
        assert json.load(answer)["track"]["title"] == "Morning"
    run(removed)
    with pytest.raises(urllib.error.HTTPError) as gone:
        urllib.request.urlopen(track)
    assert gone.value.code == 404
    gone.value.close()


def run(command: str) -> None:
    subprocess.run(
        ["bash", "-c", command.replace("curl", "curl -sf", 1).replace("TOKEN", TOKEN)], check=True, capture_output=True
    )


def test_who_listens_slowly_holds_up_nobody(sounding_index: Path, tmp_path: Path) -> None:
    write_sine(tmp_path / "root" / "hum" / "low.wav", 220, 3_000)  # 48 MB: more than connections hold on their way
    root = str(tmp_path / "root")
    with served(sounding_index, tmp_path / "log", TAGKIN_AUDIO_ROOT=root) as site, ExitStack() as slow:
        where = urlsplit(site)
        for _ in range(100):
            client = slow.enter_context(socket.create_connection((where.hostname, where.port)))
            client.sendall(b"GET /api/v1/track/audio?id=s:1 HTTP/1.1\r\nHost: x\r\n\r\n")  # and reads nothing
        time.sleep(2)
        with urllib.request.urlopen(f"{site}/suggest", timeout=10) as answer:
            assert answer.status == 200


def test_a_killed_worker_leaves_no_recording_behind(sounding_index: Path, tmp_path: Path) -> None:
    temporary, sent = tmp_path / "tmp", write_sine(tmp_path / "sent.wav", 220).read_bytes()
    temporary.mkdir()
    with served(sounding_index, tmp_path / "log", TMPDIR=str(temporary)) as site:
        where = urlsplit(site)
        about = f"Host: x\r\nContent-Type: audio/wav\r\nContent-Length: {len(sent)}\r\n\r\n"
        with socket.create_connection((where.hostname, where.port)) as client:
            client.sendall(f"POST /api/v1/hear HTTP/1.1\r\n{about}".encode() + sent)
            for _ in range(2_000):
                if kept := list(temporary.rglob("recording")):
                    break
                time.sleep(0.01)
            assert kept
            for server in children_of(os.getpid()):
                if f"{where.port}" in Path(f"/proc/{server}/cmdline").read_text().split("\0"):
                    for worker in children_of(server):
                        os.kill(worker, signal.SIGKILL)
    assert not list(temporary.rglob("recording"))


def children_of(process: int) -> list[int]:
    """Return the processes that a process started."""
    tasks = Path(f"/proc/{process}/task").iterdir()
    return [int(one) for task in tasks for one in (task / "children").read_text().split()]
