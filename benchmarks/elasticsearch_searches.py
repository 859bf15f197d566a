"""Searches through tagkin on a server, each beside the very requests it sends, and beside the embedded engine."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
import orjson
from numpy.typing import NDArray

from benchmarks.elasticsearch_raw import Noted, RawServer, WatchedConnection
from benchmarks.zipf_catalogue import N_TAGS, TAG_IDS, draw_tag_sets
from search.document import Document
from search.elastic.engine import ElasticEngine
from search.engine import IndexWriter
from search.result import SearchRequest
from search.searcher import Searcher
from tagmodel.model import TagModel

BATCH = 2_000  # documents
# Commits of one track each.
COMMITS = 20

HITS_ALONE: dict[str, object] = {"facets": False, "outside": 0}
# What a search may ask for besides hits; `page` is what the web page asks for.
KINDS: dict[str, dict[str, object]] = {
    "hits_alone": HITS_ALONE,
    "outside": {"facets": False, "outside": 5},
    "facets": {"facets": True, "outside": 0},
    "page": {"facets": True, "outside": 5},
    "dial_at_0": HITS_ALONE | {"drift": 0.0},
    "dial_at_1": HITS_ALONE | {"drift": 1.0},
}
FILTER = ' genre:"genre 0000"'

Figures = dict[str, object]


def catalogue_ids(model: TagModel) -> list[str]:
    """Return ids for the tags of an invented catalogue by number: the model's, most used first, then invented ones."""
    vocabulary = model.vocabulary
    ranked = np.argsort(-vocabulary.counts, kind="stable").tolist()[:N_TAGS]
    return ["", *(vocabulary.ids[number] for number in ranked), *TAG_IDS[len(ranked) + 1 :]]


def draw_texts(model: TagModel, n: int) -> list[str]:
    """Draw different queries of one, two and three tags, popular ones often, as people ask."""
    vocabulary = model.vocabulary
    ranked = np.argsort(-vocabulary.counts, kind="stable").tolist()[:N_TAGS]
    spelled = ["", *(vocabulary.spellings[number] for number in ranked)]
    drawn = enumerate(draw_tag_sets(3 * n, len(ranked)))
    texts = (" ".join(f'"{spelled[number]}"' for number in tags[: 1 + at % 3]) for at, tags in drawn)
    return list(islice(dict.fromkeys(texts), n))


def write_all(writer: IndexWriter, documents: Iterator[Document]) -> None:
    """Write documents in batches, and show them."""
    while batch := list(islice(documents, BATCH)):
        writer.write(batch)
        writer.flush()
    writer.commit()


def percentiles(seconds: Sequence[float], rounds: int = 1) -> dict[str, float]:
    """Return percentiles in milliseconds.

    Parameters
    ----------
    seconds
        Round by round, each with the same queries in the same order.

    Returns
    -------
    *quiet_p50_ms* is the median over the queries of the shortest time of each, where there are several rounds.
    """
    values = np.array(seconds) * 1e3
    p50, p95 = np.percentile(values, (50, 95))
    figures = {"p50_ms": round(float(p50), 2), "p95_ms": round(float(p95), 2)}
    if rounds > 1:
        figures["quiet_p50_ms"] = round(float(np.median(_shortest(seconds, rounds))), 2)
    return figures


def _shortest(seconds: Sequence[float], rounds: int) -> NDArray[np.float64]:
    shortest: NDArray[np.float64] = np.array(seconds).reshape(rounds, -1).min(axis=0)
    return shortest * 1e3


def ratios(ours: Sequence[float], theirs: Sequence[float], rounds: int) -> dict[str, float]:
    """Compare times that were taken in pairs, round by round; *quiet* by the shortest time of each query."""
    pairs = np.array(ours) / np.array(theirs)
    return {
        "of_p50": round(float(np.median(ours) / np.median(theirs)), 2),
        "of_p95": round(float(np.percentile(ours, 95) / np.percentile(theirs, 95)), 2),
        "median_of_pairs": round(float(np.median(pairs)), 2),
        "quiet": round(float(np.median(_shortest(ours, rounds)) / np.median(_shortest(theirs, rounds))), 2),
    }


def timed(ask: Callable[[], object]) -> float:
    """Return the seconds that a call takes."""
    began = time.perf_counter()
    ask()
    return time.perf_counter() - began


@dataclass
class Pair:
    """A search through tagkin, and the same requests by a bare client; notes the seconds of both.

    *search* are the requests that look for tracks and read them, through our connection; *raw* the same, bare, and
    *raw_first* the first of them, which finds the tracks. *state* asks how the index stands, before the query is
    parsed. *server* is what the server says that finding took, *decode* the JSON of the answers, *python* all else.
    """

    connection: WatchedConnection
    raw: RawServer
    searcher: Searcher
    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def requests_of(self, request: SearchRequest) -> list[Noted]:
        """Return the requests of one search but the one for the state."""
        self.connection.notes = []
        self.searcher.search(request)
        return [note for note in self._noted() if not note.is_state]

    def ask_whole(self, request: SearchRequest) -> None:
        """Time a search."""
        self.connection.notes = []
        whole = timed(lambda: self.searcher.search(request))
        sent = self._noted()
        self.times["whole"].append(whole)
        self.times["state"].append(sum(note.seconds for note in sent if note.is_state))
        self.times["search"].append(sum(note.seconds for note in sent if not note.is_state))
        self.times["python"].append(whole - sum(note.seconds for note in sent))

    def ask_raw(self, notes: Sequence[Noted]) -> None:
        """Time its requests."""
        answers, seconds = [], []
        for note in notes:
            began = time.perf_counter()
            answers.append(self.raw.again(note))
            seconds.append(time.perf_counter() - began)
        self.times["raw"].append(sum(seconds))
        self.times["raw_first"].append(seconds[0])
        self.times["decode"].append(timed(lambda: [orjson.loads(answer) for answer in answers]))
        self.times["server"].append(orjson.loads(answers[0])["took"] / 1e3)

    def _noted(self) -> list[Noted]:
        notes, self.connection.notes = self.connection.noted(), None
        return notes


def beside_raw(pair: Pair, requests: Sequence[SearchRequest], rounds: int) -> Figures:
    """Time searches and, one by one beside them, the very same requests posted by a bare client."""
    bare = [pair.requests_of(request) for request in requests]
    pair.times.clear()
    worked = pair.raw.work_seconds()
    for round_ in range(rounds):
        for at, (request, notes) in enumerate(zip(requests, bare, strict=True)):
            if (round_ + at) % 2:
                pair.ask_raw(notes)
            pair.ask_whole(request)
            if not (round_ + at) % 2:
                pair.ask_raw(notes)
    worked = pair.raw.work_seconds() - worked
    times = pair.times
    return {
        # Each search was made twice. Valid where nobody else asks the server; also where its machine is busy.
        "server_cpu_ms_a_search": round(1e3 * worked / 2 / len(times["whole"]), 2),
        **{name: percentiles(seconds, rounds) for name, seconds in times.items()},
        "requests": round(sum(map(len, bare)) / len(bare) + 1, 2),
        "whole_to_raw": ratios(times["whole"], times["raw"], rounds),
        "whole_to_raw_first": ratios(times["whole"], times["raw_first"], rounds),
        "searches": len(times["whole"]),
    }


def kinds(searchers: Mapping[str, Searcher], texts: Sequence[str], rounds: int) -> Figures:
    """Time what a search may ask for besides hits, in turn, on each engine."""
    asked = {name: [SearchRequest(text, **values) for text in texts] for name, values in KINDS.items()}  # type: ignore[arg-type]
    asked["filter"] = [SearchRequest(text + FILTER, facets=False, outside=0) for text in texts]
    times: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in searchers}
    for round_ in range(rounds + 1):
        for at in range(len(texts)):
            for kind, requests in asked.items():
                for name, searcher in searchers.items():
                    seconds = timed(lambda searcher=searcher, request=requests[at]: searcher.search(request))  # type: ignore[misc]
                    if round_:  # the first warms up
                        times[name][kind].append(seconds)
    return {name: {kind: percentiles(values, rounds) for kind, values in own.items()} for name, own in times.items()}


def check_agreement(one: Searcher, other: Searcher, texts: Sequence[str]) -> int:
    """Compare whole results of two engines over the same tracks, scores to the last bit; return the hits seen."""
    seen = 0
    for text in texts:
        request = SearchRequest(text, outside=5)
        ours, theirs = one.search(request), other.search(request)
        for value in ("total", "carry_all", "carry_none", "hits", "outside", "facets"):
            assert getattr(ours, value) == getattr(theirs, value), (text, value)
        seen += len(ours.hits)
    return seen


def commits(engine: ElasticEngine, documents: Sequence[Document]) -> Mapping[str, float]:
    """Time writing single tracks, each until searches see it."""
    times = []
    with engine.writer() as writer:
        for document in documents:
            began = time.perf_counter()
            writer.write([document])
            writer.commit()
            times.append(time.perf_counter() - began)
    return percentiles(times)
