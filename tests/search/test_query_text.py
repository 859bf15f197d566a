"""Queries written back: they parse to equal ones, and each click changes just what it says."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from search.plan import Filters, Range
from search.query import (
    Query,
    QueryError,
    QueryGroup,
    QueryTag,
    parse_query,
    render_query,
    render_tag,
    with_excluded,
    with_filter,
    with_offer,
    with_required,
    with_tag,
    with_weight,
    without_excluded,
    without_filter,
    without_tag,
    without_unknown,
    without_word,
    write_range,
)
from search.words import fold_value
from tests.search.small_catalogue import TAGS, an_id, small_lexicon
from tests.search.test_query import any_text, parse, tags

SAD, PIANO = an_id("sad"), an_id("piano")


_weights = st.sampled_from(("", "", "^0.5", "^2", "^0.001", "^10"))


@st.composite
def some_tags(draw: st.DrawFn) -> str:
    """Draw tags of a query, each once, some of them alternatives, with signs, weights and other things between them."""
    parts = []
    # Each may bring an unknown one along, and a query has ten at most.
    for spelling in draw(st.lists(st.sampled_from(TAGS), min_size=1, max_size=4, unique_by=an_id)):
        tag = f'"{spelling}"{draw(_weights)}'
        parts.append(draw(st.sampled_from((f"{tag},", f"+{tag}", f"({tag} OR xyzzy)", f"{tag} mozart"))))
    return " ".join([*parts, draw(st.sampled_from(("", "-vinyl", "year:2005", '"tuba"')))])


@given(any_text, st.booleans())
def test_a_written_query_parses_to_an_equal_one(text: str, literal: bool) -> None:
    try:
        query = parse(text, literal)
    except QueryError:
        assume(False)
    written = render_query(query)
    assume(len(written) <= 200)
    assert parse(written) == query
    assert render_query(parse(written)) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("sad  piano -vocals", "sad piano -vocals"),
        ("sad paino", "sad, piano"),
        ("Hip-Hop, female", "Hip-Hop, female"),
        ("genre:Rock sad", "sad genre:rock"),
        ("-female vocals +(piano OR sad^0.50)^2", "-female vocals +(piano^2 OR sad)"),
        ('sad kind "of" blue', 'sad kind "of" blue'),
        ("sad songs of mozart", "sad, mozart"),
        ("kind of blue", "kind of blue"),
        ('xyzzy "kind of blue"', '"xyzzy" "kind of blue"'),
        ("duration:<2:00 year:2005..2005", "duration:<120 year:2005"),
    ],
)
def test_the_text_stays_as_near_as_it_can_to_what_was_typed(text: str, written: str) -> None:
    assert render_query(parse(text)) == written


@pytest.mark.parametrize("text", ["female vocal-sad", "sad-female vocal"])
def test_parts_of_a_compound_do_not_run_together_with_their_neighbors(text: str) -> None:
    assert parse(render_query(parse(text))) == parse(text)


def test_a_query_made_by_hand_is_written_too() -> None:
    query = Query(groups=tuple(QueryGroup((QueryTag(an_id(tag), tag),)) for tag in ("female", "vocals")))
    assert tags(parse(render_query(query))) == [["female"], ["vocals"]]


@pytest.mark.parametrize(
    ("spelling", "written"),
    [("piano", "piano"), ("hip hop", '"hip hop"'), ("lo-fi", "lo-fi"), ('7"', '"7"""'), ("OR", '"OR"'), ("-x", '"-x"')],
)
def test_a_tag_is_quoted_where_it_must_be(spelling: str, written: str) -> None:
    assert render_tag(spelling) == written


class TestClicks:
    def test_a_tag_is_added_and_taken_off(self) -> None:
        assert with_tag(parse("sad"), "hip hop") == 'sad "hip hop"'
        assert without_tag(parse("sad, hip hop -vocals"), SAD) == "hip hop -vocals"

    def test_taking_a_tag_off_does_not_join_its_neighbors(self) -> None:
        assert tags(parse(without_tag(parse("hip sad hop"), SAD))) == []
        assert tags(parse(without_tag(parse("female sad vocals"), SAD))) == [["female"], ["vocals"]]

    def test_one_alternative_is_taken_off(self) -> None:
        assert without_tag(parse("(sad OR piano) rock"), SAD) == "piano, rock"

    def test_the_unknown_words_of_other_groups_stay_where_they_are(self) -> None:
        query = parse("sad (piano OR xyzzy)")
        assert without_tag(query, SAD) == '(piano OR "xyzzy")'
        assert without_tag(query, PIANO) == 'sad "xyzzy"'

    def test_a_tag_is_demanded_and_no_longer(self) -> None:
        assert with_required(parse("sad piano"), SAD) == "+sad piano"
        assert with_required(parse("+(sad OR piano)"), SAD, required=False) == "(sad OR piano)"

    def test_a_tag_is_given_a_weight_and_loses_it(self) -> None:
        assert with_weight(parse("sad piano"), SAD, 2.5) == "sad^2.5 piano"
        assert with_weight(parse("+sad^2.5 piano"), SAD, 1) == "+sad, piano"
        assert with_weight(parse("(sad OR piano)^2"), SAD, 0.5) == "(sad^0.5 OR piano^2)"
        assert with_weight(parse("female vocals^2, hip hop"), an_id("hip hop"), 0.1) == "female vocals^2 hip hop^0.1"

    @pytest.mark.parametrize("weight", [0.0, 0.0009, 10.001, -1.0, float("nan"), float("inf")])
    def test_a_weight_that_cannot_be_written_is_refused(self, weight: float) -> None:
        with pytest.raises(ValueError, match="expected a weight"):
            with_weight(parse("sad"), SAD, weight)

    @given(some_tags(), st.integers(1, 10_000), st.data())
    def test_a_weight_changes_nothing_else(self, text: str, thousandths: int, data: st.DataObject) -> None:
        query, weight = parse(text), thousandths / 1000
        old = {tag.tag_id: tag.weight for group in query.groups for tag in group.tags}
        one = data.draw(st.sampled_from(sorted(old)))
        changed = parse(with_weight(query, one, weight))
        new = {tag.tag_id: tag.weight for group in changed.groups for tag in group.tags}
        assert new == {**old, one: weight}
        assert parse(with_weight(changed, one, old[one])) == query

    def test_an_exclusion_is_added_and_taken_off(self) -> None:
        assert with_excluded(parse("sad"), "female vocals") == "sad -female vocals"
        assert without_excluded(parse("piano -sad -vocals"), SAD) == "piano -vocals"

    def test_words_typed_as_one_go_together(self) -> None:
        query = parse("sad jean-michel mozart")
        assert without_word(query, "michel") == "sad, mozart"
        assert without_word(query, "mozart") == "sad jean-michel"

    def test_an_offer_takes_the_place_of_the_unknown_words(self) -> None:
        for text, expected in (
            ('"paino" sad', "piano, sad"),
            ('sad -"paino"', "sad -piano"),
            ('+"paino"', "+piano"),
            ('(sad OR "paino")', "(sad OR piano)"),
        ):
            query = parse(text)
            assert with_offer(query, query.unknown[0], "piano") == expected

    def test_unknown_words_are_dropped(self) -> None:
        query = parse("xyzzy sad")
        assert without_unknown(query, query.unknown[0]) == "sad"

    def test_filters_are_added_and_taken_off(self) -> None:
        query = parse("sad genre:rock")
        assert with_filter(query, "genre", "hip hop") == 'sad genre:rock genre:"hip hop"'
        assert with_filter(query, "license", "") == 'sad genre:rock license:""'
        assert with_filter(query, "duration", "90..180") == "sad genre:rock duration:90..180"
        assert without_filter(query, "genre", "Rock") == "sad"
        assert without_filter(parse('genre:rock genre:""'), "genre", "") == "genre:rock"
        assert without_filter(parse("genre:rock genre:jazz year:2005"), "genre") == "year:2005"
        assert without_filter(parse("year:2005 sad"), "year", "") == "sad"

    @pytest.mark.parametrize(("field", "value"), [("mood", "x"), ("duration", "long"), ("year", "05")])
    def test_a_filter_that_there_is_not_is_refused(self, field: str, value: str) -> None:
        with pytest.raises(ValueError, match="expected"):
            with_filter(Query(), field, value)

    @given(st.text(max_size=30))
    def test_every_value_of_a_facet_can_be_filtered_by(self, value: str) -> None:
        assume(not any("\ud800" <= char <= "\udfff" for char in value))
        assert parse(with_filter(parse("sad"), "artist", value)).filters == Filters(artist=(fold_value(value),))

    @given(st.lists(st.sampled_from(TAGS), unique=True, max_size=4), st.sampled_from(TAGS))
    def test_a_tag_added_and_taken_off_again_leaves_the_query(self, spellings: list[str], more: str) -> None:
        query = parse(", ".join(spellings))
        more_id = small_lexicon().tag([more])
        assume(more_id not in {tag.tag_id for group in query.groups for tag in group.tags})
        assert parse(without_tag(parse(with_tag(query, more)), more_id or "")) == query


@given(st.sampled_from(("duration", "year")), st.data())
def test_a_written_range_is_read_as_the_same(field: str, data: st.DataObject) -> None:
    bounds = st.integers(1000, 9999) if field == "year" else st.integers(0, 9_999_998).map(lambda ms: ms / 1000)
    ends = sorted(data.draw(st.lists(bounds, min_size=1, max_size=2)))
    either = st.sampled_from((Range(ends[0], None), Range(None, ends[-1]), Range(ends[0], ends[-1])))
    interval = data.draw(either)
    read = parse_query(f"{field}:{write_range(field, interval)}", small_lexicon()).filters
    assert getattr(read, field) == interval


@pytest.mark.parametrize("text", ["year:<1000", "year:>9999", "duration:<0"])
def test_bounds_at_the_end_of_the_numbers_are_written_as_typed(text: str) -> None:
    try:
        query = parse(text)
    except QueryError:
        pytest.fail("expected a query")
    assert parse(render_query(query)) == query
