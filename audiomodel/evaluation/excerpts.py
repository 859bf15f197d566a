"""Whose excerpt is it? Five seconds of real recordings, clean and by telephone, looked for among thousands of clips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from audiomodel.decoding import SAMPLE_RATE, decode
from audiomodel.evaluation.lengths import stretch
from audiomodel.evaluation.tags import mel_statistics
from audiomodel.front_end import FrontEnd, levels, log_mel
from audiomodel.tagger import Tagger, Vectors
from audiomodel.windows import moment_windows, tag_windows

EXCERPT_SECONDS = 5.0
# Excerpts of each recording.
EXCERPTS = 20
# Noise over the whole excerpt, and then the band of a telephone.
SNR = 10.0  # dB
PHONE_HZ = (300.0, 3400.0)
# As an index does it: of the tracks whose own vectors are nearest, the moments are looked at, and count so much.
LOOKED_AT = 200
MOMENT_WEIGHT = 0.9
# An excerpt is found where its recording is among so many.
FOUND_AT = 5


class Known(NamedTuple):
    """What an index knows of some recordings.

    Parameters
    ----------
    vectors
        Unit vectors, shape (n_recordings, DIMENSIONS).
    moments
        Unit vectors of the moments, shape (n_moments, DIMENSIONS), and whose they are, shape (n_moments,).
    statistics
        Mel statistics, for the yardstick.
    """

    vectors: NDArray[np.float32]
    moments: NDArray[np.float32]
    owners: NDArray[np.int64]
    statistics: NDArray[np.float32]


def excerpt_figures(
    tagger: Tagger, recordings: Sequence[Path], others: Known, seed: int
) -> dict[str, object]:
    """Look for excerpts of recordings among themselves and others."""
    waveforms = [decode(path, 600.0).waveform for path in recordings]
    known = _join([known_recordings(tagger, waveforms), others])
    figures: dict[str, object] = {"n_excerpts": EXCERPTS * len(waveforms), "n_known": len(known.vectors)}
    for name, by_phone in (("clean", False), ("phone and noise", True)):
        rng = np.random.default_rng(seed)
        found = [_ranks(tagger, known, owner, excerpt) for owner, excerpt in _excerpts(waveforms, rng, by_phone)]
        ways = found[0].keys()
        figures[name] = {way: float(np.mean([ranks[way] < FOUND_AT for ranks in found])) for way in ways}
    return figures


def known_recordings(tagger: Tagger, waveforms: Sequence[NDArray[np.float32]]) -> Known:
    """Hear whole recordings as the indexer does."""
    parts = [_known_recording(tagger, log_mel(waveform, tagger.card.front_end)) for waveform in waveforms]
    return _join(parts)


def _known_recording(tagger: Tagger, picture: NDArray[np.float32]) -> Known:
    n_frames = picture.shape[1]
    short = tagger.run_vectors(tagger.pictures(picture, moment_windows(n_frames)))
    whole = tagger.run_vectors(tagger.pictures(picture, tag_windows(n_frames))).embeddings
    vector = tagger.vector(whole, short.prints)
    moments = _by_row(tagger, short)
    statistics = mel_statistics(levels(picture[:, :128], tagger.card.front_end)[None])
    return Known(vector[None], moments, np.zeros(len(moments), np.int64), statistics)


def known_clips(tagger: Tagger, clips: NDArray[np.uint8]) -> Known:
    """Hear clips of which there are levels only, all of one length."""
    windows = moment_windows(clips.shape[2])
    short = [tagger.run_vectors(stretch(clips, window.start, window.stop - window.start)) for window in windows]
    whole = tagger.run_vectors(clips).embeddings
    prints = np.stack([heard.prints for heard in short], axis=1)  # (n_clips, n_windows, width)
    vectors = [tagger.vector(whole[row : row + 1], prints[row]) for row in range(len(clips))]
    moments = np.concatenate([_by_row(tagger, heard) for heard in short])
    return Known(np.stack(vectors), moments, np.tile(np.arange(len(clips)), len(windows)), mel_statistics(clips))


def _by_row(tagger: Tagger, heard: Vectors) -> NDArray[np.float32]:
    """Return the vector of each window by itself."""
    pairs = zip(heard.embeddings, heard.prints, strict=True)
    return np.stack([tagger.vector(embedding[None], one[None]) for embedding, one in pairs])


def _join(parts: Sequence[Known]) -> Known:
    firsts = np.cumsum([0, *(len(part.vectors) for part in parts)])
    return Known(
        np.concatenate([part.vectors for part in parts]),
        np.concatenate([part.moments for part in parts]),
        np.concatenate([part.owners + first for part, first in zip(parts, firsts, strict=False)]),
        np.concatenate([part.statistics for part in parts]),
    )


def _excerpts(
    waveforms: Sequence[NDArray[np.float32]], rng: np.random.Generator, by_phone: bool
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    length = int(EXCERPT_SECONDS * SAMPLE_RATE)
    for owner, waveform in enumerate(waveforms):
        for start in rng.integers(0, max(1, len(waveform) - length), EXCERPTS).tolist():
            excerpt = waveform[start : start + length]
            yield owner, phone(excerpt, rng) if by_phone else excerpt


def phone(waveform: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Add white noise of `SNR`, then keep the band of a telephone."""
    from scipy.signal import butter, sosfilt

    power = float(np.mean(waveform.astype(np.float64) ** 2))
    noise = rng.normal(0, np.sqrt(power * 10 ** (-SNR / 10)), len(waveform))
    band = butter(4, PHONE_HZ, "bandpass", fs=SAMPLE_RATE, output="sos")
    return np.asarray(sosfilt(band, waveform + noise), np.float32)


def _ranks(tagger: Tagger, known: Known, owner: int, excerpt: NDArray[np.float32]) -> dict[str, int]:
    """Return how many recordings are nearer than the excerpt's own, by each way of looking."""
    picture = log_mel(excerpt, tagger.card.front_end)
    heard = tagger.run_vectors(tagger.pictures(picture, moment_windows(picture.shape[1])))
    asked = tagger.vector(heard.embeddings, heard.prints)
    by_track = known.vectors @ asked
    by_moment = np.full(len(by_track), -1.0, np.float32)
    np.maximum.at(by_moment, known.owners, known.moments @ asked)
    near = np.argpartition(-by_track, LOOKED_AT)[:LOOKED_AT]
    both = (1 - MOMENT_WEIGHT) * by_track + MOMENT_WEIGHT * by_moment
    searched = np.where(np.isin(np.arange(len(by_track)), near), both, by_track - 2)
    ways = {"as searched": searched, "track vectors alone": by_track, "moments of all tracks": by_moment}
    ranks = {name: int((scores > scores[owner]).sum()) for name, scores in ways.items()}
    return ranks | {"mel statistics": _statistics_rank(known, owner, picture, tagger.card.front_end)}


def _statistics_rank(known: Known, owner: int, picture: NDArray[np.float32], front_end: FrontEnd) -> int:
    deviation = known.statistics.std(axis=0)
    asked = mel_statistics(levels(picture, front_end)[None])
    apart = (((known.statistics - asked) / deviation) ** 2).sum(axis=1)
    return int((apart < apart[owner]).sum())


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring rows to length one."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), np.float32)


def demo_recordings(folder: Path) -> list[Path]:
    """Return the recordings of a folder by name."""
    return sorted(folder.glob("*.mp3"))
