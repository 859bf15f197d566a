"""Sound as blocks of samples: what every decoder here gives, and `audiomodel.decoding` takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Block = NDArray[np.float32]  # shape (n_frames, channels); valid until the next one is taken

BLOCK_FRAMES = 65_536


class Sound(NamedTuple):
    """An open file's sound.

    Parameters
    ----------
    sample_rate, channels
        Of the file.
    frames
        As declared, which may be wrong; 0 where nothing is.
    blocks
        The samples.
    """

    sample_rate: int
    channels: int
    frames: int
    blocks: Iterator[Block]
