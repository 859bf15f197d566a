"""`tagkin train audio`: a tagger from the audio of FMA or MTAT, or from a folder of one's own."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import sys
import sysconfig
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from audiomodel.installed import usable_cores
from tagmodel.cli.bars import stage_bars
from tagmodel.cli.options import data_dir_option

if TYPE_CHECKING:
    from audiomodel.tagger import TaggerCard
    from audiomodel.training.clips import Clips
    from audiomodel.training.network import Kind
    from audiomodel.training.options import TrainingOptions
    from audiomodel.training.sources import Source

# What training needs beside the light default install.
_LIBRARIES = ("av", "onnx", "onnxruntime", "safetensors", "sklearn", "soundfile", "soxr", "torch")
STOPPED = 130


@click.command()
@click.option(
    "--data", required=True,
    help="What to learn from: fma-small, mtat, or a folder of audio files with genres or tags written in them.",
)  # fmt: skip
@data_dir_option
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default="tagkin-tagger", show_default=True,
    help="Directory of the tagger; an older tagger there is replaced.",
)  # fmt: skip
@click.option(
    "--run", "run_folder", type=click.Path(path_type=Path, file_okay=False),
    show_default="build/tagger-DATA-NETWORKS-SEED",
    help="Folder of the training: state, log and curves; a training that was stopped goes on from there.",
)  # fmt: skip
@click.option(
    "--network", "kinds", type=click.Choice(["cnn", "crnn", "statistics"]), multiple=True,
    show_default="cnn, statistics",
    help="A residual CNN, the same with a GRU over time, or one of statistics; several answer together, and the "
    "first one makes the vectors.",
)  # fmt: skip
@click.option("--epochs", type=click.IntRange(min=1), show_default="30", help="How often every clip is heard, at most.")
@click.option(
    "--tags-from", type=click.IntRange(min=1), show_default="50", help="Recordings that a tag needs to be learned."
)
@click.option(
    "--compile/--no-compile", "compiled", default=False, show_default=True,
    help="Let torch compile the network: nearly twice as fast, needs a C++ compiler.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of all that is left to chance.")
@click.option(
    "--jobs", type=click.IntRange(min=1), show_default="one a core", help="Processes that decode audio files."
)
def audio(
    data: str,
    data_dir: Path,
    out: Path,
    run_folder: Path | None,
    kinds: tuple[Kind, ...],
    epochs: int | None,
    tags_from: int | None,
    compiled: bool,
    seed: int,
    jobs: int | None,
) -> None:
    """Train a tagger, which hears tags and genres in recordings.

    It takes a GPU where torch sees one, and an hour or two on two cores for fma-small. Stop it with Ctrl-C as you like:
    the same command goes on after the last whole epoch.
    """
    _require_libraries()
    if compiled:
        _require_compiler()
    options = _options(kinds, epochs, tags_from, seed, compiled=compiled)
    began = time.monotonic()
    try:
        card = _train(data, data_dir, options, run_folder, out, jobs or usable_cores())
    except KeyboardInterrupt:
        click.echo(f"\nstopped; this goes on after the last whole epoch: {_typed()}", err=True)
        sys.exit(STOPPED)
    click.echo(f"{out}: {len(card.tags)} tags, {len(card.genres)} top genres, in {_duration(time.monotonic() - began)}")


def _train(
    data: str, data_dir: Path, options: TrainingOptions, run_folder: Path | None, out: Path, jobs: int
) -> TaggerCard:
    from audiomodel.training.making import BadTraining, check_destination, make_tagger
    from audiomodel.training.sources import find_source
    from audiomodel.worker import WorkerFailed
    from tagmodel.datasets import BadDataSet

    try:
        check_destination(out)
        source = find_source(data, data_dir)
        run = run_folder or Path("build", f"tagger-{source.name}-{'-'.join(options.kinds)}-{options.seed}")
        clips = _clips(source, run, jobs)
        return make_tagger(source, clips, options, run, out, _command(source, options), _say)
    except (BadDataSet, BadTraining, WorkerFailed) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{error.filename or out} cannot be read or written: {error.strerror}") from error


def _clips(source: Source, run: Path, jobs: int) -> Clips:
    from audiomodel.training.audio_clips import read_clips

    with stage_bars() as progress:
        clips = read_clips(source, run / "pictures.npz", jobs, _say, progress)
    counts = ", ".join(f"{len(clips.of(split)):,} to {use}" for split, use in _USES.items())
    _say(f"{source.name}: {counts}; the training is in {run}")
    return clips


_USES = {"train": "learn from", "valid": "choose by", "test": "keep for testing"}


def _options(
    kinds: tuple[Kind, ...],
    epochs: int | None,
    tags_from: int | None,
    seed: int,
    *,
    compiled: bool,
) -> TrainingOptions:
    from audiomodel.training.options import TrainingOptions

    default = TrainingOptions()
    return TrainingOptions(
        kinds=kinds or default.kinds,
        epochs=epochs or default.epochs,
        tags_from=tags_from or default.tags_from,
        compiled=compiled,
        seed=seed,
    )


def _command(source: Source, options: TrainingOptions) -> str:
    """Return the command that reproduces a tagger, for its card: it names no place of anybody's machine."""
    from audiomodel.training.sources import FMA_SMALL, MTAT

    data = source.name if source.name in {FMA_SMALL, MTAT} else shlex.quote(source.name)
    networks = " ".join(f"--network {kind}" for kind in options.kinds)
    chosen = f"{networks} --epochs {options.epochs} --tags-from {options.tags_from}"
    how = "--compile " if options.compiled else ""
    return f"tagkin train audio --data {data} {chosen} {how}--seed {options.seed}"


def _require_libraries() -> None:
    missing = [name for name in _LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        raise click.ClickException(f"training needs {', '.join(missing)}: pip install 'tagkin[train]'")


def _require_compiler() -> None:
    import torch

    missing = [] if shutil.which(os.environ.get("CXX", "g++")) else ["a C++ compiler, such as g++"]
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        missing.append("Python's headers, such as python3-dev")
    if missing and not torch.cuda.is_available():
        raise click.ClickException(f"--compile needs {' and '.join(missing)}; install that, or leave --compile out")


def _typed() -> str:
    return shlex.join(["tagkin", *sys.argv[1:]])


def _say(line: str) -> None:
    click.echo(line, err=True)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
