"""MusicCaps: 5,521 clips that musicians described in phrases (*mellow piano melody*, *slow tempo*).

13,219 distinct phrases are no tags: the short frequent ones are, and the others are taken apart into the known tags
their words hold, once there is a vocabulary (`Item.phrases`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tagmodel.datasets.dataset import BadDataSet, DataFile, DataSet, Item
from tagmodel.datasets.files import read_columns, require_file
from tagmodel.track import Track

_CAPTIONS = DataFile("musiccaps/musiccaps-public.csv")


class MusicCaps(DataSet):
    """The MusicCaps aspect lists."""

    name = "musiccaps"
    title = "MusicCaps"
    licence = "CC BY-SA 4.0"
    source = "https://www.kaggle.com/datasets/googleai/musiccaps (Agostinelli et al. 2023)"
    files = (_CAPTIONS,)
    min_count = 8
    folksonomy = True
    max_words = 2

    def read_items(self, data_dir: Path) -> Iterator[Item]:
        """Yield the clips; nothing is said about artists."""
        for clip_id, _, aspects in self._read_clips(data_dir):
            yield Item(clip_id, aspects, phrases=True)

    def read_tracks(self, data_dir: Path) -> Iterator[Track]:
        """Yield the clips as untitled tracks of ten seconds, at their place in the video."""
        for clip_id, start, aspects in self._read_clips(data_dir):
            yield Track(
                f"musiccaps:{clip_id}",
                duration=10.0,
                url=f"https://www.youtube.com/watch?v={clip_id}&t={start}s",
                source="musiccaps",
                tags=aspects,
            )

    def _read_clips(self, data_dir: Path) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        path = require_file(data_dir, _CAPTIONS, self.source)
        for line, (clip_id, start, text) in read_columns(path, ("ytid", "start_s", "aspect_list")):
            yield clip_id, start, _parse_aspects(path, line, text)


def _parse_aspects(path: Path, line: int, text: str) -> tuple[str, ...]:
    try:
        values = ast.literal_eval(text)
        stripped = (value.strip() for value in values)
        return tuple(dict.fromkeys(value for value in stripped if value))
    except (ValueError, SyntaxError, AttributeError, TypeError) as error:
        raise BadDataSet(
            f"{path}, line {line}: expected a list of phrases, got {text[:60]!r}: are the columns shifted?"
        ) from error
