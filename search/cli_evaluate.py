"""`tagkin evaluate search`: whether tracks are found by a tag that nobody typed on them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tagmodel.cli.evaluate import AS_JSON, OUTPUT, PART, SEED, report
from tagmodel.cli.options import data_dir_option

if TYPE_CHECKING:
    from search.evaluation import HiddenWordResult, VisibleResult

# Names of the settings, for the option; search.evaluation says what each is.
SETTINGS = ("published", "artist-disjoint", "merged")


@click.command()
@data_dir_option
@click.option(
    "--setting",
    "settings",
    multiple=True,
    type=click.Choice(SETTINGS),
    help="Only this setting; may be repeated.  [default: all three]",
)
@click.option(
    "--model",
    "model_path",
    type=click.Path(path_type=Path, file_okay=False),
    help="Measure this model; refused unless its card lists exactly the training clips. Default: train one.",
)
@PART
@SEED
@AS_JSON
@OUTPUT
def search(
    data_dir: Path,
    settings: tuple[str, ...],
    model_path: Path | None,
    part: str,
    seed: int,
    as_json: bool,
    output: Path | None,
) -> None:
    """Take a tag off every MagnaTagATune clip and search for it.

    The 50 most used tags are asked for, one after the other; a clip is relevant if it really had the tag. Settings: the
    published split (published), one without common artists (artist-disjoint), synonyms merged (merged). Clips are
    indexed and searched as the product does it, with a model trained on the training part, beside EASE and cosine
    co-occurrence. Then two and three tags are asked for that are all there, with and without kin.
    """
    from search.evaluation import SeenItems, search_figures
    from tagmodel.datasets.dataset import BadDataSet
    from tagmodel.storage import ModelMissing

    try:
        results = list(_evaluate(data_dir, settings, model_path, part, seed))
    except (BadDataSet, SeenItems, ModelMissing) as error:
        raise click.ClickException(str(error)) from error
    command = f"tagkin evaluate search --part {part} --seed {seed}"
    report({"command": command, "results": search_figures(results)}, as_json, output)
    if not as_json:
        _print_tables(results)


def _evaluate(
    data_dir: Path, settings: Sequence[str], model_path: Path | None, part: str, seed: int
) -> Iterator[tuple[HiddenWordResult, VisibleResult]]:
    from search.evaluation import VARIANTS, evaluate_model, evaluate_search
    from tagmodel.datasets import DATA_SETS
    from tagmodel.evaluation_splits import load_splits
    from tagmodel.model import load_model

    model = None if model_path is None else load_model(model_path)
    items, splits = list(DATA_SETS["mtat"].read_items(data_dir)), load_splits()
    for name, variant in zip(SETTINGS, VARIANTS, strict=True):
        if settings and name not in settings:
            continue
        click.echo(f"{variant.name} …", err=True)
        with tempfile.TemporaryDirectory(prefix="tagkin-evaluate-") as directory:
            if model is None:
                yield evaluate_search(items, splits, variant, Path(directory), part, seed)
            else:
                yield evaluate_model(model, items, splits, variant, Path(directory), part, seed)


def _print_tables(results: Sequence[tuple[HiddenWordResult, VisibleResult]]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    for hidden, visible in results:
        table = Table("Method", "nDCG@10", "tagkin above", box=None, pad_edge=False)
        for name, value in hidden.figures.items():
            gain = "{:+.3f} [{:+.3f}, {:+.3f}]".format(*hidden.gains[name]) if name in hidden.gains else ""
            table.add_row(name, f"{value:.3f}", gain)
        console.print(
            f"\n[bold]{hidden.variant.name}[/bold], {hidden.part}: "
            f"{hidden.n_queries} hidden tags, {hidden.n_tracks:,} clips"
        )
        console.print(table)
        for n_tags, (plain, expanded) in visible.figures.items():
            console.print(
                f"{n_tags} visible tags: complete matches' nDCG@10 {plain:.3f} plain, {expanded:.3f} expanded"
            )
        console.print(f"Complete matches lost by expansion, of {visible.n_queries} queries: {visible.lost}")
