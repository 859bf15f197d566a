"""Where tags stand on the map: words as boxes, communities as islands, and nothing overlaps.

Forces alone never finish without overlaps, so they only say where a word would like to be. Stress majorization draws
distances (it descends steadily: no chaos, the same bytes each time), then boxes are laid down one by one, the
weightiest first, each at the free spot nearest to where it would like to be. Islands are packed the same way, by their
outline.

References
----------
Gansner, Koren, North, "Graph drawing by stress majorization", 2004.
"""

from __future__ import annotations

import unicodedata

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LONGEST_WORD = 28  # characters
LINE_HEIGHT = 1.3  # of the font size
WORD_GAP = 2.5  # px around a word
# Words are wider than high, and screens too.
STRETCH = 1.5  # width to height of everything that spreads
# Steps of stress majorization; the picture is at rest long before.
STRESS_STEPS = 150
# One cell of the raster that islands are packed on.
CELL = 8.0  # px
_NARROW, _WIDE = frozenset("fijlrt'.,:;|!()[]I -·"), frozenset("mwMW@&%")


def shown_word(spelling: str) -> str:
    """Return a spelling as a picture shows it: at most `LONGEST_WORD` characters."""
    return spelling if len(spelling) <= LONGEST_WORD else spelling[: LONGEST_WORD - 1].rstrip() + "…"


def text_width(text: str, font_size: float) -> float:
    """Estimate how wide a text is in a plain sans-serif font, px; on the wide side, as fonts differ."""
    return font_size * sum(map(_advance, text))


def _advance(char: str) -> float:
    if unicodedata.east_asian_width(char) in "WF":
        return 1.0
    if char in _NARROW:
        return 0.36
    return 0.94 if char in _WIDE else 0.61


def word_boxes(words: list[str], font_sizes: Floats) -> Floats:
    """Return the width and height of each word with its gap, shape (n, 2), px."""
    widths = [text_width(shown_word(word), size) for word, size in zip(words, font_sizes, strict=True)]
    return np.asarray(np.column_stack([widths, font_sizes * LINE_HEIGHT]) + 2 * WORD_GAP)


def spiral(n: int, step: float) -> Floats:
    """Return `n` offsets that cover the plane evenly from the center out, shape (n, 2), about `step` px apart."""
    index = np.arange(n)
    radius, angle = step * np.sqrt(index), index * np.pi * (3 - np.sqrt(5))
    directions: Floats = np.column_stack([np.cos(angle) * STRETCH, np.sin(angle)])
    offsets: Floats = radius[:, None] * directions
    return offsets


def stress_layout(distances: Floats, start: Floats) -> Floats:
    """Place points so that they are as far from each other as asked, shape (n, 2).

    Parameters
    ----------
    distances : shape (n, n)
        Symmetric, finite, 0 on the diagonal only.
    start : shape (n, 2)
        First positions, no two the same.
    """
    n = len(distances)
    if n < 2:
        return np.zeros_like(start)
    weights = (distances + np.eye(n)) ** -2.0
    np.fill_diagonal(weights, 0)
    laplacian = np.diag(weights.sum(axis=1)) - weights
    inverse = np.linalg.inv(laplacian + 1 / n) - 1 / n
    places = start
    for _ in range(STRESS_STEPS):
        gaps = np.linalg.norm(places[:, None] - places[None], axis=2) + np.eye(n)
        pull = -weights * distances / np.maximum(gaps, 1e-9)
        np.fill_diagonal(pull, 0)
        np.fill_diagonal(pull, -pull.sum(axis=1))
        places = inverse @ (pull @ places)
    return np.asarray(places - places.mean(axis=0))


def lay_boxes(wished: Floats, boxes: Floats, order: NDArray[np.intp]) -> Floats:
    """Place boxes without overlap, each as near to its wish as those before it in `order` allow.

    Parameters
    ----------
    wished, boxes : shape (n, 2)
        Centers wished for; widths and heights. px.

    Returns
    -------
    shape (n, 2)
        Centers, px.
    """
    centers = np.zeros_like(wished)
    offsets = spiral(4096, 0.5 * float(boxes[:, 1].min()))
    for rank, box in enumerate(order):
        laid = order[:rank]
        centers[box] = _free_spot(wished[box], boxes[box], centers[laid], boxes[laid], offsets)
    return centers


def _free_spot(wish: Floats, box: Floats, taken: Floats, taken_boxes: Floats, offsets: Floats) -> Floats:
    room = (taken_boxes + box) / 2
    scale = 1.0
    while True:
        for first in range(0, len(offsets), 256):
            spots = wish + scale * offsets[first : first + 256]
            gaps: Floats = np.abs(spots[:, None] - taken[None])
            hit = np.logical_and(gaps[..., 0] < room[:, 0], gaps[..., 1] < room[:, 1])
            free = np.flatnonzero(~np.any(hit, axis=1))
            if len(free):
                return np.asarray(spots[free[0]])
        scale *= 2  # everything near is taken: look further, more coarsely


def pack_islands(wished: Floats, islands: list[Floats], margin: float) -> Floats:
    """Move islands of boxes apart, in order, each as near to its wish as possible.

    Parameters
    ----------
    wished : shape (n_islands, 2)
        Centers wished for, px.
    islands : one array of shape (n_boxes, 4) each
        Boxes about the island's center: x, y of the middle, width, height. px.
    margin
        Water between two islands, px.

    Returns
    -------
    shape (n_islands, 2)
        Centers, px, on the raster of `CELL`.
    """
    shapes = [_raster(island, margin / 2) for island in islands]
    side = 2 * sum(max(shape.shape) for shape, _ in shapes) + 2 * int(np.abs(wished).max(initial=0) / CELL) + 1
    sea = np.zeros((side, side), dtype=bool)
    offsets = np.rint(spiral(200_000, 1.0)).astype(np.intp)
    centers = np.zeros_like(wished)
    for island, (shape, corner) in enumerate(shapes):
        wish = np.rint(wished[island] / CELL).astype(np.intp)
        for spot in wish + offsets:
            row, column = (spot + corner + side // 2)[::-1]
            coast = sea[row : row + shape.shape[0], column : column + shape.shape[1]]
            if not (coast & shape).any():
                coast |= shape
                centers[island] = spot * CELL
                break
    return centers


def _raster(island: Floats, margin: float) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Draw boxes into cells; returns the cells (rows are y) and the (x, y) of the first, in cells from the center."""
    low = np.floor((island[:, :2] - island[:, 2:] / 2 - margin) / CELL).astype(np.intp)
    high = np.ceil((island[:, :2] + island[:, 2:] / 2 + margin) / CELL).astype(np.intp)
    corner = low.min(axis=0)
    width, height = high.max(axis=0) - corner
    cells = np.zeros((height, width), dtype=bool)
    for (left, top), (right, bottom) in zip(low - corner, high - corner, strict=True):
        cells[top:bottom, left:right] = True
    return cells, corner
