"""The card of a tagger for people, `card.md`, written from the card for programs, so that the two cannot differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from audiomodel.tagger import TaggerCard

_CONTENTS = """\
`model.onnx` (the network, run by onnxruntime), `reference.npz` (what it knows of the music it learned from: arrays,
never pickled), `card.json` (this card for programs, with calibration and cut-offs)."""


def card_markdown(card: TaggerCard) -> str:
    """Write the card of a tagger as Markdown.

    Its ``options`` hold the ``command`` that made it, its ``figures`` are numbers by split and name.
    """
    certain = [tag for tag, cutoff in zip(card.tags, card.tag_cutoffs, strict=True) if cutoff <= 1]
    options = {name: value for name, value in card.options.items() if name != "command"}
    parts = [
        f"# Tagger `{card.name}`",
        card.hears,
        *([f"Trained by:\n\n```sh\n{card.options['command']}\n```"] if "command" in card.options else []),
        _CONTENTS,
        "## What it hears",
        f"**Top genres ({len(card.genres)}).** {', '.join(card.genres) or 'none'}.",
        f"**Tags ({len(card.tags)}).** {', '.join(card.tags)}.",
        f"Of these {len(certain)} can be certain: above the cut-off of each, enough validation clips really had it. "
        "The others are named with their probability alone.",
        "It keeps quiet about music that is unlike what it learned from: a recording further from the training clips "
        "than 19 of 20 validation clips gets no tags.",
        "## Data",
        f"{card.data}.",
        f"**Licence.** {card.licence}.",
        "## Measured",
        *_figures(card.figures),
        "## Options",
        _table(("option", "value"), ((f"`{name}`", _shown(value)) for name, value in _flat(options))),
    ]
    return "\n\n".join(parts) + "\n"


def _figures(figures: Mapping[str, Any]) -> list[str]:
    tables = [
        f"**{name}**\n\n{_table(('figure', 'value'), ((key, _shown(value)) for key, value in values.items()))}"
        for name, values in figures.items()
        if isinstance(values, Mapping)
    ]
    single = [f"{name}: {_shown(value)}" for name, value in figures.items() if not isinstance(value, Mapping)]
    return [*tables, *single] or ["Nothing was measured."]


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(header), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)
