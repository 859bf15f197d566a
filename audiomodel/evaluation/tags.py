"""Tags and genres of clips, against what people say of them: whole and cut short, beside yardsticks in the same run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audiomodel.evaluation.lengths import middle, probabilities
from audiomodel.tagger import Tagger
from audiomodel.training.clips import Clips
from tagmodel.metrics import calibration_error

# A tag of fewer clips in the split is not measured: its figure would be luck. Of the tags of 50 clips and more in
# fma_small, 59 have so many in the test split.
FEWEST_CLIPS = 3
# Seconds of the stretches, as frames.
LENGTHS = {"1 s": 4, "3 s": 13, "5 s": 21, "10 s": 43, "whole": 128}

Figures = dict[str, float]


def measured_columns(targets: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the tags that have enough clips, shape (n_measured,)."""
    counts = targets.sum(axis=0)
    return np.flatnonzero((counts >= FEWEST_CLIPS) & (counts < len(targets)))


def macro_auc(targets: NDArray[np.float32], scores: NDArray[np.floating]) -> tuple[float, float]:
    """Return the means over tags of ROC-AUC and PR-AUC (average precision), each tag with enough clips alike."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    columns = measured_columns(targets)
    roc = [roc_auc_score(targets[:, column], scores[:, column]) for column in columns]
    pr = [average_precision_score(targets[:, column], scores[:, column]) for column in columns]
    return float(np.mean(roc)), float(np.mean(pr))


def genre_figures(right: NDArray[np.bool_]) -> Figures:
    """Return the share of clips whose genre was right, and its standard error."""
    share = float(right.mean())
    return {"accuracy": share, "standard_error": float(np.sqrt(share * (1 - share) / len(right)))}


def tagger_figures(tagger: Tagger, clips: Clips, split: str) -> dict[str, Figures]:
    """Measure a tagger at each length."""
    rows = clips.of(split)
    targets = clips.tag_targets(tagger.card.tags)[rows]
    genres = clips.genre_targets(tagger.card.genres)[rows]
    return {
        name: _at_length(tagger, middle(clips.levels[rows], n_frames), targets, genres)
        for name, n_frames in LENGTHS.items()
    }


def _at_length(
    tagger: Tagger, levels: NDArray[np.uint8], targets: NDArray[np.float32], genres: NDArray[np.int64]
) -> Figures:
    tags, shares, outputs = probabilities(tagger, levels)
    roc, pr = macro_auc(targets, outputs.tags)
    columns = measured_columns(targets)
    likely, true = tags[:, columns].ravel(), targets[:, columns].ravel() > 0
    best = shares.argmax(axis=1)
    # Skill against saying of each tag how common it is in this very split, which is the most that saying so can do.
    common = np.broadcast_to(targets[:, columns].mean(axis=0), (len(targets), len(columns))).ravel()
    return {
        **genre_figures(best == genres),
        "roc_auc": roc,
        "pr_auc": pr,
        "calibration_error": calibration_error(likely, true),
        "brier_skill": 1 - float(np.mean((likely - true) ** 2) / np.mean((common - true) ** 2)),
        "genre_calibration_error": calibration_error(shares.max(axis=1), best == genres),
        "n_tags": len(columns),
    }


def yardsticks(clips: Clips, split: str, vggish: Path | None) -> dict[str, Figures]:
    """Measure logistic regression on mel statistics, and on the VGGish embeddings where they are."""
    inputs = {"mel statistics": mel_statistics(clips.levels)}
    if vggish is not None:
        inputs["VGGish"] = vggish_embeddings(vggish, clips)
    return {name: _logistic_regression(clips, split, values) for name, values in inputs.items()}


def mel_statistics(levels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return mean and deviation of each band of clips of shape (n_clips, n_bands, n_frames)."""
    decibels = levels.astype(np.float32)
    return np.concatenate([decibels.mean(axis=2), decibels.std(axis=2)], axis=1)


def vggish_embeddings(path: Path, clips: Clips) -> NDArray[np.float32]:
    """Read the published embeddings of a network that was trained elsewhere, in the order of the clips."""
    with np.load(path, allow_pickle=False) as arrays:
        rows: Mapping[str, int] = {str(number): row for row, number in enumerate(arrays["track_id"])}
        return np.asarray(arrays["emb"][[rows[number] for number in clips.ids]], np.float32)


def _logistic_regression(clips: Clips, split: str, inputs: NDArray[np.float32]) -> Figures:
    """Fit on the training split; how strongly it is held back is chosen on the validation split."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.preprocessing import StandardScaler

    train, valid, rows = clips.of("train"), clips.of("valid"), clips.of(split)
    values = StandardScaler().fit(inputs[train]).transform(inputs)
    genres = clips.genre_targets(clips.genre_names())
    fits = [LogisticRegression(C=c, max_iter=1000).fit(values[train], genres[train]) for c in (0.003, 0.03, 0.3)]
    chosen = max(fits, key=lambda fit: fit.score(values[valid], genres[valid]))
    targets = clips.tag_targets(clips.tag_names(50))
    # Nothing can be learned of a tag that no training clip has.
    known = np.flatnonzero(targets[train].sum(axis=0) > 0)
    one_by_one = OneVsRestClassifier(LogisticRegression(C=chosen.C, max_iter=1000))
    by_tag = one_by_one.fit(values[train], targets[train][:, known])
    scores = np.zeros((len(rows), targets.shape[1]))
    scores[:, known] = by_tag.decision_function(values[rows])
    roc, pr = macro_auc(targets[rows], scores)
    return {**genre_figures(chosen.predict(values[rows]) == genres[rows]), "roc_auc": roc, "pr_auc": pr}
