"""How long does a search take? The embedded engine beside the bare loop it is built on, SciPy's formula and SQLite.

    python -m benchmarks.search_latency --tracks 106574 --tracks 1000000 > latency.json

*engine* is scores, hit set and the best 20, grouped: every group must be reached, carriers are told apart. *bare loop*
is one ``csc_matvec`` per term into one array and the best 20 by chunk maxima, without any hit set; *public formula* is
``T[:, terms] @ weights``; *group by* is SQLite over a clustered table of postings. All ask for the same terms in the
same run; their best scores must agree where they mean the same. *whole search* goes through `Searcher`: parsing,
expansion, engine, facets and the explanations of 20 hits, from an index on disk.
"""

from __future__ import annotations

import json
import platform
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array
from scipy.sparse._sparsetools import csc_matvec

from benchmarks.zipf_catalogue import N_TAGS, TAG_IDS, ZipfCatalogue, draw_catalogue, draw_plans, draw_tag_sets
from search.document import Family
from search.embedded import EmbeddedEngine
from search.embedded.bits import count, rows_of
from search.embedded.build import build_arrays
from search.embedded.facets import count_facets, count_tags
from search.embedded.scoring import Best, HitSet, Scratch, add_scores, best_hits, find_hits
from search.embedded.segment import Segment
from search.embedded.view import Part
from search.plan import Plan
from search.result import SearchRequest
from search.searcher import Searcher
from tagmodel.model import load_model

K = 20
CHUNK = 1_000
NUMBERS = {TAG_IDS[number]: number for number in range(1, N_TAGS + 1)}
_COLUMN_OF = {Family.TYPED: 0, Family.IMPLIED: N_TAGS + 1}  # in the matrix of the public formula


class Bench(NamedTuple):
    """One catalogue with everything the contestants need."""

    part: Part
    plans: list[Plan]
    scratch: Scratch
    scores: NDArray[np.float32]

    @property
    def segment(self) -> Segment:
        """The arrays behind the part."""
        return self.part.segment


def columns(segment: Segment, plan: Plan) -> list[tuple[NDArray[np.int32], NDArray[np.float32], float]]:
    terms = [term for group in plan.groups for clause in group.clauses for term in clause.terms]
    return [(*segment.postings[term.family].column(NUMBERS[term.tag_id]), term.weight) for term in terms]


def engine(bench: Bench, plan: Plan) -> tuple[HitSet, Best]:
    hits = find_hits(bench.part, plan, NUMBERS.get)
    scores = add_scores(bench.part, plan, NUMBERS.get, bench.scratch)
    best = best_hits(hits, scores, K, bench.scratch)
    count(hits.rows), count(hits.carry_all), count(hits.carry_none)
    return hits, best


def bare_loop(bench: Bench, plan: Plan) -> NDArray[np.float32]:
    bench.scores.fill(0)
    size = len(bench.scores)
    for rows, weights, factor in columns(bench.segment, plan):
        starts = np.array((0, len(rows)), np.int32)
        csc_matvec(size, 1, starts, rows, weights, np.array((factor,), np.float32), bench.scores)
    return chunk_max_top(bench.scores)


def chunk_max_top(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the best scores as in the notes: the k-th largest maximum of the chunks bounds them from below."""
    width = min(CHUNK, len(scores) // (2 * K))
    maxima = scores[: len(scores) // width * width].reshape(-1, width).max(axis=1)
    bound = np.partition(maxima, len(maxima) - K)[len(maxima) - K]
    candidates = np.flatnonzero(scores >= bound)
    best: NDArray[np.float32] = scores[candidates[np.argsort(-scores[candidates], kind="stable")[:K]]]
    return best


def public_formula(matrix: Any, plan: Plan) -> NDArray[np.float32]:
    terms = [term for group in plan.groups for clause in group.clauses for term in clause.terms]
    numbers = [_COLUMN_OF[term.family] + NUMBERS[term.tag_id] for term in terms]
    return chunk_max_top(matrix[:, numbers] @ np.array([term.weight for term in terms], np.float32))


def public_matrix(segment: Segment) -> Any:
    n_rows, arrays = segment.n_rows, segment.arrays
    starts = np.concatenate([arrays["typed_starts"], arrays["implied_starts"][1:] + len(arrays["typed_rows"])])
    rows = np.concatenate([arrays["typed_rows"], arrays["implied_rows"]])
    weights = np.concatenate([np.ones(len(arrays["typed_rows"]), np.float32), arrays["implied_weights"]])
    shape = (n_rows, 2 * (N_TAGS + 1))
    return csc_array((weights, rows, starts.astype(np.int32)), shape=shape)


def group_by(segment: Segment, plans: list[Plan]) -> Callable[[Plan], list[float]]:
    """Return a search over a table with the postings of these plans only: other rows would not be touched."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE postings (term, row INTEGER, weight REAL, PRIMARY KEY (term, row)) WITHOUT ROWID")
    wanted = sorted({(t.family.value, t.tag_id) for p in plans for g in p.groups for c in g.clauses for t in c.terms})
    for family, one in wanted:
        rows, weights = segment.postings[Family(family)].column(NUMBERS[one])
        values = zip([f"{family}:{one}"] * len(rows), rows.tolist(), weights.tolist(), strict=True)
        connection.executemany("INSERT INTO postings VALUES (?, ?, ?)", values)

    def ask(plan: Plan) -> list[float]:
        terms = [(f"{t.family.value}:{t.tag_id}", t.weight) for g in plan.groups for c in g.clauses for t in c.terms]
        asked = ", ".join("(?, ?)" for _ in terms)
        query = (
            f"WITH asked (term, factor) AS (VALUES {asked}) SELECT sum(weight * factor) AS score FROM asked "
            f"JOIN postings USING (term) GROUP BY row ORDER BY score DESC, row LIMIT {K}"
        )
        return [score for (score,) in connection.execute(query, [value for term in terms for value in term])]

    return ask


def facets(bench: Bench, hits: HitSet) -> None:
    rows = rows_of(hits.rows, bench.segment.n_rows)
    count_facets([(bench.part, rows)])
    count_tags([(bench.part, rows[:1_000])], TAG_IDS)


def timed(ask: Callable[..., object], plans: Iterable[Any], repeats: int = 3) -> dict[str, float]:
    """Return percentiles in milliseconds; the first round warms up and is not counted."""
    plans, times = list(plans), []
    for round_ in range(repeats + 1):
        for plan in plans:
            start = time.perf_counter()
            ask(plan)
            if round_:
                times.append((time.perf_counter() - start) * 1e3)
    p50, p95, p99 = np.percentile(times, (50, 95, 99))
    return {"p50_ms": round(p50, 3), "p95_ms": round(p95, 3), "p99_ms": round(p99, 3), "searches": len(times)}


def check_agreement(bench: Bench, matrix: Any, sql: Callable[[Plan], list[float]], plans: list[Plan]) -> None:
    """Compare the contestants, and the engine with the hit set made naively."""
    for plan in plans:
        loop = bare_loop(bench, plan).tolist()
        assert loop == public_formula(matrix, plan).tolist() == sql(plan)
        hits, best = engine(bench, plan)
        naive = np.ones(bench.segment.n_rows, np.bool_)
        for group in plan.groups:
            bare_loop(bench, Plan((group,)))
            naive &= bench.scores > 0
        bare_loop(bench, plan)
        assert np.array_equal(rows_of(hits.rows, len(naive)), np.flatnonzero(naive))
        expected = sorted(np.flatnonzero(naive), key=lambda row: (-bench.scores[row], row))[:K]
        assert best.rows.tolist() == expected


def measure(catalogue: ZipfCatalogue, n_queries: int, n_sqlite: int) -> dict[str, Any]:
    start = time.perf_counter()
    segment = Segment(build_arrays(catalogue.table(), N_TAGS + 1))
    seconds = time.perf_counter() - start
    bench = Bench(
        Part.whole(segment, 0, segment.n_rows), draw_plans(n_queries), Scratch(), np.empty(segment.n_rows, np.float32)
    )
    few = bench.plans[:n_sqlite]
    matrix, sql = public_matrix(segment), group_by(segment, few)
    check_agreement(bench, matrix, sql, few)
    postings = [sum(len(rows) for rows, _, _ in columns(segment, plan)) for plan in bench.plans]
    hits = [engine(bench, plan)[0] for plan in bench.plans]
    result = {
        "tracks": segment.n_rows,
        "build_seconds": round(seconds, 2),
        "postings_per_query": {"mean": round(float(np.mean(postings))), "median": round(float(np.median(postings)))},
        "hits_per_query": round(float(np.mean([count(found.rows) for found in hits]))),
        "engine": timed(lambda plan: engine(bench, plan), bench.plans),
        "bare_loop": timed(lambda plan: bare_loop(bench, plan), bench.plans),
        "public_formula": timed(lambda plan: public_formula(matrix, plan), bench.plans),
        "sqlite_group_by": timed(sql, few, repeats=1),
        "facets": timed(lambda found: facets(bench, found), hits),
    }
    for name in ("engine", "public_formula", "sqlite_group_by"):
        result[f"{name}_to_bare_loop"] = round(result[name]["p50_ms"] / result["bare_loop"]["p50_ms"], 2)
    return result


def measure_on_disk(catalogue: ZipfCatalogue, n_queries: int) -> dict[str, Any]:
    """Time the engine over an index on disk: with and without the documents and the facets of a page."""
    with index_on_disk(catalogue, TAG_IDS) as index:
        bare, full = [
            [replace(plan, **values) for plan in draw_plans(n_queries)]
            for values in ({"k": 0}, {"facets": True, "outside": 5})
        ]
        return {
            "engine_call": timed(index.search, draw_plans(n_queries)),
            "engine_call_without_documents": timed(index.search, bare),
            "engine_call_with_facets_and_outside": timed(index.search, full),
        }


def measure_whole_search(catalogue: ZipfCatalogue, n_queries: int) -> dict[str, Any]:
    """Time text to result, with the shipped model's tags, most used first, in place of the invented ones."""
    model = load_model()
    vocabulary = model.vocabulary
    ranked = np.argsort(-vocabulary.counts, kind="stable").tolist()[:N_TAGS]
    ids = ["", *(vocabulary.ids[number] for number in ranked), *TAG_IDS[len(ranked) + 1 :]]
    spelled = ["", *(vocabulary.spellings[number] for number in ranked)]
    texts = [" ".join(f'"{spelled[n]}"' for n in tags) for tags in draw_tag_sets(n_queries, len(ranked))]
    with index_on_disk(catalogue, ids) as index:
        searcher = Searcher(index, model)
        results = [searcher.search(SearchRequest(text)) for text in texts]
        return {
            "whole_search": timed(lambda text: searcher.search(SearchRequest(text)), texts),
            "whole_search_mean_hits": round(float(np.mean([result.total for result in results]))),
            "whole_search_relaxed": sum(bool(result.relaxed) for result in results),
        }


@contextmanager
def index_on_disk(catalogue: ZipfCatalogue, ids: Sequence[str]) -> Iterator[EmbeddedEngine]:
    with tempfile.TemporaryDirectory() as folder:
        index = EmbeddedEngine.open(Path(folder), create=True)
        with index.writer() as writer:
            writer.write(list(catalogue.documents(ids)))
            writer.compact()
        yield index
        index.close()


def machine() -> dict[str, str | int]:
    model = [
        line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    versions = {"python": platform.python_version(), "numpy": np.__version__, "sqlite": sqlite3.sqlite_version}
    return {"processor": model[0] if model else platform.processor(), "cores": len(model), **versions}


@click.command()
@click.option("--tracks", multiple=True, type=int, default=(106_574, 1_000_000), show_default=True, help="Sizes.")
@click.option("--queries", default=200, show_default=True, help="Queries, each asked three times.")
@click.option("--sqlite-queries", default=5, show_default=True, help="Queries for SQLite, each asked once.")
@click.option(
    "--disk-tracks", default=106_574, show_default=True, help="Largest catalogue that is written to disk, too."
)
def main(tracks: tuple[int, ...], queries: int, sqlite_queries: int, disk_tracks: int) -> None:
    """Measure searches over invented tracks; JSON to stdout."""
    results = []
    for n_tracks in tracks:
        print(f"{n_tracks:,} tracks …", file=sys.stderr)
        catalogue = draw_catalogue(n_tracks)
        results.append(measure(catalogue, queries, sqlite_queries))
        if n_tracks <= disk_tracks:
            results[-1] |= measure_on_disk(catalogue, queries) | measure_whole_search(catalogue, queries)
    print(json.dumps({"machine": machine(), "results": results}, indent=2))


if __name__ == "__main__":
    main()
