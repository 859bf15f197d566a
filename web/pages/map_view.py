"""The map as an address: what is looked for on it, and which part of it is seen.

The address is the whole state of the page. Zooming and moving are links to other addresses, so they work without
scripts; the script moves freely and writes the same address.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple
from urllib.parse import quote_plus, urlencode

from flask import request
from werkzeug.datastructures import MultiDict

from tagmodel.picture_style import Frame, lowest_tier
from web.addresses import AddressError
from web.pages.naming import read_name
from web.values import read_number, read_whole

# How many times larger than the whole map.
FARTHEST, NEAREST = 1.0, 16.0
# One click on + or -.
ZOOM_STEP = 1.6
# How near one comes to a tag that was found.
FOUND_ZOOM = 3.2
# How far an arrow moves, as a share of what is seen.
MOVE = 0.35
# Width of the picture on a wide screen, for which words are chosen; narrower ones show fewer (graph.css).
USUAL_WIDTH = 1000.0  # px
# Smaller words are not read.
LEGIBLE = 6.0  # px

ARROWS: Mapping[str, tuple[float, float]] = {"up": (0, -1), "left": (-1, 0), "right": (1, 0), "down": (0, 1)}


@dataclass(frozen=True, slots=True)
class MapAddress:
    """State of the page of the map.

    Parameters
    ----------
    find
        A tag, in any spelling.
    source, target
        Ends of a path.
    community
        Number of a community.
    zoom
        From `FARTHEST` to `NEAREST`; None: as suits what was asked.
    at
        Middle of what is seen, px of the map; None: as suits what was asked.
    """

    find: str = ""
    source: str = ""
    target: str = ""
    community: int | None = None
    zoom: float | None = None
    at: tuple[float, float] | None = None

    def offered(self, field: str, spelling: str) -> str:
        """Write the address with another tag in the place of one that there is not, relative to the page."""
        if field == "find":
            return replace(self, find=spelling, zoom=None, at=None).query_string()
        if field == "from" and self.source:
            return replace(self, source=spelling, zoom=None, at=None).query_string()
        return replace(self, target=spelling, zoom=None, at=None).query_string()

    def query_string(self, zoom: float | None = None, at: tuple[float, float] | None = None) -> str:
        """Write the address with another view, relative to the page."""
        pairs: list[tuple[str, str]] = [
            (name, value)
            for name, value in (("find", self.find), ("from", self.source), ("to", self.target))
            if value
        ]
        if self.community is not None:
            pairs.append(("community", str(self.community)))
        if zoom is not None:
            pairs.append(("zoom", f"{zoom:.1f}".removesuffix(".0")))
        if at is not None:
            pairs.append(("at", f"{at[0]:.0f},{at[1]:.0f}"))
        return "?" + urlencode(pairs, safe=",")


class MapView(NamedTuple):
    """The part of the map that is seen: its frame, and how many times larger than the whole it is shown."""

    frame: Frame
    zoom: float

    @property
    def middle(self) -> tuple[float, float]:
        """The place in the middle, px of the map."""
        left, top, width, height = self.frame
        return left + width / 2, top + height / 2

    @property
    def smallest_words(self) -> int:
        """Number of the lowest tier of words that can be read."""
        return lowest_tier(USUAL_WIDTH / self.frame[2], LEGIBLE)

    def moved(self, way: str) -> tuple[float, float]:
        """Return the middle after a step along one of `ARROWS`."""
        (x, y), (right, down) = self.middle, ARROWS[way]
        return x + MOVE * right * self.frame[2], y + MOVE * down * self.frame[3]


def find_link(spelling: str) -> str:
    """Return the address of the map with a tag found on it."""
    return f"{request.script_root}/graph?find={quote_plus(spelling)}"


def read_map(arguments: MultiDict[str, str]) -> MapAddress:
    """Read the state of the page from its address.

    Raises
    ------
    AddressError
        If a value cannot be meant.
    """
    return MapAddress(
        find=read_name(arguments, "find"),
        source=read_name(arguments, "from"),
        target=read_name(arguments, "to"),
        community=_read_community(arguments.get("community", "")),
        zoom=_read_zoom(arguments.get("zoom", "")),
        at=_read_place(arguments.get("at", "")),
    )


def view_of(whole: Frame, focus: Frame | None, address: MapAddress) -> MapView:
    """Choose the part of the map to see: around `focus` unless the address says otherwise, within the map."""
    zoom = address.zoom or _fitting_zoom(whole, focus)
    left, top, width, height = focus or whole
    x, y = address.at or (left + width / 2, top + height / 2)
    seen = whole[2] / zoom, whole[3] / zoom
    x = min(max(x, whole[0] + seen[0] / 2), whole[0] + whole[2] - seen[0] / 2)
    y = min(max(y, whole[1] + seen[1] / 2), whole[1] + whole[3] - seen[1] / 2)
    return MapView((x - seen[0] / 2, y - seen[1] / 2, *seen), zoom)


def place_frame(whole: Frame, x: float, y: float) -> Frame:
    """Return what to see around one place."""
    width, height = whole[2] / FOUND_ZOOM, whole[3] / FOUND_ZOOM
    return x - width / 2, y - height / 2, width, height


def _fitting_zoom(whole: Frame, focus: Frame | None) -> float:
    if focus is None:
        return FARTHEST
    return min(max(min(whole[2] / focus[2], whole[3] / focus[3]), FARTHEST), NEAREST)


def _read_community(text: str) -> int | None:
    if not text:
        return None
    number = read_whole(text)
    if number is None or not 0 <= number < 100_000:
        raise AddressError(f"community is the number of a community, such as community=3, not “{text[:40]}”")
    return number


def _read_zoom(text: str) -> float | None:
    if not text:
        return None
    zoom = _number(text)
    if zoom is None or not FARTHEST <= zoom <= NEAREST:
        raise AddressError(
            f"zoom is a number from {FARTHEST:g} (the whole map) to {NEAREST:g}, such as zoom=2.5, not “{text[:40]}”"
        )
    return zoom


def _read_place(text: str) -> tuple[float, float] | None:
    if not text:
        return None
    across, comma, down = text.partition(",")
    x, y = _number(across), _number(down)
    if not comma or x is None or y is None:
        raise AddressError(f"at is a place on the map, such as at=120,-300, not “{text[:40]}”")
    return x, y


def _number(text: str) -> float | None:
    """Read a number that lies somewhere; None for anything else."""
    number = read_number(text)
    return number if number is not None and math.isfinite(number) else None
