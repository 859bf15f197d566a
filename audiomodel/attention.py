"""What a tagger attended to: where in time and frequency its answer hangs on the sound.

Patches of a recording are silenced one after the other, and the more an answer changes, the more it hung on that patch.
That asks nothing of the network but answers, so it holds for every tagger.

References
----------
M. Zeiler and R. Fergus, "Visualizing and understanding convolutional networks", ECCV 2014: sensitivity to occlusion.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audiomodel.front_end import levels
from audiomodel.hearing import HeardTag
from audiomodel.tagger import Outputs, Tagger
from audiomodel.windows import Window, tag_windows

# Patches of a window: stretches of two seconds by eighths of the range of notes.
TIMES, HEIGHTS = 16, 8
# Runs of the network for one picture, ten milliseconds each; of long recordings some windows are looked into.
MOST_RUNS = 1_024
# Tags whose probabilities are followed; where there are none, the vector is.
_TAGS = 3


def attention(tagger: Tagger, log_mel: NDArray[np.float32], tags: tuple[HeardTag, ...]) -> NDArray[np.float32]:
    """Tell how much of what was heard hangs on each place.

    Parameters
    ----------
    log_mel : shape (n_mels + 1, n_frames)
        Of the whole recording, from `audiomodel.front_end.log_mel`.
    tags
        As the tagger heard them.

    Returns
    -------
    shape (HEIGHTS, n_frames)
        0 to 1, the lowest notes first; nan where nothing was looked into.
    """
    places = {tag: number for number, tag in enumerate(tagger.card.tags)}
    followed = [places[one.tag] for one in tags[:_TAGS]]
    found = np.full((HEIGHTS, log_mel.shape[1]), np.nan, np.float32)
    for window in _some(tag_windows(log_mel.shape[1])):
        found[:, window.start : window.stop] = _window_attention(tagger, log_mel, window, followed)
    highest = np.nanmax(found)
    return found / highest if highest > 0 else np.nan_to_num(found)


def _some(windows: list[Window]) -> list[Window]:
    most = MOST_RUNS // (TIMES * HEIGHTS)
    if len(windows) <= most:
        return windows
    return [windows[round(number)] for number in np.linspace(0, len(windows) - 1, most)]


def _window_attention(
    tagger: Tagger, log_mel: NDArray[np.float32], window: Window, followed: list[int]
) -> NDArray[np.float32]:
    """Return the change by each patch of one window, shape (HEIGHTS, n_frames of the window)."""
    picture = levels(log_mel[:, window.start : window.stop], tagger.card.front_end)
    rows = np.linspace(0, picture.shape[0], HEIGHTS + 1).astype(int)
    columns = np.linspace(0, picture.shape[1], min(TIMES, picture.shape[1]) + 1).astype(int)
    n_times = len(columns) - 1
    pictures = np.repeat(picture[None], HEIGHTS * n_times + 1, axis=0)
    # A patch becomes as quiet as its bands mostly are: silence would be a sight of its own.
    quiet = np.percentile(picture, 10, axis=1).astype(np.uint8)[:, None]
    for number in range(HEIGHTS * n_times):
        height, time = divmod(number, n_times)
        rows_of, columns_of = slice(*rows[height : height + 2]), slice(*columns[time : time + 2])
        pictures[number, rows_of, columns_of] = np.minimum(picture[rows_of, columns_of], quiet[rows_of])
    changes = _changes(tagger.run_levels(pictures), followed).reshape(HEIGHTS, n_times)
    return np.asarray(np.repeat(changes, np.diff(columns), axis=1), np.float32)


def _changes(outputs: Outputs, followed: list[int]) -> NDArray[np.float32]:
    """Return how far each run but the last, which has the whole picture, falls behind it."""
    if followed:
        probabilities = 1 / (1 + np.exp(-outputs.tags[:, followed]))
        return np.asarray(np.maximum(probabilities[-1] - probabilities[:-1], 0).sum(axis=1))
    vectors = outputs.embeddings / np.maximum(np.linalg.norm(outputs.embeddings, axis=1, keepdims=True), 1e-9)
    return np.asarray(np.maximum(1 - vectors[:-1] @ vectors[-1], 0))
