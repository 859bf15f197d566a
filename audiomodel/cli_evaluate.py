"""`tagkin evaluate audio`: how well a tagger hears tags, recognizes excerpts and finds what is alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tagmodel.cli.evaluate import AS_JSON, OUTPUT, PART, SEED, report
from tagmodel.cli.options import data_dir_option

if TYPE_CHECKING:
    from audiomodel.tagger import Tagger
    from audiomodel.training.clips import Clips

_VGGISH = "fma_small_vggish128.npz"
# What is read from the folder of audio, beside recordings.
_PREPARED = ("fma_small_mel64.npz", "fma_small_labels.csv", _VGGISH)


@click.command()
@data_dir_option
@click.option(
    "--tagger",
    "places",
    type=click.Path(path_type=Path, file_okay=False),
    multiple=True,
    help="Directory of a tagger. Further ones are only measured by how they tag clips, for mean and spread over seeds "
    "or a comparison.  [default: the shipped one]",
)
@PART
@SEED
@AS_JSON
@OUTPUT
def audio(
    data_dir: Path, places: tuple[Path, ...], part: str, seed: int, as_json: bool, output: Path | None
) -> None:
    """Let a tagger hear the clips of fma_small and the demo recordings.

    Genres and tags of clips whole and cut short, with calibration, beside logistic regression on mel statistics and on
    VGGish; excerpts of real recordings among all clips, clean and with noise by telephone; genres of the nearest clips
    of other artists; and hidden tags, by what was typed, heard, and both.
    """
    from audiomodel.tagger import TaggerMissing, load_tagger
    from audiomodel.training.prepared import prepared_fma_small

    _check_data(data_dir, part)
    try:
        taggers = [load_tagger(place) for place in places or (None,)]
        clips = prepared_fma_small(data_dir / "audio")
    except (TaggerMissing, OSError) as error:
        raise click.ClickException(str(error)) from error
    measured = [_tag_figures(tagger, clips, part) for tagger in taggers]
    measured[0] |= _other_figures(taggers[0], clips, part, seed, data_dir)
    figures = {
        "command": f"tagkin evaluate audio --part {part} --seed {seed}",
        "yardsticks": _yardsticks(clips, part, data_dir),
        "taggers": measured,
        "over_seeds": over_seeds(measured),
    }
    report(figures, as_json, output)
    if not as_json:
        _print(figures)


def _check_data(data_dir: Path, part: str) -> None:
    """Refuse to begin without what is read only after minutes of hearing."""
    from audiomodel.evaluation.excerpts import demo_recordings
    from tagmodel.datasets import DATA_SETS, BadDataSet
    from tagmodel.datasets.files import require_file

    slip = "is the data directory right (--data-dir, TAGKIN_DATA)?"
    for name in _PREPARED:
        if not (data_dir / "audio" / name).is_file():
            raise click.ClickException(f"expected {data_dir / 'audio' / name}, got nothing; {slip}")
    if not demo_recordings(data_dir / "audio" / "demo"):
        raise click.ClickException(f"expected recordings in {data_dir / 'audio' / 'demo'} (.mp3), found none; {slip}")
    fma = DATA_SETS["fma"]
    try:
        for file in fma.files if part == "test" else ():
            require_file(data_dir, file, fma.source)
    except BadDataSet as error:
        raise click.ClickException(str(error)) from error


def _yardsticks(clips: Clips, part: str, data_dir: Path) -> dict[str, Any]:
    from audiomodel.evaluation.neighbors import NEAREST, genre_precision
    from audiomodel.evaluation.tags import mel_statistics, vggish_embeddings, yardsticks

    vggish = data_dir / "audio" / _VGGISH
    found: dict[str, Any] = {name: dict(values) for name, values in yardsticks(clips, part, vggish).items()}
    vectors = {"mel statistics": mel_statistics(clips.levels), "VGGish": vggish_embeddings(vggish, clips)}
    for name, values in vectors.items():
        found[name][f"genre_precision_at_{NEAREST}"] = genre_precision(values, clips, part, spread=True)
    return found


def _tag_figures(tagger: Tagger, clips: Clips, part: str) -> dict[str, Any]:
    from audiomodel.evaluation.tags import tagger_figures

    options = tagger.card.options
    return {
        "tagger": tagger.card.name,
        "tagger_id": tagger.tagger_id,
        "networks": " + ".join(options.get("kinds", ())),
        "seed": options.get("seed"),
        "clips": tagger_figures(tagger, clips, part),
    }


def _other_figures(tagger: Tagger, clips: Clips, part: str, seed: int, data_dir: Path) -> dict[str, Any]:
    from audiomodel.evaluation.abstaining import abstaining_figures
    from audiomodel.evaluation.excerpts import demo_recordings, excerpt_figures, known_clips
    from audiomodel.evaluation.fused import fused_figures
    from audiomodel.evaluation.neighbors import NEAREST, genre_precision

    known = known_clips(tagger, clips.levels)
    recordings = demo_recordings(data_dir / "audio" / "demo")
    return {
        f"genre_precision_at_{NEAREST}": genre_precision(known.vectors, clips, part),
        "excerpts": excerpt_figures(tagger, recordings, known, seed),
        "abstains": abstaining_figures(tagger, clips, part, recordings),
        "typed_and_heard": fused_figures(tagger, clips, data_dir, seed) if part == "test" else {},
    }


def over_seeds(measured: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return mean and spread (standard deviation) of the figures of taggers that differ by their seed, by length.

    Those of the same networks go together; where there is one alone, it is left out.
    """
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for one in measured:
        groups.setdefault(one["networks"], []).append(one["clips"])
    return {
        name: {"n_seeds": len(runs), **{length: _spread([run[length] for run in runs]) for length in runs[0]}}
        for name, runs in groups.items()
        if len(runs) > 1
    }


def _spread(runs: Sequence[Mapping[str, float]]) -> dict[str, tuple[float, float]]:
    from statistics import mean, stdev

    names = ("accuracy", "roc_auc", "pr_auc")
    return {name: (mean(run[name] for run in runs), stdev(run[name] for run in runs)) for name in names}


def _print(figures: Mapping[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    columns = ("accuracy", "roc_auc", "pr_auc", "calibration_error", "brier_skill")
    table = Table("Who", "Length", *columns, box=None, pad_edge=False)
    for name, values in figures["yardsticks"].items():
        table.add_row(name, "whole", *_cells(values, columns))
    for one in figures["taggers"]:
        for length, values in one["clips"].items():
            table.add_row(f"{one['tagger']} {one['tagger_id'][:6]}", length, *_cells(values, columns))
    for kind, lengths in figures["over_seeds"].items():
        for length, pairs in ((name, value) for name, value in lengths.items() if name != "n_seeds"):
            cells = [f"{pair[0]:.3f} ± {pair[1]:.3f}" for pair in pairs.values()]
            table.add_row(f"{kind}, {lengths['n_seeds']} seeds", length, *cells)
    console.print(table)
    for one in figures["taggers"]:
        console.print_json(data={name: value for name, value in one.items() if name != "clips"})


def _cells(values: Mapping[str, float], columns: Sequence[str]) -> list[str]:
    return [f"{values[column]:.3f}" if column in values else "" for column in columns]
