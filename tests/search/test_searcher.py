"""One search from text to result over the embedded engine: counts, lists, chips, similar tracks and suggestions."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from search.document import Document
from search.query import QueryError
from search.result import SearchRequest
from search.searcher import UnknownTrack
from tagmodel.track import Track
from tests.search.meaning import KinTable, Meaning
from tests.search.small_catalogue import an_id
from tests.search.worlds import (
    CONTRADICTING,
    NARROWER,
    SmallModel,
    a_suggestion,
    catalogues,
    drifts,
    kin_tables,
    searching,
    texts,
)

JAZZ, ROCK, PIANO, FAST = map(an_id, ("jazz", "rock", "piano", "fast"))


def track(track_id: str, *spellings: str, title: str = "Untitled") -> Document:
    return Document(Track(track_id, title=title), tuple(map(an_id, spellings)))


class TestCounts:
    @given(texts(), kin_tables, catalogues(), drifts)
    @settings(max_examples=100, deadline=None)
    def test_all_some_and_none_add_up_and_are_those_of_brute_force(
        self, text: str, table: KinTable, catalogue: list[Document], drift: float
    ) -> None:
        with searching(catalogue, SmallModel(table)) as searcher:
            result = searcher.search(SearchRequest(text, drift, k=100))
        assert result.carry_all + result.carry_some + result.carry_none == result.total == len(result.hits)
        if result.relaxed or not result.hits:
            return
        meaning = Meaning(result.query, table, NARROWER, CONTRADICTING, drift)
        groups = [{tag.tag_id for tag in group.tags} for group in result.query.groups]
        carried = [sum(bool(group & set(hit.typed)) for group in groups) for hit in catalogue if meaning.is_hit(hit)]
        assert result.carry_all == carried.count(len(groups))
        assert result.carry_none == carried.count(0)

    @given(texts(), kin_tables, catalogues(), drifts)
    @settings(max_examples=100, deadline=None)
    def test_outside_are_the_best_hits_that_carry_none_of_the_typed_tags(
        self, text: str, table: KinTable, catalogue: list[Document], drift: float
    ) -> None:
        with searching(catalogue, SmallModel(table)) as searcher:
            result = searcher.search(SearchRequest(text, drift, k=100, outside=3))
        typed = {document.track.track_id: set(document.typed) for document in catalogue}
        asked = {tag.tag_id for group in result.query.groups for tag in group.tags}
        assert not any(typed[hit.track.track_id] & asked for hit in result.outside)
        carried = result.carry_all + result.carry_some
        expected = [hit for hit in result.hits if not typed[hit.track.track_id] & asked][:3] if carried else []
        assert list(result.outside) == expected

    def test_where_no_hit_carries_a_word_there_is_no_second_list(self) -> None:
        table = {JAZZ: ((ROCK, 0.9),)}
        with searching([track("t:1", "rock"), track("t:2", "rock")], SmallModel(table)) as searcher:
            result = searcher.search(SearchRequest("jazz", drift=1.0))
        assert (result.total, result.carry_none, result.outside) == (2, 2, ())
        with searching([track("t:1", "rock"), track("t:2", "jazz")], SmallModel(table)) as searcher:
            result = searcher.search(SearchRequest("jazz", drift=1.0))
        assert [hit.track.track_id for hit in result.outside] == ["t:1"]

    def test_browsing_lists_everything_and_nothing_outside(self) -> None:
        with searching([track("t:2"), track("t:1", "jazz")], SmallModel()) as searcher:
            result = searcher.search(SearchRequest(""))
        assert [hit.track.track_id for hit in result.hits] == ["t:1", "t:2"]
        assert (result.total, result.outside, result.chips) == (2, (), ())

    def test_pages_are_cut_from_one_order(self) -> None:
        catalogue = [track(f"t:{i}", "jazz", *["rock"] * (i % 2)) for i in range(7)]
        with searching(catalogue, SmallModel()) as searcher:
            whole = searcher.search(SearchRequest("jazz")).hits
            pages = [searcher.search(SearchRequest("jazz", k=3, offset=offset)).hits for offset in (0, 3, 6)]
        assert tuple(hit for page in pages for hit in page) == whole


class TestDialAndChips:
    @given(texts(), kin_tables, catalogues(), drifts, drifts)
    @settings(max_examples=60, deadline=None)
    def test_turning_the_dial_up_finds_no_less(
        self, text: str, table: KinTable, catalogue: list[Document], one: float, two: float
    ) -> None:
        with searching(catalogue, SmallModel(table)) as searcher:
            low, high = (searcher.search(SearchRequest(text, drift, k=100)) for drift in sorted((one, two)))
        # A relaxed search asks for less, so it may find more than an unrelaxed one further up the dial.
        if not low.relaxed:
            found = {hit.track.track_id for hit in high.hits}
            assert {hit.track.track_id for hit in low.hits} <= found

    def test_chips_show_live_resting_and_switched_off_kin_in_one_order(self) -> None:
        table = {JAZZ: ((ROCK, 0.9), (PIANO, 0.6), (FAST, 0.3))}
        with searching([track("t:1", "jazz"), track("t:2", "rock")], SmallModel(table)) as searcher:
            result = searcher.search(SearchRequest("jazz", drift=2 / 24, without=frozenset([PIANO])))
        (chip,) = result.chips
        assert (chip.spelling, chip.known, chip.n_tracks, chip.required) == ("jazz", True, 1, False)
        assert [(kin.spelling, kin.live, kin.off) for kin in chip.kin] == [
            ("rock", True, False),
            ("piano", False, True),
            ("fast", False, False),
        ]
        assert [kin.weight > 0 for kin in chip.kin] == [True, False, False]

    def test_kept_tracks_come_back(self) -> None:
        catalogue = [track("t:1", "jazz", "toy piano"), track("t:2", "jazz"), track("t:3", "jazz", "piano")]
        keep = frozenset([an_id("toy piano")])
        with searching(catalogue, SmallModel()) as searcher:
            strict, kept = (searcher.search(SearchRequest("jazz -piano", keep=each)) for each in (frozenset(), keep))
        assert [hit.track.track_id for hit in strict.hits] == ["t:2"]
        assert [hit.track.track_id for hit in kept.hits] == ["t:1", "t:2"]
        assert [(chip.spelling, chip.narrower_of, chip.off, chip.n_tracks) for chip in kept.excluded] == [
            ("piano", None, False, 1),
            ("toy piano", "piano", True, 1),
        ]

    def test_what_was_heard_is_excluded_as_well(self) -> None:
        heard = Document(Track("t:1"), (JAZZ,), heard=(an_id("female vocals"),), heard_weights=(200,))
        with searching([heard, track("t:2", "jazz")], SmallModel()) as searcher:
            result = searcher.search(SearchRequest("jazz -vocals"))
        assert [hit.track.track_id for hit in result.hits] == ["t:2"]

    def test_a_slip_is_mended_unless_words_are_to_be_literal(self) -> None:
        with searching([track("t:1", "piano")], SmallModel()) as searcher:
            mended, literal = (searcher.search(SearchRequest("paino", literal=each)) for each in (False, True))
        assert (mended.total, [fixed.used for fixed in mended.query.corrections]) == (1, ["piano"])
        assert (literal.total, [unknown.typed for unknown in literal.query.unknown]) == (0, ["paino"])

    def test_words_written_by_another_program_are_known_to_the_next_search(self) -> None:
        with searching([track("t:1", "piano")], SmallModel()) as searcher:
            before = searcher.search(SearchRequest("zither zeuhl", literal=True))
            with searcher.engine.writer() as writer:
                writer.write([track("t:2", "zeuhl"), track("t:3", "zeuhl", "zither")])
                writer.name_tags({an_id("zeuhl"): "Zeuhl", an_id("zither"): "zither"})
                state = writer.commit()
            after = searcher.search(SearchRequest("zeuhl"))
            assert (before.total, after.total, after.state) == (0, 2, state)
            assert [chip.n_tracks for chip in after.chips] == [2]
            with searcher.engine.writer() as writer:
                writer.delete(["t:2", "t:3"])
                writer.commit()
            assert searcher.search(SearchRequest("zeuhl")).chips == ()

    def test_what_was_a_query_only_before_a_write_is_refused_after_it(self) -> None:
        with searching([track("t:1", "piano")], SmallModel()) as searcher:
            assert searcher.search(SearchRequest("zeuhl (piano OR zeuhl)")).relaxed == ("zeuhl",)
            with searcher.engine.writer() as writer:
                writer.write([track("t:2", "zeuhl")])
                writer.commit()
            with pytest.raises(QueryError):
                searcher.search(SearchRequest("zeuhl (piano OR zeuhl)"))
            with searcher.engine.writer() as writer:
                writer.delete(["t:2"])
                writer.commit()
            assert searcher.search(SearchRequest("zeuhl (piano OR zeuhl)")).relaxed == ("zeuhl",)

    def test_what_is_no_query_is_refused(self) -> None:
        with searching([], SmallModel()) as searcher, pytest.raises(QueryError):
            searcher.search(SearchRequest("(jazz OR"))


class TestSimilar:
    @given(catalogues(min_size=1), kin_tables, drifts)
    @settings(max_examples=60, deadline=None)
    def test_a_track_is_not_similar_to_itself(self, catalogue: list[Document], table: KinTable, drift: float) -> None:
        track_id = catalogue[0].track.track_id
        with searching(catalogue, SmallModel(table)) as searcher:
            hits = searcher.similar(track_id, k=3, drift=drift)
            everything = searcher.similar(track_id, k=50, drift=drift)
        assert track_id not in {hit.track.track_id for hit in everything}
        assert hits == everything[:3]
        if drift == 0.0:
            sharing = {one.track.track_id for one in catalogue[1:] if set(one.typed) & set(catalogue[0].typed)}
            assert {hit.track.track_id for hit in everything} == sharing

    def test_a_rare_shared_tag_says_more_than_a_common_one(self) -> None:
        catalogue = [track("t:0", "rock", "jazz"), track("t:1", "rock"), track("t:2", "jazz")]
        catalogue += [track(f"u:{i}", "rock") for i in range(6)]
        with searching(catalogue, SmallModel()) as searcher:
            hits = searcher.similar("t:0", k=2)
        assert [hit.track.track_id for hit in hits] == ["t:2", "t:1"]
        assert [[bar.spelling for bar in hit.contributions] for hit in hits] == [["jazz"], ["rock"]]

    def test_a_track_without_tags_is_like_none(self) -> None:
        with searching([track("t:1"), track("t:2")], SmallModel()) as searcher:
            assert searcher.similar("t:1") == ()

    def test_an_unknown_track_is_an_error(self) -> None:
        with searching([track("t:1", "jazz")], SmallModel()) as searcher, pytest.raises(UnknownTrack, match="'t:9'"):
            searcher.similar("t:9")


class TestSuggest:
    def test_suggestions_are_named_with_reasons_and_counts(self) -> None:
        model = SmallModel(suggestions=(a_suggestion("rock", ("jazz", 0.75), ("fast", 0.25)),))
        with searching([track("t:1", "rock"), track("t:2", "rock")], model) as searcher:
            (rock,) = searcher.suggest(["Jazz", "fast"]).suggestions
        assert (rock.spelling, rock.probability, rock.n_tracks) == ("rock", 0.5, 2)
        assert [(reason.spelling, reason.share) for reason in rock.reasons] == [("jazz", 0.75), ("fast", 0.25)]

    def test_unknown_tags_are_said_and_take_no_part(self) -> None:
        model = SmallModel()
        with searching([], model) as searcher:
            result = searcher.suggest(["jazz", "xyzzy", "!!"])
        assert [(tag.typed, tag.known) for tag in result.typed] == [("jazz", True), ("xyzzy", False)]
        assert result.unknown == ("xyzzy",)
        assert model.asked == [[JAZZ]]

    def test_the_same_tag_twice_is_said_with_both_spellings(self) -> None:
        with searching([], SmallModel()) as searcher:
            result = searcher.suggest(["Female-Vocals", "jazz", "female vocal", "xyzzy", "XYZZY"])
        assert result.duplicates == (("Female-Vocals", "female vocal"), ("xyzzy", "XYZZY"))

    @pytest.mark.parametrize(
        ("typed", "contradictions"),
        [
            (["fast", "jazz", "slow"], (("fast", "slow"),)),
            (["No vocals", "female vocals"], (("No vocals", "female vocals"),)),
            # By the words alone, although the model has never seen the denial.
            (["jazz", "no jazz"], (("jazz", "no jazz"),)),
            (["without piano", "toy piano"], (("without piano", "toy piano"),)),
            # A duet.
            (["male vocals", "female vocals"], ()),
            (["vocals", "vocal"], ()),
        ],
    )
    def test_what_cannot_both_be_true_is_said(
        self, typed: list[str], contradictions: tuple[tuple[str, str], ...]
    ) -> None:
        with searching([], SmallModel()) as searcher:
            assert searcher.suggest(typed).contradictions == contradictions
