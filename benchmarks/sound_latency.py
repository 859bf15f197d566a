"""How long does a search by sound take? The embedded engine beside a bare multiplication of the same vectors.

    python -m benchmarks.sound_latency --tracks 106574 > sound.json

*bare* multiplies the matrix of whole numbers, turned into float32 as one, with the target, and takes the best 20 by
``np.argpartition``; *float32 kept* does so with a matrix that is float32 already, four times as large. *engine* is the
whole call with its 20 documents and their moments. *mixed* has half of the score from tags, *narrowed* demands a tag
besides. *page* is a search by tags alone over the same index, and over one in which nobody listened to anything: what
sound costs those who do not ask for it.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.search_latency import K, machine, timed
from benchmarks.zipf_catalogue import TAG_IDS, ZipfCatalogue, draw_catalogue, draw_plans
from search.document import Document
from search.embedded import EmbeddedEngine
from search.plan import SHARES, Plan, SoundTarget
from search.sound import MOST_MOMENTS, SOUND_DIMENSIONS, SOUND_PRODUCT, Moment, Sound, quantize, units_of

_TRACKS_AT_ONCE = 5_000


def draw_vectors(n_tracks: int, seed: int = 2) -> list[bytes]:
    """Draw vectors around as many centers as there are genres, so that some are near each other."""
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(16, SOUND_DIMENSIONS))
    return [quantize(centers[i % 16] + rng.normal(size=SOUND_DIMENSIONS)) for i in range(n_tracks)]


def with_sounds(documents: Iterator[Document], vectors: Sequence[bytes], n_moments: int) -> Iterator[Document]:
    for document, vector in zip(documents, vectors, strict=True):
        moments = tuple(Moment(15.0 * at, 30.0, vector, TAG_IDS[1:4]) for at in range(n_moments))
        sound = Sound(vector, moments, 240.0, 97.5, 0.5, "A minor", 0.5, "0" * 32, "0" * 16, "ok", "Rock", "a/b/c.mp3")
        yield replace(document, sound=sound)


@contextmanager
def index_on_disk(documents: Iterator[Document]) -> Iterator[tuple[EmbeddedEngine, int]]:
    """Write an index, and return it with its size in bytes."""
    with tempfile.TemporaryDirectory() as folder:
        index = EmbeddedEngine.open(Path(folder), create=True)
        with index.writer() as writer:
            batch: list[Document] = []
            for document in documents:
                batch.append(document)
                if len(batch) == _TRACKS_AT_ONCE:
                    writer.write(batch)
                    batch = []
            writer.write(batch)
            writer.compact()
        yield index, sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        index.close()


def bare(matrix: NDArray[Any], target: bytes) -> NDArray[np.float32]:
    """Return the best products, largest first."""
    products = matrix.astype(np.float32, copy=False) @ units_of(target).astype(np.float32)
    best: NDArray[np.float32] = np.sort(products[np.argpartition(products, -K)[-K:]])[::-1]
    return best


def check_agreement(index: EmbeddedEngine, matrix: NDArray[Any], plans: Sequence[Plan]) -> None:
    for plan in plans:
        assert plan.sound is not None
        scores = [hit.score for hit in index.search(plan).hits]
        assert scores == [(SOUND_PRODUCT + product) / 2 / SOUND_PRODUCT for product in bare(matrix, plan.sound.vector)]


def measure_pages(documents: Iterator[Document], plans: Sequence[Plan]) -> tuple[dict[str, float], int]:
    with index_on_disk(documents) as (index, size):
        return timed(index.search, plans), size


def measure(catalogue: ZipfCatalogue, n_queries: int, n_moments: int) -> dict[str, Any]:
    n_tracks = len(catalogue.typed_lengths)
    vectors = draw_vectors(n_tracks)
    matrix = np.frombuffer(b"".join(vectors), np.int8).reshape(-1, SOUND_DIMENSIONS)
    pages = draw_plans(n_queries)
    asked = vectors[:n_queries]
    pure = [Plan(sound=SoundTarget(vector), k=K) for vector in asked]
    mixed = [replace(page, sound=SoundTarget(vector, SHARES // 2)) for page, vector in zip(pages, asked, strict=True)]
    narrowed = [replace(one, groups=one.groups[-1:]) for one in mixed]
    result: dict[str, Any] = {"tracks": n_tracks, "moments": n_moments}
    result["page_without_sound"], size_without = measure_pages(catalogue.documents(TAG_IDS), pages)
    with index_on_disk(with_sounds(catalogue.documents(TAG_IDS), vectors, n_moments)) as (index, size):
        check_agreement(index, matrix, pure[:3])
        result |= {
            "engine": timed(index.search, pure),
            "engine_without_documents": timed(index.search, [replace(one, k=0) for one in pure]),
            "mixed": timed(index.search, mixed),
            "narrowed": timed(index.search, narrowed),
            "page_with_sound": timed(index.search, pages),
            "bare": timed(lambda vector: bare(matrix, vector), asked),
            "bytes_a_track": {"without_sound": size_without // n_tracks, "with_sound": size // n_tracks},
        }
        kept = matrix.astype(np.float32)
        result["float32_kept"] = timed(lambda vector: bare(kept, vector), asked)
    result["engine_to_bare"] = round(result["engine"]["p50_ms"] / result["bare"]["p50_ms"], 2)
    return result


@click.command()
@click.option("--tracks", default=106_574, show_default=True, help="Tracks, all with sound.")
@click.option("--queries", default=50, show_default=True, help="Queries, each asked three times.")
@click.option("--moments", default=MOST_MOMENTS, show_default=True, help="Moments of each track.")
def main(tracks: int, queries: int, moments: int) -> None:
    """Measure searches by sound over invented tracks; JSON to stdout."""
    print(f"{tracks:,} tracks …", file=sys.stderr)
    print(json.dumps({"machine": machine(), **measure(draw_catalogue(tracks), queries, moments)}, indent=2))


if __name__ == "__main__":
    main()
