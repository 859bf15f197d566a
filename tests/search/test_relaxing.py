"""What is let go of when nothing has it all: only then, the cheapest first, said, and never a demand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from search.document import Document
from search.query import QueryGroup
from search.result import SearchRequest, SearchResult
from tagmodel.track import Track
from tests.search.meaning import KinTable, Meaning
from tests.search.small_catalogue import an_id
from tests.search.worlds import (
    CONTRADICTING,
    NARROWER,
    SmallModel,
    catalogues,
    drifts,
    kin_tables,
    searching,
    texts,
)


def track(track_id: str, *spellings: str, title: str = "Untitled", genre: str = "") -> Document:
    return Document(Track(track_id, title=title, genre=genre), tuple(map(an_id, spellings)))


CATALOGUE = (
    track("t:1", "piano", title="Night"),
    track("t:2", "jazz", "rock", genre="Folk"),
    track("t:3", "jazz"),
    track("t:4", "fast"),
)


def search(text: str, *catalogue: Document, drift: float = 0.0) -> SearchResult:
    with searching(catalogue or CATALOGUE, SmallModel()) as searcher:
        return searcher.search(SearchRequest(text, drift))


def found(result: SearchResult) -> list[str]:
    return [hit.track.track_id for hit in result.hits]


class TestRandomQueries:
    @given(texts(), kin_tables, catalogues(), drifts)
    @settings(max_examples=150, deadline=None)
    def test_no_more_is_dropped_than_needed_and_all_that_is_left_is_reached(
        self, text: str, table: KinTable, catalogue: list[Document], drift: float
    ) -> None:
        with searching(catalogue, SmallModel(table)) as searcher:
            result = searcher.search(SearchRequest(text, drift, k=100))
        meaning = Meaning(result.query, table, NARROWER, CONTRADICTING, drift)
        names = {" OR ".join(tag.typed for tag in group.tags): group for group in result.query.groups}
        dropped = [names[name] for name in result.relaxed]
        assert not any(group.required for group in dropped)
        # What is out stays out, and what the kin of each tag are does not change with what is dropped.
        candidates = [document for document in catalogue if not meaning.gone & {*document.typed, *document.heard}]
        left = [group for group in result.query.groups if group not in dropped]

        def reached(groups: list[QueryGroup]) -> set[str]:
            return {
                document.track.track_id
                for document in candidates
                if all(meaning.reaches(document, group) for group in groups)
            }

        assert {hit.track.track_id for hit in result.hits} == reached(left)
        for group in dropped:
            assert reached([*left, group]) == set()
        if not result.hits:
            assert dropped == []


class TestWhatGoes:
    def test_nothing_is_dropped_while_there_is_a_hit(self) -> None:
        result = search("jazz rock")
        assert (found(result), result.relaxed) == (["t:2"], ())

    @pytest.mark.parametrize(
        ("text", "dropped", "hits"),
        [
            ("piano^0.5 jazz", "piano", ["t:2", "t:3"]),
            ("piano jazz^0.5", "jazz", ["t:1"]),
            # Of equal weight: the one without which most is found.
            ("piano jazz", "piano", ["t:2", "t:3"]),
            ("jazz piano", "piano", ["t:2", "t:3"]),
            # Of equal counts as well: the one typed last.
            ("piano fast", "fast", ["t:1"]),
            ("fast piano", "piano", ["t:4"]),
            # Alternatives go together, as dear as the dearest of them.
            ("(piano^0.1 OR slow) jazz^0.5", "jazz", ["t:1"]),
            ("(piano OR fast^0.2)^0.5 jazz", "piano OR fast", ["t:2", "t:3"]),
        ],
    )
    def test_the_cheapest_goes_first_and_is_said(self, text: str, dropped: str, hits: list[str]) -> None:
        result = search(text)
        assert result.relaxed == (dropped,)
        assert found(result) == hits

    def test_it_goes_on_until_there_is_a_hit(self) -> None:
        result = search("jazz^3 piano^2 fast")
        assert (found(result), result.relaxed) == (["t:2", "t:3"], ("fast", "piano"))

    def test_what_was_dropped_in_vain_comes_back(self) -> None:
        # The light tag goes first, but only without the second is there a track, and that has the light one.
        catalogue = (track("t:1", "jazz", "rock"), track("t:2", "piano"))
        result = search("rock^0.5 piano jazz^2", *catalogue)
        assert (found(result), result.relaxed) == (["t:1"], ("piano",))
        assert result.hits[0].score == 1.25

    def test_no_hit_carries_all_once_something_was_dropped(self) -> None:
        result = search("piano jazz")
        assert (result.total, result.carry_all, result.carry_some, result.carry_none) == (2, 0, 2, 0)
        assert [chip.spelling for chip in result.chips] == ["piano", "jazz"]

    def test_without_any_tag_left_all_hits_carry_none(self) -> None:
        result = search("night jazz")
        assert (result.relaxed, result.total) == (("jazz",), 1)
        assert (result.carry_all, result.carry_some, result.carry_none) == (0, 0, 1)
        assert result.outside == ()

    def test_an_unknown_word_counts_as_asked_for(self) -> None:
        result = search("jazz xyzzy")
        assert (result.carry_all, result.carry_some, result.carry_none) == (0, 2, 0)


class TestDemands:
    @pytest.mark.parametrize("text", ["+piano +jazz", "+slow", "slow"])
    def test_neither_demanded_tags_nor_the_last_one_go(self, text: str) -> None:
        result = search(text)
        assert (found(result), result.relaxed) == ([], ())

    def test_a_demanded_tag_outlives_a_heavier_one(self) -> None:
        result = search("+piano^0.1 jazz^5")
        assert (found(result), result.relaxed) == (["t:1"], ("jazz",))

    def test_words_of_titles_outlive_tags(self) -> None:
        result = search("night jazz")
        assert (found(result), result.relaxed) == (["t:1"], ("jazz",))

    def test_filters_stay_and_exclusions_too(self) -> None:
        result = search("piano jazz genre:folk")
        assert (found(result), result.relaxed) == (["t:2"], ("piano",))
        result = search("jazz piano -rock")
        assert (found(result), result.relaxed) == (["t:3"], ("piano",))

    def test_where_dropping_finds_nothing_either_nothing_is_dropped(self) -> None:
        result = search("piano jazz genre:polka")
        assert (result.total, result.relaxed) == (0, ())


class TestUnknownWords:
    def test_they_are_dropped_and_said(self) -> None:
        result = search("jazz xyzzy")
        assert (found(result), result.relaxed) == (["t:2", "t:3"], ("xyzzy",))

    def test_they_go_before_any_tag(self) -> None:
        assert search("piano jazz xyzzy").relaxed == ("xyzzy", "piano")

    @pytest.mark.parametrize("text", ["xyzzy", "xyzzy genre:folk", "xyzzy -jazz", "+xyzzy jazz"])
    def test_alone_or_demanded_they_find_nothing(self, text: str) -> None:
        result = search(text)
        assert (result.total, result.hits, result.facets, result.relaxed) == (0, (), {}, ())
        assert [unknown.typed for unknown in result.query.unknown] == ["xyzzy"]

    @pytest.mark.parametrize("text", ["jazz -xyzzy", "(jazz OR xyzzy)"])
    def test_where_nothing_need_have_them_nothing_is_relaxed(self, text: str) -> None:
        result = search(text)
        assert (found(result), result.relaxed) == (["t:2", "t:3"], ())
