"""`tagkin evaluate suggest`: how often forgotten tags are suggested, beside other methods in the same run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tagmodel.cli.options import data_dir_option

if TYPE_CHECKING:
    from tagmodel.evaluation import ProtocolResult

PART = click.option(
    "--part",
    type=click.Choice(["valid", "test"]),
    default="test",
    show_default=True,
    help="The part that is asked; choices are made on valid only.",
)
SEED = click.option("--seed", default=0, show_default=True, help="Of training, ties and intervals.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
OUTPUT = click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="Also write the figures to this JSON file."
)


@click.command()
@data_dir_option
@PART
@SEED
@AS_JSON
@OUTPUT
def suggest(data_dir: Path, part: str, seed: int, as_json: bool, output: Path | None) -> None:
    """Hide tags of MagnaTagATune clips and see who suggests them.

    Trains on the training part, beside EASE, cosine co-occurrence and popularity. Two protocols: one tag of the 50 most
    used hidden at a time; half of all tags hidden at once, with no artist in both parts.
    """
    from tagmodel.datasets import DATA_SETS
    from tagmodel.datasets.dataset import BadDataSet
    from tagmodel.evaluation import evaluate_suggestion, suggestion_figures
    from tagmodel.evaluation_splits import load_splits

    try:
        items = list(DATA_SETS["mtat"].read_items(data_dir))
    except BadDataSet as error:
        raise click.ClickException(str(error)) from error
    results = evaluate_suggestion(items, load_splits(), part, seed)
    figures = {
        "command": f"tagkin evaluate suggest --part {part} --seed {seed}",
        "results": suggestion_figures(results),
    }
    report(figures, as_json, output)
    if not as_json:
        _print_tables(results)


def report(figures: Mapping[str, object], as_json: bool, output: Path | None) -> None:
    """Write figures to the file and to stdout, where each is asked for."""
    text = json.dumps(figures, indent=1, ensure_ascii=False) + "\n"
    if output is not None:
        output.write_text(text, encoding="utf-8")
    if as_json:
        click.echo(text, nl=False)


def _print_tables(results: Sequence[ProtocolResult]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    for result in results:
        metrics = list(next(iter(result.figures.values())))
        table = Table("Method", *metrics, *(f"tagkin above, {metric}" for metric in metrics), box=None, pad_edge=False)
        for name, values in result.figures.items():
            gains = result.gains.get(name, {})
            table.add_row(
                name,
                *(f"{values[metric]:.3f}" for metric in metrics),
                *("{:+.3f} [{:+.3f}, {:+.3f}]".format(*gains[metric]) if gains else "" for metric in metrics),
            )
        console.print(f"\n[bold]{result.title}[/bold], {result.n_cases:,} cases")
        console.print(table)
        if result.calibration is not None:
            console.print(f"Expected calibration error of the shown probabilities: {result.calibration:.3f}")
