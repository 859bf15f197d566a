"""Rows of SQLite → the arrays of a segment: sorted, transposed, with words and values folded.

`read_table` reads columns, `build_arrays` does the arithmetic; benchmarks start at the second with invented columns.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.document import DOCUMENT_UNITS
from search.embedded.segment import FACETS
from search.embedded.sound_arrays import SoundReader, SoundTable, sound_arrays
from search.words import fold_value, fold_words

_ROWS_AT_ONCE = 20_000
_MOST_POSTINGS = 2**31 - 1  # of one family: positions are int32

_SELECT = (
    "SELECT n, track_id, title, artist, genre, license, duration, year, "
    "typed, implied, implied_units, heard, heard_units, faint, sound FROM tracks WHERE n > ? ORDER BY n"
)


_FEATURES = ("typed", "implied", "implied_units", "heard", "heard_units", "faint")


@dataclass
class Features:
    """Tag numbers of all tracks of one family, end to end.

    Parameters
    ----------
    lengths : int64, shape (n_tracks,)
    numbers : int32, shape (n_features,)
    units : uint16, shape (n_features,), or None
        Weights in 1/256; None stands for ones.
    """

    lengths: NDArray[np.int64]
    numbers: NDArray[np.int32]
    units: NDArray[np.uint16] | None = None


class Codes(dict[str, int]):
    """Numbers given to strings as they come."""

    def __missing__(self, text: str) -> int:
        self[text] = code = len(self)
        return code


@dataclass
class Column:
    """A field of strings by codes: ``codes[i]`` is the number of track i's string in `spellings`."""

    spellings: Codes = field(default_factory=Codes)
    codes: array[int] = field(default_factory=lambda: array("i"))

    def extend(self, texts: Iterable[str]) -> None:
        """Add the strings of further tracks."""
        spellings = self.spellings
        self.codes.extend([spellings[text] for text in texts])


@dataclass
class Table:
    """Tracks by column, in any order; what a segment is made from.

    Parameters
    ----------
    n : int64, shape (n_tracks,)
        Numbers of the SQLite rows.
    word_lengths, words
        How many words each track has in title and artist (each once), and their codes in `word_codes`, end to end.
    duration, year : shape (n_tracks,)
        NaN where not stated.
    faint, sound
        None where there are none.
    """

    n: NDArray[np.int64]
    track_ids: Sequence[str]
    has_title: NDArray[np.bool_]
    typed: Features
    implied: Features
    heard: Features
    words: Features
    word_codes: Codes
    facets: dict[str, Column]
    duration: NDArray[np.float64]
    year: NDArray[np.float64]
    faint: Features | None = None
    sound: SoundTable | None = None


def read_table(connection: sqlite3.Connection, after: int = 0) -> Table:
    """Read all tracks with row numbers above `after`."""
    reader = _TableReader()
    cursor = connection.execute(_SELECT, (after,))
    while rows := cursor.fetchmany(_ROWS_AT_ONCE):
        reader.add(tuple(zip(*rows, strict=True)))
    return reader.table()


class _TableReader:
    """Collects columns, a batch of rows at a time."""

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._parts: dict[str, list[NDArray[Any]]] = {}
        self._facets = {name: Column() for name in FACETS}
        self._word_codes = Codes()
        self._sounds = SoundReader()
        self._words_of: dict[str, tuple[int, ...]] = {}  # artists come again and again

    def add(self, columns: Sequence[tuple[Any, ...]]) -> None:
        """Add the columns of a batch, in the order of the query."""
        n, ids, titles, artists, genres, licenses, durations, years, *features, sounds = columns
        self._ids.extend(ids)
        self._append("n", np.array(n, np.int64))
        self._append("has_title", np.array([bool(title) for title in titles], np.bool_))
        self._append("duration", np.array(durations, np.float64))  # None becomes NaN
        self._append("year", np.array(years, np.float64))
        for name, texts in zip(FACETS, (genres, licenses, artists), strict=True):
            self._facets[name].extend(texts)
        self._add_words(titles, artists)
        for name, blobs in zip(_FEATURES, features, strict=True):
            self._add_blobs(name, blobs)
        self._sounds.add(sounds)

    def _append(self, name: str, values: NDArray[Any]) -> None:
        self._parts.setdefault(name, []).append(values)

    def _add_words(self, titles: Sequence[str], artists: Sequence[str]) -> None:
        codes, known = self._word_codes, self._words_of
        lengths, words = array("q"), array("i")
        for title, artist in zip(titles, artists, strict=True):
            artist_words = known.get(artist)
            if artist_words is None:
                artist_words = known[artist] = tuple([codes[word] for word in fold_words(artist)])
            found = {*artist_words, *[codes[word] for word in fold_words(title)]}
            lengths.append(len(found))
            words.extend(found)
        self._append("word_lengths", np.frombuffer(lengths, np.int64))
        self._append("words", np.frombuffer(words, np.int32))

    def _add_blobs(self, name: str, blobs: Sequence[bytes]) -> None:
        dtype = np.dtype(np.uint16 if name.endswith("_units") else np.int32)
        self._append(name, np.frombuffer(b"".join(blobs), dtype))
        if dtype == np.int32:
            self._append(f"{name}_lengths", np.array([len(blob) // 4 for blob in blobs], np.int64))

    def table(self) -> Table:
        """Return everything collected."""
        faint = self._features("faint")
        return Table(
            n=self._whole("n", np.int64),
            track_ids=self._ids,
            has_title=self._whole("has_title", np.bool_),
            typed=self._features("typed"),
            implied=self._features("implied", weighted=True),
            heard=self._features("heard", weighted=True),
            words=Features(self._whole("word_lengths", np.int64), self._whole("words", np.int32)),
            word_codes=self._word_codes,
            facets=self._facets,
            duration=self._whole("duration", np.float64),
            year=self._whole("year", np.float64),
            faint=faint if len(faint.numbers) else None,
            sound=self._sounds.table(),
        )

    def _features(self, name: str, weighted: bool = False) -> Features:
        units = self._whole(f"{name}_units", np.uint16) if weighted else None
        return Features(self._whole(f"{name}_lengths", np.int64), self._whole(name, np.int32), units)

    def _whole(self, name: str, dtype: Any) -> NDArray[Any]:
        return np.concatenate(self._parts.pop(name, [np.empty(0, dtype)]))


def build_arrays(table: Table, n_tags: int) -> dict[str, NDArray[Any]]:
    """Make the arrays of a segment.

    Parameters
    ----------
    n_tags
        One more than the largest tag number.
    """
    order = _tie_order(table)
    n = table.n[order]
    arrays: dict[str, NDArray[Any]] = {
        "n": n,
        "by_n": np.argsort(n).astype(np.int32),
        "n_titled": np.array([np.count_nonzero(table.has_title)], np.int64),
        "duration": table.duration[order],
        "year": table.year[order],
    }
    ids = table.track_ids
    arrays |= _string_arrays("ids", [ids[i] for i in order.tolist()])
    arrays |= _typed_arrays(table.typed, order, n_tags)
    arrays |= _weighted_arrays("implied", table.implied, order, n_tags)
    arrays |= _weighted_arrays("heard", table.heard, order, n_tags)
    if table.faint is not None:
        arrays |= _column_arrays("faint", _rows(table.faint, order, n_tags).tocsc())
    arrays |= sound_arrays(table.sound, order)
    arrays |= _word_arrays(table, order)
    for name, column in table.facets.items():
        arrays |= _facet_arrays(name, column, order)
    return arrays


def _tie_order(table: Table) -> NDArray[np.int64]:
    """Return the tracks in the order that breaks ties."""
    key: Callable[[int], str] = table.track_ids.__getitem__
    halves = (np.flatnonzero(table.has_title), np.flatnonzero(~table.has_title))
    return np.array([i for half in halves for i in sorted(half.tolist(), key=key)], np.int64)


def _rows(features: Features, order: NDArray[np.int64], n_columns: int) -> Any:
    """Return features as a matrix of tracks in tie order by columns."""
    from scipy.sparse import csr_array

    if len(features.numbers) > _MOST_POSTINGS:
        raise ValueError(f"expected at most {_MOST_POSTINGS} features of one family, got {len(features.numbers)}")
    starts = np.zeros(len(features.lengths) + 1, np.int32)
    np.cumsum(features.lengths, out=starts[1:])
    units = features.units
    values = np.ones(len(features.numbers), np.int8) if units is None else units.astype(np.float32) / DOCUMENT_UNITS
    matrix = csr_array((values, features.numbers, starts), shape=(len(features.lengths), n_columns))
    return matrix[order] if len(order) else matrix


def _typed_arrays(features: Features, order: NDArray[np.int64], n_tags: int) -> dict[str, NDArray[Any]]:
    rows = _rows(features, order, n_tags)
    columns = rows.tocsc()
    return {
        "tags_starts": rows.indptr.astype(np.int32, copy=False),
        "tags": rows.indices.astype(np.int32, copy=False),
        **_column_arrays("typed", columns),
    }


def _column_arrays(name: str, columns: Any) -> dict[str, NDArray[Any]]:
    return {
        f"{name}_starts": columns.indptr.astype(np.int32, copy=False),
        f"{name}_rows": columns.indices.astype(np.int32, copy=False),
    }


def _weighted_arrays(name: str, features: Features, order: NDArray[np.int64], n_tags: int) -> dict[str, NDArray[Any]]:
    columns = _rows(features, order, n_tags).tocsc()
    return {**_column_arrays(name, columns), f"{name}_weights": columns.data}


def _word_arrays(table: Table, order: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    words = sorted(table.word_codes)
    code_of = np.empty(len(words), np.int32)
    code_of[[table.word_codes[word] for word in words]] = np.arange(len(words), dtype=np.int32)
    features = Features(table.words.lengths, code_of[table.words.numbers])
    columns = _rows(features, order, len(words)).tocsc()
    arrays = {
        "word_starts": columns.indptr.astype(np.int32, copy=False),
        "word_rows": columns.indices.astype(np.int32, copy=False),
    }
    return arrays | _string_arrays("words", words)


def _facet_arrays(name: str, column: Column, order: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    pairs = sorted((fold_value(spelling), spelling) for spelling in column.spellings)
    values = sorted({value for value, _ in pairs})
    number_of = {value: number for number, value in enumerate(values)}
    code_of = np.empty(len(pairs), np.int32)
    code_of[[column.spellings[spelling] for _, spelling in pairs]] = np.arange(len(pairs), dtype=np.int32)
    arrays = {
        f"{name}_codes": code_of[np.frombuffer(column.codes, np.int32)[order]],
        f"{name}_value_of": np.array([number_of[value] for value, _ in pairs], np.int32),
    }
    arrays |= _string_arrays(f"{name}_spellings", [spelling for _, spelling in pairs])
    return arrays | _string_arrays(f"{name}_values", values)


def _string_arrays(name: str, texts: Sequence[str]) -> dict[str, NDArray[Any]]:
    encoded = [text.encode() for text in texts]
    ends = np.zeros(len(encoded) + 1, np.int64)
    np.cumsum([len(text) for text in encoded], out=ends[1:])
    return {f"{name}_text": np.frombuffer(b"".join(encoded), np.uint8), f"{name}_ends": ends}
