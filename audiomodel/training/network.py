"""Three networks from log-mel frames to tags: a residual CNN, the same with a GRU, and one of statistics.

Statistics are counted instead of learned (`audiomodel.training.statistics`); the GRU reads what the CNN sees in time.
All read any number of frames and give the same three things: an embedding (which has heads of its own in training, and
none after it: "softmax off"), logits of tags and logits of top genres. A tall first kernel and an early stride make an
epoch of the CNN several times cheaper on two CPU cores than a network that keeps all frames to the end, at the same
result.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812 - as everybody names it
from msgspec import Struct
from torch import Tensor, nn

from audiomodel.hearing import DIMENSIONS
from audiomodel.training.statistics import Statistics, n_statistics

# Largest level of the front end; networks see levels in [-2, 2].
TOP_LEVEL = 127.0
# Of the 64 bands of the front end so many are left after the last stage.
BANDS_SEEN = 2
# Of heads that only teach.
_DROPOUT_BESIDE = 0.3

Kind = Literal["cnn", "crnn", "statistics"]


class NetworkOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """What a network looks like; saved in its checkpoint.

    Parameters
    ----------
    kind
        ``cnn`` pools over time by mean, deviation and maximum, ``crnn`` has a GRU read it in both directions before,
        ``statistics`` has no convolutions to learn.
    widths, blocks
        Channels and number of residual blocks of each of the four stages of convolutions.
    width
        Of the embedding: half of the vector that a recording gets, the other half is its print
        (`audiomodel.training.prints`).
    hidden
        Of the two layers between what is seen and the heads. Rare tags need room: with 64 in the place of the
        second 512 the PR-AUC falls by 6 % (ADR 9).
    dropout_seen, dropout_counted, dropout
        Of what convolutions see, of statistics, and of both layers.
    """

    kind: Kind = "cnn"
    widths: tuple[int, int, int, int] = (24, 48, 96, 192)
    blocks: tuple[int, int, int, int] = (1, 2, 2, 1)
    width: int = DIMENSIONS // 2
    hidden: int = 512
    dropout_seen: float = 0.2
    dropout_counted: float = 0.4
    dropout: float = 0.5


class Output(NamedTuple):
    """What a network says of a batch.

    Parameters
    ----------
    embedding
        Shape (n_clips, width), of any length.
    tags, genres
        Logits, shapes (n_clips, n_tags) and (n_clips, n_genres).
    """

    embedding: Tensor
    tags: Tensor
    genres: Tensor


class Tagger(nn.Module):
    """Levels of shape (n_clips, n_bands, n_frames), 0 .. 127, to `Output`; one frame is enough."""

    def __init__(self, options: NetworkOptions, n_tags: int, n_genres: int) -> None:
        super().__init__()
        self.statistics = Statistics() if options.kind == "statistics" else None
        self.convolutions = None if self.statistics else Convolutions(options)
        self.n_seen = self.convolutions.n_seen if self.convolutions else n_statistics()
        self.embed = nn.Linear(self.n_seen, options.width)
        self.hidden = nn.Sequential(
            nn.Dropout(options.dropout_counted if self.statistics else options.dropout_seen),
            _layer(self.n_seen, options.hidden, options.dropout),
            _layer(options.hidden, options.hidden, options.dropout),
        )
        self.tags = nn.Linear(options.hidden, n_tags)
        # Where there are no genres, one that nobody asks for: layers without width cannot be exported.
        self.genres = nn.Linear(options.hidden, max(n_genres, 1))

    def forward(self, levels: Tensor) -> Output:
        """Hear a batch of clips of one length."""
        return self.tell(self.look(levels))

    def look(self, levels: Tensor) -> Tensor:
        """Return what is seen of each clip, shape (n_clips, n_seen)."""
        sees = self.statistics or self.convolutions
        assert sees is not None
        seen: Tensor = sees(levels)
        return seen

    def tell(self, seen: Tensor) -> Output:
        """Return what `look` saw as embedding and logits."""
        hidden = self.hidden(seen)
        return Output(self.embed(seen), self.tags(hidden), self.genres(hidden))


class Convolutions(nn.Module):
    """Levels to what convolutions see, pooled over time: mean, deviation and maximum, by what is seen and band."""

    def __init__(self, options: NetworkOptions) -> None:
        super().__init__()
        width = options.widths[-1] * BANDS_SEEN
        self.body = nn.Sequential(_stem(options.widths[0]), *_stages(options))
        self.gru = nn.GRU(width, width // 4, batch_first=True, bidirectional=True) if options.kind == "crnn" else None
        self.n_seen = 3 * (width // 2 if self.gru else width)

    def forward(self, levels: Tensor) -> Tensor:
        """Look at a batch of clips of one length."""
        level = levels * (4 / TOP_LEVEL) - 2
        # What changes in each band: a filter, a room or a telephone adds a constant there.
        changes = level - level.mean(dim=2, keepdim=True)
        # Convolutions know no place, but the same pattern high and low is another sound.
        height = torch.linspace(-1, 1, levels.shape[1], device=levels.device)[None, :, None].expand_as(level)
        image = torch.stack([level, changes, height], dim=1)
        seen = self.body(image.contiguous(memory_format=torch.channels_last))
        over_time = seen.flatten(1, 2)  # (n_clips, width * BANDS_SEEN, n_steps)
        if self.gru is not None:
            over_time = self.gru(over_time.transpose(1, 2))[0].transpose(1, 2)
        mean = over_time.mean(dim=2, keepdim=True)
        deviation = ((over_time - mean).square().mean(dim=2) + 1e-4).sqrt()
        return torch.cat([mean[:, :, 0], deviation, over_time.amax(dim=2)], dim=1)


class Told(NamedTuple):
    """What a network in training says of a batch: as a tagger, by its embedding alone, and whose clips they are.

    Parameters
    ----------
    artists
        Logits, None where nobody is to be told apart.
    """

    output: Output
    by_embedding: Output
    artists: Tensor | None


class Learner(nn.Module):
    """A tagger in training, with heads that only teach it: only the tagger is kept.

    Its embedding is to tell tags and genres by itself; and what it sees is to tell artists apart, which teaches it much
    about sound.

    Parameters
    ----------
    n_artists
        To be told apart; 0 for none.
    noise
        Deviation of what is added to all that it sees.

    References
    ----------
    Park et al., *Representation learning of music using artist labels*, ISMIR 2018.
    """

    def __init__(self, tagger: Tagger, n_artists: int, noise: float = 0.0) -> None:
        super().__init__()
        self.tagger, self.noise = tagger, noise
        width = tagger.embed.out_features
        self.dropout = nn.Dropout(_DROPOUT_BESIDE)
        self.tags = nn.Linear(width, tagger.tags.out_features)
        self.genres = nn.Linear(width, tagger.genres.out_features)
        self.artists = nn.Linear(tagger.n_seen, n_artists) if n_artists else None

    def forward(self, levels: Tensor) -> Told:
        """Return what is told of a batch of clips."""
        return self.told(self.tagger.look(levels))

    def told(self, seen: Tensor, order: Tensor | None = None, share: float = 1.0) -> Told:
        """Return what is told of what `Tagger.look` saw; with an `order`, of mixtures with those, `share` their own."""
        if self.training and self.noise:
            seen = seen + self.noise * torch.randn_like(seen)
        if order is not None:
            seen = share * seen + (1 - share) * seen[order]
        output = self.tagger.tell(seen)
        hidden = self.dropout(F.relu(output.embedding))
        by_embedding = Output(output.embedding, self.tags(hidden), self.genres(hidden))
        return Told(output, by_embedding, None if self.artists is None else self.artists(self.dropout(seen)))


def _layer(n_in: int, n_out: int, dropout: float) -> nn.Module:
    """Normalize by clip and not by batch: clips and excerpts, shown in turn, are far apart here."""
    return nn.Sequential(nn.Linear(n_in, n_out), nn.LayerNorm(n_out), nn.GELU(), nn.Dropout(dropout))


def _stem(width: int) -> nn.Module:
    """Seven bands at a glance, every second one."""
    first = nn.Conv2d(3, width, (7, 3), stride=(2, 1), padding=(3, 1), bias=False)
    return nn.Sequential(first, nn.BatchNorm2d(width), nn.ReLU())


def _stages(options: NetworkOptions) -> list[nn.Module]:
    """Each stage begins with a stride in both directions; the last leaves time alone."""
    layers: list[nn.Module] = []
    last = options.widths[0]
    for stage, (width, count) in enumerate(zip(options.widths, options.blocks, strict=True)):
        for number in range(count):
            stride = (1, 1) if number else (2, 2) if stage < 3 else (2, 1)
            layers.append(Residual(last, width, stride))
            last = width
    return layers


class Residual(nn.Module):
    """Two convolutions with squeeze and excitation around a shortcut.

    References
    ----------
    He et al., *Deep residual learning*, CVPR 2016. Hu et al., *Squeeze-and-excitation networks*, CVPR 2018.
    """

    def __init__(self, n_in: int, n_out: int, stride: tuple[int, int]) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(n_in, n_out, 3, stride, 1, bias=False),
            nn.BatchNorm2d(n_out),
            nn.ReLU(),
            nn.Conv2d(n_out, n_out, 3, 1, 1, bias=False),
            nn.BatchNorm2d(n_out),
        )
        narrow = n_out // 8
        self.squeeze = nn.Sequential(nn.Linear(n_out, narrow), nn.ReLU(), nn.Linear(narrow, n_out), nn.Sigmoid())
        self.shortcut = _shortcut(n_in, n_out, stride)

    def forward(self, seen: Tensor) -> Tensor:
        """Return what is seen at half of the places where the stride is 2."""
        changed: Tensor = self.convolutions(seen)
        changed = changed * self.squeeze(changed.mean(dim=(2, 3)))[:, :, None, None]
        return F.relu(changed + self.shortcut(seen))


def _shortcut(n_in: int, n_out: int, stride: tuple[int, int]) -> nn.Module:
    if n_in == n_out and stride == (1, 1):
        return nn.Identity()
    # Rounding up, as strided convolutions do, so that odd numbers of frames add up.
    pooled = nn.AvgPool2d(stride, ceil_mode=True, count_include_pad=False)
    return nn.Sequential(pooled, nn.Conv2d(n_in, n_out, 1, bias=False), nn.BatchNorm2d(n_out))
