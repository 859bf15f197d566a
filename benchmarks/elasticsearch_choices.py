"""What each choice of an index on a server buys: the same documents and searches, and one thing that differs."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import orjson

from benchmarks.elasticsearch_raw import Noted, RawServer
from benchmarks.elasticsearch_searches import Figures, percentiles, timed
from search.elastic.address import ElasticAddress
from search.elastic.mapping import WEIGHTS_IN_SOURCE, tracks_body

Json = dict[str, Any]

# Answers that the server remembers would compare nothing.
_FRESH = "_search?request_cache=false&allow_partial_search_results=false"


def _whole_source(body: Json) -> None:
    del body["mappings"]["_source"]


def _no_room_for_sound(body: Json) -> None:
    del body["mappings"]["properties"]["sound"]


def _weights_twice(body: Json) -> None:
    del body["settings"][WEIGHTS_IN_SOURCE]


def index_bodies(address: ElasticAddress) -> dict[str, Json]:
    """Return settings and mappings by the choice they differ in; the first is as tagkin makes them."""
    bodies = {"as_it_is": tracks_body(replace(address, shards=1))}
    for shards in (2, 4):
        bodies[f"shards_{shards}"] = tracks_body(replace(address, shards=shards))
    changes = {"whole_source": _whole_source, "no_room_for_sound": _no_room_for_sound, "weights_twice": _weights_twice}
    for name, change in changes.items():
        bodies[name] = copy.deepcopy(bodies["as_it_is"])
        change(bodies[name])
    return bodies


def known(raw: RawServer, address: ElasticAddress) -> dict[str, Json]:
    """Return the bodies as the server understands them: older ones have no choice where they keep weights."""
    bodies, index = index_bodies(address), f"{address.name}-choice-tried"
    try:
        raw.ask("PUT", f"/{index}", bodies["as_it_is"])
    except RuntimeError:
        del bodies["weights_twice"]
        for body in bodies.values():
            del body["settings"][WEIGHTS_IN_SOURCE]
    raw.send("DELETE", f"/{index}?ignore_unavailable=true")
    return bodies


def fill(raw: RawServer, index: str, body: Json, bulk: Sequence[Noted], threads: int) -> float:
    """Make an index of prepared documents; return the seconds until searches see them."""
    raw.ask("PUT", f"/{index}", body)
    requests = [note._replace(target=f"/{index}/_bulk?filter_path=errors") for note in bulk]
    return raw.post_all(requests, threads) + timed(lambda: raw.send("POST", f"/{index}/_refresh"))


def search_body(notes: Sequence[Noted]) -> Json:
    """Return the search for tracks among the requests of one search: the last line of its first request."""
    body: Json = orjson.loads(notes[0].body.splitlines()[3])
    return body


def _ten_thousand(body: Json) -> None:
    body["track_total_hits"] = 10_000


def _no_carriers(body: Json) -> None:
    body.pop("aggs", None)


def _no_ties(body: Json) -> None:
    del body["sort"]


def _nothing_exact(body: Json) -> None:
    for change in (_ten_thousand, _no_carriers, _no_ties):
        change(body)


BODY_CHOICES: dict[str, Callable[[Json], None]] = {
    "as_it_is": lambda _body: None,
    "totals_to_10000": _ten_thousand,
    "no_counts_of_carriers": _no_carriers,
    "ties_by_chance": _no_ties,
    "none_of_the_three": _nothing_exact,
}


def changed(body: Json, change: Callable[[Json], None]) -> bytes:
    """Return a body after a change."""
    other = copy.deepcopy(body)
    change(other)
    return orjson.dumps(other)


def compare(raw: RawServer, contestants: dict[str, tuple[str, Sequence[bytes]]], rounds: int) -> Figures:
    """Time searches in turn: by name an index and the bodies, as many for each; the first round warms up."""
    times: dict[str, list[float]] = defaultdict(list)
    n_bodies = min(len(bodies) for _, bodies in contestants.values())
    for round_ in range(rounds + 1):
        for at in range(n_bodies):
            for name, (index, bodies) in contestants.items():
                seconds = timed(lambda index=index, body=bodies[at]: raw.send("POST", f"/{index}/{_FRESH}", body))  # type: ignore[misc]
                if round_:
                    times[name].append(seconds)
    return {name: percentiles(values, rounds) for name, values in times.items()}


def measure_choices(
    raw: RawServer, address: ElasticAddress, bulk: Sequence[Noted], bodies: Sequence[Json], rounds: int
) -> Figures:
    """Fill an index for each choice, and search all of them in turn; the indices are removed.

    Parameters
    ----------
    bulk
        Requests that hold all documents.
    bodies
        Searches for hits alone.
    """
    sent = [orjson.dumps(body) for body in bodies]
    chosen = known(raw, address)
    made = {choice: f"{address.name}-choice-{choice.replace('_', '-')}" for choice in chosen}
    merged = f"{address.name}-choice-merged"
    try:
        loaded = {
            choice: fill(raw, made[choice], body, bulk, address.requests) for choice, body in chosen.items()
        }
        loaded["merged"] = fill(raw, merged, chosen["as_it_is"], bulk, address.requests)
        made["merged"] = merged
        sizes = {choice: raw.disk_bytes(index) for choice, index in made.items()}
        seconds = {choice: raw.merge(index) for choice, index in made.items() if choice != "as_it_is"}
        merged_sizes = {choice: raw.disk_bytes(made[choice]) for choice in seconds}
        base = made["as_it_is"]
        return {
            "load_seconds": {choice: round(value, 1) for choice, value in loaded.items()},
            "bytes": sizes,
            "bytes_merged": merged_sizes,
            "merge_seconds": {choice: round(value, 1) for choice, value in seconds.items()},
            "of_the_index": compare(raw, {choice: (index, sent) for choice, index in made.items()}, rounds),
            "of_the_search": compare(
                raw,
                {name: (base, [changed(body, change) for body in bodies]) for name, change in BODY_CHOICES.items()},
                rounds,
            ),
        }
    finally:
        for index in {*made.values(), merged}:
            raw.send("DELETE", f"/{index}?ignore_unavailable=true")
