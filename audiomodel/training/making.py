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
from audiomodel.training.ensemble import Ensemble
from audiomodel.training.installing import install
from audiomodel.training.measuring import Measurement, measure
from audiomodel.training.network import Tagger
from audiomodel.training.options import TrainingOptions
from audiomodel.training.sources import Source
from audiomodel.training.targets import Targets
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
    """Train networks, or go on with them, and install them together, each as it was best by validation.

    Parameters
    ----------
    run
        Folder of the training; each network has a folder in it with its state, log, curves and best weights.
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
        networks = [_member(number, clips, options, run, targets, say) for number in range(len(options.kinds))]
    except ValueError as error:
        raise BadTraining(str(error)) from error
    ensemble = Ensemble(networks)
    said = _said(source, clips, targets, options, command, measure(ensemble, clips, *targets.names, "valid"), run)
    return _install(ensemble, clips, targets, out, said)


def _member(
    number: int, clips: Clips, options: TrainingOptions, run: Path, targets: Targets, say: Callable[[str], None]
) -> Tagger:
    """Train one of the networks, or go on with it."""
    folder = run / f"network-{number + 1}"
    kind = options.kinds[number]
    own = msgspec.structs.replace(
        options,
        network=msgspec.structs.replace(options.network, kind=kind),
        kinds=(kind,),
        seed=options.seed * len(options.kinds) + number,
    )
    say(f"network {number + 1} of {len(options.kinds)}: {kind}")
    trainer = Trainer(clips, own, folder, say)
    trainer.run()
    write_curves(folder / "log.csv", folder / "curves.svg", trainer.best_epoch)
    return best_network(folder, own, targets)


def _said(
    source: Source,
    clips: Clips,
    targets: Targets,
    options: TrainingOptions,
    command: str,
    together: Measurement,
    run: Path,
) -> dict[str, Any]:
    genres = f"the top genres {', '.join(targets.genre_names)}, and " if targets.genre_names else ""
    shown = msgspec.to_builtins(options)
    del shown["network"]["kind"]  # each has its own
    return {
        "name": source.name,
        "hears": f"It hears {genres}{len(targets.tag_names)} tags, as people used them in {source.name}. "
        f"It has no idea of {source.deaf_to}.",
        "data": source.data,
        "licence": source.licence,
        "options": {"command": command, **shown},
        "figures": {
            "clips": {split: len(clips.of(split)) for split in ("train", "valid", "test")},
            "validation": msgspec.structs.asdict(together),
            **{
                f"validation, network {number + 1} alone": msgspec.json.decode(
                    (run / f"network-{number + 1}" / "best.json").read_bytes()
                )
                for number in range(len(options.kinds))
            },
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


def _install(ensemble: Ensemble, clips: Clips, targets: Targets, out: Path, said: dict[str, Any]) -> TaggerCard:
    """Write a tagger beside its place, then put it there; an interruption leaves what there was."""
    out = out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        card = install(ensemble, clips, targets, work, said, FrontEnd())
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
