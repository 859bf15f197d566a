"""A segment: an immutable block of tracks as arrays, either memory-mapped from a snapshot or made of recent changes.

Rows lie in the order that breaks ties (a title first, then track id ascending): a tie is a comparison of row numbers.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from search.document import Family
from search.embedded.bits import BitsCache
from search.embedded.columns import add_column
from search.embedded.sound_arrays import SegmentSound

Arrays = Mapping[str, NDArray[Any]]

# Postings of a family of which nothing is kept.
_NO_COLUMNS, _NO_ROWS = np.zeros(1, np.int32), np.empty(0, np.int32)

FACETS = ("genre", "license", "artist")
# Values of a facet that are kept as text, the least recently met forgotten first.
_MOST_KEPT = 4_096


class StringTable(Sequence[str]):
    """Many strings in two arrays: memory-mapped, read one at a time.

    Parameters
    ----------
    text : uint8, shape (n_bytes,)
        All strings as UTF-8, end to end.
    ends : int64, shape (n_strings + 1,)
        Borders in `text`, from 0.
    """

    def __init__(self, text: NDArray[np.uint8], ends: NDArray[np.int64]) -> None:
        self._text = memoryview(text)  # type: ignore[arg-type]
        self._ends = ends

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        return str(self._text[self._ends.item(index) : self._ends.item(index + 1)], "utf-8")

    def find(self, text: str) -> int | None:
        """Return the position of a string in a table in ascending order, None when it is not there."""
        position = bisect_left(self, text)
        return position if position < len(self) and self[position] == text else None


class Postings:
    """Columns of a matrix: for each column its rows, ascending, and their weights.

    Parameters
    ----------
    starts : int32, shape (n_columns + 1,)
    rows : int32, shape (n_postings,)
    weights : float32, shape (n_postings,), or None
        None stands for ones.
    """

    def __init__(
        self, starts: NDArray[np.int32], rows: NDArray[np.int32], weights: NDArray[np.float32] | None = None
    ) -> None:
        self._starts = starts
        self._rows = rows
        self._weights = np.ones(int(np.diff(starts).max(initial=0)), np.float32) if weights is None else weights
        self._shared = weights is None
        self.is_empty = not len(rows)

    def column(self, number: int | None) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return rows and weights of a column; empty for one that is not there."""
        if number is None or number + 1 >= len(self._starts):
            return self._rows[:0], self._weights[:0]
        start, end = self._starts.item(number), self._starts.item(number + 1)
        weights = self._weights[: end - start] if self._shared else self._weights[start:end]
        return self._rows[start:end], weights

    def add_to(self, scores: NDArray[np.float32], number: int | None, factor: float) -> None:
        """Add ``factor`` times a column to `scores`, shape (n_rows,), in place."""
        rows, weights = self.column(number)
        if len(rows):
            add_column(scores, rows, weights, factor)

    def rows(self, number: int | None) -> NDArray[np.int32]:
        """Return the rows of a column."""
        return self.column(number)[0]

    def counts(self) -> NDArray[np.int32]:
        """Return how many rows each column has, shape (n_columns,)."""
        return np.diff(self._starts)


class Facet:
    """One field of values with few or many spellings.

    Parameters
    ----------
    codes : int32, shape (n_rows,)
        Spelling of each row.
    spellings, value_of
        Spellings in order of (folded value, spelling), and the folded value of each by number.
    values
        Folded values, ascending.
    value
        Returns the value of a number, with its spelling where it has only one; those often met are kept.
    """

    def __init__(self, name: str, arrays: Arrays) -> None:
        self.codes = arrays[f"{name}_codes"]
        self.spellings = StringTable(arrays[f"{name}_spellings_text"], arrays[f"{name}_spellings_ends"])
        self.values = StringTable(arrays[f"{name}_values_text"], arrays[f"{name}_values_ends"])
        self.value_of = arrays[f"{name}_value_of"]
        # Spellings of value v are number starts[v] .. starts[v + 1].
        self.starts = np.searchsorted(self.value_of, np.arange(len(self.values) + 1))
        self.value: Callable[[int], tuple[str, str | None]] = lru_cache(_MOST_KEPT)(self._read_value)

    def _read_value(self, number: int) -> tuple[str, str | None]:
        """Return a value, with its spelling where it has only one."""
        start, end = self.starts.item(number), self.starts.item(number + 1)
        return self.values[number], self.spellings[start] if end == start + 1 else None


class Segment:
    """Typed access to the arrays that `search.embedded.build` makes."""

    def __init__(self, arrays: Arrays) -> None:
        self.arrays = arrays
        self.sets = BitsCache()
        self.n: NDArray[np.int64] = arrays["n"]  # row → number of the SQLite row
        self.n_rows = len(self.n)
        self.n_titled = int(arrays["n_titled"][0])  # rows below this one have a title
        self.ids = StringTable(arrays["ids_text"], arrays["ids_ends"])
        self.typed = Postings(arrays["typed_starts"], arrays["typed_rows"])
        self.postings = {
            Family.TYPED: self.typed,
            Family.IMPLIED: Postings(arrays["implied_starts"], arrays["implied_rows"], arrays["implied_weights"]),
            Family.HEARD: Postings(arrays["heard_starts"], arrays["heard_rows"], arrays["heard_weights"]),
        }
        self.faint = Postings(arrays.get("faint_starts", _NO_COLUMNS), arrays.get("faint_rows", _NO_ROWS))
        self.sound = SegmentSound(arrays, self.n_rows)
        self.words = StringTable(arrays["words_text"], arrays["words_ends"])
        self.word_postings = Postings(arrays["word_starts"], arrays["word_rows"])
        self.duration: NDArray[np.float64] = arrays["duration"]  # seconds, NaN where not stated
        self.year: NDArray[np.float64] = arrays["year"]  # NaN where not stated
        self.facets = {name: Facet(name, arrays) for name in FACETS}

    def rows_of(self, numbers: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return the rows of SQLite row numbers; numbers that are not here are left out."""
        by_n = self.arrays["by_n"]
        if not len(by_n):
            return np.empty(0, np.int32)
        places = np.minimum(np.searchsorted(self.n, numbers, sorter=by_n), len(by_n) - 1)
        rows = by_n[places]
        found: NDArray[np.int32] = rows[self.n[rows] == numbers]
        return found

    def typed_tags(self, rows: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return the numbers of the tags typed on these rows, end to end."""
        starts, tags = self.arrays["tags_starts"], self.arrays["tags"]
        begins = starts[rows].astype(np.int64)
        lengths = starts[rows + 1] - begins
        shifts = np.repeat(begins - (np.cumsum(lengths) - lengths), lengths)
        numbers: NDArray[np.int32] = tags[shifts + np.arange(len(shifts))]
        return numbers

    def row_of(self, track_id: str) -> int | None:
        """Return the row of a track, None where it is not here; titled rows and others are in order of their ids."""
        for low, high in ((0, self.n_titled), (self.n_titled, self.n_rows)):
            row = bisect_left(self.ids, track_id, low, high)
            if row < high and self.ids[row] == track_id:
                return row
        return None

    def sort_key(self, row: int) -> tuple[bool, str]:
        """Return what orders rows of several segments at the same score."""
        return row >= self.n_titled, self.ids[row]
