"""The page of a tag: its kin and why, its tracks, and what lies around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from search.embedded import EmbeddedEngine
from search.searcher import Searcher
from tests.web.block_site import filled
from tests.web.conftest import Page
from web.app import create_app
from web.pages.tag_around import Wishes
from web.pages.tag_kin import kin_rows

Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    engine = EmbeddedEngine.open(tmp_path_factory.mktemp("blocks") / "index", create=True)
    yield filled(engine)
    engine.close()


@pytest.fixture
def visit(source: Searcher) -> Visit:
    client = create_app(source).test_client()

    def open_page(address: str, status: int = 200) -> Page:
        response = client.get(address)
        assert response.status_code == status, response.get_data(as_text=True)
        return Page(address, response)

    return open_page


def pills(page: Page) -> list[str]:
    return [one.attributes["aria-label"] for one in page.all("a") if one.attributes.get("tabindex") == "-1"]


def test_a_tag_says_what_it_is(visit: Visit) -> None:
    page = visit("/tag?name=sitar")
    assert page.all("h1")[0].name == "sitar"
    assert "2 tracks here; used 111 times in training: blocks 111" in page.text
    assert "Also written sitars of india" in page.text
    assert "another spelling" not in page.text


def test_any_spelling_leads_to_the_tag(visit: Visit) -> None:
    assert visit("/tag?name=SITARS").all("h1")[0].name == "sitar"
    page = visit("/tag?name=sitars+of+india")
    assert page.all("h1")[0].name == "sitar"
    assert "“sitars of india” is another spelling of it" in page.text


def test_kin_stand_nearest_first_each_a_link_to_its_own_page(visit: Visit) -> None:
    page = visit("/tag?name=sitar")
    names = page.all("a", of="kin-name")
    assert [one.name for one in names] == ["raga", "tabla", "indian", "tanpura", "eastern"]
    assert names[1].attributes["href"] == "/tag?name=tabla"
    assert page.link("Search with tabla") == "/search?q=tabla"


def test_each_origin_says_its_own(source: Searcher) -> None:
    model = source.model
    (first, *_) = kin_rows(model, model.vocabulary.canonical_id("sitar"))
    assert (first.spelling, first.mutual, first.support) == ("raga", True, 60)
    assert first.pmi == pytest.approx(2.5)
    said = {one.name: one.similarity for one in first.evidence}
    assert said == pytest.approx({"co-occurrence": 0.6, "ALS": 0.15, "word2vec": 0.3})
    assert len({one.look for one in first.evidence}) == 3


def test_bars_of_one_page_can_be_compared(source: Searcher) -> None:
    rows = kin_rows(source.model, source.model.vocabulary.canonical_id("sitar"))
    bars = [bar for row in rows for bar in (row.near, *row.evidence)]
    largest = max(bar.similarity for bar in bars)
    assert all(bar.length == pytest.approx(bar.similarity / largest) for bar in bars)


def test_one_sided_kin_and_unknown_evidence_are_said(visit: Visit) -> None:
    page = visit("/tag?name=oboe")
    assert "raga one-sided" in page.text
    assert [one for one in visit("/tag?name=dance").all("span") if one.attributes.get("aria-label") == "not known"]


def test_the_best_tracks_are_shown_with_the_way_to_all(visit: Visit) -> None:
    page = visit("/tag?name=sitar")
    assert page.link("Raga") == "/track?id=fma%3A1"
    assert page.has_link("Morning <b>Raga</b>")
    club = visit("/tag?name=techno")
    assert len([one for one in club.all("a") if one.name.startswith("Club ")]) == 10
    assert club.link("All 14 tracks with it") == "/search?q=%2Btechno"


def test_a_tag_without_tracks_offers_a_search_by_its_kin(visit: Visit) -> None:
    page = visit("/tag?name=raga")
    assert "Nobody put it on a track of this catalogue" in page.text
    assert page.link("search with it") == "/search?q=raga"


def test_what_contradicts_it_is_said(visit: Visit) -> None:
    assert "Contradicting" in visit("/tag?name=fast").text
    assert visit("/tag?name=fast").link("slow") == "/tag?name=slow"


def test_the_neighborhood_is_walked_by_links_that_keep_how_it_is_drawn(visit: Visit) -> None:
    page = visit("/tag?name=sitar&depth=1")
    assert sorted(pills(page)) == ["eastern", "indian", "raga", "sitar", "tabla", "tanpura"]
    (step,) = (one.attributes["href"] for one in page.all("a") if one.attributes.get("aria-label") == "tabla")
    assert step == "/tag?name=tabla&depth=1"
    assert visit(step).all("h1")[0].name == "tabla"


def test_the_picture_is_drawn_as_wished(visit: Visit) -> None:
    assert "dance" in pills(visit("/tag?name=sitar&depth=2"))
    assert len(pills(visit("/tag?name=sitar&tags=3"))) == 3
    assert sorted(pills(visit("/tag?name=sitar&similarity=0.55&depth=1"))) == ["raga", "sitar", "tabla"]
    assert pills(visit("/tag?name=sitar&support=1000")) == ["sitar"]


def test_wishes_as_usual_leave_the_address_short() -> None:
    assert Wishes().address == ""
    assert Wishes(depth=1, similarity=0.25).address == "&depth=1&similarity=0.25"


def test_the_picture_names_its_communities(visit: Visit) -> None:
    page = visit("/tag?name=eastern")
    assert len([one for one in page.all("a") if one.attributes.get("href", "").startswith("/graph?community=")]) == 2


def test_a_tag_of_the_catalogue_alone_has_no_kin_until_training(visit: Visit) -> None:
    page = visit("/tag?name=my+own+word")
    assert "No kin yet" in page.text
    assert "1 track here." in page.text
    assert page.has_link("Mine")
    assert not page.has_link("Find it on the map")


def test_a_tag_that_looks_like_markup_is_only_text(visit: Visit) -> None:
    page = visit("/tag?name=sitar+%3Ci%3E")
    assert not page.all("i")


def test_a_tag_without_kin_says_so(visit: Visit) -> None:
    assert "No kin" in visit("/tag?name=lonely").text
    assert "No kin yet" not in visit("/tag?name=lonely").text


def test_an_unknown_tag_is_not_found_but_offers_are(visit: Visit) -> None:
    page = visit("/tag?name=sitra", status=404)
    assert "Nobody uses the tag “sitra”" in page.text
    assert page.link("sitar") == "/tag?name=sitar"


def test_without_a_name_one_goes_to_the_map(visit: Visit) -> None:
    assert visit("/tag", status=302).response.location == "/graph"


@pytest.mark.parametrize(
    "query",
    [
        *("depth=3", "depth=x", "tags=1", "tags=81", "support=-1", "similarity=nan", "similarity=2", "name=%00"),
        *("tags=" + "9" * 400, "support=" + "9" * 5_000, "similarity=1e400"),
        *("tags=3_0", "tags=%D9%A3", "similarity=0_1", "similarity=%D9%A0"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(visit: Visit, query: str) -> None:
    page = visit(f"/tag?{query}" if query.startswith("name") else f"/tag?name=sitar&{query}", status=400)
    assert "NUL" in page.text or " from " in page.text


def test_kin_are_shown_while_the_index_is_away(tmp_path: Path) -> None:
    engine = EmbeddedEngine.open(tmp_path / "index", create=True)
    away = filled(engine)
    engine.close()
    client = create_app(away).test_client()
    page = Page("/tag", client.get("/tag?name=sitar"))
    assert page.response.status_code == 200
    assert "The index cannot answer now" in page.text
    assert "The index cannot say how many tracks have it" in page.text
    assert page.all("a", of="kin-name")[0].name == "raga"
    assert client.get("/tag?name=nobody+knows").status_code == 503
