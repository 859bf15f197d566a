"""When a tagger keeps quiet: of how many clips of the music that it knows, and of which real recordings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from audiomodel.calibration import line_at
from audiomodel.decoding import decode
from audiomodel.evaluation.lengths import middle
from audiomodel.evaluation.tags import LENGTHS
from audiomodel.front_end import log_mel
from audiomodel.tagger import Tagger
from audiomodel.training.clips import Clips

_LONGEST = 600.0  # seconds


def abstaining_figures(tagger: Tagger, clips: Clips, part: str, recordings: Sequence[Path]) -> dict[str, object]:
    """Return the share of clips it keeps quiet about at each length, and how unlike each recording is, by name."""
    return {
        "clips": {name: _share(tagger, clips, part, n_frames) for name, n_frames in LENGTHS.items()},
        "recordings": {
            path.stem: tagger.hear(log_mel(decode(path, _LONGEST).waveform, tagger.card.front_end)).unlikeness
            for path in recordings
        },
    }


def _share(tagger: Tagger, clips: Clips, part: str, n_frames: int) -> float:
    levels = middle(clips.levels[clips.of(part)], n_frames)
    distances = tagger.familiar.distances(levels, tagger.run_levels(levels).embeddings)
    return float((distances >= line_at(tagger.card.lines, levels.shape[2]).unlike_from).mean())
