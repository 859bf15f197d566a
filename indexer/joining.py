"""Rows of a catalogue and audio files find each other: by path, by ISRC, by name, or by artist and title.

The ways are tried in this order. Where several files fit, the ways after it may tell which; copies of one audio count
as one file. Whatever stays ambiguous is not guessed: the row is indexed without sound, and the report says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from audiomodel.remembering import RememberingEar
from indexer.audio_files import AudioFiles, StoredFile
from indexer.audio_folder import path_below, walk_audio
from indexer.cells import isrc_key
from indexer.entries import AudioFile, Entry, Found
from indexer.heard_report import HeardReport, Kind, Remark

# An id that is shorter may as well be the number of a track on its disc.
_LEAST_NAME = 5  # characters

# How rows and files meet, as the summary says it.
WAYS = ("path", "ISRC", "file name", "artist and title")
# A path and an ISRC are said on purpose: two rows may share a file by them.
_ON_PURPOSE = frozenset(WAYS[:2])

_NAMED = 3  # files that a message names


class Keys(NamedTuple):
    """What a row says of its file.

    Parameters
    ----------
    paths
        Any of them; the first that is there counts.
    """

    paths: tuple[str, ...] = ()
    isrc: str = ""


class Match(NamedTuple):
    """The file of a row with the way they met by; without a file, why there is none."""

    file: StoredFile | None
    way: str = ""
    kind: Kind = Kind.NO_FILE
    reason: str = ""


@dataclass(frozen=True)
class AudioJoin:
    """Joins tracks with the files of a folder.

    Parameters
    ----------
    root
        Folder that files are played from; None is the folder itself.
    ear
        Tells copies from each other; None cannot.
    """

    folder: Path
    root: Path | None
    ear: RememberingEar | None
    report: HeardReport
    joined: Counter[str]

    @property
    def n_files(self) -> int:
        """How many files there are."""
        return sum(1 for _ in walk_audio(self.folder))

    def entries(self, entries: Iterable[Entry], keys: Callable[[Found], Keys]) -> Iterator[Entry]:
        """Yield entries, those of tracks with their files."""
        with AudioFiles(self.folder) as files:
            for entry in entries:
                yield self._with_file(entry, keys(entry), files) if isinstance(entry, Found) else entry
            for place in files.left():
                self.report.add(Remark(Kind.NO_ROW, "", place, "no row of the source fits it"))

    def _with_file(self, found: Found, keys: Keys, files: AudioFiles) -> Found:
        track_id = found.track.track_id
        match = self._match(found, keys, files)
        if match.file is None:
            self.report.add(Remark(match.kind, track_id, "", match.reason))
            return found
        self.joined[match.way] += 1
        for file in (match.file, *(others[0] for others in map(files.at, keys.paths[1:]) if others)):
            files.take(file, track_id)
        path = files.path(match.file)
        return found._replace(audio=AudioFile(path, path_below(self.root or self.folder, path)))

    def _match(self, found: Found, keys: Keys, files: AudioFiles) -> Match:
        several: list[StoredFile] = []
        taken = ""
        for way, fitting in _candidates(found, keys, files):
            # What fitted before goes on fitting, and nothing else does.
            numbers = {file.number for file in several}
            fitting = [file for file in fitting if not several or file.number in numbers]  # noqa: PLW2901 - narrowed
            if len(fitting) == 1 or (fitting and self._are_copies(fitting, files)):
                if way in _ON_PURPOSE or fitting[0].taken_by in ("", found.track.track_id):
                    return Match(fitting[0], way)
                taken = f"{fitting[0].place} is that of {fitting[0].taken_by} already"
            several = fitting or several
        if taken:
            return Match(None, kind=Kind.AMBIGUOUS, reason=taken)
        if several:
            named = ", ".join(file.place for file in several[:_NAMED])
            more = f" and {len(several) - _NAMED:,} more" if len(several) > _NAMED else ""
            return Match(None, kind=Kind.AMBIGUOUS, reason=f"{len(several)} files fit: {named}{more}")
        named = f" at {keys.paths[0]}, nor" if keys.paths else ""
        return Match(None, reason=f"no file{named} of its ISRC, its name, or its artist and title")

    def _are_copies(self, fitting: list[StoredFile], files: AudioFiles) -> bool:
        if self.ear is None:
            return False
        identities = [identity for _, identity in self.ear.identify_all(map(files.path, fitting))]
        return isinstance(identities[0], str) and all(identity == identities[0] for identity in identities)


def _candidates(found: Found, keys: Keys, files: AudioFiles) -> Iterator[tuple[str, list[StoredFile]]]:
    """Yield the ways in their order, each with the files that fit by it."""
    track = found.track
    yield WAYS[0], next(filter(None, map(files.at, keys.paths)), [])
    isrc = keys.isrc or (track.track_id.removeprefix("isrc:") if track.track_id.startswith("isrc:") else "")
    yield WAYS[1], files.with_isrc(isrc) if isrc_key(isrc) else []
    own_id = track.track_id.rpartition(":")[2]
    names = [*keys.paths, isrc, *([own_id] if len(own_id) >= _LEAST_NAME else ())]
    yield WAYS[2], next(filter(None, map(files.called, filter(None, names))), [])
    yield WAYS[3], files.by(track.artist, track.title)
