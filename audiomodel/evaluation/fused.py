"""Typed and heard together: half of a clip's branches of genres are hidden, and have to be suggested by the rest.

A branch is a genre right below a top genre with all that is below it. Branches are hidden whole, since a genre gives
its parent away, and a parent its child. What typed tags say comes from a tag model that has seen none of the measured
clips, what is heard from the tagger, and both are fused as the product does it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from audiomodel.evaluation.lengths import probabilities
from audiomodel.tagger import Tagger
from audiomodel.training.clips import Clips
from tagmodel.datasets import DATA_SETS
from tagmodel.datasets.corpus import build_corpus
from tagmodel.fusion import WEIGHTS, FusionWeights, fuse
from tagmodel.implication_training import TrainingOptions
from tagmodel.metrics import ndcg_at_k, paired_bootstrap
from tagmodel.suggestion import suggestion_probabilities
from tagmodel.training import train_implication

K = 10
# How often each clip is asked for, with other branches hidden: clips are few.
MASKS = 5
# Weights that are tried on validation clips.
TRIED = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)


class Case(NamedTuple):
    """One clip: tags that were left typed, and those hidden, as numbers of the vocabulary."""

    row: int
    typed: tuple[int, ...]
    hidden: tuple[int, ...]


class Evidence(NamedTuple):
    """What each side says of each tag in each case, shape (n_cases, n_tags); NaN where a side knows nothing."""

    typed: NDArray[np.float64]
    heard: NDArray[np.float64]
    prior: NDArray[np.float64]
    relevant: NDArray[np.bool_]
    visible: NDArray[np.bool_]


def branches(tags: Sequence[str], parents: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Group the tags of a clip into branches right below the top genres, which themselves are in none."""
    found: dict[str, list[str]] = {}
    for tag in tags:
        path = [tag]
        while path[-1] in parents:
            path.append(parents[path[-1]])
        if len(path) > 1:
            found.setdefault(path[-2], []).append(tag)
    return [tuple(branch) for branch in found.values()]


def fused_figures(tagger: Tagger, clips: Clips, data_dir: Path, seed: int) -> dict[str, object]:
    """Measure typed, heard and fused suggestions on the test split; weights are fitted on the validation split."""
    side = _TypedSide(clips, data_dir, seed)
    valid, _ = side.evidence(tagger, clips, "valid", seed)
    weights = fit_weights(valid)
    test, cases = side.evidence(tagger, clips, "test", seed)
    scores = {
        "typed": _ndcg(test.typed, test),
        "heard": _ndcg(test.heard, test),
        "typed + heard": _ndcg(fuse(test.typed, test.heard, test.prior, weights), test),
    }
    artists = np.unique(np.array(clips.artists)[[case.row for case in cases]], return_inverse=True)[1]
    return {
        "n_clips": len({case.row for case in cases}),
        "n_cases": len(cases),
        "weights": weights._asdict(),
        "shipped_weights": WEIGHTS._asdict(),
        "ndcg_at_10": {name: float(values.mean()) for name, values in scores.items()},
        "fused_above": {
            name: list(paired_bootstrap(scores["typed + heard"] - scores[name], artists, seed))
            for name in ("typed", "heard")
        },
    }


def fit_weights(evidence: Evidence) -> FusionWeights:
    """Return the weights with the best nDCG of those tried; ties go to the first."""
    tried = [FusionWeights(typed, heard) for typed in TRIED for heard in TRIED]

    def mean_ndcg(weights: FusionWeights) -> float:
        return float(_ndcg(fuse(evidence.typed, evidence.heard, evidence.prior, weights), evidence).mean())

    return max(tried, key=mean_ndcg)


def _ndcg(scores: NDArray[np.float64], evidence: Evidence) -> NDArray[np.float64]:
    """Rank what is not typed; a tag of which nothing is known comes last, ties by number."""
    ranked = np.where(evidence.visible, -np.inf, np.nan_to_num(scores, nan=-1.0))
    order = np.argsort(-ranked, axis=1, kind="stable")[:, :K]
    return ndcg_at_k(np.take_along_axis(evidence.relevant, order, axis=1), K, evidence.relevant.sum(axis=1))


class _TypedSide:
    """A tag model of the Free Music Archive without any clip of the validation and test splits."""

    def __init__(self, clips: Clips, data_dir: Path, seed: int) -> None:
        held = {clips.ids[row] for split in ("valid", "test") for row in clips.of(split)}
        tree = DATA_SETS["fma"].read_genre_tree(data_dir)
        seen = [item for item in DATA_SETS["fma"].read_items(data_dir) if item.item_id not in held]
        corpus = build_corpus({"fma": seen}, genre_tree=tree)
        self.vocabulary = corpus.vocabulary
        self.model = train_implication(corpus, seed, TrainingOptions(), lambda _stage, _done, _total: None)
        self.parents = {narrow: broad for broad, narrow in tree}

    def evidence(self, tagger: Tagger, clips: Clips, split: str, seed: int) -> tuple[Evidence, list[Case]]:
        cases = self._cases(clips, split, np.random.default_rng(seed))
        rows = sorted({case.row for case in cases})
        heard_tags = dict(zip(rows, probabilities(tagger, clips.levels[rows])[0], strict=True))
        n_tags = len(self.vocabulary.ids)
        heard = np.full((len(cases), n_tags), np.nan)
        for column, tag in enumerate(tagger.card.tags):
            number = self._number(tag)
            if number is not None:
                heard[:, number] = [heard_tags[case.row][column] for case in cases]
        typed = suggestion_probabilities(self.model, self.vocabulary, [case.typed for case in cases])
        prior = np.broadcast_to(self.model.probabilities([[]])[0], typed.shape)
        relevant, visible = np.zeros(typed.shape, bool), np.zeros(typed.shape, bool)
        for row, case in enumerate(cases):
            relevant[row, list(case.hidden)] = True
            visible[row, list(case.typed)] = True
        return Evidence(typed.astype(np.float64), heard, prior.astype(np.float64), relevant, visible), cases

    def _cases(self, clips: Clips, split: str, rng: np.random.Generator) -> list[Case]:
        cases = []
        for row in np.repeat(clips.of(split), MASKS).tolist():
            found = branches(clips.tags[row], self.parents)
            n_hidden = (len(found) + 1) // 2
            hidden = {tag for number in rng.permutation(len(found))[:n_hidden] for tag in found[number]}
            wanted = tuple(number for tag in sorted(hidden) if (number := self._number(tag)) is not None)
            left = [tag for tag in clips.tags[row] if tag not in hidden]
            typed = tuple(number for tag in left if (number := self._number(tag)) is not None)
            if wanted:
                cases.append(Case(row, typed, wanted))
        return cases

    def _number(self, tag: str) -> int | None:
        return self.vocabulary.number(self.vocabulary.canonical_id(tag))
