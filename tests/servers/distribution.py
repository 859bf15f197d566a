"""Get the program files of an Elasticsearch server, unpacked once into the cache.

Elastic publishes a small server for authors of plugins as a Maven artifact: the core, without analyzers, scripts and a
Java. It is fetched where it is used and never shipped; where no Maven repository is reached, the files are copied out
of the container image.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

import requests

from tests.servers.java import last_line
from tests.servers.places import cache_directory, is_usable, make_once
from tests.servers.releases import NoServer

ARTIFACT = "org.elasticsearch.distribution.integ-test-zip:elasticsearch"
MAVEN_GET = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:get"
IMAGE = "elasticsearch"
IMAGE_HOME = "/usr/share/elasticsearch"
# A base address of a Maven repository, for machines without mvn.
REPOSITORY_SETTING = "TAGKIN_MAVEN_REPOSITORY"
FETCH_SECONDS = 900
ASK_SECONDS = 30
CHUNK = 1 << 20  # bytes


def distribution(version: str) -> Path:
    """Return the directory of a server's program files.

    Raises
    ------
    NoServer
        If no way to them works.
    """
    home = cache_directory() / "elasticsearch" / version
    tried: list[str] = []
    ways: tuple[Callable[[str, Path], None], ...] = (from_local_repository, from_maven, from_download, from_image)
    for way in ways:
        if home.is_dir():
            break
        try:
            make_once(home, partial(way, version))
        except NoServer as reason:
            tried.append(str(reason))
    if not home.is_dir():
        raise NoServer.after(f"Elasticsearch {version}", tried)
    if not is_usable(home):
        raise NoServer(f"{home} is closed to the user that runs the server; set XDG_CACHE_HOME to an open directory")
    return home


def from_local_repository(version: str, target: Path) -> None:
    """Unpack what Maven has fetched before."""
    archive = local_repository() / artifact_path(version)
    if not archive.is_file():
        raise NoServer(f"local Maven repository: no {archive}")
    unpack(archive, target)


def from_maven(version: str, target: Path) -> None:
    """Have Maven fetch the artifact into its local repository, and unpack it."""
    if not shutil.which("mvn"):
        raise NoServer("mvn: not installed")
    command = ["mvn", "-B", "-q", f"-Dmaven.repo.local={local_repository()}", MAVEN_GET]
    command += [f"-Dartifact={ARTIFACT}:{version}:zip", "-Dtransitive=false"]
    run(command, "mvn dependency:get")
    from_local_repository(version, target)


def from_download(version: str, target: Path) -> None:
    """Download the artifact from the Maven repositories that settings name, and unpack it."""
    tried = []
    for base in repositories():
        with tempfile.TemporaryDirectory(dir=target.parent) as directory:
            archive = Path(directory) / "server.zip"
            try:
                download(f"{base}/{artifact_path(version)}", archive)
                unpack(archive, target)
                return
            except (NoServer, requests.RequestException) as failed:
                tried.append(f"download from {base}: {failed}")
    raise NoServer("; ".join(tried) or f"download: no mirror in Maven's settings, and {REPOSITORY_SETTING} is not set")


def from_image(version: str, target: Path) -> None:
    """Copy the program files out of the container image: a full server with a Java of its own."""
    if not shutil.which("docker"):
        raise NoServer("docker: not installed")
    run(["docker", "info"], "docker info")
    container = run(["docker", "create", f"{IMAGE}:{version}"], "docker create").strip()
    try:
        run(["docker", "cp", f"{container}:{IMAGE_HOME}/.", str(target)], "docker cp")
    finally:
        run(["docker", "rm", container], "docker rm")


def run(command: list[str], name: str) -> str:
    """Run a command and return its output.

    Raises
    ------
    NoServer
        If it fails or does not come to an end.
    """
    try:
        done = subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=FETCH_SECONDS, stdin=subprocess.DEVNULL
        )
    except subprocess.CalledProcessError as failed:
        raise NoServer(f"{name}: {last_line(failed.stderr or failed.stdout)}") from None
    except subprocess.TimeoutExpired:
        raise NoServer(f"{name}: no end after {FETCH_SECONDS} s") from None
    return done.stdout


def artifact_path(version: str) -> str:
    """Return where a Maven repository, local or not, has the artifact."""
    group, _, name = ARTIFACT.rpartition(":")
    return f"{group.replace('.', '/')}/{name}/{version}/{name}-{version}.zip"


def settings() -> ElementTree.Element:
    """Return Maven's settings of this user; empty where there are none."""
    path = Path.home() / ".m2" / "settings.xml"
    if not path.is_file():
        return ElementTree.Element("settings")
    try:
        return ElementTree.parse(path).getroot()
    except ElementTree.ParseError as failed:
        raise NoServer(f"{path} is no XML: {failed}") from None


def local_repository() -> Path:
    """Return the directory where Maven keeps what it fetched."""
    stated = settings().findtext("{*}localRepository")
    if not stated:
        return Path.home() / ".m2" / "repository"
    return Path(stated.strip().replace("${user.home}", str(Path.home())))


def repositories() -> Iterator[str]:
    """Yield base addresses of Maven repositories: our setting's, then the mirrors in Maven's settings."""
    if stated := os.environ.get(REPOSITORY_SETTING):
        yield stated.rstrip("/")
    for mirror in settings().iterfind("{*}mirrors/{*}mirror"):
        address = (mirror.findtext("{*}url") or "").strip().rstrip("/")
        covers = {name.strip() for name in (mirror.findtext("{*}mirrorOf") or "").split(",")}
        if address and mirror.findtext("{*}blocked") != "true" and covers & {"*", "external:*", "central"}:
            yield address


def download(address: str, target: Path) -> None:
    """Fetch a file, and make sure that it is whole and the one that its `.sha1` names.

    Raises
    ------
    NoServer
        If the address is not protected, or what came is not what was announced.
    requests.RequestException
        If the server cannot be reached or refuses.
    """
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname != "127.0.0.1":
        raise NoServer(f"expected an https address, got {parts.scheme}")
    with requests.get(f"{address}.sha1", timeout=ASK_SECONDS) as answer:
        answer.raise_for_status()
        words = answer.text.split()
    digest, length = hashlib.sha1(usedforsecurity=False), 0
    with requests.get(address, timeout=ASK_SECONDS, stream=True) as answer, target.open("wb") as file:
        answer.raise_for_status()
        for chunk in answer.iter_content(CHUNK):
            file.write(chunk)
            digest.update(chunk)
            length += len(chunk)
        announced = int(answer.headers.get("Content-Length", length))
    if length != announced:
        raise NoServer(f"expected {announced} bytes, got {length}")
    if words[:1] != [digest.hexdigest()]:
        raise NoServer(f"expected sha1 {' '.join(words[:1]) or '(none)'}, got {digest.hexdigest()}")


def unpack(archive: Path, target: Path) -> None:
    """Unpack a server's archive, without the folder that holds all in it.

    Raises
    ------
    NoServer
        If it is no whole archive of a server.
    """
    try:
        with zipfile.ZipFile(archive) as files:
            top, *others = {name.partition("/")[0] for name in files.namelist()} or {""}
            if others:
                raise NoServer(f"{archive.name}: expected one folder, got {sorted([top, *others])}")
            files.extractall(target)
            for info in files.infolist():
                (target / info.filename).chmod(info.external_attr >> 16 & 0o777 or 0o755)
    except (zipfile.BadZipFile, EOFError) as failed:
        raise NoServer(f"{archive.name} is damaged: {failed}") from None
    for path in (target / top).iterdir():
        path.rename(target / path.name)
    (target / top).rmdir()
    (target / "plugins").mkdir(exist_ok=True)
    if not (target / "bin" / "elasticsearch").is_file():
        raise NoServer(f"{archive.name} holds no bin/elasticsearch")

