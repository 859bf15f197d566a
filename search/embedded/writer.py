"""The one writer of an index: a transaction of SQLite, a lock that names its holder, and compaction."""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from search.document import Document
from search.embedded.build import build_arrays, read_table
from search.embedded.faults import translated_faults
from search.embedded.moments import write_moments
from search.embedded.snapshot import open_snapshot, remove_snapshots, write_snapshot
from search.embedded.store import (
    INSERT_TRACK,
    Mark,
    SnapshotRecord,
    connect_writer,
    encode,
    read_history,
    read_mark,
    read_models,
    read_snapshots,
    renew_history,
    write_attachment,
)
from search.engine import BadIndex, IndexBusy, IndexState, RefusedDocument, SearchUnavailable

_log = logging.getLogger(__name__)

LOCK = "writer.lock"

# A commit compacts when the changes since the snapshot pass a tenth of it, but not for less than this many.
_COMPACT_AT_LEAST = 5_000  # tracks
_COMPACT_SHARE = 10
# Within one session each compaction waits for four times as many changes: a bulk load then rewrites a third of itself.
_COMPACT_GROWTH = 4


class _Numbers(dict[str, int]):
    """Numbers of names in a table; a name that is asked for and not there gets the next one."""

    def __init__(self, known: Iterable[tuple[str, int]]) -> None:
        super().__init__(known)
        self._next = max(self.values(), default=0) + 1
        self.fresh: list[tuple[int, str]] = []

    def __missing__(self, name: str) -> int:
        self[name] = number = self._next
        self._next += 1
        self.fresh.append((number, name))
        return number

    def take_fresh(self) -> list[tuple[int, str]]:
        """Return the names that are not in the table yet; they count as stored afterwards."""
        fresh, self.fresh = self.fresh, []
        return fresh


class EmbeddedWriter:
    """`search.engine.IndexWriter` over one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._compactions = 0
        with translated_faults(directory):
            self._lock = _lock(directory)
            try:
                self._connection = connect_writer(directory)
                self._forget_staged()
                self._damaged = not self._snapshot_is_whole()
            except BaseException:
                self._lock.close()
                raise

    def _snapshot_is_whole(self) -> bool:
        try:
            for record in read_snapshots(self._connection)[:1]:
                open_snapshot(self._directory, record.generation, record.digest)
            return True
        except BadIndex as error:
            _log.warning("%s; the next commit builds a new one", error)
            return False

    def _forget_staged(self) -> None:
        execute = self._connection.execute
        if self._connection.in_transaction:
            execute("ROLLBACK")
        self._tags = _Numbers(execute("SELECT tag_id, n FROM tags"))
        self._models = _Numbers(execute("SELECT model_id, m FROM models"))
        self._checkpoints: dict[str, str] = {}
        self._changed = self._renamed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._connection.close()  # rolls back what was not committed
        self._lock.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Stage changes; a fault drops everything since the last commit, as half a batch must not be acknowledged."""
        with translated_faults(self._directory):
            try:
                if not self._connection.in_transaction:
                    self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
            except (sqlite3.Error, OSError):
                self._forget_staged()
                raise

    def write(self, documents: Sequence[Document]) -> None:
        """Insert documents, replacing those of the same track id whole."""
        rows = [encode(document, self._tags, self._models) for document in documents]
        with self._transaction() as connection:
            self._store_fresh(connection)
            connection.executemany(INSERT_TRACK, rows)
            write_moments(connection, documents)
            counts = Counter(row[-1] for row in rows)
            connection.executemany(
                "UPDATE models SET n_tracks = n_tracks + ? WHERE m = ?", [(count, m) for m, count in counts.items()]
            )
        self._changed |= bool(rows)

    def _store_fresh(self, connection: sqlite3.Connection) -> None:
        """Store the names that were given numbers since the last time."""
        tags, models = self._tags.take_fresh(), self._models.take_fresh()
        connection.executemany("INSERT INTO tags (n, tag_id) VALUES (?, ?)", tags)
        connection.executemany("INSERT INTO models VALUES (?, ?, 0)", models)
        self._renamed |= bool(tags)

    def delete(self, track_ids: Iterable[str]) -> int:
        """Remove tracks; unknown ids are no error. Returns how many were there."""
        with self._transaction() as connection:
            gone = connection.executemany("DELETE FROM tracks WHERE track_id = ?", ((i,) for i in track_ids)).rowcount
        self._changed |= gone > 0
        return max(gone, 0)

    def name_tags(self, spellings: Mapping[str, str]) -> None:
        """Remember the displayed spelling of tag ids."""
        rows = [(spelling, self._tags[tag_id]) for tag_id, spelling in spellings.items()]
        with self._transaction() as connection:
            self._store_fresh(connection)
            connection.executemany("UPDATE tags SET spelling = ? WHERE n = ?", rows)
        self._renamed |= bool(rows)

    def set_checkpoint(self, name: str, value: str) -> None:
        """Store a word about progress under `name`, atomically with the next commit; ``""`` removes it."""
        self._checkpoints[name] = value

    def checkpoint(self, name: str) -> str:
        """Return the last committed value under `name`, ``""`` when none."""
        with translated_faults(self._directory):
            row = self._connection.execute("SELECT value FROM checkpoints WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def attach(self, name: str, data: bytes) -> None:
        """Stage bytes that go with the index under `name`, in place of those there; ``b""`` removes them."""
        with self._transaction() as connection:
            write_attachment(connection, name, data)
        self._changed = True

    def flush(self) -> None:
        """Commit: it is no dearer here."""
        self.commit()

    def take_refused(self) -> Sequence[RefusedDocument]:
        """Return nothing: whatever is a document can be stored."""
        return ()

    def commit(self) -> IndexState:
        """Acknowledge everything staged; compact when the changes have grown."""
        mark = self._commit()
        if self._damaged or self._has_grown(mark):
            try:
                mark = self._compact()
            except SearchUnavailable as error:  # what was acknowledged stays so; searches use the old snapshot
                _log.warning("compaction put off: %s", error)
            self._compactions += 1
        return self._state(mark)

    def _has_grown(self, mark: Mark) -> bool:
        waiting = self._waiting(mark)
        least = max(_COMPACT_AT_LEAST, (mark.last_n - waiting) // _COMPACT_SHARE)
        return waiting > least * int(_COMPACT_GROWTH**self._compactions)

    def _commit(self) -> Mark:
        with self._transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO checkpoints VALUES (?, ?)", self._checkpoints.items())
            connection.execute("DELETE FROM checkpoints WHERE value = ''")
            connection.execute(
                "UPDATE state SET delta = delta + ?, names = names + ?, "
                "last_n = coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'tracks'), 0), "
                "last_gone = coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'tombstones'), 0)",
                (self._changed or self._renamed, self._renamed),
            )
            if self._changed or self._renamed:
                renew_history(connection)
            connection.execute("COMMIT")
        self._checkpoints = {}
        self._changed = self._renamed = False
        return read_mark(self._connection)

    def _waiting(self, mark: Mark) -> int:
        """Return how many changes came after the snapshot."""
        seen = next(iter(read_snapshots(self._connection)), SnapshotRecord(0, "", 0, 0))
        return mark.last_n - seen.last_n + mark.last_gone - seen.last_gone

    def compact(self) -> IndexState:
        """Commit, then fold all changes into a new generation."""
        self._commit()
        return self._state(self._compact())

    def _compact(self) -> Mark:
        """Write the snapshot of the next generation, then let it count."""
        mark = read_mark(self._connection)
        generation = mark.generation + 1
        with self._transaction() as connection:
            table = read_table(connection)
            digest = write_snapshot(self._directory, generation, build_arrays(table, len(self._tags) + 1))
            record = SnapshotRecord(generation, digest, mark.last_n, mark.last_gone)
            connection.execute("UPDATE state SET generation = ?", (generation,))
            connection.execute("INSERT INTO snapshots VALUES (?, ?, ?, ?)", record)
            connection.execute("DELETE FROM snapshots WHERE generation < ?", (mark.generation,))
            connection.execute("DELETE FROM tombstones WHERE seq <= (SELECT min(last_gone) FROM snapshots)")
            connection.execute("COMMIT")
        self._damaged = False
        remove_snapshots(self._directory, {generation, mark.generation})
        return read_mark(self._connection)

    def _state(self, mark: Mark) -> IndexState:
        counts = read_models(self._connection)
        model_id = "mixed" if len(counts) > 1 else next(iter(counts), "")
        return IndexState(mark.generation, mark.delta, sum(counts.values()), model_id, read_history(self._connection))


class _Lock:
    """An advisory lock on a file that holds the process id of whoever writes; it goes with the process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _lock(directory: Path) -> _Lock:
    descriptor = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        raise IndexBusy(
            f"index {directory} is being written by process {holder}; wait until it is done, or stop it"
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return _Lock(descriptor)
