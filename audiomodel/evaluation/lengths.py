"""Clips cut short: stretches of levels within their own range, as a recording of that length alone would give them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audiomodel.calibration import genre_probabilities, line_at, tag_probabilities
from audiomodel.tagger import Outputs, Tagger

# Largest level.
_TOP = 127


def stretch(levels: NDArray[np.uint8], start: int, n_frames: int) -> NDArray[np.uint8]:
    """Cut frames out of clips of shape (n_clips, n_bands, n_frames), each spread over all levels anew."""
    cut = levels[:, :, start : start + n_frames].astype(np.float32)
    quietest, loudest = cut.min(axis=(1, 2), keepdims=True), cut.max(axis=(1, 2), keepdims=True)
    spread: NDArray[np.uint8] = np.rint((cut - quietest) / np.maximum(loudest - quietest, 1) * _TOP).astype(np.uint8)
    return spread


def middle(levels: NDArray[np.uint8], n_frames: int) -> NDArray[np.uint8]:
    """Cut the middle out of clips; whole clips stay as they are."""
    if n_frames >= levels.shape[2]:
        return levels
    return stretch(levels, (levels.shape[2] - n_frames) // 2, n_frames)


def probabilities(
    tagger: Tagger, levels: NDArray[np.uint8]
) -> tuple[NDArray[np.float64], NDArray[np.float64], Outputs]:
    """Hear clips of one length: calibrated probabilities of tags and of genres, and what the network said."""
    outputs = tagger.run_levels(levels)
    line = line_at(tagger.card.lines, levels.shape[2])
    return tag_probabilities(outputs.tags, line), genre_probabilities(outputs.genres, line), outputs
