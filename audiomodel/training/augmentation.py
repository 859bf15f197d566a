"""What happens to clips before a network learns from them: other speeds, other pitches, rooms, telephones and noise.

Everything works on levels that were turned back into decibels below the clip's own maximum, since that is what there
is of the training clips; gains, filters and noise are additions and multiplications of the power in each band. Random
numbers come from torch's global generator, so that its state, kept in a checkpoint, is all that a resumed training
needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 - as everybody names it
from torch import Tensor

from audiomodel.front_end import FrontEnd
from audiomodel.mel import mel_frequencies

# Between the loudest and the quietest level, in the levels of the training clips.
RANGE_DB = 80.0
TOP_LEVEL = 127.0
# Power that counts as none.
_NOTHING = 1e-12


def levels_to_db(levels: Tensor) -> Tensor:
    """Return decibels below the loudest of levels of shape (n_clips, n_bands, n_frames)."""
    return levels.float() * (RANGE_DB / TOP_LEVEL) - RANGE_DB


def db_to_levels(db: Tensor) -> Tensor:
    """Return the levels of each clip within its own range, as `audiomodel.front_end.levels` does of a waveform's."""
    db = (db - db.amax(dim=(1, 2), keepdim=True)).clamp_min(-RANGE_DB)
    quietest = db.amin(dim=(1, 2), keepdim=True)
    return (db - quietest) / (-quietest).clamp_min(1e-3) * TOP_LEVEL


def uniform(*shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
    """Draw evenly from [low, high)."""
    return torch.rand(*shape) * (high - low) + low


def draw(low: float, high: float) -> float:
    """Draw one number evenly from [low, high)."""
    return float(uniform(1, low=low, high=high))


def choose(values: Sequence[int]) -> int:
    """Draw one of some values."""
    return values[int(torch.randint(len(values), (1,)))]


def crop(clips: Tensor, n_frames: int) -> Tensor:
    """Cut a stretch of `n_frames` out of each clip, each somewhere else."""
    starts = torch.randint(0, clips.shape[2] - n_frames + 1, (len(clips),))
    frames = starts[:, None] + torch.arange(n_frames)
    return clips.gather(2, frames[:, None, :].expand(-1, clips.shape[1], -1))


def stretch(db: Tensor, factor: float) -> Tensor:
    """Play a batch slower or faster: `factor` times as many frames."""
    size = (db.shape[1], max(2, int(db.shape[2] * factor)))
    return F.interpolate(db[:, None], size=size, mode="bilinear", align_corners=False)[:, 0]


def shift_bands(db: Tensor, bands: int) -> Tensor:
    """Move a batch up or down in pitch; the band at the edge is repeated."""
    places = (torch.arange(db.shape[1]) - bands).clamp(0, db.shape[1] - 1)
    return db[:, places]


def equalize(db: Tensor, strength_db: Tensor) -> Tensor:
    """Add a smooth random response to each clip, of a deviation given by clip, as other mixes and rooms have."""
    knots = torch.randn(len(db), 1, 6) * strength_db[:, None, None]
    response = F.interpolate(knots, size=db.shape[1], mode="linear", align_corners=True)[:, 0]
    return db + response[:, :, None]


def mask(levels: Tensor, n_masks: int = 2, bands: int = 10, share: float = 0.12) -> Tensor:
    """Blank bands and frames of each clip (SpecAugment), at most so many bands and such a share of the frames at once.

    References
    ----------
    Park et al., *SpecAugment*, Interspeech 2019.
    """
    n_clips, n_bands, n_frames = levels.shape
    blank = torch.zeros(levels.shape, dtype=torch.bool)
    for _ in range(n_masks):
        blank |= _stripes(n_clips, n_bands, float(bands))[:, :, None]
        blank |= _stripes(n_clips, n_frames, share * n_frames)[:, None, :]
    return levels.masked_fill(blank, TOP_LEVEL * 0.375)


def _stripes(n_clips: int, length: int, widest: float) -> Tensor:
    widths = (torch.rand(n_clips) * widest).long()
    starts = (torch.rand(n_clips) * (length - widths)).long()
    places = torch.arange(length)
    return (places >= starts[:, None]) & (places < (starts + widths)[:, None])


@dataclass(frozen=True)
class Channel:
    """What stands between a performance and the recording of it: the bands of a front end under noise and filters.

    Parameters
    ----------
    centers
        Frequencies of the bands in Hz, shape (n_bands,).
    widths
        Their widths in Hz.
    """

    centers: Tensor
    widths: Tensor

    @classmethod
    def of(cls, front_end: FrontEnd) -> Channel:
        """Return the bands of a front end: each is the mean of neighboring mel bands."""
        edges = torch.as_tensor(mel_frequencies(front_end.n_mels + 2, front_end.sample_rate / 2), dtype=torch.float32)
        together = front_end.n_mels // front_end.n_bands
        centers = edges[1:-1].log().reshape(-1, together).mean(dim=1).exp()
        return cls(centers, ((edges[2:] - edges[:-2]) / 2).reshape(-1, together).mean(dim=1))

    def noise(self, power: Tensor, snr_db: Tensor, tilt_db: Tensor) -> Tensor:
        """Draw noise for power of shape (n_clips, n_bands, n_frames), each clip at its ratio and tilt per octave."""
        color = 10 ** (tilt_db[:, None] * torch.log2(self.centers / 1000) / 10)
        loudness = (power.mean(dim=2) * self.widths).sum(dim=1) / (color * self.widths).sum(dim=1)
        level = color * (loudness * 10 ** (-snr_db / 10))[:, None]
        # Power in a band is a sum over its bins: the narrower the band, the more it fluctuates from frame to frame.
        shape = (self.widths / 21.5 * 1.5).clamp(2.0, 60.0)[None, :, None].expand(power.shape)
        return level[:, :, None] * torch._standard_gamma(shape.contiguous()) / shape

    def band_pass(self, low: Tensor, high: Tensor, slope_db: Tensor) -> Tensor:
        """Return the gain in dB, by clip and band, of a filter from `low` to `high` Hz, with its slope per octave."""
        below = torch.relu(torch.log2(low[:, None] / self.centers))
        above = torch.relu(torch.log2(self.centers / high[:, None]))
        return -slope_db[:, None] * (below + above)

    def degrade(self, db: Tensor) -> Tensor:
        """Record each clip again under other circumstances: in a room, in noise of some color, half by telephone."""
        n_clips = len(db)
        power = 10 ** (equalize(db, uniform(n_clips, high=5.0)) / 10)
        power = torch.where(db <= -RANGE_DB + 0.1, 0.0, power)
        snr = torch.where(torch.rand(n_clips) < 0.3, 80.0, uniform(n_clips, low=3.0, high=30.0))
        tilt = torch.where(torch.rand(n_clips) < 0.5, 0.0, uniform(n_clips, low=-6.0, high=1.0))
        power = power + self.noise(power, snr, tilt)
        phone = (torch.rand(n_clips) < 0.5).float()
        gain = self.band_pass(
            uniform(n_clips, low=150, high=500),
            uniform(n_clips, low=2500, high=6000),
            uniform(n_clips, low=12, high=60) * phone,
        )
        return 10 * torch.log10(power * 10 ** (gain / 10)[:, :, None] + _NOTHING)
