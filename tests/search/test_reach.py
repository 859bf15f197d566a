"""Reach is what real searches do: brute force indexes the track and searches for every probe."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings

from search.embedded import EmbeddedEngine
from search.engine import SearchEngine, SearchUnavailable
from search.reach import Gains, ReachTable, read_reach
from search.reach_computing import compute_reach, update_reach
from search.reach_probes import LEAST_SUPPORT, MOST_PAIRS, Probe, choose_probes
from search.reach_record import REACH, BadReach, ReachRecord
from search.result import Reach
from search.searcher import Searcher, UnknownTrack
from tagmodel.model import TagModel
from tests.search.engine_contract import document, fill
from tests.search.reach_worlds import (
    ALL_TAGS,
    ReachModel,
    World,
    probe_texts,
    ranks,
    reached,
    worlds,
)
from tests.search.small_catalogue import an_id
from tests.search.worlds import VOCABULARY

# Behind all others at the same score, as the reach has it.
LAST = "zzz"
JAZZ, ROCK, PIANO, FAST, SLOW = map(an_id, ("jazz", "rock", "piano", "fast", "slow"))


def gained(searcher: Searcher, record: ReachRecord, world: World, added: tuple[str, ...]) -> tuple[int, int]:
    """Index the track for real and search for every probe; how many show it, and their uses."""
    typed = list(dict.fromkeys((*world.typed, *added)))
    with searcher.engine.writer() as writer:
        writer.write([world.model.enriched(LAST, "Title", typed)])
        writer.commit()
    shown = [uses for text, tags, uses in probe_texts(searcher, record) if LAST in ranks(searcher, text, tags)[0]]
    return len(shown), sum(shown)


@given(worlds(all_titled=True))
@settings(max_examples=20, deadline=None)
def test_reach_is_how_many_more_searches_show_the_track(world: World) -> None:
    added = ALL_TAGS[:3]
    with reached(world) as (searcher, record):
        table = searcher.reach().table
        assert table is not None
        (gains,) = table.gains(cast(TagModel, world.model), [(world.typed, added)])
        before, used = gained(searcher, record, world, ())
        after = [gained(searcher, record, world, (tag,)) for tag in added]
    whole = max(int(record.arrays.uses.sum()), 1)
    assert gains == Gains(before, tuple(Reach(n - before, 1000 * (uses - used) / whole) for n, uses in after))


@given(worlds(all_titled=False))
@settings(max_examples=20, deadline=None)
def test_a_track_is_found_by_the_searches_that_show_it_with_their_ranks(world: World) -> None:
    with reached(world) as (searcher, record):
        found = {doc.track.track_id: searcher.found_by(doc.track.track_id, k=1_000) for doc in world.documents}
        probes = [(text, uses, *ranks(searcher, text, tags)) for text, tags, uses in probe_texts(searcher, record)]
    for track_id, by in found.items():
        assert [one.uses for one in by] == sorted((one.uses for one in by), reverse=True)
        expected = {(text, shown[track_id], n, uses) for text, uses, shown, n in probes if track_id in shown}
        assert {(one.query, one.rank, one.total, one.uses) for one in by} == expected
        assert len(by) == len(expected)


class TestProbes:
    def test_they_are_all_tags_and_the_pairs_that_enough_tracks_carry(self) -> None:
        typed = [(JAZZ, ROCK)] * LEAST_SUPPORT + [(JAZZ, PIANO)] * (LEAST_SUPPORT - 1) + [(PIANO, ROCK)] * 9
        counts = {JAZZ: 9, ROCK: 14, PIANO: 13, an_id("zeuhl"): 1}
        probes = choose_probes(counts, typed, VOCABULARY)
        assert set(probes[:4]) == {Probe((tag,), n) for tag, n in counts.items()}
        assert probes[4:] == (Probe(tuple(sorted((PIANO, ROCK))), 9), Probe(tuple(sorted((JAZZ, ROCK))), LEAST_SUPPORT))

    def test_nobody_searches_for_what_cannot_be(self) -> None:
        probes = choose_probes({FAST: 9, SLOW: 9}, [(FAST, SLOW)] * 9, VOCABULARY)
        assert [probe.tags for probe in probes] == sorted([(FAST,), (SLOW,)])

    def test_the_most_used_pairs_are_kept(self) -> None:
        n = 150  # 11,175 pairs
        tags = [f"tag{number:03}" for number in range(n)]
        typed = [tuple(tags)] * LEAST_SUPPORT + [tuple(tags[:50])]
        probes = choose_probes(dict.fromkeys(tags, LEAST_SUPPORT), typed, VOCABULARY)
        assert len(probes) == n + MOST_PAIRS
        assert [probe.uses for probe in probes[n : n + 1_226]] == [6] * 1_225 + [5]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[SearchEngine]:
    engine = EmbeddedEngine.open(tmp_path / "index", create=True)
    yield engine
    engine.close()


MODEL = cast(TagModel, ReachModel())
OTHER_MODEL = cast(TagModel, ReachModel(model_id="other"))


def update(engine: SearchEngine, model: TagModel = MODEL) -> int | None:
    with engine.writer() as writer:
        return update_reach(engine, writer, model, lambda _n: None)


class TestStored:
    def test_an_index_without_reach_says_how_to_get_it(self, engine: SearchEngine) -> None:
        reading = read_reach(engine, MODEL)
        assert reading.table is None
        assert "tagkin index --reach" in reading.why

    def test_it_is_computed_once_for_each_state_of_an_index(self, engine: SearchEngine) -> None:
        fill(engine, document("a", JAZZ, ROCK))
        assert (update(engine), update(engine)) == (2, None)
        with engine.writer() as writer:
            writer.compact()
        assert update(engine) is None
        fill(engine, document("b", PIANO))
        assert update(engine) == 3

    def test_reach_of_another_model_is_refused_and_computed_anew(self, engine: SearchEngine) -> None:
        fill(engine, document("a", JAZZ))
        update(engine)
        reading = read_reach(engine, OTHER_MODEL)
        assert reading.table is None
        assert "model small, not by other" in reading.why
        assert update(engine, OTHER_MODEL) == 1
        assert read_reach(engine, OTHER_MODEL).table is not None

    def test_writes_since_are_counted(self, engine: SearchEngine) -> None:
        fill(engine, document("a", JAZZ))
        update(engine)
        searcher = Searcher(engine, MODEL)
        seen = [searcher.reach()]
        for track_id in ("b", "c"):
            fill(engine, document(track_id, ROCK))
            seen.append(searcher.reach())
        assert [reading.writes_since for reading in seen] == [0, 1, 2]
        assert len({id(reading.table) for reading in seen}) == 1
        update(engine)
        assert searcher.reach().writes_since == 0
        assert searcher.reach().table is not seen[0].table

    def test_a_new_reach_is_seen_by_searchers_that_are_there(self, engine: SearchEngine) -> None:
        fill(engine, document("a", JAZZ))
        searcher = Searcher(engine, MODEL)
        assert searcher.suggest(["jazz"]).reached is None
        assert searcher.found_by("a") == ()
        update(engine)
        assert searcher.suggest(["jazz"]).reached == 1
        assert [(one.query, one.rank, one.total, one.uses) for one in searcher.found_by("a")] == [("jazz", 1, 1, 1)]

    def test_an_empty_index_has_no_searches(self, engine: SearchEngine) -> None:
        assert update(engine) == 0
        assert Searcher(engine, MODEL).suggest(["jazz"]).reached == 0

    def test_a_track_without_tags_is_found_by_none(self, engine: SearchEngine) -> None:
        fill(engine, document("a"), document("b", JAZZ))
        update(engine)
        assert Searcher(engine, MODEL).found_by("a") == ()

    def test_an_unknown_track_is_an_error(self, engine: SearchEngine) -> None:
        with pytest.raises(UnknownTrack, match="'x'"):
            Searcher(engine, MODEL).found_by("x")

    def test_stopping_while_it_is_computed_leaves_the_index_as_it_was(self, engine: SearchEngine) -> None:
        fill(engine, document("a", JAZZ))
        update(engine)
        fill(engine, document("b", JAZZ))
        before, data = engine.state(), engine.attachment(REACH)

        def stop(_n: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt), engine.writer() as writer:
            update_reach(engine, writer, MODEL, stop)
        assert (engine.state(), engine.attachment(REACH)) == (before, data)

    def test_an_index_that_is_away_is_said(self, engine: SearchEngine) -> None:
        searcher = Searcher(engine, MODEL)
        engine.close()
        with pytest.raises(SearchUnavailable):
            searcher.reach()
        assert searcher.suggest(["jazz"]).reached is None


class TestRecord:
    @pytest.fixture
    def record(self, engine: SearchEngine) -> ReachRecord:
        fill(engine, *(document(f"t:{n}", JAZZ, ROCK, title="" if n % 2 else "T") for n in range(30)))
        return compute_reach(engine, MODEL)

    def test_it_comes_back_as_it_was_stored(self, record: ReachRecord) -> None:
        again = ReachRecord.from_bytes(record.to_bytes())
        assert (again.origin, again.tags, again.last_ids) == (record.origin, record.tags, record.last_ids)
        for name in record.arrays.__dataclass_fields__:
            one, other = getattr(again.arrays, name), getattr(record.arrays, name)
            np.testing.assert_array_equal(one, other)
            assert one.dtype == other.dtype

    @pytest.mark.parametrize("keep", [0, 1, 40, 0.5, -1])
    def test_bytes_that_are_cut_off_are_refused(self, record: ReachRecord, keep: float) -> None:
        data = record.to_bytes()
        end = int(keep * len(data)) if isinstance(keep, float) else keep
        with pytest.raises(BadReach, match="cannot be read"):
            ReachRecord.from_bytes(data[:end])

    def test_another_format_is_refused(self, record: ReachRecord) -> None:
        later = replace(record, origin=replace(record.origin, format=99))
        with pytest.raises(BadReach, match="99"):
            ReachRecord.from_bytes(later.to_bytes())

    def test_another_dial_is_refused(self, record: ReachRecord, engine: SearchEngine) -> None:
        with engine.writer() as writer:
            writer.attach(REACH, replace(record, origin=replace(record.origin, drift=0.5)).to_bytes())
            writer.commit()
        assert "another version" in read_reach(engine, MODEL).why

    def test_many_threads_ask_one_table(self, record: ReachRecord) -> None:
        table = ReachTable(record)
        tracks = [((JAZZ,), (ROCK, PIANO)), ((), (JAZZ,))] * 50
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _n: table.gains(MODEL, tracks), range(16)))
        assert answers == [answers[0]] * 16
        assert answers[0][:2] == tuple(ReachTable(record).gains(MODEL, [track])[0] for track in tracks[:2])
