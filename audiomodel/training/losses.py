"""What a network is told after each batch: how far off its tags and genres are."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - as everybody names it
from torch import Tensor, nn

from audiomodel.training.network import Output, Told
from audiomodel.training.targets import Truth

# A tag of one clip in a hundred weighs so much more than one of half of them, at most.
HEAVIEST_TAG = 10.0
# Part of the truth that goes to the other genres: people disagree about them.
SMOOTHING = 0.1
# Mean loss over tags is small beside that over genres, as most tags are absent; this puts them level.
TAG_WEIGHT = 8.0
# Of what the embedding says by itself.
EMBEDDING_WEIGHT = 0.5


class TaggingLoss(nn.Module):
    """How far a batch is from what people said.

    Binary cross-entropy over tags, rare ones weighing more, and cross-entropy over genres and artists.

    Parameters
    ----------
    tag_shares
        Share of training clips that have each tag, shape (n_tags,).
    artist_weight
        Of the loss over artists, beside that over tags and genres.
    """

    weights: Tensor

    def __init__(self, tag_shares: Tensor, artist_weight: float = 0.0) -> None:
        super().__init__()
        self.artist_weight = artist_weight
        self.register_buffer("weights", tag_shares.clamp_min(1e-4).rsqrt().clamp(max=HEAVIEST_TAG))

    def forward(self, told: Told, truth: Truth) -> Tensor:
        """Return the mean loss of a batch."""
        loss = self._said(told.output, truth) + EMBEDDING_WEIGHT * self._said(told.by_embedding, truth)
        if told.artists is not None and (truth.artists >= 0).any():
            loss = loss + self.artist_weight * F.cross_entropy(told.artists.float(), truth.artists, ignore_index=-1)
        return torch.as_tensor(loss)

    def mixed(self, told: Told, truth: Truth, order: Tensor, share: float) -> Tensor:
        """Return the loss of clips that were mixed with the clips at `order`, of which they are `share` themselves."""
        own, other = self(told, truth), self(told, truth.of(order))
        return torch.as_tensor(share * own + (1 - share) * other)

    def _said(self, output: Output, truth: Truth) -> Tensor:
        tag_loss = F.binary_cross_entropy_with_logits(output.tags.float(), truth.tags, pos_weight=self.weights)
        if not (truth.genres >= 0).any():
            return torch.as_tensor(TAG_WEIGHT * tag_loss)
        genre_loss = F.cross_entropy(output.genres.float(), truth.genres, ignore_index=-1, label_smoothing=SMOOTHING)
        return torch.as_tensor(TAG_WEIGHT * tag_loss + genre_loss)
