from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from search.document import Document
from search.embedded import EmbeddedEngine
from search.result import SearchRequest
from search.searcher import Searcher
from tagmodel.model import TagModel
from tagmodel.track import Track
from tests.web.conftest import Page, fill
from web.app import create_app
from web.pages.bars import bar_scale
from web.pages.search import search_page

Visit = Callable[..., Any]  # the fixture of conftest.py


def chips(page: Any, kind: str) -> list[str]:
    """Spellings of the chips of a kind, without the signs that act on them."""
    found = (one for one in page.all("li", kind) + page.all("span", kind) if "chip" in one.attributes["class"].split())
    return [one.name.rstrip("+\N{MINUS SIGN}\N{MULTIPLICATION SIGN}").strip() for one in found]


def test_a_kin_chip_says_whose_kin_it_is(visit: Visit) -> None:
    page = visit("/search?q=sad+piano&drift=1")
    assert page.has_link("Switch off keyboard, kin of piano")
    assert page.has_link("Switch off melancholic, kin of sad")
    assert chips(page, "typed") == ["sad", "piano"]


def test_a_kin_is_switched_off_and_on_again_by_a_click(visit: Visit) -> None:
    page = visit("/search?q=piano&drift=1")
    assert "Rain" in page.titles
    without = visit(page.link("Switch off keyboard, kin of piano"))
    without = visit(without.link("Switch off sad, kin of piano"))
    assert "keyboard" in chips(without, "off")
    assert not any(
        one.name.startswith("keyboard") for one in without.all("li", "kin") if one not in without.all("li", "off")
    )
    again = visit(without.link("Switch on keyboard, kin of piano"))
    assert again.has_link("Switch off keyboard, kin of piano")


def test_a_kin_is_promoted_into_the_query(visit: Visit) -> None:
    page = visit(visit("/search?q=piano&drift=1").link("Add keyboard to my words"))
    assert chips(page, "typed") == ["piano", "keyboard"]
    assert page.all("input")[0].attributes["value"].split() == ["piano,", "keyboard"]


def test_a_word_is_removed_by_a_click(visit: Visit) -> None:
    page = visit(visit("/search?q=sad+piano").link("Remove sad"))
    assert page.all("input")[0].attributes["value"] == "piano"


def test_an_exclusion_shows_the_narrower_tags_it_brought_along(visit: Visit) -> None:
    page = visit("/search?q=sad+piano+-vocals&drift=0")
    assert page.titles == ["Empty House", "Small Room"]
    assert "Left out" in page.text
    kept = visit(page.link("Allow again: female vocals with vocals"))
    assert kept.titles == ["Empty House", "Small Room", "Choir <b>Practice</b>"]
    assert visit(kept.link("Leave out again: female vocals with vocals")).titles == page.titles
    assert "Song for Two" in visit(page.link("Allow again: vocals")).titles


def test_at_0_the_dial_is_plain_matching(visit: Visit) -> None:
    plain = visit("/search?q=sad+piano&drift=0")
    assert "4 tracks" in plain.text
    assert not chips(plain, "kin")
    assert "Turn it up to see what lies beside them" in plain.text
    far = visit("/search?q=sad+piano&drift=1")
    assert "carry none, found by other tags" in far.text
    assert "FMA track 5" in far.titles


def test_the_three_counts_add_up_to_the_total(visit: Visit) -> None:
    page = visit("/search?q=sad+piano&drift=1")
    total = int(page.all("h1")[0].text.split()[0])
    told_apart = [int(n) for n in re.findall(r"(\d+) carry (?:all|some|none)", page.text)]
    assert len(told_apart) == 3
    assert sum(told_apart) == total


def test_outside_your_words_nobody_typed_them(visit: Visit) -> None:
    page = visit("/search?q=sad+piano&drift=1")
    outside = page.all("aside", "outside")[0].name
    assert "Nobody tagged these sad or piano" in outside
    assert "FMA track 5" in outside
    assert "Empty House" not in outside


def test_a_facet_narrows_and_its_filter_comes_off_again(visit: Visit) -> None:
    page = visit("/search?q=sad+piano&drift=0")
    narrowed = visit(page.link("Classical"))
    assert narrowed.titles == ["Empty House", "Small Room"]
    assert "genre:" in narrowed.all("input")[0].attributes["value"]
    assert visit(narrowed.link("Remove the filter: genre: classical")).titles == page.titles


def test_a_tag_of_the_hits_narrows_or_is_left_out(visit: Visit) -> None:
    page = visit("/search?q=sad+piano&drift=0")
    assert visit(page.link("slow")).titles == ["Small Room"]
    assert "Small Room" not in visit(page.link("Leave out slow")).titles


def test_a_kin_chip_says_what_it_is_known_from(visit: Visit) -> None:
    page = visit("/search?q=piano&drift=1")
    titles = {one.name: one.attributes.get("title") for one in page.all("a")}
    assert titles["Switch off keyboard, kin of piano"].startswith("Kin of piano by co-occurrence, word2vec and ALS: ")


def test_a_kin_is_left_out_by_a_click_on_its_chip(visit: Visit) -> None:
    page = visit("/search?q=piano&drift=1")
    assert "Small Room" in page.titles
    without = visit(page.link("Leave out sad"))
    assert without.all("input")[0].attributes["value"] == "piano -sad"
    assert "Small Room" not in without.titles


def test_a_kin_is_left_out_by_a_click_on_a_reason(visit: Visit) -> None:
    page = visit("/search?q=sad+piano&drift=1")
    reason = next(one for one in page.all("a", "out") if one.name == "Leave out melancholic")
    assert visit("/search" + reason.attributes["href"]).all("input")[0].attributes["value"] == "sad piano -melancholic"


def test_a_tag_is_given_half_or_double_weight_and_loses_it(visit: Visit) -> None:
    page = visit("/search?q=sad+piano&drift=0")
    half = visit(page.link("Let sad count half"))
    assert half.all("input")[0].attributes["value"] == "sad^0.5 piano"
    assert "\N{MULTIPLICATION SIGN}0.5" in half.all("span", "typed")[0].text
    double = visit(half.link("Let sad count double"))
    assert double.all("input")[0].attributes["value"] == "sad^2 piano"
    assert visit(double.link("Let sad count as usual")).titles == page.titles
    assert not visit("/search?q=sad").all("ul", "weights")  # nothing to weigh it against


def test_hits_stand_in_the_order_that_was_asked_for(visit: Visit) -> None:
    page = visit("/search?q=sad+piano&drift=0")
    shortest = visit(page.link("Shortest"))
    assert "sort=duration" in shortest.address
    assert shortest.titles == ["Small Room", "Choir <b>Practice</b>", "Song for Two", "Empty House"]
    assert visit(shortest.link("Longest")).titles == shortest.titles[::-1]
    assert visit(shortest.link("Newest")).titles[0] == "Empty House"  # the only one with a year
    assert visit(shortest.link("Best match")).titles == page.titles
    (kept,) = [one for one in shortest.all("input") if one.attributes.get("name") == "sort"]
    assert kept.attributes["value"] == "duration"  # the box and the dial keep the order


def test_a_tag_leads_to_its_page(visit: Visit) -> None:
    assert visit("/search?q=female+vocals").link("About the tag female vocals") == "/tag?name=female+vocals"


def test_links_keep_the_whole_state(visit: Visit) -> None:
    page = visit("/search?q=sad+piano+-vocals&drift=0.9&k=3")
    page = visit(page.link("Switch off melancholic, kin of sad"))
    assert "drift=0.9" in page.address
    assert "k=3" in page.address
    assert "without=" in page.address
    assert visit(page.address).titles == page.titles
    steering = {one.attributes["name"] for one in page.all("input") if one.attributes.get("form") != "picks"}
    assert steering == {"q", "without", "k", "drift"}


def test_a_switch_that_no_longer_acts_is_forgotten(visit: Visit) -> None:
    page = visit(visit("/search?q=piano&drift=1").link("Switch off keyboard, kin of piano"))
    other = visit(page.address.replace("q=piano", "q=sitar"))
    assert not any(one.attributes.get("name") == "without" for one in other.all("input"))


def test_the_bars_of_a_page_add_up_to_the_scores(visit: Visit, searcher: Searcher) -> None:
    result = searcher.search(SearchRequest("sad piano", drift=1.0))
    scale = bar_scale(result.chips, (*result.hits, *result.outside))
    drawn = re.findall(r'<svg class="bar".*?</svg>', visit("/search?q=sad+piano&drift=1").response.text)
    assert len(drawn) == len(result.hits) + len(result.outside)
    for svg, hit in zip(drawn, (*result.hits, *result.outside), strict=True):
        widths = [float(width) for width in re.findall(r' width="([\d.]+)%"', svg)]
        assert sum(widths) * scale / 100 == pytest.approx(hit.score, abs=0.005 * scale / 100 * len(widths) + 1e-9)


def test_a_bar_shows_provenance_by_color_and_pattern(visit: Visit) -> None:
    page = visit("/search?q=sad+piano&drift=1")
    assert {"f-typed"} <= {one.attributes.get("class") for one in page.all("rect")}
    assert {"url(#kin)", "url(#implied)"} <= {one.attributes.get("fill") for one in page.all("rect")}
    assert {"kin", "implied"} <= {one.attributes.get("id") for one in page.all("pattern")}


def test_a_corrected_word_is_said_and_can_be_searched_as_typed(visit: Visit) -> None:
    page = visit("/search?q=ambeint")
    assert "Searched ambient for “ambeint”" in page.text
    literal = visit(page.link("Search “ambeint” instead"))
    assert "literal=1" in literal.address
    assert "Words were taken exactly as typed" in literal.text
    assert "ambeint" in literal.text


def test_an_unknown_word_is_said_never_dropped_in_silence(visit: Visit) -> None:
    page = visit("/search?q=sad+zzyzx")
    assert "No tag, title or artist has “zzyzx”" in page.text


def test_an_offer_takes_the_place_of_the_unknown_word(visit: Visit) -> None:
    page = visit("/search?q=drone+melankolik")
    assert "No tag, title or artist has “melankolik”" in page.text
    assert visit(page.link("melancholic")).all("input")[0].attributes["value"] == "drone, melancholic"
    assert visit(page.link("Drop it")).all("input")[0].attributes["value"] == "drone"


def test_a_demanded_tag_that_nothing_has_may_be_answered_by_kin(visit: Visit) -> None:
    page = visit("/search?q=%2Btechno+%2Bsitar&drift=0")
    assert "No track answers this search" in page.text
    assert (
        visit(page.link("Let kin stand in for “sitar” (1 track)")).all("input")[0].attributes["value"]
        == "+techno, sitar"
    )


def test_a_tag_that_was_let_go_is_said(visit: Visit) -> None:
    page = visit("/search?q=techno+sitar&drift=0")
    assert "was let go to find these" in page.text
    assert page.titles


def test_a_tag_of_the_catalogue_alone_has_no_kin_and_says_so(visit: Visit) -> None:
    page = visit("/search?q=%22i+own+i%22&drift=1")
    assert page.titles == ["Warehouse"]
    assert "without kin until the model is trained on it" in page.text


def test_nothing_found_says_what_to_try(visit: Visit) -> None:
    page = visit("/search?q=sad+piano+genre:polka")
    assert "No track answers this search" in page.text
    rescued = visit(page.link("Drop the filter “genre: polka” (6 tracks)"))
    assert rescued.titles


def test_a_misspelt_filter_value_has_offers_that_say_what_they_bring(visit: Visit) -> None:
    page = visit("/search?q=sad+piano+genre:clasical")
    assert "No track answers this search" in page.text
    rescued = visit(page.link("genre: Classical instead of clasical (2 tracks)"))
    assert rescued.all("input")[0].attributes["value"] == "sad piano genre:classical"
    assert rescued.titles


def test_a_value_that_tracks_have_is_not_taken_for_a_slip_however_rare(tmp_path: Path, model) -> None:
    # More artists than facets list, those of two tracks first.
    known = [Track(f"x:{n}:{copy}", artist=f"Mara Lind {n}", tags=("sad",)) for n in range(60) for copy in "ab"]
    engine = EmbeddedEngine.open(tmp_path / "index", create=True)
    fill(engine, model, (*known, Track("x:rare", artist="Mara Lindt", tags=("techno",))))
    client = create_app(Searcher(engine, model)).test_client()
    texts = {
        artist: Page("/", client.get("/search", query_string={"q": f'sad artist:"{artist}"'})).text
        for artist in ("mara lindt", "mara lindd")
    }
    engine.close()
    assert all("No track answers this search" in text for text in texts.values())
    assert ["instead of" in text for text in texts.values()] == [False, True]


def test_an_offer_for_an_unknown_word_says_what_it_brings_where_nothing_was_found(visit: Visit) -> None:
    page = visit("/search?q=melankolik")
    assert "No track answers this search" in page.text
    label = next(one.name for one in page.all("a") if one.name.startswith("Search “melancholic” for “melankolik” ("))
    assert visit(page.link(label)).titles


def test_a_title_word_that_nothing_has_can_be_dropped(visit: Visit) -> None:
    page = visit("/search?q=raga+genre:electronic")
    assert "No track answers this search" in page.text
    assert visit(page.link("Drop “raga”, looked for in titles and artists (2 tracks)")).titles == ["Rain", "Warehouse"]


def test_only_ways_out_that_bring_tracks_are_offered(visit: Visit) -> None:
    page = visit("/search?q=%2Bsitar+genre:polka+year:1900&drift=0")
    assert "No track answers this search" in page.text
    assert "Drop the filter" not in page.text  # the other filter still leaves nothing
    page = visit("/search?q=%2Bsitar+raga+genre:polka&drift=0")
    rescued = visit(page.link("Drop the filter “genre: polka” (2 tracks)"))
    assert rescued.titles == ["Raga", "Morning Raga"]
    assert "Turn the dial" not in page.text


def test_words_that_say_nothing_beside_tags_are_left_out_and_said(visit: Visit) -> None:
    page = visit("/search?q=drone+music+for+song")
    assert "Left out: music, for, song." in page.text
    assert page.titles[0] == "Drone 00"
    assert "Left out:" not in visit("/search?q=sad+%22song%22").text


def test_no_second_list_repeats_the_first(visit: Visit) -> None:
    page = visit("/search?q=raga+techno&drift=0")
    assert "0 carry all your words" in page.text
    assert "Outside your words" not in page.text


def test_markup_in_a_title_or_query_is_shown_never_run(visit: Visit) -> None:
    page = visit("/search?q=piano&drift=0")
    assert "Choir <b>Practice</b>" in page.titles
    assert "<b>Practice" not in page.response.text
    page = visit("/search?q=%3Cscript%3Ealert(1)%3C%2Fscript%3E", status=None)
    assert "<script>alert" not in page.response.text


def test_a_hit_can_be_picked_opened_and_followed_to_more_like_it(visit: Visit) -> None:
    page = visit("/search?q=piano&drift=0")
    picks = [one.attributes for one in page.all("input", "pick")]
    assert {(one["form"], one["name"], one["type"]) for one in picks} == {("picks", "id", "checkbox")}
    assert ("fma:4", "Pick Choir <b>Practice</b>") in {(one["value"], one["aria-label"]) for one in picks}
    assert page.link("Empty House") == "/track?id=fma%3A1"
    assert page.link("More like Empty House") == "/track?id=fma%3A1#similar"
    (form,) = [one for one in page.all("form") if one.attributes.get("id") == "picks"]
    assert form.attributes["action"] == "/picks"


def test_the_box_can_complete_tags(visit: Visit) -> None:
    for address in ("/", "/search?q=piano"):
        (box,) = [one for one in visit(address).all("input") if one.attributes.get("id") == "q"]
        assert box.attributes["data-complete"] == "/api/v1/tags"


def test_markup_in_an_attribute_stays_text(tmp_path: Path, model: TagModel) -> None:
    """Every place of the page that shows a title, a tag or a value of a field: none lets markup out."""
    engine = EmbeddedEngine.open(tmp_path / "index", create=True)
    evil = """"'><script>alert(1)</script>"""
    track = Track(f"x:{evil}", evil, evil, evil, evil, evil, 60, 2000, f"https://example.org/{evil}")
    other = replace(track, track_id="x:2", tags=("sad", "piano", evil))
    fill(engine, model, (replace(track, tags=("sad", evil)), other))
    client = create_app(Searcher(engine, model)).test_client()
    for query in ("sad", f"sad piano -{evil}", f'sad genre:"{evil}"', f"{evil}^0.5 sad", "sad genre:polka"):
        page = client.get("/search", query_string={"q": query, "drift": "1"}).text
        assert not re.search(r"<script(?! src=)", page), query
        assert "'><" not in page, query
    engine.close()


def test_text_that_runs_from_right_to_left_stays_in_its_place(tmp_path: Path, model: TagModel) -> None:
    engine = EmbeddedEngine.open(tmp_path / "index", create=True)
    track = Track("x:1", "\u05e9\u05d9\u05e8", "", "\u05d0\u05dc\u05d1\u05d5\u05dd", year=2004, tags=("sad",))
    fill(engine, model, (track,))
    page = create_app(Searcher(engine, model)).test_client().get("/search?q=sad").text
    engine.close()
    assert "\u2068\u05d0\u05dc\u05d1\u05d5\u05dd\u2069 \N{MIDDLE DOT} 2004" in page
    assert 'dir="auto"' in page


def test_a_search_that_nobody_can_mend_offers_tags_to_start_from(visit: Visit) -> None:
    page = visit("/search?q=zzyzx")
    assert "Nobody here uses this word" in page.text
    assert "Outside the box" not in page.text  # nothing to steer
    assert visit(page.link("drone 45")).titles[0] == "Drone 00"


def test_several_faults_at_once_can_be_dropped_together(visit: Visit) -> None:
    page = visit("/search?q=sad+piano+genre:polka+year:1800")
    assert visit(page.link("Drop all filters (6 tracks)")).titles
    page = visit("/search?q=sad+raga+genre:polka")
    label = next(one.name for one in page.all("a") if one.name.startswith("Keep only the tags ("))
    assert visit(page.link(label)).all("input")[0].attributes["value"] == "sad"


def test_only_web_addresses_become_links(visit: Visit) -> None:
    page = visit("/search?q=piano&drift=0")
    assert "https://example.org/empty-house" in {one.attributes["href"] for one in page.all("a")}
    assert "javascript:" not in page.response.text


def test_pages_follow_each_other(visit: Visit) -> None:
    first = visit("/search?q=drone")
    assert "1\N{EN DASH}20 of 45" in first.text
    assert not first.has_link("Previous")
    second = visit(first.link("Next"))
    third = visit(second.link("Next"))
    assert len({*first.titles, *second.titles, *third.titles}) == 45
    assert not third.has_link("Next")
    assert visit(third.link("Previous")).titles == second.titles


def test_a_page_behind_the_last_hit_leads_back(visit: Visit) -> None:
    page = visit("/search?q=drone&page=9")
    assert visit(page.link("Back to the first page")).titles[0] == "Drone 00"


def test_an_empty_search_goes_home(client) -> None:
    response: TestResponse = client.get("/search?q=+")
    assert response.status_code == 302
    assert response.location == "/"


def test_a_full_page_stays_under_150_kb(tmp_path: Path, model: TagModel) -> None:
    """Twenty hits that carry every tag of the model, with all kin live and facets full."""
    engine = EmbeddedEngine.open(tmp_path / "index", create=True)
    tags = model.vocabulary.ids
    long = "A Title That Is About as Long as Titles Get Before Anyone Shortens Them"
    with engine.writer() as writer:
        writer.write(
            [
                Document(
                    Track(f"x:{n}", long, f"Artist With a Long Name {n}", long, f"Genre {n % 30}",
                          f"License number {n % 30}", 200, 2000, "https://example.org/" + "a" * 60),
                    typed=tags,
                )
                for n in range(60)
            ]
        )  # fmt: skip
        writer.commit()
    page = create_app(Searcher(engine, model)).test_client().get("/search?q=sad+piano+sitar+tabla&drift=1")
    engine.close()
    assert len(page.data) < 150_000


def test_the_page_is_made_of_values_that_any_client_could_use(searcher: Searcher) -> None:
    page = search_page(searcher.search(SearchRequest("sad piano", drift=1.0)), searcher)
    assert [row.track.track_id for row in page.rows] == [hit.track.track_id for hit in page.result.hits]
    assert page.steering.rows[0].kin[0].strength == 100


def test_programs_are_told_what_halved_a_score(sounding: FlaskClient) -> None:
    hits = sounding.get("/api/v1/search?q=drone+-vocals&drift=0").json["hits"]
    told = {hit["track"]["track_id"]: hit["demoted_by"] for hit in hits}
    assert told == {"s:1": [], "s:2": ["vocals"], "s:4": []}
    for hit in hits:
        whole = sum(one["amount"] for one in hit["contributions"])
        assert hit["score"] == pytest.approx(whole / 2 if hit["demoted_by"] else whole)
