"""Sets of rows as bits, 64 to a word: a union or an intersection of a million rows takes three microseconds.

Everything that only says yes or no is one of these: which rows a tag reaches, pass a filter, have a word, are still
there. Bits past the last row are 0.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint64]  # shape (ceil(n_rows / 64),)

# Bytes of row sets kept for one segment: 5,000 sets at 106,574 tracks, 500 at a million.
_CACHE_BYTES = 64 * 2**20


def pack(mask: NDArray[np.bool_]) -> Bits:
    """Return the rows where a mask, shape (n_rows,), is true."""
    padded = np.zeros(-(-len(mask) // 64) * 64, np.bool_)
    padded[: len(mask)] = mask
    return np.packbits(padded, bitorder="little").view(np.uint64)


def pack_rows(rows: NDArray[Any], n_rows: int) -> Bits:
    """Return the set of these rows."""
    mask = np.zeros(-(-n_rows // 64) * 64, np.bool_)
    mask[rows] = True
    return np.packbits(mask, bitorder="little").view(np.uint64)


def unpack(bits: Bits, n_rows: int) -> NDArray[np.uint8]:
    """Return a set as ones and zeros, shape (n_rows,)."""
    return np.unpackbits(bits.view(np.uint8), count=n_rows, bitorder="little")


# The eight rows of each byte, as factors.
_FACTORS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little").astype(np.float32)


def keep(values: NDArray[np.float32], bits: Bits, out: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the values, shape (n_rows,), with zeros outside of a set.

    Parameters
    ----------
    out : shape (64 * len(bits),)
        Where to put them: a fresh array of a million costs more than the work.
    """
    np.take(_FACTORS, bits.view(np.uint8), axis=0, out=out.reshape(-1, 8), mode="clip")
    kept = out[: len(values)]
    return np.multiply(kept, values, out=kept)


def rows_of(bits: Bits, n_rows: int) -> NDArray[np.int64]:
    """Return the rows of a set, ascending."""
    return np.flatnonzero(unpack(bits, n_rows).view(np.bool_))


def count(bits: Bits) -> int:
    """Return how many rows are in a set."""
    return int(np.bitwise_count(bits).sum(dtype=np.int64))


class BitsCache:
    """Row sets of a segment by what they stand for, shared by threads.

    What was asked for lately is young. When the young take half of the room they become old, and the old ones that
    nobody asked for meanwhile are forgotten: nearly the least recently used, without a lock on what is asked most.
    """

    def __init__(self, max_bytes: int = _CACHE_BYTES) -> None:
        self._max_young = max_bytes // 2
        self._kept: tuple[dict[Hashable, Bits], dict[Hashable, Bits]] = ({}, {})
        self._bytes = 0  # of the young
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Bits]) -> Bits:
        """Return the set under `key`, made if need be; treat it as read-only."""
        young, old = self._kept
        found = young.get(key)
        if found is None:
            found = old.get(key)
            found = self._keep(key, make() if found is None else found)
        return found

    def _keep(self, key: Hashable, bits: Bits) -> Bits:
        with self._lock:
            young, _ = self._kept
            if key not in young:  # else another thread was quicker
                young[key] = bits
                self._bytes += bits.nbytes
            if self._bytes > self._max_young:
                self._kept, self._bytes = ({}, young), 0
        return bits
