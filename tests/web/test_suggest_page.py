from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, quote_plus, urlsplit

import pytest

from search.embedded import EmbeddedEngine
from search.reach_computing import update_reach
from search.searcher import Searcher
from tagmodel.model import TagModel
from tests.web.conftest import Page
from web.app import create_app
from web.pages.suggest_page import per_thousand, signed


def tags_of(page: Page) -> list[str]:
    return [one.name.removesuffix("\N{MULTIPLICATION SIGN}").strip() for one in page.all("li", "chip")]


def copied(page: Page) -> str:
    (listed,) = (one.text for one in page.all("textarea") if one.attributes["id"] == "list")
    return listed


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory, index_directory: Path, model: TagModel) -> Iterator[Searcher]:
    """Search the small catalogue with its reach computed."""
    directory = tmp_path_factory.mktemp("measured") / "index"
    shutil.copytree(index_directory, directory)
    engine = EmbeddedEngine.open(directory)
    with engine.writer() as writer:
        assert update_reach(engine, writer, model, lambda _n: None)
    yield Searcher(engine, model)
    engine.close()


@pytest.fixture
def look(measured: Searcher) -> Callable[[str], Page]:
    client = create_app(measured).test_client()

    def open_page(address: str) -> Page:
        response = client.get(address)
        assert response.status_code == 200
        return Page(address, response)

    return open_page


def test_a_suggestion_has_a_probability_and_its_reasons_with_shares(visit) -> None:
    page = visit("/suggest?tags=sitar,tabla")
    assert "indian because of sitar 50 %, tabla 50 %" in page.text
    assert "86 %" in page.text
    assert "1 track here" in page.text
    assert "Nothing is added unless you say so" in page.text


def test_a_suggestion_is_accepted_by_a_click(visit) -> None:
    page = visit(visit("/suggest?tags=sitar").link("Add indian"))
    assert tags_of(page) == ["sitar", "indian"]
    assert not page.has_link("Add indian")


def test_a_suggestion_that_is_turned_down_stays_away_until_it_is_allowed_again(visit) -> None:
    page = visit(visit("/suggest?tags=keyboard,melancholic").link("Not piano"))
    assert not page.has_link("Add piano")
    assert page.has_link("Add sad")
    page = visit(visit(page.address).link("Add sad"))  # the link carries what was turned down
    assert "no=piano" in page.address
    assert visit(page.link("Allow piano again")).has_link("Add piano")


def test_a_tag_turned_down_in_any_spelling_stays_away(visit) -> None:
    assert not visit("/suggest?tags=sitar&no=Indians").has_link("Add indian")


def test_a_typed_tag_is_removed_by_a_click(visit) -> None:
    assert tags_of(visit(visit("/suggest?tags=sitar,+tabla").link("Remove sitar"))) == ["tabla"]


@pytest.mark.parametrize("separator", [", ", ";", "|", "\t", "\r\n", " #", " • "])
def test_any_separator_will_do(visit, separator: str) -> None:
    assert tags_of(visit("/suggest?tags=" + quote_plus(f"sitar{separator}tabla"))) == ["sitar", "tabla"]


def test_tags_without_anything_between_them_are_offered_apart(visit) -> None:
    page = visit("/suggest?tags=sitar+tabla")
    assert "sitar tabla looks like several tags" in page.text
    assert tags_of(visit(page.link("Read it as sitar, tabla"))) == ["sitar", "tabla"]


def test_a_misspelt_tag_is_mended_in_its_place_by_a_click(visit) -> None:
    page = visit("/suggest?tags=slow,melancolic,tabla")
    assert "melancolic is probably misspelled" in page.text
    assert tags_of(visit(page.link("Write melancholic"))) == ["slow", "melancholic", "tabla"]


def test_an_unknown_tag_is_kept_as_typed_and_said(visit) -> None:
    page = visit("/suggest?tags=sitar,Blorp-Wave")
    assert "Blorp-Wave is new to the model" in page.text
    assert "Blorp-Wave" in tags_of(page)
    assert not page.all("a", "mend")  # nothing is spelled like it, so nothing is offered


def test_a_tag_of_this_catalogue_only_is_found_as_written(visit) -> None:
    assert "found as written, as on 1 track here" in visit("/suggest?tags=" + quote_plus("<i>own</i>")).text


def test_a_tag_that_nobody_else_uses_comes_with_a_word_that_people_use(visit) -> None:
    assert "Nobody else here uses classical" in visit("/suggest?tags=classical").text
    page = visit("/suggest?tags=melancholy,slow")
    assert "melancholy is new to the model" in page.text
    assert tags_of(visit(page.link("Write melancholic 2 tracks"))) == ["melancholic", "slow"]


def test_either_of_two_contradicting_tags_is_removed_by_a_click(visit) -> None:
    page = visit("/suggest?tags=fast,slow,sad")
    assert "fast and slow contradict each other" in page.text
    removals = {one.attributes["href"] for one in page.all("a", "mend")}
    assert {tuple(tags_of(visit("/suggest" + address))) for address in removals} == {("slow", "sad"), ("fast", "sad")}


def test_a_repetition_in_another_spelling_is_removed_by_a_click(visit) -> None:
    page = visit("/suggest?tags=Sitar,sitars,slow")
    assert "sitars is the same tag as Sitar" in page.text
    (removal,) = (one.attributes["href"] for one in page.all("a", "mend"))
    assert tags_of(visit("/suggest" + removal)) == ["Sitar", "slow"]


def test_the_tags_can_be_copied_and_pasted_back(visit) -> None:
    page = visit("/suggest?" + "tag=one%2C+two&tag=sitar&tag=%22said%22")
    assert copied(page) == '"one, two", sitar, """said"""'
    assert tags_of(visit("/suggest?tags=" + quote_plus(copied(page)))) == ["one, two", "sitar", '"said"']


def test_the_list_is_written_in_three_forms(visit) -> None:
    page = visit("/suggest?tags=female+vocals,trip-hop")
    assert copied(visit(page.link("Lines"))) == "female vocals\ntrip-hop"
    assert copied(visit(page.link("Hashtags"))) == "#femalevocals #triphop"
    assert copied(visit(visit(page.link("Lines")).link("Commas"))) == "female vocals, trip-hop"


def test_the_list_is_downloaded_as_text_and_as_csv(client) -> None:
    text = client.get("/suggest/tags.txt?tags=sitar,female+vocals&as=lines")
    assert text.text == "sitar\nfemale vocals\n"
    assert text.headers["Content-Disposition"] == 'attachment; filename="tags.txt"'
    csv = client.get("/suggest/tags.csv?tags=" + quote_plus('sitar,"one, two",=1+1'))
    assert csv.text == "tag\r\nsitar\r\n\"one, two\"\r\n'=1+1\r\n"
    assert csv.content_type == "text/csv; charset=utf-8"


def test_nothing_typed_says_how_to_begin(visit) -> None:
    page = visit("/suggest")
    assert "Three tags are enough" in page.text
    assert tags_of(visit(page.link("Try sitar, tabla, india"))) == ["sitar", "tabla", "india"]


def test_only_unknown_tags_bring_no_guesses(visit) -> None:
    assert "The model knows none of these tags" in visit("/suggest?tags=blorp").text


def test_markup_in_a_tag_is_shown_never_run(visit) -> None:
    page = visit("/suggest?tags=" + quote_plus("<img src=x onerror=alert(1)>") + "&no=" + quote_plus("<b>no</b>"))
    assert "<img" not in page.response.text
    assert "<b>no" not in page.response.text
    assert "<img src=x onerror=alert(1)>" in page.text


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("tags=" + "a" * 4001, "at most 4,000 characters"),
        ("tags=" + ",".join(f"t{n}" for n in range(101)), "at most 100 tags"),
        ("no=" + ",".join(f"t{n}" for n in range(101)), "at most 100 tags"),
        ("tags=a%00b", "the unseen character U+0000"),
        ("tags=a%E2%80%AEb", "the unseen character U+202E"),
        ("tags=a&as=songs", "as is one of commas, lines, hashtags"),
        ("tags=a&by=luck", "by is one of probability, reach"),
    ],
)
def test_what_no_track_could_have_is_refused_with_words_for_people(visit, address: str, says: str) -> None:
    assert says.casefold() in visit("/suggest?" + address, status=400).text.casefold()


def test_the_known_tags_can_be_searched_for(visit) -> None:
    page = visit("/suggest?tags=female+vocals,sitar,blorp")
    (query,) = (one.attributes["value"] for one in page.all("input") if one.attributes.get("name") == "q")
    assert visit("/search?q=" + quote_plus(query)).all("input")[0].attributes["value"] == query
    assert "blorp" not in query


@pytest.mark.parametrize("typed", [["keyboard", "sitar"], ["keyboard"], ["sitar", "piano"], ["techno"]])
def test_a_suggestion_says_how_many_more_searches_it_brings_if_any(look, measured: Searcher, typed: list[str]) -> None:
    page = look("/suggest?tags=" + ",".join(typed))
    named = {one.spelling: one.reach.searches for one in measured.suggest(typed).suggestions}
    for row in page.all("li", "offer"):
        searches = named[next(one for one in named if row.name.startswith(one))]
        assert (f"{signed(searches)} search" in row.name) is bool(searches)
    assert "±0" not in page.text
    assert ("None of these alone" in page.text) is (bool(named) and max(named.values()) <= 0)


def test_it_says_what_the_numbers_of_searches_mean(look, measured: Searcher) -> None:
    page = look("/suggest?tags=keyboard,sitar")
    assert "What “+12 searches” means" in page.text
    assert f"{len(measured.reach().table.record.arrays.uses)} searches were tried" in page.text


def test_the_suggestions_that_bring_most_searches_can_come_first(look, measured: Searcher) -> None:
    page = look(look("/suggest?tags=keyboard,sitar,melancholic").link("Most new searches first"))
    result = measured.suggest(["keyboard", "sitar", "melancholic"], 15)
    expected = sorted(result.suggestions, key=lambda one: -one.reach.searches)
    assert [one.name for one in page.all("h3")] == [one.spelling for one in expected]
    assert parse_qs(urlsplit(look(page.address).link("Add indian")).query)["by"] == ["reach"]


def test_what_the_typed_tags_reach_is_said(look, measured: Searcher) -> None:
    reached = measured.suggest(["sitar"]).reached
    assert reached
    assert f"{reached} search" in look("/suggest?tags=sitar").text
    assert "No search shows a track with these in its first 20 " in look("/suggest?tags=blorp").text


def test_without_reach_it_says_how_to_get_it(visit) -> None:
    page = visit("/suggest?tags=sitar")
    assert "tagkin index --reach" in page.text
    assert "What “+12 searches” means" not in page.text


def test_suggestions_work_while_the_index_is_away(away) -> None:
    page = Page("/suggest?tags=sitar,siitar", away.get("/suggest?tags=sitar,siitar"))
    assert page.response.status_code == 200
    assert page.has_link("Add indian")
    assert "The index cannot answer now" in page.text
    assert "here" not in page.all("li", "offer")[0].name


@pytest.mark.parametrize(
    ("share", "written"), [(0.01, "<0.1"), (-0.01, "<0.1"), (0.44, "+0.4"), (-2.0, "\N{MINUS SIGN}2.0"), (23.4, "+23")]
)
def test_shares_have_no_more_digits_than_say_anything(share: float, written: str) -> None:
    assert per_thousand(share) == written
