"""Adding one weighted column to a score array: the inner loop of every search, and the only private call of SciPy.

``csc_matvec`` adds in place, 0.6 ns a posting; the public ``matrix[:, columns] @ weights`` copies the columns first and
takes three times as long. It is private, so it is tried against plain NumPy when it is first used, and left alone if
it is gone or does something else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray


class _SmallArrays(threading.local):
    """What a call takes beside the column, made once a thread: making it takes as long as adding a short column."""

    def __init__(self) -> None:
        self.starts = np.zeros(2, np.int32)
        self.factor = np.zeros(1, np.float32)


_small_arrays = _SmallArrays()

AddColumn = Callable[[NDArray[np.float32], NDArray[np.int32], NDArray[np.float32], float], None]


def add_column(
    scores: NDArray[np.float32], rows: NDArray[np.int32], weights: NDArray[np.float32], factor: float
) -> None:
    """Add ``factor * weights`` to ``scores[rows]`` in place.

    Parameters
    ----------
    scores : shape (n_rows,)
    rows : int32, shape (n_postings,)
        Unique.
    weights : float32, shape (n_postings,)
    """
    _fastest()(scores, rows, weights, factor)


@cache
def _fastest() -> AddColumn:
    """Return the private loop when it does what NumPy does, else NumPy's way."""
    try:
        fast = _private_loop()
        return fast if _agrees(fast) else add_column_by_numpy
    except (ImportError, AttributeError, TypeError, ValueError):
        return add_column_by_numpy


def add_column_by_numpy(
    scores: NDArray[np.float32], rows: NDArray[np.int32], weights: NDArray[np.float32], factor: float
) -> None:
    """Do what `add_column` does with NumPy alone, five times as slowly."""
    scores[rows] += weights * np.float32(factor)


def _private_loop() -> AddColumn:
    from scipy.sparse import _sparsetools

    matvec: Callable[..., Any] = _sparsetools.csc_matvec

    def add(scores: NDArray[np.float32], rows: NDArray[np.int32], weights: NDArray[np.float32], factor: float) -> None:
        small = _small_arrays
        small.starts[1], small.factor[0] = len(rows), factor
        matvec(len(scores), 1, small.starts, rows, weights, small.factor, scores)

    return add


def _agrees(fast: AddColumn) -> bool:
    rows, weights = np.array([0, 2, 3], np.int32), np.array([1.0, 0.5, 0.25], np.float32)
    got, expected = np.full(5, 0.125, np.float32), np.full(5, 0.125, np.float32)
    fast(got, rows, weights, 0.75)
    add_column_by_numpy(expected, rows, weights, 0.75)
    return bool(np.array_equal(got, expected))
