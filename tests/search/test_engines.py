from __future__ import annotations

import re
import sys
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


def test_a_server_without_its_scheme_is_no_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for address in ("127.0.0.1:9200", "es1:9200/music"):
        with pytest.raises(SearchUnavailable, match=f"Did you mean http://{re.escape(address)}"):
            open_engine(address, create=True)
    open_engine("./es1:9200", create=True).close()
    open_engine("es1:9200").close()


def test_without_the_client_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "elasticsearch", None)
    with pytest.raises(SearchUnavailable, match=r"pip install 'tagkin\[elasticsearch\]'"):
        open_engine("http://127.0.0.1:9200")


def test_an_empty_address_is_refused() -> None:
    with pytest.raises(SearchUnavailable, match="got nothing"):
        open_engine("")
