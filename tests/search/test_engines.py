from __future__ import annotations

import re
from pathlib import Path

import pytest

from search.embedded import EmbeddedEngine
from search.engine import SearchUnavailable
from search.engines import open_engine


def test_a_directory_opens_the_embedded_engine(tmp_path: Path) -> None:
    engine = open_engine(str(tmp_path / "made" / "below"), create=True)
    assert isinstance(engine, EmbeddedEngine)
    engine.close()


@pytest.mark.parametrize("address", ["ftp://localhost:9200", "es+http://x"])
def test_other_engines_are_refused_by_name(address: str) -> None:
    with pytest.raises(SearchUnavailable, match=rf"expected a directory.* got '{re.escape(address)}'"):
        open_engine(address, create=True)


def test_an_empty_address_is_refused() -> None:
    with pytest.raises(SearchUnavailable, match="got nothing"):
        open_engine("")
