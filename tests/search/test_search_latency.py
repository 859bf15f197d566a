"""The latency benchmark on a small catalogue: that it runs, and that its contestants agree."""

from __future__ import annotations

from benchmarks.search_latency import measure, measure_on_disk, measure_whole_search
from benchmarks.zipf_catalogue import TAGS_PER_TRACK, TYPED_PER_TRACK, draw_catalogue


def test_tracks_of_the_catalogue_have_the_tags_that_are_told() -> None:
    catalogue = draw_catalogue(300)
    assert set(catalogue.typed_lengths) == {TYPED_PER_TRACK}
    assert (catalogue.typed_lengths + catalogue.implied_lengths >= TAGS_PER_TRACK - 4).all()


def test_the_contestants_agree_and_every_figure_is_there() -> None:
    catalogue = draw_catalogue(3_000)
    result = measure(catalogue, n_queries=4, n_sqlite=4)  # asserts agreement itself
    result |= measure_on_disk(catalogue, n_queries=3) | measure_whole_search(catalogue, n_queries=3)
    timings = [value for value in result.values() if isinstance(value, dict) and "p50_ms" in value]
    assert len(timings) == 9
    assert all(0 < timing["p50_ms"] <= timing["p95_ms"] for timing in timings)
    assert result["hits_per_query"] > 0
    assert result["whole_search_mean_hits"] > 0
