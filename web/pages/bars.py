"""A hit's contributions as the segments of one bar, whose lengths add up to its score.

Lengths are percentages of the drawing's width, given as SVG attributes: the content security policy forbids inline
styles, and patterns keep their scale at any width.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from search.document import Family
from search.result import Hit, NamedContribution, TagChip

# Contributions named beside a bar; the rest is one click away.
NAMED_SEGMENTS = 4

KIN = "kin"


@dataclass(frozen=True, slots=True)
class Segment:
    """One contribution as drawn.

    Parameters
    ----------
    kind
        ``"typed"``, ``"implied"``, ``"heard"`` or ``"kin"``: color and pattern.
    serves
        Spelling of the query tag it answers for; ``""`` when it is that tag itself.
    x, width
        Percent of the drawing's width.
    """

    kind: str
    spelling: str
    serves: str
    amount: float
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Bar:
    """The explanation of one hit: all segments, largest first, and how many are named at once."""

    score: float
    segments: tuple[Segment, ...]

    @property
    def named(self) -> tuple[Segment, ...]:
        """The largest segments; one more is named rather than hidden alone."""
        shown = len(self.segments) if len(self.segments) <= NAMED_SEGMENTS + 1 else NAMED_SEGMENTS
        return self.segments[:shown]

    @property
    def more(self) -> tuple[Segment, ...]:
        """The rest."""
        return self.segments[len(self.named) :]


def bar_scale(chips: Sequence[TagChip], hits: Iterable[Hit]) -> float:
    """Return the score that fills a bar: every typed tag carried, or the best score on the page if that is more.

    The same for all bars of a page, so that lengths can be compared down the list.
    """
    heaviest = max((chip.weight for chip in chips), default=1.0)
    carried = sum(chip.weight for chip in chips) / heaviest
    return max([carried, *(hit.score for hit in hits)]) or 1.0


def hit_bar(hit: Hit, scale: float) -> Bar:
    """Lay a hit's contributions end to end, largest first."""
    segments, x = [], 0.0
    for one in sorted(hit.contributions, key=lambda one: -one.amount):
        width = 100 * one.amount / scale
        segments.append(
            Segment(_kind(one), one.spelling, one.serves_spelling if one.is_kin else "", one.amount, x, width)
        )
        x += width
    return Bar(hit.score, tuple(segments))


def shares(numbers: Sequence[int]) -> tuple[tuple[float, float], ...]:
    """Lay counts end to end over the whole width: (x, width) of each, in percent."""
    whole = sum(numbers) or 1
    return tuple((100 * sum(numbers[:at]) / whole, 100 * number / whole) for at, number in enumerate(numbers))


def _kind(contribution: NamedContribution) -> str:
    return KIN if contribution.is_kin else Family(contribution.family).value
