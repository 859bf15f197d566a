from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from search.engine import SearchUnavailable
from search.result import SearchRequest
from web.app import create_app
from web.running.keeping import SearcherKeeper


@pytest.fixture
def place(tmp_path: Path, index_directory: Path) -> Path:
    shutil.copytree(index_directory, tmp_path / "index")
    return tmp_path / "index"


@pytest.fixture
def keeper(place: Path, model):
    keeper = SearcherKeeper(str(place), model)
    yield keeper
    keeper.close()


def total(keeper: SearcherKeeper) -> int:
    return keeper.current().search(SearchRequest("")).total


def eventually(what: Callable[[], object], wanted: object, seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while what() != wanted:
        assert time.monotonic() < until, what()
        time.sleep(0.02)


def is_away(keeper: SearcherKeeper) -> bool:
    try:
        total(keeper)
    except SearchUnavailable:
        return True
    return False


def test_one_searcher_serves_as_long_as_the_index_is_the_same(keeper, place: Path) -> None:
    first = keeper.current()
    time.sleep(0.3)
    assert keeper.current() is first
    with first.engine.writer() as writer:
        writer.delete(["fma:7"])
        writer.compact()
    time.sleep(0.3)
    assert keeper.current() is first
    assert total(keeper) == 53


def test_an_index_that_goes_away_is_said_and_used_again_when_it_is_back(keeper, place: Path, caplog) -> None:
    assert total(keeper) == 54
    place.rename(place.with_name("elsewhere"))
    eventually(lambda: is_away(keeper), True)
    with pytest.raises(SearchUnavailable, match="the index is away"):
        total(keeper)
    assert caplog.text.count("no index at") == 1
    place.with_name("elsewhere").rename(place)
    eventually(lambda: is_away(keeper), False)
    assert total(keeper) == 54


def test_another_index_in_the_same_place_is_another_index(keeper, place: Path, model) -> None:
    before = keeper.current()
    assert total(keeper) == 54
    other = place.with_name("other")
    shutil.copytree(place, other)
    second = SearcherKeeper(str(other), model)
    with second.current().engine.writer() as writer:
        writer.delete(["fma:7", "fma:8"])
        writer.commit()
    second.close()
    place.rename(place.with_name("old"))
    other.rename(place)
    eventually(lambda: keeper.current() is before, False)
    assert total(keeper) == 52
    assert before.search(SearchRequest("")).total == 54  # a search that began before ends in what it began in


def test_a_keeper_begins_without_an_index(tmp_path: Path, index_directory: Path, model) -> None:
    keeper = SearcherKeeper(str(tmp_path / "later"), model)
    keeper.warm_up()
    client = create_app(keeper.current).test_client()
    assert client.get("/readyz").status_code == 503
    assert client.get("/search?q=sad").status_code == 503
    assert client.get("/suggest?tags=sitar").status_code == 200
    shutil.copytree(index_directory, tmp_path / "later")
    eventually(lambda: client.get("/readyz").status_code, 200)
    assert client.get("/search?q=sad").status_code == 200
    keeper.close()
