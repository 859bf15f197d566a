"""`similar` of the API, over tracks that sound alike in blocks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from search.embedded import EmbeddedEngine
from search.searcher import Searcher
from tagmodel.model import load_model
from tests.search.engine_contract import fill
from tests.search.sound_blocks import CATALOGUE
from tests.web.api.conftest import Api
from web.app import create_app


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Api]:
    engine = EmbeddedEngine.open(tmp_path / "index", create=True)
    fill(engine, *CATALOGUE)
    yield Api(create_app(Searcher(engine, load_model())).test_client())
    engine.close()


def ids(answer: dict) -> list[str]:
    return [hit["track"]["track_id"] for hit in answer["hits"]]


def test_a_hit_says_how_near_it_sounds_where_most_and_which_tags_it_shares(ask: Api) -> None:
    answer = ask("similar", id="calm:1", k="2")
    assert (answer["by"], answer["mix"], answer["same"], answer["by_moment"]) == ("sound", 0, [], False)
    others = [one for one in CATALOGUE if one.track.track_id != "calm:1"]
    assert answer["n_compared"] == sum(one.sound is not None for one in others)
    assert answer["references"] == [{"name": "Calm 1", "track_id": "calm:1", "like": True}]
    first, second = answer["hits"]
    assert (first["track"]["track_id"], second["track"]["track_id"]) == ("calm:2", "calm:3")
    assert first["score"] == first["sound_amount"] == pytest.approx((1 + first["similarity"]) / 2, abs=1e-5)
    assert first["moment"]["start"] == 0
    assert [(tag["spelling"], tag["family"]) for tag in first["shared"]] == [("piano", "heard")]


def test_likes_and_unlikes_may_be_repeated_and_tags_mixed_in(ask: Api) -> None:
    away = ask("similar", id="calm:2", like=["loud:1"], unlike=["calm:1", "calm:3"])
    assert ids(away)[0] == "loud:2"
    assert [one["like"] for one in away["references"]] == [True, True, False, False]
    mixed = ask("similar", id="loud:2", mix="0.75")
    assert mixed["by"] == "both"
    assert any(hit["contributions"] for hit in mixed["hits"])
    assert ask("similar", id="loud:2", by="both")["mix"] == 0.5
    assert ids(ask("similar", id="calm:1", q="genre:jazz")) == ["calm:3"]
    assert ask("similar", id="silent:1")["by"] == "tags"


@pytest.mark.parametrize(
    ("asked", "kind", "parameter", "said"),
    [
        ({"id": "calm:1", "by": "smell"}, "bad-parameter", "by", "one of sound, both, tags"),
        ({"id": "calm:1", "by": "tags", "mix": "0.5"}, "bad-parameter", "mix", "by=both is mix=0.5"),
        ({"id": "silent:1", "by": "sound"}, "bad-parameter", "by", "nobody has listened to Silent"),
        ({"id": "calm:1", "by": "tags", "unlike": "loud:1"}, "bad-parameter", "by", "left out with -tag"),
        ({"id": "calm:1", "like": "nope"}, "unknown-track", "like", "no track 'nope'"),
        ({"id": "calm:1", "unlike": ["x"] * 9}, "bad-parameter", "unlike", "at most 8 values"),
        ({"id": "calm:1", "q": "(jazz"}, "bad-query", "q", "closing parenthesis"),
        ({"id": "calm:1", "q": "zzyzx"}, "bad-query", "q", "which nobody uses"),
        ({"id": "calm:1", "mix": "2"}, "bad-parameter", "mix", "from 0 to 1"),
    ],
)
def test_what_cannot_be_asked_is_refused(ask: Api, asked: dict, kind: str, parameter: str, said: str) -> None:
    problem = ask.problem("similar", **asked)
    assert problem["type"].endswith(f"#{kind}")
    assert problem["parameter"] == parameter
    assert said in problem["detail"]
