"""Training items from a catalogue of one's own: JSON lines, CSV or TSV with a column ``tags``, or plain lines of tags.

It reads what `tagkin export` writes. Whoever has foreign columns indexes the catalogue first and exports it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tagmodel.datasets import Item
from tagmodel.folding import split_tags

_JSON_SUFFIXES = {".jsonl", ".ndjson", ".json"}
_DELIMITERS = {".csv": ",", ".tsv": "\t"}


class BadCatalogue(ValueError):
    """A catalogue cannot be trained on; the text says where and why."""


def read_catalogue_items(path: Path) -> Iterator[Item]:
    """Yield one training item a track.

    Raises
    ------
    BadCatalogue
        If the file is missing, is no UTF-8, has a broken line or no column ``tags``.
    """
    try:
        if path.suffix.lower() in _JSON_SUFFIXES:
            yield from _read_json_lines(path)
        elif path.suffix.lower() in _DELIMITERS:
            yield from _read_table(path, _DELIMITERS[path.suffix.lower()])
        else:
            yield from _read_lines(path)
    except OSError as error:
        raise BadCatalogue(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadCatalogue(
            f"{path}: expected UTF-8, got byte {error.object[error.start]:#04x}: is it Latin-1?"
        ) from error


def _read_json_lines(path: Path) -> Iterator[Item]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _item(path, number, _parse_object(path, number, line))


def _parse_object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except json.JSONDecodeError as error:
        raise BadCatalogue(f"{path}, line {number}: expected one JSON object a line, got {error}") from error
    if not isinstance(values, dict):
        raise BadCatalogue(f"{path}, line {number}: expected a JSON object, got {type(values).__name__}")
    return values


def _read_table(path: Path, delimiter: str) -> Iterator[Item]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file, delimiter=delimiter)
        try:
            if "tags" not in (rows.fieldnames or ()):
                raise BadCatalogue(f"{path}: expected a column 'tags', got {', '.join(rows.fieldnames or ['nothing'])}")
            for row in rows:
                yield _item(path, rows.line_num, row)
        except csv.Error as error:
            raise BadCatalogue(f"{path}, line {rows.line_num}: {error}; is a quote never closed?") from error


def _read_lines(path: Path) -> Iterator[Item]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            yield Item(str(number), tuple(dict.fromkeys(split_tags(line))))


def _item(path: Path, number: int, values: Mapping[str, Any]) -> Item:
    tags = values.get("tags") or []
    if isinstance(tags, str):
        tags = split_tags(tags)
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise BadCatalogue(
            f"{path}, line {number}: expected 'tags' as a list of strings or one string, got {tags!r:.60}"
        )
    return Item(str(values.get("track_id") or number), tuple(dict.fromkeys(tags)), str(values.get("artist") or ""))
