"""The page of an index that is away comes back by itself, and disturbs nobody."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import request
from werkzeug.serving import make_server

from search.embedded import EmbeddedEngine
from search.searcher import Searcher
from search.writing import put_track
from tagmodel.model import load_model
from tagmodel.track import Track
from web.app import create_app
from web.running.keeping import AwayEngine

NOTE = "#again"
HEADING = "The index cannot answer now"


@dataclass
class Site:
    """A server whose index a test takes away."""

    address: str
    there: Searcher
    away: Searcher
    is_there: bool = False
    asked: int = 0

    def searcher(self) -> Searcher:
        return self.there if self.is_there else self.away


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    engine = EmbeddedEngine.open(tmp_path / "index", create=True)
    model = load_model()
    put_track(engine, model, Track("x:1", "Night Raga", tags=("sitar",)))
    site = Site("", Searcher(engine, model), Searcher(AwayEngine("the search server cannot be reached"), model))
    app = create_app(site.searcher)

    @app.before_request
    def count() -> None:
        site.asked += request.path == "/search"

    server = make_server("127.0.0.1", 0, app, threaded=True)
    site.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()
    engine.close()


@pytest.fixture
def tab(browser: Any, site: Site) -> Iterator[Any]:
    context = browser.new_context(base_url=site.address)
    tab = context.new_page()
    tab.clock.install()
    answer = tab.goto("/search?q=sitar")
    assert answer.status == 503
    assert tab.get_by_text("The search server cannot be reached.").is_visible()
    tab.locator(NOTE, has_text="by itself").wait_for()
    yield tab
    context.close()


def test_the_page_comes_back_with_the_index(tab, site: Site) -> None:
    site.is_there = True
    tab.clock.run_for(6_000)
    tab.get_by_role("link", name="Night Raga").first.wait_for()
    assert tab.url.endswith("/search?q=sitar")


def test_it_asks_less_and_less_often(tab, site: Site) -> None:
    for _ in range(120):
        tab.clock.run_for(5_000)
        tab.wait_for_timeout(5)
    # Every 5 s would be 120 times in these 10 minutes.
    assert 8 <= site.asked <= 20
    assert tab.get_by_role("heading", name=HEADING).is_visible()


def test_nobody_is_reloaded_over_who_types(tab, site: Site) -> None:
    tab.get_by_label("Tags, title or artist").fill("sitar and mor")
    site.is_there = True
    tab.clock.run_for(6_000)
    tab.locator(NOTE, has_text="The index answers again.").wait_for()
    assert tab.locator("#said").inner_text() == "The index answers again."
    assert tab.get_by_label("Tags, title or artist").input_value() == "sitar and mor"


def test_a_server_that_is_gone_as_well_is_asked_again(tab, site: Site) -> None:
    tab.route("**/search?*", lambda route: route.abort())
    tab.clock.run_for(6_000)
    tab.unroute("**/search?*")
    site.is_there = True
    tab.clock.run_for(9_000)
    tab.get_by_role("link", name="Night Raga").first.wait_for()
