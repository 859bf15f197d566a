"""Which column of a foreign catalogue holds what: guessed from well-known headers, corrected by hand, saved for later.

A guess is made only where a header is plain, and is always shown. What is said by hand is taken as it is said.
"""

from __future__ import annotations

import difflib
import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

import orjson

from indexer.cells import BadTrack, parse_duration
from tagmodel.folding import TAG_SEPARATORS
from tagmodel.track import Track

# Folded headers (letters and digits only) that name a field, the plainest first.
KNOWN_HEADERS: Mapping[str, tuple[str, ...]] = {
    "track_id": ("trackid", "id", "songid", "recordingid", "itemid", "catalogid", "catalogueid", "mbid"),
    "isrc": ("isrc", "isrccode"),
    "title": (
        *("title", "trackname", "tracktitle", "song", "songname", "songtitle", "name", "recording", "track"),
        *("titel", "titre", "título", "titulo", "titolo"),
    ),
    "artist": (
        *("artist", "artists", "artistname", "artistnames", "trackartist", "performer", "performers", "band"),
        *("albumartist", "creator", "interpret", "künstler", "artiste", "artista", "interprete", "intérprete"),
    ),
    "album": ("album", "albumtitle", "albumname", "release", "record"),
    "genre": ("genre", "genres", "genretop", "topgenre", "maingenre", "primarygenre", "trackgenre"),
    "license": ("license", "licence", "tracklicense", "tracklicence", "rights", "licensing"),
    "duration": (
        *("duration", "length", "durations", "durationsec", "durationseconds", "tracklength", "trackduration"),
        *("seconds", "time", "playtime", "runtime"),
    ),
    "duration_ms": ("durationms", "lengthms", "milliseconds", "durationmilliseconds", "durationmillis", "trackms"),
    "year": ("year", "releaseyear", "recordingyear", "date", "releasedate", "released", "daterelease"),
    "url": ("url", "link", "trackurl", "href", "permalink", "webpage"),
    "file": ("file", "filename", "filepath", "path", "audiofile", "audiopath", "mp3path", "audio"),
    "source": ("source",),
    "tags": (
        *("tags", "tag", "usertags", "tracktags", "keywords", "keyword", "moods", "mood", "styles", "style"),
        *("instruments", "instrument", "instrumentation", "subgenres", "subgenre", "themes", "theme", "vibes", "vibe"),
        *("descriptors", "aspectlist"),
    ),
    "shares": ("shares",),
}
FIELDS = tuple(KNOWN_HEADERS)

# These are the project's own names: another catalogue's "Source" or "Shares" hardly means the same.
_OWN_NAMES = frozenset({"source", "shares"})

# Two fields say how long a track is: which one has a column tells the unit.
_OTHER_LENGTH = {"duration": "duration_ms", "duration_ms": "duration"}

# A track is known by one of the first, and found by one of the second.
_KNOWN_BY = frozenset({"track_id", "isrc", "title", "artist"})
_WORTH_FINDING = frozenset({"title", "artist", "tags", "genre"})

_EXPORTED = frozenset(field.name for field in fields(Track))

# A catalogue whose middle track is longer than this was written in milliseconds.
LONGEST_MEDIAN = 6 * 3600  # seconds


class MappingError(ValueError):
    """The columns of a source cannot be told, or one that was named is not there."""


@dataclass(frozen=True)
class ColumnMapping:
    """Which columns hold which field.

    Parameters
    ----------
    columns
        Field → column names; only `tags` may have more than one, joined in this order.
    separators
        Each character parts the tags of a cell.
    """

    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    separators: str = TAG_SEPARATORS

    def column(self, name: str) -> str | None:
        """Return the column of a field that has one column, None where it has none."""
        return next(iter(self.columns.get(name, ())), None)

    def updated(self, columns: Mapping[str, tuple[str, ...]], separators: str | None = None) -> ColumnMapping:
        """Return a mapping in which `columns` replace those of the same fields; an empty tuple drops a field.

        A length has one column, so `duration` replaces `duration_ms` as well, and the other way round.
        """
        taken = {column for names in columns.values() for column in names}
        replaced = {_OTHER_LENGTH[name] for name, names in columns.items() if names and name in _OTHER_LENGTH}
        kept = {
            name: tuple(c for c in names if c not in taken)
            for name, names in self.columns.items()
            if name not in replaced
        }
        merged = {name: names for name, names in {**kept, **columns}.items() if names}
        return ColumnMapping(merged, self.separators if separators is None else separators)


def guess_mapping(columns: Sequence[str], sample: Sequence[Mapping[str, object]] = ()) -> ColumnMapping:
    """Guess the mapping from well-known headers."""
    free, found = list(columns), {}
    for name, headers in KNOWN_HEADERS.items():
        ranked = [column for header in headers for column in free if _names(column, header, name, sample)]
        found[name] = tuple(ranked if name == "tags" else ranked[:1])
        free = [column for column in free if column not in found[name]]
    found["tags"] = tuple(column for column in columns if column in found["tags"])
    if found["duration_ms"]:
        found["duration"] = ()
    return ColumnMapping({name: names for name, names in found.items() if names})


def is_export(columns: Iterable[str]) -> bool:
    """Whether a table was written by `tagkin export`: its values are taken as they are, to the byte."""
    return set(columns) >= _EXPORTED


def _names(column: str, header: str, name: str, sample: Sequence[Mapping[str, object]]) -> bool:
    if name in _OWN_NAMES:
        return column == header
    if name == "tags":  # of several columns with one header, every one counts, numbered by their author or the reader
        column = re.sub(r"[\W_]*\d+$", "", column)
    if re.sub(r"[\W_]", "", column).casefold() != header:
        return False
    # "Track" is a title in one catalogue and the number on the disc in the next.
    return header != "track" or not all(str(row.get(column) or "0").strip().isdigit() for row in sample)


def check_seconds(mapping: ColumnMapping, sample: Sequence[Mapping[str, object]]) -> None:
    """Raise `MappingError` if the sample shows that the column of the duration is not in seconds."""
    columns, lengths = mapping.columns.get("duration", ()), []
    for cell in (row.get(column) for column in columns for row in sample):
        try:
            length = parse_duration(cell, limit=float("inf"))
        except BadTrack:
            continue
        lengths += [] if length is None else [length]
    if lengths and (median := statistics.median(lengths)) > LONGEST_MEDIAN:
        raise MappingError(
            f"column {columns[0]!r}: expected seconds, got {median:,.0f} in the middle of the first rows; did you pass "
            f"milliseconds? Say --map 'duration_ms={columns[0]}' (or --map 'duration={columns[0]}' if they are seconds)"
        )


def parse_map_options(options: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Parse ``field=Column`` options; ``tags=A+B`` and repeated ``tags=`` add up, ``field=`` drops a field.

    Raises
    ------
    MappingError
        If an option has no ``=``, or the field is none of `FIELDS`.
    """
    columns: dict[str, tuple[str, ...]] = {}
    for option in options:
        name, equals, column = option.partition("=")
        name = name.strip()
        if not equals:
            raise MappingError(f"--map {option}: expected FIELD=COLUMN, for example title='Track Name'")
        if name not in FIELDS:
            raise MappingError(
                f"--map {option}: no field {name!r}{_nearest(name, FIELDS)}; fields: {', '.join(FIELDS)}"
            )
        named = tuple(column.split("+")) if name == "tags" else (column,)
        columns[name] = (*(columns.get(name, ()) if name == "tags" else ()), *(c for c in named if c))
    return columns


def check_columns(mapping: ColumnMapping, columns: Sequence[str], certain: bool = True) -> None:
    """Check a mapping against the columns of a source.

    Parameters
    ----------
    certain
        Whether the source has no further columns than these.

    Raises
    ------
    MappingError
        If the mapping names a column that is not there, or says too little to know tracks by.
    """
    for name, column in [(name, column) for name, mapped in mapping.columns.items() for column in mapped]:
        if certain and column not in columns:
            raise MappingError(
                f"field {name}: no column {column!r}{_nearest(column, columns)}; columns: {', '.join(columns)}"
            )
    if not _KNOWN_BY & set(mapping.columns) or not _WORTH_FINDING & set(mapping.columns):
        raise MappingError(
            f"expected a column of title, artist or id, got {', '.join(columns)}: none has a well-known name that is "
            "enough to know tracks by; say which is which, for example "
            "--map title=COLUMN --map artist=COLUMN --map tags=COLUMN"
        )


def _nearest(name: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(names), n=1)
    return f", did you mean {near[0]!r}?" if near else ""


def load_mapping(path: Path) -> ColumnMapping:
    """Read a mapping that `save_mapping` wrote.

    Raises
    ------
    MappingError
        If the file is no such mapping.
    """
    try:
        stored = orjson.loads(path.read_bytes())
        columns = {name: tuple(names) for name, names in stored["columns"].items()}
        mapping = ColumnMapping(columns, str(stored.get("tag_separators", TAG_SEPARATORS)))
    except OSError as error:
        raise MappingError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MappingError(
            f"{path}: expected a mapping saved by --save-mapping, got something else ({error})"
        ) from error
    unknown = sorted(set(columns) - set(FIELDS))
    if unknown or not all(isinstance(name, str) for names in columns.values() for name in names):
        raise MappingError(
            f"{path}: expected column names by field, fields: {', '.join(FIELDS)}; got {unknown or columns}"
        )
    return mapping


def save_mapping(mapping: ColumnMapping, path: Path) -> None:
    """Write a mapping as JSON, for the next delivery of the same catalogue; raises `MappingError`."""
    stored = {"columns": mapping.columns, "tag_separators": mapping.separators}
    try:
        path.write_bytes(orjson.dumps(stored, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    except OSError as error:
        raise MappingError(f"{path}: cannot be written ({error.strerror})") from error
