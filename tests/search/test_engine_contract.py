"""One suite over all engines: what `search.engine` promises, whichever engine is behind it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search.document import Document, Family
from search.engine import FACET_VALUES, FacetValue, SearchEngine, SearchUnavailable
from search.engines import open_engine
from search.plan import Clause, Filters, Group, Plan, Range, Term
from tagmodel.track import Track
from tests.search.oracle import expected_answer, given_answer
from tests.search.strategies import catalogues, plans

_numbers = itertools.count()


def embedded_address(folder: Path) -> str:
    return str(folder / f"index{next(_numbers)}")


# A factory takes a folder of its own and returns the address of an index that does not exist yet.
FACTORIES: list[Callable[[Path], str]] = [embedded_address]


@pytest.fixture(params=FACTORIES, ids=lambda factory: factory.__name__.removesuffix("_address"))
def new_address(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    return lambda: request.param(tmp_path)


@pytest.fixture
def address(new_address: Callable[[], str]) -> str:
    return new_address()


@pytest.fixture
def engine(address: str) -> Iterator[SearchEngine]:
    engine = open_engine(address, create=True)
    yield engine
    engine.close()


def document(track_id: str, *typed: str, **values: object) -> Document:
    track_values = {name: values.pop(name) for name in list(values) if name in Track.__dataclass_fields__}
    return Document(Track(track_id, **{"title": "Untitled", **track_values}), typed, **values)  # type: ignore[arg-type]


def fill(engine: SearchEngine, *documents: Document) -> None:
    with engine.writer() as writer:
        writer.write(documents)
        writer.commit()


def tag_group(tag_id: str, *terms: Term, weight: float = 1.0, required: bool = False) -> Group:
    return Group((Clause(tag_id, (Term(tag_id, Family.TYPED, weight), *terms)),), required)


def found(engine: SearchEngine, plan: Plan) -> list[str]:
    return [hit.document.track.track_id for hit in engine.search(plan).hits]


# Search


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(old=catalogues(), new=catalogues(max_size=4), gone=st.lists(st.sampled_from("ab")), plan=plans)
def test_answers_equal_brute_force_before_and_after_changes_and_compaction(
    new_address: Callable[[], str], old: list[Document], new: list[Document], gone: list[str], plan: Plan
) -> None:
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


# Reading back


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"])), number=st.floats(0, 1e9), year=st.integers(-9999, 9999))
def test_documents_come_back_as_they_were_written(
    new_address: Callable[[], str], text: str, number: float, year: int
) -> None:
    engine = open_engine(new_address(), create=True)
    texts = dict.fromkeys(("title", "artist", "album", "genre", "license", "url", "source"), text)
    track = Track("id" + text, **texts, duration=number, year=year, tags=(text, "b"), shares=(number, 0.1))
    written = Document(track, ("x",), ("y",), (256,), ("z",), (1,), "model")
    fill(engine, written)
    assert engine.documents(["id" + text, "other"]) == (written, None)
    assert list(engine.all_documents()) == [written]
    engine.close()


def test_all_documents_come_by_track_id(engine: SearchEngine) -> None:
    ids = ["b", "a:10", "a:9", "é", "z", "\U0001f600", "\uffee"]
    fill(engine, *[document(track_id) for track_id in ids])
    assert [doc.track.track_id for doc in engine.all_documents()] == sorted(ids)


def test_tag_counts_are_of_typed_tags_and_follow_changes(engine: SearchEngine) -> None:
    with engine.writer() as writer:
        writer.write([document("a", "x", "y"), document("b", "x", implied=("z",), implied_weights=(9,))])
        writer.compact()
        assert dict(engine.tag_counts()) == {"x": 2, "y": 1}
        writer.write([document("a", "x", "z")])
        writer.commit()
        assert dict(engine.tag_counts()) == {"x": 2, "z": 1}
        writer.delete(["a", "b"])
        writer.commit()
    assert dict(engine.tag_counts()) == {}


def test_words_are_known_as_long_as_a_track_has_them(engine: SearchEngine) -> None:
    with engine.writer() as writer:
        writer.write([document("a", title="Nuit d'été"), document("b", title="Nuit")])
        writer.compact()
        assert [engine.has_word(word) for word in ("nuit", "dete", "été", "")] == [True, True, False, False]
        writer.delete(["a"])
        writer.commit()
    assert [engine.has_word(word) for word in ("nuit", "dete")] == [True, False]


def test_tags_keep_the_spelling_they_were_given(engine: SearchEngine) -> None:
    with engine.writer() as writer:
        writer.name_tags({"x": "Hip-Hop", "unused": "Ñu"})
        writer.write([document("a", "x", "y")])
        before = writer.commit()
        writer.name_tags({"x": "Hip Hop"})
        after = writer.commit()
    assert [engine.tag_spelling(tag_id) for tag_id in ("x", "unused", "y", "z")] == ["Hip Hop", "Ñu", None, None]
    assert before != after


# Writing


def test_staged_changes_are_seen_only_after_commit(engine: SearchEngine) -> None:
    with engine.writer() as writer:
        before = engine.state()
        writer.write([document("a", "x")])
        assert engine.state() == before
        assert engine.count(Plan()) == 0
        after = writer.commit()
        assert engine.state() == after != before
        assert engine.count(Plan()) == after.n_tracks == 1


def test_leaving_without_commit_drops_what_was_staged(engine: SearchEngine) -> None:
    fill(engine, document("a", "x"))
    before = engine.state()
    with engine.writer() as writer:
        writer.write([document("a", "y"), document("b", "new")])
        writer.delete(["a"])
        writer.name_tags({"x": "X"})
        writer.set_checkpoint("source", "1")
    assert engine.state() == before
    assert [doc.typed for doc in engine.all_documents()] == [("x",)]
    assert engine.tag_spelling("x") is None
    with engine.writer() as writer:
        assert writer.checkpoint("source") == ""


def test_a_track_is_replaced_whole(engine: SearchEngine) -> None:
    fill(engine, document("a", "x", "y", title="Old", genre="Rock", implied=("z",), implied_weights=(5,)))
    new = document("a", "y", title="New")
    fill(engine, new)
    assert engine.documents(["a"]) == (new,)
    assert engine.state().n_tracks == 1
    assert (engine.count(Plan((tag_group("x"),))), engine.count(Plan(words=("old",)))) == (0, 0)


def test_the_last_of_two_documents_with_one_id_in_a_batch_counts(engine: SearchEngine) -> None:
    fill(engine, document("a", "x"), document("a", "y"))
    assert [doc.typed for doc in engine.all_documents()] == [("y",)]
    assert engine.state().n_tracks == engine.count(Plan()) == 1


def test_delete_says_how_many_were_there(engine: SearchEngine) -> None:
    fill(engine, document("a"), document("b"), document("c"))
    with engine.writer() as writer:
        assert writer.delete(iter(["a", "c", "a", "unknown"])) == 2
        assert writer.delete([]) == 0
        writer.commit()
    assert [doc.track.track_id for doc in engine.all_documents()] == ["b"]


def test_writing_the_same_again_changes_no_answer(engine: SearchEngine) -> None:
    documents = [document("a", "x", model_id="m"), document("b", "y", model_id="m")]
    fill(engine, *documents)
    plan = Plan((tag_group("x"),), facets=True)
    before = given_answer(engine.search(plan))
    fill(engine, *documents)
    assert given_answer(engine.search(plan)) == before
    assert engine.state().n_tracks == 2


def test_checkpoints_are_committed_with_the_documents(engine: SearchEngine) -> None:
    with engine.writer() as writer:
        writer.set_checkpoint("a.csv", "100")
        assert writer.checkpoint("a.csv") == ""
        writer.commit()
        assert (writer.checkpoint("a.csv"), writer.checkpoint("b.csv")) == ("100", "")
        writer.set_checkpoint("a.csv", "")
        assert writer.checkpoint("a.csv") == "100"
        writer.commit()
        assert writer.checkpoint("a.csv") == ""


def test_states_change_with_each_acknowledged_write_and_not_otherwise(engine: SearchEngine) -> None:
    states = [engine.state()]
    with engine.writer() as writer:
        assert writer.commit() == states[-1]
        for change in (
            lambda: writer.write([document("a", "x")]),
            lambda: writer.write([document("a", "x")]),
            lambda: writer.delete(["a"]),
        ):
            change()
            states.append(writer.commit())
            assert engine.state() == states[-1]
        generation = writer.compact().generation
    assert len(set(states)) == len(states)
    assert [state.delta for state in states] == sorted(state.delta for state in states)
    assert generation > states[-1].generation
    assert engine.state().delta == states[-1].delta


def test_the_state_names_the_tag_model(engine: SearchEngine) -> None:
    assert engine.state().model_id == ""
    fill(engine, document("a", "x", model_id="m1"))
    assert engine.state().model_id == "m1"
    fill(engine, document("b", "x", model_id="m2"))
    assert engine.state().model_id == "mixed"
    fill(engine, document("a", "x", model_id="m2"))
    assert engine.state().model_id == "m2"


def test_only_one_writes_at_a_time_and_the_other_is_told_who(engine: SearchEngine, address: str) -> None:
    other = open_engine(address)
    with engine.writer() as writer:
        writer.write([document("a")])
        with pytest.raises(SearchUnavailable, match="writ"):
            other.writer()
    with other.writer() as writer:
        writer.write([document("b")])
        writer.commit()
    assert [doc.track.track_id for doc in engine.all_documents()] == ["b"]
    other.close()


def test_another_reader_of_the_same_index_sees_every_commit(engine: SearchEngine, address: str) -> None:
    other = open_engine(address)
    for i in range(3):
        fill(engine, document(str(i), f"tag{i}"))
        assert other.state() == engine.state()
        assert found(other, Plan((tag_group(f"tag{i}"),))) == [str(i)]
    other.close()


def test_everything_is_there_after_reopening(engine: SearchEngine, address: str) -> None:
    fill(engine, document("a", "x"), document("b", "y"))
    state, answer = engine.state(), engine.search(Plan(facets=True))
    engine.close()
    reopened = open_engine(address)
    assert reopened.state() == state
    assert reopened.search(Plan(facets=True)) == answer
    reopened.close()


def test_threads_share_an_engine(engine: SearchEngine) -> None:
    documents = [document(f"{i:03}", *(f"tag{j}" for j in range(5) if i % (j + 2) == 0)) for i in range(300)]
    fill(engine, *documents)
    asked = [Plan((tag_group(f"tag{i % 5}"),), k=10, facets=True) for i in range(60)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(engine.search, asked))
    assert [given_answer(answer) for answer in answers] == [expected_answer(documents, plan) for plan in asked]


def test_a_closed_engine_says_so(engine: SearchEngine) -> None:
    engine.close()
    with pytest.raises(SearchUnavailable):
        engine.search(Plan())


def test_opening_what_is_not_there_fails(address: str) -> None:
    with pytest.raises(SearchUnavailable, match="tagkin index"):
        open_engine(address)
