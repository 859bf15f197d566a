"""Clips cut short are what recordings of that length would be."""

from __future__ import annotations

import numpy as np

from audiomodel.evaluation.lengths import middle, stretch
from audiomodel.front_end import FrontEnd, levels


def test_a_stretch_is_what_the_front_end_gives_of_it_alone():
    rng = np.random.default_rng(0)
    front_end = FrontEnd(n_mels=64, n_bands=64)
    # The quietest is 70 dB below the loudest, so that the whole is not cut off by the front end's range.
    window = rng.uniform(-70, 0, (64, 40)).astype(np.float32)
    window[0, 0], window[1, 1] = -70, 0
    # What the front end knows of the loudest sound between its frames: here it is in them.
    window = np.concatenate([window, window.max(axis=0, keepdims=True)])
    whole = levels(window, front_end)
    alone = levels(window[:, 10:22], front_end)
    cut = stretch(whole[None], 10, 12)[0]
    assert np.abs(cut.astype(int) - alone.astype(int)).max() <= 2


def test_a_stretch_goes_from_the_lowest_to_the_highest_level():
    clips = np.random.default_rng(1).integers(20, 100, (3, 64, 30)).astype(np.uint8)
    cut = stretch(clips, 5, 10)
    assert cut.shape == (3, 64, 10)
    assert cut.min(axis=(1, 2)).tolist() == [0, 0, 0]
    assert cut.max(axis=(1, 2)).tolist() == [127, 127, 127]


def test_silence_stays_silent():
    assert stretch(np.full((1, 64, 8), 50, np.uint8), 0, 4).max() == 0


def test_the_middle_of_more_frames_than_there_are_is_the_whole():
    clips = np.random.default_rng(2).integers(0, 128, (2, 64, 30)).astype(np.uint8)
    assert middle(clips, 30) is clips
    assert (middle(clips, 10) == stretch(clips, 10, 10)).all()
