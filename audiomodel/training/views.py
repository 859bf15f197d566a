"""What a network is shown of a batch of clips: each whole, at another speed, pitch and mix, and an excerpt of each.

Lengths are few, so that a compiler need not compile a network for every number of frames.
"""

from __future__ import annotations

import torch
from torch import Tensor

from audiomodel.training import augmentation
from audiomodel.training.augmentation import Channel

# Lengths that whole clips are cut to, in frames.
WHOLE = (96, 128)
# Lengths of excerpts: from one second to seven and a half, most often the five of a moment.
EXCERPTS = (4, 6, 9, 13, 13, 21, 21, 32)


def whole(db: Tensor) -> Tensor:
    """Return levels of whole clips at another speed, pitch and mix.

    Parameters
    ----------
    db : shape (n_clips, n_bands, n_frames)
        Below each clip's own maximum.
    """
    n_frames = db.shape[2]
    if augmentation.draw(0, 1) < 0.5:
        db = augmentation.stretch(db, augmentation.draw(0.85, 1.18))
    db = augmentation.shift_bands(db, int(torch.randint(-2, 3, (1,))))
    longest = min(db.shape[2], n_frames)
    fitting = [length for length in WHOLE if length <= longest] or [longest]
    db = augmentation.crop(db, augmentation.choose(fitting))
    return augmentation.db_to_levels(augmentation.equalize(db, augmentation.uniform(len(db), high=3.0)))


def mixed(levels: Tensor, order: Tensor, share: float) -> Tensor:
    """Mix clips with those at `order`, of which they are `share` themselves, as pictures are mixed."""
    return share * levels + (1 - share) * levels[order]


def excerpt(db: Tensor, channel: Channel, degraded: float) -> Tensor:
    """Return levels of an excerpt of each clip, all of one length; of the batches, `degraded` are degraded."""
    cut = augmentation.crop(db, min(augmentation.choose(EXCERPTS), db.shape[2]))
    if augmentation.draw(0, 1) < degraded:
        cut = channel.degrade(cut)
    return augmentation.db_to_levels(cut)
