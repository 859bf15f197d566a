"""A folder of audio files as a catalogue: what their own metadata says, found in the same order every time.

The id is the path below the folder, so a file that is tagged anew stays the same track. A title that is missing is
taken from the file's name, which is how its owner knows it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from indexer.audio_metadata import BadAudio, Metadata, read_metadata
from indexer.cells import parse_duration, parse_text, parse_year
from indexer.entries import BadTrack, Entry, Found, Reject, SourceError
from tagmodel.track import LONGEST_ID, Track

AUDIO_SUFFIXES = frozenset({".aif", ".aiff", ".flac", ".m4a", ".mp3", ".oga", ".ogg", ".opus", ".wav"})


@dataclass(frozen=True)
class AudioFolder:
    """All audio files below a folder; hidden files and folders are left out.

    Raises
    ------
    SourceError
        If there is no audio file.
    """

    folder: Path
    name: str

    rereadable = True

    def __post_init__(self) -> None:
        if next(walk_audio(self.folder), None) is None:
            raise SourceError(f"{self.folder}: expected audio files ({', '.join(sorted(AUDIO_SUFFIXES))}), found none")

    @property
    def label(self) -> str:
        """The folder as it was given."""
        return str(self.folder)

    def entries(self) -> Iterator[Entry]:
        """Yield a track or a reject for each file, by path; the line is the number of the file."""
        for number, path in enumerate(walk_audio(self.folder), 1):
            relative = path.relative_to(self.folder).as_posix().encode("utf-8", "surrogateescape")
            place = relative.decode("utf-8", "backslashreplace")
            track_id = f"{self.name}:{place}"[:LONGEST_ID]
            try:
                yield Found(number, _track(track_id, self.name, path, read_metadata(path)))
            except (BadAudio, BadTrack) as error:
                yield Reject(number, f"{place}: {error}", place, track_id)


def walk_audio(folder: Path) -> Iterator[Path]:
    """Yield audio files below a folder, sorted by name in each; a folder is entered once, however it is linked."""
    try:
        yield from _walk(folder, set())
    except OSError as error:
        raise SourceError(f"{error.filename}: cannot be read ({error.strerror})") from error


def _walk(folder: Path, entered: set[tuple[int, int]]) -> Iterator[Path]:
    place = folder.stat()
    if (place.st_dev, place.st_ino) in entered:
        return
    entered.add((place.st_dev, place.st_ino))
    for name in sorted(os.listdir(folder)):  # noqa: PTH208 - names are sorted, not paths: / sorts before other signs
        path = folder / name
        kind = _kind(path)
        if name.startswith(".") or kind is None:
            continue
        if stat.S_ISDIR(kind):
            yield from _walk(path, entered)
        elif stat.S_ISREG(kind) and path.suffix.lower() in AUDIO_SUFFIXES:
            yield path


def _kind(path: Path) -> int | None:
    """Return the kind of file behind a path, None for a link to nowhere or in a circle."""
    try:
        return path.stat().st_mode
    except OSError:
        return None


def _track(track_id: str, source: str, path: Path, metadata: Metadata) -> Track:
    stem = path.stem.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return Track(
        track_id=track_id,
        title=parse_text(metadata.first("title"), "title") or stem,
        artist=parse_text(list(metadata.values("artist")), "artist"),
        album=parse_text(metadata.first("album"), "album"),
        genre=parse_text(list(metadata.values("genre")), "genre"),
        license=parse_text(metadata.first("license"), "license"),
        duration=parse_duration(round(metadata.seconds, 3)),
        year=parse_year(metadata.first("date")),
        url=parse_text(metadata.first("url"), "url"),
        source=source,
        tags=metadata.tags(),
    )
