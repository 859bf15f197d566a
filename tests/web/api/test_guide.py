"""docs/api.md is true: its commands are run against a server, and what it shows is what they answer."""

from __future__ import annotations

import doctest
import html
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.request import urlopen

import msgspec
import networkx as nx
import pytest
from flask import Flask
from werkzeug.serving import make_server

from search.query.filters import MAX_FILTERS
from search.query.syntax import MAX_TAGS, MAX_TEXT
from search.result import MAX_DEPTH, MAX_K
from web.api.app import OPERATIONS
from web.api.examples import shortened
from web.api.suggesting import MAX_BATCH, MAX_BATCH_TAGS
from web.pages.suggest_address import MAX_TAGS as MAX_TRACK_TAGS
from web.running.limits import MAX_ADDRESS

REPOSITORY = Path(__file__).parents[3]
GUIDE = (REPOSITORY / "docs" / "api.md").read_text(encoding="utf-8")
CLIENT = (REPOSITORY / "web" / "templates" / "_api_client.txt").read_text(encoding="utf-8")
# Where `tagkin serve` listens.
SITE = "http://127.0.0.1:8000"
# A command with the answer below it, or a session of Python.
BLOCK = re.compile(r"^```console\n\$ (.*?)^```\n```json\n(.*?)^```|^```pycon\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def site(demo_app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, demo_app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


# In CI they run, and fail where there is none.
# What a reader has to have before a command answers.
NEEDS = re.compile(r"TOKEN|song\.mp3")
needs_curl = pytest.mark.skipif(
    shutil.which("curl") is None and os.environ.get("CI") != "true", reason="the commands of the page are for curl"
)


def about(text: str) -> str:
    """Leave out the digits that another processor may round otherwise."""
    return re.sub(r"\d+\.\d{6,}", lambda number: f"{float(number[0]):.5f}", text)


def run(command: str, site: str) -> str:
    done = subprocess.run(
        ["bash", "-c", command.replace("curl", "curl -s", 1).replace(SITE, site)], capture_output=True, check=True
    )
    return "\n".join(shortened(msgspec.json.decode(done.stdout))) + "\n"


@needs_curl
def test_commands_answer_what_the_page_shows(site: str) -> None:
    blocks = [match.groups()[:2] for match in BLOCK.finditer(GUIDE) if match[1]]
    assert len(blocks) > 5
    for command, answer in blocks:
        assert about(run(command, site)) == about(answer)


@needs_curl
def test_the_graph_of_the_page_is_graphml(site: str, tmp_path: Path) -> None:
    (command,) = re.findall(r"^```sh\n(curl .*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    subprocess.run(["bash", "-c", command.replace("curl", "curl -s").replace(SITE, site)], cwd=tmp_path, check=True)
    assert len(nx.read_graphml(tmp_path / "tags.graphml")) > 1_000


def test_python_says_what_the_page_shows(site: str) -> None:
    names: dict[str, object] = {}
    exec(CLIENT.replace("SITE", site), names)
    session = "\n".join(match[3] for match in BLOCK.finditer(GUIDE) if match[3])
    test = doctest.DocTestParser().get_doctest(session, names, "docs/api.md", None, 0)
    said: list[str] = []
    result = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test, out=said.append)
    assert result.attempted > 20
    assert not result.failed, "".join(said)


def test_the_client_is_that_of_the_docs_page() -> None:
    assert f"```python\n{CLIENT.replace('SITE', SITE)}```" in GUIDE


def test_limits_on_the_page_are_those_of_the_code() -> None:
    text = " ".join(GUIDE.split())
    assert f"at most {MAX_TEXT} characters, {MAX_TAGS} tags and {MAX_FILTERS} filters; `k` is at most {MAX_K}" in text
    assert f"reaches hit {MAX_DEPTH:,}" in text
    assert f"up to {MAX_BATCH:,} tracks" in text
    assert f"at most {MAX_TRACK_TAGS} tags, a batch {MAX_BATCH:,} tracks and {MAX_BATCH_TAGS:,} tags" in text
    assert f"end at {MAX_ADDRESS // 1024} kB" in text


@pytest.fixture(scope="module")
def codes(site: str) -> list[str]:
    """Everything on the docs page that is to be typed, or was answered."""
    with urlopen(f"{site}/api/v1/docs") as page:
        return [html.unescape(code) for code in re.findall(r"<pre[^>]*><code>(.*?)</code>", page.read().decode(), re.S)]


@needs_curl
def test_commands_of_the_docs_page_answer_what_it_shows(site: str, codes: list[str]) -> None:
    asked = [at for at, code in enumerate(codes) if code.startswith("curl") and not NEEDS.search(code)]
    answered = [(codes[at], codes[at + 2]) for at in asked]
    assert len(answered) == 1 + sum(not one.secured and not one.takes for one in OPERATIONS)
    for command, answer in answered[1:]:
        assert run(command, site) == answer + "\n"


def test_python_of_the_docs_page_answers_what_it_shows(codes: list[str]) -> None:
    names: dict[str, Any] = {}
    exec(next(code for code in codes if code.startswith("import json")), names)
    for at, code in enumerate(codes):
        if code.startswith("ask(") and not NEEDS.search(code):
            assert "\n".join(shortened(eval(code, names))) == codes[at + 1]
