"""Index → file: every track with its tags as they were typed, in a form that `tagkin index` reads back to the same."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from typing import IO

import orjson

from indexer.cells import join_tags
from search.document import DOCUMENT_UNITS, Document
from tagmodel.track import Track

TRACK_FIELDS = tuple(field.name for field in fields(Track))
# Derived by a model: written on demand and never read back.
IMPLIED = "implied"

FORMATS = ("jsonl", "csv")

Spelling = Callable[[str], str | None]


def export_jsonl(documents: Iterable[Document], spelling: Spelling | None = None) -> Iterator[bytes]:
    """Yield one JSON object a line: the fields of `Track`.

    Parameters
    ----------
    spelling
        Displayed form of a tag id; given, implied tags are written as well, with their weights in (0, 1].
    """
    for document in documents:
        values: dict[str, object] = {name: getattr(document.track, name) for name in TRACK_FIELDS}
        if spelling is not None:
            values[IMPLIED] = dict(implied_tags(document, spelling))
        yield orjson.dumps(values, option=orjson.OPT_APPEND_NEWLINE)


def export_csv(documents: Iterable[Document], stream: IO[str], spelling: Spelling | None = None) -> None:
    """Write CSV with a header; tags are parted by ``;``, in double quotes where they need it."""
    rows = csv.writer(stream)  # ends rows with \r\n, and so quotes cells with either of the two
    rows.writerow(TRACK_FIELDS if spelling is None else (*TRACK_FIELDS, IMPLIED))
    for document in documents:
        cells = [_cell(name, getattr(document.track, name)) for name in TRACK_FIELDS]
        if spelling is not None:
            cells.append("; ".join(f"{tag} {weight:.3f}" for tag, weight in implied_tags(document, spelling)))
        rows.writerow(cells)


def _cell(name: str, value: object) -> object:
    if name == "tags" and isinstance(value, tuple):
        return join_tags(value)
    return ";".join(map(repr, value)) if isinstance(value, tuple) else value


def implied_tags(document: Document, spelling: Spelling) -> Iterator[tuple[str, float]]:
    """Yield what the model says the typed tags imply, with weights in (0, 1]."""
    for tag_id, units in zip(document.implied, document.implied_weights, strict=True):
        yield spelling(tag_id) or tag_id, units / DOCUMENT_UNITS
