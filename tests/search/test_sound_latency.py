"""The benchmark of searches by sound on a small catalogue: that it runs, and that its contestants agree."""

from __future__ import annotations

from benchmarks.sound_latency import measure
from benchmarks.zipf_catalogue import draw_catalogue


def test_the_contestants_agree_and_every_figure_is_there() -> None:
    result = measure(draw_catalogue(400), n_queries=4, n_moments=2)  # asserts agreement itself
    timings = [value for value in result.values() if isinstance(value, dict) and "p50_ms" in value]
    assert len(timings) == 8
    assert all(0 < timing["p50_ms"] <= timing["p95_ms"] for timing in timings)
    assert result["bytes_a_track"]["with_sound"] > result["bytes_a_track"]["without_sound"] + 128
