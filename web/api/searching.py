"""`search`: what the search page shows, for programs."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from flask import request
from msgspec import Meta, Struct

from search.answers.searches import Found, Links, found_answer
from search.expansion import DEFAULT_DRIFT
from search.plan import Sort
from search.result import MAX_DEPTH, MAX_K, RequestError, SearchRequest
from web.addresses import MAX_IDS, MAX_TEXT, PAGE_HITS
from web.api.naming import ID_LENGTH, tag_ids
from web.api.operations import operation
from web.api.problems import BAD_PARAMETER, BAD_QUERY, UNKNOWN_TAG, Refusal
from web.context import searcher

# The second list unless asked for otherwise.
OUTSIDE_HITS = 5

# Tags in an address: one by its spelling, or several ids with points between.
TagList = Annotated[str, Meta(min_length=1, max_length=(ID_LENGTH + 1) * MAX_IDS, examples=["piano"])]
# The title is what the docs page says of it: neither limit alone would tell how many tags there may be.
TagLists = Annotated[tuple[TagList, ...], Meta(max_length=MAX_IDS, title="tags")]
Drift = Annotated[float, Meta(ge=0, le=1, examples=[0.6])]


class SearchParameters(Struct, frozen=True):
    """A search.

    Parameters
    ----------
    q
        The query: tags, ``-tag`` to leave one out, ``+tag`` to demand it, ``(a OR b)``, ``tag^2`` for its weight,
        ``"words of a title"``, filters such as ``genre:rock year:2005..2010 duration:90..180``. At most 10 tags and 20
        filters. Empty to browse everything.
    drift
        The dial, from 0 (only the words typed) to 1 (as far outside the box as kin reach).
    without
        Tags that do not answer as kin: a spelling or an id each, or several ids with points between; may be repeated.
    keep
        Narrower tags that stay although an exclusion brings them along; written as in `without`.
    literal
        Take words as typed and correct nothing.
    sort
        ``score``, ``duration`` or ``-duration`` (shortest or longest first), ``year`` or ``-year`` (oldest or newest
        first); tracks without the value come last.
    k
        Hits at most.
    offset
        Hits to pass over; `offset` and `k` together reach hit 10,000 at most.
    outside
        Length of the second list: the best hits that carry none of the tags typed.
    facets
        Count what the hits have: genres, licenses, artists and tags.
    """

    q: Annotated[str, Meta(max_length=MAX_TEXT, examples=["sad piano -vocals"])] = ""
    drift: Drift = DEFAULT_DRIFT
    without: TagLists = ()
    keep: TagLists = ()
    literal: bool = False
    sort: Sort = Sort.SCORE
    k: Annotated[int, Meta(ge=1, le=MAX_K)] = PAGE_HITS
    offset: Annotated[int, Meta(ge=0, le=MAX_DEPTH - 1)] = 0
    outside: Annotated[int, Meta(ge=0, le=MAX_K)] = OUTSIDE_HITS
    facets: bool = False


@operation(
    "GET",
    "/search",
    refusals=(BAD_QUERY, UNKNOWN_TAG),
    sample=lambda of: {"q": of.query, "drift": "0.6", "k": "2", "outside": "1"},
)
def search(parameters: SearchParameters) -> Found:
    """Find tracks by tags, and by the kin of these tags.

    The same answer as the search page: the hits with what each tag adds to their score, the three counts, what was
    corrected, and the kin that took part. Of each tag only the kin that are live or switched off are listed;
    `kin_waiting` counts the others, which `/kin` lists. Hits have one order, so pages never overlap while the `state`
    stays the same; follow `links` to page.
    """
    found = searcher().search(_asked(parameters))
    return found_answer(found, _links(parameters, found.total))


def _asked(parameters: SearchParameters) -> SearchRequest:
    try:
        return SearchRequest(
            text=parameters.q,
            drift=parameters.drift,
            without=tag_ids(parameters.without, "without"),
            keep=tag_ids(parameters.keep, "keep"),
            literal=parameters.literal,
            k=parameters.k,
            offset=parameters.offset,
            outside=parameters.outside,
            facets=parameters.facets,
            sort=parameters.sort,
        )
    except RequestError as error:
        raise Refusal(BAD_PARAMETER, str(error), "offset") from None


def _links(parameters: SearchParameters, total: int) -> Links:
    """Return the addresses of the page before and the page after, everything else as it was asked for."""
    k, offset = parameters.k, parameters.offset
    following = offset + k
    # Behind the last page the one before is that.
    before = min(offset - k, (total - 1) // k * k)
    return Links(
        previous=_address(max(0, before)) if offset else None,
        next=_address(following) if following < total and following + k <= MAX_DEPTH else None,
    )


def _address(offset: int) -> str:
    pairs = [pair for pair in request.args.items(multi=True) if pair[0] != "offset"]
    return f"{request.script_root}{request.path}?{urlencode([*pairs, ('offset', str(offset))])}"
