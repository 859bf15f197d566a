"""Faults of files and of SQLite, said in the words of the engine contract: one table, one place."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from search.engine import BadIndex, SearchUnavailable

# For everybody; what to do about it is for whoever runs the program.
_FILES = "its files cannot be read or written now"

# Primary result codes of SQLite that a user can do something about, each with what to do.
_SQLITE_ADVICE = {
    "SQLITE_FULL": "the disk is full; free some space and run the command again. Nothing acknowledged is lost",
    "SQLITE_READONLY": "the directory cannot be written to; check its owner and its mount",
    "SQLITE_CANTOPEN": "its files cannot be opened; check the owner and the permissions of the directory",
    "SQLITE_BUSY": "another process holds it; try again in a moment",
    "SQLITE_LOCKED": "another process holds it; try again in a moment",
    "SQLITE_IOERR": "reading or writing failed; check the disk and its free space. Nothing acknowledged is lost",
}
_ERRNO_ADVICE = {
    errno.ENOSPC: _SQLITE_ADVICE["SQLITE_FULL"],
    errno.EDQUOT: _SQLITE_ADVICE["SQLITE_FULL"],
    errno.EFBIG: _SQLITE_ADVICE["SQLITE_FULL"],
    errno.EROFS: _SQLITE_ADVICE["SQLITE_READONLY"],
    errno.EACCES: _SQLITE_ADVICE["SQLITE_READONLY"],
    errno.EPERM: _SQLITE_ADVICE["SQLITE_READONLY"],
}


@contextmanager
def translated_faults(path: Path) -> Iterator[None]:
    """Raise `SearchUnavailable` or `BadIndex` in place of errors of SQLite and the file system."""
    try:
        yield
    except sqlite3.Error as error:
        raise _of_sqlite(error, path) from error
    except OSError as error:
        raise _of_system(error, path) from error


def _of_sqlite(error: sqlite3.Error, path: Path) -> SearchUnavailable:
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return BadIndex(
            f"embedded index {path}: its database is damaged ({error}). "
            "Restore it from a backup, or make it anew in another directory with: tagkin index",
            public="the index is damaged",
        )
    advice = next((text for code, text in _SQLITE_ADVICE.items() if name.startswith(code)), "SQLite refused")
    return SearchUnavailable(f"embedded index {path}: {advice} ({error})", public=_FILES)


def _of_system(error: OSError, path: Path) -> SearchUnavailable:
    advice = _ERRNO_ADVICE.get(error.errno or 0, "the operating system refused")
    return SearchUnavailable(f"embedded index {path}: {advice} ({error})", public=_FILES)
