"""Files with the tags that somebody accepted for them, as other commands and spreadsheets write them down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import orjson

from indexer.cells import parse_tags
from indexer.entries import BadTrack, RawRow, Reject, SourceError
from indexer.source_text import STDIN
from indexer.tables import Table, table_format
from tagmodel.folding import TAG_SEPARATORS

_FILE_COLUMNS, _TAG_COLUMNS = ("file", "path", "filename"), ("tags", "tag", "accepted")


class AcceptedTags(NamedTuple):
    """A file and what is to be written into it."""

    path: Path
    tags: tuple[str, ...]


def read_accepted(source: Path) -> Iterator[AcceptedTags]:
    """Yield files and tags from JSON lines or CSV with a file and its tags, or from what `tagkin hear --json` prints.

    Of heard tags those are taken that are certain. Paths are as they stand there, below the current directory.

    Raises
    ------
    SourceError
        If it cannot be read, or a row has no file or no list of tags.
    """
    for line, cells in _rows(source):
        if cells.get("problem"):  # a file that could not be heard
            continue
        path = next((cells[name] for name in _FILE_COLUMNS if cells.get(name)), None)
        tags = next((cells[name] for name in _TAG_COLUMNS if cells.get(name) is not None), None)
        if not isinstance(path, str) or tags is None:
            raise SourceError(
                f"{source}, line {line}: expected a file and its tags, got {', '.join(cells)}; "
                'for example {"file": "song.mp3", "tags": ["drone", "slow"]}'
            )
        try:
            yield AcceptedTags(Path(path), tuple(parse_tags(_spellings(tags), TAG_SEPARATORS)))
        except BadTrack as error:
            raise SourceError(f"{source}, line {line}: {error}") from error


def _spellings(tags: object) -> object:
    """Return the certain ones of heard tags, and anything else as it is."""
    if not isinstance(tags, list):
        return tags
    said = [tag for tag in tags if not isinstance(tag, dict) or tag.get("certain", True)]
    return [tag.get("tag") if isinstance(tag, dict) else tag for tag in said]


def _rows(source: Path) -> Iterator[tuple[int, Mapping[str, object]]]:
    if source.suffix.lower() == ".json":
        yield from _json_rows(source)
        return
    file_format = "jsonl" if source == STDIN else table_format(source)
    if file_format is None:
        raise SourceError(f"{source}: expected a file named .jsonl, .json, .csv or .tsv, got {source.suffix!r}")
    for row in Table(source, file_format).rows():
        if isinstance(row, Reject):
            raise SourceError(f"{source}, line {row.line}: {row.reason}")
        yield from _unfolded(row)


def _unfolded(row: RawRow) -> Iterator[tuple[int, Mapping[str, object]]]:
    """Yield a row; one that holds a list of files, as an answer in JSON does, file by file."""
    inner = [values for values in row.cells.values() if isinstance(values, list)]
    if len(row.cells) == 1 and inner and all(isinstance(one, dict) for one in inner[0]):
        yield from ((row.line, one) for one in inner[0])
    else:
        yield row.line, row.cells


def _json_rows(source: Path) -> Iterator[tuple[int, Mapping[str, object]]]:
    try:
        values = orjson.loads(source.read_bytes())
    except OSError as error:
        raise SourceError(f"{source}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise SourceError(f"{source}: expected JSON, got something else ({error}); is it cut off?") from error
    rows = values if isinstance(values, list) else [values]
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise SourceError(f"{source}: expected files with their tags, got {str(row)[:40]!r}")
        yield from _unfolded(RawRow(number, row))
