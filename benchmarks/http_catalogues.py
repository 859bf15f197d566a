"""What `benchmarks.http_load` serves and asks for: catalogues as indexes, and searches drawn from their own tags."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from itertools import combinations, islice
from pathlib import Path

import click
import numpy as np

from benchmarks.http_server import REPOSITORY
from benchmarks.zipf_catalogue import N_TAGS, TAG_IDS, draw_catalogue
from search.document import Document
from search.embedded import EmbeddedEngine
from search.query import render_tag
from search.searcher import Searcher
from tagmodel.folding import fold_tag, tag_id
from tagmodel.model import load_model
from tagmodel.track import Track

QUERIES = 2_000
SINGLE_TAGS = 400  # the most used ones; the other queries are pairs
COMPLETED_TAGS = 10_000
_BATCH = 10_000  # tracks


def catalogue_index(kind: str, data_dir: str, folder: Path) -> Path:
    """Make the index of a catalogue: ``real``, or ``zipf:N``, whose tags are the shipped model's, most used first."""
    name, _, number = kind.partition(":")
    if name == "real":
        return _real_index(data_dir, folder)
    if name != "zipf" or not number.isdecimal():
        raise click.UsageError(f"expected real or zipf:N, such as zipf:106574, got {kind!r}")
    vocabulary = load_model().vocabulary
    most_used = np.argsort(-vocabulary.counts, kind="stable").tolist()[:N_TAGS]
    ids = ["", *(vocabulary.ids[one] for one in most_used), *TAG_IDS[len(most_used) + 1 :]]
    _fill(folder, draw_catalogue(int(number)).documents(ids), {})
    return folder


def _real_index(data_dir: str, folder: Path) -> Path:
    words = ["-m", "tagkin", "index", "mtat", "fma", "--data-dir", data_dir, "--engine", str(folder)]
    made = subprocess.run([sys.executable, *words], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if made.returncode > 1:
        raise click.UsageError(f"{made.stderr.strip()}\nWithout the data sets: --catalogue zipf:31880")
    return folder


def completion_index(folder: Path) -> Path:
    """Make an index with 10,000 tags that the model does not know, each on a track of its own."""
    chance = random.Random(0)
    syllables = [first + vowel for first in "bcdfghjklmnprstvwz" for vowel in "aeiou"]
    names = sorted({"".join(chance.choices(syllables, k=4)) for _ in range(2 * COMPLETED_TAGS)})
    spellings = {tag_id(fold_tag(name)): name for name in chance.sample(names, COMPLETED_TAGS)}
    documents = (
        Document(Track(f"own:{number}", tags=(spelling,)), typed=(one,))
        for number, (one, spelling) in enumerate(spellings.items())
    )
    _fill(folder, documents, spellings)
    return folder


def _fill(folder: Path, documents: Iterator[Document], spellings: Mapping[str, str]) -> None:
    engine = EmbeddedEngine.open(folder, create=True)
    with engine.writer() as writer:
        writer.name_tags(spellings)
        while batch := list(islice(documents, _BATCH)):
            writer.write(batch)
        writer.compact()
    engine.close()


def draw_queries(index: Path) -> list[str]:
    """Draw distinct queries: the most used tags, then pairs of tags of one track, from tracks drawn at random."""
    engine = EmbeddedEngine.open(index)
    spelling = Searcher(engine, load_model()).lexicon.spelling
    counts = engine.tag_counts()
    best = sorted(counts, key=lambda one: (-counts[one], one))[:SINGLE_TAGS]
    queries = dict.fromkeys(render_tag(spelling(one)) for one in best)
    chance = random.Random(0)
    tracks = [document.typed for document in engine.all_documents() if len(document.typed) > 1]
    for typed in chance.sample(tracks, len(tracks)):
        pair = chance.choice(list(combinations(sorted(typed), 2)))
        queries[" ".join(render_tag(spelling(one)) for one in pair)] = None
        if len(queries) == QUERIES:
            break
    engine.close()
    return chance.sample(list(queries), len(queries))
