from __future__ import annotations

import threading

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from search.embedded.bits import BitsCache, count, keep, pack, pack_rows, rows_of, unpack

masks = st.lists(st.booleans(), max_size=300).map(lambda values: np.array(values, np.bool_))


@given(mask=masks)
def test_packed_rows_come_back(mask: np.ndarray) -> None:
    bits = pack(mask)
    rows = np.flatnonzero(mask)
    assert rows_of(bits, len(mask)).tolist() == rows.tolist()
    assert unpack(bits, len(mask)).tolist() == mask.tolist()
    assert count(bits) == len(rows)
    assert np.array_equal(pack_rows(rows.astype(np.int32), len(mask)), bits)


@given(mask=masks)
def test_kept_values_are_zero_outside_of_the_set(mask: np.ndarray) -> None:
    values = np.arange(1, len(mask) + 1, dtype=np.float32)
    out = np.full(-(-len(mask) // 64) * 64, np.nan, np.float32)
    assert keep(values, pack(mask), out).tolist() == np.where(mask, values, 0).tolist()


def test_the_cache_forgets_what_was_used_least_recently() -> None:
    made: list[str] = []

    def get(cache: BitsCache, key: str) -> None:
        cache.get(key, lambda: made.append(key) or np.zeros(1, np.uint64))

    cache = BitsCache(max_bytes=16)
    for key in "abacab":
        get(cache, key)
    assert made == ["a", "b", "c", "b"]


def test_the_cache_gives_all_threads_equal_sets() -> None:
    cache = BitsCache(max_bytes=8 * 3)
    wrong: list[int] = []

    def ask() -> None:
        for i in range(2_000):
            if cache.get(i % 5, lambda i=i: np.array([i % 5], np.uint64))[0] != i % 5:
                wrong.append(i)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
