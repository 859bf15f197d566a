"""Program files: where they come from, that only whole ones are taken, and what is said when there are none."""

from __future__ import annotations

import hashlib
import os
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.servers.distribution import artifact_path, distribution, download, repositories
from tests.servers.places import make_once
from tests.servers.releases import NoServer

VERSION = "9.9.9"  # of no server, so that none is found by chance


def write_artifact(repository: Path, *, top: str = f"elasticsearch-{VERSION}") -> Path:
    """Write a small server's archive into a Maven repository, with its sum beside it; nothing in it runs."""
    archive = repository / artifact_path(VERSION)
    archive.parent.mkdir(parents=True)
    with zipfile.ZipFile(archive, "w") as files:
        for name, mode, content in (("bin/elasticsearch", 0o700, "#!/bin/sh\n"), ("config/jvm.options", 0o600, "-x")):
            info = zipfile.ZipInfo(f"{top}/{name}")
            info.external_attr = mode << 16
            files.writestr(info, content)
    digest = hashlib.sha1(archive.read_bytes(), usedforsecurity=False).hexdigest()
    Path(f"{archive}.sha1").write_text(f"{digest}  {archive.name}\n")
    return archive


class Quiet(SimpleHTTPRequestHandler):
    """Serve files without a word."""

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def repository(open_directory: Path) -> Iterator[tuple[str, Path]]:
    """Serve a Maven repository with one artifact; yields its address and the archive."""
    directory = open_directory / "repository"
    archive = write_artifact(directory)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(directory))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", archive
        server.shutdown()
        thread.join()


def leftovers(home: Path) -> list[str]:
    """Return what is in the cache beside locks."""
    return [path.name for path in (home / "cache").rglob("*") if path.is_file() and not path.name.endswith(".lock")]


def test_what_maven_has_fetched_is_unpacked_for_everybody(bare_home: Path) -> None:
    write_artifact(bare_home / ".m2" / "repository")
    home = distribution(VERSION)
    assert (home / "bin" / "elasticsearch").stat().st_mode & 0o777 == 0o755
    assert (home / "config" / "jvm.options").stat().st_mode & 0o777 == 0o644
    assert home.stat().st_mode & 0o555 == 0o555
    assert (home / "plugins").is_dir(), "a server without this directory does not start"


def test_the_local_repository_may_be_elsewhere(bare_home: Path) -> None:
    (bare_home / ".m2").mkdir()
    (bare_home / ".m2" / "settings.xml").write_text(
        '<settings xmlns="http://maven.apache.org/SETTINGS/1.0.0">'
        "<localRepository>${user.home}/kept</localRepository></settings>"
    )
    write_artifact(bare_home / "kept")
    assert (distribution(VERSION) / "bin" / "elasticsearch").is_file()


def test_a_repository_that_the_setting_names_is_downloaded_from(
    bare_home: Path, repository: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, archive = repository
    monkeypatch.setenv("TAGKIN_MAVEN_REPOSITORY", f"{address}/")
    home = distribution(VERSION)
    archive.unlink()
    assert distribution(VERSION) == home, "fetched once"
    assert sorted(leftovers(bare_home)) == ["elasticsearch", "jvm.options"]


def test_mirrors_in_mavens_settings_are_downloaded_from(bare_home: Path, repository: tuple[str, Path]) -> None:
    (bare_home / ".m2").mkdir()
    (bare_home / ".m2" / "settings.xml").write_text(
        "<settings><mirrors>"
        "<mirror><mirrorOf>other</mirrorOf><url>https://other.invalid</url></mirror>"
        "<mirror><mirrorOf>*</mirrorOf><blocked>true</blocked><url>https://blocked.invalid</url></mirror>"
        f"<mirror><mirrorOf>central,other</mirrorOf><url>{repository[0]}/</url></mirror>"
        "</mirrors></settings>"
    )
    assert list(repositories()) == [repository[0]]
    assert (distribution(VERSION) / "bin" / "elasticsearch").is_file()


def test_a_wrong_sum_is_refused_and_nothing_is_kept(
    bare_home: Path, repository: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, archive = repository
    Path(f"{archive}.sha1").write_text("0" * 40)
    monkeypatch.setenv("TAGKIN_MAVEN_REPOSITORY", address)
    with pytest.raises(NoServer, match=f"expected sha1 {'0' * 40}, got [0-9a-f]{{40}}"):
        distribution(VERSION)
    assert leftovers(bare_home) == []


def test_an_empty_sum_is_refused(tmp_path: Path, repository: tuple[str, Path]) -> None:
    address, archive = repository
    Path(f"{archive}.sha1").write_text("")
    with pytest.raises(NoServer, match=r"expected sha1 \(none\)"):
        download(f"{address}/{artifact_path(VERSION)}", tmp_path / "server.zip")


def test_an_address_that_others_could_answer_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoServer, match="expected an https address, got http"):
        download("http://repository.invalid/server.zip", tmp_path / "server.zip")


def test_half_an_archive_is_refused(bare_home: Path) -> None:
    archive = write_artifact(bare_home / ".m2" / "repository")
    archive.write_bytes(archive.read_bytes()[:-40])
    with pytest.raises(NoServer, match="is damaged"):
        distribution(VERSION)
    assert leftovers(bare_home) == []


def test_an_archive_of_something_else_is_refused(bare_home: Path) -> None:
    write_artifact(bare_home / ".m2" / "repository", top="elasticsearch/deeper")
    with pytest.raises(NoServer, match="holds no bin/elasticsearch"):
        distribution(VERSION)


def test_without_any_way_it_is_said_what_was_tried(bare_home: Path) -> None:
    with pytest.raises(NoServer) as raised:
        distribution(VERSION)
    heading, *tried = str(raised.value).splitlines()
    assert heading == f"found no Elasticsearch {VERSION}:"
    assert [line.strip().split(":")[0] for line in tried] == [
        "- local Maven repository",
        "- mvn",
        "- download",
        "- docker",
    ]


def test_a_failing_command_is_named_with_its_last_words(bare_home: Path) -> None:
    for name in ("mvn", "docker"):
        program = bare_home / "bin" / name
        program.write_text(f"#!/bin/sh\necho no {name} today >&2\nexit 3\n")
        program.chmod(0o755)
    with pytest.raises(NoServer) as raised:
        distribution(VERSION)
    assert "mvn dependency:get: no mvn today" in str(raised.value)
    assert "docker info: no docker today" in str(raised.value)


def test_the_image_is_a_last_resort(bare_home: Path) -> None:
    """The commands are those of docker; the program stands in, as few machines of tests have a daemon."""
    image = bare_home / "image"
    (image / "bin").mkdir(parents=True)
    (image / "bin" / "elasticsearch").touch()
    program = bare_home / "bin" / "docker"
    program.write_text(
        f"#!/bin/sh\nPATH={os.defpath}\necho \"$*\" >> {bare_home}/said\n"
        f'case "$1" in create) echo c0ffee;; cp) cp -r {image}/. "$3";; esac\n'
    )
    program.chmod(0o755)
    home = distribution(VERSION)
    assert (home / "bin" / "elasticsearch").is_file()
    info, create, copy, remove = (bare_home / "said").read_text().splitlines()
    assert (info, create, remove) == ("info", f"create elasticsearch:{VERSION}", "rm c0ffee")
    assert copy.startswith("cp c0ffee:/usr/share/elasticsearch/. ")


def test_two_at_once_make_a_directory_once(tmp_path: Path) -> None:
    target, filled = tmp_path / "target", []

    def fill(staging: Path) -> None:
        filled.append(staging)
        (staging / "file").touch()
        assert not target.exists(), "nobody sees it half made"

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: make_once(target, fill), range(4)))
    assert len(filled) == 1
    assert (target / "file").is_file()
