"""MTG-Jamendo autotagging: 55,525 tracks with genres, instruments, moods and themes that their artists chose."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from tagmodel.datasets.dataset import BadDataSet, DataFile, DataSet, Item
from tagmodel.datasets.files import find_file, parse_number, read_columns, read_lines, read_table, require_file
from tagmodel.track import Track

# The authors' own table has tabs, upper-case names and one field a tag; the csv joins them by "|".
_AUTOTAGGING = DataFile(
    "mtg-jamendo/autotagging.csv",
    also=("mtg-jamendo/autotagging.tsv", "mtg-jamendo/data/autotagging.tsv"),
)
_TAG_MAP = DataFile(
    "mtg-jamendo/tag_map.csv", also=("mtg-jamendo/tag_map.json", "mtg-jamendo/data/tag_map.json"), optional=True
)
_COLUMNS = ("track_id", "artist_id", "duration", "tags")


class Jamendo(DataSet):
    """The MTG-Jamendo data set."""

    name = "jamendo"
    title = "MTG-Jamendo"
    licence = "CC BY-NC-SA 4.0"
    source = "https://github.com/MTG/mtg-jamendo-dataset (Bogdanov, Won, Tovstogan, Porter, Serra 2019)"
    files = (_AUTOTAGGING, _TAG_MAP)
    min_count = 5

    def read_items(self, data_dir: Path) -> Iterator[Item]:
        """Yield the tracks; ``artist`` is Jamendo's number of the artist."""
        for _, (track_id, artist_id, _, tags) in self._read_rows(data_dir):
            yield Item(track_id, _spellings(tags), artist_id)

    def read_tracks(self, data_dir: Path) -> Iterator[Track]:
        """Yield the tracks; the data set names neither titles nor artists."""
        for where, (track_id, _, duration, tags) in self._read_rows(data_dir):
            path, line = where
            number = int(parse_number(path, line, "the track's number", track_id.removeprefix("track_")))
            categories = [tag.partition("---") for tag in tags]
            yield Track(
                f"jamendo:{number}",
                genre=next((tag for category, _, tag in categories if category == "genre"), ""),
                duration=parse_number(path, line, "duration", duration),
                url=f"https://www.jamendo.com/track/{number}",
                source="jamendo",
                tags=_spellings(tags),
            )

    def read_aliases(self, data_dir: Path) -> tuple[tuple[str, str], ...]:
        """Read the variants that the authors merged, if their table is there."""
        path = find_file(data_dir, _TAG_MAP)
        if path is None:
            return ()
        if ".json" in path.suffixes:
            return _parse_tag_map(path, "".join(read_lines(path)))
        return tuple((variant, canonical) for _, (variant, canonical) in read_columns(path, ("variant", "canonical")))

    def _read_rows(self, data_dir: Path) -> Iterator[tuple[tuple[Path, int], tuple[str, str, str, tuple[str, ...]]]]:
        path = require_file(data_dir, _AUTOTAGGING, self.source)
        if ".tsv" in path.suffixes:
            yield from _read_official(path)
            return
        for line, (track_id, artist_id, duration, tags) in read_columns(path, _COLUMNS):
            yield (path, line), (track_id, artist_id, duration, _checked(path, line, tuple(tags.split("|"))))


def _read_official(path: Path) -> Iterator[tuple[tuple[Path, int], tuple[str, str, str, tuple[str, ...]]]]:
    rows = read_table(path, delimiter="\t")
    _, header = next(rows, (0, []))
    if [name.lower() for name in header] != ["track_id", "artist_id", "album_id", "path", "duration", "tags"]:
        raise BadDataSet(f"{path}, line 1: expected TRACK_ID … DURATION TAGS, got {header}: is it another file?")
    for line, (track_id, artist_id, _, _, duration, *tags) in rows:
        yield (path, line), (track_id, artist_id, duration, _checked(path, line, tuple(tags)))


def _checked(path: Path, line: int, tags: tuple[str, ...]) -> tuple[str, ...]:
    bad = next((tag for tag in tags if "---" not in tag), None)
    if bad is not None:
        raise BadDataSet(f"{path}, line {line}: expected category---tag, got {bad!r}: are the columns shifted?")
    return tags


def _spellings(tags: tuple[str, ...]) -> tuple[str, ...]:
    """Tags without their category, each once: `film` is a theme in one place and never a genre as well."""
    return tuple(dict.fromkeys(tag.partition("---")[2] for tag in tags))


def _parse_tag_map(path: Path, text: str) -> tuple[tuple[str, str], ...]:
    try:
        categories = json.loads(text)
        return tuple((variant, tag) for merged in categories.values() for variant, tag in merged.items())
    except (json.JSONDecodeError, AttributeError) as error:
        raise BadDataSet(f"{path}: expected category → variant → tag, got {error}: is the file cut off?") from error
