"""The benchmark on a server: its own arithmetic, and a small run of all of it, which compares the engines itself."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from benchmarks.elasticsearch import main
from benchmarks.elasticsearch_choices import BODY_CHOICES, changed, index_bodies
from benchmarks.elasticsearch_raw import RawServer
from benchmarks.elasticsearch_searches import KINDS, draw_texts, percentiles, ratios
from search.elastic.address import parse_address
from search.elastic.mapping import tracks_body
from tagmodel.model import load_model
from tests.servers.node import Node


def test_the_quiet_median_takes_the_shortest_time_of_each_query() -> None:
    seconds = [0.010, 0.900, 0.030, 0.500, 0.020, 0.050]  # two rounds of three queries
    figures = percentiles(seconds, rounds=2)
    assert figures["quiet_p50_ms"] == 20.0
    assert figures["p50_ms"] == 40.0


def test_ratios_compare_pairs_and_the_shortest_times_of_each_query() -> None:
    ours, theirs = [0.2, 0.8, 0.4, 0.4], [0.1, 0.2, 0.1, 0.4]  # two rounds of two queries
    assert ratios(ours, theirs, rounds=2) == {
        "of_p50": round(0.4 / 0.15, 2),
        "of_p95": round(0.74 / 0.37, 2),
        "median_of_pairs": 3.0,
        "quiet": round(0.3 / 0.15, 2),
    }


def test_queries_are_different_and_of_one_to_three_tags() -> None:
    texts = draw_texts(load_model(), 200)
    assert len(set(texts)) == 200
    assert {text.count('"') // 2 for text in texts} == {1, 2, 3}


def test_indices_differ_from_the_one_that_tagkin_makes_in_one_thing_each() -> None:
    address = replace(parse_address("http://127.0.0.1:9200/bench"), shards=3)
    bodies = index_bodies(address)
    base = bodies.pop("as_it_is")
    assert base == tracks_body(replace(address, shards=1))
    for choice, body in bodies.items():
        parts = [(part, key) for part in base for key in {*base[part], *body[part]}]
        assert sum(body[part].get(key) != base[part].get(key) for part, key in parts) == 1, choice


def test_searches_differ_in_what_their_name_says() -> None:
    body = {"query": {}, "sort": [], "track_total_hits": True, "aggs": {"carry_none": {}}}
    made = {name: orjson.loads(changed(body, change)) for name, change in BODY_CHOICES.items()}
    assert made["as_it_is"] == body
    assert made["totals_to_10000"] == body | {"track_total_hits": 10_000}
    assert "aggs" not in made["no_counts_of_carriers"]
    assert "sort" not in made["ties_by_chance"]
    assert made["none_of_the_three"] == {"query": {}, "track_total_hits": 10_000}


@pytest.mark.slow
def test_a_small_run_tells_every_figure_and_leaves_nothing_on_the_server(elasticsearch_9: Node) -> None:
    words = ["--url", elasticsearch_9.url, "--tracks", "3000", "--queries", "6", "--rounds", "2"]
    done = CliRunner().invoke(main, [*words, "--load-tracks", "2000", "--repeats", "1"], catch_exceptions=False)
    figures: dict[str, Any] = json.loads(done.stdout)
    for load in figures["loading"].values():
        assert load["tagkin_tracks_per_s"][0] > 0
        assert 0 < load["tagkin_to_raw"] == load["tagkin_to_raw_best"]
    (result,) = figures["results"]
    assert result["hits_compared"] > 0
    assert set(result["kinds"]["elasticsearch"]) == set(result["kinds"]["embedded"]) == {*KINDS, "filter"}
    for name, requests in (("search_of_hits", 2.0), ("search_of_a_page", 3.0)):
        search = result[name]
        assert search["requests"] == requests
        parts = [search[part]["quiet_p50_ms"] for part in ("state", "search", "python")]
        assert 0 < max(parts) < search["whole"]["quiet_p50_ms"]
    assert result["bytes_a_track"] > 100
    assert result["choices"]["bytes"]["whole_source"] > 0
    left = RawServer(parse_address(elasticsearch_9.url)).ask("GET", "/_cat/indices/tagkin-bench*?format=json")
    assert left == []
