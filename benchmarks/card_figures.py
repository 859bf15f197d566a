"""The committed figures as tables on the shipped model's card; the About page shows them from there.

    python -m benchmarks.card_figures

Run after `tagkin evaluate … --output docs/figures/…`; a test holds the card to what this writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tagmodel.model import SHIPPED_MODEL
from tagmodel.storage import add_figures

FIGURES = Path(__file__).parents[1] / "docs" / "figures"

# Protocol → title and what was measured.
_PROTOCOLS = {
    "one hidden, 50 tags, split_25860 test": (
        "One hidden tag of 50.",
        "One tag of a clip is hidden and must be suggested back, on the published split",
    ),
    "half hidden, all tags, artist_disjoint test": (
        "Half of the tags hidden, of all.",
        "Half of the tags of a clip are hidden, and no artist is in training",
    ),
}
_EXPLORED = (
    "The options were first explored on splits that overlap this one, so the figures may be slightly optimistic."
)


def add_committed_figures(model: Path, figures: Path = FIGURES) -> None:
    """Write the figures in a folder onto the card of a model."""
    for file, question, tables in (
        ("evaluate-search.json", "how well a tag that nobody typed is found", search_tables),
        ("evaluate-suggest.json", "how well forgotten tags are suggested", suggest_tables),
    ):
        measured = json.loads((figures / file).read_text(encoding="utf-8"))
        add_figures(model, question, {"command": measured["command"], "tables": list(tables(measured["results"]))})


def search_tables(results: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield a table for each setting of `tagkin evaluate search`."""
    for one in results:
        yield {
            "title": f"{one['variant'][0].upper()}{one['variant'][1:]}.",
            "remark": (
                "A tag is taken off every track, and the search for it must still find them: "
                f"{one['queries']} tags, {one['tracks']:,} tracks of MagnaTagATune. "
                f"In {one['complete matches lost']} of {one['visible queries']} searches for two or three tags a track "
                "that carries them all came behind one that does not."
            ),
            "columns": ["method", "nDCG@10", "tagkin above it", "95 %"],
            "rows": [
                [method, f"{value:.4f}", *_gain(one["tagkin above"].get(method))]
                for method, value in one["nDCG@10"].items()
            ],
        }


def suggest_tables(results: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield a table for each protocol of `tagkin evaluate suggest`; intervals are of its first metric."""
    for one in results:
        title, what = _PROTOCOLS[one["protocol"]]
        metrics = list(one["figures"]["tagkin"])
        error = one["calibration error"]
        off = "" if error is None else f" The probabilities are off by {error:.3f} on average (calibration error)."
        yield {
            "title": title,
            "remark": f"{what}: {one['cases']:,} cases. {_EXPLORED}{off}",
            "columns": ["method", *metrics, f"tagkin above it, {metrics[0]}", "95 %"],
            "rows": [
                [
                    method,
                    *(f"{values[metric]:.4f}" for metric in metrics),
                    *_gain(one["tagkin above"].get(method, {}).get(metrics[0])),
                ]
                for method, values in one["figures"].items()
            ],
        }


def _gain(interval: Sequence[float] | None) -> tuple[str, str]:
    """Write a difference and its interval; nothing for the method itself."""
    if interval is None:
        return "", ""
    mean, low, high = interval
    return f"{mean:.4f}", f"{low:.4f} to {high:.4f}"


if __name__ == "__main__":
    add_committed_figures(SHIPPED_MODEL)
