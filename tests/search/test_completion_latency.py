"""The completion benchmark on a small vocabulary: that it runs, and that both ways complete alike."""

from __future__ import annotations

from benchmarks.completion_latency import invent_tags, measure


def test_tags_are_different_and_the_same_every_time() -> None:
    tags = invent_tags(200)
    assert len(set(tags)) == 200
    assert tags == invent_tags(200)


def test_both_ways_agree_and_every_figure_is_there() -> None:
    result = measure(300, n_prefixes=20)  # asserts agreement itself
    timings = [value for value in result.values() if isinstance(value, dict)]
    assert len(timings) == 4
    assert all(0 < timing["p50_ms"] <= timing["p99_ms"] for timing in timings)
    assert result["prefixes_to_bare_loop"] > 0
