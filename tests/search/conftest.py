"""Fixtures of the search tests: every test that takes `engine` runs once for each engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from search.engine import SearchEngine
from search.engines import open_engine
from tests.search.engine_contract import FACTORIES


@pytest.fixture(params=FACTORIES, ids=lambda factory: factory.__name__.removesuffix("_address"))
def new_address(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    return lambda: request.param(tmp_path)


@pytest.fixture
def address(new_address: Callable[[], str]) -> str:
    return new_address()


@pytest.fixture
def engine(address: str) -> Iterator[SearchEngine]:
    engine = open_engine(address, create=True)
    yield engine
    engine.close()
