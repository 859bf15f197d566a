"""Training of the set-to-tag model: one logistic regression a tag, learned by hiding tags and asking for them.

Every item loses some of its tags, at least one; the model has to tell the hidden ones from the absent ones, given the
visible ones. That is the very question a creator's unfinished list and an under-tagged track ask. A softmax over tags
does no better within one track and gives no probability that can be compared between tracks, which a search needs:
hidden-word search on the two validation parts had nDCG@10 .64 and .76 with it, .68 and .77 with one regression a tag.

An item says nothing about tags outside its data set's vocabulary, so each batch comes from one set and touches only
that set's block of the weights. How common a tag is differs between sets, so each has its own bias, and how common each
typed tag is tells whose habits a list of tags follows. On held-out artists of five sets, nDCG@10 among a set's own tags
was then within .02 of knowing the set (.61 of .62 on MagnaTagATune; averaged biases .53); among the tags of all sets,
within .05 (.58 of .62; averaged .38).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Told how many epochs are done, of how many.
Progress = Callable[[int, int], None]

# Batches of one data set in a row: its block of the weights is copied out and back once for all of them.
STINT = 16  # batches

# Chance of a tag in a data set that has never used it, beside one that has: no single tag settles whose habits it are.
HABIT_FLOOR = 1e-3


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """How the weights are fitted, by Adam with a linearly falling step; chosen on validation parts.

    Parameters
    ----------
    hidden_share
        Chance of each tag of an item to be hidden in an epoch; one is hidden in any case. Less ranks tracks a
        little better and is calibrated worse when half is missing; shares drawn anew for each item gain nothing.
    least_steps
        Small catalogues are shown more often than `epochs`, until so many batches were seen.
    penalty
        Of the squared weights, beside the summed loss of all items of a data set: a tag seen on few items keeps small
        weights.
    """

    epochs: int = 40
    batch_items: int = 256
    learning_rate: float = 0.03
    hidden_share: float = 0.4
    least_steps: int = 1_000
    penalty: float = 0.3


@dataclass(frozen=True, eq=False)
class TagSets:
    """The items of one data set: tags ``tags[starts[i]:starts[i + 1]]`` on item i, in columns of this set's own.

    Parameters
    ----------
    columns : shape (n_columns,)
        The learned tag that each column stands for, ascending.
    """

    columns: NDArray[np.int64]
    tags: NDArray[np.int64]
    starts: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self.starts) - 1

    def batch(self, items: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the tags of some items in a row, with where each item's begin (and the last end)."""
        lengths = self.starts[items + 1] - self.starts[items]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        places = np.arange(starts[-1]) + np.repeat(self.starts[items] - starts[:-1], lengths)
        return self.tags[places], starts


def collect_tag_sets(
    items: Sequence[Sequence[int]], in_vocabulary: NDArray[np.bool_], place: NDArray[np.int64]
) -> TagSets:
    """Gather one data set's items.

    Parameters
    ----------
    in_vocabulary : shape (n_tags,)
        Tags that this set's items could have carried.
    place : shape (n_tags,)
        Each tag's place among the learned ones, -1 for tags that are not learned.
    """
    columns = np.unique(place[in_vocabulary & (place >= 0)])
    kept = [tags for tags in (np.unique(place[np.asarray(item, dtype=np.int64)]) for item in items) if len(tags)]
    kept = [tags[np.isin(tags, columns, assume_unique=True)] for tags in kept]
    kept = [tags for tags in kept if len(tags)]
    flat = np.concatenate([np.empty(0, dtype=np.int64), *kept])
    starts = np.concatenate([[0], np.cumsum([len(tags) for tags in kept], dtype=np.int64)])
    return TagSets(columns, np.searchsorted(columns, flat), starts)


def hide_tags(starts: NDArray[np.int64], share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Choose what to hide of each item: each tag with the chance `share`, and one in any case.

    Parameters
    ----------
    starts : shape (n_items + 1,)
        Where each item's tags begin; no item is empty.

    Returns
    -------
    shape (starts[-1],)
        True where the tag is hidden.
    """
    draws = rng.random(starts[-1], dtype=np.float32)
    least = np.minimum.reduceat(draws, starts[:-1])
    hidden: NDArray[np.bool_] = (draws < share) | (draws == np.repeat(least, np.diff(starts)))
    return hidden


class _Adam:
    """Adam's running moments for one array of parameters (Kingma and Ba, ICLR 2015)."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.values = np.zeros(shape, dtype=np.float32)
        self.first = np.zeros(shape, dtype=np.float32)
        self.second = np.zeros(shape, dtype=np.float32)

    def block(self, rows: NDArray[np.int64]) -> _Adam:
        """Copy out the square block of some rows and the same columns."""
        copy = _Adam((0,))
        corner = np.ix_(rows, rows)
        copy.values, copy.first, copy.second = self.values[corner], self.first[corner], self.second[corner]
        return copy

    def put_block(self, rows: NDArray[np.int64], block: _Adam) -> None:
        """Write a changed block back."""
        corner = np.ix_(rows, rows)
        self.values[corner], self.first[corner], self.second[corner] = block.values, block.first, block.second

    def step(self, gradient: NDArray[np.float32], size: float) -> None:
        """Move against a gradient (consumed) by about `size` a coordinate."""
        self.first += np.float32(0.1) * (gradient - self.first)
        np.square(gradient, out=gradient)
        self.second += np.float32(0.001) * (gradient - self.second)
        np.sqrt(self.second, out=gradient)
        gradient += np.float32(1e-8)
        np.divide(self.first, gradient, out=gradient)
        gradient *= np.float32(size)
        self.values -= gradient


class _Trainer:
    """The parameters in training: one matrix of weights for all data sets, one bias for each."""

    def __init__(self, sets: Sequence[TagSets], n_learned: int, options: TrainingOptions, seed: int) -> None:
        self.sets, self.options = sets, options
        self.rng = np.random.default_rng(seed)
        self.weights = _Adam((n_learned, n_learned))
        self.biases = [_Adam((len(tag_set.columns),)) for tag_set in sets]
        for bias, tag_set in zip(self.biases, sets, strict=True):
            rate = (np.bincount(tag_set.tags, minlength=len(tag_set.columns)) + 0.5) / (len(tag_set) + 1)
            bias.values[:] = np.log(rate / (1 - rate))
        self.steps = 0
        steps = sum(-(-len(tag_set) // options.batch_items) for tag_set in sets)  # an epoch
        self.epochs = max(options.epochs, -(-options.least_steps // steps))
        self.all_steps = self.epochs * steps

    def epoch(self) -> None:
        """Show every item once, in stints of one data set each, all in random order."""
        size = self.options.batch_items
        stints = []
        for number, tag_set in enumerate(self.sets):
            order = self.rng.permutation(len(tag_set))
            stints += [(number, order[at : at + STINT * size]) for at in range(0, len(order), STINT * size)]
        for turn in self.rng.permutation(len(stints)):
            number, items = stints[turn]
            block = self.weights.block(self.sets[number].columns)
            for at in range(0, len(items), size):
                self._step(number, items[at : at + size], block)
            self.weights.put_block(self.sets[number].columns, block)

    def _step(self, number: int, items: NDArray[np.int64], block: _Adam) -> None:
        from scipy.sparse import csr_array

        tags, starts = self.sets[number].batch(items)
        hidden = hide_tags(starts, self.options.hidden_share, self.rng)
        rows = np.repeat(np.arange(len(items)), np.diff(starts))
        seen_rows, seen = rows[~hidden], tags[~hidden]
        seen_starts = np.searchsorted(seen_rows, np.arange(len(items) + 1))
        visible = csr_array((np.ones(len(seen), np.float32), seen, seen_starts), (len(items), len(block.values)))
        errors = sigmoid(visible @ block.values + self.biases[number].values)
        errors[rows[hidden], tags[hidden]] -= 1
        errors[seen_rows, seen] = 0  # what is visible is no question
        errors /= len(items)
        gradient = visible.T.tocsr() @ errors
        gradient += np.float32(self.options.penalty / len(self.sets[number])) * block.values
        size = self._step_size()
        block.step(gradient, size)
        self.biases[number].step(errors.sum(axis=0), size)

    def _step_size(self) -> float:
        """Adam's step with its correction for the young moments: full for half of the training, then falling to 0."""
        self.steps += 1
        falling = min(1.0, 2 * (1 - self.steps / (self.all_steps + 1)))
        correction = np.sqrt(1 - 0.999**self.steps) / (1 - 0.9**self.steps)
        return float(self.options.learning_rate * falling * correction)

    def set_bias(self) -> NDArray[np.float32]:
        """Log-odds of each tag in each data set when nothing is typed; shape (n_sets, n_learned).

        A set that lacks a tag takes the others' average, lowered by how little of all the data could have it; sets
        count by the root of their size, so that none, however large, decides alone.
        """
        bias = np.zeros((len(self.sets), len(self.weights.values)))
        has = np.zeros(bias.shape, dtype=np.bool_)
        for number, tag_set in enumerate(self.sets):
            bias[number, tag_set.columns] = self.biases[number].values
            has[number, tag_set.columns] = True
        say = has * self._set_sizes()
        average = (say * bias).sum(axis=0) / say.sum(axis=0) + np.log(say.sum(axis=0) / self._set_sizes().sum())
        return np.where(has, bias, average).astype(np.float32)

    def habits(self) -> NDArray[np.float32]:
        """Log of how much of each tag's use is in each data set; shape (n_learned, n_sets)."""
        uses = np.zeros((len(self.sets), len(self.weights.values)))
        for number, tag_set in enumerate(self.sets):
            uses[number, tag_set.columns] = np.bincount(tag_set.tags, minlength=len(tag_set.columns)) / len(tag_set)
        uses *= self._set_sizes()
        habits: NDArray[np.float32] = np.log(uses / uses.sum(axis=0) + HABIT_FLOOR).T.astype(np.float32)
        return habits

    def _set_sizes(self) -> NDArray[np.float64]:
        return np.sqrt([len(tag_set) for tag_set in self.sets])[:, None]


def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn log-odds into probabilities, in place."""
    np.clip(logits, -60, 60, out=logits)  # exp stays finite in float32
    np.negative(logits, out=logits)
    np.exp(logits, out=logits)
    logits += 1
    np.reciprocal(logits, out=logits)
    return logits


@dataclass(frozen=True, eq=False)
class TrainedWeights:
    """What training gives, dense.

    Parameters
    ----------
    weights : shape (n_learned, n_learned)
        ``weights[t, j]`` is what a typed tag t adds to the log-odds of j; 0 on the diagonal.
    set_bias : shape (n_sets, n_learned)
        Log-odds of each tag in a data set when nothing is typed.
    habits : shape (n_learned, n_sets)
        What a typed tag adds to the log-odds that a list of tags follows the habits of a data set.
    """

    weights: NDArray[np.float32]
    set_bias: NDArray[np.float32]
    habits: NDArray[np.float32]


def train_set_to_tag(
    sets: Sequence[TagSets], n_learned: int, options: TrainingOptions, seed: int, progress: Progress | None = None
) -> TrainedWeights:
    """Fit the weights on all sets together; each learned tag is on an item of one of them."""
    trainer = _Trainer([tag_set for tag_set in sets if len(tag_set)], n_learned, options, seed)
    for done in range(trainer.epochs):
        trainer.epoch()
        if progress is not None:
            progress(done + 1, trainer.epochs)
    return TrainedWeights(trainer.weights.values, trainer.set_bias(), trainer.habits())
