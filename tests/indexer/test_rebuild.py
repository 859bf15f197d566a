"""A rebuild beside everything else: nothing is lost, nothing comes back, and no search sees half of it."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count

import orjson
import pytest

from indexer.rebuilding import RebuildRun, SampledEnricher
from indexer.reexpansion import reexpand_index
from search.document import Document, Family
from search.elastic.differing import send
from search.elastic.engine import ElasticEngine
from search.elastic.mapping import generation
from search.elastic.writer import operation
from search.engine import SearchUnavailable
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
    make_track,
    rebuild,
    stored,
    writing,
)
from tests.indexer.tiny_model import TinyModel, tag
from tests.search.engine_contract import remove_indices
from tests.search.oracle import Expected, expected_answer, given_answer
from tests.servers.node import Node

pytestmark = pytest.mark.slow

_numbers = count()
OLD_MODEL = TinyModel()
TRACKS = [make_track(number, random.Random(number)) for number in range(600)]
SAD = Group((Clause(tag("sad"), (Term(tag("sad"), Family.TYPED, 1.0), Term(tag("sad"), Family.IMPLIED, 0.25))),))
PIANO = Group((Clause(tag("piano"), (Term(tag("piano"), Family.TYPED, 1.0), Term(tag("piano"), Family.IMPLIED, 0.5))),))


@pytest.fixture
def address(elasticsearch_9: Node) -> Iterator[str]:
    made = f"{elasticsearch_9.url}/rebuild-{os.getpid()}-{next(_numbers)}"
    yield made
    remove_indices(made)


@pytest.fixture
def engine(address: str) -> Iterator[ElasticEngine]:
    opened = ElasticEngine.open(address, create=True)
    fill(opened, TRACKS, OLD_MODEL)
    yield opened
    opened.close()


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

    with pytest.raises(CheckFailed, match=r"1 of \d+ documents differ .*'t:00000'"):
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
        run.enricher.sample = type(run.sample)()  # the sample would tell it as well

    with pytest.raises(CheckFailed, match=r"1 tracks are missing, such as 't:00005'"):
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
    assert rebuild(engine, model=OLD_MODEL).number == 2


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


def test_writers_that_wait_find_the_generation_that_lives_then(engine: ElasticEngine) -> None:
    late = make_track(9_001, random.Random(1))
    with engine.generations().rebuild(RebuildOrder((), "new"), print) as begun:
        run = RebuildRun(begun, SampledEnricher(NEW_MODEL), Journal())  # type: ignore[arg-type]
        run.fill()
        run.check()
        thread = threading.Thread(target=fill, args=(engine, [late], NEW_MODEL))
        blocker = engine.writer()
        thread.start()
        blocker.__exit__(None, None, None)
        run.go_live()
        thread.join()
    assert engine.documents([late.track_id]) == tuple(documents_of([late], NEW_MODEL))

