"""The audio files of a folder as a table to look rows up in: by path, by name, and by what the files say of themselves.

A private temporary SQLite table, which spills to disk by itself, as the files of a large catalogue would take much
memory. Metadata is read only when it is first asked for: where a catalogue names its files, never.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from audiomodel.metadata import BadAudio, read_metadata
from indexer.audio_folder import path_below, walk_audio
from indexer.cells import isrc_key
from indexer.temporary_tables import open_temporary, telling_full_disk
from search.words import fold_words

# "01 - ", "1-07. " and the like before a title.
_TRACK_NUMBER = re.compile(r"^\d{1,3}(?:-\d{1,3})?[\s._-]+")

# A path from a root: of this system, of a drive or a server of Windows, or of a user.
_ROOT = re.compile(r"/|[A-Za-z]:|~|file:")


class StoredFile(NamedTuple):
    """A file of the table."""

    number: int
    place: str  # below the folder, with /
    taken_by: str


class AudioFiles:
    """Files below a folder; a context manager."""

    @telling_full_disk()
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._described = False
        self._connection = open_temporary()
        self._connection.execute(
            "CREATE TABLE files (number INTEGER PRIMARY KEY, place TEXT UNIQUE, stem TEXT, isrc TEXT, named TEXT, "
            "taken_by TEXT NOT NULL DEFAULT '')"
        )
        self._connection.execute("BEGIN")
        # A name that is no text cannot stand in a catalogue.
        rows = ((place, name_key(place)) for path in walk_audio(folder) if (place := path_below(folder, path)))
        self._connection.executemany("INSERT OR IGNORE INTO files (place, stem) VALUES (?, ?)", rows)
        self._connection.execute("CREATE INDEX by_stem ON files (stem)")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def path(self, file: StoredFile) -> Path:
        """Return where a file is."""
        return self._folder / file.place

    def at(self, path: str) -> list[StoredFile]:
        """Return the file at a path, as a catalogue writes it: from anywhere above it, with any slashes.

        What leads to the folder may be another way there only in a path from a root; its last part alone is a name.
        """
        written = path.strip().replace("\\", "/")
        parts = [part for part in written.split("/") if part not in ("", ".")]
        if ".." in parts:
            return []
        above = self._folder.absolute().parts
        for start in range(len(parts)):
            leads_here = tuple(parts[:start]) == above[len(above) - start :]
            is_elsewhere = _ROOT.match(written) and start < len(parts) - 1
            if (leads_here or is_elsewhere) and (found := self._find("place", "/".join(parts[start:]))):
                return found
        return []

    def called(self, name: str) -> list[StoredFile]:
        """Return the files of a name, with or without its ending."""
        return self._find("stem", name_key(name)) if name_key(name) else []

    def with_isrc(self, isrc: str) -> list[StoredFile]:
        """Return the files that say they hold the recording of an ISRC."""
        key = isrc_key(isrc)
        return self._described_find("isrc", key) if key else []

    def by(self, artist: str, title: str) -> list[StoredFile]:
        """Return the files that say they are of an artist and have a title; none where either is unknown."""
        key = artist_title_key(artist, title)
        return self._described_find("named", key) if key else []

    @telling_full_disk()
    def take(self, file: StoredFile, track_id: str) -> None:
        """Note whose file it is."""
        self._connection.execute("UPDATE files SET taken_by = ? WHERE number = ?", (track_id, file.number))

    def left(self) -> Iterator[str]:
        """Yield the places of files that nobody has taken."""
        with telling_full_disk():
            for (place,) in self._connection.execute("SELECT place FROM files WHERE taken_by = '' ORDER BY number"):
                yield place

    def _described_find(self, column: str, key: str) -> list[StoredFile]:
        if not self._described:
            self._describe()
        return self._find(column, key)

    @telling_full_disk()
    def _find(self, column: str, key: str) -> list[StoredFile]:
        query = f"SELECT number, place, taken_by FROM files WHERE {column} = ? ORDER BY number"
        return [StoredFile(*row) for row in self._connection.execute(query, (key,))]

    @telling_full_disk()
    def _describe(self) -> None:
        """Read what all files say about themselves."""
        self._described = True
        places = self._connection.execute("SELECT number, place FROM files").fetchall()
        rows = ((*self._description(self._folder / place), number) for number, place in places)
        self._connection.executemany("UPDATE files SET isrc = ?, named = ? WHERE number = ?", rows)
        self._connection.execute("CREATE INDEX by_isrc ON files (isrc)")
        self._connection.execute("CREATE INDEX by_named ON files (named)")

    @staticmethod
    def _description(path: Path) -> tuple[str, str]:
        try:
            said = read_metadata(path)
        except (BadAudio, OSError):
            return "", ""
        artist, title = said.first("artist"), said.first("title")
        if not (artist and title):
            artist, _, title = _TRACK_NUMBER.sub("", path.stem).partition(" - ")
        return isrc_key(said.first("isrc")), artist_title_key(artist, title)


def name_key(name: str) -> str:
    """Return what names of files are compared by: the last part of a path, without its ending, whatever its case."""
    last = name.strip().replace("\\", "/").rpartition("/")[2]
    return re.sub(r"\.[A-Za-z0-9]{1,5}$", "", last).casefold()


def artist_title_key(artist: str, title: str) -> str:
    """Return what artist and title are compared by: their words; ``""`` where either has none."""
    both: Iterable[tuple[str, ...]] = (fold_words(artist), fold_words(title))
    parts = [" ".join(words) for words in both]
    return "\x1f".join(parts) if all(parts) else ""
