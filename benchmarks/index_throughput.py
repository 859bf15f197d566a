"""How many tracks a second go into the embedded index? With and without expansion, beside plain SQLite.

    python -m benchmarks.index_throughput > throughput.json

The tracks are invented after the two data sets of the demo: one in six carries many tags, as an MTAT song does (9.8 on
average), the others one to seven genres, as an FMA track does. *into SQLite* is everything between a `Track` and its
durable row: ids and digests, canonical tags, implied tags, encoding, a synced commit every 2,000 rows. *ready* goes
further: with the snapshots that the writer makes on the way and at the end, as `tagkin index` does it. *plain SQLite*
is `executemany` of the very rows that the engine stored, into a table of the same columns with the same commits: the
floor. *distinct* has ten tags on every track, hardly two tracks alike. Rates are by wall clock and, for machines that
do other things as well, by processor time, each the best of the repeats.
"""

from __future__ import annotations

import gc
import json
import platform
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import NamedTuple

import click

from indexer.entries import Entry, Found
from indexer.loading import BATCH_SIZE, load_catalogue
from indexer.rejects import Rejects
from search.embedded.store import INSERT_TRACK
from search.engines import open_engine
from search.enrichment import Enricher
from tagmodel.model import TagModel, load_model
from tagmodel.track import Track

# Share in 1/1000 of MTAT's songs with 0, 1, 2, … tags, and of FMA's tracks with 1, 2, … genres.
MTAT_TAG_COUNTS = (
    18,
    24,
    34,
    51,
    56,
    66,
    63,
    72,
    74,
    67,
    67,
    63,
    54,
    56,
    44,
    37,
    28,
    22,
    23,
    17,
    15,
    9,
    11,
    8,
    4,
    4,
    10,
)
FMA_GENRE_COUNTS = (0, 272, 360, 249, 88, 22, 5, 4)
MTAT_SHARE = 1 / 6
N_GENRES = 163
N_ARTISTS = 9_000
DISTINCT_TAGS = 10


class Seconds(NamedTuple):
    """What a run took."""

    wall: float
    cpu: float


class Stopwatch:
    """Measures from its making."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def seconds(self) -> Seconds:
        """Return the time since then."""
        return Seconds(time.perf_counter() - self._wall, time.process_time() - self._cpu)


class Silence:
    """Progress that nobody reads."""

    def say(self, text: str) -> None:
        """Show nothing."""

    def begin(self, label: str, unit: str = "rows") -> None:
        """Begin nothing."""

    def advance(self, n: int) -> None:
        """Count nothing."""


@dataclass(frozen=True)
class ReadyTracks:
    """A catalogue that costs nothing to read."""

    tracks: Sequence[Track]
    name: str = "bench"
    label: str = "bench"
    rereadable: bool = True

    def entries(self) -> Iterator[Entry]:
        """Yield the tracks."""
        return (Found(line, track) for line, track in enumerate(self.tracks, 1))


def draw_tracks(model: TagModel, n: int, seed: int, distinct: bool) -> list[Track]:
    dice = Random(seed)
    by_use = sorted(zip((-model.vocabulary.counts).tolist(), model.vocabulary.spellings, strict=True))
    spellings = [spelling for _, spelling in by_use]
    zipf = list(accumulate(1 / (rank + 3) for rank in range(len(spellings))))
    genres, genre_zipf = spellings[:N_GENRES], zipf[:N_GENRES]
    words = [spelling.title() for spelling in spellings]
    tracks = []
    for at in range(n):
        rich = distinct or dice.random() < MTAT_SHARE
        if distinct:
            count = DISTINCT_TAGS
        else:
            weights = MTAT_TAG_COUNTS if rich else FMA_GENRE_COUNTS
            count = dice.choices(range(len(weights)), weights)[0]
        drawn = dice.choices(
            *(spellings, None) if rich else (genres, None), cum_weights=zipf if rich else genre_zipf, k=count
        )
        tags = tuple(dict.fromkeys(drawn))
        artist = f"{words[at % 97]} {words[dice.randrange(N_ARTISTS) % len(words)]}"
        title = f"{dice.choice(words)} {dice.choice(words)} {at % 13}"
        url = f"https://example.org/{at}"
        genre = "" if rich else tags[0]
        tracks.append(Track(f"bench:{at}", title, artist, "", genre, "", 180.0 + at % 99, None, url, "bench", tags))
    return tracks


def best_of(repeats: int, run: Callable[[Path], Seconds]) -> Seconds:
    taken = []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            taken.append(run(Path(folder)))
    return Seconds(min(each.wall for each in taken), min(each.cpu for each in taken))


def load_seconds(folder: Path, tracks: Sequence[Track], model: TagModel, expand: bool, snapshots: bool) -> Seconds:
    with (
        closing(open_engine(str(folder / "index"), create=True)) as engine,
        engine.writer() as writer,
        Rejects(None, print) as rejects,
    ):
        if not snapshots:
            writer._has_grown = lambda _mark: False  # the engine's own switch for compaction on the way
        enricher = Enricher(model, expand)
        watch = Stopwatch()
        load_catalogue(ReadyTracks(tracks), engine, writer, enricher, rejects=rejects, progress=Silence())
        if snapshots:
            writer.compact()
        return watch.seconds()


def stored_rows(folder: Path, tracks: Sequence[Track], model: TagModel, expand: bool) -> list[tuple[object, ...]]:
    load_seconds(folder, tracks, model, expand, snapshots=False)
    with closing(sqlite3.connect(folder / "index" / "index.sqlite")) as connection:
        columns = INSERT_TRACK.partition("(")[2].partition(")")[0]
        return connection.execute(f"SELECT {columns} FROM tracks ORDER BY n").fetchall()


def plain_seconds(folder: Path, rows: Sequence[tuple[object, ...]]) -> Seconds:
    with closing(sqlite3.connect(folder / "plain.sqlite", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        columns = INSERT_TRACK.partition("(")[2].partition(")")[0]
        connection.execute(
            f"CREATE TABLE tracks (n INTEGER PRIMARY KEY, {columns.replace('track_id', 'track_id UNIQUE')})"
        )
        watch = Stopwatch()
        for at in range(0, len(rows), BATCH_SIZE):
            connection.execute("BEGIN")
            connection.executemany(INSERT_TRACK, rows[at : at + BATCH_SIZE])
            connection.execute("COMMIT")
        return watch.seconds()


def measure(tracks: Sequence[Track], model: TagModel, expand: bool, repeats: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        rows = stored_rows(Path(folder), tracks, model, expand)
    plain = best_of(repeats, lambda folder: plain_seconds(folder, rows))
    into = best_of(repeats, lambda folder: load_seconds(folder, tracks, model, expand, snapshots=False))
    ready = best_of(repeats, lambda folder: load_seconds(folder, tracks, model, expand, snapshots=True))
    taken = {"into_sqlite": into, "ready": ready, "plain_sqlite": plain}
    rates = {f"{name}_tracks_per_s": round(len(tracks) / seconds.wall) for name, seconds in taken.items()}
    rates |= {f"{name}_tracks_per_cpu_s": round(len(tracks) / seconds.cpu) for name, seconds in taken.items()}
    return {**rates, "into_sqlite_times_plain": round(into.wall / plain.wall, 2)}


@click.command()
@click.option("--tracks", "n_tracks", default=106_574, show_default=True, help="As many as the whole FMA.")
@click.option("--repeats", default=3, show_default=True, help="The best of so many runs counts.")
@click.option("--seed", default=0, show_default=True, help="Of the invented tracks.")
def main(n_tracks: int, repeats: int, seed: int) -> None:
    """Print figures as JSON."""
    model = load_model()
    like_real, distinct = (draw_tracks(model, n_tracks, seed, distinct) for distinct in (False, True))
    gc.collect()
    gc.freeze()  # a real run does not hold its tracks: the collector need not look at them again and again
    figures = {
        "machine": f"{platform.machine()}, {platform.system()} {platform.release()}",
        "processor": processor_name(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "model": model.model_id,
        "n_tracks": n_tracks,
        "tags_per_track": round(sum(len(track.tags) for track in like_real) / n_tracks, 2),
        "distinct_tag_sets": len({track.tags for track in like_real}),
        "without_expansion": measure(like_real, model, False, repeats),
        "with_expansion": measure(like_real, model, True, repeats),
        "with_expansion_distinct": measure(distinct, model, True, repeats),
    }
    json.dump(figures, sys.stdout, indent=2)
    print()


def processor_name() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


if __name__ == "__main__":
    main()
