"""What a click adds to a query is what the query would say if it had been typed."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from search.plan import Filters
from search.query import Additions, Query, QueryError, parse_query, render_query, with_filter
from search.words import fold_value
from tests.search.small_catalogue import TAGS, an_id, small_lexicon
from tests.search.test_query import any_text, parse


def any_query(text: str) -> Query:
    try:
        query = parse(text)
    except QueryError:
        assume(False)
    assume(len(render_query(query)) <= 150)
    return query


@given(any_text, st.sampled_from(TAGS))
def test_an_added_tag_is_one_more_group_and_nothing_else(text: str, spelling: str) -> None:
    query = any_query(text)
    tag_id = small_lexicon().tag([spelling])
    asked = {tag.tag_id for group in query.groups for tag in group.tags} | {one.tag_id for one in query.excluded}
    assume(tag_id not in asked)
    more = parse(Additions(query).tag(spelling).text)
    assert [tag.tag_id for tag in more.groups[-1].tags] == [tag_id]
    assert more.groups[:-1] == query.groups
    assert (more.excluded, more.words, more.filters) == (query.excluded, query.words, query.filters)


@given(any_text, st.sampled_from(TAGS))
def test_an_exclusion_leaves_the_rest_as_it_was(text: str, spelling: str) -> None:
    query = any_query(text)
    tag_id = small_lexicon().tag([spelling])
    asked = {tag.tag_id for group in query.groups for tag in group.tags} | {one.tag_id for one in query.excluded}
    assume(tag_id not in asked)
    fewer = parse(Additions(query).excluded(spelling).text)
    assert [one.tag_id for one in fewer.excluded] == [*(one.tag_id for one in query.excluded), tag_id]
    assert (fewer.groups, fewer.words, fewer.filters) == (query.groups, query.words, query.filters)


@given(any_text, st.sampled_from(("genre", "license", "artist")), st.text(max_size=20).map(fold_value))
def test_a_facet_value_is_added_as_a_filter_is(text: str, field: str, value: str) -> None:
    query = any_query(text)
    assert Additions(query).filter_value(field, value).text == with_filter(query, field, value)


@pytest.mark.parametrize(
    ("text", "tag", "excluded", "genre"),
    [
        ("", '"hip hop"', "-hip hop", "genre:rock"),
        ("sad", 'sad "hip hop"', "sad -hip hop", "sad genre:rock"),
        ("sad -vocals", 'sad -vocals "hip hop"', "sad -vocals -hip hop", "sad -vocals genre:rock"),
        ("sad year:2005", 'sad "hip hop" year:2005', "sad -hip hop year:2005", "sad genre:rock year:2005"),
        ("genre:jazz", '"hip hop" genre:jazz', "-hip hop genre:jazz", "genre:jazz genre:rock"),
        ("genre:rock", '"hip hop" genre:rock', "-hip hop genre:rock", "genre:rock"),
    ],
)
def test_additions_read_as_typed(text: str, tag: str, excluded: str, genre: str) -> None:
    additions = Additions(parse(text))
    assert additions.tag("hip hop").text == tag
    assert additions.excluded("hip hop").text == excluded
    assert additions.filter_value("genre", "rock").text == genre


def test_a_word_of_a_title_stays_one_when_a_tag_comes_beside_it() -> None:
    query = parse("song")
    more = parse(Additions(query).tag("sad").text)
    assert [word.word for word in more.words] == [word.word for word in query.words]
    assert more.groups[0].tags[0].tag_id == an_id("sad")


def test_signs_of_the_language_in_a_tag_are_quoted() -> None:
    query = parse_query("sad", small_lexicon())
    assert Additions(query).tag("-x (y").text == 'sad "-x (y"'
    assert Additions(query).excluded('a "b"').text == 'sad -"a ""b"""'
    assert Additions(Query(filters=Filters())).tag("a b c d e f g h i j").text == '"a b c d e f g h i j"'
