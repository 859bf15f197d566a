from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest

from search.document import Document
from search.embedded import EmbeddedEngine
from search.engine import IndexBusy
from search.writing import OtherModel, delete_track, put_track
from tagmodel.model import load_model
from tagmodel.track import Track

TRACK = Track("mine:1", "Morning", tags=("Sitar", "night owl"))


@pytest.fixture(scope="module")
def model():
    return load_model(None)


@pytest.fixture
def engine(tmp_path: Path):
    engine = EmbeddedEngine.open(tmp_path / "index", create=True)
    yield engine
    engine.close()


def test_a_new_track_gets_what_its_tags_imply(engine, model) -> None:
    state, created = put_track(engine, model, TRACK)
    assert created
    assert (state.n_tracks, state.model_id) == (1, model.model_id)
    assert state == engine.state()
    (document,) = engine.documents(["mine:1"])
    assert document is not None
    assert document.track == TRACK
    assert model.vocabulary.canonical_id("indian") in document.implied
    own = model.vocabulary.canonical_id("night owl")
    assert own in document.typed
    assert engine.tag_spelling(own) == "night owl"


def test_what_was_heard_stays_unless_it_is_typed_now(engine, model) -> None:
    sitar, flute = (model.vocabulary.canonical_id(tag) for tag in ("sitar", "flute"))
    heard = Document(Track("mine:1"), heard=(sitar, flute), heard_weights=(200, 100), model_id=model.model_id)
    with engine.writer() as writer:
        writer.write([heard])
        writer.commit()
    _, created = put_track(engine, model, TRACK)
    (document,) = engine.documents(["mine:1"])
    assert not created
    assert document is not None
    assert (document.heard, document.heard_weights) == ((flute,), (100,))


def test_writing_the_same_again_changes_no_answer(engine, model) -> None:
    put_track(engine, model, TRACK)
    before = engine.documents(["mine:1"])
    assert put_track(engine, model, TRACK)[1] is False
    assert engine.documents(["mine:1"]) == before


def test_deleting_tells_whether_there_was_anything(engine, model) -> None:
    put_track(engine, model, TRACK)
    assert delete_track(engine, "mine:1")[1] is True
    assert delete_track(engine, "mine:1")[1] is False
    assert engine.state().n_tracks == 0


def test_models_are_not_mixed(engine, model) -> None:
    with engine.writer() as writer:
        writer.write([Document(Track("x:1"), model_id="another")])
        writer.commit()
    with pytest.raises(OtherModel, match="--reexpand"):
        put_track(engine, model, TRACK)


def test_models_are_not_mixed_by_a_write_that_waited_for_another_program(engine, model, monkeypatch) -> None:
    waits, open_writer = Event(), engine.writer
    with open_writer() as writer, ThreadPoolExecutor(1) as pool:
        monkeypatch.setattr(engine, "writer", lambda _patience: waits.set() or open_writer())
        written = pool.submit(put_track, engine, model, TRACK)
        assert waits.wait(10)
        writer.write([Document(Track("x:1"), model_id="another")])
        writer.commit()
        writer.__exit__()
        with pytest.raises(OtherModel):
            written.result()


def test_an_index_without_implied_tags_stays_so(engine, model) -> None:
    with engine.writer() as writer:
        writer.write([Document(Track("x:1"))])
        writer.commit()
    put_track(engine, model, TRACK)
    (document,) = engine.documents(["mine:1"])
    assert document is not None
    assert (document.implied, document.model_id) == ((), "")


def test_another_writer_is_waited_for_then_named(engine, model) -> None:
    with engine.writer(), pytest.raises(IndexBusy, match="being written by process"):
        put_track(engine, model, TRACK)


def test_many_threads_write_one_after_the_other(engine, model) -> None:
    tracks = [replace(TRACK, track_id=f"mine:{n}") for n in range(20)]
    threads = [Thread(target=put_track, args=(engine, model, track)) for track in tracks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert engine.state().n_tracks == 20
