"""How good a network is on one split: tags and genres of clips whole and cut short.

Validation only chooses; the figures of the test split are made once, by `tagkin evaluate audio`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import overload

import numpy as np
import torch
from msgspec import Struct
from numpy.typing import NDArray
from torch import Tensor

from audiomodel.training import augmentation
from audiomodel.training.clips import Clips
from audiomodel.training.ensemble import Answer, Ensemble
from audiomodel.training.network import Output, Tagger

# Frames of three seconds and of one.
THREE_SECONDS, ONE_SECOND = 13, 4
# A tag with fewer clips in a split is not measured: its figures are luck.
FEWEST_CLIPS = 3
_AT_ONCE = 200  # clips


class Measurement(Struct, frozen=True):
    """Figures of one split.

    Parameters
    ----------
    accuracy
        Share of the clips with a genre whose likeliest one it is; 0 where none has one.
    roc_auc, pr_auc
        Means over tags of at least `FEWEST_CLIPS` clips in the split.
    pr_auc_3s, pr_auc_1s
        Of stretches of that length, from the middle of each clip.
    """

    accuracy: float
    roc_auc: float
    pr_auc: float
    pr_auc_3s: float
    pr_auc_1s: float

    @property
    def score(self) -> float:
        """What validation chooses by: genres and tags together, whole and short."""
        return self.accuracy + self.pr_auc + 0.5 * self.pr_auc_3s


@overload
def hear_all(network: Tagger, levels: Tensor) -> Output: ...


@overload
def hear_all(network: Ensemble, levels: Tensor) -> Answer: ...


@torch.no_grad()
def hear_all(network: Tagger | Ensemble, levels: Tensor) -> Output | Answer:
    """Hear clips of shape (n_clips, n_bands, n_frames), some at a time."""
    network.eval()
    parts = [network(part.float()) for part in torch.split(levels, _AT_ONCE)]
    joined: Output | Answer = parts[0]._make(torch.cat(values) for values in zip(*parts, strict=True))
    return joined


def measure(
    network: Tagger | Ensemble, clips: Clips, tags: tuple[str, ...], genres: tuple[str, ...], split: str
) -> Measurement:
    """Measure a network on a split."""
    rows = clips.of(split)
    levels = torch.from_numpy(clips.levels[rows])
    whole = hear_all(network, levels)
    targets = clips.tag_targets(tags)[rows]
    true = clips.genre_targets(genres)[rows]
    right = (whole.genres.argmax(dim=1).numpy() == true)[true >= 0]
    roc_auc, pr_auc = macro_auc(targets, whole.tags.numpy())
    db = augmentation.levels_to_db(levels)
    return Measurement(
        float(right.mean()) if len(right) else 0.0,
        roc_auc,
        pr_auc,
        macro_auc(targets, hear_all(network, middle(db, THREE_SECONDS)).tags.numpy())[1],
        macro_auc(targets, hear_all(network, middle(db, ONE_SECOND)).tags.numpy())[1],
    )


def middle(db: Tensor, n_frames: int) -> Tensor:
    """Cut the middle out of each clip, and give its levels within its own range."""
    first = (db.shape[2] - n_frames) // 2
    return augmentation.db_to_levels(db[:, :, first : first + n_frames])


def macro_auc(targets: NDArray[np.float32], scores: NDArray[np.float32]) -> tuple[float, float]:
    """Return the means over tags of the areas under the ROC and the precision-recall curve (average precision)."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    counts = targets.sum(axis=0)
    columns = np.flatnonzero((counts >= FEWEST_CLIPS) & (counts < len(targets)))
    if not len(columns):
        return 0.0, 0.0
    pairs = [(targets[:, column], scores[:, column]) for column in columns]
    mean: Callable[[list[float]], float] = lambda values: float(np.mean(values))  # noqa: E731
    return mean([roc_auc_score(*pair) for pair in pairs]), mean([average_precision_score(*pair) for pair in pairs])
