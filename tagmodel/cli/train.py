"""`tagkin train tags`: a tag model from published data sets, a catalogue of one's own, or both."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tagmodel.cli.bars import stage_bars
from tagmodel.cli.options import data_dir_option

if TYPE_CHECKING:
    from tagmodel.datasets import Item
    from tagmodel.datasets.corpus import Corpus

# What training needs beside the light default install.
_LIBRARIES = ("gensim", "implicit", "threadpoolctl")


def _parse_names(_context: click.Context, _option: click.Parameter, text: str) -> tuple[str, ...]:
    """Split names of data sets; refuse unknown ones."""
    from tagmodel.datasets import DATA_SETS

    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    unknown = [name for name in names if name not in DATA_SETS]
    if unknown:
        raise click.BadParameter(f"there is no data set {unknown[0]!r}; there are {', '.join(DATA_SETS)}")
    return names


@click.command()
@click.option(
    "--data", "names", default="", callback=_parse_names, show_default="all five, or none with --catalogue",
    help="Data sets, with commas between: mtat,fma,jamendo,lastfm,musiccaps.",
)  # fmt: skip
@click.option(
    "--catalogue", type=click.Path(path_type=Path, exists=True, dir_okay=False), show_default="none",
    help="Tracks of your own: what `tagkin export` writes, CSV with a column 'tags', or plain lines of tags.",
)  # fmt: skip
@data_dir_option
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default="tagkin-model", show_default=True,
    help="Directory of the model; an older model there is replaced.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Same seed, same files.")
def tags(names: tuple[str, ...], catalogue: Path | None, data_dir: Path, out: Path, seed: int) -> None:
    """Train the tag model: which tags are kin, what a set of tags implies, the map of tags.

    Two runs on the same data with the same seed give identical files. Serve with the model by --model DIR or
    TAGKIN_MODEL=DIR, then run `tagkin index --reexpand`.
    """
    _require_libraries()
    corpus = _read_corpus(names, catalogue, data_dir)
    _train_and_save(corpus, out, seed, _command(names, catalogue, seed))


def _read_corpus(names: tuple[str, ...], catalogue: Path | None, data_dir: Path) -> Corpus:
    from tagmodel.catalogue import read_catalogue_items
    from tagmodel.datasets import DATA_SETS
    from tagmodel.training import read_training_corpus

    try:
        own: list[Item] = list(read_catalogue_items(catalogue)) if catalogue else []
        chosen = names or (() if catalogue else tuple(DATA_SETS))
        return read_training_corpus(chosen, data_dir, own)
    except ValueError as error:  # BadCatalogue, BadDataSet, BadVocabulary
        raise click.ClickException(str(error)) from error


def _train_and_save(corpus: Corpus, out: Path, seed: int, command: str) -> None:
    from tagmodel.model import BadModel, save_model
    from tagmodel.storage import check_destination
    from tagmodel.training import train_tag_model

    try:
        check_destination(out)
        with stage_bars() as progress:
            model = train_tag_model(corpus, seed=seed, command=command, progress=progress)
        save_model(model, out)
    except BadModel as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(
            f"the model cannot be written to {out}: {error.strerror}; nothing changed"
        ) from error
    click.echo(f"{out}: model {model.model_id}, {len(model.vocabulary):,} tags")


def _require_libraries() -> None:
    missing = [name for name in _LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        raise click.ClickException(f"training needs {', '.join(missing)}: pip install 'tagkin[train]'")


def _command(names: tuple[str, ...], catalogue: Path | None, seed: int) -> str:
    """Return the command that reproduces a model, for its card."""
    from tagmodel.datasets import DATA_SETS

    chosen = names or (() if catalogue else tuple(DATA_SETS))
    data = [f"--data {','.join(chosen)}"] if chosen else []
    own = [f"--catalogue {catalogue.name}"] if catalogue else []
    return " ".join(["tagkin train tags", *data, *own, f"--seed {seed}"])
