"""A search as an address: read from a query string, written back into one, or into one with a single thing changed.

The address is the whole state of the search page, so that a link reproduces what its sender saw, and every chip, facet
and page number is an ordinary link. Values that are as usual are left out, which keeps addresses short enough to send.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from functools import lru_cache
from urllib.parse import quote_plus, urlencode

from werkzeug.datastructures import MultiDict

from search.expansion import DEFAULT_DRIFT
from search.plan import Sort
from search.query import Addition, Additions, Query, syntax
from search.result import MAX_DEPTH, SearchRequest
from web.values import read_number, read_whole

# Longest query that is parsed; a paragraph pasted by accident is longer.
MAX_TEXT = syntax.MAX_TEXT  # characters
# Most ids in each of `without` and `keep`: ten tags with all their kin.
MAX_IDS = 240
# Hits on a page unless `k` says otherwise.
PAGE_HITS = 20

_TAG_ID = re.compile(r"[a-z2-7]{8}")


class AddressError(ValueError):
    """A value in the address that cannot be meant; the message is for people."""


def read_search(arguments: MultiDict[str, str]) -> SearchRequest:
    """Read the search that an address asks for.

    Raises
    ------
    AddressError
        If a value is no number, too long or no tag id.
    search.result.RequestError
        If a number is out of its range.
    """
    k = _read_count(arguments, "k", PAGE_HITS)
    return SearchRequest(
        text=read_text(arguments),
        drift=_read_drift(arguments.get("drift", "")),
        without=_read_ids(arguments, "without"),
        keep=_read_ids(arguments, "keep"),
        literal=arguments.get("literal", "") == "1",
        sort=_read_sort(arguments.get("sort", "")),
        k=k,
        offset=(_read_count(arguments, "page", 1) - 1) * k,
    )


def read_text(arguments: MultiDict[str, str]) -> str:
    """Read the query itself, at most `MAX_TEXT` characters."""
    text = arguments.get("q", "").strip()
    if len(text) > MAX_TEXT:
        raise AddressError(
            f"a search has at most {MAX_TEXT} characters, this one has {len(text):,}: keep the words that matter"
        )
    return without_nul(text, "the search")


def without_nul(text: str, what: str) -> str:
    """Return a text unless there is a NUL in it, which no catalogue keeps; what else is unseen may be in one."""
    if "\0" in text:
        raise AddressError(f"{what} holds a NUL character, which no keyboard types: was it pasted from a binary file?")
    return text


def query_string(request: SearchRequest) -> str:
    """Write a search as a query string with its question mark, relative to the search page.

    ``read_search`` gives the same search back, as long as its offset is a whole number of pages.
    """
    pairs: list[tuple[str, str]] = [("q", request.text)]
    if request.drift != DEFAULT_DRIFT:
        pairs.append(("drift", str(request.drift).removesuffix(".0")))
    if request.literal:
        pairs.append(("literal", "1"))
    if request.k != PAGE_HITS:
        pairs.append(("k", str(request.k)))
    rest = (
        _page(page_number(request)),
        _sort(request.sort),
        _ids("keep", request.keep),
        _ids("without", request.without),
    )
    return f"?{urlencode(pairs)}{''.join(rest)}"


class Changes:
    """Addresses of a search with one thing changed each: a page has some two hundred of them.

    What stays the same is written and encoded once. All begin at the first hit again.
    """

    def __init__(self, request: SearchRequest, query: Query) -> None:
        self.request, self.query = request, query
        self._additions = Additions(query)
        self._words = f"?q={quote_plus(request.text)}"
        bare = replace(request, text="", offset=0, sort=Sort.SCORE, without=frozenset(), keep=frozenset())
        self._numbers = query_string(bare).removeprefix("?q=")
        self._others = f"{self._numbers}{_sort(request.sort)}"
        self._keep, self._without = _ids("keep", request.keep), _ids("without", request.without)
        self._state = f"{self._others}{self._keep}{self._without}"

    def text(self, text: str) -> str:
        """Search for something else; ``""`` where that is longer than a search may be."""
        return f"?q={quote_plus(text)}{self._state}" if len(text) <= MAX_TEXT else ""

    def with_tag(self, spelling: str) -> str:
        """Ask for one more tag; ``""`` where there is no room."""
        return self._with(self._additions.tag(spelling), self._state)

    def with_kin(self, tag_id: str, spelling: str) -> str:
        """Ask for a kin as a tag; one that was switched off is forgotten as such."""
        if tag_id not in self.request.without:
            return self.with_tag(spelling)
        without = _ids("without", self.request.without - {tag_id})
        return self._with(self._additions.tag(spelling), f"{self._others}{self._keep}{without}")

    def without_tag(self, spelling: str) -> str:
        """Leave out the tracks with a tag; ``""`` where there is no room."""
        return self._with(self._additions.excluded(spelling), self._state)

    def with_value(self, field: str, value: str) -> str:
        """Narrow to one more folded value of a field; ``""`` where there is no room."""
        return self._with(self._additions.filter_value(field, value), self._state)

    def switched(self, tag_id: str) -> str:
        """Switch a kin off, or on again."""
        return f"{self._words}{self._others}{self._keep}{_ids('without', self.request.without ^ {tag_id})}"

    def kept(self, tag_id: str) -> str:
        """Bring back a tag that an exclusion took along, or leave it out again."""
        return f"{self._words}{self._others}{_ids('keep', self.request.keep ^ {tag_id})}{self._without}"

    def sorted(self, sort: Sort) -> str:
        """Show the hits in another order."""
        return f"{self._words}{self._numbers}{_sort(sort)}{self._keep}{self._without}"

    def page(self, number: int) -> str:
        """Show another page of the hits."""
        return f"{self._words}{self._numbers}{_page(number)}{_sort(self.request.sort)}{self._keep}{self._without}"

    def _with(self, addition: Addition, state: str) -> str:
        before, added, after = addition
        if len(before) + len(added) + len(after) > MAX_TEXT:
            return ""
        return f"?q={_encoded(before)}{_encoded(added)}{_encoded(after)}{state}"


# The same few beginnings and the same tags come back page after page.
_encoded = lru_cache(4096)(quote_plus)


def page_number(request: SearchRequest) -> int:
    """Return the number of the page that a search asks for, from 1."""
    return request.offset // request.k + 1


def last_page(total: int, k: int) -> int:
    """Return the number of the last page that can be opened, at least 1."""
    return max(1, min(math.ceil(total / k), MAX_DEPTH // k))


def _read_count(arguments: MultiDict[str, str], name: str, usual: int) -> int:
    """Read a whole number from 1."""
    text = arguments.get(name, "")
    if not text:
        return usual
    number = read_whole(text)
    if number is None or number < 1:
        raise AddressError(f"{name} is a whole number from 1, such as {name}=2, not “{_shortened(text)}”")
    return number


def _read_drift(text: str) -> float:
    if not text:
        return DEFAULT_DRIFT
    number = read_number(text)
    if number is None:
        slip = ", with a point, not a comma" if "," in text else ""
        raise AddressError(f"drift is a number from 0 to 1{slip}, such as drift=0.5, not “{_shortened(text)}”")
    return number


def _read_sort(text: str) -> Sort:
    try:
        return Sort(text or Sort.SCORE)
    except ValueError:
        raise AddressError(f"sort is one of {', '.join(Sort)}, not “{_shortened(text)}”") from None


def _page(number: int) -> str:
    return f"&page={number}" if number > 1 else ""


def _sort(sort: Sort) -> str:
    return f"&sort={sort}" if sort is not Sort.SCORE else ""


def _ids(name: str, ids: frozenset[str]) -> str:
    """Write ids of tags as one parameter, whose letters and points need no encoding; nothing where there are none."""
    return f"&{name}={'.'.join(sorted(ids))}" if ids else ""


def _read_ids(arguments: MultiDict[str, str], name: str) -> frozenset[str]:
    ids = [tag_id for value in arguments.getlist(name) for tag_id in value.split(".") if tag_id]
    if len(ids) > MAX_IDS:
        raise AddressError(f"{name} holds at most {MAX_IDS} tags, these are {len(ids):,}")
    for tag_id in ids:
        if not _TAG_ID.fullmatch(tag_id):
            raise AddressError(
                f"{name} takes ids of tags (8 characters of a-z and 2-7, points between), not “{_shortened(tag_id)}”:"
                " did you give a spelling?"
            )
    return frozenset(ids)


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else text[:40] + "…"
