"""From clips to an installed tagger: a training in a folder of its own, resumable, with its curves and its card."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from audiomodel.front_end import FrontEnd
from audiomodel.tagger import TaggerCard
from audiomodel.training.card import card_markdown
from audiomodel.training.clips import Clips
from audiomodel.training.curves import write_curves
from audiomodel.training.installing import install
from audiomodel.training.measuring import Measurement
from audiomodel.training.network import Tagger
from audiomodel.training.options import TrainingOptions
from audiomodel.training.sources import Source
from audiomodel.training.targets import Targets
from audiomodel.training.teaching import ask_teachers
from audiomodel.training.trainer import Trainer, best_network

# What a tagger consists of; a directory with anything else is not one to replace.
FILES = frozenset({"model.onnx", "card.json", "card.md", "reference.npz"})


class BadTraining(ValueError):
    """A training cannot begin, go on or end where it was asked to; the message says why."""


def make_tagger(
    source: Source,
    clips: Clips,
    options: TrainingOptions,
    run: Path,
    out: Path,
    command: str,
    say: Callable[[str], None],
) -> TaggerCard:
    """Train a network, or go on with it, and install the best one by validation.

    Parameters
    ----------
    run
        Folder of the training: its state, log, curves and best network.
    out
        Directory of the tagger, which is there whole or not at all; an older tagger there is replaced.
    command
        What reproduces it, for the card.

    Raises
    ------
    BadTraining
        If no tag is on enough clips, or another training is in the folder.
    """
    targets = Targets.of(clips, options.tags_from)
    if not targets.tag_names:
        raise BadTraining(
            f"expected tags that {options.tags_from} recordings have, got none: is --tags-from too much for "
            f"{len(clips.ids):,} recordings?"
        )
    try:
        heard = ask_teachers(clips, options, run, say)
        trainer = Trainer(clips, options, run, say, heard)
        best = trainer.run()
    except ValueError as error:
        raise BadTraining(str(error)) from error
    write_curves(run / "log.csv", run / "curves.svg", trainer.best_epoch)
    said = _said(source, clips, targets, options, command, best, trainer.best_epoch)
    return _install(best_network(run, options, targets), clips, targets, out, said)


def _said(
    source: Source,
    clips: Clips,
    targets: Targets,
    options: TrainingOptions,
    command: str,
    best: Measurement,
    best_epoch: int,
) -> dict[str, Any]:
    genres = f"the top genres {', '.join(targets.genre_names)}, and " if targets.genre_names else ""
    return {
        "name": source.name,
        "hears": f"It hears {genres}{len(targets.tag_names)} tags, as people used them in {source.name}. "
        f"It has no idea of {source.deaf_to}.",
        "data": source.data,
        "licence": source.licence,
        "options": {"command": command, **msgspec.to_builtins(options)},
        "figures": {
            "clips": {split: len(clips.of(split)) for split in ("train", "valid", "test")},
            "validation": {"epoch": best_epoch, **msgspec.structs.asdict(best)},
        },
    }


def check_destination(out: Path) -> None:
    """Check that a tagger may be written to `out`.

    Raises
    ------
    BadTraining
        If it is a file, or holds anything but a tagger.
    """
    if out.exists() and not out.is_dir():
        raise BadTraining(f"{out} is a file; --out expects a directory of the tagger's own")
    foreign = sorted({entry.name for entry in out.iterdir()} - FILES) if out.is_dir() else []
    if foreign:
        raise BadTraining(f"{out} holds {foreign[0]!r}, which is no part of a tagger; name another --out directory")


def _install(network: Tagger, clips: Clips, targets: Targets, out: Path, said: dict[str, Any]) -> TaggerCard:
    """Write a tagger beside its place, then put it there; an interruption leaves what there was."""
    out = out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        card = install(network, clips, targets, work, said, FrontEnd())
        (work / "card.md").write_text(card_markdown(card), encoding="utf-8")
        work.chmod(0o755)
        _swap(work, out)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return card


def _swap(new: Path, place: Path) -> None:
    """Put a new directory in the place of an old one; on failure the old one comes back."""
    old = new.with_name(f"{new.name}-old")
    if place.exists():
        place.rename(old)
    try:
        new.rename(place)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            old.rename(place)
        raise
    shutil.rmtree(old, ignore_errors=True)
