"""Learning prints: which directions tell recordings apart, and which only say how a recording was made.

Fisher's linear discriminant analysis with each training clip as a class of its own, whose members are excerpts of it,
some as they are and more of them degraded. Closed form: a minute on one core, and the same every time.

References
----------
Fisher, *The use of multiple measurements in taxonomic problems*, Annals of Eugenics 1936.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from audiomodel.front_end import FrontEnd
from audiomodel.hearing import DIMENSIONS
from audiomodel.prints import BAND_HZ, PrintBasis, statistics
from audiomodel.training import augmentation
from audiomodel.training.clips import Clips
from audiomodel.windows import MOMENT_FRAMES

# Numbers of a print: half of the vector of a recording.
WIDTH = DIMENSIONS // 2
# Excerpts of each clip: as they are, and degraded.
CLEAN, DEGRADED = 3, 5
# What is added to the covariance within clips, as a share of its mean variance.
RIDGE = 1e-4
_AT_ONCE = 400  # clips


def learn_prints(clips: Clips, front_end: FrontEnd, seed: int) -> PrintBasis:
    """Learn the basis of prints from the training clips."""
    channel = augmentation.Channel.of(front_end)
    inside = ((channel.centers >= BAND_HZ[0]) & (channel.centers <= BAND_HZ[1])).nonzero()[:, 0]
    first, last = int(inside[0]), int(inside[-1]) + 1
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        rows = clips.of("train")
        parts = np.split(rows, range(_AT_ONCE, len(rows), _AT_ONCE))
        excerpts = np.concatenate([_excerpts(clips.levels[part], channel, first, last) for part in parts])
    return PrintBasis(first, last, *discriminant(excerpts, WIDTH))


def _excerpts(
    levels: NDArray[np.uint8], channel: augmentation.Channel, first: int, last: int
) -> NDArray[np.float32]:
    """Return the statistics of excerpts, shape (n_clips, n_excerpts, n_statistics)."""
    db = augmentation.levels_to_db(torch.from_numpy(levels))
    cuts = [augmentation.crop(db, min(MOMENT_FRAMES, db.shape[2])) for _ in range(CLEAN + DEGRADED)]
    heard = [*cuts[:CLEAN], *(channel.degrade(cut) for cut in cuts[CLEAN:])]
    pictures = [augmentation.db_to_levels(cut).round().to(torch.uint8).numpy() for cut in heard]
    return np.stack([statistics(picture[:, first:last]) for picture in pictures], axis=1)


def discriminant(
    members: NDArray[np.float32], width: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the mean of all members, and the directions that tell classes apart best, the best first.

    Parameters
    ----------
    members
        Shape (n_classes, n_members, n_features).

    Returns
    -------
    shapes (n_features,) and (n_features, width)
        Along each direction the members of a class have a variance of one; the sign is that of its largest number.
    """
    from scipy.linalg import eigh

    values = members.astype(np.float64)
    means = values.mean(axis=1, keepdims=True)
    within = (values - means).reshape(-1, values.shape[2])
    within = within.T @ within / len(within)
    between = np.cov(means[:, 0].T)
    ridge = RIDGE * np.trace(within) / len(within) * np.eye(len(within))
    _, directions = eigh(between, within + ridge)
    best = directions[:, ::-1][:, :width]
    largest = np.take_along_axis(best, np.abs(best).argmax(axis=0)[None], axis=0)
    return values.mean(axis=(0, 1)).astype(np.float32), (best * np.sign(largest)).astype(np.float32)
