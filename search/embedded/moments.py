"""Moments of tracks: a table of their own, which searches by sound read and others never touch."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace

from msgspec import structs

from search.document import Document
from search.sound_packing import pack_moments, unpack_moments

# By track, as the number of the row was given out by the statement before.
_INSERT = "INSERT INTO moments SELECT n, ? FROM tracks WHERE track_id = ?"
_SELECT = "SELECT data FROM moments WHERE n = ?"


def write_moments(connection: sqlite3.Connection, documents: Iterable[Document]) -> None:
    """Store the moments of documents that were just written."""
    # Of a track written twice in a batch only the last is there.
    last = {document.track.track_id: document.sound for document in documents}
    rows = [(pack_moments(sound.moments), track_id) for track_id, sound in last.items() if sound and sound.moments]
    connection.executemany(_INSERT, rows)


def with_moments(document: Document, packed: bytes | None) -> Document:
    """Return a document with the moments that were kept apart, if any were."""
    if not packed or document.sound is None:
        return document
    return replace(document, sound=structs.replace(document.sound, moments=unpack_moments(packed)))


def read_moments(
    connection: sqlite3.Connection, numbers: Sequence[int], documents: Sequence[Document]
) -> list[Document]:
    """Return documents with their moments.

    Parameters
    ----------
    numbers
        The rows of the documents, in their order.
    """
    return [
        document if document.sound is None else with_moments(document, _read_one(connection, n))
        for n, document in zip(numbers, documents, strict=True)
    ]


def _read_one(connection: sqlite3.Connection, n: int) -> bytes | None:
    row = connection.execute(_SELECT, (n,)).fetchone()
    return None if row is None else row[0]
