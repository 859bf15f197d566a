"""Which Java runs a server: one that is there and new enough, or the wheel."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers import java
from tests.servers.java import from_wheel, java_home, major_version, modules
from tests.servers.node import without_absent_modules
from tests.servers.places import account, cache_directory, is_open, is_usable
from tests.servers.releases import NoServer


def write_java(home: Path, version: str, *, named: str = "java.base java.logging") -> Path:
    """Write what is read of a Java: its `release` file, and that it has a program."""
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "java").touch()
    (home / "bin" / "java").chmod(0o755)
    (home / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\nMODULES="{named}"\n')
    return home


@pytest.fixture
def no_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pip find nothing."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")


@pytest.mark.parametrize(("version", "major"), [("17.0.15", 17), ("25", 25), ("21.0.8", 21)])
def test_the_version_is_read_from_the_release_file(tmp_path: Path, version: str, major: int) -> None:
    home = write_java(tmp_path / "java", version)
    assert major_version(home) == major
    assert modules(home) == {"java.base", "java.logging"}


def test_a_directory_without_java_has_no_version(tmp_path: Path) -> None:
    assert major_version(tmp_path) is None
    (tmp_path / "release").write_text('JAVA_VERSION="21"\n')
    assert major_version(tmp_path) is None, "a release file alone runs nothing"


def test_a_stated_java_is_taken_when_it_is_new_enough(bare_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ES_JAVA_HOME", str(write_java(bare_home / "old", "17.0.1")))
    monkeypatch.setenv("JAVA_HOME", str(write_java(bare_home / "new", "99")))
    assert java_home(17) == bare_home / "old"
    assert java_home(99) == bare_home / "new"


def test_a_java_on_the_path_is_found_by_its_real_place(bare_home: Path) -> None:
    home = write_java(bare_home / "somewhere", "99")
    (bare_home / "bin" / "java").symlink_to(home / "bin" / "java")
    assert java_home(99) == home


@pytest.mark.usefixtures("no_wheel")
def test_without_one_it_is_said_which_were_looked_at(bare_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(write_java(bare_home / "old", "11.0.2")))
    monkeypatch.setenv("ES_JAVA_HOME", str(bare_home / "nothing"))
    with pytest.raises(NoServer) as raised:
        java_home(98)
    heading, *tried = str(raised.value).splitlines()
    assert heading == "found no Java 98 or newer:"
    assert f"  - ES_JAVA_HOME: no Java in {bare_home / 'nothing'}" in tried
    assert f"  - JAVA_HOME: {bare_home / 'old'} is Java 11" in tried
    assert f"pip install {java.WHEEL}:" in tried[-1]
    assert not (cache_directory() / "java").exists()


def test_options_for_modules_that_are_not_there_are_left_out() -> None:
    options = "-XX:+UseG1GC\n20-:--add-modules=jdk.incubator.vector\n--add-modules=java.base\n"
    assert without_absent_modules(options, {"java.base"}) == "-XX:+UseG1GC\n--add-modules=java.base\n"
    assert without_absent_modules(options, None) == options


def test_a_directory_below_a_closed_one_is_closed(tmp_path: Path, open_directory: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "inside").mkdir(parents=True)
    closed.chmod(0o700)
    assert is_open(open_directory)
    assert not is_open(closed / "inside")
    assert is_usable(closed / "inside") == (account() is None)


@pytest.mark.slow
def test_the_wheel_is_a_java_that_is_new_enough_for_all() -> None:
    home = from_wheel()
    assert (major_version(home) or 0) >= 21
    assert is_usable(home)
