"""Fixtures of the search tests: every test that takes `engine` runs once for each engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from search.engine import SearchEngine
from search.engines import open_engine
from tests.search.engine_contract import ROWS, Addresses, row_name


@pytest.fixture(params=ROWS, ids=row_name)
def new_address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Addresses]:
    addresses = Addresses(request.param, request.param.prepare(request, tmp_path))
    yield addresses
    addresses.clear()


@pytest.fixture
def address(new_address: Addresses) -> str:
    return new_address()


@pytest.fixture
def engine(address: str) -> Iterator[SearchEngine]:
    engine = open_engine(address, create=True)
    yield engine
    engine.close()
