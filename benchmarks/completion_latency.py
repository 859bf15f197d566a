"""How long does completing a tag take, letter by letter? The lexicon beside a bare loop over all keys in the same run.

    python -m benchmarks.completion_latency --tags 1000 --tags 10000 > completion.json

The tags are invented, of one to three words whose first letters follow those of real tags, and lie in an index on disk.
*first letter* asks for every single letter and digit, *prefixes* for beginnings of the tags themselves, *after a write*
for one letter when a track has just been written, so that counts and ranking are made anew. *bare loop* keeps the keys
that have a word which begins so and sorts them by count: what the lexicon answers, without any table; they must agree.
"""

from __future__ import annotations

import json
import platform
import string
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from search.document import Document
from search.embedded import EmbeddedEngine
from search.lexicon import Lexicon
from tagmodel.folding import fold_tag
from tagmodel.track import Track
from tagmodel.vocabulary import Vocabulary
from tagmodel.vocabulary_building import build_vocabulary

K = 8
REPEATS = 5
LETTERS = string.ascii_lowercase + string.digits
# Shares of first letters of words among the shipped model's tags, per thousand; the rest is spread evenly.
FIRST = {"s": 110, "p": 80, "b": 80, "c": 80, "m": 70, "r": 60, "f": 60, "d": 60, "a": 60, "t": 50, "h": 40, "g": 40}


def invent_tags(n_tags: int, seed: int = 1) -> list[str]:
    """Return different tags of one to three invented words."""
    random = np.random.default_rng(seed)
    weights = np.array([FIRST.get(letter, 10) for letter in LETTERS], float)
    tags: dict[str, None] = {}
    while len(tags) < n_tags:
        words = [
            random.choice(list(LETTERS), p=weights / weights.sum()) + "".join(random.choice(list("aeionrtlsd"), size))
            for size in random.integers(2, 8, random.choice((1, 2, 3), p=(0.5, 0.4, 0.1)))
        ]
        tags[fold_tag(" ".join(words))] = None
    return list(tags)


def all_keys(vocabulary: Vocabulary) -> dict[str, str]:
    """Return the tag id of every key, aliases included."""
    ids = dict(zip(vocabulary.keys, vocabulary.ids, strict=True))
    return ids | {alias: ids[key] for alias, key in vocabulary.aliases.items() if key in ids}


def bare_loop(keys: Mapping[str, str], counts: Mapping[str, int], prefix: str) -> list[str]:
    """Return the ids of the best completions by looking at every key."""
    begun, exact = fold_tag(prefix + "q")[:-1], keys.get(fold_tag(prefix))
    found = [
        (tag != exact, not key.startswith(begun), -counts.get(tag, 0), key, tag)
        for key, tag in keys.items()
        if tag == exact or f" {begun}" in f" {key}"
    ]
    return list(dict.fromkeys(tag for *_, tag in sorted(found)))[:K]


def timed(ask: Callable[[str], object], prefixes: Sequence[str], before: Callable[[], object] | None = None) -> Any:
    """Return percentiles in milliseconds, and the slowest prefix at its best; the first round warms up."""
    times: dict[str, list[float]] = {prefix: [] for prefix in prefixes}
    for round_ in range(REPEATS + 1):
        for prefix in prefixes:
            if before is not None:
                before()
            start = time.perf_counter()
            ask(prefix)
            if round_:
                times[prefix].append((time.perf_counter() - start) * 1e3)
    p50, p99 = np.percentile([took for one in times.values() for took in one], (50, 99))
    slowest = max(times, key=lambda prefix: min(times[prefix]))
    worst = {"prefix": slowest, "ms": round(min(times[slowest]), 3)}
    return {"p50_ms": round(p50, 3), "p99_ms": round(p99, 3), "slowest": worst, "prefixes": len(prefixes)}


def documents(ids: Sequence[str], n_tracks: int = 3_000) -> Iterator[Document]:
    """Yield tracks on which few tags are often and most are seldom."""
    random = np.random.default_rng(2)
    typed: list[list[str]] = [[] for _ in range(n_tracks)]
    for tag, uses in zip(ids, random.zipf(1.5, len(ids)).clip(max=n_tracks // 3).tolist(), strict=True):
        for track in random.choice(n_tracks, uses, replace=False).tolist():
            typed[track].append(tag)
    for number, tags in enumerate(typed):
        yield Document(Track(f"t:{number}"), tuple(tags))


def measure(n_tags: int, n_prefixes: int) -> dict[str, Any]:
    """Time completions over a vocabulary of invented tags."""
    tags, random = invent_tags(n_tags), np.random.default_rng(3)
    vocabulary = build_vocabulary({"invented": dict.fromkeys(tags, 5)})
    cut = zip(random.choice(tags, n_prefixes).tolist(), random.integers(1, 7, n_prefixes).tolist(), strict=True)
    prefixes = [tag[:length] for tag, length in cut]
    with tempfile.TemporaryDirectory() as folder:
        index = EmbeddedEngine.open(Path(folder), create=True)
        write(index, list(documents(vocabulary.ids)))
        result = measure_index(index, vocabulary, prefixes)
        index.close()
    return result


def measure_index(index: EmbeddedEngine, vocabulary: Vocabulary, prefixes: Sequence[str]) -> dict[str, Any]:
    """Time completions over an index, once they agree with the bare loop."""
    lexicon, counts, keys = Lexicon(vocabulary, index), index.tag_counts(), all_keys(vocabulary)

    def complete(prefix: str) -> list[str]:
        return [one.tag_id for one in lexicon.complete(prefix, K)]

    for prefix in (*LETTERS, *prefixes):
        assert complete(prefix) == bare_loop(keys, counts, prefix), prefix
    result = {
        "tags": len(vocabulary),
        "first_letter": timed(complete, LETTERS),
        "prefixes": timed(complete, prefixes),
        "bare_loop": timed(lambda prefix: bare_loop(keys, counts, prefix), prefixes),
        "after_a_write": timed(complete, LETTERS[:5], lambda: write(index, [Document(Track("new"))])),
    }
    result["prefixes_to_bare_loop"] = round(result["prefixes"]["p50_ms"] / result["bare_loop"]["p50_ms"], 4)
    return result


def write(index: EmbeddedEngine, tracks: Sequence[Document]) -> None:
    """Write tracks and commit."""
    with index.writer() as writer:
        writer.write(tracks)
        writer.commit()


def machine() -> dict[str, str | int]:
    """Name the machine that the figures are of."""
    model = [
        line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    versions = {"python": platform.python_version(), "numpy": np.__version__}
    return {"processor": model[0] if model else platform.processor(), "cores": len(model), **versions}


@click.command()
@click.option("--tags", multiple=True, type=int, default=(1_000, 10_000), show_default=True, help="Sizes.")
@click.option("--prefixes", default=500, show_default=True, help="Beginnings of tags, each asked for five times.")
def main(tags: tuple[int, ...], prefixes: int) -> None:
    """Measure completions of invented tags; JSON to stdout."""
    results = []
    for n_tags in tags:
        print(f"{n_tags:,} tags …", file=sys.stderr)
        results.append(measure(n_tags, prefixes))
    print(json.dumps({"machine": machine(), "results": results}, indent=2))


if __name__ == "__main__":
    main()
