"""Tracks by their names, as people remember and mistype them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from search.embedded import EmbeddedEngine
from search.engine import SearchEngine
from search.track_names import OFFERED, tracks_named
from tests.search.engine_contract import document, fill

CATALOGUE = (
    document("t:1", title="Empty House", artist="Ehren Starks"),
    document("t:2", title="Song for Two", artist="Jami Sieber"),
    document("t:3", title="Raga", artist="Anoushka"),
    document("t:4", title="Morning Raga", artist="Anoushka"),
    document("t:5", title="Warehouse", artist="Kokoon"),
    document("t:6", title="Rain", artist="Kokoon"),
    document("t:7", title="Rain", artist="Long Tones"),
    document("t:8", title="Ágætis byrjun", artist="Sigur Rós"),
    document("t:9", title="House of Rain", artist="The Empty"),
    *(document(f"u:{n:02}", title=f"Étude {n}", artist="The Pair") for n in range(12)),
)


Named = Callable[[str], list[str]]


def naming(engine: SearchEngine) -> Named:
    return lambda text: [track.track_id for track in tracks_named(engine, text)]


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Named]:
    engine = EmbeddedEngine.open(tmp_path_factory.mktemp("names") / "index", create=True)
    fill(engine, *CATALOGUE)
    yield naming(engine)
    engine.close()


def test_every_engine_knows_the_same_names(engine: SearchEngine, named: Named) -> None:
    fill(engine, *CATALOGUE)
    for text in ("rain", "the pair", "ehrn stark", "morning rain", "zzyzx"):
        assert naming(engine)(text) == named(text)


@pytest.mark.parametrize(
    ("text", "track_id"),
    [
        ("Empty House", "t:1"),
        ("ehren starks empty house", "t:1"),
        ("Empty House - Ehren Starks", "t:1"),
        ("song two", "t:2"),
        ("sieber", "t:2"),
        ("RAGA", "t:3"),
        ("anoushka morning raga", "t:4"),
        ("rain kokoon", "t:6"),
        ("Agaetis Byrjun", "t:8"),
        ("etude 7", "u:07"),
    ],
)
def test_a_name_in_any_order_and_spelling_is_found(named: Named, text: str, track_id: str) -> None:
    assert named(text) == [track_id]


@pytest.mark.parametrize(
    ("text", "track_id"),
    [("Empty Huose", "t:1"), ("warehuose", "t:5"), ("Warehose", "t:5"), ("ehrn stark", "t:1"), ("jami siebr", "t:2"),
     ("morning rain", "t:4")],
)  # fmt: skip
def test_slips_are_mended(named: Named, text: str, track_id: str) -> None:
    assert named(text)[:1] == [track_id]


def test_where_several_may_be_meant_they_are_offered_likeliest_first(named: Named) -> None:
    assert named("rain") == ["t:6", "t:7", "t:9"]
    assert len(named("the pair")) == OFFERED


def test_what_nobody_is_called_finds_nothing(named: Named) -> None:
    for text in ("zzyzx", "", "!!!", "xy", "zzyzx qqwerty"):
        assert named(text) == []
