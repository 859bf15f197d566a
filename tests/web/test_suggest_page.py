from __future__ import annotations

from urllib.parse import quote_plus

import pytest


def tags_of(page) -> list[str]:
    return [one.name.removesuffix("\N{MULTIPLICATION SIGN}").strip() for one in page.all("li", "chip")]


def test_a_suggestion_has_a_probability_and_its_reasons(visit) -> None:
    page = visit("/suggest?tags=sitar,tabla")
    assert "indian because of sitar, tabla" in page.text
    assert "86 %" in page.text


def test_a_suggestion_is_accepted_by_a_click(visit) -> None:
    page = visit(visit("/suggest?tags=sitar").link("Add indian"))
    assert tags_of(page) == ["sitar", "indian"]
    assert not page.has_link("Add indian")


def test_a_typed_tag_is_removed_by_a_click(visit) -> None:
    assert tags_of(visit(visit("/suggest?tags=sitar,+tabla").link("Remove sitar"))) == ["tabla"]


@pytest.mark.parametrize("separator", [", ", ";", "|", "\t", "\r\n", " #", " • "])
def test_any_separator_will_do(visit, separator: str) -> None:
    assert tags_of(visit("/suggest?tags=" + quote_plus(f"sitar{separator}tabla"))) == ["sitar", "tabla"]


def test_tags_without_anything_between_them_are_offered_apart(visit) -> None:
    page = visit("/suggest?tags=sitar+tabla")
    assert "sitar tabla is new to the model" in page.text
    assert tags_of(visit(page.link("Read it as sitar, tabla"))) == ["sitar", "tabla"]


def test_an_unknown_tag_is_kept_as_typed_and_said(visit) -> None:
    page = visit("/suggest?tags=sitar,Blorp-Wave")
    assert "Blorp-Wave is new to the model" in page.text
    assert "Blorp-Wave" in tags_of(page)


def test_contradictions_and_repetitions_are_said(visit) -> None:
    page = visit("/suggest?tags=fast,slow,Sitar,sitars")
    assert "fast and slow contradict each other" in page.text
    assert "sitars is the same tag as Sitar" in page.text


def test_the_tags_can_be_copied_and_pasted_back(visit) -> None:
    page = visit("/suggest?" + "tag=one%2C+two&tag=sitar&tag=%22said%22")
    (listed,) = (one.text for one in page.all("textarea") if one.attributes["id"] == "list")
    assert listed == '"one, two", sitar, """said"""'
    assert tags_of(visit("/suggest?tags=" + quote_plus(listed))) == ["one, two", "sitar", '"said"']


def test_nothing_typed_says_how_to_begin(visit) -> None:
    page = visit("/suggest")
    assert "Three tags are enough" in page.text
    assert tags_of(visit(page.link("Try sitar, tabla, india"))) == ["sitar", "tabla", "india"]


def test_only_unknown_tags_bring_no_guesses(visit) -> None:
    page = visit("/suggest?tags=blorp")
    assert "The model knows none of these tags" in page.text


def test_markup_in_a_tag_is_shown_never_run(visit) -> None:
    page = visit("/suggest?tags=" + quote_plus("<img src=x onerror=alert(1)>"))
    assert "<img" not in page.response.text
    assert "<img src=x onerror=alert(1)>" in page.text


@pytest.mark.parametrize(("tags", "says"), [("a" * 4001, "at most 4,000 characters"), ("a,b" * 1, "")])
def test_more_than_a_track_could_have_is_refused(visit, tags: str, says: str) -> None:
    assert says in visit("/suggest?tags=" + tags, status=400 if says else 200).text


def test_a_whole_catalogue_is_refused(visit) -> None:
    page = visit("/suggest?tags=" + ",".join(f"t{n}" for n in range(101)), status=400)
    assert "at most 100 tags" in page.text


def test_the_known_tags_can_be_searched_for(visit) -> None:
    page = visit("/suggest?tags=female+vocals,sitar,blorp")
    (query,) = (one.attributes["value"] for one in page.all("input") if one.attributes.get("name") == "q")
    assert visit("/search?q=" + quote_plus(query)).all("input")[0].attributes["value"] == query
    assert "blorp" not in query
