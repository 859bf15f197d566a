"""Suggestions with an index: counts, words nobody uses, reach, and many tracks at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from search.embedded import EmbeddedEngine
from search.engine import SearchEngine
from search.enrichment import Enricher
from search.reach_computing import update_reach
from search.result import SuggestResult, UnusedTag, UsedWord
from search.searcher import Searcher
from search.suggesting import Suggester
from search.typed_tags import MAX_LOOKED_UP
from tagmodel.model import TagModel, load_model
from tagmodel.track import Track
from tests.search.worlds import SmallModel, searching

CATALOGUE = (
    ("indian", "drone", "zeuhl"),
    ("indian", "sitar"),
    ("indian", "drone"),
    ("piano", "slow"),
    ("piano", "jazz", "slow"),
    ("piano", "jazz"),
    ("piano", "jazz"),
    ("piano", "jazz", "zeuhl"),
    ("jazz", "piano", "saxophone"),
)


@pytest.fixture(scope="module")
def model() -> TagModel:
    return load_model()


@pytest.fixture(scope="module")
def engine(model: TagModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchEngine]:
    engine = EmbeddedEngine.open(tmp_path_factory.mktemp("suggesting") / "index", create=True)
    enricher = Enricher(model)
    tracks = [Track(f"t:{number}", title="T", tags=tags) for number, tags in enumerate(CATALOGUE)]
    with engine.writer() as writer:
        writer.write(enricher.enrich(tracks))
        writer.name_tags(enricher.take_names())
        writer.commit()
        update_reach(engine, writer, model, lambda _n: None)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def searcher(engine: SearchEngine, model: TagModel) -> Searcher:
    return Searcher(engine, model)


def instead(result: SuggestResult) -> dict[str, list[tuple[str, int]]]:
    return {tag.typed: [(word.spelling, word.n_tracks) for word in tag.instead] for tag in result.unused}


def test_typed_tags_have_their_counts_the_catalogues_own_too(searcher: Searcher) -> None:
    result = searcher.suggest(["Sitars", "ZEUHL", "tabla", "wibblewobble"])
    assert [(tag.spelling, tag.known, tag.n_tracks) for tag in result.typed] == [
        ("sitar", True, 1), ("zeuhl", False, 2), ("tabla", True, 0), ("wibblewobble", False, 0),
    ]  # fmt: skip


def test_a_tag_that_nobody_uses_is_said_with_its_nearest_kin_that_people_use(searcher: Searcher) -> None:
    assert instead(searcher.suggest(["tabla", "jazz"])) == {"tabla": [("indian", 3), ("sitar", 1)]}


def test_words_that_were_typed_already_are_not_offered_instead(searcher: Searcher) -> None:
    assert instead(searcher.suggest(["tabla", "indian"])) == {"tabla": [("sitar", 1)]}


def test_a_slip_is_offered_what_people_use_by_spelling(searcher: Searcher) -> None:
    result = searcher.suggest(["pianoo", "zeul"])
    assert instead(result) == {"pianoo": [("piano", 6)], "zeul": [("zeuhl", 2)]}
    assert result.offers["pianoo"][0] == "piano"


def test_a_word_that_only_the_catalogue_knows_is_used_and_needs_no_offer(searcher: Searcher) -> None:
    result = searcher.suggest(["zeuhl"])
    assert (result.unused, result.unknown, result.offers) == ((), ("zeuhl",), {"zeuhl": ()})


def test_a_table_of_nonsense_is_answered_but_not_helped_with_every_word(searcher: Searcher) -> None:
    slips = [f"pianoo{number:03}" for number in range(MAX_LOOKED_UP + 1)]
    *first, last = searcher.suggest_batch([(slip,) for slip in slips])
    assert all(result.offers[slip] for slip, result in zip(slips, first, strict=False))
    assert last.offers == {slips[-1]: ()}
    assert last.unused == (UnusedTag(slips[-1], ()),)


def test_a_tag_typed_twice_is_unused_once(searcher: Searcher) -> None:
    assert searcher.suggest(["tabla", "Tablas"]).unused == (
        UnusedTag("tabla", (UsedWord("indian", 3), UsedWord("sitar", 1))),
    )


def test_in_an_empty_index_nothing_is_said_to_be_unused() -> None:
    with searching([], SmallModel()) as searcher:
        assert searcher.suggest(["jazz", "xyzzy"]).unused == ()


def test_without_an_index_the_model_alone_answers(model: TagModel, searcher: Searcher) -> None:
    alone, with_index = Suggester(model).suggest(["sitar"], 5), searcher.suggest(["sitar"], 5)
    assert [one.probability for one in alone.suggestions] == [one.probability for one in with_index.suggestions]
    assert {one.n_tracks for one in alone.suggestions} == {one.reach for one in alone.suggestions} == {None}
    assert (alone.reached, alone.unused, alone.typed[0].n_tracks) == (None, (), None)


def test_an_index_that_is_away_is_as_good_as_none(model: TagModel, tmp_path: Path) -> None:
    engine = EmbeddedEngine.open(tmp_path / "index", create=True)
    searcher = Searcher(engine, model)
    engine.close()
    assert searcher.suggest(["sitar"]) == Suggester(model).suggest(["sitar"])


def test_reach_says_what_a_tag_more_would_bring(searcher: Searcher) -> None:
    # With hardly any tracks every search that it reaches shows it: "slow", "piano slow" and the like.
    result = searcher.suggest(["sitar"], 100)
    assert result.reached
    brought = {one.spelling: one.reach.searches for one in result.suggestions if one.reach is not None}
    assert len(brought) == 100
    assert max(brought.values()) > 0


def test_many_tracks_at_once_get_what_each_gets_alone(searcher: Searcher) -> None:
    rows = [
        ["sitar", "tabla"], [], ["wibblewobble"], ["jazz", "Jazz", "no jazz"], ["zeuhl", "pianoo"], ["!!"],
    ] * 30  # fmt: skip
    assert searcher.suggest_batch(rows, 7) == tuple(searcher.suggest(row, 7) for row in rows)
    assert searcher.suggest_batch([], 7) == ()


def test_what_was_heard_comes_into_the_same_list_with_its_own_reason(searcher: Searcher) -> None:
    alone = {one.spelling: one for one in searcher.suggest(["piano"], 50).suggestions}
    result = searcher.suggest(["piano"], 50, {"Jazz": 0.9, "Basque Pipes": 0.4})
    together = {one.spelling: one for one in result.suggestions}
    assert together["jazz"].probability > alone["jazz"].probability
    assert (together["jazz"].heard, [one.spelling for one in together["jazz"].reasons]) == (0.9, ["piano"])
    assert (together["Basque Pipes"].probability, together["Basque Pipes"].n_tracks) == (0.4, 0)
    assert together["slow"].heard is None


def test_a_batch_may_have_been_heard_in_part(searcher: Searcher) -> None:
    batch = searcher.suggest_batch([["piano"], ["sitar"]], 5, [{}, {"indian": 0.99}])
    assert batch == (searcher.suggest(["piano"], 5), searcher.suggest(["sitar"], 5, {"indian": 0.99}))
    assert all(one.heard is None for one in batch[0].suggestions)
