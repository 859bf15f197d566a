"""Several networks that answer together: of different kinds or seeds, each errs in its own way.

The mean of their logits counts. Embeddings are those of the first, as those of two networks cannot be compared.

References
----------
Lakshminarayanan et al., *Simple and scalable predictive uncertainty estimation using deep ensembles*, NIPS 2017.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from audiomodel.training.network import Tagger


class Answer(NamedTuple):
    """What networks say of a batch.

    Parameters
    ----------
    embedding
        Of the first network, shape (n_clips, width).
    tags, genres
        Mean logits of all, shapes (n_clips, n_tags) and (n_clips, n_genres).
    """

    embedding: Tensor
    tags: Tensor
    genres: Tensor


class Ensemble(nn.Module):
    """Networks that answer together; no two are alike."""

    def __init__(self, networks: Sequence[Tagger]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, levels: Tensor) -> Answer:
        """Hear a batch of clips of one length, shape (n_clips, n_bands, n_frames)."""
        outputs = [network(levels) for network in self.networks]
        tags, genres = (torch.stack([output[place] for output in outputs]).mean(dim=0) for place in (1, 2))
        return Answer(outputs[0].embedding, tags, genres)
