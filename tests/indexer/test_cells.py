"""Each value is checked once, with the likely slip in the message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.cells import BadTrack, join_tags, parse_duration, parse_shares, parse_tags, parse_text, parse_year
from tagmodel.folding import TAG_SEPARATORS


@pytest.mark.parametrize(
    ("cell", "seconds"),
    [("245", 245), ("4:05", 245), ("1:02:03.5", 3723.5), ("29.1", 29.1), (180, 180), ("200 s", 200), ("0", None)],
)
def test_durations_are_seconds_or_clock_times(cell: object, seconds: float | None) -> None:
    assert parse_duration(cell) == seconds


@pytest.mark.parametrize("cell", ["", None, "n/a", float("nan"), "unknown"])
def test_what_is_not_stated_is_none(cell: object) -> None:
    assert parse_duration(cell) is None
    assert parse_year(cell) is None


@pytest.mark.parametrize("cell", ["-3", "soon", "4:xx", "inf", "1e999"])
def test_bad_durations_are_refused(cell: str) -> None:
    with pytest.raises(BadTrack, match="duration: expected"):
        parse_duration(cell)


def test_a_track_longer_than_a_day_is_asked_about_milliseconds() -> None:
    with pytest.raises(BadTrack, match="got 245000; did you pass milliseconds"):
        parse_duration("245000")


@pytest.mark.parametrize(
    ("cell", "year"),
    [("2005", 2005), ("2005-03-01", 2005), ("1 March 1998", 1998), (2005.0, 2005), ("0", None), ("0000-00-00", None)],
)
def test_years_are_found_in_dates(cell: object, year: int | None) -> None:
    assert parse_year(cell) == year


@pytest.mark.parametrize("cell", ["20005", "soon", "05", "9999"])
def test_bad_years_are_refused(cell: str) -> None:
    with pytest.raises(BadTrack, match="year: expected a year from 1000 to 2100"):
        parse_year(cell)


@pytest.mark.parametrize(
    ("cell", "tags"),
    [
        ("sad, slow;piano", ["sad", "slow", "piano"]),
        ('"rock, pop", 7" single', ["rock, pop", '7" single']),
        (["sad, slow", " piano "], ["sad, slow", "piano"]),
        ("['rock', 'pop']", ["rock", "pop"]),
        ('["rock", "pop"]', ["rock", "pop"]),
        ("['rock \\'n\\' roll', \"80's\", 'a\\d']", ["rock 'n' roll", "80's", "ad"]),
        ("[live] , [demo]", ["[live]", "[demo]"]),
        (None, []),
        (1980, ["1980"]),
    ],
)
def test_tags_come_as_text_or_as_lists(cell: object, tags: list[str]) -> None:
    assert parse_tags(cell, TAG_SEPARATORS) == tags


def test_only_the_separators_that_were_said_part_tags() -> None:
    assert parse_tags("drum, bass; slow", ";") == ["drum, bass", "slow"]


def test_a_tag_as_long_as_a_sentence_is_asked_about_its_separator() -> None:
    with pytest.raises(BadTrack, match="is there another --tag-separator"):
        parse_tags("/".join(["rock"] * 200), ";")


def test_text_that_is_no_text_is_refused() -> None:
    with pytest.raises(BadTrack, match="title: expected text, got an object"):
        parse_text({"en": "Song"}, "title")
    with pytest.raises(BadTrack, match="title: expected text, got a NUL"):
        parse_text("a\0b", "title")
    with pytest.raises(BadTrack, match="is it the right column"):
        parse_text("x" * 20_000, "title")
    for cell in (b"\xff\xd8\xff", ["sad", b"\xff"]):
        with pytest.raises(BadTrack, match="expected text, got bytes that are not UTF-8"):
            parse_text(cell, "title")


def test_shares_go_with_the_tags_one_by_one() -> None:
    assert parse_shares("0.5;1.0", 2) == (0.5, 1.0)
    assert parse_shares([0.25], 1) == (0.25,)
    assert parse_shares("", 3) == ()
    for cell in ("0.5", "2;1", "x;y", [None, 1]):
        with pytest.raises(BadTrack, match="shares: expected"):
            parse_shares(cell, 2)


typed_tags = st.lists(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20).map(str.strip).filter(bool)
)


@given(typed_tags)
def test_joined_tags_are_taken_apart_into_the_same_ones(tags: list[str]) -> None:
    assert parse_tags(join_tags(tags), TAG_SEPARATORS) == tags


@given(st.lists(st.text(st.sampled_from('a"[];,\t \n\r|')).map(str.strip).filter(bool)))
def test_tags_made_of_separators_and_quotes_are_joined_safely(tags: list[str]) -> None:
    assert parse_tags(join_tags(tags), TAG_SEPARATORS) == tags
