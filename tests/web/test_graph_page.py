"""The page of the map: what is found on it, the way between two tags, and which part of it is seen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from search.embedded import EmbeddedEngine
from search.searcher import Searcher
from tests.tagmodel.many_tags import N_TAGS, many_tags
from tests.tagmodel.tag_blocks import CHAMBER, CLUB, INDIAN
from tests.web.block_site import filled
from tests.web.conftest import Page
from web.app import create_app
from web.pages.map_view import MapAddress, read_map, view_of

Visit = Callable[[str], Page]
WHOLE = (-100.0, -50.0, 400.0, 200.0)


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


def view_box(page: Page) -> list[float]:
    (picture,) = (one for one in page.all("svg", of="map"))
    return [float(number) for number in picture.attributes["viewbox"].split()]


def answer(page: Page) -> str:
    (said,) = page.all(of="map-answer")
    return said.name


def offer(page: Page, name: str) -> str:
    """Address of the one offer of a name."""
    (found,) = (one.attributes["href"] for one in page.all("a", of="chip-main") if one.name == name)
    return "/graph" + found


def test_every_tag_stands_on_the_map_and_in_the_list(visit: Visit) -> None:
    page = visit("/graph")
    for spelling in (*INDIAN, *CLUB, *CHAMBER):
        links = [one for one in page.all("a") if one.attributes.get("href") == f"/tag?name={spelling}"]
        assert [one.attributes.get("tabindex") for one in links] == ["-1", None]
    assert "18 tags" in page.text
    assert len(page.all("details")) == 3


def test_nothing_asked_says_nothing(visit: Visit) -> None:
    (said,) = visit("/graph").all(of="map-answer")
    assert "hidden" in said.attributes
    assert said.name == ""


@pytest.mark.parametrize("name", ["sitar", "SITARS", "sitars of india"])
def test_a_tag_is_found_by_any_spelling_and_seen_closely(visit: Visit, name: str) -> None:
    page = visit(f"/graph?find={name.replace(' ', '+')}")
    assert answer(page).startswith("sitar Used")
    assert "5 mutual kin" in answer(page)
    assert page.link("Open its page") == "/tag?name=sitar"
    assert view_box(page)[2] < view_box(visit("/graph"))[2]
    assert "marked" in page.all("svg", of="map")[0].attributes["class"]


def test_a_kin_leads_to_its_own_place(visit: Visit) -> None:
    kin = [one for one in visit("/graph?find=sitar").all("a") if one.attributes["href"] == "/graph?find=raga"]
    assert [one.name for one in kin] == ["raga"]


def test_a_slip_gets_offers_that_are_found(visit: Visit) -> None:
    page = visit("/graph?find=sitra")
    assert "The model knows no tag sitra" in answer(page)
    assert answer(visit(offer(page, "sitar"))).startswith("sitar Used")
    assert page.link("look it up there") == "/tag?name=sitra"


def test_a_tag_without_kin_is_said_to_have_no_place(visit: Visit) -> None:
    page = visit("/graph?find=lonely")
    assert "lonely has no kin in this model, so it has no place here" in answer(page)


def test_a_path_is_told_step_by_step_with_the_reasons(visit: Visit) -> None:
    page = visit("/graph?from=sitar&to=techno")
    steps = [one.name for one in page.all("p", of="map-step")]
    assert steps == ["sitar", "eastern", "dance", "techno"]
    assert "3 steps" in answer(page)
    assert "0.30" in answer(page)
    assert "together 30 times" in answer(page)
    assert "+2.5 bits" in answer(page)
    assert [one.name for one in visit(page.link("Turn around")).all("p", of="map-step")] == steps[::-1]


def test_the_way_from_a_tag_to_itself_is_no_step(visit: Visit) -> None:
    assert "It is the same tag" in answer(visit("/graph?from=sitar&to=Sitars"))


def test_where_no_path_leads_the_nearest_tag_is_named(visit: Visit) -> None:
    said = answer(visit("/graph?from=sitar&to=oboe"))
    assert 'No chain of mutual kin leads from "sitar" to "oboe"; "sitar" comes nearest to it at "raga"' in said


def test_a_slip_at_an_end_of_a_path_is_mended_in_its_place(visit: Visit) -> None:
    page = visit("/graph?from=sitar&to=tehcno")
    assert visit(offer(page, "techno")).all("p", of="map-step")[-1].name == "techno"
    page = visit("/graph?from=sitra&to=tehcno")
    assert answer(page).count("The model knows no tag") == 2


def test_half_a_path_finds_the_one_tag(visit: Visit) -> None:
    assert answer(visit("/graph?to=techno")).startswith("techno Used")
    page = visit("/graph?to=tehcno")
    assert answer(visit(offer(page, "techno"))).startswith("techno Used")


def test_a_community_is_shown_with_its_tags(visit: Visit) -> None:
    page = visit("/graph?community=1")
    assert "6 tags that are kin of each other" in answer(page)
    assert len([one for one in page.all("g", of="island") if "chosen" in one.attributes["class"]]) == 1
    assert "There is no community 77" in answer(visit("/graph?community=77"))


def test_zooming_and_moving_are_links_that_keep_what_was_found(visit: Visit) -> None:
    page = visit("/graph?find=sitar")
    nearer = visit(page.link("Nearer"))
    assert view_box(nearer)[2] == pytest.approx(view_box(page)[2] / 1.6, rel=0.02)
    assert answer(nearer) == answer(page)
    moved = visit(nearer.link("Move right"))
    assert view_box(moved)[0] > view_box(nearer)[0]
    assert view_box(moved)[1] == pytest.approx(view_box(nearer)[1], abs=2)
    assert view_box(visit(moved.link("All of it"))) == view_box(visit("/graph"))


def test_the_whole_map_goes_no_farther(visit: Visit) -> None:
    page = visit("/graph")
    assert not page.has_link("Move left")
    (farther,) = (one for one in page.all("a") if one.name == "Farther")
    assert farther.attributes["aria-disabled"] == "true"
    assert "href" not in farther.attributes


def test_only_the_answer_is_sent_to_the_script(visit: Visit) -> None:
    response = visit("/graph?find=sitar&part=answer").response.get_data(as_text=True)
    assert "<html" not in response
    assert 'id="answer"' in response
    assert re.search(r'<g id="marks" data-focus="-?\d+ -?\d+ \d+ \d+">', response)
    assert len(response) < 8_000


@pytest.mark.parametrize(
    "address",
    [
        *("/graph?zoom=0", "/graph?zoom=nan", "/graph?zoom=99", "/graph?zoom=x", "/graph?at=1", "/graph?at=1,inf"),
        *("/graph?community=one", "/graph?community=-1", "/graph?community=123456", "/graph?find=%00"),
        *("/graph?zoom=1_0", "/graph?zoom=%D9%A2", "/graph?at=1_0,2", "/graph?at=%D9%A1,2", "/graph?at=1e999,2"),
        "/graph?from=" + "a" * 121,
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(visit: Visit, address: str) -> None:
    page = visit(address, status=400)
    assert "such as" in page.text or "NUL" in page.text or "is it one tag" in page.text


def test_a_view_stays_within_the_map() -> None:
    view = view_of(WHOLE, None, MapAddress(zoom=2.0, at=(9_999.0, -9_999.0)))
    assert view.frame == (100.0, -50.0, 200.0, 100.0)
    assert view_of(WHOLE, None, MapAddress()).frame == WHOLE


def test_a_view_holds_what_was_asked_for() -> None:
    assert view_of(WHOLE, (0.0, 0.0, 100.0, 10.0), MapAddress()).zoom == 4.0
    assert view_of(WHOLE, (0.0, 0.0, 1.0, 1.0), MapAddress()).zoom == 16.0


def test_fewer_words_are_shown_from_afar() -> None:
    tiers = [view_of((0, 0, 4_000, 3_000), None, MapAddress(zoom=zoom)).smallest_words for zoom in (1, 1.5, 2, 16)]
    assert tiers == sorted(tiers, reverse=True)
    assert tiers[0] > 3
    assert tiers[-1] == 0


def test_an_address_is_read_back_from_what_it_writes(source: Searcher) -> None:
    wanted = MapAddress(find="a&b", source="x", target="y z", community=3, zoom=2.5, at=(-10.0, 20.0))
    with create_app(source).test_request_context("/graph" + wanted.query_string(2.5, (-10.0, 20.0))) as context:
        assert read_map(context.request.args) == wanted


def test_the_map_needs_no_index(tmp_path: Path) -> None:
    engine = EmbeddedEngine.open(tmp_path / "index", create=True)
    source = filled(engine)
    engine.close()
    client = create_app(source).test_client()
    assert client.get("/graph?find=sitar").status_code == 200
    assert client.get("/graph?from=sitar&to=techno").status_code == 200


def test_two_thousand_tags_make_a_page_of_bounded_size(source: Searcher) -> None:
    client = create_app(Searcher(source.engine, many_tags())).test_client()
    page = Page("/graph", client.get("/graph"))
    assert len(page.response.data) < 300 * N_TAGS
    assert len([one for one in page.all("a") if one.attributes.get("tabindex") == "-1"]) == N_TAGS + len(
        page.all("details")
    )
    found = Page("/graph", client.get("/graph?find=deep+tag+0004"))
    assert answer(found).startswith("deep tag 0004")
