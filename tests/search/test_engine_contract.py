"""What every engine promises of a search, held against brute force and known answers."""

from __future__ import annotations

import itertools
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from search.document import Document, Family
from search.engine import FACET_VALUES, FacetValue, SearchEngine
from search.engines import open_engine
from search.plan import Clause, Filters, Group, Plan, Range, Sort, Term
from tests.search.engine_contract import Addresses, document, fill, found, tag_group
from tests.search.oracle import expected_answer, given_answer
from tests.search.strategies import catalogues, plans


def test_answers_equal_brute_force_before_and_after_changes_and_compaction(new_address: Addresses) -> None:
    @settings(max_examples=new_address.examples(120), deadline=None)
    @given(old=catalogues(), new=catalogues(max_size=4), gone=st.lists(st.sampled_from("ab")), plan=plans)
    def check(old: list[Document], new: list[Document], gone: list[str], plan: Plan) -> None:
        engine = open_engine(new_address(), create=True)
        with engine.writer() as writer:
            writer.write(old)
            writer.compact()
            assert given_answer(engine.search(plan)) == expected_answer(old, plan)
            writer.write(new)
            writer.delete(f"{source}:1" for source in gone)
            writer.commit()
            kept = {doc.track.track_id: doc for doc in (*old, *new)}
            kept = {track_id: doc for track_id, doc in kept.items() if track_id not in {f"{s}:1" for s in gone}}
            expected = expected_answer(list(kept.values()), plan)
            assert given_answer(engine.search(plan)) == expected
            assert engine.count(plan) == expected.total
            writer.compact()
            assert given_answer(engine.search(plan)) == expected
        engine.close()

    check()


def test_an_empty_index_answers_with_nothing(engine: SearchEngine) -> None:
    answer = engine.search(Plan((tag_group("x"),), facets=True, outside=3))
    assert given_answer(answer) == expected_answer([], Plan((tag_group("x"),), facets=True))
    assert answer.state.n_tracks == 0


def test_equal_scores_are_ordered_by_having_a_title_then_by_track_id(engine: SearchEngine) -> None:
    fill(engine, *[document(f"t:{i}", "x", title="" if i % 2 else "A") for i in (3, 10, 2, 1)])
    assert found(engine, Plan((tag_group("x"),))) == ["t:10", "t:2", "t:1", "t:3"]


def test_order_is_the_same_wherever_a_tie_was_written(engine: SearchEngine) -> None:
    with engine.writer() as writer:
        for i in (5, 1, 4):
            writer.write([document(f"t:{i}", "x"), document(f"u:{i}", "x", title="")])
            writer.compact()
        for i in (3, 0, 2):
            writer.write([document(f"t:{i}", "x"), document(f"u:{i}", "x", title="")])
            writer.commit()
    assert found(engine, Plan((tag_group("x"),))) == [f"{source}:{i}" for source in "tu" for i in range(6)]


def test_hits_are_sorted_by_duration_or_year_and_tracks_without_it_come_last(engine: SearchEngine) -> None:
    fill(
        engine,
        document("a", "x", duration=60.5, year=2001),
        document("b", "x", duration=None, year=1999),
        document("c", "x", duration=60.25, year=None),
        document("d", "x", duration=0.0, year=2020),
    )
    orders = {sort: "".join(found(engine, Plan((tag_group("x"),), sort=sort))) for sort in Sort}
    assert orders == {
        Sort.SCORE: "abcd", Sort.SHORTEST: "dcab", Sort.LONGEST: "acdb", Sort.OLDEST: "badc", Sort.NEWEST: "dabc"
    }  # fmt: skip


def test_of_one_year_the_best_come_first_wherever_they_were_written(engine: SearchEngine) -> None:
    with engine.writer() as writer:
        writer.write([document("b", "kin", year=2001), document("d", "x", year=2001, title=""), document("e", "kin")])
        writer.compact()
        writer.write([document("a", "kin", year=2001), document("c", "x", "kin", year=2001), document("f", "x")])
        writer.commit()
    plan = Plan((tag_group("x", Term("kin", Family.TYPED, 0.5)),), outside=5, sort=Sort.NEWEST)
    answer = engine.search(plan)
    assert [hit.document.track.track_id for hit in answer.hits] == ["c", "d", "a", "b", "f", "e"]
    assert [hit.document.track.track_id for hit in answer.outside] == ["a", "b", "e"]
    assert found(engine, replace(plan, k=2, offset=3)) == ["b", "f"]


def test_pages_put_together_are_the_whole_list(engine: SearchEngine) -> None:
    fill(engine, *[document(f"t:{i:03}", *("x", "y")[: 1 + i % 2]) for i in range(50)])
    plan = Plan((tag_group("x"),), k=50)
    pages = [found(engine, replace(plan, k=7, offset=offset)) for offset in range(0, 56, 7)]
    assert list(itertools.chain(*pages)) == found(engine, plan)
    assert found(engine, replace(plan, offset=50)) == []


def test_every_group_must_be_reached_by_any_of_its_terms(engine: SearchEngine) -> None:
    kin = Term("kin", Family.TYPED, 0.25)
    fill(
        engine,
        document("both", "x", "y"),
        document("one", "x"),
        document("kin", "x", "kin"),
        document("implied", "x", implied=("y",), implied_weights=(1,)),
        document("heard", "x", heard=("y",), heard_weights=(1,)),
    )
    plan = Plan((tag_group("x"), tag_group("y", kin, Term("y", Family.IMPLIED, 0.5), Term("y", Family.HEARD, 0.375))))
    assert found(engine, plan) == ["both", "kin", "implied", "heard"]
    required = Plan((plan.groups[0], replace(plan.groups[1], required=True)))
    assert found(engine, required) == ["both"]


def test_one_member_of_an_or_group_is_enough_and_all_of_them_score(engine: SearchEngine) -> None:
    fill(engine, document("a", "x"), document("b", "y"), document("c", "x", "y"), document("d", "z"))
    either = Group((tag_group("x").clauses[0], tag_group("y", weight=0.5).clauses[0]))
    answer = engine.search(Plan((either,)))
    assert [(hit.document.track.track_id, hit.score) for hit in answer.hits] == [("c", 1.5), ("a", 1.0), ("b", 0.5)]
    assert (answer.carry_all, answer.carry_some, answer.carry_none) == (3, 0, 0)


def test_a_group_carried_by_two_of_its_tags_counts_once(engine: SearchEngine) -> None:
    fill(engine, document("a", "x", "y", implied=("z",), implied_weights=(256,)), document("b", "x", "z"))
    either = Group((tag_group("x").clauses[0], tag_group("y").clauses[0]))
    answer = engine.search(Plan((either, tag_group("z", Term("z", Family.IMPLIED, 0.5)))))
    assert (answer.carry_all, answer.carry_some, answer.carry_none) == (1, 1, 0)


def test_outside_are_the_best_hits_that_carry_no_query_tag(engine: SearchEngine) -> None:
    kin = [Term("kin", Family.TYPED, 0.5), Term("far", Family.TYPED, 0.25)]
    fill(engine, document("a", "x", "kin"), document("b", "kin", "far"), document("c", "far"), document("d", "kin"))
    answer = engine.search(Plan((tag_group("x", *kin),), k=1, outside=2))
    assert [hit.document.track.track_id for hit in answer.hits] == ["a"]
    assert [(hit.document.track.track_id, hit.score) for hit in answer.outside] == [("b", 0.75), ("d", 0.5)]
    assert (answer.total, answer.carry_all, answer.carry_none) == (4, 1, 3)


def test_without_groups_all_tracks_are_hits_in_tie_order(engine: SearchEngine) -> None:
    fill(engine, document("b"), document("c", title=""), document("a"))
    answer = engine.search(Plan(outside=5))
    assert [(hit.document.track.track_id, hit.score) for hit in answer.hits] == [("a", 0), ("b", 0), ("c", 0)]
    assert (answer.total, answer.carry_all, answer.outside) == (3, 3, ())


def test_an_excluded_tag_removes_tracks_where_it_was_typed_or_heard_but_not_implied(engine: SearchEngine) -> None:
    fill(
        engine,
        document("typed", "x", "no"),
        document("heard", "x", heard=("no",), heard_weights=(1,)),
        document("implied", "x", implied=("no",), implied_weights=(256,)),
    )
    assert found(engine, Plan((tag_group("x"),), excluded=("no", "unknown"))) == ["implied"]


def test_words_of_title_and_artist_are_all_demanded_and_folded(engine: SearchEngine) -> None:
    fill(engine, document("a", title="Été in Paris", artist="Björk"), document("b", title="Paris"))
    assert found(engine, Plan(words=("ete", "bjork"))) == ["a"]
    assert found(engine, Plan(words=("paris",))) == ["a", "b"]
    assert found(engine, Plan(words=("paris", "london"))) == []


def test_filters_take_alternatives_of_one_field_and_all_fields(engine: SearchEngine) -> None:
    fill(
        engine,
        document("a", genre="Rock", year=2001, duration=60.0),
        document("b", genre="ROCK", year=1999, duration=60.5),
        document("c", genre="", year=None),
        document("d", genre="Jazz", year=2001),
    )
    assert found(engine, Plan(filters=Filters(genre=("rock",)))) == ["a", "b"]
    assert found(engine, Plan(filters=Filters(genre=("", "jazz")))) == ["c", "d"]
    assert found(engine, Plan(filters=Filters(genre=("rock", "jazz"), year=Range(2000, None)))) == ["a", "d"]
    assert found(engine, Plan(filters=Filters(duration=Range(None, 60.0)))) == ["a"]
    assert found(engine, Plan(filters=Filters(year=Range()))) == ["a", "b", "d"]
    assert found(engine, Plan(filters=Filters(genre=("metal",)))) == []


def test_facets_count_all_hits_under_their_most_common_spelling(engine: SearchEngine) -> None:
    genres = ("rock", "Rock", "Rock", "", "Jazz", "jazz")
    fill(engine, *[document(str(i), "x", genre=genre) for i, genre in enumerate(genres)], document("z", genre="Folk"))
    answer = engine.search(Plan((tag_group("x"),), k=1, facets=True))
    assert answer.facets["genre"] == (FacetValue("rock", 3, "Rock"), FacetValue("jazz", 2, "Jazz"), FacetValue("", 1))
    assert answer.facets["tag"] == (FacetValue("x", 6),)


def test_facets_list_a_limited_number_of_values(engine: SearchEngine) -> None:
    fill(engine, *[document(f"{i:03}", artist=f"artist {i:03}") for i in range(FACET_VALUES + 5)])
    artists = engine.search(Plan(facets=True)).facets["artist"]
    assert [value.value for value in artists] == [f"artist {i:03}" for i in range(FACET_VALUES)]


def test_tag_facets_are_taken_from_the_best_thousand_only(engine: SearchEngine) -> None:
    best = [document(f"z{i:04}", "x", "best") for i in range(1_000)]
    fill(engine, *best, *[document(f"a{i:04}", "x", "rest") for i in range(100)])
    answer = engine.search(Plan((tag_group("x", Term("best", Family.TYPED, 0.5)),), facets=True))
    assert answer.facets["tag"] == (FacetValue("best", 1_000), FacetValue("x", 1_000))


def test_the_best_thousand_are_the_same_wherever_they_were_written(engine: SearchEngine) -> None:
    documents = [document(f"t:{i * 7 % 1500:04}", "x", f"tag{i % 7}", title="T" * (i % 3)) for i in range(1_500)]
    with engine.writer() as writer:
        writer.write(documents[:900])
        writer.compact()
        writer.write(documents[900:1_400])
        writer.commit()
        engine.state()
        writer.write(documents[1_400:])
        writer.commit()
    plan = Plan((tag_group("x", Term("tag3", Family.TYPED, 0.25)),), k=1_200, facets=True)
    assert given_answer(engine.search(plan)) == expected_answer(documents, plan)


def test_taking_out_one_feature_lowers_the_score_by_exactly_its_bar(engine: SearchEngine) -> None:
    terms = (
        Term("x", Family.IMPLIED, 1234 / 4096),
        Term("kin", Family.TYPED, 777 / 4096),
        Term("x", Family.HEARD, 0.25),
    )
    plan = Plan((Group((Clause("x", (Term("x", Family.TYPED, 1.0), *terms)),)),))
    full = document("t", "kin", implied=("x",), implied_weights=(97,), heard=("x",), heard_weights=(211,))
    bars = {
        replace(full, implied=(), implied_weights=()): 1234 / 4096 * 97 / 256,
        replace(full, typed=()): 777 / 4096,
        replace(full, heard=(), heard_weights=()): 0.25 * 211 / 256,
    }
    fill(engine, full)
    score = engine.search(plan).hits[0].score
    for without, bar in bars.items():
        fill(engine, without)
        assert score - engine.search(plan).hits[0].score == bar


def test_many_groups_are_counted_without_overflow(engine: SearchEngine) -> None:
    fill(engine, document("a", "x"))
    answer = engine.search(Plan((tag_group("x", weight=1 / 4096),) * 300))
    assert (answer.total, answer.carry_all, answer.hits[0].score) == (1, 1, 300 / 4096)
