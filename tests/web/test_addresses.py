from __future__ import annotations

import math
from dataclasses import replace
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from search.plan import Sort
from search.query import Query, parse_query, with_excluded, with_filter, with_tag
from search.result import MAX_DEPTH, MAX_K, RequestError, SearchRequest
from search.searcher import Searcher
from web.addresses import MAX_TEXT, AddressError, Changes, last_page, query_string, read_search

TAG_IDS = st.frozensets(st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=8, max_size=8), max_size=5)


def read(address: str) -> SearchRequest:
    return read_search(MultiDict(parse_qs(address.removeprefix("?"), keep_blank_values=True)))


@st.composite
def requests(draw: st.DrawFn) -> SearchRequest:
    k = draw(st.integers(1, MAX_K))
    return SearchRequest(
        text=draw(st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=200)).strip(),
        drift=draw(st.floats(0, 1)),
        without=draw(TAG_IDS),
        keep=draw(TAG_IDS),
        literal=draw(st.booleans()),
        sort=draw(st.sampled_from(Sort)),
        k=k,
        offset=k * draw(st.integers(0, MAX_DEPTH // k - 1)),
    )


@given(requests())
def test_an_address_gives_back_the_search_it_was_made_from(request: SearchRequest) -> None:
    assert read(query_string(request)) == request


@given(requests(), TAG_IDS, st.sampled_from(Sort), st.integers(1, 20))
def test_a_change_changes_one_thing(request: SearchRequest, others: frozenset[str], sort: Sort, page: int) -> None:
    request = replace(request, offset=0)
    changes = Changes(request, Query(request.text))
    assert read(changes.text("other")) == replace(request, text="other")
    assert read(changes.sorted(sort)) == replace(request, sort=sort)
    assert read(changes.page(page)) == replace(request, offset=(page - 1) * request.k)
    for tag_id in others | request.without:
        assert read(changes.switched(tag_id)) == replace(request, without=request.without ^ {tag_id})
        assert read(changes.with_kin(tag_id, "x")).without == request.without - {tag_id}


def test_a_change_of_the_words_is_what_the_query_language_makes_of_it(searcher: Searcher) -> None:
    request = SearchRequest("sad piano genre:pop", drift=0.5)
    query = parse_query(request.text, searcher.lexicon)
    changes = Changes(request, query)
    assert read(changes.with_tag("hip & hop")).text == with_tag(query, "hip & hop")
    assert read(changes.without_tag("slow")).text == with_excluded(query, "slow")
    assert read(changes.with_value("license", "")).text == with_filter(query, "license", "")


def test_no_address_is_given_for_what_does_not_fit_into_a_search(searcher: Searcher) -> None:
    query = parse_query("sad " * 49, searcher.lexicon)
    changes = Changes(SearchRequest(query.text), query)
    long = "x" * MAX_TEXT
    assert changes.text(long) != ""
    assert [changes.text(long + "x"), changes.with_tag(long), changes.without_tag(long)] == ["", "", ""]
    assert [changes.with_kin("a" * 8, long), changes.with_value("genre", long)] == ["", ""]


def test_what_is_as_usual_is_left_out() -> None:
    assert query_string(SearchRequest("sad piano")) == "?q=sad+piano"


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("q=" + "a" * 201, "at most 200 characters"),
        ("q=a%00b", "NUL"),
        ("q=sad&drift=much", "drift is a number"),
        ("q=sad&drift=0_1", "drift is a number from 0 to 1"),
        ("q=sad&drift=nan", "drift is a number from 0 to 1"),
        ("q=sad&drift=inf", "drift is a number from 0 to 1"),
        ("q=sad&drift=%D9%A0", "drift is a number from 0 to 1"),
        ("q=sad&drift=0,5", "with a point, not a comma"),
        ("q=sad&sort=best", "sort is one of score, duration, -duration, year, -year"),
        ("q=sad&page=0", "page is a whole number from 1"),
        ("q=sad&page=-1", "page is a whole number from 1"),
        ("q=sad&page=1e9", "page is a whole number from 1"),
        ("q=sad&k=%EF%BC%92", "k is a whole number from 1"),
        ("q=sad&without=melancholic", "did you give a spelling"),
        ("q=sad&keep=" + ".".join(["aaaaaaaa"] * 300), "at most 240 tags"),
    ],
)
def test_what_cannot_be_meant_is_said(address: str, says: str) -> None:
    with pytest.raises(AddressError, match=says):
        read(address)


@pytest.mark.parametrize(
    "address", ["drift=1.1", "drift=-0.1", "drift=1e999", "k=101", "k=9999999", "page=501", "k=100&page=101"]
)
def test_numbers_out_of_their_range_are_refused(address: str) -> None:
    with pytest.raises(RequestError):
        read(f"q=sad&{address}")


@given(total=st.integers(0, 10**7), k=st.integers(1, MAX_K))
def test_the_last_page_can_always_be_opened(total: int, k: int) -> None:
    last = last_page(total, k)
    assert read(f"q=sad&k={k}&page={last}").offset == (last - 1) * k
    assert last == max(1, math.ceil(total / k)) or (last + 1) * k > MAX_DEPTH
