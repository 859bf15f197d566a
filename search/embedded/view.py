"""What one search sees: the snapshot, the changes since as further segments, and which rows are gone.

A view never changes. The next one shares what it can: new rows become a segment of their own, and small neighbors are
merged by reading their range of row numbers again, so there are at most about log2 of them.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from search.embedded.bits import Bits, pack, pack_rows, unpack
from search.embedded.build import build_arrays, read_table
from search.embedded.segment import Segment
from search.embedded.snapshot import open_snapshot
from search.embedded.store import Mark, TagTable, read_history, read_models, read_snapshots, read_tags
from search.engine import BadIndex, IndexState

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Part:
    """A segment in a view: rows with numbers in ``(low, high]``.

    Parameters
    ----------
    alive
        The rows that were not replaced or deleted since.
    """

    segment: Segment
    low: int
    high: int
    alive: Bits

    @classmethod
    def whole(cls, segment: Segment, low: int, high: int) -> Self:
        """Make a part of which no row is gone."""
        return cls(segment, low, high, pack(np.ones(segment.n_rows, np.bool_)))

    def without(self, gone: NDArray[np.int64]) -> Part:
        """Return the part with the rows of these numbers gone."""
        here = gone[(gone > self.low) & (gone <= self.high)]
        rows = self.segment.rows_of(here)
        if not len(rows):
            return self
        return Part(self.segment, self.low, self.high, self.alive & ~pack_rows(rows, self.segment.n_rows))

    def has_word(self, word: str) -> bool:
        """Whether a folded word is in a title or artist of a row that is there."""
        rows = self.segment.word_postings.rows(self.segment.words.find(word))
        return bool(len(rows)) and bool((pack_rows(rows, self.segment.n_rows) & self.alive).any())

    @property
    def gone(self) -> NDArray[np.int64]:
        """Rows that were replaced or deleted."""
        return np.flatnonzero(unpack(self.alive, self.segment.n_rows) == 0)


@dataclass(frozen=True)
class View:
    """One consistent state of an index.

    Parameters
    ----------
    base
        Generation of the snapshot in `parts`, 0 for none.
    models
        Names of tag models by number.
    """

    mark: Mark
    state: IndexState
    base: int
    parts: tuple[Part, ...]
    tags: TagTable
    models: dict[int, str]

    @cached_property
    def tag_counts(self) -> dict[str, int]:
        """How many tracks each tag was typed on."""
        counts = np.zeros(len(self.tags.ids), np.int64)
        for part in self.parts:
            of_part = part.segment.typed.counts().astype(np.int64)
            of_part -= np.bincount(part.segment.typed_tags(part.gone), minlength=len(of_part))
            counts[: len(of_part)] += of_part
        numbers = np.flatnonzero(counts)
        return {self.tags.ids[n]: used for n, used in zip(numbers.tolist(), counts[numbers].tolist(), strict=True)}

    def has_word(self, word: str) -> bool:
        """Whether a folded word is in any title or artist."""
        return any(part.has_word(word) for part in self.parts)


def next_view(connection: sqlite3.Connection, directory: Path, mark: Mark, last: View | None) -> View:
    """Make the view of this transaction, from the last one where there is one."""
    if last is None or last.mark.generation != mark.generation:
        base, parts, seen_n, seen_gone = _open_base(connection, directory, mark)
    else:
        base, parts, seen_n, seen_gone = last.base, last.parts, last.mark.last_n, last.mark.last_gone
    parts = _without_gone(connection, parts, seen_gone)
    parts = _with_new(connection, parts, seen_n, mark.last_n)
    tags = last.tags if last is not None and last.mark.names == mark.names else read_tags(connection)
    models = dict(connection.execute("SELECT m, model_id FROM models"))
    return View(mark, _state(connection, mark), base, parts, tags, models)


def _state(connection: sqlite3.Connection, mark: Mark) -> IndexState:
    counts = read_models(connection)
    model_id = "mixed" if len(counts) > 1 else next(iter(counts), "")
    return IndexState(mark.generation, mark.delta, sum(counts.values()), model_id, read_history(connection))


def _open_base(connection: sqlite3.Connection, directory: Path, mark: Mark) -> tuple[int, tuple[Part, ...], int, int]:
    """Open the newest snapshot that is whole; without any, everything counts as new."""
    for generation, digest, last_n, last_gone in read_snapshots(connection):
        try:
            segment = Segment(open_snapshot(directory, generation, digest))
        except BadIndex as error:
            _log.warning("%s; using what is older, the next writer mends it", error)
            continue
        return generation, (Part.whole(segment, 0, last_n),), last_n, last_gone
    return 0, (), 0, mark.last_gone


def _without_gone(connection: sqlite3.Connection, parts: tuple[Part, ...], after: int) -> tuple[Part, ...]:
    gone = [n for (n,) in connection.execute("SELECT n FROM tombstones WHERE seq > ?", (after,))]
    return tuple(part.without(np.array(gone, np.int64)) for part in parts) if gone else parts


def _with_new(connection: sqlite3.Connection, parts: tuple[Part, ...], after: int, last_n: int) -> tuple[Part, ...]:
    """Add the rows written since, merging the last small parts with them."""
    if after == last_n:
        return parts
    kept, low = list(parts), after
    while kept and kept[-1].low and _span(kept[-1]) <= 2 * (last_n - low):
        low = kept.pop().low
    return (*kept, *_read_part(connection, low, last_n))


def _span(part: Part) -> int:
    return part.high - part.low


def _read_part(connection: sqlite3.Connection, low: int, high: int) -> Iterable[Part]:
    table = read_table(connection, after=low)
    if len(table.n):
        yield Part.whole(Segment(build_arrays(table, _n_tags(connection))), low, high)


def _n_tags(connection: sqlite3.Connection) -> int:
    (largest,) = connection.execute("SELECT coalesce(max(n), 0) FROM tags").fetchone()
    return int(largest) + 1
