"""A folder of audio files as a catalogue: what their own metadata says, found in the same order every time.

The id is made of the audio, so a file that is moved or tagged anew stays the same track, and two copies are one. Where
nothing can tell the audio, because the libraries are not installed or the file is damaged, it is the path below the
folder. A file whose audio cannot be told today, but may be tomorrow, is rejected: by its path it would come in twice. A
title that is missing is taken from the file's name, which is how its owner knows it.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from audiomodel.metadata import BadAudio, Metadata, read_metadata
from audiomodel.problems import AudioProblem
from audiomodel.remembering import RememberingEar
from audiomodel.suffixes import AUDIO_SUFFIXES
from indexer.cells import parse_duration, parse_text, parse_year
from indexer.entries import AudioFile, BadTrack, Entry, Found, Reject, SourceError
from tagmodel.track import LONGEST_ID, Track

# Where a link leads nowhere, or in a circle.
_NOTHING_THERE = frozenset({errno.ENOENT, errno.ELOOP, errno.ENOTDIR})
# Of an audio id, as part of a track's: among a million files the chance that two share them is about 5e-13.
ID_DIGITS = 20  # hex, 80 bits


@dataclass(frozen=True)
class AudioFolder:
    """All audio files below a folder; hidden files and folders are left out.

    Parameters
    ----------
    ear
        Tells which audio a file holds; None where nothing can.
    root
        Folder that files are played from; None is this folder.

    Raises
    ------
    SourceError
        If there is no audio file.
    """

    folder: Path
    name: str
    ear: RememberingEar | None = None
    root: Path | None = None

    rereadable = True

    def __post_init__(self) -> None:
        if next(walk_audio(self.folder), None) is None:
            raise SourceError(f"{self.folder}: expected audio files ({', '.join(sorted(AUDIO_SUFFIXES))}), found none")

    @property
    def label(self) -> str:
        """The folder as it was given."""
        return str(self.folder)

    @property
    def n_files(self) -> int:
        """How many files there are."""
        return sum(1 for _ in walk_audio(self.folder))

    def entries(self) -> Iterator[Entry]:
        """Yield a track or a reject for each file, by path; the line is the number of the file."""
        places: dict[str, str] = {}  # of the first file of each track
        for number, (path, identity) in enumerate(self._identified(), 1):
            place = _shown(path.relative_to(self.folder))
            if isinstance(identity, AudioProblem) and identity.passing:
                # Without an id, as it may be any track of the folder: nothing is pruned then.
                yield Reject(number, f"{place}: {identity.message}; the next run tries again", place)
                continue
            path_id = f"{self.name}:{place}"[:LONGEST_ID]
            track_id = f"{self.name}:{identity[:ID_DIGITS]}" if isinstance(identity, str) else path_id
            if track_id in places:
                yield Reject(number, f"{place}: a copy of {places[track_id]}, which is kept", place, track_id)
                continue
            audio = AudioFile(path, path_below(self.root or self.folder, path), self._path_id(path_id, identity))
            try:
                yield Found(number, _track(track_id, self.name, path, read_metadata(path)), audio=audio)
                places[track_id] = place
            except (BadAudio, BadTrack) as error:
                yield Reject(number, f"{place}: {error}", place, track_id)

    def _identified(self) -> Iterator[tuple[Path, str | AudioProblem | None]]:
        paths = walk_audio(self.folder)
        return ((path, None) for path in paths) if self.ear is None else self.ear.identify_all(paths)

    @staticmethod
    def _path_id(path_id: str, identity: str | AudioProblem | None) -> str:
        """Return the id by path where it says how tracks of this folder are known: not of a file without audio."""
        return "" if isinstance(identity, AudioProblem) else path_id


def path_below(root: Path, path: Path) -> str:
    """Return the path of a file below a root, with ``/``; ``""`` where that is no text, or it lies elsewhere."""
    try:
        below = Path(os.path.abspath(path)).relative_to(os.path.abspath(root)).as_posix()  # noqa: PTH100 - links stay
        below.encode()
    except ValueError:
        return ""
    return below


def _shown(path: Path) -> str:
    return path.as_posix().encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


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
    """Return the kind of file behind a path, None for a link to nowhere or in a circle.

    What cannot be looked at for another reason, as a disk that fails, may be there all the same: a file is named, to be
    rejected with that reason, and a folder is not taken for an empty one.
    """
    try:
        return path.stat().st_mode
    except OSError as error:
        if error.errno in _NOTHING_THERE:
            return None
        if path.suffix.lower() in AUDIO_SUFFIXES:
            return stat.S_IFREG
        raise


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
