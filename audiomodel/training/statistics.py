"""What is counted of a recording without learning from tags: how its bands behave, and which small patterns it has.

A network of convolutions learns what to look for; with some thousand clips it cannot learn everything. What is computed
here needs no tags: moments of each band, how bands go together (the correlations of cepstral coefficients), how fast
they change, and how often each of some hundred patterns occurs that the training clips themselves consist of.

References
----------
Mandel and Ellis, *Song-level features and support vector machines for music classification*, ISMIR 2005: correlations.
Coates and Ng, *Learning feature representations with k-means*, 2012; Dieleman and Schrauwen, *Multiscale approaches to
music audio feature learning*, ISMIR 2013: patterns.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F  # noqa: N812 - as everybody names it
from torch import Tensor, nn

from audiomodel.training import augmentation

N_BANDS = 64
# Cepstral coefficients: the shape of the spectrum, without its finest lines.
N_CEPSTRAL = 24
# Frames between which change is measured: .2 to 1.9 seconds.
LAGS = (1, 2, 4, 8)
# A pattern is so many frames long, seen in so many directions of most variance; there are so many patterns.
PATTERN_FRAMES, DIRECTIONS, N_PATTERNS = 4, 100, 384
# What is less like a pattern counts nothing.
LIKE_FROM = 0.1
# Patches that patterns are learned from, at most, and rounds.
_PATCHES, _ROUNDS = 120_000, 12
# Lengths, in frames, whose means and deviations are learned; those of others lie between: the maximum of a band is
# higher in half a minute than in a second, which says nothing of the music.
LENGTHS = (4, 6, 9, 13, 21, 32, 64, 128)
# In deviations from the mean of the training clips.
_FARTHEST = 6.0
_SMALL = 1e-4
_AT_ONCE = 100  # clips


class Statistics(nn.Module):
    """Levels of shape (n_clips, 64, n_frames), 0 .. 127, to statistics in deviations from the training clips' mean."""

    cosines: Tensor
    directions: Tensor
    offset: Tensor
    patterns: Tensor
    means: Tensor
    deviations: Tensor
    steps: Tensor

    def __init__(self) -> None:
        super().__init__()
        places = torch.arange(N_BANDS) + 0.5
        cosines = torch.cos(math.pi / N_BANDS * torch.arange(N_CEPSTRAL)[:, None] * places) * math.sqrt(2 / N_BANDS)
        self.register_buffer("cosines", cosines)
        self.register_buffer("directions", torch.zeros(DIRECTIONS, N_BANDS, PATTERN_FRAMES))
        self.register_buffer("offset", torch.zeros(DIRECTIONS))
        self.register_buffer("patterns", torch.zeros(N_PATTERNS, DIRECTIONS, 1))
        self.register_buffer("means", torch.zeros(len(LENGTHS), n_statistics()))
        self.register_buffer("deviations", torch.ones(len(LENGTHS), n_statistics()))
        self.register_buffer("steps", torch.tensor(LENGTHS).log())

    def forward(self, levels: Tensor) -> Tensor:
        """Count; shape (n_clips, n_statistics)."""
        # Counted, not asked of the shape: an exported network would keep the length of its example.
        n_frames = torch.ones_like(levels[:1, :1]).sum().log()
        share = ((n_frames - self.steps[:-1]) / _rises(self.steps)).clamp(0, 1)
        mean, deviation = (table[0] + share @ _rises(table) for table in (self.means, self.deviations))
        return ((self.count(levels) - mean) / deviation).clamp(-_FARTHEST, _FARTHEST)

    def count(self, levels: Tensor) -> Tensor:
        """Return the statistics as they are."""
        level = levels * (1 / 127.0)
        return torch.cat([*_of_bands(level), *self._of_shapes(level), *self._of_patterns(level)], dim=1)

    def _of_shapes(self, level: Tensor) -> list[Tensor]:
        """Mean and deviation of the cepstral coefficients, how they go together, and how fast they change."""
        shape = torch.matmul(self.cosines, level)
        mean = shape.mean(dim=2, keepdim=True)
        moved = shape - mean
        covariance = torch.matmul(moved, moved.transpose(1, 2)) / level.shape[2]
        variance = moved.square().mean(dim=2) + _SMALL
        scale = variance.rsqrt()
        correlation = covariance * scale[:, :, None] * scale[:, None, :]
        above = torch.triu_indices(N_CEPSTRAL, N_CEPSTRAL, 1)
        changes = [(_ahead(shape, lag) - shape).square().mean(dim=2) / variance for lag in LAGS]
        return [mean[:, :, 0], variance.log(), correlation[:, above[0], above[1]], *changes]

    def _of_patterns(self, level: Tensor) -> list[Tensor]:
        """Mean, deviation and maximum of how like each pattern every stretch is."""
        whitened = F.conv1d(_longer(level, PATTERN_FRAMES - 1), self.directions) - self.offset[:, None]
        whitened = whitened * (whitened.square().sum(dim=1, keepdim=True) + _SMALL).rsqrt()
        like = F.conv1d(whitened, self.patterns)
        mean = like.mean(dim=2, keepdim=True)
        deviation = ((like - mean).square().mean(dim=2) + _SMALL).sqrt()
        return [F.relu(like - LIKE_FROM).mean(dim=2), deviation, like.amax(dim=2)]

    @torch.no_grad()
    def fit(self, levels: Tensor, seed: int) -> None:
        """Learn the patterns, and the mean and deviation of everything, from clips of shape (n_clips, 64, n_frames)."""
        generator = torch.Generator().manual_seed(seed)
        self._fit_patterns(levels, generator)
        for place, length in enumerate(LENGTHS):
            parts = torch.split(levels, _AT_ONCE)
            counted = torch.cat([self.count(_cut(part.float(), length, generator)) for part in parts])
            self.means[place] = counted.mean(dim=0)
            self.deviations[place] = counted.std(dim=0).clamp_min(_SMALL) if len(counted) > 1 else 1.0

    def _fit_patterns(self, levels: Tensor, generator: torch.Generator) -> None:
        n_starts = max(1, levels.shape[2] - PATTERN_FRAMES + 1)
        # Of few clips no more patches than there are, and at least one for each pattern.
        n_patches = max(N_PATTERNS, min(_PATCHES, len(levels) * n_starts))
        clips = torch.randint(0, len(levels), (n_patches,), generator=generator)
        starts = torch.randint(0, n_starts, (n_patches,), generator=generator)
        frames = (starts[:, None] + torch.arange(PATTERN_FRAMES)).clamp_max(levels.shape[2] - 1)
        patches = levels[clips[:, None], :, frames].transpose(1, 2).reshape(n_patches, -1).float() / 127.0
        # What is the same in the whole patch is loudness: left out, in the patches and later in the directions.
        patches -= patches.mean(dim=1, keepdim=True)
        center = patches.mean(dim=0)
        variances, vectors = torch.linalg.eigh((patches - center).T @ (patches - center) / n_patches)
        # Directions of little variance are noise; they are not blown up to the size of the others.
        scale = (variances[-DIRECTIONS:].flip(0) + 0.1 * variances.mean()).clamp_min(1e-12).rsqrt()
        white = vectors[:, -DIRECTIONS:].flip(1) * scale
        self.offset.copy_(center @ white)
        self.directions.copy_((white - white.mean(dim=0)).T.reshape(self.directions.shape))
        points = F.normalize((patches - center) @ white, dim=1)
        self.patterns.copy_(_spherical_means(points, generator)[:, :, None])


def n_statistics() -> int:
    """Return how many statistics there are."""
    of_shapes = N_CEPSTRAL * (2 + len(LAGS)) + N_CEPSTRAL * (N_CEPSTRAL - 1) // 2
    return 6 * N_BANDS + 2 * (N_BANDS - 1) + of_shapes + 3 * N_PATTERNS


def _of_bands(level: Tensor) -> list[Tensor]:
    """Mean, deviation, maximum and skew of each band, how it changes from frame to frame, and from band to band."""
    mean = level.mean(dim=2, keepdim=True)
    moved = level - mean
    deviation = (moved.square().mean(dim=2) + _SMALL).sqrt()
    skew = moved.pow(3).mean(dim=2) / deviation.pow(3)
    change = _ahead(level, 1) - level
    slope = (level[:, 1:] - level[:, :-1]).abs()
    uneven = slope.mean(dim=2, keepdim=True)
    return [
        mean[:, :, 0], deviation, level.amax(dim=2), skew.clamp(-4, 4), change.abs().mean(dim=2), change.amax(dim=2),
        uneven[:, :, 0], ((slope - uneven).square().mean(dim=2) + _SMALL).sqrt(),
    ]  # fmt: skip


def _cut(levels: Tensor, length: int, generator: torch.Generator) -> Tensor:
    """Cut a stretch out of each clip, each somewhere else, with the levels that it would have by itself."""
    if levels.shape[2] <= length:
        return levels
    starts = torch.randint(0, levels.shape[2] - length + 1, (len(levels),), generator=generator)
    frames = (starts[:, None] + torch.arange(length))[:, None, :].expand(-1, levels.shape[1], -1)
    return augmentation.db_to_levels(augmentation.levels_to_db(levels).gather(2, frames))


def _rises(table: Tensor) -> Tensor:
    """Return by how much each row exceeds the one before."""
    return table[1:] - table[:-1]


def _longer(level: Tensor, frames: int) -> Tensor:
    """Repeat the last frame, so that the shortest recording has every statistic."""
    return torch.cat([level, level[:, :, -1:].expand(-1, -1, frames)], dim=2)


def _ahead(level: Tensor, lag: int) -> Tensor:
    """Return what comes `lag` frames later."""
    return _longer(level, lag)[:, :, lag:]


def _spherical_means(points: Tensor, generator: torch.Generator) -> Tensor:
    """Return `N_PATTERNS` means of unit vectors of shape (n_points, n_dimensions), of unit length."""
    means = points[torch.randperm(len(points), generator=generator)[:N_PATTERNS]]
    for _ in range(_ROUNDS):
        nearest = (points @ means.T).argmax(dim=1)
        sums = torch.zeros_like(means).index_add_(0, nearest, points)
        # One that nothing is nearest to stays where it is.
        used = sums.norm(dim=1, keepdim=True) > 0
        means = torch.where(used, F.normalize(sums, dim=1), means)
    return means
