"""The picture of a training shows every curve, in a document that any viewer reads."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree

import pytest

from audiomodel.training.curves import APART, FIGURES, LOSSES, _spread, _step, draw_curves


def rows(n: int) -> list[dict[str, str]]:
    names = [*LOSSES, *FIGURES]
    return [
        {"epoch": str(2 * epoch), "seconds": "9", **{name: str(0.1 * k + 0.5 / epoch) for k, name in enumerate(names)}}
        for epoch in range(1, n + 1)
    ]


@pytest.mark.parametrize("n", [1, 2, 33])
def test_every_curve_is_drawn_and_named(n: int) -> None:
    root = ElementTree.fromstring(draw_curves(rows(n), 2))
    named = {element.text for element in root.iter("{http://www.w3.org/2000/svg}desc")}
    assert named == {*LOSSES.values(), *FIGURES.values()}
    assert len(list(root.iter("{http://www.w3.org/2000/svg}circle"))) == n * len(named)


def test_what_a_log_does_not_have_is_left_out() -> None:
    few = [{"epoch": "1", "loss_tags": "2.5", "accuracy": "0.3"}]
    assert "by phone" not in draw_curves(few, 1)


def test_names_at_the_ends_of_curves_do_not_overlap() -> None:
    places = sorted(_spread([100.0, 101.0, 99.0, 300.0]))
    assert all(later - earlier >= APART for earlier, later in pairwise(places))
    assert _spread([10.0, 200.0]) == [10.0, 200.0]


@pytest.mark.parametrize("highest", [0.003, 0.09, 0.11, 0.6, 1.0, 2.4, 6.58, 9.99, 10.0, 73.0])
def test_axes_have_two_to_ten_steps(highest: float) -> None:
    assert 2 <= highest / _step(highest) <= 10
