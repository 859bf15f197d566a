"""HetRec 2011 Last.fm: what 1,892 people wrote on the artists they heard.

Real spelling and real noise. A tag that no two people ever gave the same artist is one person's shelf (*songs for gil*,
*4m4zinq*) and no word of the folksonomy: such tags go, which takes 8,600 spellings down to 1,000. Of an artist with
very many tags only those most people gave count, because bags of 100 tags say that everything goes with everything.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tagmodel.datasets.dataset import BadDataSet, DataFile, DataSet, Item
from tagmodel.datasets.files import read_lines, require_file
from tagmodel.folding import fold_tag
from tagmodel.track import Track

# People on one artist from which on a spelling counts as shared.
_AGREEING_USERS = 2

# An item keeps so many tags, those of most people first.
MAX_TAGS = 20

_ARTIST_TAGS = DataFile("lastfm-hetrec/artist_tags.jsonl", also=("lastfm-hetrec/user_taggedartists.dat",))
_ARTISTS = DataFile("lastfm-hetrec/artists.dat", optional=True)
_TAGS = DataFile("lastfm-hetrec/tags.dat", optional=True)


class _Artist(NamedTuple):
    artist_id: str
    name: str
    users: Mapping[str, int]  # by spelling


class LastFm(DataSet):
    """The HetRec 2011 Last.fm tags, as published (three ``.dat`` files) or counted by artist (``.jsonl``)."""

    name = "lastfm"
    title = "HetRec 2011 Last.fm"
    licence = "non-commercial"
    source = "https://grouplens.org/datasets/hetrec-2011/ (Cantador, Brusilovsky, Kuflik 2011)"
    files = (_ARTIST_TAGS, _ARTISTS, _TAGS)
    min_count = 3
    folksonomy = True

    def read_items(self, data_dir: Path) -> Iterator[Item]:
        """Yield the artists with the tags that somebody else also gave to an artist; at most `MAX_TAGS` each."""
        artists = list(self._read_artists(data_dir))
        shared = {fold_tag(tag) for artist in artists for tag, n in artist.users.items() if n >= _AGREEING_USERS}
        for artist in artists:
            tags = sorted(artist.users, key=lambda tag: (-artist.users[tag], tag))
            kept = [tag for tag in tags if fold_tag(tag) in shared]
            yield Item(artist.artist_id, tuple(kept[:MAX_TAGS]), artist.name)

    def read_tracks(self, data_dir: Path) -> Iterator[Track]:
        """Yield one untitled entry an artist, with all tags as written; shares are relative to the most given tag."""
        for artist in self._read_artists(data_dir):
            most = max(artist.users.values(), default=1)
            yield Track(
                f"lastfm:{artist.artist_id}",
                artist=artist.name,
                source="lastfm",
                tags=tuple(artist.users),
                shares=tuple(n / most for n in artist.users.values()),
            )

    def _read_artists(self, data_dir: Path) -> Iterator[_Artist]:
        path = require_file(data_dir, _ARTIST_TAGS, self.source)
        if ".dat" in path.suffixes:
            yield from self._read_official(data_dir, path)
            return
        for line, text in enumerate(read_lines(path), start=1):
            yield _parse_artist(path, line, text)

    def _read_official(self, data_dir: Path, path: Path) -> Iterator[_Artist]:
        names = _read_names(require_file(data_dir, _ARTISTS, self.source), "utf-8")
        tags = _read_names(require_file(data_dir, _TAGS, self.source), "latin-1")
        users: dict[str, Counter[str]] = defaultdict(Counter)
        lines = read_lines(path)
        next(lines, "")
        for number, text in enumerate(lines, start=2):
            try:
                _, artist_id, tag_id, *_ = text.split("\t")
                users[artist_id][tags[tag_id]] += 1
            except (ValueError, KeyError) as error:
                raise BadDataSet(
                    f"{path}, line {number}: expected user, artist, known tag, got {text.strip()!r}: is it cut off?"
                ) from error
        for artist_id in sorted(users, key=int):
            yield _Artist(artist_id, names.get(artist_id, ""), users[artist_id])


def _parse_artist(path: Path, line: int, text: str) -> _Artist:
    try:
        values: dict[str, Any] = json.loads(text)
        users = {str(tag): int(n) for tag, n in values["tags"].items()}
        return _Artist(str(values["artist_id"]), str(values["artist"]), users)
    except (json.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadDataSet(
            f"{path}, line {line}: expected artist_id, artist and tags with numbers of users, got "
            f"{text[:60].strip()!r} ({error}): is the file cut off?"
        ) from error


def _read_names(path: Path, encoding: str) -> dict[str, str]:
    """Read the second column by the first, below a header."""
    lines = read_lines(path, encoding)
    next(lines, "")
    columns = (line.rstrip("\r\n").split("\t") for line in lines)
    return {fields[0]: fields[1] for fields in columns if len(fields) > 1}
