"""The page of a track, as a person meets it."""

from __future__ import annotations

import pytest


def test_from_a_hit_to_its_track_to_what_is_like_it(open_tab) -> None:
    tab = open_tab("/search?q=sitar")
    title = tab.locator(".hit-title a").first
    name = title.inner_text()
    title.click()
    assert tab.get_by_role("heading", level=1).inner_text() == name
    assert tab.locator(".chip.typed", has_text="sitar").count()
    other = tab.locator(".similar .hit-title a").first
    title = other.inner_text()
    other.click()
    assert tab.get_by_role("heading", level=1).inner_text() == title


def test_more_like_this_leads_to_the_similar_tracks(open_tab) -> None:
    tab = open_tab("/search?q=sitar")
    tab.get_by_role("link", name="More like ").first.click()
    assert tab.url.endswith("#similar")
    assert tab.get_by_role("heading", name="Similar tracks").is_visible()


@pytest.mark.parametrize("scripted", [True, False], ids=["with scripts", "without scripts"])
def test_the_dial_of_similar_tracks_is_set(open_tab, scripted: bool) -> None:
    tab = open_tab("/track?id=mtat:2", java_script_enabled=scripted)
    dial = tab.get_by_role("slider", name="Outside its tags")
    dial.focus()
    tab.keyboard.press("End")
    if not scripted:
        tab.get_by_role("button", name="Set the dial").click()
    tab.wait_for_url("**drift=1**")
    if scripted:  # the list was put in place, and the next key turns the dial on
        assert dial.evaluate("dial => dial === document.activeElement")
        assert tab.locator("#dial-now").inner_text() == "1.00"
    assert tab.locator(".similar .bar rect[fill='url(#kin)']").count()


def test_its_tags_go_to_the_suggest_page(open_tab) -> None:
    tab = open_tab("/track?id=mtat:2")
    tags = tab.locator(".chip.typed .chip-main").all_inner_texts()
    tab.get_by_role("link", name="Suggest tags for this track").click()
    assert tab.get_by_label("Tags of your track").input_value() == ", ".join(tags)


def test_a_track_is_picked(open_tab) -> None:
    tab = open_tab("/track?id=mtat:2")
    tab.locator("header .pick").check()
    tab.locator("#picks-count", has_text="1").wait_for()
