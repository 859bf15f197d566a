"""What passes from a catalogue to the index: raw rows, rows that could not be used, and the catalogue itself.

A catalogue is read as one stream of entries, each a `Track` or a `Reject`. A bad row is a value and not an exception,
so that one slip in a file of a million rows costs that row only, and is told with its line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import orjson

from tagmodel.track import Track

# Longer rows are cut in the rejects file: they are shown to be recognized, not to be kept.
RAW_SHOWN = 1 << 16  # characters


class SourceError(Exception):
    """A source cannot be read, or not further; the message says which, why and what to do."""


class BadTrack(ValueError):
    """One row does not describe a track; the message says which value, what was expected and the likely slip."""


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row of a catalogue file as it stands there.

    Parameters
    ----------
    line
        Number of the line it begins on, from 1; for Parquet the number of the row.
    cells
        Values by column name: text in CSV, anything JSON can say elsewhere.
    raw
        The row's own text; ``""`` where it has none, as in Parquet.
    """

    line: int
    cells: Mapping[str, object]
    raw: str | bytes = ""

    def text(self) -> str:
        """Return the row as text for the rejects file."""
        if not self.raw:
            return orjson.dumps(self.cells, default=str, option=orjson.OPT_NON_STR_KEYS).decode()[:RAW_SHOWN]
        raw = self.raw if isinstance(self.raw, str) else self.raw.decode("utf-8", "backslashreplace")
        return raw[:RAW_SHOWN].rstrip("\r\n")


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was not indexed.

    Parameters
    ----------
    track_id
        The track it would have been, as far as that can be told; ``""`` otherwise.
    cells
        The row split into columns, None where it could not be.
    """

    line: int
    reason: str
    raw: str
    track_id: str = ""
    cells: Mapping[str, object] | None = None


class AudioFile(NamedTuple):
    """The file that a track can be heard from.

    Parameters
    ----------
    file
        Path below the root of the audio files, with ``/``; ``""`` where that is no text.
    path_id
        The id that the path gives, where that is the track's or was so once; ``""`` where it never was.
    """

    path: Path
    file: str
    path_id: str = ""


class Found(NamedTuple):
    """A track with the place it was found in; `row` is None where there is no text of it, as in a data set."""

    line: int
    track: Track
    row: RawRow | None = None
    audio: AudioFile | None = None


Entry = Found | Reject


class Catalogue(Protocol):
    """A source of tracks.

    Attributes
    ----------
    name
        Becomes the tracks' source, and part of ids that the source does not give itself.
    label
        What messages call it.
    rereadable
        False for a pipe, which gives its entries once.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 - see the class
    @property
    def label(self) -> str: ...  # noqa: D102
    @property
    def rereadable(self) -> bool: ...  # noqa: D102

    def entries(self) -> Iterator[Entry]:
        """Yield tracks and rejects in the order of the source, the same order every time.

        Raises
        ------
        SourceError
            If the source turns out to be unreadable on the way.
        """


def files_of(catalogue: Catalogue) -> int | None:
    """Return how many audio files there are to be heard for a source; None where it has none."""
    n_files: int | None = getattr(catalogue, "n_files", None)
    return n_files


def counted(n: int, thing: str) -> str:
    """Write a number with what it counts: ``1 track``, ``2,000 tracks``."""
    return f"{n:,} {thing}" if n == 1 else f"{n:,} {thing}s"
