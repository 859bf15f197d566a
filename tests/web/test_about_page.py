from __future__ import annotations

from pathlib import Path

import pytest

from search.document import Document
from search.embedded import EmbeddedEngine
from search.reach_computing import update_reach
from search.searcher import Searcher
from tagmodel.model import load_model
from tagmodel.track import Track
from tests.web.conftest import Page
from web.app import create_app
from web.pages.about import model_figures


@pytest.fixture(scope="module")
def shipped():
    return load_model()


def test_it_says_what_is_indexed(visit) -> None:
    page = visit("/about")
    tiles = [one.name for one in page.all("dd")]
    assert tiles[0] == "54"
    assert "Ambient45" in page.text.replace(" 45", "45")
    assert page.has_link("drone 45")


def test_where_nobody_typed_a_tag_it_says_that_no_search_was_tried_for_reach(tmp_path: Path, shipped) -> None:
    engine = EmbeddedEngine.open(tmp_path / "index", create=True)
    with engine.writer() as writer:
        writer.write([Document(Track("x:1", "One"))])
        writer.commit()
        update_reach(engine, writer, shipped, lambda _n: None)
        writer.commit()
    page = Page("/about", create_app(Searcher(engine, shipped)).test_client().get("/about"))
    engine.close()
    assert "is counted by the tags that people put on tracks, and here they put none" in page.text
    assert "is not known" not in page.text


def test_values_that_are_not_stated_come_last(visit) -> None:
    rows = [one.name for one in visit("/about").all("li")]
    assert rows.index("not stated1") > rows.index("Ambient45")


def test_it_says_which_model_answers_and_what_it_learned_from(shipped) -> None:
    figures = model_figures(shipped)
    assert figures.model_id == shipped.model_id
    assert {one.title for one in figures.data} >= {"Free Music Archive", "MagnaTagATune"}
    assert "non-commercial" in figures.use
    assert figures.measured


def test_every_figure_of_the_card_is_shown_with_its_command(tmp_path: Path, shipped) -> None:
    engine = EmbeddedEngine.open(tmp_path / "index", create=True)
    page = Page("/about", create_app(Searcher(engine, shipped)).test_client().get("/about"))
    engine.close()
    assert "non-commercial" in page.text
    for one in model_figures(shipped).measured:
        assert one.command in page.text
        for table in one.tables:
            assert table.title in page.text
            for row in table.rows:
                assert row[0] in page.text
                assert row[1] in page.text


def test_a_model_with_a_bare_card_is_no_error(visit) -> None:
    page = visit("/about")  # the model of the tests has a card of one line
    assert "tiny" in page.text
    assert "The card of this model holds no figures" in page.text


def test_it_leads_to_the_api(visit) -> None:
    page = visit("/about")
    assert page.link("how to use the API") == "/api/v1/docs"
    assert page.link("its description in OpenAPI 3.1") == "/api/v1/openapi.json"


def test_the_model_is_told_of_while_the_index_is_away(away) -> None:
    response = away.get("/about")
    assert response.status_code == 200
    assert "The index cannot answer now" in response.text
    assert "tiny" in response.text
