"""Count the clips that one core hears in a second, from 30-second stereo mp3 to tags and vectors.

    python -m benchmarks.audio_throughput --data-dir data > audio.json

*tagkin* is what a worker does with a file: decode, mix down, resample, the kept frames of the spectrogram, the network
over the clip and its moments by onnxruntime, prints, and which audio it is; *with tempo and key* adds those. *librosa +
torch* gives the same network the same windows in the usual way: `librosa.load`, its whole mel spectrogram, torch
eager. All on one thread, as time of the processor, the best of some rounds over the same files.
"""

from __future__ import annotations

import os

# One thread, as in a worker; read when numpy is imported.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"))

import json
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np

from audiomodel.decoding import decode
from audiomodel.ear import MAX_SECONDS, listening
from audiomodel.front_end import FrontEnd, log_mel
from audiomodel.identity import audio_id
from audiomodel.tagger import MODELS, SHIPPED, load_tagger
from audiomodel.windows import TAG_FRAMES, moment_windows
from benchmarks.library_hours import make_track
from benchmarks.search_latency import machine

CLIP_SECONDS = 30.0


@click.command()
@click.option("--data-dir", type=click.Path(path_type=Path), default=Path("data"), show_default=True)
@click.option("--clips", "n_clips", default=20, show_default=True, help="Files, each heard once a round.")
@click.option("--rounds", default=5, show_default=True)
def main(data_dir: Path, n_clips: int, rounds: int) -> None:
    recordings = sorted((data_dir / "audio" / "demo").glob("*.mp3"))
    with tempfile.TemporaryDirectory() as folder:
        places = [Path(folder) / f"{number}.mp3" for number in range(n_clips)]
        for number, place in enumerate(places):
            turn = number % len(recordings)
            make_track(recordings[turn:] + recordings[:turn], CLIP_SECONDS, place)
        spent = {name: spent_on(way, places, rounds) for name, way in ways().items()}
    baseline = spent["librosa + torch"]
    figures = {
        name: {
            "milliseconds_a_clip": round(1000 * each, 2),
            "clips_a_second_a_core": round(1 / each, 1),
            "times_librosa_and_torch": round(baseline / each, 2),
        }
        for name, each in spent.items()
    }
    load = round(os.getloadavg()[0], 1)
    print(json.dumps({"machine": machine(), "load_average": load, "n_clips": n_clips, "results": figures}, indent=2))


def ways() -> dict[str, Callable[[Path], object]]:
    """Return what is measured, each as a function of a file, everything loaded."""
    tagger = load_tagger()
    front_end = tagger.card.front_end
    hear = partial(listening, str(MODELS / SHIPPED), MAX_SECONDS)
    return {
        "tagkin": hear(rhythm=False),
        "tagkin with tempo and key": hear(rhythm=True),
        "librosa + torch": librosa_and_torch(front_end, len(tagger.card.tags), len(tagger.card.genres)),
        "decode": lambda path: decode(path, MAX_SECONDS),
        "decode and spectrogram": lambda path: log_mel(decode(path, MAX_SECONDS).waveform, front_end),
        "identify": audio_id,
    }


def librosa_and_torch(front_end: FrontEnd, n_tags: int, n_genres: int) -> Callable[[Path], object]:
    """Return the usual way: the same network, whose weights cost no time, on the same number of frames."""
    import librosa
    import torch

    from audiomodel.training.network import NetworkOptions, Tagger

    torch.set_num_threads(1)
    network = Tagger(NetworkOptions(), n_tags, n_genres).eval()
    windows = moment_windows(TAG_FRAMES)

    def hear(path: Path) -> Any:
        waveform, rate = librosa.load(path, sr=front_end.sample_rate, mono=True)
        size = {"n_fft": front_end.n_fft, "hop_length": front_end.hop_length}
        db = librosa.power_to_db(librosa.feature.melspectrogram(y=waveform, sr=rate, **size), ref=np.max)
        kept = db[:, np.linspace(0, db.shape[1] - 1, TAG_FRAMES).astype(int)]
        bands = kept.reshape(front_end.n_bands, 2, -1).mean(axis=1)
        picture = torch.from_numpy(bands.astype(np.float32))
        with torch.no_grad():
            whole = network(picture[None])
            short = network(torch.stack([picture[:, window.start : window.stop] for window in windows]))
        return whole, short

    return hear


def spent_on(way: Callable[[Path], object], places: list[Path], rounds: int) -> float:
    """Return seconds of processor a file, of the best round; the first file is read once before, to warm up."""
    way(places[0])
    best = float("inf")
    for _ in range(rounds):
        began = time.process_time()
        for place in places:
            way(place)
        best = min(best, time.process_time() - began)
    return best / len(places)


if __name__ == "__main__":
    main()
