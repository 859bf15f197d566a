"""Many threads reading one index: connections and work arrays in a pool, one view shared by all."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from search.embedded.faults import translated_faults
from search.embedded.presence import identify
from search.embedded.scoring import Scratch
from search.embedded.store import connect_reader, read_mark
from search.embedded.view import View, next_view
from search.engine import SearchUnavailable


@dataclass
class _Lease:
    connection: sqlite3.Connection
    scratch: Scratch = field(default_factory=Scratch)


@dataclass(frozen=True)
class Session:
    """One read transaction: everything read in it belongs to `view`."""

    connection: sqlite3.Connection
    scratch: Scratch
    view: View


class Reader:
    """Hands out sessions; each sees the last commit."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._idle: list[_Lease] = []
        self._view: View | None = None
        self._lock = threading.Lock()
        self._closed = False
        self._identity: tuple[int, int] | None = None

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open a read transaction and bring the view up to it."""
        with translated_faults(self._directory):
            lease = self._take()
            try:
                yield Session(lease.connection, lease.scratch, self._begin(lease.connection))
            finally:
                self._give_back(lease)

    def view(self) -> View:
        """Return the view of now, for what needs no row of SQLite: one statement where nothing was written since."""
        with translated_faults(self._directory):
            lease = self._take()
            try:
                view, mark = self._view, read_mark(lease.connection)
                return view if view is not None and view.mark == mark else self._begin(lease.connection)
            finally:
                self._give_back(lease)

    def _take(self) -> _Lease:
        with self._lock:
            if self._closed:
                raise SearchUnavailable(f"embedded index {self._directory} was closed")
            if self._idle:
                return self._idle.pop()
        return _Lease(self._connect())

    def _connect(self) -> sqlite3.Connection:
        """Open one connection more, to the same file as those before: a view of one index is nonsense in another."""
        connection = connect_reader(self._directory)
        try:
            found = identify(self._directory)
            with self._lock:
                self._identity = self._identity or found
                if found == self._identity:
                    return connection
            raise SearchUnavailable(f"embedded index {self._directory} was replaced by another; open it anew")
        except SearchUnavailable:
            connection.close()
            raise

    def _give_back(self, lease: _Lease) -> None:
        if lease.connection.in_transaction:
            lease.connection.execute("ROLLBACK")
        with self._lock:
            if not self._closed:
                self._idle.append(lease)
                return
        lease.connection.close()

    def _begin(self, connection: sqlite3.Connection) -> View:
        while True:
            connection.execute("BEGIN")
            mark = read_mark(connection)
            view = self._view
            if view is not None and view.mark == mark:
                return view
            with self._lock:
                view = self._view
                if view is None or view.mark < mark:
                    view = self._view = next_view(connection, self._directory, mark, view)
                if view.mark == mark:
                    return view
            connection.execute("ROLLBACK")  # another thread has seen a newer commit; a new transaction sees it too

    def close(self) -> None:
        """Close idle connections; busy ones close when their search ends."""
        with self._lock:
            self._closed = True
            self._view = None
            while self._idle:
                self._idle.pop().connection.close()
