"""What every engine promises of sound, held against known answers; random plans with sound are in the main suite."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from search.elastic import sound_scoring
from search.engine import SearchEngine
from search.mixing import sound_score
from search.plan import Filters, Plan, Range, Sort, SoundTarget
from search.sound import SOUND_DIMENSIONS, SOUND_PRODUCT, Moment, Sound, quantize, similarity
from tests.search.engine_contract import document, fill, found, tag_group
from tests.search.oracle import expected_answer, given_answer

BASE, AWAY = np.random.default_rng(7).normal(size=(2, SOUND_DIMENSIONS))
TARGET = quantize(BASE)


def away(by: float) -> bytes:
    """Return a vector that is less like the target, the more it is away."""
    return quantize(BASE + by * AWAY)


def test_tracks_are_found_by_how_near_they_sound_and_only_those_with_a_vector(engine: SearchEngine) -> None:
    vectors = {"near": away(0.2), "same": TARGET, "far": away(3.0), "opposite": quantize(-BASE)}
    heard = [document(name, sound=Sound(vector)) for name, vector in vectors.items()]
    fill(engine, *heard, document("silent"), document("no-vector", sound=Sound(bpm=90.0)))
    answer = engine.search(Plan(sound=SoundTarget(TARGET)))
    assert [hit.document.track.track_id for hit in answer.hits] == ["same", "near", "far", "opposite"]
    for hit in answer.hits:
        product = round(similarity(TARGET, vectors[hit.document.track.track_id]) * SOUND_PRODUCT)
        assert hit.score == sound_score(product, 16)
    assert (answer.total, answer.carry_all, engine.count(Plan(sound=SoundTarget(TARGET)))) == (4, 4, 4)
    assert found(engine, Plan(sound=SoundTarget(TARGET), without_tracks=("same", "far", "?"))) == ["near", "opposite"]


def test_sound_and_tags_share_the_score(engine: SearchEngine) -> None:
    fill(
        engine,
        document("sounds", sound=Sound(TARGET)),
        document("tagged", "x", sound=Sound(quantize(-BASE))),
        document("both", "x", sound=Sound(away(0.5))),
    )
    plan = Plan((tag_group("x"),), sound=SoundTarget(TARGET, 4), sort=Sort.SCORE)
    product = round(similarity(TARGET, away(0.5)) * SOUND_PRODUCT)
    best = engine.search(plan).hits[0]
    assert (best.document.track.track_id, best.score) == ("both", 0.75 + sound_score(product, 4))
    assert found(engine, plan) == ["both", "tagged"]
    assert found(engine, replace(plan, groups=())) == ["sounds", "both", "tagged"]


def test_what_was_faintly_heard_halves_the_score_once(engine: SearchEngine) -> None:
    fill(engine, document("a", "x", faint=("no", "nor")), document("b", "x", "no"), document("c", "kin", "x"))
    plan = Plan((tag_group("x"),), excluded=("no", "nor"), demoted=("no", "nor", "unknown"))
    answer = engine.search(plan)
    assert [(hit.document.track.track_id, hit.score) for hit in answer.hits] == [("c", 1.0), ("a", 0.5)]
    assert found(engine, replace(plan, demoted=())) == ["a", "c"]


def test_tempo_and_key_are_filters_that_need_a_value(engine: SearchEngine) -> None:
    fill(
        engine,
        document("a", sound=Sound(bpm=90.0, key="A minor")),
        document("b", sound=Sound(bpm=120.5, key="Bb major")),
        document("c", sound=Sound(TARGET)),
        document("d"),
    )
    assert found(engine, Plan(filters=Filters(bpm=Range(90.0, 120.0)))) == ["a"]
    assert found(engine, Plan(filters=Filters(bpm=Range()))) == ["a", "b"]
    assert found(engine, Plan(filters=Filters(key=("a minor", "a# major")))) == ["a", "b"]
    assert found(engine, Plan(filters=Filters(key=("a minor", "")))) == ["a", "c", "d"]
    assert found(engine, Plan(filters=Filters(key=("c major",)))) == []


def test_hits_bring_moments_only_where_sound_is_asked_for_and_documents_always(engine: SearchEngine) -> None:
    sound = Sound(TARGET, (Moment(0.0, 30.0, away(0.1), ("x",)),), 31.5, file="a/b.mp3")
    stored, bare = document("a", "x", sound=sound), document("b", "x")
    fill(engine, stored, bare)
    assert engine.search(Plan(sound=SoundTarget(TARGET))).hits[0].document == stored
    without = replace(stored, sound=replace_moments(sound))
    assert [hit.document for hit in engine.search(Plan((tag_group("x"),))).hits] == [without, bare]
    assert [hit.document for hit in engine.search(Plan((tag_group("x"),), facets=True)).hits] == [without, bare]
    assert engine.documents(["a", "b"]) == (stored, bare)
    assert list(engine.all_documents()) == [stored, bare]


def replace_moments(sound: Sound) -> Sound:
    return Sound(**{name: getattr(sound, name) for name in sound.__struct_fields__ if name != "moments"})


def test_a_track_written_again_has_the_new_moments_alone(engine: SearchEngine) -> None:
    first, second = [document("a", sound=Sound(TARGET, (Moment(at, 1.0, TARGET),))) for at in (0.0, 5.0)]
    with engine.writer() as writer:
        writer.write([first, second])
        writer.commit()
    assert engine.documents(["a"]) == (second,)
    fill(engine, document("a"))
    assert engine.documents(["a"]) == (document("a"),)


def test_every_vector_is_compared_however_many_requests_part_them(
    engine: SearchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sound_scoring, "_COMPARED", 3)
    documents = [document(f"t:{i:03}", *("xy"[i % 2]), sound=Sound(away(i / 7))) for i in range(60)]
    fill(engine, *documents)
    for plan in (Plan(sound=SoundTarget(TARGET), k=60), Plan((tag_group("x"),), sound=SoundTarget(TARGET, 3), k=60)):
        assert given_answer(engine.search(plan)) == expected_answer(documents, plan)
