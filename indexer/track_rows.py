"""Raw rows → tracks by a column mapping, with an id that is the same at the next import.

An id comes from, in this order: a column ``track_id`` or any id with a colon in it, as it is; another id column, behind
the source's name; a valid ISRC, which is the same everywhere; a hash of artist, title and album, behind the source's
name.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping

from indexer.cells import is_stated, isrc_key, parse_duration, parse_shares, parse_tags, parse_text, parse_year
from indexer.entries import BadTrack, Entry, Found, RawRow, Reject
from indexer.mapping import ColumnMapping
from tagmodel.track import LONGEST_ID, Track

# Ids by hash: among a million tracks the chance of one collision is about 5e-7.
HASH_BYTES = 10  # 80 bits, 16 base32 characters

_TEXTS = ("title", "artist", "album", "genre", "license", "url")


class TrackRows:
    """Makes tracks of the rows of one source.

    Parameters
    ----------
    verbatim
        The rows were written by `tagkin export`: outer white space is part of the values.
    """

    def __init__(self, mapping: ColumnMapping, source: str, verbatim: bool = False) -> None:
        self._source = source
        self._verbatim = verbatim
        self._separators = mapping.separators
        self._columns = {name: columns[0] for name, columns in mapping.columns.items() if columns}
        self._tag_columns = mapping.columns.get("tags", ())

    def entries(self, rows: Iterable[RawRow | Reject]) -> Iterator[Entry]:
        """Yield a track for every row, or why it is none."""
        for row in rows:
            yield row if isinstance(row, Reject) else self._entry(row)

    def _entry(self, row: RawRow) -> Entry:
        track_id = ""
        try:
            track_id = self._track_id(row.cells)
            return Found(row.line, self._track(row.cells, track_id), row)
        except BadTrack as error:
            return Reject(row.line, str(error), row.text(), track_id, row.cells)

    def _cell(self, cells: Mapping[str, object], name: str) -> object:
        column = self._columns.get(name)
        return None if column is None else cells.get(column)

    def _text(self, cells: Mapping[str, object], name: str) -> str:
        return parse_text(self._cell(cells, name), name, self._verbatim)

    def _track(self, cells: Mapping[str, object], track_id: str) -> Track:
        tags = self._tags(cells)
        title, artist, album, genre, license_, url = (self._text(cells, name) for name in _TEXTS)
        return Track(
            track_id=track_id,
            title=title,
            artist=artist,
            album=album,
            genre=genre,
            license=license_,
            duration=self._duration(cells),
            year=parse_year(self._cell(cells, "year")),
            url=url,
            source=self._text(cells, "source") or ("" if self._verbatim else self._source),
            tags=tags,
            shares=parse_shares(self._cell(cells, "shares"), len(tags)),
        )

    def _tags(self, cells: Mapping[str, object]) -> tuple[str, ...]:
        separators, verbatim = self._separators, self._verbatim
        return tuple(tag for column in self._tag_columns for tag in parse_tags(cells.get(column), separators, verbatim))

    def _duration(self, cells: Mapping[str, object]) -> float | None:
        if "duration_ms" not in self._columns:
            return parse_duration(self._cell(cells, "duration"))
        milliseconds = parse_duration(self._cell(cells, "duration_ms"), limit=float("inf"))
        return None if milliseconds is None else parse_duration(milliseconds / 1000)

    def _track_id(self, cells: Mapping[str, object]) -> str:
        found = self._text(cells, "track_id")
        # What stands where there is none ("N/A", "-") would be the id of many rows.
        if found and (self._verbatim or is_stated(found)):
            if len(found) > LONGEST_ID:
                raise BadTrack(f"track_id: expected at most {LONGEST_ID} characters, got {len(found):,}")
            own = self._columns["track_id"] == "track_id" or ":" in found
            return found if own else f"{self._source}:{found}"
        # "N/A", "unknown" and "-" stand where there is no ISRC: many rows would share the id made of them.
        if isrc_key(isrc := self._text(cells, "isrc")):
            return isrc_id(isrc)
        return self._hashed_id(lambda name: self._text(cells, name))

    def _hashed_id(self, text: Callable[[str], str]) -> str:
        parts = [text(name) for name in ("artist", "title", "album")]
        if not any(parts[:2]):  # an album alone has many tracks
            has_column = bool({"title", "artist"} & self._columns.keys())
            slip = "" if has_column else "; no column was taken for them: --map title=COLUMN"
            raise BadTrack(f"expected an id, a title or an artist, got none to know the track by{slip}")
        return f"{self._source}:{hash_id(parts)}"


def isrc_id(isrc: str) -> str:
    """Return the id of a track by its ISRC, whatever way that is written: ``"isrc:USRC17607839"``."""
    return "isrc:" + isrc.replace("-", "").replace(" ", "").upper()[:LONGEST_ID]


def hash_id(parts: Iterable[str]) -> str:
    """Hash what a track is known by into 16 characters of lower-case base32."""
    digest = hashlib.blake2b("\x1f".join(parts).encode("utf-8", "replace"), digest_size=HASH_BYTES).digest()
    return base64.b32encode(digest).decode().lower()
