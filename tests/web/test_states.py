"""Home, errors and headers: what every page has in common, and the pages that nobody asks for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import web
from search.document import Document
from search.embedded import EmbeddedEngine
from search.searcher import Searcher
from tagmodel.model import load_model
from tagmodel.track import Track
from tests.web.conftest import Page, id_of
from web.app import create_app
from web.pages.home import home_page
from web.running.keeping import AwayEngine

PAGES = [
    "/",
    "/search?q=sad+piano",
    "/search?q=zzyzx",
    "/suggest",
    "/suggest?tags=sitar",
    "/nowhere",
    "/search?q=a&k=x",
]


@pytest.mark.parametrize("address", [*PAGES, "/static/tagkin.css"])
def test_every_answer_carries_the_headers(client, address: str) -> None:
    with client.get(address) as response:
        headers = response.headers
    assert headers["Content-Security-Policy"].split("; ")[0] == "default-src 'self'"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("address", PAGES)
def test_no_page_has_inline_script_or_style(client, address: str) -> None:
    page = client.get(address).text
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)", page)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page.replace("https://example.org/", ""))


@pytest.mark.parametrize("address", PAGES)
def test_every_page_has_landmarks_one_heading_and_a_way_past_the_header(client, address: str) -> None:
    page = client.get(address).text
    assert re.search(r'<html lang="en">', page)
    assert len(re.findall(r"<h1[ >]", page)) == 1
    assert len(re.findall(r"<main[ >]", page)) == 1
    target = re.search(r'class="skip" href="#(\w+)"', page)
    assert target is not None
    assert f'id="{target[1]}"' in page
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("address", PAGES)
def test_every_field_has_a_label(client, address: str) -> None:
    page = client.get(address).text
    for field in re.findall(r"<(?:input|textarea|select)[^>]*>", page):
        if 'type="hidden"' not in field and "aria-label=" not in field:
            name = re.search(r'id="([^"]+)"', field)
            assert name is not None
            assert f'for="{name[1]}"' in page


def test_home_says_what_is_there_and_where_to_begin(visit) -> None:
    page = visit("/")
    assert "54 tracks" in page.text
    assert visit(page.link("sad piano -vocals Two words, one ruled out")).titles[:2] == ["Small Room", "Empty House"]
    assert visit(page.link("drone 45")).titles[0] == "Drone 00"
    assert "techno dark" not in page.text  # an example is shown only where it finds something


def test_examples_are_tried_again_only_when_the_index_changed(tmp_path: Path, model) -> None:
    engine = EmbeddedEngine.open(tmp_path / "index", create=True)
    searcher = Searcher(engine, model)
    assert home_page(searcher).examples == ()
    techno = Document(Track("x:1"), typed=(id_of("electronic"),))
    with engine.writer() as writer:
        writer.write([techno])
        writer.commit()
    first, again = home_page(searcher).examples, home_page(searcher).examples
    engine.close()
    assert [example.query for example in first] == ["electronic -vocals"]
    assert again is first


def untagged(tmp_path: Path, **heard: int) -> EmbeddedEngine:
    """Make an index of two tracks nobody tagged; in the first something may have been heard, so heavy."""
    engine = EmbeddedEngine.open(tmp_path / "index", create=True)
    tags, weights = tuple(map(id_of, heard)), tuple(heard.values())
    with engine.writer() as writer:
        writer.write([Document(Track("x:1", "One"), heard=tags, heard_weights=weights), Document(Track("x:2", "Two"))])
        writer.commit()
    return engine


@pytest.mark.parametrize("missing", [(), ("onnxruntime",)], ids=["who can hear", "who cannot hear"])
def test_where_nobody_typed_a_tag_a_search_starts_from_what_was_heard(
    tmp_path: Path, model, monkeypatch: pytest.MonkeyPatch, missing: tuple[str, ...]
) -> None:
    monkeypatch.setattr("web.hearing.missing_libraries", lambda: missing)
    engine = untagged(tmp_path, techno=200, drone=128)
    client = create_app(Searcher(engine, model)).test_client()
    page = Page("/", client.get("/"))
    chips = {link.name: link.attributes["href"] for link in page.all("a", "chip-main")}
    found = [Page(href, client.get(f"/{href}")).text for href in chips.values()]
    engine.close()
    assert "Or start from what was heard" in page.text
    assert "2 tracks, no tag that anybody typed" in page.text
    assert sorted(chips) == ["drone 1", "techno 1"]
    assert all("One" in text and "Two" not in text for text in found)
    assert all("found by other tags or by what is heard" in text for text in found)
    assert all("your word or its kin, heard in the recording" in text for text in found)


def test_where_nothing_was_typed_nor_heard_it_says_what_helps(tmp_path: Path, model) -> None:
    engine = untagged(tmp_path)
    text = Page("/", create_app(Searcher(engine, model)).test_client().get("/")).text
    engine.close()
    assert "No track has a tag yet" in text
    assert "tagkin index FOLDER" in text


def test_an_empty_index_says_how_to_fill_it(tmp_path: Path, model) -> None:
    engine = EmbeddedEngine.open(tmp_path / "index", create=True)
    page = create_app(Searcher(engine, model)).test_client().get("/")
    engine.close()
    assert page.status_code == 200
    assert "tagkin index SOURCE" in page.text


@pytest.mark.parametrize("address", ["/", "/search?q=sad"])
def test_an_index_that_cannot_answer_is_503_never_no_results(away, address: str) -> None:
    response = away.get(address)
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert "does not mean that there are no tracks" in response.text
    assert f'href="{address}' in response.text


def test_while_the_index_is_away_a_page_says_why_and_what_works_without_it() -> None:
    why = "the search server's <b>key</b> is refused"
    client = create_app(Searcher(AwayEngine(why), load_model())).test_client()
    page = Page("/", client.get("/search?q=sitar"))
    assert "The search server's <b>key</b> is refused." in page.text
    for name in ("The tag “sitar”", "Suggest tags", "The map of all tags"):
        (address,) = {one.attributes["href"] for one in page.all("a") if one.name == name}
        assert client.get(address).status_code == 200, address
    assert "The tag" not in Page("/", client.get("/search?q=sitar+zzyzx")).text
    assert "It is worth trying in" in page.text  # without the script that tries by itself


def test_a_query_that_cannot_be_read_is_pointed_at(visit) -> None:
    page = visit("/search?q=sad+(piano", status=400)
    assert "This search cannot be read" in page.text
    assert page.all("pre", "pointed")[0].text == "sad (piano"
    assert page.all("mark")[0].text in "sad (piano"
    assert page.all("input")[0].attributes["value"] == "sad (piano"


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("/search?q=sad&drift=2", "drift is a number from 0"),
        ("/search?q=sad&page=501", "pages reach hit 10,000"),
        ("/search?q=" + "sad+" * 60, "at most 200 characters"),
        ("/search?q=sad&k=lots", "k is a whole number"),
    ],
)
def test_bad_requests_are_400_with_words_for_people(visit, address: str, says: str) -> None:
    page = visit(address, status=400)
    assert says.casefold() in page.text.casefold()


def test_a_fault_beside_the_words_leaves_them_to_be_searched(visit) -> None:
    page = visit("/search?q=sad+piano&drift=2", status=400)
    assert visit(page.link("Search this with the usual settings")).titles
    assert not visit("/search?q=" + "sad+" * 60, status=400).has_link("Search this with the usual settings")


def test_a_query_that_cannot_be_read_leads_to_what_can_be_typed(visit) -> None:
    page = visit("/search?q=sad+(piano", status=400)
    assert page.link("what can be typed") == "/#how"


def test_why_the_index_is_away_is_for_the_log_alone(away, caplog: pytest.LogCaptureFixture) -> None:
    page = away.get("/search?q=sad").text
    assert "closed" not in page
    assert "closed" in caplog.text


def test_what_is_not_there_is_404(visit) -> None:
    assert "There is no such page" in visit("/nowhere", status=404).text


def test_pages_cannot_be_written_to(client) -> None:
    response = client.post("/search", data={"q": "sad"})
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]
    assert "cannot be written to" in response.text


def test_a_long_address_is_no_crash(client) -> None:
    assert client.get("/search?q=" + "x" * 10_000).status_code == 400
    assert client.get("/search?q=%00%E2%80%AEabc").status_code == 400
    assert client.get("/search?q=%FF%FE").status_code in {200, 400}


def test_the_web_knows_no_engine() -> None:
    words = re.compile(r"sqlite|elastic|lucene|fts5|snapshot", re.IGNORECASE)
    for path in Path(web.__file__).parent.rglob("*"):
        if path.suffix in {".py", ".html", ".js"}:
            assert not words.search(path.read_text(encoding="utf-8")), path
