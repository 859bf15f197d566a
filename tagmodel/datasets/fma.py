"""Free Music Archive metadata: tracks with genres from a tree, and some free tags of their artists.

A genre is read as a tag together with its ancestors, because nobody who files a track under *Death-Metal* types *Metal*
as well. Free tags lose the artist's own name, which half of them are.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from tagmodel.datasets.dataset import BadDataSet, DataFile, DataSet, Item, Recording
from tagmodel.datasets.files import check_width, parse_number, pick_columns, read_columns, read_table, require_file
from tagmodel.folding import fold_tag
from tagmodel.track import Track

_ARCHIVE = "https://os.unil.cloud.switch.ch/fma/fma_metadata.zip"
_ARCHIVE_SHA1 = "f0df49ffe5f2a6008d7dc83c6915b31835dfe733"
_TRACKS = DataFile(
    "fma/tracks.csv",
    sha1="e65cfe18cbba4e37921b58ea5293c2510329de75",
    url=_ARCHIVE,
    member="fma_metadata/tracks.csv",
    archive_sha1=_ARCHIVE_SHA1,
)
_GENRES = DataFile(
    "fma/genres.csv",
    sha1="d2f3a75be03441d324ef9815d23bad33d149c831",
    url=_ARCHIVE,
    member="fma_metadata/genres.csv",
    archive_sha1=_ARCHIVE_SHA1,
)


class _Row(NamedTuple):
    """The columns that are read, named by the first two header lines."""

    track_id: str
    album: str
    released: str
    artist_id: str
    artist: str
    split: str
    subset: str
    recorded: str
    duration: str
    genre_top: str
    genres: str
    genres_all: str
    license: str
    tags: str
    title: str


_COLUMNS = (
    "",  # the index, whose name stands in the third header line
    "album.title",
    "album.date_released",
    "artist.id",
    "artist.name",
    "set.split",
    "set.subset",
    "track.date_recorded",
    "track.duration",
    "track.genre_top",
    "track.genres",
    "track.genres_all",
    "track.license",
    "track.tags",
    "track.title",
)


# How FMA names the parts of its split.
_SPLITS = {"training": "train", "validation": "valid", "test": "test"}


class _Genre(NamedTuple):
    title: str
    parent: int  # 0 at the top


class FreeMusicArchive(DataSet):
    """The FMA metadata, complete or any part of its rows."""

    name = "fma"
    title = "Free Music Archive"
    licence = "CC BY 4.0 (metadata)"
    source = "https://github.com/mdeff/fma (Defferrard, Benzi, Vandergheynst, Bresson 2017)"
    files = (_TRACKS, _GENRES)
    min_count = 5
    folksonomy = True  # the free tags; genres are in the tree

    def read_items(self, data_dir: Path) -> Iterator[Item]:
        """Yield the tracks; ``artist`` is the name, else FMA's number of the artist."""
        genres = self._read_genres(data_dir)
        for path, line, row in self._read_rows(data_dir):
            yield Item(row.track_id, _tags(path, line, row, genres), row.artist or row.artist_id)

    def read_tracks(self, data_dir: Path) -> Iterator[Track]:
        """Yield the tracks. FMA's addresses cannot be derived from its files, so there is no url."""
        genres = self._read_genres(data_dir)
        for path, line, row in self._read_rows(data_dir):
            year = (row.recorded or row.released)[:4]
            yield Track(
                f"fma:{row.track_id}",
                title=row.title,
                artist=row.artist,
                album=row.album,
                genre=row.genre_top,
                license=row.license.strip(),
                duration=parse_number(path, line, "track.duration", row.duration) if row.duration else None,
                year=int(parse_number(path, line, "a year", year)) if year else None,
                source="fma",
                tags=_tags(path, line, row, genres),
            )

    def read_recordings(self, data_dir: Path, subset: str) -> Iterator[Recording]:
        """Yield the tracks of a subset (``small``) as the archive of its audio has them; tags are genres alone.

        Raises
        ------
        BadDataSet
            If a file is missing or damaged.
        """
        genres = self._read_genres(data_dir)
        for path, line, row in self._read_rows(data_dir):
            if row.subset == subset:
                tags = _tags(path, line, row._replace(tags=""), genres)
                file = f"{int(parse_number(path, line, 'track_id', row.track_id)):06d}.mp3"
                artist = row.artist_id or row.artist
                split = _SPLITS.get(row.split, "")
                yield Recording(row.track_id, f"{file[:3]}/{file}", tags, row.genre_top, artist, split)

    def read_genre_tree(self, data_dir: Path) -> tuple[tuple[str, str], ...]:
        """Return each genre below its parent."""
        genres = self._read_genres(data_dir)
        return tuple((genres[genre.parent].title, genre.title) for genre in genres.values() if genre.parent)

    def _read_genres(self, data_dir: Path) -> dict[int, _Genre]:
        path = require_file(data_dir, _GENRES, self.source)
        genres = {
            int(parse_number(path, line, "genre_id", genre_id)): _Genre(
                title, int(parse_number(path, line, "parent", parent))
            )
            for line, (genre_id, parent, title) in read_columns(path, ("genre_id", "parent", "title"))
        }
        orphan = next((genre for genre in genres.values() if genre.parent and genre.parent not in genres), None)
        if orphan is not None:
            raise BadDataSet(
                f"{path}: expected genre {orphan.parent}, parent of {orphan.title!r}, got none: is it cut off?"
            )
        return genres

    def _read_rows(self, data_dir: Path) -> Iterator[tuple[Path, int, _Row]]:
        path = require_file(data_dir, _TRACKS, self.source)
        rows = read_table(path)
        header = [next(rows, (0, [""]))[1] for _ in range(3)]
        if header[2][0] != "track_id" or len(header[0]) != len(header[1]):
            raise BadDataSet(
                f"{path}, line 3: expected FMA's third header line beginning with track_id, got {header[2][0]!r}: "
                "was it saved with a header of one line?"
            )
        names = [f"{group}.{column}".removeprefix(".") for group, column in zip(*header[:2], strict=True)]
        pick = pick_columns(path, names, _COLUMNS)
        for line, row in rows:
            check_width(path, line, row, len(names))
            yield path, line, _Row(*pick(row))


def _tags(path: Path, line: int, row: _Row, genres: Mapping[int, _Genre]) -> tuple[str, ...]:
    """List the track's own genres, their ancestors, then free tags other than the artist's name; each once."""
    try:
        numbers = (*_parse_list(row.genres), *_parse_list(row.genres_all))
        titles = [genres[number].title for number in _with_ancestors(numbers, genres)]
        free = _parse_list(row.tags)
    except (ValueError, SyntaxError, KeyError, TypeError) as error:
        raise BadDataSet(
            f"{path}, line {line}: expected lists of genre numbers and of tags, got {row.genres_all!r} and "
            f"{row.tags!r}: are the columns shifted, or genres.csv of another release?"
        ) from error
    artist = fold_tag(row.artist)
    named = [text for text in (" ".join(str(tag).split()) for tag in free) if fold_tag(text) not in ("", artist)]
    return tuple(dict.fromkeys((*titles, *([row.genre_top] if row.genre_top else ()), *named)))


@lru_cache(maxsize=1 << 14)
def _parse_list(text: str) -> tuple[int | str, ...]:
    values = ast.literal_eval(text) if text else ()
    if not isinstance(values, list | tuple):
        raise TypeError(text)
    return tuple(values)


def _with_ancestors(numbers: Sequence[int | str], genres: Mapping[int, _Genre]) -> list[int]:
    found: dict[int, None] = dict.fromkeys(map(int, numbers))
    for number in list(found):
        parent = genres[number].parent
        while parent and parent not in found:
            found[parent] = None
            parent = genres[parent].parent
    return list(found)
