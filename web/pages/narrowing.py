"""Facets as shown: what the hits have, how many each, and the address that keeps only those."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from search.engine import FacetValue
from search.result import SearchResult
from web.addresses import Changes

# Values shown at once of each facet, and all that are listed: a page has to stay small.
VALUES_SHOWN = 7
VALUES_LISTED = 20

_TITLES = {"genre": "Genre", "tag": "Tags of the best hits", "license": "License", "artist": "Artist"}


class Narrower(msgspec.Struct, frozen=True):
    """One facet value.

    Parameters
    ----------
    address
        The search narrowed to it; ``""`` when it would not fit into a search, or is narrowed to already (`is_set`).
    exclude
        The search without it, for tags; else ``""``.
    """

    label: str
    count: str
    address: str
    is_set: bool = False
    exclude: str = ""


@dataclass(frozen=True, slots=True)
class Facet:
    """One facet with its values, most hits first."""

    name: str
    title: str
    values: tuple[Narrower, ...]

    @property
    def shown(self) -> tuple[Narrower, ...]:
        """The values shown at once."""
        return self.values[:VALUES_SHOWN]

    @property
    def more(self) -> tuple[Narrower, ...]:
        """The others."""
        return self.values[VALUES_SHOWN:]


def facets(result: SearchResult, changes: Changes) -> tuple[Facet, ...]:
    """Return the facets worth showing: those that say anything about the hits."""
    return tuple(_facets(result, changes))


def _facets(result: SearchResult, changes: Changes) -> Iterator[Facet]:
    asked = {chip.tag_id for chip in result.chips}
    for name, title in _TITLES.items():
        values = [one for one in result.facets.get(name, ()) if name != "tag" or one.value not in asked]
        if values and any(one.value for one in values):
            yield Facet(name, title, tuple(_narrower(changes, name, one) for one in values[:VALUES_LISTED]))


def _narrower(changes: Changes, name: str, one: FacetValue) -> Narrower:
    count = f"{one.count:,}"
    if name == "tag":
        return Narrower(one.label, count, changes.with_tag(one.label), exclude=changes.without_tag(one.label))
    is_set = one.value in getattr(changes.query.filters, name)
    return Narrower(one.label or "not stated", count, "" if is_set else changes.with_value(name, one.value), is_set)
