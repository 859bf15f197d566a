"""Private temporary SQLite tables, which spill to disk by themselves, and what is said where that disk is full."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Where SQLite looks for a directory that it can write to, after what these variables name.
_VARIABLES = ("SQLITE_TMPDIR", "TMPDIR")
_DIRECTORIES = ("/var/tmp", "/usr/tmp", "/tmp")


def open_temporary() -> sqlite3.Connection:
    """Open a database of one's own that is on disk only when it is large, and gone when it is closed."""
    connection = sqlite3.connect("", isolation_level=None)
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    return connection


@contextmanager
def telling_full_disk() -> Iterator[None]:
    """Turn what SQLite says of its temporary files into an `OSError` that names their directory."""
    try:
        yield
    except sqlite3.OperationalError as error:
        slip = "it is the directory for temporary files: make room there, or name another in TMPDIR"
        raise OSError(errno.ENOSPC, f"{error}; {slip}", temporary_directory()) from error


def temporary_directory() -> str:
    """Return where SQLite puts temporary files, by its own rules.

    References
    ----------
    https://www.sqlite.org/tempfiles.html, "Temporary File Storage Locations"
    """
    named = [*filter(None, map(os.environ.get, _VARIABLES)), *_DIRECTORIES]
    usable = (name for name in named if Path(name).is_dir() and os.access(name, os.W_OK | os.X_OK))
    return next(usable, ".")
