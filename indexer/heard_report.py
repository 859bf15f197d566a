"""What became of audio files, file by file: which could not be heard, which belong to no row, whose tags are doubtful.

Nothing in it is a rejected row: every track it names is indexed by what else is known of it.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from indexer.report_files import ReportFile

# Without a file for them this many are shown of each source and kind.
SHOWN = 3


class Kind(enum.StrEnum):
    """What there is to say of a file or a track."""

    NOT_HEARD = "not-heard"
    """The file cannot be heard; the reason says why."""
    UNLIKE = "unlike"
    """It is not like the music that the tagger knows, which therefore names no tags."""
    DOUBTED = "doubted"
    """The audio contradicts typed tags, which stay."""
    AMBIGUOUS = "ambiguous"
    """Several files fit a row, or one file several rows: the row is indexed without."""
    NO_FILE = "no-file"
    """No file fits a row."""
    NO_ROW = "no-row"
    """The file fits no row."""


# Too many to be shown one by one; a file has them all, and the summary counts them.
_QUIET = frozenset({Kind.UNLIKE, Kind.NO_FILE, Kind.NO_ROW})


class Remark(NamedTuple):
    """One line of the report; `track_id` or `file` may be ``""``."""

    kind: Kind
    track_id: str
    file: str
    reason: str


class HeardReport:
    """Writes remarks to a file, or shows the first few; a context manager.

    Parameters
    ----------
    path
        A ``.csv`` or ``.jsonl`` file, which is replaced at the end of a whole run; None to only show some.
    say
        Takes a line of text for the user.
    """

    def __init__(self, path: Path | None, say: Callable[[str], None]) -> None:
        self._say = say
        self._file = None if path is None else ReportFile(path, ("source", *Remark._fields))
        self._source = ""
        self.counts: Counter[Kind] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file and self._file.close(whole=kind is None):
            self._say(f"what became of audio files so far is in {self._file.part}")

    def begin(self, source: str) -> None:
        """Begin the remarks on a source, or begin them anew: it is read again from its start."""
        if self._file and source == self._source:
            self._file.restart()
        elif self._file:
            self._file.begin()
        self._source = source
        self.counts = Counter()

    def add(self, remark: Remark) -> None:
        """Write one remark."""
        self.counts[remark.kind] += 1
        if self._file:
            self._file.add({"source": self._source, **remark._asdict()})
        elif remark.kind not in _QUIET and self.counts[remark.kind] <= SHOWN:
            self._say(f"{remark.kind}: {remark.file or remark.track_id}: {remark.reason}")

    @property
    def is_kept(self) -> bool:
        """Whether the remarks go to a file."""
        return self._file is not None

    def flush(self) -> None:
        """Hand what was written to the operating system."""
        if self._file:
            self._file.flush()
