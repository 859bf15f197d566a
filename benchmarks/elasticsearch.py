"""How fast tagkin is on Elasticsearch: beside the same requests without tagkin, and beside the embedded engine.

    python -m benchmarks.elasticsearch --url http://127.0.0.1:9200 > elasticsearch.json

The server is one that lets everybody in; indices whose names begin with ``tagkin-bench`` are made there and removed.
*loading* is `load_catalogue` through the writer of the engine, expansion included, against the very bodies it sent,
posted by as many threads without any tagkin around; the invented tracks are those of `benchmarks.index_throughput`.
*searching* is a whole search (parse, expand, ask, explain) against its own requests, posted by a bare client one by one
beside it. *kinds* is what a search may ask for besides hits, on the server and on the embedded engine over the same
tracks, whose results must agree to the last bit. *choices* are indices and searches that differ in one thing each.
*load_average* beside the number of cores tells whether the machine had other things to do: then trust ratios alone, and
*quiet_p50_ms*, the median over queries of the shortest time of each.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import click
import numpy as np

from benchmarks.elasticsearch_choices import fill, known, measure_choices, search_body
from benchmarks.elasticsearch_raw import Noted, RawServer, WatchedConnection
from benchmarks.elasticsearch_searches import (
    COMMITS,
    Figures,
    Pair,
    beside_raw,
    catalogue_ids,
    check_agreement,
    commits,
    draw_texts,
    kinds,
    timed,
    write_all,
)
from benchmarks.index_throughput import ReadyTracks, Silence, draw_tracks
from benchmarks.search_latency import machine
from benchmarks.zipf_catalogue import draw_catalogue
from indexer.loading import load_catalogue
from indexer.rejects import Rejects
from search.elastic.address import ElasticAddress, parse_address
from search.elastic.connection import Connection
from search.elastic.engine import ElasticEngine
from search.elastic.indices import all_pairs, remove_pair
from search.engines import open_engine
from search.enrichment import Enricher
from search.result import SearchRequest
from search.searcher import Searcher
from tagmodel.model import TagModel, load_model
from tagmodel.track import Track

# Searches whose results are compared with those of the embedded engine.
COMPARED = 50
# What one load may differ from another beside it; the best of a few pairs is told with each.
REPEATS = 3


@contextmanager
def new_engine(address: ElasticAddress) -> Iterator[tuple[ElasticEngine, WatchedConnection]]:
    """Make an empty index at an address, and remove it in the end."""
    with closing(ElasticEngine.open(f"{address.hosts[0]}/{address.name}", create=True)):
        pass
    connection = WatchedConnection(address)
    try:
        yield ElasticEngine(connection), connection
    finally:
        connection.close()
        remover = Connection(address)
        for pair in all_pairs(remover):
            remove_pair(remover, pair)
        remover.close()


def bulk_of(notes: Sequence[Noted]) -> list[Noted]:
    """Return the requests that hold tracks."""
    return [note for note in notes if "/_bulk" in note.target and "-tracks" in note.target]


def load(address: ElasticAddress, tracks: Sequence[Track], model: TagModel, expand: bool) -> tuple[float, list[Noted]]:
    """Load tracks as `tagkin index` does; return the seconds, and the bulk requests that were sent."""
    with new_engine(address) as (engine, connection), Rejects(None, print) as rejects, engine.writer(30.0) as writer:
        connection.notes = []
        began = time.perf_counter()
        load_catalogue(
            ReadyTracks(tracks), engine, writer, Enricher(model, expand), rejects=rejects, progress=Silence()
        )
        seconds = time.perf_counter() - began
        assert engine.state().n_tracks == len(tracks)
        return seconds, bulk_of(connection.noted())


def raw_load(raw: RawServer, address: ElasticAddress, bulk: Sequence[Noted]) -> float:
    """Post prepared bodies to an index of the same kind; return the seconds until searches see them."""
    index = f"{address.name}-raw"
    try:
        return fill(raw, index, known(raw, address)["as_it_is"], bulk, address.requests)
    finally:
        raw.send("DELETE", f"/{index}?ignore_unavailable=true")


@dataclass
class Loads:
    """Seconds of loads of the same tracks, and the processor seconds of program and server."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def add(self, raw: RawServer, run: Callable[[], float]) -> None:
        """Make a load; it returns its own seconds."""
        began = time.process_time() + raw.work_seconds()
        self.wall.append(run())
        self.cpu.append(time.process_time() + raw.work_seconds() - began)

    def figures(self, name: str, n_tracks: int) -> Figures:
        """Return rates."""
        return {
            f"{name}_tracks_per_s": [round(n_tracks / seconds) for seconds in self.wall],
            f"{name}_tracks_per_cpu_s": [round(n_tracks / seconds) for seconds in self.cpu],
        }


def measure_loading(
    raw: RawServer, address: ElasticAddress, tracks: Sequence[Track], model: TagModel, expand: bool, repeats: int
) -> Figures:
    """Compare loads in pairs, by the clock and by processor time; the ratio is that of the median pair."""
    ours, theirs = Loads(), Loads()
    bulk: list[Noted] = []

    def load_by_tagkin() -> float:
        seconds, sent = load(address, tracks, model, expand)
        bulk[:] = sent
        return seconds

    for _ in range(repeats):
        ours.add(raw, load_by_tagkin)
        theirs.add(raw, lambda: raw_load(raw, address, bulk))
    shares = np.array(theirs.wall) / np.array(ours.wall)
    return {
        "tracks": len(tracks),
        "bytes_sent_a_track": round(sum(len(note.body) for note in bulk) / len(tracks)),
        **ours.figures("tagkin", len(tracks)),
        **theirs.figures("raw", len(tracks)),
        "tagkin_to_raw": round(float(np.median(shares)), 2),
        "tagkin_to_raw_best": round(float(np.max(shares)), 2),
        "tagkin_to_raw_by_cpu": round(float(np.median(np.array(theirs.cpu) / np.array(ours.cpu))), 2),
    }


def measure_catalogue(
    raw: RawServer, address: ElasticAddress, model: TagModel, n_tracks: int, n_queries: int, rounds: int, choices: bool
) -> Figures:
    """Measure searches over one catalogue, on the server and on the embedded engine."""
    catalogue, ids = draw_catalogue(n_tracks), catalogue_ids(model)
    texts = draw_texts(model, n_queries)
    result: Figures = {"tracks": n_tracks}
    with tempfile.TemporaryDirectory() as folder, new_engine(address) as (engine, connection):
        if choices:
            connection.notes = []
        began = time.perf_counter()
        with engine.writer(60.0) as writer:
            write_all(writer, catalogue.documents(ids))
        result["load_seconds"] = round(time.perf_counter() - began, 1)
        bulk, connection.notes = bulk_of(connection.notes or []), None
        embedded = open_engine(str(Path(folder) / "index"), create=True)
        with closing(embedded), embedded.writer() as writer:
            write_all(writer, catalogue.documents(ids))
            writer.compact()
            searchers = {"elasticsearch": Searcher(engine, model), "embedded": Searcher(embedded, model)}
            result["hits_compared"] = check_agreement(
                searchers["elasticsearch"], searchers["embedded"], texts[:COMPARED]
            )
            pair = Pair(connection, raw, searchers["elasticsearch"])
            result |= searching(pair, texts, rounds)
            result["kinds"] = kinds(searchers, texts, rounds)
        result |= on_disk(raw, engine, n_tracks)
        # Each worker does this after each commit.
        result["tags_counted_ms"] = round(1e3 * timed(ElasticEngine(connection).tag_counts), 1)
        if choices:
            bodies = [search_body(pair.requests_of(SearchRequest(text, facets=False, outside=0))) for text in texts]
            result["choices"] = measure_choices(raw, address, bulk, bodies, rounds)
        few = [document for _, document in zip(range(COMMITS), catalogue.documents(ids), strict=False)]
        result["commit_of_one_track"] = commits(engine, few)
    return result


def searching(pair: Pair, texts: Sequence[str], rounds: int) -> Figures:
    """Time whole searches beside their own requests: for hits alone, and for all that a page shows."""
    asked = {
        "search_of_hits": [SearchRequest(text, facets=False, outside=0) for text in texts],
        "search_of_a_page": [SearchRequest(text, outside=5) for text in texts],
    }
    return {name: beside_raw(pair, requests, rounds) for name, requests in asked.items()}


def on_disk(raw: RawServer, engine: ElasticEngine, n_tracks: int) -> Figures:
    """Return what the index takes, on disk and of the heap."""
    size = raw.disk_bytes(engine.place.tracks)
    return {"bytes": size, "bytes_a_track": round(size / n_tracks), "heap": raw.heap()}


@click.command()
@click.option("--url", envvar="TAGKIN_TEST_ELASTICSEARCH", required=True, help="http://host:port of a server.")
@click.option("--tracks", multiple=True, type=int, default=(106_574, 1_000_000), show_default=True, help="Sizes.")
@click.option("--queries", default=200, show_default=True, help="Different queries.")
@click.option("--rounds", default=3, show_default=True, help="How often each is asked.")
@click.option("--load-tracks", default=106_574, show_default=True, help="Tracks of a load; 0 for no loads.")
@click.option("--repeats", default=REPEATS, show_default=True, help="Pairs of loads.")
@click.option("--choice-tracks", default=106_574, show_default=True, help="Largest catalogue for the choices.")
def main(
    url: str, tracks: tuple[int, ...], queries: int, rounds: int, load_tracks: int, repeats: int, choice_tracks: int
) -> None:
    """Measure a server; JSON to stdout."""
    name = f"tagkin-bench-{os.getpid()}-{secrets.token_hex(2)}"
    address = replace(parse_address(f"{url.rstrip('/')}/{name}"), timeout=60.0)
    raw, model = RawServer(address), load_model()
    figures: Figures = {"machine": machine() | raw.machine(), "load_average_before": os.getloadavg()[0]}
    if load_tracks:
        print("loading …", file=sys.stderr)
        drawn = {"like_real": False, "distinct": True}
        figures["loading"] = {
            name: measure_loading(raw, address, draw_tracks(model, load_tracks, 0, distinct), model, True, repeats)
            for name, distinct in drawn.items()
        }
    results = []
    for n_tracks in tracks:
        print(f"{n_tracks:,} tracks …", file=sys.stderr)
        results.append(
            measure_catalogue(raw, address, model, n_tracks, queries, rounds, choices=n_tracks <= choice_tracks)
        )
    figures |= {"results": results, "load_average_after": os.getloadavg()[0]}
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
