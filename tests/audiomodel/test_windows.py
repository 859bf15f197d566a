"""Recordings of any length are covered evenly, at constant spacing."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiomodel.windows import MAX_MOMENTS, MOMENT_FRAMES, TAG_FRAMES, Window, moment_windows, tag_windows


@given(st.integers(1, 20_000))
def test_every_frame_is_in_a_tag_window(n_frames: int) -> None:
    windows = tag_windows(n_frames)
    assert windows[0].start == 0
    assert windows[-1].stop == n_frames
    assert all(later.start <= earlier.stop for earlier, later in pairwise(windows))
    assert {window.stop - window.start for window in windows} == {min(n_frames, TAG_FRAMES)}


@given(st.integers(1, 20_000))
def test_moments_are_in_order_and_bounded_in_number(n_frames: int) -> None:
    windows = moment_windows(n_frames)
    assert 1 <= len(windows) <= MAX_MOMENTS
    assert windows == sorted(set(windows))
    assert {window.stop - window.start for window in windows} == {min(n_frames, MOMENT_FRAMES)}


def test_a_clip_of_thirty_seconds_is_one_window_with_eleven_moments() -> None:
    assert tag_windows(128) == [Window(0, 128)]
    assert len(moment_windows(128)) == 11


def test_a_short_recording_is_one_window_of_what_there_is() -> None:
    assert tag_windows(4) == moment_windows(4) == [Window(0, 4)]


def test_no_frames_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        tag_windows(0)
