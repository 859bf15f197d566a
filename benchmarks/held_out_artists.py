"""How well a network hears music by artists who are in none of its clips, the test split left aside.

The 800 validation clips of fma_small are by 220 artists, one of them with 55 clips: too few to choose a recipe by. Here
a fifth of the artists of the training clips is held out with them, by the checksum of the artist's number: 2,121
clips, and 5,063 to learn from. One network for each `--network`, and all of them together; further options of training
as `--set name=value`. Some minutes for statistics, a quarter of an hour for convolutions with `--compile`.

    python -m benchmarks.held_out_artists --data-dir data --network statistics --network cnn --compile
"""

from __future__ import annotations

import dataclasses
import os
import platform
import zlib
from pathlib import Path

import click
import msgspec

from audiomodel.training.clips import Clips
from audiomodel.training.ensemble import Ensemble
from audiomodel.training.measuring import measure
from audiomodel.training.options import TrainingOptions
from audiomodel.training.prepared import prepared_fma_small
from audiomodel.training.targets import Targets
from audiomodel.training.trainer import Trainer, best_network

# One artist in so many is held out.
ONE_IN = 5


@click.command()
@click.option("--data-dir", type=click.Path(path_type=Path), default=Path("data"), show_default=True)
@click.option("--network", "kinds", type=click.Choice(["statistics", "cnn", "crnn"]), multiple=True, required=True)
@click.option("--epochs", type=int, default=24, show_default=True)
@click.option("--seed", type=int, default=5, show_default=True)
@click.option("--compile/--no-compile", "compiled", default=False, show_default=True)
@click.option("--set", "changes", multiple=True, metavar="NAME=VALUE", help="Another option of training.")
@click.option("--run", "folder", type=click.Path(path_type=Path), default=Path("build/held-out"), show_default=True)
def main(
    data_dir: Path,
    kinds: tuple[str, ...],
    epochs: int,
    seed: int,
    compiled: bool,
    changes: tuple[str, ...],
    folder: Path,
) -> None:
    clips = held_out(prepared_fma_small(data_dir / "audio"))
    plain = msgspec.to_builtins(TrainingOptions(epochs=epochs, compiled=compiled, seed=seed))
    changed = {name: msgspec.json.decode(value) for name, _, value in (change.partition("=") for change in changes)}
    targets = Targets.of(clips, plain["tags_from"])
    networks, found = [], {}
    for number, kind in enumerate(kinds):
        own = plain | changed | {"kinds": [kind], "seed": seed + number, "network": {"kind": kind}}
        options = msgspec.convert(own, TrainingOptions)
        name = f"{kind}, seed {options.seed}"
        place = folder / "-".join([kind, str(options.seed), str(epochs), *(text.replace("=", "-") for text in changes)])
        say = lambda line, name=name: click.echo(f"{name}: {line}", err=True)  # noqa: E731
        found[name] = Trainer(clips, options, place, say).run()
        networks.append(best_network(place, options, targets))
    if len(networks) > 1:
        found["together"] = measure(Ensemble(networks), clips, *targets.names, "valid")
    counts = {split: len(clips.of(split)) for split in ("train", "valid")}
    machine = f"{platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}"
    said = {"machine": machine, "clips": counts, "options": {"epochs": epochs, **changed}, "found": found}
    print(msgspec.json.format(msgspec.json.encode(said), indent=2).decode())


def held_out(clips: Clips) -> Clips:
    """Return the clips with a fifth of the training artists among those that are chosen by."""
    held = [
        split == "train" and zlib.crc32(artist.encode()) % ONE_IN == 0
        for split, artist in zip(clips.splits, clips.artists, strict=True)
    ]
    splits = ("valid" if out else split for out, split in zip(held, clips.splits, strict=True))
    return dataclasses.replace(clips, splits=tuple(splits))


if __name__ == "__main__":
    main()
