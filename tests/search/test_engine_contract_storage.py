"""What every engine promises of reading back and writing: whole documents, whole commits, one writer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.document import Document
from search.engine import SearchEngine, SearchUnavailable
from search.engines import open_engine
from search.plan import Plan
from tagmodel.track import Track
from tests.search.engine_contract import Addresses, document, fill, found, tag_group
from tests.search.oracle import expected_answer, given_answer

# Reading back


def test_documents_come_back_as_they_were_written(new_address: Addresses) -> None:
    texts = st.text(st.characters(exclude_categories=["Cs"]))

    @settings(max_examples=new_address.examples(50), deadline=None)
    @given(text=texts, number=st.floats(0, 1e9), year=st.integers(-9999, 9999))
    def check(text: str, number: float, year: int) -> None:
        engine = open_engine(new_address(), create=True)
        values = dict.fromkeys(("title", "artist", "album", "genre", "license", "url", "source"), text)
        track = Track("id" + text, **values, duration=number, year=year, tags=(text, "b"), shares=(number, 0.1))
        written = Document(track, ("x",), ("y",), (256,), ("z",), (1,), "model")
        fill(engine, written)
        assert engine.documents(["id" + text, "other"]) == (written, None)
        assert list(engine.all_documents()) == [written]
        engine.close()

    check()


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


def test_attachments_are_committed_with_the_documents_and_read_back(engine: SearchEngine, address: str) -> None:
    data = bytes(range(256)) * 5_000
    assert engine.attachment("reach") is None
    with engine.writer() as writer:
        writer.attach("reach", data)
        writer.write([document("a", "x")])
        assert engine.attachment("reach") is None
        writer.commit()
        assert (engine.attachment("reach"), engine.attachment("other")) == (data, None)
        writer.attach("reach", b"new")
        writer.attach("other", b"\0")
        writer.compact()
    other = open_engine(address)
    assert (other.attachment("reach"), other.attachment("other")) == (b"new", b"\0")
    other.close()


def test_an_empty_attachment_takes_it_away(engine: SearchEngine) -> None:
    with engine.writer() as writer:
        writer.attach("reach", b"")
        writer.attach("other", b"1")
        writer.commit()
        writer.attach("other", b"")
        writer.commit()
    assert (engine.attachment("reach"), engine.attachment("other")) == (None, None)


def test_leaving_without_commit_drops_a_staged_attachment(engine: SearchEngine) -> None:
    with engine.writer() as writer:
        writer.attach("reach", b"old")
        before = writer.commit()
    with engine.writer() as writer:
        writer.attach("reach", b"new")
        writer.attach("other", b"new")
    assert (engine.attachment("reach"), engine.attachment("other")) == (b"old", None)
    assert engine.state() == before


def test_a_commit_that_changes_anything_raises_delta_by_one(engine: SearchEngine) -> None:
    deltas = [engine.state().delta]
    with engine.writer() as writer:
        for change in (
            lambda: writer.write([document("a", "x"), document("b", "y")]),
            lambda: writer.attach("reach", b"1"),
            lambda: writer.attach("reach", b"1"),
            lambda: writer.delete(["a", "b"]),
        ):
            change()
            deltas.append(writer.commit().delta)
        assert writer.compact().delta == deltas[-1]
    assert deltas == list(range(5))


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


# Flushing


def test_what_was_flushed_is_found_after_the_next_commit(engine: SearchEngine) -> None:
    with engine.writer() as writer:
        writer.write([document("a", "x"), document("b", "x")])
        writer.flush()
        writer.write([document("a", "y")])
        writer.flush()
        assert writer.delete(["b", "c"]) == 1
        writer.commit()
        assert not writer.take_refused()
    assert [doc.track.track_id for doc in engine.all_documents()] == ["a"]
    assert found(engine, Plan((tag_group("y"),))) == ["a"]
    assert engine.state().n_tracks == 1


def test_a_checkpoint_that_is_read_back_stands_for_documents_that_stay(engine: SearchEngine, address: str) -> None:
    reached = 0
    with engine.writer() as writer:
        for batch in range(12):
            writer.write([document(f"{batch}:{i}", "x") for i in range(20)])
            writer.name_tags({f"tag{batch}": f"Tag {batch}"})
            writer.set_checkpoint("source", str(batch))
            writer.flush()
        reached = int(writer.checkpoint("source") or -1)
    engine.close()
    again = open_engine(address)
    with again.writer() as writer:
        assert int(writer.checkpoint("source") or -1) >= reached
        writer.write([document("last", "x")])
        writer.commit()
    there = {doc.track.track_id for doc in again.all_documents()}
    assert {f"{batch}:{i}" for batch in range(reached + 1) for i in range(20)} < there
    assert [again.tag_spelling(f"tag{batch}") for batch in range(reached + 1)] == [
        f"Tag {batch}" for batch in range(reached + 1)
    ]
    again.close()
