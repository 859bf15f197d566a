from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import trustme
from click.testing import CliRunner

from web.cli import ENGINE_STATUS, SETTINGS_STATUS, serve

SERVE = "from web.cli import serve; serve()"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def fetch(address: str, seconds: float = 30, context: ssl.SSLContext | None = None) -> str:
    """Fetch a page from a server that is still starting."""
    until = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5, context=context) as answer:
                return str(answer.read().decode())
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def test_a_missing_index_is_said_before_anything_starts(tmp_path: Path) -> None:
    outcome = CliRunner().invoke(serve, ["--engine", str(tmp_path / "nowhere")])
    assert outcome.exit_code == ENGINE_STATUS
    assert "no index at" in outcome.stderr
    assert "nowhere" in outcome.stderr


def test_a_missing_model_is_said_before_anything_starts(tmp_path: Path, index_directory: Path) -> None:
    outcome = CliRunner().invoke(serve, ["--engine", str(index_directory), "--model", str(tmp_path / "nowhere")])
    assert outcome.exit_code == SETTINGS_STATUS
    assert "nowhere" in outcome.stderr


@pytest.mark.parametrize(
    "options",
    [["--port", "0"], ["--port", "70000"], ["--workers", "0"], ["--workers", "many"], ["--proxies", "-1"]],
)
def test_impossible_numbers_are_refused(options: list[str]) -> None:
    assert CliRunner().invoke(serve, options).exit_code == 2


def test_help_names_every_option_with_its_default() -> None:
    text = CliRunner().invoke(serve, ["--help"], terminal_width=200).output
    for words in (
        "--engine",
        "tagkin-index",
        "--model",
        "the shipped model",
        "--host",
        "127.0.0.1",
        "--port",
        "8000",
        "--workers",
        "--threads",
        "--origins",
        "--rate",
        "memory://",
        "--tokens-file",
        "--access-log",
        "--no-log-searches",
        "--proxies",
        "--hsts",
        "--tls",
        "--audio-root",
        "--previews",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--origins", "music.example"], "expected origins"),
        (["--rate", "often"], "expected a rate such as 600/minute"),
        (["--rate", "1/second", "--rate-storage", "nowhere://"], "expected a storage of rates"),
        (["--tokens-file", "nowhere.txt"], "expected a file of tokens"),
        (["--access-log", "nowhere/log"], "the access log cannot be written"),
        (["--tls", __file__, __file__], "expected a certificate and its key"),
        (["--audio-root", "nowhere"], "expected a folder of recordings"),
        (["--previews", "previews.example"], "expected origins"),
    ],
)
def test_settings_that_cannot_be_used_are_said_before_anything_starts(
    index_directory: Path, options: list[str], says: str
) -> None:
    outcome = CliRunner().invoke(serve, ["--engine", str(index_directory), *options])
    assert outcome.exit_code == SETTINGS_STATUS
    assert says in outcome.stderr


def test_settings_come_from_the_environment_too(index_directory: Path) -> None:
    outcome = CliRunner().invoke(serve, ["--engine", str(index_directory)], env={"TAGKIN_TOKENS": "short"})
    assert outcome.exit_code == SETTINGS_STATUS
    assert "token 1 of 1" in outcome.stderr


@pytest.mark.slow
def test_pages_are_served_by_workers_until_told_to_stop(index_directory: Path) -> None:
    port = free_port()
    options = ["--engine", str(index_directory), "--port", str(port), "--workers", "2"]
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE, *options], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert "Empty House" in fetch(f"http://127.0.0.1:{port}/search?q=sad+piano")
        assert "54 tracks" in re.sub(r"<[^>]+>", "", fetch(f"http://127.0.0.1:{port}/"))
    finally:
        server.send_signal(signal.SIGTERM)
        said = server.communicate(timeout=30)[1]
    assert server.returncode == 0, said
    assert f"54 tracks at http://127.0.0.1:{port}" in said


@pytest.mark.slow
def test_pages_are_served_over_tls_with_a_certificate_of_ones_own(
    sounding_index: Path, sounding_root: Path, tmp_path: Path
) -> None:
    authority, port = trustme.CA(), free_port()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    issued.private_key_pem.write_to_path(key)
    for part in issued.cert_chain_pems:
        part.write_to_path(certificate, append=True)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    options = ["--engine", str(sounding_index), "--port", str(port), "--audio-root", str(sounding_root)]
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE, *options],
        env=os.environ | {"TAGKIN_TLS": f"{certificate}{os.pathsep}{key}", "TAGKIN_HSTS": "60"},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert "Low Hum" in fetch(f"https://127.0.0.1:{port}/search?q=drone", context=trusting)
        asked = urllib.request.Request(
            f"https://127.0.0.1:{port}/api/v1/track/audio?id=s:1", headers={"Range": "bytes=0-3"}
        )
        with urllib.request.urlopen(asked, timeout=10, context=trusting) as part:
            assert (part.status, part.read()) == (206, b"RIFF")
            assert part.headers["Strict-Transport-Security"] == "max-age=60"
    finally:
        server.send_signal(signal.SIGTERM)
        said = server.communicate(timeout=30)[1]
    assert f"4 tracks at https://127.0.0.1:{port}" in said


@pytest.mark.slow
def test_a_taken_port_is_said(index_directory: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        options = ["--engine", str(index_directory), "--port", port]
        outcome = subprocess.run(
            [sys.executable, "-c", SERVE, *options],
            capture_output=True,
            text=True,
            timeout=60,
            env=os.environ,
            check=False,
        )
    assert outcome.returncode == SETTINGS_STATUS
    assert "Is another server running? Try --port" in outcome.stderr
