"""Track ids met in one run, in bounded memory: a private temporary SQLite table, which spills to disk by itself.

A set of a few million ids would take most of a small machine's memory; this takes `CACHE_KIB` and is exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

from indexer.temporary_tables import open_temporary, telling_full_disk

# Beyond this the table goes to a temporary file.
CACHE_KIB = 32 * 1024


class SeenIds:
    """Remembers on which line a track id was first met; a context manager."""

    def __init__(self) -> None:
        self._connection = open_temporary()
        self._connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        self._connection.execute("CREATE TABLE seen (id TEXT PRIMARY KEY, line INTEGER) WITHOUT ROWID")
        self._connection.execute("CREATE TABLE kept (id TEXT PRIMARY KEY) WITHOUT ROWID")
        self._connection.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    @telling_full_disk()
    def add(self, lines: Sequence[tuple[str, int]]) -> dict[int, int]:
        """Remember a batch of (track id, line); return the line each duplicate was first met on, by its own line.

        The whole batch goes in at once, as duplicates are rare: only if some id was not taken are all looked up again.
        """
        execute = self._connection.execute
        taken = self._connection.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", lines).rowcount
        if taken == len(lines):
            return {}
        query = "SELECT line FROM seen WHERE id = ?"
        firsts = ((line, execute(query, (track_id,)).fetchone()[0]) for track_id, line in lines)
        return {line: first for line, first in firsts if line != first}

    @telling_full_disk()
    def keep(self, track_id: str) -> None:
        """Remember a track whose row was bad: it is still in the source, and no duplicate when it comes again."""
        self._connection.execute("INSERT OR IGNORE INTO kept VALUES (?)", (track_id,))

    @telling_full_disk()
    def line(self, track_id: str) -> int:
        """Return the line on which a track was first met; 0 if it was not."""
        found = self._connection.execute("SELECT line FROM seen WHERE id = ?", (track_id,)).fetchone()
        return found[0] if found else 0

    @telling_full_disk()
    def missing(self, track_ids: Iterable[str]) -> list[str]:
        """Return those of the ids that the source does not have."""
        query = "SELECT 1 FROM seen WHERE id = ?1 UNION ALL SELECT 1 FROM kept WHERE id = ?1"
        execute = self._connection.execute
        return [track_id for track_id in track_ids if execute(query, (track_id,)).fetchone() is None]
