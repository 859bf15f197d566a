"""`SetToTag`: what a set of typed tags says about every other tag, and why.

The log-odds of a tag are how common it is plus one weight a typed tag: a sum, so that every probability explains itself
by its addends. How common it is depends on whose habits the typed tags follow, since data sets differ in what their
people bother to write. The same numbers serve creators (which tags did you forget?) and searches (which tracks lack a
tag only because nobody typed it?), because they are calibrated per tag and so comparable between tracks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tagmodel.implication_training import (
    Progress,
    TrainedWeights,
    TrainingOptions,
    collect_tag_sets,
    sigmoid,
    train_set_to_tag,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# Most tags that one set may imply.
MAX_IMPLIED = 30

# Implied weights are whole units of 1/256, as documents store them.
IMPLIED_UNITS = 256

# A probability under this is no implication: it would make a track a hit for nearly every tag.
MIN_PROBABILITY = 0.02

# Evidence of its own that an implied tag needs, in log-odds: being common everywhere is none.
MIN_EVIDENCE = 0.1

# Tags that take part, the most used ones: weights are held in a square matrix (4,096 tags: 64 MB).
MAX_LEARNED_TAGS = 4_096

# Weights kept of each typed tag, the strongest: the rest costs megabytes and moves nothing.
KEPT_WEIGHTS = 256

# Sets scored at once: their log-odds for 2,000 tags stay in the processor's cache.
BATCH_SETS = 128

_LEAST_LOG_ODDS = np.float32(math.log(MIN_PROBABILITY / (1 - MIN_PROBABILITY)))

# Log-odds that no evidence outweighs, still exact enough to be summed in float32.
_NEVER = np.float32(-1e9)


@dataclass(frozen=True, eq=False)
class SetToTag:
    """A trained set-to-tag model over tag numbers.

    Parameters
    ----------
    n_tags : shape ()
        Tags of the vocabulary; numbers run from 0 to ``n_tags - 1``.
    tags : shape (n_learned,)
        Numbers of the tags that take part, ascending; all arrays below count in places of this one.
    set_bias, habits : shapes (n_sets, n_learned), (n_learned, n_sets)
        See `TrainedWeights`.
    starts : shape (n_learned + 1,)
        The weights of typed tag t are entries ``starts[t]:starts[t + 1]``.
    targets, weights : shape (n_entries,)
        What the typed tag adds to the log-odds of a target; float16 in storage.
    contradictions : shape (n_pairs, 2)
        Pairs of which one is never implied by the other, in both directions.
    """

    n_tags: NDArray[np.int32]
    tags: NDArray[np.int32]
    set_bias: NDArray[np.float32]
    habits: NDArray[np.float32]
    starts: NDArray[np.int32]
    targets: NDArray[np.uint16]
    weights: NDArray[np.float16]
    contradictions: NDArray[np.int32]

    @classmethod
    def fit(
        cls,
        items_by_set: Mapping[str, Sequence[Sequence[int]]],
        set_vocabulary: Mapping[str, NDArray[np.bool_]],
        n_tags: int,
        contradictions: Iterable[tuple[int, int]] = (),
        seed: int = 0,
        progress: Progress | None = None,
        options: TrainingOptions = TrainingOptions(),  # noqa: B008 - frozen
    ) -> SetToTag:
        """Learn from sets of tag numbers; the same input and seed give the same model.

        Parameters
        ----------
        set_vocabulary : each of shape (n_tags,)
            By data set: the tags its items could have carried. What it lacks, its items say nothing about.
        contradictions
            Pairs of tag numbers of which one denies the other.

        Raises
        ------
        ValueError
            If no set has an item with a tag.
        """
        names = sorted(items_by_set)  # whatever order they were given in
        tags = _most_used(items_by_set, n_tags)
        if not len(tags):
            raise ValueError("expected items with tags, got none; is every tag below the minimum count?")
        place = np.full(n_tags, -1, dtype=np.int64)
        place[tags] = np.arange(len(tags))
        sets = [collect_tag_sets(items_by_set[name], set_vocabulary[name], place) for name in names]
        trained = train_set_to_tag(sets, len(tags), options, seed, progress)
        pairs = np.array(sorted({(a, b) for a, b in contradictions}), dtype=np.int64).reshape(-1, 2)
        pairs = place[pairs]
        return cls.prune(n_tags, tags, trained, pairs[(pairs >= 0).all(axis=1)])

    @classmethod
    def prune(
        cls, n_tags: int, tags: NDArray[np.int64], trained: TrainedWeights, contradictions: NDArray[np.int64]
    ) -> SetToTag:
        """Keep the strongest `KEPT_WEIGHTS` of each typed tag.

        Parameters
        ----------
        tags : shape (n_learned,)
        contradictions : shape (n_pairs, 2)
            In places of `tags`.
        """
        # A weight moves probabilities the more, the more common its target is: p (1 - p) is the slope there.
        rate = sigmoid(trained.set_bias.max(axis=0))
        effect = np.abs(trained.weights) * np.sqrt(rate * (1 - rate))
        n_kept = min(KEPT_WEIGHTS, len(tags))
        kept = np.sort(np.argsort(-effect, axis=1, kind="stable")[:, :n_kept], axis=1)
        return cls(
            n_tags=np.array(n_tags, dtype=np.int32),
            tags=tags.astype(np.int32),
            set_bias=trained.set_bias,
            habits=trained.habits,
            starts=np.arange(0, kept.size + 1, n_kept, dtype=np.int32),
            targets=kept.ravel().astype(np.uint16),
            weights=np.take_along_axis(trained.weights, kept, axis=1).ravel().astype(np.float16),
            contradictions=contradictions.astype(np.int32),
        )

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return the arrays by name, for storage."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> SetToTag:
        """Rebuild a model from what `arrays` gave."""
        return cls(**{name: arrays[name] for name in cls.__dataclass_fields__})  # type: ignore[arg-type]

    @cached_property
    def _place(self) -> NDArray[np.int32]:
        """Each tag number's place among the learned ones, -1 for the others."""
        place = np.full(int(self.n_tags), -1, dtype=np.int32)
        place[self.tags] = np.arange(len(self.tags))
        return place

    @cached_property
    def _sparse(self) -> csr_array:
        from scipy.sparse import csr_array

        n_learned = len(self.tags)
        return csr_array((self.weights.astype(np.float32), self.targets, self.starts), (n_learned, n_learned))

    @cached_property
    def _vetoing(self) -> NDArray[np.float32]:
        """Weights as a square matrix in which typed tags and what contradicts them can never win."""
        dense: NDArray[np.float32] = self._sparse.toarray()
        dense[self.contradictions[:, 0], self.contradictions[:, 1]] = _NEVER
        dense[self.contradictions[:, 1], self.contradictions[:, 0]] = _NEVER
        np.fill_diagonal(dense, _NEVER)
        return dense

    def _encode(self, typed: Sequence[Sequence[int]]) -> csr_array:
        """Write sets of tag numbers as a 0/1 matrix over the learned tags; shape (n_sets, n_learned)."""
        from scipy.sparse import csr_array

        lengths = np.fromiter((len(tags) for tags in typed), dtype=np.int64, count=len(typed))
        places = self._place[np.fromiter(chain.from_iterable(typed), dtype=np.int64, count=lengths.sum())]
        rows = np.repeat(np.arange(len(typed)), lengths)[places >= 0]
        starts = np.searchsorted(rows, np.arange(len(typed) + 1))
        known = places[places >= 0]
        return csr_array((np.ones(len(known), dtype=np.float32), known, starts), (len(typed), len(self.tags)))

    def _base(self, sets: csr_array) -> NDArray[np.float32]:
        """Return the log-odds of every tag without evidence, by whose habits each set follows; shape of its rows.

        Summed up in one order, so that a set gets the same to the last bit alone and among others: a matrix product
        rounds by the number of its rows.
        """
        follows = sets @ self.habits
        follows -= follows.max(axis=1, keepdims=True)
        shares = np.exp(follows)
        shares /= shares.sum(axis=1, keepdims=True)
        base: NDArray[np.float32] = shares[:, :1] * self.set_bias[0]
        for share, bias in zip(shares.T[1:], self.set_bias[1:], strict=True):
            base += share[:, None] * bias
        return base

    def probabilities(self, typed: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Return the probability of every tag for each set of typed numbers, contradicting ones included.

        Returns
        -------
        shape (n_sets, n_tags)
            In (0, 1); 0 for typed tags and for tags that were not learned.
        """
        sets = self._encode(typed)
        logits = (sets @ self._sparse).toarray() + self._base(sets)
        everything = np.zeros((len(typed), int(self.n_tags)), dtype=np.float32)
        everything[:, self.tags] = sigmoid(logits)
        everything[np.repeat(np.arange(len(typed)), np.diff(sets.indptr)), self.tags[sets.indices]] = 0
        return everything

    def imply(self, typed: Sequence[Sequence[int]]) -> list[tuple[NDArray[np.int32], NDArray[np.int32]]]:
        """Say what each set of typed numbers implies.

        Returns
        -------
        per set: tag numbers with probabilities in whole units of 1/256, in [1, 256]
            Best first, ties by number, at most `MAX_IMPLIED`; only tags that the typed ones speak for, never typed
            or contradicting ones.
        """
        return [one for at in range(0, len(typed), BATCH_SETS) for one in self._imply(typed[at : at + BATCH_SETS])]

    def _imply(self, typed: Sequence[Sequence[int]]) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32]]]:
        encoded = self._encode(typed)
        evidence: NDArray[np.float32] = encoded @ self._vetoing
        log_odds = evidence + self._base(encoded)
        chosen = np.flatnonzero((log_odds >= _LEAST_LOG_ODDS) & (evidence >= MIN_EVIDENCE))
        sets, places = np.divmod(chosen, len(self.tags))
        units = np.maximum(np.rint(IMPLIED_UNITS * sigmoid(log_odds.ravel()[chosen])), 1).astype(np.int64)
        # One sorted key instead of three: set, then units falling, then number.
        keys = np.sort((sets << 32) | ((IMPLIED_UNITS - units) << 16) | places)
        numbers = self.tags[keys & 0xFFFF]
        units = IMPLIED_UNITS - ((keys >> 16) & 0xFFFF)
        bounds = np.searchsorted(keys, np.arange(len(typed) + 1) << 32).tolist()
        for start, stop in pairwise(bounds):
            best = slice(start, min(stop, start + MAX_IMPLIED))
            yield numbers[best], units[best].astype(np.int32)

    def contributions(self, typed: Sequence[int], numbers: Sequence[int]) -> NDArray[np.float32]:
        """Return what each typed tag adds to the log-odds of some tags; 0 where either was not learned.

        Returns
        -------
        shape (n_typed, n_numbers)
        """
        places, targets = (self._place[np.asarray(tags, dtype=np.int64)] for tags in (typed, numbers))
        added = np.zeros((len(places), len(targets)), dtype=np.float32)
        for row in np.flatnonzero(places >= 0).tolist():
            entries = slice(*self.starts[places[row] : places[row] + 2].tolist())
            weights = np.zeros(len(self.tags) + 1, dtype=np.float32)  # one more, for the place -1
            weights[self.targets[entries]] = self.weights[entries]
            added[row] = weights[targets]
        return added


def _most_used(items_by_set: Mapping[str, Sequence[Sequence[int]]], n_tags: int) -> NDArray[np.int64]:
    """Return the `MAX_LEARNED_TAGS` tags on the most items, ascending; unused ones never."""
    counts = np.zeros(n_tags, dtype=np.int64)
    for items in items_by_set.values():
        flat = np.fromiter((tag for item in items for tag in item), dtype=np.int64)
        counts += np.bincount(flat, minlength=n_tags)
    best = np.argsort(-counts, kind="stable")[:MAX_LEARNED_TAGS]
    return np.sort(best[counts[best] > 0])
