"""Suggestions for a table of many tracks: which columns hold tags, what each track lacks, what is taken away."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from search.result import NamedSuggestion, SuggestResult
from search.searcher import Searcher
from tagmodel.track import LONGEST_TAG
from web.pages.suggest_address import MAX_TAGS
from web.pages.suggest_lists import read_list
from web.pages.suggest_page import IndexSays, index_says
from web.pages.suggest_table import (
    MAX_TABLE_TAGS,
    Table,
    TableError,
    find_delimiter,
    has_uneven_rows,
    parse_lines,
    parse_table,
    with_columns,
)
from web.pages.suggest_warnings import Warner, Warning

# Suggestions shown for each track: a table is read down, not along.
SUGGESTIONS = 5
# Rows shown where nobody knows yet which column holds tags.
SAMPLE_ROWS = 3

# Columns that hold tags, by their names without signs and spaces; a table may have several.
TAG_HEADERS = frozenset((
    *("tag", "tags", "usertags", "tracktags", "keyword", "keywords", "mood", "moods", "genre", "genres"),
    *("subgenre", "subgenres", "style", "styles", "instrument", "instruments", "instrumentation"),
    *("theme", "themes", "vibe", "vibes", "descriptors", "aspectlist"),
))
# Columns that name a track, best first.
TITLE_HEADERS = ("title", "tracktitle", "trackname", "songtitle", "song", "name", "track", "filename", "file", "id")
ARTIST_HEADERS = ("artist", "artistname", "artists", "performer", "band", "composer")

# Names of the columns that are added.
SUGGESTED, ACCEPTED = "suggested tags", "accepted tags"


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """A column that may hold tags.

    Parameters
    ----------
    sample
        Its first cell that holds something.
    """

    number: int
    name: str
    chosen: bool
    sample: str


@dataclass(frozen=True, slots=True)
class BatchSuggestion:
    """A suggestion for one track.

    Parameters
    ----------
    key
        Names track and tag in what the form sends.
    """

    key: str
    named: NamedSuggestion
    accepted: bool


@dataclass(frozen=True, slots=True)
class BatchTrack:
    """A row of the table with what was made of it."""

    place: int
    title: str
    artist: str
    tags: tuple[str, ...]
    warnings: tuple[Warning, ...]
    suggestions: tuple[BatchSuggestion, ...]
    reached: int | None


@dataclass(frozen=True, slots=True)
class Batch:
    """A table with suggestions; without any while nobody knows which column holds tags.

    Parameters
    ----------
    lines
        It came without a header: each line is a track and holds its tags.
    """

    table: Table
    columns: tuple[ColumnChoice, ...]
    tracks: tuple[BatchTrack, ...]
    index: IndexSays
    lines: bool = False

    @property
    def chosen(self) -> tuple[str, ...]:
        """Names of the columns that tags are read from."""
        return tuple(column.name for column in self.columns if column.chosen)

    @property
    def sample(self) -> tuple[tuple[str, ...], ...]:
        """The first rows."""
        return self.table.rows[:SAMPLE_ROWS]


def looks_like_table(text: str) -> bool:
    """Whether a pasted text is a table of tracks: several lines, the first of which names a column of tags."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        return False
    delimiter = find_delimiter(text)
    header = lines[0].split(delimiter) if delimiter else lines[:1]
    named = [cell for cell in header if _key(cell) in TAG_HEADERS]
    if not delimiter:  # a list of tags, one a line, may begin with the tag "mood"
        return bool(named) and any(len(read_list(line)) > 1 for line in lines[1:])
    # Where every cell of the first line names a column, that is no list of tags either.
    return bool(named) and all(len(line.split(delimiter)) >= min(len(header), 2) for line in lines[:3])


def looks_like_lines(text: str) -> bool:
    """Whether a text has no header: its first line names no column, and its lines have different numbers of cells."""
    delimiter = find_delimiter(text)
    header = next((line for line in text.splitlines() if line.strip()), "")
    known = {*TAG_HEADERS, *TITLE_HEADERS, *ARTIST_HEADERS}
    named = any(_key(cell) in known for cell in header.split(delimiter or None))
    return not named and has_uneven_rows(text)


def find_tag_columns(table: Table) -> tuple[int, ...]:
    """Return the numbers of the columns whose names say that they hold tags."""
    return tuple(at for at, name in enumerate(table.columns) if _key(name) in TAG_HEADERS)


def suggest_for_table(
    text: str,
    columns: AbstractSet[int] | None,
    accepted: AbstractSet[str],
    source: Searcher,
    lines: bool | None = None,
) -> Batch:
    """Suggest tags for each track of a table.

    Parameters
    ----------
    columns
        Numbers of the columns that hold tags; None goes by their names.
    accepted
        Keys of suggestions that were accepted.
    lines
        Whether there is no header and each line holds the tags of a track; None goes by what the text looks like.

    Raises
    ------
    TableError
        If the text is no table, or a row has more tags than a track can have, or all rows together too many.
    """
    lines = looks_like_lines(text) if lines is None else lines
    table = parse_lines(text) if lines else parse_table(text)
    by_name = columns is None or lines
    chosen = find_tag_columns(table) if by_name else sorted(one for one in columns or () if one < len(table.columns))
    choices = tuple(_column_choice(table, at, at in chosen) for at in range(len(table.columns)))
    if not chosen:
        return Batch(table, choices, (), index_says(source))
    return Batch(table, choices, _tracks(table, chosen, accepted, source, lines), index_says(source), lines)


def _tracks(
    table: Table, chosen: Sequence[int], accepted: AbstractSet[str], source: Searcher, lines: bool
) -> tuple[BatchTrack, ...]:
    tags = [_tags_of(row, chosen, place) for place, row in enumerate(table.rows, 1)]
    if (n_tags := sum(map(len, tags))) > MAX_TABLE_TAGS:
        raise TableError(f"a table has at most {MAX_TABLE_TAGS:,} tags, this one has {n_tags:,}: send it in parts")
    results = source.suggest_batch(tags, SUGGESTIONS)
    names = _Names(table, chosen)
    warner = Warner(source)
    # The first line is a track in a list and none in a table, so a place means another track: no tick may move along.
    mark = "line" if lines else ""
    return tuple(
        BatchTrack(
            place=place,
            title=names.title(row) or f"Track {place}",
            artist=names.artist(row),
            tags=typed,
            warnings=warner.warn(typed, result),
            suggestions=tuple(_suggestions(f"{mark}{place}", result, accepted)),
            reached=result.reached,
        )
        for place, (row, typed, result) in enumerate(zip(table.rows, tags, results, strict=True), 1)
    )


def table_to_take_away(batch: Batch) -> Table:
    """Return the table as it came, with all suggestions in one further column and the accepted ones in another."""
    suggested = [_joined(one.named.spelling for one in track.suggestions) for track in batch.tracks]
    accepted = [_joined(one.named.spelling for one in track.suggestions if one.accepted) for track in batch.tracks]
    return with_columns(batch.table, (SUGGESTED, ACCEPTED), (suggested, accepted))


def _suggestions(place: str, result: SuggestResult, accepted: AbstractSet[str]) -> Iterator[BatchSuggestion]:
    for one in result.suggestions:
        key = f"{place}.{one.tag_id}"
        yield BatchSuggestion(key, one, key in accepted)


def _tags_of(row: Sequence[str], columns: Sequence[int], place: int) -> tuple[str, ...]:
    tags = tuple(dict.fromkeys(tag for at in columns for tag in read_list(row[at])))
    if len(tags) > MAX_TAGS:
        raise TableError(
            f"track {place:,} has {len(tags):,} tags, a track has at most {MAX_TAGS}: is it the right column?"
        )
    if (longest := max(map(len, tags), default=0)) > LONGEST_TAG:
        raise TableError(
            f"track {place:,} has a tag of {longest:,} characters, a tag has at most {LONGEST_TAG}:"
            " is it the right column?"
        )
    return tags


def _joined(spellings: Iterator[str]) -> str:
    """Join tags by semicolons, which `tagkin index` and `read_list` part again."""
    return "; ".join(f'"{one}"' if ";" in one or "," in one else one for one in spellings)


def _column_choice(table: Table, at: int, chosen: bool) -> ColumnChoice:
    sample = next((row[at] for row in table.rows if row[at].strip()), "")
    return ColumnChoice(at, table.columns[at], chosen, sample if len(sample) <= 60 else sample[:60] + "…")


class _Names:
    """Finds title and artist in the rows of a table: by well-known headers, else the first column without tags."""

    def __init__(self, table: Table, tag_columns: Sequence[int]) -> None:
        free = [at for at in range(len(table.columns)) if at not in tag_columns]
        keys = {_key(table.columns[at]): at for at in reversed(free)}
        self._artist = next((keys[one] for one in ARTIST_HEADERS if one in keys), None)
        others = [at for at in free if at != self._artist]
        self._title = next((keys[one] for one in TITLE_HEADERS if one in keys), others[0] if others else None)

    def title(self, row: Sequence[str]) -> str:
        return "" if self._title is None else row[self._title].strip()

    def artist(self, row: Sequence[str]) -> str:
        return "" if self._artist is None else row[self._artist].strip()


def _key(header: str) -> str:
    """Fold a header: ``"Track Tags.2"`` and ``track_tags`` are one."""
    return re.sub(r"[\W_]", "", re.sub(r"\.\d+$", "", header)).casefold()
