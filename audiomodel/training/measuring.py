"""How good a network is on one split: tags and genres of clips whole and cut short, and excerpts recognized.

Validation only chooses; the figures of the test split are made once, by `tagkin evaluate audio`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - as everybody names it
from msgspec import Struct
from numpy.typing import NDArray
from torch import Tensor

from audiomodel.front_end import FrontEnd
from audiomodel.training import augmentation
from audiomodel.training.clips import Clips
from audiomodel.training.network import Output, Tagger
from audiomodel.windows import MOMENT_FRAMES

# Frames of three seconds and of one.
THREE_SECONDS, ONE_SECOND = 13, 4
# A tag with fewer clips in a split is not measured: its figures are luck.
FEWEST_CLIPS = 3
# A telephone, and noise at this ratio: the circumstances under which excerpts are to be recognized.
PHONE_HZ = (300.0, 3400.0)
PHONE_SLOPE = 24.0  # dB per octave
NOISE_SNR = 10.0  # dB
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
    recognized, recognized_by_phone
        Share of five-second excerpts whose own clip is among the five of all clips that are most like it; as they are,
        and with noise through a telephone, both simulated on the bands.
    """

    accuracy: float
    roc_auc: float
    pr_auc: float
    pr_auc_3s: float
    pr_auc_1s: float
    recognized: float
    recognized_by_phone: float

    @property
    def score(self) -> float:
        """What validation chooses by: genres, tags and recognition together."""
        return self.accuracy + self.pr_auc + 0.1 * (self.recognized + self.recognized_by_phone)


@torch.no_grad()
def hear_all(network: Tagger, levels: Tensor) -> Output:
    """Hear clips of shape (n_clips, n_bands, n_frames), some at a time."""
    network.eval()
    parts = [network(levels[first : first + _AT_ONCE].float()) for first in range(0, len(levels), _AT_ONCE)]
    return Output(*(torch.cat(values) for values in zip(*parts, strict=True)))


def measure(network: Tagger, clips: Clips, tags: tuple[str, ...], genres: tuple[str, ...], split: str) -> Measurement:
    """Measure a network on a split."""
    rows = clips.of(split)
    levels = torch.from_numpy(clips.levels)
    everything = hear_all(network, levels)
    targets = clips.tag_targets(tags)[rows]
    true = clips.genre_targets(genres)[rows]
    right = (everything.genres[rows].argmax(dim=1).numpy() == true)[true >= 0]
    roc_auc, pr_auc = macro_auc(targets, everything.tags[rows].numpy())
    db = augmentation.levels_to_db(levels[rows])
    known = F.normalize(everything.embedding)
    return Measurement(
        float(right.mean()) if len(right) else 0.0,
        roc_auc,
        pr_auc,
        macro_auc(targets, hear_all(network, middle(db, THREE_SECONDS)).tags.numpy())[1],
        macro_auc(targets, hear_all(network, middle(db, ONE_SECOND)).tags.numpy())[1],
        *_recognized(network, db, known, rows),
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


def _recognized(network: Tagger, db: Tensor, known: Tensor, rows: NDArray[np.int64]) -> tuple[float, float]:
    """Draw an excerpt of each clip, always the same, and look for its clip among all, clean and by telephone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        excerpts = augmentation.crop(db, min(MOMENT_FRAMES, db.shape[2]))
        by_phone = _by_phone(excerpts)
    return tuple(  # type: ignore[return-value] # two of them
        _found(F.normalize(hear_all(network, augmentation.db_to_levels(heard)).embedding), known, rows)
        for heard in (excerpts, by_phone)
    )


def _by_phone(db: Tensor) -> Tensor:
    channel = augmentation.Channel.of(FrontEnd())
    power = 10 ** (db / 10)
    power = power + channel.noise(power, torch.full((len(db),), NOISE_SNR), torch.zeros(len(db)))
    low, high = (torch.full((len(db),), value) for value in PHONE_HZ)
    return 10 * torch.log10(power) + channel.band_pass(low, high, torch.full((len(db),), PHONE_SLOPE))[:, :, None]


def _found(excerpts: Tensor, known: Tensor, rows: NDArray[np.int64]) -> float:
    near = excerpts @ known.T
    own = near[torch.arange(len(rows)), torch.from_numpy(rows)]
    return float(((near > own[:, None]).sum(dim=1) < 5).float().mean())
