"""Clips that a network learns in seconds: a low genre and a high one, a steady tag and a beaten one, noise on top."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audiomodel.training.clips import Clips
from audiomodel.training.network import NetworkOptions
from audiomodel.training.options import TrainingOptions

N_BANDS, N_FRAMES = 64, 128
SMALL = NetworkOptions(widths=(8, 8, 16, 16), blocks=(1, 1, 1, 1))


def make_clips(n: int = 48, seed: int = 0, *, genres: bool = True) -> Clips:
    """Make `n` clips by `n // 4` artists, half of whom are to learn from."""
    rng = np.random.default_rng(seed)
    numbers = range(n)
    low, beaten = [number % 2 == 0 for number in numbers], [number // 2 % 2 == 0 for number in numbers]
    splits = [("train", "valid", "train", "test")[number // 4 % 4] for number in numbers]
    return Clips(
        name="miniature",
        levels=np.stack([_levels(rng, *kind) for kind in zip(low, beaten, strict=True)]),
        ids=tuple(map(str, numbers)),
        tags=tuple(
            ("low" if is_low else "high", "beaten" if is_beaten else "steady")
            for is_low, is_beaten in zip(low, beaten, strict=True)
        ),
        genres=tuple(("Low" if is_low else "High") if genres else "" for is_low in low),
        artists=tuple(f"artist {number // 4}" for number in numbers),
        splits=tuple(splits),
    )


def _levels(rng: np.random.Generator, low: bool, beaten: bool) -> NDArray[np.uint8]:
    shape = np.linspace(110, 30, N_BANDS) if low else np.linspace(30, 110, N_BANDS)
    beat = np.where(np.arange(N_FRAMES) % 4 < 2, 0, -28) if beaten else np.zeros(N_FRAMES)
    found = shape[:, None] + beat[None] + rng.normal(0, 7, (N_BANDS, N_FRAMES))
    return np.clip(found, 0, 127).astype(np.uint8)


def make_options(**changes: object) -> TrainingOptions:
    """Return options under which `make_clips` are learned in seconds."""
    plain = {"network": SMALL, "epochs": 4, "batch_size": 8, "tags_from": 4, "measure_every": 2, "kinds": ("cnn",)}
    return TrainingOptions(**({"statistics_batches": 1} | plain | changes))
