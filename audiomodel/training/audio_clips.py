"""From the recordings of a source to `Clips`: each file decoded once, in limited processes, and remembered.

What was decoded is kept in the folder of the training, so that a training that goes on, or begins again, decodes
nothing. A file that cannot be heard is named and left out. Where another day may bring it, it is tried again, until a
network has learned without it: a training goes on with the clips that it began with.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audiomodel.confining import LIBRARY
from audiomodel.front_end import FrontEnd
from audiomodel.problems import AudioProblem
from audiomodel.training.clips import Clips
from audiomodel.training.picturing import Picture, picture_task
from audiomodel.training.prepared import prepared_fma_small
from audiomodel.training.sources import Source
from audiomodel.windows import TAG_FRAMES
from audiomodel.workers import Workers
from tagmodel.datasets import BadDataSet

# After so many files what was decoded is saved.
SAVED_AFTER = 2_000
# Of the files that cannot be heard so many are named.
NAMED = 10

# Told how far a stage is: its name, how many are done, and of how many.
Progress = Callable[[str, int, int], None]


def read_clips(source: Source, kept: Path, jobs: int, say: Callable[[str], None], progress: Progress) -> Clips:
    """Read what a source has as clips with levels.

    Parameters
    ----------
    kept
        File that decoded levels are kept in.
    say
        Told which files cannot be heard, and what was done with short ones.

    Raises
    ------
    BadDataSet
        If no file can be heard, or there is nothing to learn from or to choose by.
    """
    clips = prepared_fma_small(source.prepared) if source.prepared else _decoded(source, kept, jobs, say, progress)
    counts = Counter(clips.splits)
    if not counts["train"] or not counts["valid"]:
        raise BadDataSet(
            f"expected recordings to learn from and others, of other artists, to choose by, got {counts['train']} and "
            f"{counts['valid']}: are there files of ten artists at least?"
        )
    return clips


def _decoded(source: Source, kept: Path, jobs: int, say: Callable[[str], None], progress: Progress) -> Clips:
    paths = [source.folder / recording.path for recording in source.recordings]
    memory = PictureMemory(kept, begun=any(kept.parent.glob("network-*/state.pt")))
    heard = memory.pictures(paths, jobs, progress)
    _say_problems(heard, source.folder, say)
    rows = [(one, heard[path]) for one, path in zip(source.recordings, paths, strict=True)]
    known = [(one, picture) for one, picture in rows if isinstance(picture, Picture)]
    if not known:
        raise BadDataSet(f"{source.folder}: expected recordings that can be heard, got none of {len(paths)}")
    if short := sum(picture.n_frames < TAG_FRAMES for _, picture in known):
        say(f"{short:,} of {len(known):,} recordings last for less than 30 seconds and are repeated up to that")
    recordings = [one for one, _ in known]
    return Clips(
        name=source.name,
        levels=np.stack([_levels(picture) for _, picture in known]),
        ids=tuple(one.track_id for one in recordings),
        tags=tuple(one.tags for one in recordings),
        genres=tuple(one.genre for one in recordings),
        artists=tuple(one.artist for one in recordings),
        splits=tuple(one.split for one in recordings),
    )


def _levels(picture: Picture) -> NDArray[np.uint8]:
    return np.frombuffer(picture.levels, np.uint8).reshape(FrontEnd().n_bands, TAG_FRAMES)


def _say_problems(heard: dict[Path, Picture | str], folder: Path, say: Callable[[str], None]) -> None:
    problems = [(path, why) for path, why in heard.items() if isinstance(why, str)]
    for path, why in problems[:NAMED]:
        name = str(path.relative_to(folder)).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        say(f"left out {name}: {why}")
    if len(problems) > NAMED:
        say(f"left out {len(problems) - NAMED:,} more")


class PictureMemory:
    """Levels of files that were decoded before, by path, size and time of change; and why others could not be.

    Parameters
    ----------
    place
        File that they are kept in; one that cannot be read is made anew.
    begun
        Whether a network has learned from them: then what was left out stays left out.
    """

    def __init__(self, place: Path, *, begun: bool = False) -> None:
        self.place = place
        self._begun = begun
        self._known: dict[str, Picture | str] = {}
        self._passing: dict[str, str] = {}
        # For what may pass, by path alone: the file may come back as another one.
        self._left_out: dict[str, str] = {}
        try:
            # Opened here, as numpy leaves a file open that is none of its own.
            with place.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                self._known = _unpacked(arrays["stamps"], arrays["levels"], arrays["frames"], arrays["problems"])
                if begun and "left_out" in arrays:
                    left_out = arrays["left_out"].tolist(), arrays["left_out_for"].tolist()
                    self._left_out = dict(zip(*left_out, strict=True))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
            self._known = {}

    def pictures(self, paths: list[Path], jobs: int, progress: Progress) -> dict[Path, Picture | str]:
        """Return the picture of each file, or why there is none; only what is not known is decoded."""
        stamps = {path: _stamp(path) for path in paths}
        left_out = {path: self._left_out[place] for path in paths if (place := _place(path)) in self._left_out}
        fresh = [path for path in paths if stamps[path] not in self._known and path not in left_out]
        try:
            self._decode(fresh, stamps, jobs, progress)
        finally:
            # Also when somebody stops it: what was decoded was decoded.
            if fresh:
                self._save()
        found = self._known | self._passing
        return {path: left_out[path] if path in left_out else found[stamps[path]] for path in paths}

    def _decode(self, fresh: list[Path], stamps: dict[Path, str], jobs: int, progress: Progress) -> None:
        if not fresh:
            return
        with Workers(picture_task, Picture, jobs, LIBRARY) as workers:
            for done, (path, heard) in enumerate(workers.run_all(fresh), 1):
                self._note(path, stamps[path], heard)
                progress("decoding", done, len(fresh))
                if done % SAVED_AFTER == 0:
                    self._save()

    def _note(self, path: Path, stamp: str, heard: Picture | AudioProblem) -> None:
        if not isinstance(heard, AudioProblem):
            self._known[stamp] = heard
        elif not heard.passing:
            self._known[stamp] = str(heard)
        else:
            self._passing[stamp] = str(heard)
            if not self._begun:
                self._left_out[_place(path)] = str(heard)

    def _save(self) -> None:
        self.place.parent.mkdir(parents=True, exist_ok=True)
        part = self.place.with_suffix(".part.npz")
        nothing = Picture(bytes(FrontEnd().n_bands * TAG_FRAMES), 0)
        pictures = [nothing if isinstance(one, str) else one for one in self._known.values()]
        np.savez(
            part,
            stamps=np.array(list(self._known)),
            levels=np.array([np.frombuffer(one.levels, np.uint8) for one in pictures]),
            frames=np.array([one.n_frames for one in pictures]),
            problems=np.array([one if isinstance(one, str) else "" for one in self._known.values()]),
            left_out=np.array(list(self._left_out), str),
            left_out_for=np.array(list(self._left_out.values()), str),
        )
        part.replace(self.place)


def _unpacked(
    stamps: NDArray[np.str_], levels: NDArray[np.uint8], frames: NDArray[np.int64], problems: NDArray[np.str_]
) -> dict[str, Picture | str]:
    pictures = (Picture(row.tobytes(), n_frames) for row, n_frames in zip(levels, frames.tolist(), strict=True))
    rows = zip(stamps.tolist(), pictures, problems.tolist(), strict=True)
    return {stamp: problem or picture for stamp, picture, problem in rows}


def _stamp(path: Path) -> str:
    """Name a file as it is now; a file that is not there has a name, too, and a problem when it is decoded."""
    try:
        state = path.stat()
        size, changed = state.st_size, state.st_mtime_ns
    except OSError:
        size = changed = -1
    return _hash(path, f"|{size}|{changed}")


def _place(path: Path) -> str:
    """Name a file whatever is in it."""
    return _hash(path, "")


def _hash(path: Path, state: str) -> str:
    return hashlib.sha256(os.fsencode(path.absolute()) + state.encode()).hexdigest()[:32]
