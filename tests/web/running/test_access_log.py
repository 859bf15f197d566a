from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from web.app import create_app
from web.running.access_log import log_line
from web.settings import Settings, SettingsError


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("ascii").splitlines()]


def test_each_request_leaves_a_line(searcher, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    client = create_app(searcher, Settings(access_log=str(log))).test_client()
    answer = client.get("/search?q=sad+piano+-vocals")
    client.get("/nowhere")
    client.get("/")
    first, second, home = lines(log)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first["time"])
    assert first["id"] == answer.headers["X-Request-ID"]
    assert (first["method"], first["path"], first["route"], first["status"]) == ("GET", "/search", "/search", 200)
    assert first["bytes"] == len(answer.data)
    assert 0 < first["engine_ms"] <= first["ms"]
    assert first["client"] == "127.0.0.1"
    assert first["query"] == "sad piano -vocals"
    assert first["tags"] == ["sad", "piano"]
    assert first["excluded"] == ["vocals"]
    assert first["total"] > 0
    assert (second["path"], second["route"], second["status"]) == ("/nowhere", None, 404)
    assert "query" not in second
    assert home["engine_ms"] > 0
    assert "query" not in home  # it tries its examples, which nobody searched for


def test_a_line_can_do_without_who_and_what(searcher, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    client = create_app(searcher, Settings(access_log=str(log), log_searches=False)).test_client()
    client.get("/search?q=sad+piano")
    (line,) = lines(log)
    assert not {"client", "query", "tags", "excluded", "total"} & set(line)
    assert "sad" not in log.read_text()


def test_nothing_in_an_address_begins_a_line_or_steers_a_terminal(searcher, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    client = create_app(searcher, Settings(access_log=str(log))).test_client()
    client.get("/a%0A%1B[2J%7F%C2%85%E2%80%AE?q=x")
    client.get("/" + "x" * 5_000)
    assert re.fullmatch(rb"[ -~]+\n[ -~]+\n", log.read_bytes())
    assert lines(log)[0]["path"] == "/a\n\x1b[2J\x7f\x85\u202e"
    assert len(lines(log)[1]["path"]) == 200


def test_a_line_is_ascii() -> None:
    assert log_line({"a": "é\x00\x7f\u2028\ud800"}) == rb'{"a":"\u00e9\u0000\u007f\u2028\ud800"}' + b"\n"


def test_no_log_is_written_unless_asked_for(client, capfd) -> None:
    client.get("/search?q=sad")
    assert capfd.readouterr().err == ""


def test_standard_error_is_a_place(searcher, capfd) -> None:
    create_app(searcher, Settings(access_log="-")).test_client().get("/healthz")
    assert json.loads(capfd.readouterr().err)["route"] == "/healthz"


def test_a_place_that_cannot_be_written_is_said(searcher, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="access log"):
        create_app(searcher, Settings(access_log=str(tmp_path / "no" / "log")))


def test_a_full_disk_refuses_no_answer(searcher, caplog) -> None:
    client = create_app(searcher, Settings(access_log="/dev/full")).test_client()
    assert client.get("/healthz").status_code == 200
    assert "access log" in caplog.text
