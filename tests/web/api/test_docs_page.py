"""The docs page holds every operation, parameter and problem, shows what this index answers, and needs nothing else."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import msgspec
import pytest
from flask.testing import FlaskClient

from search.document import Document
from search.embedded import EmbeddedEngine
from search.result import SearchRequest
from search.searcher import Searcher
from tagmodel.track import Track
from tests.web.conftest import Page
from web.api.app import OPERATIONS
from web.api.examples import shortened
from web.api.problems import KINDS
from web.app import create_app


@pytest.fixture
def page(api: FlaskClient) -> Page:
    return Page("/api/v1/docs", api.get("/api/v1/docs"))


def test_every_operation_has_its_place(page: Page) -> None:
    ids = {one.attributes.get("id") for one in page.elements}
    targets = {one.attributes["href"][1:] for one in page.all("a") if one.attributes["href"].startswith("#")}
    assert targets <= ids
    assert {one.name for one in OPERATIONS} | {kind.name for kind in KINDS} <= ids


def test_every_parameter_and_limit_is_there(page: Page) -> None:
    for one in OPERATIONS:
        for field in one.parameters.__struct_fields__:
            assert f" {field} " in page.text
    assert "whole number, from 1 to 100" in page.text
    assert "text, at most 200 characters" in page.text
    assert "up to 240 tags" in page.text
    assert "2,160" not in page.text


def test_examples_are_answers_of_this_index(api: FlaskClient, page: Page) -> None:
    codes = [one.text for one in page.all("code")]
    opened = [one for one in page.all("a") if one.name == "Open the example"]
    assert len(opened) == sum(one.method == "GET" for one in OPERATIONS)
    for link in opened:
        answer = api.get(link.attributes["href"])
        assert answer.status_code == 200
        assert "\n".join(shortened(msgspec.json.decode(answer.get_data()))) in codes


def test_it_loads_nothing_from_elsewhere(page: Page) -> None:
    for one in page.elements:
        loaded = one.attributes.get("src") or (one.attributes.get("href") if one.tag == "link" else "")
        assert not loaded or loaded.startswith("/"), one
        assert "style" not in one.attributes


def test_writing_is_shown_with_its_token(page: Page) -> None:
    assert "curl -X PUT" in page.text
    assert "Authorization: Bearer TOKEN" in page.text


def test_the_client_on_the_page_is_python(page: Page) -> None:
    (client,) = (one.text for one in page.all("code") if one.text.startswith("import json"))
    compile(client, "client", "exec")
    assert 'API = "http://localhost/api/v1/"' in client


def test_long_answers_are_shortened_where_it_is_said() -> None:
    value = {"few": [1, 2], "many": list(range(9)), "things": [{"a": 1}, {"a": 2}], "none": [], "text": "é"}
    assert "\n".join(shortened(value)) == (
        '{\n  "few": [1, 2],\n  "many": [\n    0,\n    1,\n    2,\n    3,\n    … 5 more\n  ],\n'
        '  "things": [\n    {"a": 1},\n    … 1 more\n  ],\n  "none": [],\n  "text": "é"\n}'
    )


def test_curl_lines_are_words_of_a_shell(page: Page) -> None:
    lines = [one.text for one in page.all("code") if one.text.startswith("curl ")]
    assert len(lines) == len(OPERATIONS) + 1
    for line in lines:
        shell = ["bash", "-c", f"set -- {line[5:]}; printf '%s\\n' \"$@\""]
        words = subprocess.run(shell, capture_output=True, check=True).stdout
        assert re.search(rb"http://localhost/api/v1/\w+", words)


def test_the_bare_address_leads_to_it(api: FlaskClient) -> None:
    for address in ("/api/v1", "/api/v1/"):
        assert api.get(address).headers["Location"] == "/api/v1/docs"


def test_answers_are_tried_once_for_all_who_ask(api: FlaskClient, demo_searcher: Searcher, monkeypatch) -> None:
    api.get("/api/v1/docs")
    asked: list[SearchRequest] = []
    search = Searcher.search
    monkeypatch.setattr(Searcher, "search", lambda self, request: asked.append(request) or search(self, request))
    pages = [api.get("/api/v1/docs", base_url=f"http://{host}.example") for host in "abc"]
    assert asked == []
    for host, page in zip("abc", pages, strict=True):
        assert f"http://{host}.example/api/v1/search" in page.text


def test_answers_follow_the_index(tmp_path: Path, demo_searcher: Searcher) -> None:
    engine = EmbeddedEngine.open(tmp_path / "index", create=True)
    client = create_app(Searcher(engine, demo_searcher.model)).test_client()
    shown = []
    for track_id in ("mine:1", "mine:2"):
        with engine.writer() as writer:
            writer.write([Document(Track(track_id, "One"))])
            writer.commit()
        shown.append(client.get("/api/v1/docs").text)
    engine.close()
    assert shown[0] != shown[1]
    away = client.get("/api/v1/docs")
    assert away.status_code == 200
    assert away.text != shown[1]
