"""When counts of shards that keep values back are exact all the same: sums are made here as the server makes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random
from secrets import token_hex
from typing import Any

import pytest

from search.elastic import engine as engine_module
from search.elastic.engine import ElasticEngine
from search.elastic.facets import FACETS, FacetSizes, aggregations, count_tags, is_exact, read_facet
from search.engine import FACET_VALUES
from tests.search.engine_contract import document, fill, remove_indices
from tests.servers.node import Node


def by_count(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def answer_of(shards: Sequence[Counter[str]], size: int, shard_size: int) -> dict[str, Any]:
    """Sum up what shards send, with the errors that the server tells for it."""
    sent = [dict(by_count(shard)[:shard_size]) for shard in shards]
    kept_back = [min(some.values()) if len(some) < len(shard) else 0 for some, shard in zip(sent, shards, strict=True)]
    sums: Counter[str] = Counter()
    for some in sent:
        sums.update(some)
    buckets = []
    for value, count in by_count(sums)[:size]:
        error = sum(most for some, most in zip(sent, kept_back, strict=True) if value not in some)
        shown = {"buckets": [{"key": value.title()}]}
        buckets.append({"key": value, "doc_count": count, "doc_count_error_upper_bound": error, "shown": shown})
    return {"doc_count_error_upper_bound": sum(kept_back), "buckets": buckets}


def draw_shards(seed: int) -> list[Counter[str]]:
    """Draw values by a law of which few or many lead, spread evenly or with one shard of its own taste."""
    chance = Random(seed)
    n_values, slope = chance.choice((60, 300, 900)), chance.choice((0.0, 0.7, 1.3))
    names = [f"v{number:03}" for number in range(n_values)]
    shards = []
    for _ in range(chance.choice((2, 3, 5))):
        own = chance.sample(names, n_values) if chance.random() < 0.3 else names
        weights = [(rank + 1) ** -slope for rank in range(n_values)]
        shards.append(Counter(chance.choices(own, weights, k=chance.choice((300, 3_000, 20_000)))))
    return shards


EVENLY = Counter({f"v{number:04}": 1 for number in range(2_000)})


def ask_for(sizes: FacetSizes, name: str) -> list[int]:
    """Ask for a facet of which each value comes as often as any other; return with how many values it was asked for."""
    sizes_asked = []
    asked = {name: sizes.now()[name]}
    while asked:
        sizes_asked.append(aggregations(asked)[name]["terms"]["shard_size"])
        asked = sizes.learn({name: answer_of([EVENLY, EVENLY], 100, sizes_asked[-1])}, asked)
    return sizes_asked


def test_counts_that_pass_for_exact_are_those_of_all_tracks() -> None:
    passed = Counter[bool]()
    for seed in range(150):
        shards = draw_shards(seed)
        answer = answer_of(shards, 2 * FACET_VALUES, Random(seed).choice((60, 100, 200)))
        whole = by_count(sum(shards, Counter()))[:FACET_VALUES]
        exact = [(value.value, value.count) for value in read_facet(answer)] == whole
        passed[is_exact(answer)] += 1
        assert exact or not is_exact(answer), seed
    assert min(passed[True], passed[False]) > 30, "the shards that were drawn tell nothing"


def test_counts_without_any_error_are_exact() -> None:
    shards = [Counter(a=3, b=1), Counter(b=1)]
    assert is_exact(answer_of(shards, 100, 100))


@pytest.mark.parametrize("name", ["genre", "artist"])
def test_a_facet_is_asked_for_with_more_values_until_it_is_exact_and_by_and_by_with_fewer(name: str) -> None:
    sizes = FacetSizes()
    assert ask_for(sizes, name) == [100, 800, 6_400]
    assert [ask_for(sizes, name) for _ in range(18)] == [[6_400]] * 18
    assert ask_for(sizes, name) == [6_400]
    assert ask_for(sizes, name) == [3_200]
    assert sizes.now() == dict.fromkeys(FACETS, 100) | {name: 3_200}


def test_an_answer_is_judged_by_what_it_was_asked_with() -> None:
    sizes = FacetSizes()
    slow = {"artist": sizes.now()["artist"]}
    ask_for(sizes, "artist")
    assert sizes.learn({"artist": answer_of([EVENLY, EVENLY], 100, slow["artist"])}, slow) == {"artist": 800}
    # What others have learned meanwhile stays.
    assert sizes.now()["artist"] == 6_400
    most = {"artist": 60_000}
    assert sizes.learn({"artist": answer_of([EVENLY, EVENLY], 100, 100)}, most) == {}


@pytest.mark.parametrize("n_tags", [0, 3, FACET_VALUES, 400])
def test_tags_are_counted_over_the_hits_most_frequent_first_then_by_id(n_tags: int) -> None:
    chance = Random(n_tags)
    names = [f"t{number:03}" for number in range(n_tags)]
    carried = [chance.sample(names, min(n_tags, chance.randrange(6))) for _ in range(300)]
    hits = [{"fields": {"typed": typed}} if typed else {"_score": 1.0} for typed in carried]
    whole = by_count(Counter(tag for typed in carried for tag in typed))[:FACET_VALUES]
    assert [(value.value, value.count) for value in count_tags(hits)] == whole


@pytest.mark.slow
@pytest.mark.parametrize("most", [60_000, 25, 24, 3])
def test_tags_are_counted_whole_whether_or_not_they_fit_into_one_answer(
    elasticsearch_9: Node, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(engine_module, "_MOST_TAGS", most)
    monkeypatch.setattr(engine_module, "_TAGS_AT_ONCE", 7)
    monkeypatch.setenv("TAGKIN_ELASTICSEARCH_SHARDS", "3")
    monkeypatch.setenv("TAGKIN_ELASTICSEARCH_TIMEOUT", "60")
    address = f"{elasticsearch_9.url}/tagkin-counted-{token_hex(4)}"
    engine = ElasticEngine.open(address, create=True)
    try:
        names = [f"t{number:02}" for number in range(25)]
        carried = [Random(number).sample(names, 1 + number % 9) for number in range(60)]
        fill(engine, *(document(f"track:{number}", *tags) for number, tags in enumerate(carried)))
        assert engine.tag_counts() == Counter(tag for tags in carried for tag in tags)
    finally:
        engine.close()
        remove_indices(address)
