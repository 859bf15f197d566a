"""From logits to probabilities that mean what they say, however short the recording was.

At each of some lengths a common line through the logits of all tags is fitted on validation clips cut to that length,
and an offset of each tag, which rare tags keep near the common one. Between two lengths the lines are interpolated.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

# Deviation of the offsets of tags from the common one that is expected before any clip was seen.
OFFSET_DEVIATION = 0.5


class Line(Struct, frozen=True):
    """How logits at one length become log-odds: ``slope * logit + offsets``.

    Parameters
    ----------
    n_frames
        The length.
    offsets
        One a tag.
    genre_slope
        The same for logits of genres, whose softmax is then taken.
    unlike_from
        Distance from the training clips (`audiomodel.familiar`) from which on a stretch of that length is of another
        kind; means nothing for moments, which are never judged alone.
    """

    n_frames: int
    slope: float
    offsets: tuple[float, ...]
    genre_slope: float
    unlike_from: float = 1.0


def line_at(lines: Sequence[Line], n_frames: int) -> Line:
    """Interpolate between the two nearest lengths, evenly in the logarithm; beyond the ends the last one holds."""
    lengths = np.log([line.n_frames for line in lines])
    place = float(np.interp(np.log(n_frames), lengths, np.arange(len(lines))))
    low, share = int(place), place - int(place)
    first, second = lines[low], lines[min(low + 1, len(lines) - 1)]

    def between(a: float, b: float) -> float:
        return a + share * (b - a)

    offsets = tuple(between(a, b) for a, b in zip(first.offsets, second.offsets, strict=True))
    return Line(
        n_frames,
        between(first.slope, second.slope),
        offsets,
        between(first.genre_slope, second.genre_slope),
        between(first.unlike_from, second.unlike_from),
    )


def tag_probabilities(logits: NDArray[np.floating], line: Line) -> NDArray[np.float64]:
    """Return probabilities of logits of shape (..., n_tags)."""
    return np.asarray(1 / (1 + np.exp(-(line.slope * logits.astype(np.float64) + np.array(line.offsets)))))


def genre_probabilities(logits: NDArray[np.floating], line: Line) -> NDArray[np.float64]:
    """Return probabilities of logits of shape (..., n_genres), which add up to one."""
    scaled = line.genre_slope * logits.astype(np.float64)
    odds = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=-1, keepdims=True))


def fit_line(
    n_frames: int,
    logits: NDArray[np.floating],
    targets: NDArray[np.floating],
    genre_logits: NDArray[np.floating],
    genres: NDArray[np.integer],
) -> Line:
    """Fit the line of one length.

    Parameters
    ----------
    logits, targets
        Shape (n_clips, n_tags).
    genre_logits
        Shape (n_clips, n_genres).
    genres
        Number of each clip's genre, -1 for none.
    """
    from scipy.optimize import minimize, minimize_scalar

    logits, targets = logits.astype(np.float64), targets.astype(np.float64)
    n_tags = logits.shape[1]

    def loss(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        slope, common, own = values[0], values[1], values[2:]
        odds = slope * logits + common + own
        error = 1 / (1 + np.exp(-odds)) - targets
        cost = float(np.sum(np.logaddexp(0, odds) - targets * odds) + np.sum(own**2) / (2 * OFFSET_DEVIATION**2))
        by_tag = error.sum(axis=0)
        return cost, np.concatenate([[np.sum(error * logits), by_tag.sum()], by_tag + own / OFFSET_DEVIATION**2])

    found = minimize(loss, np.concatenate([[1.0], np.zeros(n_tags + 1)]), jac=True, method="L-BFGS-B").x
    known = genres >= 0

    def genre_loss(log_slope: float) -> float:
        shares = genre_probabilities(genre_logits[known], Line(n_frames, 1, (), float(np.exp(log_slope))))
        return -float(np.log(shares[np.arange(len(shares)), genres[known]] + 1e-12).mean())

    genre_slope = float(np.exp(minimize_scalar(genre_loss, bounds=(-3, 3), method="bounded").x)) if known.any() else 1.0
    return Line(n_frames, float(found[0]), tuple((found[1] + found[2:]).tolist()), genre_slope)


def cutoffs(
    probabilities: NDArray[np.floating], targets: NDArray[np.floating], precision: float, least: float
) -> tuple[float, ...]:
    """Choose for each tag the probability from which on it counts as heard.

    Parameters
    ----------
    probabilities, targets
        Of validation clips, shape (n_clips, n_tags).
    precision
        Share of the clips above the cut-off that must have the tag; one clip without it is counted on top, so that a
        single lucky one is not enough.
    least
        No cut-off is lower.

    Returns
    -------
    One a tag; above 1 where no cut-off is precise enough: such a tag is never certain.
    """
    found = []
    for column in range(probabilities.shape[1]):
        order = np.argsort(-probabilities[:, column], kind="stable")
        right = np.cumsum(targets[order, column]) / (np.arange(len(order)) + 2)
        sorted_probabilities = probabilities[order, column]
        good = np.flatnonzero((right >= precision) & (sorted_probabilities >= least))
        found.append(float(sorted_probabilities[good[-1]]) if len(good) else 2.0)
    return tuple(found)
