"""How long `tagkin index` takes to hear a library of full-length tracks: which audio they are, tags, tempo and key.

Tracks of the asked length are strung together of the demo recordings and written as mp3. What one core spends on them
is measured as time of the processor, so that what else the machine does counts little; the rest is arithmetic.

    python benchmarks/library_hours.py --data-dir data
"""

from __future__ import annotations

import os

# One thread, as in a worker; read when numpy is imported.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"))

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import soundfile

from audiomodel.ear import MAX_SECONDS, listening
from audiomodel.identity import audio_id
from audiomodel.metadata import read_metadata
from audiomodel.tagger import MODELS, SHIPPED


@click.command()
@click.option("--data-dir", type=click.Path(path_type=Path), default=Path("data"), show_default=True)
@click.option("--seconds", default=240.0, show_default=True, help="Length of a track.")
@click.option("--tracks", default=6, show_default=True, help="Tracks to measure.")
@click.option("--library", default=200_000, show_default=True, help="Tracks of the library.")
def main(data_dir: Path, seconds: float, tracks: int, library: int) -> None:
    recordings = sorted((data_dir / "audio" / "demo").glob("*.mp3"))
    with tempfile.TemporaryDirectory() as folder:
        paths = [make_track(recordings[n:] + recordings[:n], seconds, Path(folder) / f"{n}.mp3") for n in range(tracks)]
        hear = listening(str(MODELS / SHIPPED), MAX_SECONDS)
        steps: dict[str, Callable[[Path], object]] = {"metadata": read_metadata, "identify": audio_id, "hear": hear}
        spent = {name: min(spent_on(step, paths) for _ in range(2)) for name, step in steps.items()}
    whole = sum(spent.values())
    print(f"{tracks} mp3 of {seconds:g} s, one core, seconds of processor a track:")
    print("  " + ", ".join(f"{name} {each:.3f}" for name, each in spent.items()) + f"; {1 / whole:.2f} tracks a second")
    for cores in (1, 2, 8, 16):
        print(f"  {library:,} tracks on {cores} cores: {library * whole / cores / 3600:.1f} hours")


def make_track(recordings: list[Path], seconds: float, path: Path) -> Path:
    """Write a track of that length, of one recording after the other."""
    parts: list[np.ndarray] = []
    while sum(map(len, parts)) < seconds * 44_100:
        waveform, _ = soundfile.read(recordings[len(parts) % len(recordings)], dtype="float32", always_2d=True)
        parts.append(np.repeat(waveform, 3 - waveform.shape[1], axis=1)[:, :2])
    soundfile.write(path, np.concatenate(parts)[: int(seconds * 44_100)], 44_100, format="MP3")
    return path


def spent_on(step: Callable[[Path], object], paths: list[Path]) -> float:
    """Return the seconds of processor that a step takes for a file."""
    began = time.process_time()
    for path in paths:
        step(path)
    return (time.process_time() - began) / len(paths)


if __name__ == "__main__":
    main()
