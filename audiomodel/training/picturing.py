"""What a worker does with a file that a network is to learn from: it gives the levels of its first 30 seconds.

Training clips have one length. A shorter recording is repeated until it has it: its frames are never stretched.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from audiomodel.windows import TAG_FRAMES

# Songs are decoded whole, though only their beginnings are used; what is longer is no song.
LONGEST = 3600.0  # seconds


class Picture(Struct, frozen=True):
    """The levels of a clip.

    Parameters
    ----------
    levels
        Shape (n_bands, TAG_FRAMES), as bytes.
    n_frames
        How many frames there were before they were repeated.
    """

    levels: bytes
    n_frames: int


def picture_task() -> Callable[[Path], Picture]:
    """Return what a worker does; libraries are loaded now, before the worker is confined."""
    import soundfile  # noqa: F401
    import soxr  # noqa: F401

    from audiomodel.decoding import decode
    from audiomodel.front_end import FrontEnd, levels, log_mel

    front_end = FrontEnd()
    log_mel(np.zeros(front_end.n_fft, np.float32), front_end)
    n_samples = int(TAG_FRAMES * front_end.frame_seconds * front_end.sample_rate)

    def picture(path: Path) -> Picture:
        sound = log_mel(decode(path, LONGEST).waveform[:n_samples], front_end)[:, :TAG_FRAMES]
        return Picture(repeat(levels(sound, front_end)).tobytes(), sound.shape[1])

    return picture


def repeat(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Repeat levels of shape (n_bands, n_frames) up to `TAG_FRAMES`."""
    return levels[:, np.arange(TAG_FRAMES) % levels.shape[1]]
