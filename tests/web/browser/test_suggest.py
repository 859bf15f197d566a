"""Suggestions to a creator, as a person meets them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

TABLE = "title,tags\nMorning Raga,\"sitar, tabla\"\nWarehouse,\"techno, fast, slow\"\n"


def listed(tab) -> str:
    return tab.get_by_label("As a list").input_value()


def offers(tab) -> list[str]:
    return tab.locator(".offer h3").all_inner_texts()


def test_a_suggestion_is_accepted_without_scripts(open_tab) -> None:
    tab = open_tab("/suggest", java_script_enabled=False)
    tab.get_by_label("Tags of your track").fill("sitar; tabla")
    tab.get_by_role("button", name="Suggest").click()
    assert "/suggest?tags=" in tab.url
    tab.get_by_role("link", name="Add indian").click()
    assert listed(tab) == "sitar, tabla, indian"
    assert not tab.locator("#keys, #undo").first.is_visible()


def test_suggestions_come_while_typing_and_the_address_follows(open_tab) -> None:
    tab = open_tab("/suggest")
    box = tab.get_by_label("Tags of your track")
    box.press_sequentially("sitar, tabla")
    tab.get_by_role("link", name="Add indian").wait_for()
    assert box.evaluate("box => box === document.activeElement")
    tab.wait_for_url("**/suggest?tags=sitar%2C+tabla")
    shown = offers(tab)
    tab.reload()
    assert offers(tab) == shown


def test_reasons_and_warnings_are_shown_and_mended_by_a_click(open_tab) -> None:
    tab = open_tab("/suggest?tags=sitar,fast,slow,siatr")
    assert "because of" in tab.locator(".offer").first.inner_text()
    assert "contradict each other" in tab.locator(".odd").inner_text()
    tab.get_by_role("link", name="Remove fast").first.click()
    tab.get_by_text("contradict each other").wait_for(state="detached")
    tab.get_by_role("link", name="Write sitar").click()
    tab.get_by_text("probably misspelled").wait_for(state="detached")
    assert listed(tab) == "sitar, slow"


def test_accepting_turning_down_and_undoing_by_key(open_tab, by_keyboard) -> None:
    tab = open_tab("/suggest?tags=sitar,tabla")
    keyboard = by_keyboard(tab)
    first, second, third = offers(tab)[:3]
    keyboard.reach(f"+ Add {first}")
    keyboard.press("ArrowDown", "ArrowDown", "ArrowUp")
    assert keyboard.focused == f"+ Add {second}"
    keyboard.press("x")
    tab.get_by_role("link", name=f"Allow {second} again").wait_for()
    tab.locator(".accept:focus").wait_for()
    assert keyboard.focused == f"+ Add {third}"  # what took its place
    keyboard.press("Home", "a")
    tab.get_by_role("link", name=f"Remove {first}").wait_for()
    assert listed(tab) == f"sitar, tabla, {first}"
    assert "no=" in tab.url
    keyboard.press("u")
    tab.get_by_role("link", name=f"Remove {first}").wait_for(state="detached")
    keyboard.press("u")
    tab.get_by_role("link", name=f"Allow {second} again").wait_for(state="detached")
    assert offers(tab)[:3] == [first, second, third]
    assert tab.locator("#said").inner_text().startswith("Undone")


def test_keys_do_nothing_while_a_tag_is_typed(open_tab) -> None:
    tab = open_tab("/suggest?tags=sitar")
    tab.get_by_label("Tags of your track").focus()
    tab.keyboard.press("End")
    tab.keyboard.type(", xaux")
    tab.locator(".chip", has_text="xaux").wait_for()
    assert "no=" not in tab.url


def test_back_returns_to_what_was_before(open_tab) -> None:
    tab = open_tab("/suggest?tags=sitar,tabla")
    tab.get_by_role("link", name="Add indian").click()
    tab.get_by_role("link", name="Remove indian").wait_for()
    assert tab.get_by_label("Tags of your track").input_value() == "sitar, tabla, indian"
    tab.go_back()
    tab.get_by_role("link", name="Add indian", exact=True).wait_for()
    assert tab.get_by_label("Tags of your track").input_value() == "sitar, tabla"


def test_the_list_is_copied(open_tab) -> None:
    tab = open_tab("/suggest?tags=sitar,tabla", permissions=["clipboard-read", "clipboard-write"])
    tab.get_by_role("link", name="Hashtags").click()
    tab.wait_for_url("**as=hashtags*")
    tab.get_by_role("button", name="Copy", exact=True).click()
    tab.get_by_role("button", name="Copied").wait_for()
    assert tab.evaluate("navigator.clipboard.readText()") == "#sitar #tabla"


@pytest.mark.parametrize("scripted", [True, False], ids=["with scripts", "without scripts"])
def test_a_table_is_uploaded_ticked_and_taken_away(open_tab, axe, tmp_path: Path, scripted: bool) -> None:
    (tmp_path / "tracks.csv").write_text(TABLE)
    tab = open_tab("/suggest", java_script_enabled=scripted)
    tab.get_by_text("Many tracks at once").click()
    tab.get_by_label("A table of tracks").set_input_files(tmp_path / "tracks.csv")
    tab.get_by_role("button", name="Suggest").click()
    assert tab.get_by_role("heading", level=1).inner_text() == "2 tracks, and the tags they lack"
    if scripted:
        axe(tab)
    tab.get_by_label("indian", exact=False).first.check()
    with tab.expect_download() as taken:
        tab.get_by_role("button", name="Download the table").click()
    rows = list(csv.DictReader(taken.value.path().read_text("utf-8-sig").splitlines()))
    assert rows[0]["accepted tags"] == "indian"
    assert "indian" in rows[0]["suggested tags"].split("; ")
    assert (rows[1]["title"], rows[1]["accepted tags"]) == ("Warehouse", "")


def test_a_pasted_table_is_told_from_tags(open_tab) -> None:
    tab = open_tab("/suggest")
    tab.get_by_label("Tags of your track").fill(TABLE)
    tab.get_by_text("This looks like more than one track").wait_for()
    tab.get_by_role("button", name="Suggest").click()
    assert tab.get_by_role("heading", level=1).inner_text() == "2 tracks, and the tags they lack"


def test_a_creator_with_a_phone_comes_from_tags_to_a_list(open_tab) -> None:
    tab = open_tab("/suggest", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    tab.get_by_label("Tags of your track").fill("guitar, folk")
    first = tab.locator(".offer .accept").first
    first.wait_for()
    tab.get_by_role("heading", level=1).tap()  # closes the completions
    name = offers(tab)[0]
    first.tap()
    tab.get_by_role("link", name=f"Remove {name}", exact=True).wait_for()
    tab.get_by_role("button", name="Undo").tap()
    tab.get_by_role("link", name=f"Remove {name}", exact=True).wait_for(state="detached")
    assert listed(tab) == "guitar, folk"
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390


def test_two_suggestions_taken_before_the_first_answer_are_both_there(open_tab) -> None:
    tab = open_tab("/suggest?tags=sitar,tabla")
    first, second = offers(tab)[:2]
    held = []
    tab.route(f"**/suggest?*{first}*", lambda route, _request: held.append(route))
    tab.get_by_role("link", name=f"Add {first}").click()
    tab.get_by_role("link", name=f"Add {second}").click()
    held[0].continue_()
    tab.unroute(f"**/suggest?*{first}*")
    tab.get_by_role("link", name=f"Remove {second}").wait_for()
    assert listed(tab) == f"sitar, tabla, {first}, {second}"


@pytest.mark.parametrize("failure", ["busy", "no network"])
def test_a_server_that_cannot_answer_takes_nobody_from_what_they_type(open_tab, failure: str) -> None:
    tab = open_tab("/suggest?tags=sitar", refused="/suggest?tags=sitar%2C+tabla")
    refused = []

    def refuse(route: Any) -> None:
        refused.append(route)
        if len(refused) > 1:
            route.continue_()
        elif failure == "busy":
            route.fulfill(status=429, headers={"Retry-After": "1"})
        else:
            route.abort("aborted")  # as when the network is gone, without being told of it

    tab.route("**/suggest?tags=sitar%2C*", refuse)
    box = tab.get_by_label("Tags of your track")
    box.press("End")
    tab.keyboard.type(", tabla")
    tab.get_by_text("The server cannot answer just now").wait_for()
    assert not tab.get_by_text("This looks like more than one track").is_visible()
    tab.get_by_role("link", name="Remove tabla", exact=True).wait_for()
    tab.get_by_text("The server cannot answer just now").wait_for(state="hidden")
    assert box.input_value() == "sitar, tabla"


@pytest.mark.parametrize(("typed", "becomes"), [(", gui", ", {tag}, gui"), (", ", ", {tag}, ")])
def test_what_is_typed_while_a_tag_is_on_its_way_stays_with_it(open_tab, typed: str, becomes: str) -> None:
    tab = open_tab("/suggest?tags=sitar,tabla")
    first = offers(tab)[0]
    held = []
    tab.route(f"**/suggest?*{first}*", lambda route, _request: held.append(route))
    tab.get_by_role("link", name=f"Add {first}").click()
    box = tab.get_by_label("Tags of your track")
    box.press("End")
    tab.keyboard.type(typed)
    tab.wait_for_timeout(400)  # longer than typing waits before it asks
    held[0].continue_()
    tab.unroute(f"**/suggest?*{first}*")
    tab.get_by_role("link", name=f"Remove {first}").wait_for()
    assert box.input_value() == "sitar, tabla" + becomes.format(tag=first)
    tab.keyboard.type("tar")
    tab.locator(".yours-card .chip", has_text="tar").nth(1).wait_for()
    assert box.input_value() == "sitar, tabla" + becomes.format(tag=first) + "tar"
    assert listed(tab) == box.input_value()


def test_a_jump_within_the_page_leaves_what_can_be_undone(open_tab) -> None:
    tab = open_tab("/suggest?tags=sitar,tabla", viewport={"width": 390, "height": 844})
    first = offers(tab)[0]
    tab.get_by_role("link", name=f"Add {first}").click()
    tab.get_by_role("link", name=f"Remove {first}").wait_for()
    with tab.expect_event("console", lambda message: message.text == "moved"):
        # Heard after the page's own listener, which has asked by then if it is going to.
        tab.evaluate("addEventListener('popstate', () => setTimeout(() => console.info('moved'), 500))")
        tab.get_by_role("link", name="Take them with you").click()
    tab.get_by_role("button", name="Undo").click()
    tab.get_by_role("link", name=f"Remove {first}").wait_for(state="detached")
    assert listed(tab) == "sitar, tabla"


def test_lines_of_tags_are_a_track_each(open_tab, axe, tmp_path: Path) -> None:
    (tmp_path / "tracks.txt").write_text("sitar, tabla, slow\nfast, drum\n")
    tab = open_tab("/suggest")
    tab.get_by_text("Many tracks at once").click()
    tab.get_by_label("A table of tracks").set_input_files(tmp_path / "tracks.txt")
    tab.get_by_role("button", name="Suggest").click()
    assert tab.get_by_role("heading", level=1).inner_text() == "2 tracks, and the tags they lack"
    axe(tab)
    with tab.expect_download() as taken:
        tab.get_by_role("button", name="Download the table").click()
    rows = list(csv.DictReader(taken.value.path().read_text("utf-8-sig").splitlines()))
    assert [row["tags"] for row in rows] == ["sitar, tabla, slow", "fast, drum"]
