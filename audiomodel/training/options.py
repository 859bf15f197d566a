"""`TrainingOptions`: how a tagger is trained, as its card says it."""

from __future__ import annotations

from msgspec import Struct

from audiomodel.training.network import Kind, NetworkOptions


class TrainingOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """How a tagger is trained; saved in its card.

    Parameters
    ----------
    tags_from
        Clips of all splits that a tag needs to be learned.
    learning_rate
        The highest of one cycle.
    mixup
        Parameter of the beta distribution that mixed clips are drawn from; of the steps, `mixed_steps` are mixed.
    statistics_batches, statistics_changed, statistics_mixup, statistics_noise
        Of a network of statistics, which learns faster and overfits sooner: batches that make one of its own, share of
        them whose whole clips are at another speed, pitch and mix, how their statistics are mixed, and the deviation of
        noise that is added to these, whose own is 1.
    excerpt_weight
        Of their loss beside that of whole clips.
    degraded
        Share of steps whose excerpts are degraded.
    artist_weight
        Of the loss over artists, who are told apart in training alone.
    kinds
        Of the networks that answer together, trained with one seed after the other; each has its kind put into
        `network` when it is trained.
    patience
        Epochs without a better validation after which training stops.
    compiled
        Whether torch compiles convolutions first: nearly twice as fast where there is a C++ compiler.
    """

    network: NetworkOptions = NetworkOptions()
    epochs: int = 30
    batch_size: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    tags_from: int = 50
    mixup: float = 0.3
    mixed_steps: float = 0.5
    statistics_batches: int = 2
    statistics_changed: float = 0.5
    statistics_mixup: float = 1.0
    statistics_noise: float = 0.4
    excerpt_weight: float = 0.75
    degraded: float = 0.5
    artist_weight: float = 0.2
    kinds: tuple[Kind, ...] = ("cnn", "statistics")
    patience: int = 16
    measure_every: int = 4
    compiled: bool = False
    seed: int = 0
