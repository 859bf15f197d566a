"""The picture of a training: its losses and what validation clips say of it, over the epochs that were measured."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tagmodel.picture_style import svg_document, svg_text

WIDTH, PANEL, GAP = 640.0, 250.0, 90.0  # px
LEFT, TOP, RIGHT = 60.0, 60.0, 230.0  # px, around the panels
FONT = 14.0  # px
# Between the names at the ends of two curves, so that both can be read.
APART = 18.0  # px
# Colors of curves, far apart in hue (`tagmodel.picture_style.HUES`).
COLORS = (1, 0, 2, 5, 3, 4, 9)
LOSSES = {"loss_tags": "whole clips", "loss_excerpts": "excerpts"}
FIGURES = {
    "accuracy": "genre accuracy",
    "roc_auc": "ROC-AUC",
    "pr_auc": "PR-AUC",
    "pr_auc_3s": "PR-AUC of 3 s",
    "pr_auc_1s": "PR-AUC of 1 s",
}


class Panel(NamedTuple):
    """One set of axes: a title, curves by name, and where its top is, px."""

    title: str
    curves: dict[str, list[float]]
    top: float


def write_curves(log: Path, picture: Path, best_epoch: int) -> None:
    """Draw the log of a training (`log.csv`) as an SVG file."""
    with log.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    picture.write_text(draw_curves(rows, best_epoch), encoding="utf-8")


def draw_curves(rows: Sequence[dict[str, str]], best_epoch: int) -> str:
    """Draw measured epochs as an SVG document.

    Parameters
    ----------
    rows
        Of the log, as text; what a log does not have is left out.
    best_epoch
        Whose weights were kept.
    """
    epochs = [int(row["epoch"]) for row in rows]
    panels = [
        Panel("losses of training", _columns(rows, LOSSES), TOP),
        Panel("validation clips", _columns(rows, FIGURES), TOP + PANEL + GAP),
    ]
    body = [part for panel in panels for part in _panel(panel, epochs, best_epoch)]
    height = TOP + 2 * PANEL + GAP + 60
    title = f"Training over {epochs[-1]} epochs; the weights of epoch {best_epoch} were kept"
    return svg_document((0, 0, LEFT + WIDTH + RIGHT, height), title, body)


def _columns(rows: Sequence[dict[str, str]], names: dict[str, str]) -> dict[str, list[float]]:
    return {title: [float(row[name]) for row in rows] for name, title in names.items() if name in rows[0]}


def _panel(panel: Panel, epochs: list[int], best_epoch: int) -> Iterator[str]:
    highest = max((value for values in panel.curves.values() for value in values), default=1.0)
    step = _step(highest)
    top = step * max(1, int(np.ceil(highest / step)))
    yield _text(panel.title, LEFT, panel.top - 32, "start", "ink title")
    for tick in np.arange(0, top + step / 2, step):
        y = _y(panel, float(tick), top)
        yield f'<path class="ink edges" opacity=".18" d="M{LEFT:.0f} {y:.1f}h{WIDTH:.0f}"/>'
        yield _text(f"{tick:g}" if step < 1 else f"{tick:.0f}", LEFT - 10, y, "end")
    for epoch in _named_epochs(epochs):
        yield _text(str(epoch), _x(epoch, epochs), panel.top + PANEL + 18, "middle")
    x = _x(best_epoch, epochs)
    line = f"M{x:.1f} {panel.top:.0f}v{PANEL:.0f}"
    yield f'<path class="ink edges" opacity=".5" stroke-dasharray="3 5" d="{line}"/>'
    yield _text(f"epoch {best_epoch}, which was kept", x, panel.top - 12, "end" if x > LEFT + WIDTH / 2 else "start")
    yield from _curves(panel, epochs, top)


def _curves(panel: Panel, epochs: list[int], top: float) -> Iterator[str]:
    ends = _spread([_y(panel, values[-1], top) for values in panel.curves.values()])
    for color, (name, values), end in zip(COLORS, panel.curves.items(), ends, strict=False):
        points = [(_x(epoch, epochs), _y(panel, value, top)) for epoch, value in zip(epochs, values, strict=True)]
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        dots = "".join(f'<circle class="asked" cx="{x:.1f}" cy="{y:.1f}" r="2.2"/>' for x, y in points)
        label = _text(f"{name} {values[-1]:.3g}", LEFT + WIDTH + 14, end, "start", classes="")
        line = f'<path class="edges" stroke-width="2" d="{path}"/>'
        yield f'<g class="c{color}"><desc>{escape(name)}</desc>{line}{dots}{label}</g>'


def _x(epoch: int, epochs: list[int]) -> float:
    return LEFT + WIDTH * epoch / max(epochs[-1], 1)


def _y(panel: Panel, value: float, top: float) -> float:
    return panel.top + PANEL * (1 - value / top)


def _step(highest: float) -> float:
    """Return a round number that goes at most ten times into `highest`."""
    power = 10.0 ** np.floor(np.log10(max(highest, 1e-6)))
    return float(next(power * part for part in (0.1, 0.2, 0.25, 0.5, 1) if highest / (power * part) <= 10))


def _named_epochs(epochs: list[int]) -> list[int]:
    """Return at most ten of the epochs, the last among them."""
    every = -(-len(epochs) // 10)
    return epochs[::-1][::every][::-1]


def _spread(places: list[float]) -> list[float]:
    """Move places apart, in their order, no further than needed."""
    found = list(places)
    last = -np.inf
    for number in sorted(range(len(places)), key=places.__getitem__):
        found[number] = last = max(places[number], last + APART)
    return found


def _text(text: str, x: float, y: float, anchor: str, classes: str = "ink") -> str:
    # The style sheet of all pictures centers texts; here they stand beside lines.
    return svg_text(text, x, y, FONT, classes=classes).replace("<text", f'<text style="text-anchor:{anchor}"', 1)
