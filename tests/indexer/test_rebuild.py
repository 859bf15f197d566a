"""A rebuild beside everything else: nothing is lost, nothing comes back, and no search sees half of it."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from typing import Any

import orjson
import pytest

from indexer.rebuilding import RebuildRun
from indexer.reexpansion import reexpand_index
from search.document import Document, Family
from search.elastic import generations as generations_module
from search.elastic import rebuild as rebuilding
from search.elastic.differing import send
from search.elastic.engine import ElasticEngine
from search.elastic.generations import ElasticGenerations
from search.elastic.mapping import Generation, generation
from search.elastic.writer import operation
from search.engine import IndexBusy, SearchUnavailable
from search.enrichment import Enricher
from search.generations import CheckFailed, GenerationRefused, Generations, RebuildOrder
from search.plan import Clause, Group, Plan, Term
from tests.indexer.rebuilds import (
    NEW_MODEL,
    Between,
    Busy,
    Journal,
    documents_of,
    fill,
    filled_index,
    make_track,
    rebuild,
    stored,
    writing,
)
from tests.indexer.tiny_model import TinyModel, tag
from tests.search.oracle import Expected, expected_answer, given_answer
from tests.servers.node import Node

pytestmark = pytest.mark.slow

OLD_MODEL = TinyModel()
TRACKS = [make_track(number, random.Random(number)) for number in range(600)]
SAD = Group((Clause(tag("sad"), (Term(tag("sad"), Family.TYPED, 1.0), Term(tag("sad"), Family.IMPLIED, 0.25))),))
PIANO = Group((Clause(tag("piano"), (Term(tag("piano"), Family.TYPED, 1.0), Term(tag("piano"), Family.IMPLIED, 0.5))),))


@pytest.fixture
def address(elasticsearch_9: Node) -> Iterator[str]:
    with filled_index(elasticsearch_9.url, TRACKS) as made:
        yield made


@pytest.fixture
def engine(address: str) -> Iterator[ElasticEngine]:
    with closing(ElasticEngine.open(address)) as opened:
        yield opened


def by_id(documents: list[Document]) -> dict[str, Document]:
    return {document.track.track_id: document for document in documents}


def test_the_engine_keeps_generations_as_the_protocol_says(engine: ElasticEngine) -> None:
    generations: Generations = engine.generations()
    assert [(one.number, one.role, one.n_tracks) for one in generations.all()] == [(1, "living", len(TRACKS))]


def test_a_rebuild_gives_what_a_reexpansion_gives(engine: ElasticEngine) -> None:
    heard = replace(documents_of(TRACKS[:1], OLD_MODEL)[0], heard=(tag("drone"),), heard_weights=(9,))
    with engine.writer() as writer:
        writer.write([heard])
        writer.set_checkpoint("index:somewhere", "row 7")
        writer.attach("notes", b"kept with the index")
        before = writer.commit()
    switched = rebuild(engine)
    rebuilt = stored(engine)
    assert {document.model_id for document in rebuilt.values()} == {"new"}
    assert engine.attachment("notes") == b"kept with the index"
    state = engine.state()
    assert (state, state.model_id) == (switched.state, "new")
    assert state.generation > before.generation
    assert state.delta > before.delta
    engine.generations().roll_back(None, print)
    with engine.writer() as writer:
        reexpand_index(engine, writer, Enricher(NEW_MODEL), Journal())  # type: ignore[arg-type]
        assert writer.checkpoint("index:somewhere") == "row 7"
    assert stored(engine) == rebuilt


def test_spellings_are_carried_over_and_seen_by_engines_that_are_open(engine: ElasticEngine) -> None:
    assert engine.tag_spelling(tag("zeuhl")) == "zeuhl"
    with engine.writer() as writer:
        writer.name_tags({tag("nobody has it"): "Nobody Has It"})
        writer.commit()

    def name_one() -> None:
        with writing(engine) as writer:
            writer.name_tags({tag("new word"): "New Word", tag("zeuhl"): "Zeuhl"})
            writer.commit()

    rebuild(engine, progress=Between(name_one), batch_size=400)
    for spelling in ("Nobody Has It", "New Word", "Zeuhl", "Rock"):
        assert engine.tag_spelling(tag(spelling)) == spelling
    with engine.writer() as writer:
        writer.name_tags({tag("later"): "Later"})
        writer.commit()
    assert engine.tag_spelling(tag("later")) == "Later"


def test_spellings_are_carried_over_by_a_run_that_goes_on(engine: ElasticEngine) -> None:
    with engine.writer() as writer:
        writer.name_tags({tag("nobody has it"): "Nobody Has It"})
        writer.commit()
    with engine.generations().rebuild(RebuildOrder((), NEW_MODEL.model_id), print):
        pass  # it ends before it has written anything
    rebuild(engine)
    assert engine.tag_spelling(tag("nobody has it")) == "Nobody Has It"


@pytest.mark.parametrize("looked", [True, False])
def test_the_spelling_of_the_model_comes_before_what_others_give(engine: ElasticEngine, looked: bool) -> None:
    late, other = tag("late word"), tag("new word")
    with engine.generations().rebuild(RebuildOrder((), NEW_MODEL.model_id), print) as begun:
        run = RebuildRun(begun, Enricher(NEW_MODEL), Journal())  # type: ignore[arg-type]
        run.fill()
        if looked:
            assert begun.engine.tag_spelling(late) is None
        begun.writer.name_tags({late: "Late Word"})
        begun.writer.commit()
        with engine.writer() as writer:
            writer.name_tags({late: "LATE WORD", other: "New Word"})
            writer.commit()
        run.check()
        begun.go_live(run.renew, {late: "Late Word"}.get, print)
    assert engine.tag_spelling(late) == "Late Word"
    assert engine.tag_spelling(other) == "New Word"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_is_lost_and_nothing_comes_back(engine: ElasticEngine, seed: int) -> None:
    expected = {track.track_id: track for track in TRACKS}
    busy = Busy(engine, OLD_MODEL, expected, random.Random(seed), most=len(TRACKS) + 60)
    with busy:
        switched = rebuild(engine, progress=Between(busy.wait_for_commits), batch_size=40)
        busy.wait_for_commits()
    assert busy.commits > 20
    assert busy.deleted > 10
    documents = stored(engine)
    assert {track_id: document.track for track_id, document in documents.items()} == expected
    assert engine.state().n_tracks == len(expected)
    for track_id, document in documents.items():
        written_since = busy.last_state.get(track_id, 0) == switched.state.generation
        model = OLD_MODEL if written_since else NEW_MODEL
        assert [document] == documents_of([expected[track_id]], model)
    old = engine.generations().roll_back(None, print)
    assert old.missing == engine.generations().all()[1].delta - switched.state.delta


def test_a_track_that_was_deleted_long_ago_does_not_come_back(engine: ElasticEngine) -> None:
    """The server forgets what was deleted after a minute; the filler, which comes late, must not bring it back."""
    gone, again = TRACKS[-1], TRACKS[-2]

    def forget(run: RebuildRun) -> None:
        # As if they were copied just now, with nothing left to tell that they were deleted.
        pair = generation(engine.connection.address.name, run.rebuild.number)
        engine.connection.put(f"/{pair.tracks}/_settings", {"index.gc_deletes": "0s"})
        with engine.writer() as writer:
            assert writer.delete([gone.track_id, again.track_id]) == 2
            writer.commit()
            writer.write(documents_of([again], OLD_MODEL))
            writer.commit()
        until = time.monotonic() + 30
        while run.rebuild.engine.documents([gone.track_id])[0] is None:  # the server forgets when it finds the time
            assert time.monotonic() < until
            run.rebuild.writer.write(documents_of([gone, again], NEW_MODEL))
            run.rebuild.writer.commit()

    rebuild(engine, before_check=forget)
    assert engine.documents([gone.track_id]) == (None,)
    assert stored(engine) == by_id(documents_of(TRACKS[:-1], NEW_MODEL))


def test_every_answer_is_of_one_generation(engine: ElasticEngine) -> None:
    plan = Plan(groups=(SAD, PIANO), k=15, outside=5, facets=True)
    kinds = {model.model_id: comparable(expected_answer(documents_of(TRACKS, model), plan)) for model in MODELS}
    assert kinds["tiny"] != kinds["new"]
    stop, seen, failures = threading.Event(), set(), []

    def read() -> None:
        try:
            while not stop.is_set():
                answer = engine.search(plan)
                assert comparable(given_answer(answer)) == kinds[answer.state.model_id]
                seen.add(answer.state)
        except BaseException as error:  # noqa: BLE001 - shown below
            failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        rebuild(engine, batch_size=300)
        engine.generations().roll_back(None, print)
        engine.generations().roll_back(2, print)
        engine.generations().prune(0, print)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failures, failures[0]
    assert len(seen) >= 2
    assert engine.search(plan).state.model_id == "new"


MODELS = (OLD_MODEL, NEW_MODEL)


def comparable(expected: Expected) -> object:
    counts = expected.total, expected.carry_all, expected.carry_some, expected.carry_none
    return expected.hits, expected.outside, counts, expected.facets


def test_a_copy_that_was_altered_is_found_and_the_old_generation_serves(engine: ElasticEngine) -> None:
    def alter(run: RebuildRun) -> None:
        (document,) = run.rebuild.engine.documents([TRACKS[0].track_id])
        assert document is not None
        altered = replace(document, track=replace(document.track, title="Altered"))
        self_written(engine, run, altered)

    with pytest.raises(CheckFailed, match=r"1 of \d+ documents differ .*'t:00000'\. .*--restart.*prune"):
        rebuild(engine, before_check=whole_sample(alter))
    assert engine.state().generation == 0
    assert stored(engine) == by_id(documents_of(TRACKS, OLD_MODEL))
    with pytest.raises(CheckFailed):  # once more, as what was begun is gone on with
        rebuild(engine)
    rebuild(engine, restart=True)
    assert stored(engine) == by_id(documents_of(TRACKS, NEW_MODEL))


def test_features_that_differ_from_what_is_kept_are_found(engine: ElasticEngine) -> None:
    """The document reads as it was written, only searches do not find it so."""

    def alter(run: RebuildRun) -> None:
        pair = generation(engine.connection.address.name, run.rebuild.number)
        (document,) = run.rebuild.engine.documents([TRACKS[0].track_id])
        assert document is not None
        line = operation(TRACKS[0].track_id, document, version_of(run))
        source = orjson.loads(line.source) | {"features": {f"t{tag('elsewhere')}": 1.0}}
        send(engine.connection, pair.tracks, [line._replace(source=orjson.dumps(source) + b"\n")])

    with pytest.raises(CheckFailed, match=r"the search for .* scores 1 tracks wrongly"):
        rebuild(engine, before_check=whole_sample(alter))
    assert stored(engine) == by_id(documents_of(TRACKS, OLD_MODEL))


def test_a_track_that_is_missing_is_found_before_anything_is_switched(engine: ElasticEngine) -> None:
    def lose(run: RebuildRun) -> None:
        run.check()
        pair = generation(engine.connection.address.name, run.rebuild.number)
        send(engine.connection, pair.tracks, [operation(TRACKS[5].track_id, None, version_of(run))])
        run.sample = type(run.sample)()  # the sample would tell it as well

    with pytest.raises(CheckFailed, match=r"1 tracks are missing, such as 't:00005'"):
        rebuild(engine, before_check=lose)
    assert engine.state().generation == 0


def test_one_that_is_missing_is_found_also_where_another_is_too_many(engine: ElasticEngine) -> None:
    def lose(run: RebuildRun) -> None:
        run.check()
        pair = generation(engine.connection.address.name, run.rebuild.number)
        (extra,) = documents_of([make_track(9_000, random.Random(0))], NEW_MODEL)
        version = version_of(run)
        lines = [operation(TRACKS[5].track_id, None, version), operation("t:09000", extra, version)]
        send(engine.connection, pair.tracks, lines)
        run.sample = type(run.sample)()

    with pytest.raises(CheckFailed, match=r"1 .* missing, such as 't:00005'; 1 .* many, such as 't:09000'\."):
        rebuild(engine, before_check=lose)
    assert engine.state().generation == 0


def whole_sample(alter: Callable[[RebuildRun], None]) -> Callable[[RebuildRun], None]:
    """Look at every document: which ones a sample holds is chance."""

    def before_check(run: RebuildRun) -> None:
        run.sample.size = len(TRACKS)
        run.sample.offer(documents_of(TRACKS, NEW_MODEL))
        run.rebuild.show()
        alter(run)

    return before_check


def version_of(run: RebuildRun) -> int:
    version: int = run.rebuild._building.version  # type: ignore[attr-defined]
    return version


def self_written(engine: ElasticEngine, run: RebuildRun, document: Document) -> None:
    """Write behind the rebuild's back, as if it had written so itself."""
    pair = generation(engine.connection.address.name, run.rebuild.number)
    send(engine.connection, pair.tracks, [operation(document.track.track_id, document, version_of(run))])


def test_another_kind_of_rebuild_is_refused_until_the_first_is_cleared(engine: ElasticEngine) -> None:
    class Stopped(Exception):
        pass

    def stop(_run: RebuildRun) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        rebuild(engine, before_check=stop)
    with pytest.raises(GenerationRefused, match=r"begun from the index itself with model new.*--restart"):
        rebuild(engine, model=OLD_MODEL)
    with pytest.raises(GenerationRefused, match="prune-generations"):
        engine.generations().roll_back(None, print)
    assert engine.generations().prune(1, print) == [2]
    # Whoever filled the second may only sleep: its number is never used again.
    with pytest.raises(Stopped):
        rebuild(engine, model=OLD_MODEL, before_check=stop)
    assert [one.number for one in engine.generations().all()] == [1, 3]
    assert rebuild(engine, model=OLD_MODEL, restart=True).number == 4
    assert stored(engine) == by_id(documents_of(TRACKS, OLD_MODEL))


def test_only_one_process_builds(engine: ElasticEngine) -> None:
    order = RebuildOrder((), NEW_MODEL.model_id)
    with engine.generations().rebuild(order, print):
        for act in (
            lambda: engine.generations().rebuild(order, print),
            lambda: engine.generations().rebuild(order, print, restart=True),
            lambda: engine.generations().prune(0, print),
        ):
            with pytest.raises(SearchUnavailable, match="being written by process"):
                act()
    assert [one.role for one in engine.generations().all()] == ["living", "building"]


def test_generations_are_kept_listed_and_pruned(engine: ElasticEngine) -> None:
    assert rebuild(engine).number == 2
    fill(engine, [make_track(9_000, random.Random(0))], NEW_MODEL)
    third = rebuild(engine).number
    listed = engine.generations().all()
    assert [(one.role, one.n_tracks, one.model_id) for one in listed] == [
        ("kept", 600, "tiny"),
        ("kept", 601, "new"),
        ("living", 601, "new"),
    ]
    assert all(one.size > 0 and one.made > 1.7e9 for one in listed)
    with pytest.raises(GenerationRefused, match=f"generation {third} is the one"):
        engine.generations().roll_back(third, print)
    with pytest.raises(GenerationRefused, match=r"no generation 77 .* there are: 1, 2"):
        engine.generations().roll_back(77, print)
    back = engine.generations().roll_back(1, print)
    assert (back.number, back.missing, back.state.n_tracks) == (1, 1, 600)
    with pytest.raises(GenerationRefused, match="no generation older than 1"):
        engine.generations().roll_back(None, print)
    # The one that was searched last is the one to keep.
    assert engine.generations().prune(1, print) == [2]
    assert engine.generations().roll_back(third, print).state.n_tracks == 601
    assert engine.generations().prune(0, print) == [1]
    assert engine.generations().prune(0, print) == []
    assert engine.state().n_tracks == 601


def test_nobody_begins_to_write_to_a_generation_that_was_left(engine: ElasticEngine) -> None:
    """A server that lags may still say that it lives."""

    def left() -> list[bool]:
        return [one.record.left for one in engine.generations()._find() if one.record]

    rebuild(engine)
    assert left() == [True, False]
    engine.generations().roll_back(None, print)
    assert left() == [False, True]
    fill(engine, [make_track(9_000, random.Random(0))], OLD_MODEL)
    engine.generations().roll_back(2, print)
    assert left() == [True, False]
    rebuild(engine)
    assert left() == [True, True, False]


@pytest.mark.parametrize("tries", [1, 2])
def test_what_a_roll_back_leaves_behind_is_said_also_after_one_that_died(
    engine: ElasticEngine, monkeypatch: pytest.MonkeyPatch, tries: int
) -> None:
    rebuild(engine)
    for number in range(3):
        fill(engine, [make_track(9_000 + number, random.Random(0))], NEW_MODEL)

    def die(*_arguments: object, **_more: object) -> None:
        raise SearchUnavailable("the server is away")

    with monkeypatch.context() as patch:
        patch.setattr(generations_module, "make_live", die)
        for _ in range(tries):
            with pytest.raises(SearchUnavailable, match="is away"):
                engine.generations().roll_back(None, print)
    fill(engine, [make_track(9_003, random.Random(0))], NEW_MODEL)
    assert engine.generations().roll_back(None, print).missing == 4
    fill(engine, [make_track(9_004, random.Random(0))], OLD_MODEL)
    assert engine.generations().roll_back(2, print).missing == 1
    assert engine.generations().roll_back(1, print).missing == 0


def test_a_generation_that_is_pruned_before_it_is_begun_is_said(
    engine: ElasticEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ElasticGenerations._create

    def create(generations: ElasticGenerations, order: RebuildOrder) -> Generation:
        pair = real(generations, order)
        assert engine.generations().prune(1, print) == [pair.number]
        return pair

    with monkeypatch.context() as patch:
        patch.setattr(ElasticGenerations, "_create", create)
        with pytest.raises(GenerationRefused, match=r"generation 2 was removed before it was begun.* run this again"):
            rebuild(engine)
    rebuild(engine)
    assert stored(engine) == by_id(documents_of(TRACKS, NEW_MODEL))


def test_writers_that_wait_find_the_generation_that_lives_then(
    engine: ElasticEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = make_track(9_001, random.Random(1))
    waits = threading.Event()

    def write() -> None:
        with suppress(IndexBusy):  # it has to wait, as the switch is being made
            engine.writer()
            return
        waits.set()
        fill(engine, [late], NEW_MODEL)

    thread = threading.Thread(target=write)
    real = rebuilding.make_live

    def switch(*arguments: Any, **more: Any) -> None:
        thread.start()
        assert waits.wait(30)
        real(*arguments, **more)

    monkeypatch.setattr(rebuilding, "make_live", switch)
    rebuild(engine)
    thread.join()
    assert engine.documents([late.track_id]) == tuple(documents_of([late], NEW_MODEL))
