"""How a recording of any length is covered: long windows for its tags, short ones for its moments.

Frames keep their spacing whatever the length, so that a network hears every recording at the same speed: a short file
gives fewer frames, never stretched ones.
"""

from __future__ import annotations

from typing import NamedTuple

# Frames of a window for tags: 30 s, what the tagger learned from.
TAG_FRAMES = 128
# A moment: five seconds, as long as an excerpt that people recognize a piece by.
MOMENT_FRAMES = 21
# Between the beginnings of moments where a recording is short enough: half of one.
MOMENT_HOP = 10  # frames
# Moments kept of one recording; longer ones have them further apart.
MAX_MOMENTS = 24


class Window(NamedTuple):
    """Frames ``start .. stop`` of a recording."""

    start: int
    stop: int


def tag_windows(n_frames: int) -> list[Window]:
    """Cover a recording with windows of `TAG_FRAMES`, evenly, each frame at least once and rarely more than twice."""
    return _spread(n_frames, TAG_FRAMES, 1 + -(-max(n_frames - TAG_FRAMES, 0) // TAG_FRAMES))


def moment_windows(n_frames: int) -> list[Window]:
    """Spread moments evenly over a recording: overlapping ones, unless that were more than `MAX_MOMENTS`."""
    return _spread(n_frames, MOMENT_FRAMES, min(MAX_MOMENTS, 1 + max(n_frames - MOMENT_FRAMES, 0) // MOMENT_HOP))


def _spread(n_frames: int, length: int, count: int) -> list[Window]:
    """Return `count` windows of `length` from the first frame to the last; one shorter one where there are fewer."""
    if n_frames < 1:
        raise ValueError(f"expected at least one frame, got {n_frames}")
    if n_frames <= length:
        return [Window(0, n_frames)]
    last = n_frames - length
    starts = [0] if count == 1 else [round(number * last / (count - 1)) for number in range(count)]
    return [Window(start, start + length) for start in starts]
