"""What searches find that name a tag which no track has, whole and taken apart into tags that tracks have.

Each tag of the model that no track of an index has, and whose words are tags that tracks do have, is searched by its
words: in quotes, which keep it whole, and without.

    python -m benchmarks.unused_tags --engine tagkin-index > build/unused_tags.json
"""

from __future__ import annotations

import json
import platform
import statistics

import click

from search.engines import open_engine
from search.query import render_tag
from search.result import SearchRequest, SearchResult
from search.searcher import Searcher
from tagmodel.model import load_model

EXAMPLES = 12


@click.command()
@click.option("--engine", default="tagkin-index", show_default=True)
def main(engine: str) -> None:
    index = open_engine(engine)
    searcher = Searcher(index, load_model())
    counts, vocabulary = index.tag_counts(), searcher.model.vocabulary
    unused = [name for tag, name in zip(vocabulary.ids, vocabulary.spellings, strict=True) if not counts.get(tag)]
    rows = []
    for name in (name for name in unused if " " in name):
        apart, whole = (searcher.search(SearchRequest(text)) for text in (name, render_tag(name)))
        if len(apart.query.groups) > 1:
            rows.append((name, whole, apart))
    figures = {
        "machine": f"{platform.machine()}, {platform.python_implementation()} {platform.python_version()}",
        "tracks": index.state().n_tracks,
        "tags of several words that no track has": sum(" " in name for name in unused),
        "of these taken apart": len(rows),
        "whole": figured([whole for _, whole, _ in rows]),
        "apart": figured([apart for _, _, apart in rows]),
        "examples": {name: [whole.total, apart.carry_all] for name, whole, apart in rows[:EXAMPLES]},
    }
    index.close()
    print(json.dumps(figures, indent=2))


def figured(results: list[SearchResult]) -> dict[str, float]:
    return {
        "that find nothing": sum(not result.total for result in results),
        "median hits": statistics.median(result.total for result in results),
        "median tracks that carry all words": statistics.median(result.carry_all for result in results),
        "with a track that carries all words": sum(result.carry_all > 0 for result in results),
    }


if __name__ == "__main__":
    main()
