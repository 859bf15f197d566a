"""The search page: what was found, why, and how to steer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from search.document import Family
from search.plan import Sort
from search.result import Hit, SearchRequest, SearchResult
from search.searcher import Searcher
from search.sound import Sound
from tagmodel.track import Track
from web.addresses import Changes, last_page, page_number, read_search
from web.context import searcher
from web.pages.advice import Advice, advise
from web.pages.bars import Reasons, bar_scale, hit_bar, shares
from web.pages.home import PopularTag, popular_tags
from web.pages.narrowing import Facet, facets
from web.pages.steering import Steering, steer, steered
from web.pages.wording import amount

blueprint = Blueprint("search", __name__)

# Tags to start from again where nothing was found.
POPULAR_TAGS = 12


@blueprint.get("/search")
def show() -> ResponseReturnValue:
    """Show the hits of a search; without a query, where to begin."""
    wanted = read_search(request.args)
    if not wanted.text:
        return redirect(url_for("home.show"))
    source = searcher()
    return render_template("search.html", page=search_page(source.search(wanted), source))


_SORTS = {
    Sort.SCORE: "Best match",
    Sort.SHORTEST: "Shortest",
    Sort.LONGEST: "Longest",
    Sort.NEWEST: "Newest",
    Sort.OLDEST: "Oldest",
}


class Row(msgspec.Struct, frozen=True):
    """A hit as a row of a list: the track, and why it came.

    Parameters
    ----------
    drawing
        The bar.
    demoted
        Excluded tags that are perhaps in it, which cost it half its score.
    named, more
        The reasons that are named at once, and the others, as items of a list.
    """

    track: Track
    sound: Sound | None
    score: str
    drawing: Markup
    named: Markup
    more: Markup
    n_more: int
    demoted: str = ""


@dataclass(frozen=True, slots=True)
class Pages:
    """Where the page stands among all; an address is ``""`` where there is no page."""

    number: int
    last: int
    first_hit: int
    last_hit: int
    previous: str
    next: str


@dataclass(frozen=True, slots=True)
class SortChoice:
    """An order that the hits can stand in."""

    label: str
    address: str
    current: bool


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Everything the search page shows.

    Parameters
    ----------
    request
        The search that the page's forms start from.
    popular
        Where nothing was found, tags to start from again.
    carried
        (x, width) in percent of the hits that carry all, some and none of the words.
    """

    result: SearchResult
    request: SearchRequest
    steering: Steering
    advice: Advice
    facets: tuple[Facet, ...]
    rows: tuple[Row, ...]
    outside: tuple[Row, ...]
    sorts: tuple[SortChoice, ...]
    carried: tuple[tuple[float, float], ...]
    pages: Pages
    to_first: str
    popular: tuple[PopularTag, ...]

    @property
    def any_heard(self) -> bool:
        """Whether a track of this page came by what was heard in it."""
        hits = (*self.result.hits, *self.result.outside)
        return any(one.family == Family.HEARD for hit in hits for one in hit.contributions)


def search_page(result: SearchResult, source: Searcher) -> SearchPage:
    """Work out the page of a result of `source`."""
    scale = bar_scale(result.chips, (*result.hits, *result.outside))
    changes = Changes(steered(result), result.query)
    reasons = Reasons(changes, several=len(result.chips) > 1)
    return SearchPage(
        result=result,
        request=changes.request,
        steering=steer(result, changes),
        advice=advise(result, changes, source),
        facets=facets(result, changes),
        rows=tuple(_row(hit, scale, reasons) for hit in result.hits),
        outside=tuple(_row(hit, scale, reasons) for hit in result.outside),
        sorts=tuple(_sorts(changes)),
        carried=shares((result.carry_all, result.carry_some, result.carry_none)),
        pages=_pages(result, changes),
        to_first=changes.page(1),
        popular=() if result.total else popular_tags(source, POPULAR_TAGS),
    )


def _row(hit: Hit, scale: float, reasons: Reasons) -> Row:
    bar = hit_bar(hit, scale)
    named, more = bar.named, bar.more
    others = reasons(more, can_leave_out=False)
    demoted = ", ".join(hit.demoted_by)
    return Row(hit.track, hit.sound, amount(hit.score), bar.drawing, reasons(named), others, len(more), demoted)


def _sorts(changes: Changes) -> Iterator[SortChoice]:
    for sort, label in _SORTS.items():
        yield SortChoice(label, changes.sorted(sort), sort is changes.request.sort)


def _pages(result: SearchResult, changes: Changes) -> Pages:
    number, last = page_number(result.request), last_page(result.total, result.request.k)

    def address(page: int) -> str:
        return changes.page(page) if 1 <= page <= last and page != number else ""

    first = result.request.offset + 1 if result.hits else 0
    last_hit = result.request.offset + len(result.hits)
    return Pages(number, last, first, last_hit, address(number - 1), address(number + 1))
