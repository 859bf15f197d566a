from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse

from search.embedded import columns


@pytest.fixture
def column() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    rows = np.flatnonzero(rng.random(1_000) < 0.3).astype(np.int32)
    return rows, (rng.integers(1, 257, len(rows)) / 256).astype(np.float32)


def test_the_private_loop_adds_what_numpy_adds(column: tuple[np.ndarray, np.ndarray]) -> None:
    private, plain = np.ones(1_000, np.float32), np.ones(1_000, np.float32)
    columns.add_column(private, *column, 777 / 4096)
    columns.add_column_by_numpy(plain, *column, 777 / 4096)
    assert np.array_equal(private, plain)
    assert columns._fastest() is not columns.add_column_by_numpy


@pytest.mark.parametrize("broken", [lambda *args: None, None], ids=["does something else", "is gone"])
def test_without_a_working_private_loop_numpy_serves(
    broken: object, monkeypatch: pytest.MonkeyPatch, column: tuple[np.ndarray, np.ndarray]
) -> None:
    if broken is None:
        monkeypatch.delattr(scipy.sparse._sparsetools, "csc_matvec")
    else:
        monkeypatch.setattr(scipy.sparse._sparsetools, "csc_matvec", broken)
    columns._fastest.cache_clear()
    try:
        assert columns._fastest() is columns.add_column_by_numpy
        scores = np.zeros(1_000, np.float32)
        columns.add_column(scores, *column, 0.5)
        assert np.array_equal(scores[column[0]], column[1] * np.float32(0.5))
    finally:
        columns._fastest.cache_clear()
