"""The rejects file: every row that was not indexed, with line and reason, so that it can be mended and read again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from indexer.entries import Reject
from indexer.report_files import ReportFile

# Without a rejects file this many are shown of each source.
SHOWN = 5

_COLUMNS = ("source", "line", "reason", "raw")


class Rejects:
    """Writes rejects to a file, or shows the first few; a context manager.

    Parameters
    ----------
    path
        A ``.csv`` or ``.jsonl`` file, which is replaced at the end of a whole run; None to only show some.
    say
        Takes a line of text for the user.
    """

    def __init__(self, path: Path | None, say: Callable[[str], None]) -> None:
        self._say = say
        self._file = None if path is None else ReportFile(path, _COLUMNS)
        self._shown = 0
        self._before = 0
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file and self._file.close(whole=kind is None):
            self._say(f"the rejects so far are in {self._file.part}")

    def begin(self) -> None:
        """Begin the rejects of another source."""
        self._shown = 0
        self._before = self.count
        if self._file:
            self._file.begin()

    def restart(self) -> None:
        """Forget the rejects of the current source: it is read again from its start."""
        self.count = self._before
        if self._file:
            self._file.restart()

    def add(self, source: str, reject: Reject) -> None:
        """Write one reject."""
        self.count += 1
        if self._file:
            self._file.add(_values(source, reject))
        elif self._shown < SHOWN:
            self._say(f"rejected {source} line {reject.line:,}: {reject.reason}")
        elif self._shown == SHOWN:
            self._say("further rejects are only counted; --rejects FILE keeps them all")
        self._shown += 1

    def flush(self) -> None:
        """Hand what was written to the operating system."""
        if self._file:
            self._file.flush()


def _values(source: str, reject: Reject) -> dict[str, object]:
    values: dict[str, object] = dict(zip(_COLUMNS, (source, reject.line, reject.reason, reject.raw), strict=True))
    if reject.cells is not None:
        values["row"] = reject.cells
    return values
