"""The card of a model for people, written from the card for programs, so that the two cannot differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_CONTENTS = """\
`vocabulary.json` (tags, spellings, aliases), `model.npz` (arrays, never pickled; float16 where that is enough),
`card.json` (this card for programs, with checksums)."""


def card_markdown(card: Mapping[str, Any]) -> str:
    """Write the card of a model as Markdown.

    Parameters
    ----------
    card
        What `tagmodel.training.make_card` gave, with ``figures`` where some were added (`storage.add_figures`): by
        question the ``command`` that reproduces them and ``tables`` of title, remark, columns and rows.
    """
    parts = [
        f"# Tag model `{card['model_id']}`",
        f"{card['n_tags']:,} tags, seed {card['seed']}. Trained by:",
        f"```sh\n{card['command']}\n```",
        _CONTENTS,
        "## Data",
        _table(("data set", "part", "items", "licence", "source", "sha256 of item ids"), map(_data_row, card["data"])),
        f"**Use.** {card['use']}",
        "## Options",
        _table(("part", "options"), ((f"`{part}`", _options(values)) for part, values in card["options"].items())),
        *_figures(card.get("figures", {})),
    ]
    return "\n\n".join(parts) + "\n"


def _data_row(data: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        data["title"],
        data["part"],
        f"{data['n_items']:,}",
        data["licence"],
        data["source"],
        f"`{data['items_sha256'][:12]}…`",
    )


def _options(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in values.items())


def _figures(figures: Mapping[str, Any]) -> list[str]:
    """Write what was measured: for each question its tables and the command that reproduces them."""
    return [
        part
        for question, measured in figures.items()
        for part in (
            f"## Measured: {question}",
            f"Reproduced by `{measured['command']}`; intervals are 95 %.",
            *(
                f"**{table['title']}** {table['remark']}\n\n{_table(table['columns'], table['rows'])}"
                for table in measured["tables"]
            ),
        )
    ]


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(header), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)
