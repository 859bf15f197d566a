"""What a run writes besides the index: a report beside that of the run before, whose place it takes at the end.

So nothing is lost to a run that finds the index busy, nor to one that is broken off, and mended rejects can be fed in
while their own file is named again.
"""

from __future__ import annotations

import csv
import errno
import fcntl
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

import orjson


class ReportFile:
    """A ``.csv`` or ``.jsonl`` file of one line a remark; nothing is written before `begin`.

    Parameters
    ----------
    columns
        Of a CSV file.

    Raises
    ------
    OSError
        If there can be no such file.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._path = Path(os.path.realpath(path))
        self._columns = columns
        self._is_csv = path.suffix.lower() == ".csv"
        self.part = self._path.with_name(f"{self._path.name}.part")
        self._file: TextIO | None = None
        self._head = self._start = 0
        _check_place(self._path)

    def begin(self) -> None:
        """Begin with another source."""
        if self._file is None:
            self._file = _open_alone(self.part, self._path)
            if self._is_csv:
                csv.writer(self._file).writerow(self._columns)
            self._head = self._file.tell()
        self._start = self._file.tell()

    def restart(self) -> None:
        """Forget what was said of the current source."""
        if self._file is not None:
            self._file.seek(self._start)
            self._file.truncate()

    def add(self, values: Mapping[str, object]) -> None:
        """Write one line; in CSV of the columns only."""
        assert self._file is not None, "expected begin() before"
        if self._is_csv:
            csv.writer(self._file).writerow([values[column] for column in self._columns])
        else:
            option = orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
            self._file.write(orjson.dumps(values, default=str, option=option).decode())

    def flush(self) -> None:
        """Hand what was written to the operating system."""
        if self._file is not None:
            self._file.flush()

    def close(self, *, whole: bool) -> bool:
        """Take the place of the earlier report; stay beside it where the run was broken off.

        Returns
        -------
        Whether something was left beside it, in `part`.
        """
        if self._file is None:
            return False
        with self._file:
            is_empty = self._file.tell() == self._head
            self._file.flush()
            if whole:
                self.part.replace(self._path)
            elif is_empty:
                self.part.unlink()
        return not (whole or is_empty)


def _check_place(path: Path) -> None:
    """Find out whether a file can be made there, before anything else is done; leave none."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "expected a file, it is a device or a pipe", str(path))
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _open_alone(part: Path, path: Path) -> TextIO:
    """Open an empty file, unless another run is writing to it."""
    file = part.open("a", encoding="utf-8", errors="backslashreplace", newline="")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise OSError(errno.EBUSY, "another run is writing it", str(path)) from None
    file.seek(0)
    file.truncate()
    return file
