"""Sound as arrays of a segment: vectors, tempo and key, none of which is there where nobody listened.

Vectors stay whole numbers on the disk and in memory, 128 bytes a track, memory-mapped like everything else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.musical_key import KEYS, fold_key
from search.sound import SOUND_DIMENSIONS, Sound
from search.sound_packing import unpack_sound

NO_KEY = -1  # among numbers of `KEYS`

_KEY_NUMBERS = {key: number for number, key in enumerate(KEYS)}


@dataclass(frozen=True)
class SoundTable:
    """How the tracks of a table sound, those that anybody listened to.

    Parameters
    ----------
    tracks : int64, shape (n_sounds,)
        Places in the table, ascending.
    vectors : int8, shape (n_vectors, 128)
    has_vector : bool, shape (n_sounds,)
    bpm : float64, shape (n_sounds,)
        NaN where there is none.
    keys : int8, shape (n_sounds,)
        Places in `KEYS`, or `NO_KEY`.
    """

    tracks: NDArray[np.int64]
    vectors: NDArray[np.int8]
    has_vector: NDArray[np.bool_]
    bpm: NDArray[np.float64]
    keys: NDArray[np.int8]


class SoundReader:
    """Collects the packed sounds of a table, a batch of rows at a time."""

    def __init__(self) -> None:
        self._n_tracks = 0
        self._found: list[tuple[int, Sound]] = []

    def add(self, blobs: Sequence[bytes]) -> None:
        """Add the sounds of further tracks, ``b""`` where there is none."""
        for place, blob in enumerate(blobs, self._n_tracks):
            sound = unpack_sound(blob)
            if sound is not None:
                self._found.append((place, sound))
        self._n_tracks += len(blobs)

    def table(self) -> SoundTable | None:
        """Return everything collected, None when nothing was."""
        if not self._found:
            return None
        sounds = [sound for _, sound in self._found]
        vectors = np.frombuffer(b"".join([sound.vector for sound in sounds]), np.int8)
        return SoundTable(
            tracks=np.array([place for place, _ in self._found], np.int64),
            vectors=vectors.reshape(-1, SOUND_DIMENSIONS),
            has_vector=np.array([bool(sound.vector) for sound in sounds], np.bool_),
            bpm=np.array([sound.bpm for sound in sounds], np.float64),  # None becomes NaN
            keys=np.array([_key_number(sound.key) for sound in sounds], np.int8),
        )


@lru_cache(256)
def _key_number(key: str) -> int:
    return _KEY_NUMBERS.get(fold_key(key) or "", NO_KEY)


def sound_arrays(table: SoundTable | None, order: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Make the arrays of a segment whose row i is track ``order[i]``; none where there is nothing to keep."""
    if table is None:
        return {}
    row_of = np.empty(len(order), np.int64)
    row_of[order] = np.arange(len(order))
    rows = row_of[table.tracks]
    arrays = _vector_arrays(table, rows)
    if not np.isnan(table.bpm).all():
        arrays["bpm"] = bpm = np.full(len(order), np.nan)
        bpm[rows] = table.bpm
    if (table.keys != NO_KEY).any():
        arrays["keys"] = keys = np.full(len(order), NO_KEY, np.int8)
        keys[rows] = table.keys
    return arrays


def _vector_arrays(table: SoundTable, rows: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    with_vector = rows[table.has_vector]
    if not len(with_vector):
        return {}
    ascending = np.argsort(with_vector)
    return {"sound_rows": with_vector[ascending].astype(np.int32), "sound_vectors": table.vectors[ascending]}


class SegmentSound:
    """How the rows of a segment sound.

    Parameters
    ----------
    rows : int32, shape (n_vectors,)
        Rows that have a vector, ascending.
    vectors : int8, shape (n_vectors, 128)
    bpm : float64, shape (n_rows,)
    keys : int8, shape (n_rows,)
        Places in `KEYS`, or `NO_KEY`.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]], n_rows: int) -> None:
        self._n_rows = n_rows
        self._arrays = arrays
        self.rows: NDArray[np.int32] = arrays.get("sound_rows", np.empty(0, np.int32))
        self.vectors: NDArray[np.int8] = arrays.get("sound_vectors", np.empty((0, SOUND_DIMENSIONS), np.int8))

    @property
    def bpm(self) -> NDArray[np.float64]:
        """Beats per minute of each row, NaN where there are none."""
        stored = self._arrays.get("bpm")
        return np.full(self._n_rows, np.nan) if stored is None else stored

    @property
    def keys(self) -> NDArray[np.int8]:
        """Key of each row."""
        stored = self._arrays.get("keys")
        return np.full(self._n_rows, NO_KEY, np.int8) if stored is None else stored
