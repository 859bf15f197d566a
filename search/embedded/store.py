"""The SQLite file of an index: its schema, connections, and rows ↔ documents.

SQLite holds the only truth, and nothing derived: words and folded values are made anew when a matrix is built. Every
written row gets a number ``n`` that is never used again, so "changed since" is ``n > last_n``; a trigger notes the
number of each row that goes, so no way of removing or replacing a track can forget it (ADR 2).
"""

from __future__ import annotations

import os
import sqlite3
from array import array
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from search.document import Document, check_document
from search.embedded.moments import with_moments
from search.engine import BadIndex
from search.sound_packing import pack_sound, unpack_sound
from tagmodel.track import Track

DATABASE = "index.sqlite"
APPLICATION_ID = 0x7A61676B  # marks the file as ours, for `file` as well as for us
FORMAT_VERSION = 2
BUSY_SECONDS = 10.0  # SQLite's own locks are held for milliseconds; the long one is the writer's

# Indexes made before there were attachments lack the table until the first one is written.
ATTACHMENTS = "CREATE TABLE IF NOT EXISTS attachments (name TEXT PRIMARY KEY, data BLOB NOT NULL)"
# The attachment that each commit draws anew: it tells the histories of two indexes apart.
HISTORY = "history"

_SCHEMA = f"""
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {FORMAT_VERSION};
CREATE TABLE state (
    id INTEGER PRIMARY KEY CHECK (id = 1), generation INTEGER NOT NULL, delta INTEGER NOT NULL,
    names INTEGER NOT NULL, last_n INTEGER NOT NULL, last_gone INTEGER NOT NULL
);
INSERT INTO state VALUES (1, 0, 0, 0, 0, 0);
CREATE TABLE snapshots (
    generation INTEGER PRIMARY KEY, digest TEXT NOT NULL, last_n INTEGER NOT NULL, last_gone INTEGER NOT NULL
);
CREATE TABLE tags (n INTEGER PRIMARY KEY, tag_id TEXT NOT NULL UNIQUE, spelling TEXT);
CREATE TABLE models (m INTEGER PRIMARY KEY, model_id TEXT NOT NULL UNIQUE, n_tracks INTEGER NOT NULL);
CREATE TABLE checkpoints (name TEXT PRIMARY KEY, value TEXT NOT NULL);
{ATTACHMENTS};
CREATE TABLE tracks (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    track_id TEXT NOT NULL UNIQUE, title TEXT NOT NULL, artist TEXT NOT NULL, album TEXT NOT NULL,
    genre TEXT NOT NULL, license TEXT NOT NULL, duration REAL, year INTEGER, url TEXT NOT NULL, source TEXT NOT NULL,
    tags TEXT NOT NULL, shares BLOB NOT NULL,
    typed BLOB NOT NULL, implied BLOB NOT NULL, implied_units BLOB NOT NULL,
    heard BLOB NOT NULL, heard_units BLOB NOT NULL, faint BLOB NOT NULL, sound BLOB NOT NULL, model INTEGER NOT NULL
);
CREATE TABLE moments (n INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE tombstones (seq INTEGER PRIMARY KEY AUTOINCREMENT, n INTEGER NOT NULL);
CREATE TRIGGER track_gone AFTER DELETE ON tracks BEGIN
    INSERT INTO tombstones (n) VALUES (old.n);
    DELETE FROM moments WHERE n = old.n;
    UPDATE models SET n_tracks = n_tracks - 1 WHERE m = old.model;
END;
"""

_COLUMNS = (
    "track_id, title, artist, album, genre, license, duration, year, url, source, tags, shares, "
    "typed, implied, implied_units, heard, heard_units, faint, sound, model"
)
INSERT_TRACK = f"INSERT OR REPLACE INTO tracks ({_COLUMNS}) VALUES ({', '.join('?' * 20)})"
_SELECT_WHOLE = f"SELECT {_COLUMNS}, data FROM tracks LEFT JOIN moments USING (n)"
_ROWS_AT_ONCE = 32  # a page and the second list
_SELECT_ROWS = f"SELECT {_COLUMNS}, n FROM tracks WHERE n IN ({', '.join('?' * _ROWS_AT_ONCE)})"

Row = tuple[Any, ...]


class Mark(NamedTuple):
    """Where an index stands: ``(delta, generation)`` never goes back, so marks are ordered in time.

    Parameters
    ----------
    names
        Counts changes to the table of tags.
    last_n, last_gone
        Last row number and last tombstone given out.
    """

    delta: int
    generation: int
    names: int
    last_n: int
    last_gone: int


class SnapshotRecord(NamedTuple):
    """What SQLite knows of a snapshot.

    Parameters
    ----------
    digest
        SHA-256 of its manifest, which has those of its files: no snapshot of another history passes for it.
    last_n, last_gone
        Last row number and last tombstone that it knows of.
    """

    generation: int
    digest: str
    last_n: int
    last_gone: int


class TagTable(NamedTuple):
    """The tags of an index by number (from 1), and back."""

    ids: tuple[str, ...]
    numbers: Mapping[str, int]
    spellings: Mapping[str, str]


def database_path(directory: Path) -> Path:
    """Return where the SQLite file of an index lies."""
    return directory / DATABASE


def create_database(directory: Path) -> None:
    """Make an empty index, or leave the one that is there as it is."""
    directory.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(database_path(directory), isolation_level=None, timeout=BUSY_SECONDS)
    try:
        if _is_blank(connection):
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN EXCLUSIVE")
            if _is_blank(connection):  # else another process was quicker
                for statement in _statements(_SCHEMA):
                    connection.execute(statement)
            connection.execute("COMMIT")
    finally:
        connection.close()


def _statements(script: str) -> Iterator[str]:
    """Split a script at complete statements: `executescript` would commit our transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if statement.strip() and sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _is_blank(connection: sqlite3.Connection) -> bool:
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return not tables


def check_database(directory: Path) -> None:
    """Raise `BadIndex` unless the directory holds an index of this version."""
    if not database_path(directory).is_file():
        there = "the directory holds no index" if directory.is_dir() else "there is no such directory"
        raise BadIndex(
            f"no index at {directory}: {there}. Make one with: tagkin index SOURCE --engine {directory}",
            public="there is no index yet",
        )
    connection = connect_reader(directory)
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    finally:
        connection.close()
    if application != APPLICATION_ID:
        raise BadIndex(f"{database_path(directory)} is an SQLite file, but no tagkin index. Is the path right?")
    if version != FORMAT_VERSION:
        raise BadIndex(
            f"index {directory} has format {version}, this version reads format {FORMAT_VERSION}. "
            "Make it anew, in another directory, with: tagkin index",
            public="the index was made by another version of this program",
        )


def connect_writer(directory: Path) -> sqlite3.Connection:
    """Open for writing: commits are on the disk when they return."""
    connection = _connect(f"{database_path(directory).absolute().as_uri()}?mode=rw")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA recursive_triggers = ON")  # REPLACE fires the delete trigger
    connection.execute("PRAGMA wal_autocheckpoint = 4000")  # pages; fewer rewrites in a bulk load
    connection.execute("PRAGMA cache_size = -65536")  # KiB
    return connection


def connect_reader(directory: Path) -> sqlite3.Connection:
    """Open for reading; also from a disk that nobody can write to.

    There SQLite cannot make the file by which it shares its log. It is told that nothing changes only where that is
    certain: a reader that believes it while someone writes would read nonsense.
    """
    path = database_path(directory)
    read_only = os.statvfs(path).f_flag & os.ST_RDONLY and not Path(f"{path}-wal").exists()
    return _connect(f"{path.absolute().as_uri()}?{'immutable=1' if read_only else 'mode=ro'}")


def _connect(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False)


def read_mark(connection: sqlite3.Connection) -> Mark:
    """Return where the index stands in this transaction."""
    return Mark(*connection.execute("SELECT delta, generation, names, last_n, last_gone FROM state").fetchone())


def read_snapshots(connection: sqlite3.Connection) -> list[SnapshotRecord]:
    """Return the snapshots that may serve, newest first."""
    rows = connection.execute(
        "SELECT generation, digest, last_n, last_gone FROM snapshots ORDER BY generation DESC"
    ).fetchall()
    return [SnapshotRecord(*row) for row in rows]


def read_tags(connection: sqlite3.Connection) -> TagTable:
    """Return the table of tags."""
    rows = connection.execute("SELECT n, tag_id, spelling FROM tags ORDER BY n").fetchall()
    ids = [""] * (rows[-1][0] + 1 if rows else 1)
    for n, tag_id, _ in rows:
        ids[n] = tag_id
    numbers = {tag_id: n for n, tag_id, _ in rows}
    return TagTable(tuple(ids), numbers, {tag_id: spelling for _, tag_id, spelling in rows if spelling is not None})


def read_models(connection: sqlite3.Connection) -> dict[str, int]:
    """Return how many tracks each tag model has expanded; models without tracks are left out."""
    return dict(connection.execute("SELECT model_id, n_tracks FROM models WHERE n_tracks > 0 ORDER BY model_id"))


def read_attachment(connection: sqlite3.Connection, name: str) -> bytes | None:
    """Return the bytes that go with the index under a name, None when there are none."""
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'attachments'").fetchone() is None:
        return None
    row = connection.execute("SELECT data FROM attachments WHERE name = ?", (name,)).fetchone()
    return None if row is None else bytes(row[0])


def write_attachment(connection: sqlite3.Connection, name: str, data: bytes) -> None:
    """Store bytes under a name in place of those there; ``b""`` removes them."""
    connection.execute(ATTACHMENTS)
    connection.execute("DELETE FROM attachments WHERE name = ?", (name,))
    if data:
        connection.execute("INSERT INTO attachments VALUES (?, ?)", (name, data))


def renew_history(connection: sqlite3.Connection) -> None:
    """Begin what no other index has in its history."""
    write_attachment(connection, HISTORY, os.urandom(8))


def read_history(connection: sqlite3.Connection) -> str:
    """Return what the last commit drew, ``""`` where there was none."""
    return (read_attachment(connection, HISTORY) or b"").hex()


def encode(document: Document, tags: Mapping[str, int], models: Mapping[str, int]) -> Row:
    """Turn a document into a row; `tags` and `models` give out numbers for new names themselves.

    Raises
    ------
    ValueError
        If tags are doubled or do not match their weights: such a document would score twice, or nothing.
    """
    check_document(document)
    track = document.track
    return (
        track.track_id,
        track.title,
        track.artist,
        track.album,
        track.genre,
        track.license,
        track.duration,
        track.year,
        track.url,
        track.source,
        orjson.dumps(track.tags).decode(),
        array("d", track.shares).tobytes() if track.shares else b"",
        array("i", [tags[tag_id] for tag_id in document.typed]).tobytes(),
        array("i", [tags[tag_id] for tag_id in document.implied]).tobytes(),
        array("H", document.implied_weights).tobytes(),
        array("i", [tags[tag_id] for tag_id in document.heard]).tobytes(),
        array("H", document.heard_weights).tobytes(),
        array("i", [tags[tag_id] for tag_id in document.faint]).tobytes(),
        pack_sound(document.sound),
        models[document.model_id],
    )


def decode(row: Row, tag_ids: Sequence[str], models: Mapping[int, str]) -> Document:
    """Turn a row back into the document it was made from, without the moments of its sound."""
    shares = tuple(array("d", row[11])) if row[11] else ()
    values = (*row[:10], tuple(orjson.loads(row[10])), shares)
    return Document(
        Track(*values),
        _tag_ids(row[12], tag_ids),
        _tag_ids(row[13], tag_ids),
        tuple(array("H", row[14])),
        _tag_ids(row[15], tag_ids),
        tuple(array("H", row[16])) if row[16] else (),
        models[row[19]],
        _tag_ids(row[17], tag_ids),
        unpack_sound(row[18]),
    )


def decode_whole(row: Row, tag_ids: Sequence[str], models: Mapping[int, str]) -> Document:
    """Turn a row with moments behind it back into the document it was made from."""
    return with_moments(decode(row, tag_ids, models), row[-1])


def _tag_ids(numbers: bytes, tag_ids: Sequence[str]) -> tuple[str, ...]:
    return tuple(map(tag_ids.__getitem__, array("i", numbers))) if numbers else ()


def read_rows(connection: sqlite3.Connection, numbers: Sequence[int]) -> dict[int, Row]:
    """Return the rows of these numbers, by number, which stands behind their columns; all must be there."""
    rows: dict[int, Row] = {}
    for start in range(0, len(numbers), _ROWS_AT_ONCE):
        wanted = numbers[start : start + _ROWS_AT_ONCE]
        padded = (*wanted, *(0,) * (_ROWS_AT_ONCE - len(wanted)))  # one statement, prepared once; no row is number 0
        rows.update([(row[-1], row) for row in connection.execute(_SELECT_ROWS, padded)])
    return rows


def read_whole_row(connection: sqlite3.Connection, track_id: str) -> Row | None:
    """Return the row of a track with its moments behind, None when there is no such track."""
    row: Row | None = connection.execute(f"{_SELECT_WHOLE} WHERE track_id = ?", (track_id,)).fetchone()
    return row


def iterate_whole_rows(connection: sqlite3.Connection) -> sqlite3.Cursor:
    """Return all rows with their moments behind, by track id ascending.

    SQLite compares UTF-8 bytes, which is code point order.
    """
    return connection.execute(f"{_SELECT_WHOLE} ORDER BY track_id")
