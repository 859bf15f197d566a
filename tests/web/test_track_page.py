from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import parse_qs, quote_plus, urlsplit

import pytest
from flask.testing import FlaskClient

from search.document import Document
from search.embedded import EmbeddedEngine
from search.reach_computing import update_reach
from search.searcher import Searcher
from search.sound import Sound
from tagmodel.track import Track
from tests.web.conftest import Page, fill, id_of
from tests.web.sounding import direction
from web.app import create_app
from web.settings import Settings


def test_a_track_says_what_it_is(visit) -> None:
    page = visit("/track?id=fma:1")
    assert page.all("h1")[0].name == "Empty House"
    facts = {one.name for one in page.all("dd")}
    assert {"Lines", "Classical", "3:20", "2004", "CC BY", "fma:1"} <= facts
    assert page.link("Source ↗") == "https://example.org/empty-house"
    (pick,) = (one.attributes for one in page.all("input", "pick") if one.attributes["value"] == "fma:1")
    assert (pick["name"], pick["form"], pick["aria-label"]) == ("id", "picks", "Pick Empty House")


def test_its_artist_leads_to_all_tracks_of_the_artist(visit) -> None:
    address = visit("/track?id=fma:4").link("The & Band")
    assert visit(address).titles == ["Choir <b>Practice</b>"]


@pytest.fixture
def stored(tmp_path: Path, model) -> Iterator[Callable[..., FlaskClient]]:
    """Store tracks of one's own."""
    with ExitStack() as opened:

        def store(*tracks: Track) -> FlaskClient:
            engine = EmbeddedEngine.open(tmp_path / "index", create=True)
            opened.callback(engine.close)
            fill(engine, model, tracks)
            return create_app(Searcher(engine, model), Settings(previews=("https://ok.example",))).test_client()

        yield store


@pytest.mark.parametrize("artist", ["“Weird Al” Yankovic", "Bell\u200eRingers", "„quoted“", 'The "B"', "OR +x -y"])
def test_any_name_of_an_artist_leads_to_the_tracks(stored, artist: str) -> None:
    client = stored(Track("x:1", "Found", artist, tags=("piano",)), Track("x:2", "Other", "Al Yankovic"))
    links = (one.attributes["href"] for one in Page("/track", client.get("/track?id=x:1")).all("a"))
    address = next(link for link in links if "artist" in link)
    assert Page("/search", client.get(address)).titles == ["Found"]


def test_an_artist_of_signs_alone_has_no_link(stored) -> None:
    client = stored(Track("x:1", "Found", "\u200e\u200f", tags=("piano",)))
    page = Page("/track", client.get("/track?id=x:1"))
    assert not [one for one in page.all("a") if "artist" in one.attributes["href"]]


def test_an_address_that_is_none_breaks_no_page(stored) -> None:
    client = stored(Track("x:1", "Found", "Somebody", tags=("piano",), url="http://[bad"))
    assert [client.get(address).status_code for address in ("/track?id=x:1", "/search?q=piano")] == [200, 200]


def test_a_track_of_many_tags_leads_to_suggestions_for_as_many_as_are_taken(stored) -> None:
    client = stored(Track("x:1", "Found", "Somebody", tags=tuple(f"tag {n}" for n in range(150))))
    page = Page("/track", client.get("/track?id=x:1"))
    links = {one.attributes["href"] for one in page.all("a") if one.attributes["href"].startswith("/suggest?tag=")}
    assert links
    assert [client.get(link).status_code for link in links] == [200] * len(links)


def test_each_tag_leads_to_its_page_and_to_a_search(visit) -> None:
    page = visit("/track?id=fma:4")
    assert urlsplit(page.link("female vocals")).path == "/tag"
    assert parse_qs(urlsplit(page.link("female vocals")).query) == {"name": ["female vocals"]}
    assert visit(page.link("Search female vocals")).titles[0] == "Choir <b>Practice</b>"


def test_tags_are_shown_by_provenance_with_probabilities(visit) -> None:
    page = visit("/track?id=fma:5")
    typed, implied = page.all("div", "family")
    assert typed.name == "Typed by people as they wrote them keyboard melancholic"
    assert "piano50 %" in implied.name.replace(" 50", "50")
    assert "sad39 %" in implied.name.replace(" 39", "39")


def test_tags_that_were_heard_have_a_group_of_their_own(tmp_path: Path, model) -> None:
    engine = EmbeddedEngine.open(tmp_path / "index", create=True)
    heard = Document(Track("x:1", "Hum"), heard=(id_of("drone"),), heard_weights=(128,))
    with engine.writer() as writer:
        writer.write([heard])
        writer.commit()
    page = create_app(Searcher(engine, model)).test_client().get("/track?id=x:1").text
    engine.close()
    assert "Heard in the audio" in page
    assert "Nobody has tagged this track yet" in page
    assert "Nothing is like it by tags that people typed: nobody has tagged it" in page


def lone_page(folder: Path, model, *tags: str, **document: object) -> str:
    """Return the page of the only track of an index whose reach is computed."""
    engine = EmbeddedEngine.open(folder / "index", create=True)
    with engine.writer() as writer:
        writer.write([Document(Track("x:1", "Hum", tags=tags), tuple(map(id_of, tags)), **document)])
        writer.commit()
        update_reach(engine, writer, model, lambda _n: None)
        writer.commit()
    page = Page("/track?id=x:1", create_app(Searcher(engine, model)).test_client().get("/track?id=x:1"))
    engine.close()
    return page.text


def test_what_heard_tags_imply_is_said_to_come_of_them(tmp_path: Path, model) -> None:
    heard = {"heard": (id_of("drone"),), "heard_weights": (128,)}
    implied = {"implied": (id_of("ambient"),), "implied_weights": (64,)}
    assert "Implied by heard tags" in lone_page(tmp_path / "heard", model, **heard, **implied)
    assert "Implied by typed and heard tags" in lone_page(tmp_path / "both", model, "piano", **heard, **implied)
    assert "Implied by the typed tags" in lone_page(tmp_path / "typed", model, "piano", **implied)


def test_where_nobody_typed_a_tag_it_does_not_say_that_others_carry_the_same(tmp_path: Path, model) -> None:
    page = lone_page(tmp_path, model)
    assert "and here they put none" in page
    assert "many tracks carry the same tags" not in page
    assert "What sounds like it" not in page
    with_sound = lone_page(tmp_path / "sound", model, sound=Sound(direction(1.0)))
    assert "What sounds like it needs no tags" in with_sound


def test_similar_tracks_come_with_what_they_share(visit) -> None:
    page = visit("/track?id=fma:1")
    assert [one.name for one in page.all("h3", "hit-title")][:2] == ["Small Room", "Song for Two"]
    first = page.all("li", "hit")[0].name
    assert "sad" in first
    assert "piano" in first
    assert visit(page.link("Small Room")).all("h1")[0].name == "Small Room"


def test_the_dial_lets_in_tracks_by_the_kin_of_its_tags(visit) -> None:
    def found(drift: str) -> set[str]:
        return {one.name for one in visit(f"/track?id=fma:8&drift={drift}").all("h3", "hit-title")}

    assert found("0") == {"Raga"}
    page = visit("/track?id=fma:1&drift=1")
    assert "FMA track 5" in {one.name for one in page.all("h3", "hit-title")}
    (dial,) = (one.attributes for one in page.all("input") if one.attributes.get("name") == "drift")
    assert dial["value"] == "1.0"


def test_its_tags_can_be_taken_to_the_suggest_page(visit) -> None:
    page = visit(visit("/track?id=fma:9").link("Suggest tags for this track"))
    chips = [one.name for one in page.all("span", "chip-main")]
    assert chips == ["techno", "electronic", "<i>own</i>"]


def test_without_reach_it_says_how_to_get_it(visit) -> None:
    assert "tagkin index --reach" in visit("/track?id=fma:1").text


def test_what_finds_it_are_searches_that_show_it_with_its_place(tmp_path: Path, index_directory: Path, model) -> None:
    shutil.copytree(index_directory, tmp_path / "index")
    engine = EmbeddedEngine.open(tmp_path / "index")
    with engine.writer() as writer:
        update_reach(engine, writer, model, lambda _n: None)
    client = create_app(Searcher(engine, model)).test_client()
    page = Page("/track?id=fma:7", client.get("/track?id=fma:7"))
    finders = [one for one in page.all("a") if one.name == "sitar"]
    (found,) = (one.attributes["href"] for one in finders if one.attributes["href"].startswith("/search"))
    hits = Page(found, client.get(found)).titles
    row = next(one.name for one in page.all("tr") if one.name.startswith("sitar"))
    engine.close()
    assert f"{hits.index('Raga') + 1} of {len(hits)}" in row


def test_a_track_that_no_search_shows_says_so(tmp_path: Path, model) -> None:
    engine = EmbeddedEngine.open(tmp_path / "index", create=True)
    alike = [Track(f"x:{n}", "Raga", tags=("sitar",)) for n in range(10, 31)]
    fill(engine, model, (Track("x:bare", "Bare"), *alike))
    with engine.writer() as writer:
        update_reach(engine, writer, model, lambda _n: None)
    client = create_app(Searcher(engine, model)).test_client()
    bare, last = (client.get(f"/track?id={track_id}").text for track_id in ("x:bare", "x:30"))
    engine.close()
    assert "shows it in its first 20: many tracks carry the same tags" in last
    assert "It has no tag, so no search for tags finds it" in bare


def test_an_unknown_track_is_404_and_offers_a_search(visit) -> None:
    page = visit("/track?id=" + quote_plus("<b>nobody</b>"), status=404)
    assert "There is no such track" in page.text
    assert "<b>nobody</b>" in page.text
    assert page.all("form")[0].attributes["role"] == "search"


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("/track", "needs its id"),
        ("/track?id=" + "x" * 1_001, "at most 1,000 characters"),
        ("/track?id=a%00b", "the id holds a NUL"),
        ("/track?id=fma:1&drift=2", "drift is a number from 0"),
        ("/track?id=fma:1&drift=nan", "drift is a number from 0"),
        ("/track?id=fma:1&drift=0_1", "drift is a number from 0"),
        ("/track?id=fma:1&drift=%D9%A0", "drift is a number from 0"),
        ("/track?id=fma:1&drift=far", "drift is a number from 0"),
    ],
)
def test_bad_addresses_are_400_with_words_for_people(visit, address: str, says: str) -> None:
    assert says.casefold() in visit(address, status=400).text.casefold()


def test_markup_in_titles_and_tags_is_shown_and_only_web_addresses_are_followed(visit) -> None:
    page = visit("/track?id=fma:4")
    assert "<b>Practice" not in page.response.text
    assert page.all("h1")[0].name == "Choir <b>Practice</b>"
    assert "javascript:" not in page.response.text
    assert "<i>own" not in visit("/track?id=fma:9").response.text


def test_an_index_that_cannot_answer_is_503(away) -> None:
    assert away.get("/track?id=fma:1").status_code == 503
