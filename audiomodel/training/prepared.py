"""fma_small as log-mel levels, prepared once from its audio: `fma_small_mel64.npz` beside `fma_small_labels.csv`."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from audiomodel.training.clips import Clips

_SPLITS = {"training": "train", "validation": "valid", "test": "test"}


def prepared_fma_small(folder: Path) -> Clips:
    """Read the prepared clips of a folder.

    Parameters
    ----------
    folder
        With both files, ``audio`` in the data directory.
    """
    with np.load(folder / "fma_small_mel64.npz", allow_pickle=False) as arrays:
        # Stored as differences from band to band, which compress better.
        levels = np.cumsum(arrays["delta"], axis=1, dtype=np.uint8)
        ids = [str(number) for number in arrays["track_id"]]
    with (folder / "fma_small_labels.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["track_id"]: row for row in csv.DictReader(file)}
    labels = [rows[number] for number in ids]
    return Clips(
        name="fma-small",
        levels=levels,
        ids=tuple(ids),
        tags=tuple(tuple(row["genres_all"].split("|")) for row in labels),
        genres=tuple(row["genre_top"] for row in labels),
        artists=tuple(row["artist_id"] for row in labels),
        splits=tuple(_SPLITS[row["split"]] for row in labels),
    )
