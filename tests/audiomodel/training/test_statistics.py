"""Statistics by NumPy and SciPy, and patterns that are found again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import scipy.fft
import torch
from numpy.typing import NDArray
from torch import Tensor

from audiomodel.training import augmentation
from audiomodel.training.statistics import (
    LAGS,
    LENGTHS,
    N_BANDS,
    N_CEPSTRAL,
    N_PATTERNS,
    PATTERN_FRAMES,
    Statistics,
    n_statistics,
)  # fmt: skip
from tests.audiomodel.training.miniature import make_clips

N_OF_BANDS = 6 * N_BANDS + 2 * (N_BANDS - 1)
N_OF_SHAPES = N_CEPSTRAL * (2 + len(LAGS)) + N_CEPSTRAL * (N_CEPSTRAL - 1) // 2


def levels(n_clips: int = 3, n_frames: int = 50, seed: int = 0) -> Tensor:
    return torch.randint(0, 128, (n_clips, N_BANDS, n_frames), generator=torch.Generator().manual_seed(seed)).float()


@pytest.fixture(scope="module")
def learned() -> Statistics:
    statistics = Statistics()
    statistics.fit(torch.from_numpy(make_clips().levels), seed=0)
    return statistics


def test_bands_have_their_mean_deviation_maximum_skew_and_changes() -> None:
    x = levels().numpy().astype(np.float64) / 127
    found = Statistics().count(levels())[:, :N_OF_BANDS].numpy()
    skew = ((x - x.mean(2, keepdims=True)) ** 3).mean(2) / x.std(2) ** 3
    ahead = np.concatenate([x[:, :, 1:], x[:, :, -1:]], axis=2) - x
    slope = np.abs(np.diff(x, axis=1))
    expected = [x.mean(2), x.std(2), x.max(2), skew, np.abs(ahead).mean(2), ahead.max(2), slope.mean(2), slope.std(2)]
    np.testing.assert_allclose(found, np.concatenate(expected, axis=1), atol=5e-3)


def test_shapes_are_those_of_cepstral_coefficients_and_of_how_they_go_together() -> None:
    x = levels().numpy().astype(np.float64) / 127
    cepstral = scipy.fft.dct(x, axis=1, norm="ortho")[:, :N_CEPSTRAL]
    cepstral[:, 0] *= np.sqrt(2)  # the first of SciPy's is scaled down
    found = Statistics().count(levels())[:, N_OF_BANDS:][:, :N_OF_SHAPES].numpy()
    above = np.triu_indices(N_CEPSTRAL, 1)
    n_pairs = len(above[0])
    np.testing.assert_allclose(found[:, :N_CEPSTRAL], cepstral.mean(2), atol=1e-4)
    np.testing.assert_allclose(found[:, N_CEPSTRAL : 2 * N_CEPSTRAL], np.log(cepstral.var(2) + 1e-4), atol=1e-3)
    for clip, row in zip(cepstral, found[:, 2 * N_CEPSTRAL :], strict=True):
        np.testing.assert_allclose(row[:n_pairs], np.corrcoef(clip)[above], atol=2e-3)
    for place, lag in enumerate(LAGS):
        ahead = np.concatenate([cepstral[:, :, lag:], cepstral[:, :, -1:].repeat(lag, axis=2)], axis=2)
        change = ((ahead - cepstral) ** 2).mean(2) / (cepstral.var(2) + 1e-4)
        first = 2 * N_CEPSTRAL + n_pairs + place * N_CEPSTRAL
        np.testing.assert_allclose(found[:, first : first + N_CEPSTRAL], change, rtol=1e-3)


def test_what_clips_were_learned_from_lies_around_zero(learned: Statistics) -> None:
    clips = torch.from_numpy(make_clips().levels).float()
    found = learned(clips)
    varying = learned.deviations[-1] > 1e-3
    # What is farther than six deviations is brought nearer.
    varying &= found.abs().amax(dim=0) < 6
    assert found.shape == (len(clips), n_statistics())
    assert varying.float().mean() > 0.8
    assert found.mean(dim=0)[varying].abs().max() < 0.01
    assert found.std(dim=0)[varying].sub(1).abs().max() < 0.05
    assert found.abs().max() <= 6


def test_stretches_lie_around_zero_among_stretches_of_their_length(learned: Statistics) -> None:
    clips = torch.from_numpy(make_clips().levels).float()
    far = {}
    for length in (LENGTHS[0], LENGTHS[3]):
        cut = augmentation.db_to_levels(augmentation.levels_to_db(clips)[:, :, 10 : 10 + length])
        as_long = (learned.count(cut) - learned.means[-1]) / learned.deviations[-1]
        far[length] = [float(found.clamp(-6, 6).mean(dim=0).abs().mean()) for found in (learned(cut), as_long)]
        assert far[length][0] < far[length][1] / 3, far
        assert far[length][0] < 0.2, far


@pytest.mark.parametrize(
    ("n_frames", "expected"),
    [
        (1, lambda table: table[0]),
        (LENGTHS[0], lambda table: table[0]),
        (LENGTHS[2], lambda table: table[2]),
        (LENGTHS[-1], lambda table: table[-1]),
        (5 * LENGTHS[-1], lambda table: table[-1]),
        (5, lambda table: between(table, 5)),
        (100, lambda table: between(table, 100)),
    ],
)
def test_lengths_between_have_what_lies_between(
    learned: Statistics, n_frames: int, expected: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> None:
    clips = levels(2, n_frames)
    means, deviations = (expected(table.double().numpy()) for table in (learned.means, learned.deviations))
    normalized = np.clip((learned.count(clips).double().numpy() - means) / deviations, -6, 6)
    np.testing.assert_allclose(learned(clips).numpy(), normalized, atol=2e-3, rtol=1e-3)


def between(table: NDArray[np.float64], n_frames: int) -> NDArray[np.float64]:
    return np.array([np.interp(np.log(n_frames), np.log(LENGTHS), column) for column in table.T])


def test_patterns_are_of_unit_length_and_each_is_found_in_itself(learned: Statistics) -> None:
    patterns = learned.patterns[:, :, 0]
    torch.testing.assert_close(patterns.norm(dim=1), torch.ones(N_PATTERNS))
    # A patch whose directions are those of the pattern: the least squares solution, whatever loudness is added.
    directions = learned.directions.reshape(len(learned.offset), -1)
    wanted = patterns + learned.offset
    patches = torch.linalg.lstsq(directions, wanted.T).solution.T.reshape(N_PATTERNS, N_BANDS, PATTERN_FRAMES)
    for loudness in (0.0, 30.0):
        likest = learned.count(patches * 127 + loudness)[:, -N_PATTERNS:]
        assert likest.diagonal().min() > 0.99
        # Some patterns are the same, as the miniature's clips consist of few.
        torch.testing.assert_close(likest.diagonal(), likest.amax(dim=1), atol=5e-3, rtol=0)


def test_patterns_do_not_hear_how_loud_a_recording_is(learned: Statistics) -> None:
    quiet, loud = (learned.count(levels() * 0.5 + added)[:, -3 * N_PATTERNS :] for added in (0.0, 40.0))
    torch.testing.assert_close(quiet, loud, atol=1e-3, rtol=1e-3)


def test_the_same_clips_and_seed_give_the_same_statistics(learned: Statistics) -> None:
    again, other = Statistics(), Statistics()
    again.fit(torch.from_numpy(make_clips().levels), seed=0)
    other.fit(torch.from_numpy(make_clips().levels), seed=1)
    assert all(torch.equal(one, two) for one, two in zip(learned.buffers(), again.buffers(), strict=True))
    assert not torch.equal(learned.patterns, other.patterns)


@pytest.mark.parametrize("n_frames", [1, 2, 3, 4, 7, 8, 9])
@pytest.mark.parametrize("level", [0.0, 60.0])
def test_the_shortest_and_the_flattest_have_all_of_them(learned: Statistics, n_frames: int, level: float) -> None:
    for clip in (levels(1, n_frames), torch.full((1, N_BANDS, n_frames), level)):
        assert torch.isfinite(learned(clip)).all()
