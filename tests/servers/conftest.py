"""What tests of the servers share: directories that the user who runs servers can reach, and a Maven of our own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """Yield a directory that everybody may enter, unlike those of pytest."""
    directory = Path(tempfile.mkdtemp(prefix="tagkin-test-")).resolve()
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def bare_home(open_directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be a user who has fetched nothing, with neither mvn nor docker; returns the home directory."""
    programs = open_directory / "bin"
    programs.mkdir()
    monkeypatch.setenv("HOME", str(open_directory))
    monkeypatch.setenv("XDG_CACHE_HOME", str(open_directory / "cache"))
    monkeypatch.setenv("PATH", str(programs))
    for variable in ("TAGKIN_MAVEN_REPOSITORY", "JAVA_HOME", "ES_JAVA_HOME"):
        monkeypatch.delenv(variable, raising=False)
    return open_directory
