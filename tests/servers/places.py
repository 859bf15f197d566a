"""Where things lie that outlive a test run, and who runs the servers.

Elasticsearch refuses to run as root. For root the servers therefore run as `nobody`, who must be able to read what they
run on: root's own cache directory is closed to him, and that of the machine stands in.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

MACHINE_CACHE = Path("/var/cache")


@dataclass(frozen=True)
class Account:
    """Who runs a server."""

    uid: int
    gid: int

    def own(self, path: Path) -> None:
        """Give a file, or a directory with all in it, to this account."""
        inside = path.rglob("*") if path.is_dir() else ()
        for one in (path, *inside):
            os.chown(one, self.uid, self.gid, follow_symlinks=False)


def account() -> Account | None:
    """Return who runs servers for root; None: whoever we are."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def is_open(path: Path) -> bool:
    """Whether everybody may reach what lies in a directory, or in its nearest parent that is there."""
    there = [one for one in (path, *path.parents) if one.is_dir()]
    return all(one.stat().st_mode & 0o001 for one in there)


def is_usable(path: Path) -> bool:
    """Whether a server may reach what lies in a directory."""
    return account() is None or is_open(path.resolve())


def cache_directory() -> Path:
    """Return the directory of what was fetched once, made if need be."""
    stated = os.environ.get("XDG_CACHE_HOME")
    base = Path(stated) if stated else Path.home() / ".cache"
    if not stated and not is_usable(base):
        base = MACHINE_CACHE
    directory = base / "tagkin"
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def make_once(target: Path, fill: Callable[[Path], None]) -> None:
    """Have a directory filled unless it is there; nobody sees it half made, and what fails leaves nothing.

    Two at once wait for one another.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / f".{target.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if target.exists():
            return
        staging = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        try:
            fill(staging)
            open_to_all(staging)
            staging.rename(target)
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def open_to_all(directory: Path) -> None:
    """Let everybody read a directory and run what its owner may run."""
    for path in (directory, *directory.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if path.is_dir() or mode & 0o100 else 0o444))
