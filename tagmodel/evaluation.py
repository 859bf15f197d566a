"""Suggestion measured: hidden tags of MagnaTagATune clips, beside EASE, co-occurrence and popularity in the same run.

Two protocols of the literature, on the tags as published (`folding=False`): *one hidden*, the 50 most used tags, every
tag of every clip with two or more hidden once; *half hidden*, all 188 tags, no artist in both parts, half of each
clip's tags hidden at once. Models are trained here, on the training part only. Choices are made on ``part="valid"``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagmodel.baselines import BASELINES, Scorer, item_matrix
from tagmodel.datasets import Item
from tagmodel.datasets.corpus import Corpus, build_corpus
from tagmodel.evaluation_splits import ARTIST_DISJOINT, PUBLISHED, Splits
from tagmodel.implication_training import TrainingOptions
from tagmodel.metrics import (
    Interval,
    calibration_error,
    ndcg_at_k,
    paired_bootstrap,
    recall_at_k,
    reciprocal_rank,
    shuffled_ranking,
)
from tagmodel.suggestion import suggestion_probabilities
from tagmodel.training import train_implication
from tagmodel.vocabulary_building import SetRules, encode_items

# Our own method's name in results; the others are `BASELINES`.
OURS = "tagkin"

# What differences are taken from.
YARDSTICK = "EASE"

# Most used tags of MagnaTagATune, which the one-hidden protocol is confined to.
COMMON_TAGS = 50

# Suggestions less probable are never shown, so their calibration is left out.
SHOWN_PROBABILITY = 0.02


@dataclass(frozen=True)
class ProtocolResult:
    """What one protocol gave.

    Parameters
    ----------
    figures
        Method → metric → mean over cases.
    gains
        Baseline → metric → how much ours is above it, case by case, with an interval over songs.
    calibration
        Expected calibration error of our shown probabilities, in [0, 1]; None where every case hides one tag, which
        is not what the probabilities are about.
    """

    title: str
    n_cases: int
    figures: Mapping[str, Mapping[str, float]]
    gains: Mapping[str, Mapping[str, Interval]]
    calibration: float | None


@dataclass(frozen=True)
class _Cases:
    """Sets of typed tag numbers, what was hidden of each, and the song each came from."""

    typed: list[tuple[int, ...]]
    hidden: list[tuple[int, ...]]
    songs: list[str]


Metrics = Callable[[NDArray[np.bool_]], dict[str, NDArray[np.float64]]]


def evaluate_suggestion(
    items: Sequence[Item],
    splits: Splits,
    part: str = "test",
    seed: int = 0,
    options: TrainingOptions = TrainingOptions(),  # noqa: B008 - frozen
) -> tuple[ProtocolResult, ...]:
    """Run both protocols.

    Parameters
    ----------
    items
        All clips of MagnaTagATune.
    part
        ``"test"``, or ``"valid"`` to choose by.
    """
    return (
        one_hidden(items, splits, part, seed, options),
        half_hidden(items, splits, part, seed, options),
    )


def one_hidden(items: Sequence[Item], splits: Splits, part: str, seed: int, options: TrainingOptions) -> ProtocolResult:
    """Hide every tag of every clip once, among the `COMMON_TAGS`, on the published split."""
    common = most_used_tags(items, COMMON_TAGS)
    kept = [item._replace(tags=tuple(tag for tag in item.tags if tag in common)) for item in items]
    corpus = raw_corpus(splits.part(kept, PUBLISHED, "train"))
    tested = splits.part(kept, PUBLISHED, part)
    cases = _Cases([], [], [])
    for item, tags in zip(tested, encode_items(corpus.vocabulary, tested), strict=True):
        for tag in tags if len(tags) > 1 else ():
            cases.typed.append(tuple(other for other in tags if other != tag))
            cases.hidden.append((tag,))
            cases.songs.append(item.group)
    return _measure(f"one hidden, {COMMON_TAGS} tags, {PUBLISHED} {part}", corpus, cases, _one_metrics, seed, options)


def half_hidden(
    items: Sequence[Item], splits: Splits, part: str, seed: int, options: TrainingOptions
) -> ProtocolResult:
    """Hide half of each clip's tags, among all tags, with no artist in both parts."""
    parts = ("train", "valid") if part == "test" else ("train",)
    corpus = raw_corpus(splits.part(items, ARTIST_DISJOINT, *parts))
    cases = _Cases([], [], [])
    for item in splits.part(items, ARTIST_DISJOINT, part):
        gone = splits.hidden_half(item)
        hidden, typed = (
            tuple(number for tag in tags for number in corpus.vocabulary.find_tag(tag))
            for tags in (sorted(gone), [tag for tag in item.tags if tag not in gone])
        )
        if hidden and typed:
            cases.hidden.append(hidden)
            cases.typed.append(typed)
            cases.songs.append(item.group)
    return _measure(f"half hidden, all tags, {ARTIST_DISJOINT} {part}", corpus, cases, _half_metrics, seed, options)


def most_used_tags(items: Sequence[Item], n_tags: int) -> frozenset[str]:
    """Return the `n_tags` spellings on the most items, ties by spelling."""
    counts = Counter(tag for item in items for tag in item.tags)
    return frozenset(sorted(counts, key=lambda tag: (-counts[tag], tag))[:n_tags])


def raw_corpus(items: Sequence[Item]) -> Corpus:
    """Encode clips with every published spelling a tag of its own."""
    return build_corpus({"mtat": items}, folding=False, rules={"mtat": SetRules()})


def _one_metrics(found: NDArray[np.bool_]) -> dict[str, NDArray[np.float64]]:
    return {"R@1": recall_at_k(found, 1), "R@5": recall_at_k(found, 5), "MRR": reciprocal_rank(found)}


def _half_metrics(found: NDArray[np.bool_]) -> dict[str, NDArray[np.float64]]:
    return {"nDCG@10": ndcg_at_k(found, 10), "MRR": reciprocal_rank(found)}


def _measure(
    title: str, corpus: Corpus, cases: _Cases, metrics: Metrics, seed: int, options: TrainingOptions
) -> ProtocolResult:
    n_tags = len(corpus.vocabulary)
    model = train_implication(corpus, seed, options, lambda *_: None)
    scorers: dict[str, Scorer] = {
        OURS: lambda typed: suggestion_probabilities(model, corpus.vocabulary, typed).astype(np.float64)
    }
    scorers |= {name: learn(corpus.encoded["mtat"], n_tags) for name, learn in BASELINES.items()}
    values = {name: metrics(_found(scorer, cases, n_tags, seed)) for name, scorer in scorers.items()}
    songs = np.unique(cases.songs, return_inverse=True)[1]
    return ProtocolResult(
        title,
        len(cases.typed),
        {name: {metric: float(value.mean()) for metric, value in found.items()} for name, found in values.items()},
        {
            name: {
                metric: paired_bootstrap(values[OURS][metric] - value, songs, seed)
                for metric, value in values[name].items()
            }
            for name in BASELINES
        },
        None if metrics is _one_metrics else _calibration(scorers[OURS], cases, n_tags),
    )


def _found(scorer: Scorer, cases: _Cases, n_tags: int, seed: int) -> NDArray[np.bool_]:
    """Rank all tags that were not typed, and mark the hidden ones; shape (n_cases, n_tags)."""
    scores = scorer(cases.typed)
    scores[item_matrix(cases.typed, n_tags) > 0] = -np.inf
    ranking = shuffled_ranking(scores, np.random.default_rng(seed))
    return np.take_along_axis(item_matrix(cases.hidden, n_tags) > 0, ranking, axis=-1)


def _calibration(scorer: Scorer, cases: _Cases, n_tags: int) -> float:
    probabilities = scorer(cases.typed)
    shown = probabilities >= SHOWN_PROBABILITY
    return calibration_error(probabilities[shown], (item_matrix(cases.hidden, n_tags) > 0)[shown])


def suggestion_figures(results: Sequence[ProtocolResult]) -> list[dict[str, object]]:
    """Write results as plain values, four decimals; intervals are mean, low, high."""
    return [
        {
            "protocol": result.title,
            "cases": result.n_cases,
            "figures": {
                name: {metric: round(value, 4) for metric, value in values.items()}
                for name, values in result.figures.items()
            },
            f"{OURS} above": {
                name: {metric: [round(bound, 4) for bound in gain] for metric, gain in gains.items()}
                for name, gains in result.gains.items()
            },
            "calibration error": None if result.calibration is None else round(result.calibration, 4),
        }
        for result in results
    ]
