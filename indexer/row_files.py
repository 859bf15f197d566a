"""What rows say of their audio files: columns of a catalogue, and the layouts in which data sets give out theirs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.cells import BadTrack, parse_text
from indexer.entries import Found
from indexer.joining import Keys
from indexer.mapping import ColumnMapping

if TYPE_CHECKING:
    from collections.abc import Mapping


def column_keys(mapping: ColumnMapping) -> Callable[[Found], Keys]:
    """Return what tells the file of a row by the columns `file` and `isrc` of a catalogue."""

    def keys(found: Found) -> Keys:
        path, isrc = (_cell(found, mapping.column(name)) for name in ("file", "isrc"))
        return Keys((path,) if path else (), isrc)

    return keys


def _cell(found: Found, column: str | None) -> str:
    if found.row is None or column is None:
        return ""
    try:
        return parse_text(found.row.cells.get(column), column)
    except BadTrack:
        return ""


def data_set_keys(name: str, data_dir: Path) -> Callable[[Found], Keys]:
    """Return what tells the file of a track by the published layout of a data set's audio."""
    if name == "mtat":
        clips = cache(lambda: _clips_by_song(data_dir))
        return lambda found: Keys(clips().get(found.track.track_id, ()))
    layout = _LAYOUTS.get(name)
    return lambda found: Keys() if layout is None else Keys(layout(found.track.track_id.rpartition(":")[2]))


def _fma_path(number: str) -> tuple[str, ...]:
    padded = number.zfill(6)
    return (f"{padded[:3]}/{padded}.mp3",)


def _jamendo_paths(number: str) -> tuple[str, ...]:
    """Return the path of a track as it is given out, and as it is where the files of lower quality were taken."""
    folder = number.zfill(2)[-2:]
    return f"{folder}/{number}.mp3", f"{folder}/{number}.low.mp3"


_LAYOUTS: Mapping[str, Callable[[str], tuple[str, ...]]] = {"fma": _fma_path, "jamendo": _jamendo_paths}


def _clips_by_song(data_dir: Path) -> dict[str, tuple[str, ...]]:
    """Return the files of the clips of each song, by its track id; the first that is there stands for it."""
    from tagmodel.datasets.mtat import MagnaTagATune

    data_set = MagnaTagATune()
    clips: dict[str, list[str]] = defaultdict(list)
    items, recordings = data_set.read_items(data_dir), data_set.read_recordings(data_dir)
    for item, recording in zip(items, recordings, strict=True):
        clips[item.group].append(recording.path)
    return {song: tuple(paths) for song, paths in clips.items()}
