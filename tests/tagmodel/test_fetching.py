"""Downloads from a server on this machine that breaks connections, lies and forgets."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from tagmodel.cli import data as data_cli
from tagmodel.datasets import DATA_SETS, DataFile
from tagmodel.datasets.dataset import DataSet
from tagmodel.datasets.fetching import ATTEMPTS, DownloadFailed, fetch_files, wanted_files

CONTENT = bytes(range(256)) * 2_000  # 512,000 bytes
BLOCK = 1 << 13  # bytes that are written at once


class Server(ThreadingHTTPServer):
    """Serves `content` under any path, and remembers what was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = CONTENT
        self.break_after: list[int] = []  # bytes after which the next answers break off
        self.knows_ranges = True
        self.status = 200
        self.asked: list[str | None] = []  # the Range of each request

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/tags.csv"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.asked.append(wanted)
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and self.server.knows_ranges else 0
        whole = self.server.content
        if self.server.status != 200 or (start and start >= len(whole)):
            self.send_response(416 if self.server.status == 200 else self.server.status)
            self.send_header("Content-Range", f"bytes */{len(whole)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(whole) - 1}/{len(whole)}")
        self.send_header("Content-Length", str(len(whole) - start))
        self.end_headers()
        end = start + self.server.break_after.pop(0) if self.server.break_after else len(whole)
        self.wfile.write(whole[start:end])

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tagmodel.datasets.fetching.PAUSE", 0)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def file_at(server: Server, content: bytes = CONTENT) -> DataFile:
    return DataFile("set/tags.csv", sha256=hashlib.sha256(content).hexdigest(), url=server.url)


def fetch(files: list[DataFile], data_dir: Path, seen: list[tuple[int, int]] | None = None) -> list[Path]:
    def progress(done: int, total: int) -> None:
        if seen is not None:
            seen.append((done, total))

    return list(fetch_files(files, data_dir, lambda _: progress))


def left_over(data_dir: Path) -> list[str]:
    return sorted(path.name for path in (data_dir / "set").iterdir())


def test_a_file_comes_into_its_place_with_progress(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    assert fetch([file_at(server)], tmp_path, seen) == [tmp_path / "set/tags.csv"]
    assert (tmp_path / "set/tags.csv").read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert left_over(tmp_path) == ["tags.csv"]


def test_a_broken_connection_is_taken_up_where_it_broke(server: Server, tmp_path: Path) -> None:
    server.break_after = [10 * BLOCK, 20 * BLOCK]
    fetch([file_at(server)], tmp_path)
    assert (tmp_path / "set/tags.csv").read_bytes() == CONTENT
    assert server.asked == [None, f"bytes={10 * BLOCK}-", f"bytes={30 * BLOCK}-"]


def test_a_connection_that_keeps_breaking_leaves_a_part_to_resume_later(server: Server, tmp_path: Path) -> None:
    server.break_after = [5 * BLOCK + 7] * ATTEMPTS
    with pytest.raises(DownloadFailed, match=f"{ATTEMPTS * 5 * BLOCK:,} bytes are kept, run it again"):
        fetch([file_at(server)], tmp_path)
    assert left_over(tmp_path) == [".tags.csv.part"]
    fetch([file_at(server)], tmp_path)
    assert server.asked[-1] == f"bytes={ATTEMPTS * 5 * BLOCK}-"
    assert (tmp_path / "set/tags.csv").read_bytes() == CONTENT
    assert left_over(tmp_path) == ["tags.csv"]


def test_a_part_that_is_complete_is_not_asked_for_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set/.tags.csv.part").write_bytes(CONTENT)
    fetch([file_at(server)], tmp_path)
    assert (tmp_path / "set/tags.csv").read_bytes() == CONTENT


def test_a_part_longer_than_the_file_is_thrown_away(server: Server, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set/.tags.csv.part").write_bytes(CONTENT + b"more")
    fetch([file_at(server)], tmp_path)
    assert (tmp_path / "set/tags.csv").read_bytes() == CONTENT


def test_a_server_without_ranges_starts_from_the_beginning(server: Server, tmp_path: Path) -> None:
    server.knows_ranges = False
    server.break_after = [100_000]
    fetch([file_at(server)], tmp_path)
    assert (tmp_path / "set/tags.csv").read_bytes() == CONTENT


def test_another_checksum_is_refused_and_nothing_is_left(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match="not the published file"):
        fetch([file_at(server, b"what was published")], tmp_path)
    assert left_over(tmp_path) == []


def test_an_address_that_is_gone_is_said(server: Server, tmp_path: Path) -> None:
    server.status = 404
    with pytest.raises(DownloadFailed, match="404"):
        fetch([file_at(server)], tmp_path)


def test_no_server_at_all_is_said(tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match="Is the network there"):
        fetch([DataFile("set/tags.csv", url="http://127.0.0.1:9/tags.csv")], tmp_path)


def zipped(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def members_at(server: Server, published: dict[str, bytes]) -> list[DataFile]:
    server.content = zipped({"meta/a.csv": b"aaa", "meta/b.csv": b"bbb", "meta/huge.csv": b"unwanted"})
    return [
        DataFile(
            f"set/{name}",
            sha1=hashlib.sha1(content).hexdigest(),
            url=server.url.replace("tags.csv", "meta.zip"),
            member=f"meta/{name}",
            archive_sha1=hashlib.sha1(server.content).hexdigest(),
        )
        for name, content in published.items()
    ]


def test_an_archive_is_fetched_once_and_unpacked_in_part(server: Server, tmp_path: Path) -> None:
    files = members_at(server, {"a.csv": b"aaa", "b.csv": b"bbb"})
    assert fetch(files, tmp_path) == [tmp_path / "set/a.csv", tmp_path / "set/b.csv"]
    assert len(server.asked) == 1
    assert left_over(tmp_path) == ["a.csv", "b.csv"]


def test_a_member_that_is_not_as_published_is_refused(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match="new release"):
        fetch(members_at(server, {"a.csv": b"something else"}), tmp_path)
    assert not (tmp_path / "set/a.csv").exists()


def test_a_missing_member_is_said(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match=r"expected a zip archive with meta/c\.csv"):
        fetch(members_at(server, {"c.csv": b"ccc"}), tmp_path)


class OneFile(DataSet):
    name = "one"
    title = "One file"
    licence = "CC0"
    source = "https://example.org"
    min_count = 1


def test_what_is_there_stays_unless_forced(server: Server, tmp_path: Path) -> None:
    data_set = OneFile()
    data_set.files = (file_at(server),)
    assert wanted_files(data_set, tmp_path) == (list(data_set.files), [])
    fetch(list(data_set.files), tmp_path)
    assert wanted_files(data_set, tmp_path, force=True)[0] == []
    (tmp_path / "set/tags.csv").write_bytes(b"my own")
    assert wanted_files(data_set, tmp_path)[0] == []
    assert wanted_files(data_set, tmp_path, force=True)[0] == list(data_set.files)


class TestCommand:
    @pytest.fixture(autouse=True)
    def one_data_set(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        data_set = OneFile()
        data_set.files = (file_at(server),)
        monkeypatch.setattr(data_cli, "DATA_SETS", {"mtat": data_set, "lastfm": DATA_SETS["lastfm"]})

    def test_fetch_prints_the_path_and_keeps_what_is_there(self, server: Server, tmp_path: Path) -> None:
        first = CliRunner().invoke(data_cli.data, ["fetch", "--data-dir", str(tmp_path)])
        assert (first.exit_code, first.stdout) == (0, f"{tmp_path / 'set/tags.csv'}\n")
        again = CliRunner().invoke(data_cli.data, ["fetch", "mtat"], env={"TAGKIN_DATA": str(tmp_path)})
        assert again.exit_code == 0
        assert again.stdout == ""
        assert "already there" in again.stderr
        assert len(server.asked) == 1

    def test_fetch_replaces_another_file_only_when_forced(self, server: Server, tmp_path: Path) -> None:
        (tmp_path / "set").mkdir()
        (tmp_path / "set/tags.csv").write_bytes(b"my own")
        kept = CliRunner().invoke(data_cli.data, ["fetch", "mtat", "--data-dir", str(tmp_path)])
        assert "--force replaces it" in kept.stderr
        assert (tmp_path / "set/tags.csv").read_bytes() == b"my own"
        CliRunner().invoke(data_cli.data, ["fetch", "mtat", "--force", "--data-dir", str(tmp_path)])
        assert (tmp_path / "set/tags.csv").read_bytes() == CONTENT

    def test_fetch_says_what_failed(self, server: Server, tmp_path: Path) -> None:
        server.status = 503
        result = CliRunner().invoke(data_cli.data, ["fetch", "mtat", "--data-dir", str(tmp_path)])
        assert result.exit_code == 1
        assert "503" in result.stderr

    def test_fetch_names_the_home_of_what_it_cannot_get(self, tmp_path: Path) -> None:
        result = CliRunner().invoke(data_cli.data, ["fetch", "lastfm", "--data-dir", str(tmp_path)])
        assert result.exit_code == 1
        assert "grouplens.org" in result.stderr
