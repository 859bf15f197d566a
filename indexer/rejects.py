"""The rejects file: every row that was not indexed, with line and reason, so that it can be mended and read again."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from indexer.entries import Reject

# Without a rejects file this many are shown of each source.
SHOWN = 5

_COLUMNS = ("source", "line", "reason", "raw")


class Rejects:
    """Writes rejects to a file, or shows the first few; a context manager.

    Parameters
    ----------
    path
        A ``.csv`` or ``.jsonl`` file, which is replaced; None to only show some.
    say
        Takes a line of text for the user.
    """

    def __init__(self, path: Path | None, say: Callable[[str], None]) -> None:
        self._path = path
        self._say = say
        self._file = None if path is None else path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
        self._csv = csv.writer(self._file) if self._file and path and path.suffix.lower() == ".csv" else None
        if self._csv:
            self._csv.writerow(_COLUMNS)
        self._source_start = 0
        self._shown = 0
        self._before = 0
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()

    def begin(self) -> None:
        """Begin the rejects of another source."""
        self._shown = 0
        self._before = self.count
        self._source_start = self._file.tell() if self._file else 0

    def restart(self) -> None:
        """Forget the rejects of the current source: it is read again from its start."""
        self.count = self._before
        if self._file:
            self._file.seek(self._source_start)
            self._file.truncate()

    def add(self, source: str, reject: Reject) -> None:
        """Write one reject."""
        self.count += 1
        if self._csv:
            self._csv.writerow((source, reject.line, reject.reason, reject.raw))
        elif self._file:
            self._file.write(_json_line(source, reject))
        elif self._shown < SHOWN:
            self._say(f"rejected {source} line {reject.line:,}: {reject.reason}")
        elif self._shown == SHOWN:
            self._say("further rejects are only counted; --rejects FILE keeps them all")
        self._shown += 1

    def flush(self) -> None:
        """Hand what was written to the operating system."""
        if self._file:
            self._file.flush()


def _json_line(source: str, reject: Reject) -> str:
    values = {"source": source, "line": reject.line, "reason": reject.reason, "raw": reject.raw}
    if reject.cells is not None:
        values["row"] = reject.cells
    return orjson.dumps(values, default=str, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS).decode()
