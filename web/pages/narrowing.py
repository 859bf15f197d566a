"""Facets as shown: what the hits have, how many each, and the address that keeps only those."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from search.engine import FacetValue
from search.query import Query, with_excluded, with_filter, with_tag
from search.result import SearchRequest, SearchResult
from web.addresses import MAX_TEXT, query_string
from web.pages.steering import steered

# Values shown at once of each facet, and all that are listed: a page has to stay small.
VALUES_SHOWN = 7
VALUES_LISTED = 20

_TITLES = {"genre": "Genre", "tag": "Tags of the best hits", "license": "License", "artist": "Artist"}


@dataclass(frozen=True, slots=True)
class Narrower:
    """One facet value.

    Parameters
    ----------
    address
        The search narrowed to it; ``""`` when it would not fit into a search, or is narrowed to already.
    exclude
        The search without it, for tags; else ``""``.
    """

    label: str
    count: int
    address: str
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


def facets(result: SearchResult) -> tuple[Facet, ...]:
    """Return the facets worth showing: those that say anything about the hits."""
    return tuple(_facets(result))


def _facets(result: SearchResult) -> Iterator[Facet]:
    request, query = steered(result), result.query
    asked = {chip.tag_id for chip in result.chips}
    for name, title in _TITLES.items():
        values = [one for one in result.facets.get(name, ()) if name != "tag" or one.value not in asked]
        if values and any(one.value for one in values):
            yield Facet(name, title, tuple(_narrower(request, query, name, one) for one in values[:VALUES_LISTED]))


def _narrower(request: SearchRequest, query: Query, name: str, one: FacetValue) -> Narrower:
    if name == "tag":
        address = _address(request, with_tag(query, one.label))
        return Narrower(one.label, one.count, address, _address(request, with_excluded(query, one.label)))
    is_set = one.value in getattr(query.filters, name)
    address = "" if is_set else _address(request, with_filter(query, name, one.value))
    return Narrower(one.label or "not stated", one.count, address)


def _address(request: SearchRequest, text: str) -> str:
    return query_string(replace(request, text=text)) if len(text) <= MAX_TEXT else ""
