"""From co-occurrence and two embeddings to the kin of each tag.

All three speak on one scale, that of co-occurrence: a cosine counts as the co-occurrence similarity that pairs of such a
cosine have on average. The embeddings are then what is believed before counting, worth `prior_expected` items with both
tags by chance; the more items chance would give, the more the count itself decides. So a similarity is the
co-occurrence similarity one may expect to count in data without end: 1 for two tags that always stand together, 0 at
chance, comparable between tags. Antonyms, whose vectors are alike, are vetoed by negative PMI and by their words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tagmodel.cooccurrence import CoOccurrence, Evidence, Floats
from tagmodel.embedding import TagEmbedding
from tagmodel.kin import MAX_KIN, KinTable
from tagmodel.vocabulary import Vocabulary

# Tags looked at in one go: 256 rows of 2,000 float32 fit the processor's cache.
BLOCK = 256
# Steps of a calibration curve, each of as many pairs.
CURVE_STEPS = 100


@dataclass(frozen=True)
class KinOptions:
    """How origins are weighed; chosen on held-out items (benchmarks/kin_ablation.py).

    Parameters
    ----------
    prior_expected
        What the embeddings are worth, in items with both tags that chance would give.
    word2vec, als
        Shares of the two in what the embeddings say together; 0 shows an origin as evidence only.
    min_support
        Items with both tags from which on uncounted kin are believed as they are.
    unseen
        What is believed of the embeddings about tags that had no chance to meet, in [0, 1].
    min_similarity
        Worse kin are no kin.
    """

    prior_expected: float = 20.0
    word2vec: float = 0.5
    als: float = 0.5
    min_support: int = 3
    unseen: float = 0.6
    min_similarity: float = 0.04


class Curve(NamedTuple):
    """A rising curve from cosine to co-occurrence similarity; both of shape (n_steps,), cosines rising."""

    cosines: Floats
    similarities: Floats

    def __call__(self, cosines: Floats) -> Floats:
        """Map cosines of any shape."""
        return np.interp(cosines, self.cosines, self.similarities).astype(np.float32)


# For catalogues too small to count anything: about what all five data sets give.
USUAL_CURVE = Curve(
    np.array([0.0, 0.4, 0.6, 0.8, 0.9, 1.0], np.float32), np.array([0.0, 0.04, 0.1, 0.2, 0.35, 0.6], np.float32)
)


def fit_curve(cosines: Floats, similarities: Floats) -> Curve:
    """Fit the rising curve of least squares through pairs of tags.

    Parameters
    ----------
    cosines, similarities : shape (n_pairs,)
        With fewer than `CURVE_STEPS` pairs, `USUAL_CURVE` is returned.

    References
    ----------
    Ayer et al., "An empirical distribution function for sampling with incomplete information", 1955 (pool adjacent
    violators).
    """
    if len(cosines) < CURVE_STEPS:
        return USUAL_CURVE
    order = np.lexsort((similarities, cosines))
    steps = np.array_split(order, CURVE_STEPS)
    middles = np.array([cosines[step].mean() for step in steps], np.float32)
    return Curve(middles, rising_means([float(similarities[step].mean()) for step in steps]))


def rising_means(values: Sequence[float]) -> Floats:
    """Return the non-decreasing values nearest to `values` in least squares."""
    pools: list[tuple[float, int]] = []
    for value in values:
        mean, size = value, 1
        while pools and pools[-1][0] > mean:
            before, n = pools.pop()
            mean, size = (before * n + mean * size) / (n + size), n + size
        pools.append((mean, size))
    return np.repeat([mean for mean, _ in pools], [size for _, size in pools]).astype(np.float32)


class Origins(NamedTuple):
    """What each origin says of some tags against all tags; arrays of shape (len(rows), n_tags), on one scale."""

    counted: Evidence
    word2vec: Floats
    als: Floats


@dataclass(frozen=True, eq=False)
class Kinship:
    """The three origins over one vocabulary, brought to one scale."""

    cooccurrence: CoOccurrence
    word2vec: TagEmbedding
    als: TagEmbedding
    word2vec_curve: Curve
    als_curve: Curve

    @classmethod
    def calibrate(cls, cooccurrence: CoOccurrence, word2vec: TagEmbedding, als: TagEmbedding) -> Kinship:
        """Bring the cosines of both embeddings to the scale of co-occurrence, over all pairs that can be counted."""
        counted, cosines_w, cosines_a = [], [], []
        for rows in blocks(len(als.vectors)):
            evidence = cooccurrence.evidence(rows)
            known = ~np.isnan(evidence.pmi)
            counted.append(evidence.similarity[known])
            cosines_w.append((word2vec.directions[rows] @ word2vec.directions.T)[known])
            cosines_a.append((als.directions[rows] @ als.directions.T)[known])
        similarities = np.concatenate(counted)
        curves = (fit_curve(np.concatenate(cosines), similarities) for cosines in (cosines_w, cosines_a))
        return cls(cooccurrence, word2vec, als, *curves)

    def origins(self, rows: slice) -> Origins:
        """Return what each origin says of the tags in `rows`."""
        return Origins(
            self.cooccurrence.evidence(rows),
            self.word2vec_curve(self.word2vec.directions[rows] @ self.word2vec.directions.T),
            self.als_curve(self.als.directions[rows] @ self.als.directions.T),
        )


def blocks(n_tags: int) -> Iterator[slice]:
    """Yield slices of `BLOCK` tags."""
    for start in range(0, n_tags, BLOCK):
        yield slice(start, min(start + BLOCK, n_tags))


def combine(origins: Origins, options: KinOptions) -> Floats:
    """Combine what the origins say into one similarity in [0, 1], shape (len(rows), n_tags)."""
    counted = origins.counted
    shares = max(options.word2vec + options.als, 1e-9)
    believed = (options.word2vec * origins.word2vec + options.als * origins.als) / shares
    weight = counted.expected / (counted.expected + options.prior_expected + 1e-9)
    known = ~np.isnan(counted.pmi)
    combined = np.where(known, weight * counted.similarity + (1 - weight) * believed, believed * _trust(counted, options))
    return np.where(counted.veto, 0, combined).astype(np.float32)


def _trust(counted: Evidence, options: KinOptions) -> Floats:
    """Say how far embeddings are believed where nothing can be counted.

    Fully when enough items carry both tags; less when chance would not have brought the two together even once, as for
    tags of different data sets; not at all when they could have met and did not.
    """
    unseen = np.where(counted.expected < 1, options.unseen, 0)
    return np.where(counted.support >= options.min_support, 1, unseen).astype(np.float32)


def find_kin(kinship: Kinship, vocabulary: Vocabulary, options: KinOptions) -> KinTable:
    """List the kin of every tag: at most `MAX_KIN`, best first, ties by tag number, contradicting tags never."""
    tables = []
    for rows in blocks(len(vocabulary)):
        origins = kinship.origins(rows)
        similarity = combine(origins, options)
        for at, number in enumerate(range(rows.start, rows.stop)):
            similarity[at, [number, *_contradicting(vocabulary, number)]] = 0
        similarity[similarity < options.min_similarity] = 0
        tables.append(_best_kin(similarity, origins))
    return KinTable.joined(tables)


def _contradicting(vocabulary: Vocabulary, number: int) -> list[int]:
    others = (vocabulary.number(other) for other in vocabulary.contradicting(vocabulary.ids[number]))
    return [other for other in others if other is not None]


def _best_kin(similarity: Floats, origins: Origins) -> KinTable:
    """Gather the best kin of each row, with the evidence."""
    order = np.argsort(-similarity, axis=1, kind="stable")[:, :MAX_KIN]
    kept = np.take_along_axis(similarity, order, axis=1) > 0
    at = (np.nonzero(kept)[0], order[kept])
    counted = origins.counted
    return KinTable(
        starts=np.concatenate([[0], np.cumsum(kept.sum(axis=1))]).astype(np.int32),
        tags=at[1].astype(np.int32),
        similarity=similarity[at],
        cooccurrence=counted.similarity[at],
        word2vec=origins.word2vec[at],
        als=origins.als[at],
        pmi=counted.pmi[at],
        support=counted.support[at],
    )
