"""From co-occurrence and two embeddings to the kin of each tag.

All three speak on one scale, that of co-occurrence, which is close to a correlation (`PairCounts.similarity`): a cosine
counts as the co-occurrence similarity that pairs of such a cosine have on average. The embeddings are what is believed
before counting, worth `prior_expected` items with both tags by chance; the more items chance would give, the more the
count itself decides. So a similarity is the correlation one may expect to count in data without end: 1 for two tags
that always stand together, 0 at chance, comparable between tags; 0.1 is a weak kin, 0.2 a good one, 0.4 nearly the same
thing. Antonyms, whose vectors are alike, are vetoed by negative PMI and by their words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tagmodel.cooccurrence import CoOccurrence, Evidence, Floats
from tagmodel.embedding import TagEmbedding
from tagmodel.folding import negated
from tagmodel.kin import MAX_KIN, KinTable
from tagmodel.vocabulary import Vocabulary

# Tags looked at in one go: 256 rows of 2,000 float32 fit the processor's cache.
BLOCK = 256
# The steps of a calibration curve get finer towards high cosines, where kin are: so many for each half of what is left.
STEPS_PER_HALVING = 4
# Pairs of the last, finest step.
LAST_STEP = 50
# Pairs that calibrate may be too rare to be evidence one by one: chance gives so many items with both tags.
CALIBRATION_EXPECTED = 1.0


@dataclass(frozen=True)
class KinOptions:
    """How origins are weighed; chosen on held-out items (benchmarks/kin_ablation.py).

    Parameters
    ----------
    prior_expected
        What the embeddings are worth, in items with both tags that chance would give.
    word2vec_met, word2vec_unmet
        Share of word2vec, against ALS, in what the embeddings say of tags that could meet, and of tags that had no
        chance to. Where it adds nothing its share is 0 and it is shown as evidence only.
    prior_support
        Items with both tags at which half of what the embeddings say of an uncountable pair is believed.
    unseen
        What is believed of the embeddings about tags that had no chance to meet, in [0, 1].
    min_similarity
        Worse kin are no kin.
    denial
        What counts of the similarity of a tag that says what is absent ("no flute") to one that says what is there.
    """

    prior_expected: float = 10.0
    word2vec_met: float = 0.0
    word2vec_unmet: float = 0.7
    prior_support: float = 2.0
    unseen: float = 0.4
    min_similarity: float = 0.04
    denial: float = 0.5


class Curve(NamedTuple):
    """A rising curve from cosine to co-occurrence similarity; both of shape (n_steps,), cosines rising."""

    cosines: Floats
    similarities: Floats

    def __call__(self, cosines: Floats) -> Floats:
        """Map cosines of any shape."""
        return np.asarray(np.interp(cosines, self.cosines, self.similarities), dtype=np.float32)


# For catalogues too small to count anything: about what all five data sets give.
USUAL_CURVE = Curve(
    np.array([0, 0.2, 0.4, 0.6, 0.8, 0.9, 1], np.float32), np.array([0, 0.02, 0.05, 0.09, 0.15, 0.25, 0.5], np.float32)
)


def fit_curve(cosines: Floats, similarities: Floats) -> Curve:
    """Fit the rising curve of least squares through pairs of tags.

    Parameters
    ----------
    cosines, similarities : shape (n_pairs,)
        With fewer than four times `LAST_STEP` pairs, `USUAL_CURVE` is returned.

    References
    ----------
    Ayer et al., "An empirical distribution function for sampling with incomplete information", 1955 (pool adjacent
    violators).
    """
    n_pairs = len(cosines)
    if n_pairs < 4 * LAST_STEP:
        return USUAL_CURVE
    order = np.argsort(cosines, kind="stable")
    n_steps = int(STEPS_PER_HALVING * np.log2(n_pairs / LAST_STEP))
    ends = np.rint(n_pairs * (1 - 0.5 ** (np.arange(1, n_steps + 1) / STEPS_PER_HALVING))).astype(int)
    pools: list[tuple[float, float, int]] = []
    for step in np.split(order, ends):
        x, y, size = float(cosines[step].mean()), float(similarities[step].mean()), len(step)
        while pools and pools[-1][1] >= y:
            before_x, before_y, n = pools.pop()
            x, y, size = (before_x * n + x * size) / (n + size), (before_y * n + y * size) / (n + size), n + size
        pools.append((x, y, size))
    middles = np.maximum.accumulate([x for x, _, _ in pools])  # equal cosines may differ by rounding
    return Curve(middles.astype(np.float32), np.array([y for _, y, _ in pools], np.float32))


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
        """Bring the cosines of both embeddings to the scale of co-occurrence, over all pairs with a chance to meet."""
        counted, cosines_w, cosines_a = [], [], []
        for rows in blocks(len(als.vectors)):
            evidence = cooccurrence.evidence(rows, min_expected=CALIBRATION_EXPECTED)
            known = ~np.isnan(evidence.pmi)
            known[np.arange(rows.stop - rows.start), np.arange(rows.start, rows.stop)] = False
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
    """Combine what the origins say into one similarity in [0, 1], shape (len(rows), n_tags).

    Where a pair can be counted, count and embeddings share the say. Where it cannot, the embeddings are believed the
    more, the more items carry both tags; of tags that had no chance to meet, as those of different data sets,
    `KinOptions.unseen`, and the less, the more often chance would have brought two together that never met.
    """
    counted = origins.counted
    met, unmet = (
        share * origins.word2vec + (1 - share) * origins.als for share in (options.word2vec_met, options.word2vec_unmet)
    )
    weight = counted.expected / (counted.expected + options.prior_expected)
    countable = weight * counted.similarity + (1 - weight) * met
    believed = met * counted.support / (counted.support + options.prior_support)
    strangers = unmet * options.unseen / (1 + counted.expected)
    combined = np.where(np.isnan(counted.pmi), np.maximum(believed, strangers), countable)
    return np.asarray(np.where(counted.veto, 0, combined), dtype=np.float32)


def find_kin(kinship: Kinship, vocabulary: Vocabulary, options: KinOptions) -> KinTable:
    """List the kin of every tag: at most `MAX_KIN`, best first, ties by tag number, contradicting tags never."""
    tables = []
    denials = np.array([negated(key) is not None for key in vocabulary.keys])
    for rows in blocks(len(vocabulary)):
        origins = kinship.origins(rows)
        similarity = combine(origins, options)
        similarity[np.ix_(~denials[rows], denials)] *= options.denial
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
