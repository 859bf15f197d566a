"""A hit's contributions as the segments of one bar, whose lengths add up to its score, and as the reasons named below.

Lengths are percentages of the drawing's width, given as SVG attributes: the content security policy forbids inline
styles, and patterns keep their scale at any width. Bars and reasons are the many small things of a page, so they are
written here and not in a template; every text in them goes through `escape`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec
from markupsafe import Markup, escape

from search.document import Family
from search.result import Hit, NamedContribution, TagChip
from web.addresses import Changes

# Contributions named beside a bar; the rest is one click away.
NAMED_SEGMENTS = 4

KIN = "kin"

# Solid is what people typed; the others are patterns of web/templates/_patterns.svg.
_FILLS = {"typed": 'class="f-typed"', "implied": 'fill="url(#implied)"', "heard": 'fill="url(#heard)"'}
_FILLS[KIN] = 'fill="url(#kin)"'

_KINDS = {family: family.value for family in Family}

# Where a tag of the query was not typed on the track, how the track came to have it.
_SAID = {"implied": "implied", "heard": "heard"}


class Segment(msgspec.Struct, frozen=True):
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
        return self.segments[NAMED_SEGMENTS:] if len(self.segments) > NAMED_SEGMENTS + 1 else ()

    @property
    def drawing(self) -> Markup:
        """The segments as SVG, which holds no text but numbers."""
        drawn = [
            f'<rect {_FILLS[one.kind]} x="{one.x:.2f}%" width="{one.width:.2f}%" height="10"/>' for one in self.segments
        ]
        return Markup("".join(drawn))


class Reasons:
    """Writes the named segments of bars: what each is and what it counts, with a click that leaves a kin out.

    Parameters
    ----------
    several
        Whether the search has several tags, so that a kin says which of them it answers for.
    """

    def __init__(self, changes: Changes, several: bool) -> None:
        self._changes, self._several = changes, several
        self._heads: dict[tuple[str, str, str], str] = {}
        self._outs: dict[str, str] = {}

    def __call__(self, segments: Sequence[Segment], can_leave_out: bool = True) -> Markup:
        """Write some segments as items of a list."""
        return Markup("".join([self._reason(one, can_leave_out) for one in segments]))

    def _reason(self, one: Segment, can_leave_out: bool) -> str:
        key = one.kind, one.spelling, one.serves
        head = self._heads.get(key) or self._heads.setdefault(key, self._head(one))
        out = self._out(one.spelling) if can_leave_out and one.kind == KIN else ""
        return f"{head}{one.amount:.3f}</b>{out}</li>"

    def _head(self, one: Segment) -> str:
        said = f"for {one.serves}" if one.serves and self._several else _SAID.get(one.kind, "")
        note = f" <i><bdi>{escape(said)}</bdi></i>" if said else ""
        return f'<li class="{one.kind}"><bdi>{escape(one.spelling)}</bdi>{note} <b>'

    def _out(self, spelling: str) -> str:
        if spelling not in self._outs:
            address, label = self._changes.without_tag(spelling), escape(f"Leave out {spelling}")
            link = f'<a class="out" href="{escape(address)}" aria-label="{label}">\N{MINUS SIGN}</a>'
            self._outs[spelling] = link if address else ""
        return self._outs[spelling]


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
    for one in sorted(hit.contributions, key=_largest):
        width = 100 * one.amount / scale
        serves = one.serves_spelling if one.is_kin else ""
        segments.append(Segment(_kind(one), one.spelling, serves, one.amount, x, width))
        x += width
    return Bar(hit.score, tuple(segments))


def shares(numbers: Sequence[int]) -> tuple[tuple[float, float], ...]:
    """Lay counts end to end over the whole width: (x, width) of each, in percent."""
    whole = sum(numbers) or 1
    return tuple((100 * sum(numbers[:at]) / whole, 100 * number / whole) for at, number in enumerate(numbers))


def _largest(contribution: NamedContribution) -> float:
    return -contribution.amount


def _kind(contribution: NamedContribution) -> str:
    return KIN if contribution.is_kin else _KINDS[contribution.family]
