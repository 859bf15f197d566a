"""The whole way of a producer by keyboard alone, with the focus in sight at every step."""

from __future__ import annotations

import pytest


def test_search_track_and_picks_by_keyboard_alone(open_tab, by_keyboard) -> None:
    tab = open_tab("/")
    keys = by_keyboard(tab)
    # The box has the focus already: complete the second word, search.
    assert keys.focused == "Tags, title or artist"
    keys.type("sad pia")
    tab.locator(".completions:not([aria-busy=true]) [role=option]").first.wait_for()
    keys.press("ArrowDown", "Enter", "Enter")
    tab.wait_for_url("**/search?q=sad+piano**")
    # Steer: a kin off and on again.
    keys.reach("Switch off")
    chip = keys.focused.removeprefix("Switch off ")
    keys.press("Enter")
    tab.get_by_role("link", name=f"Switch on {chip}").wait_for()
    tab.locator(f'[aria-label="Switch on {chip}"]:focus').wait_for()
    keys.press("Enter")
    tab.get_by_role("link", name=f"Switch off {chip}").wait_for()
    # Pick the first hit, and open it.
    keys.reach("Pick ")
    title = keys.focused.removeprefix("Pick ")
    keys.press("Space")
    assert tab.locator("#picks-count").inner_text().strip() == "1"
    keys.reach(title, key="Shift+Tab", within=12)
    keys.press("Enter")
    tab.wait_for_url("**/track?id=*")
    assert tab.get_by_role("heading", level=1).inner_text() == title
    # See the picks.
    keys.reach("Picks")
    keys.press("Enter")
    tab.wait_for_url("**/picks?id=*")
    keys.reach(f"Remove {title}")
    keys.press("Enter")
    tab.wait_for_url("**remove=*")
    keys.reach("Undo")
    keys.press("Enter")
    tab.wait_for_url(lambda url: "remove" not in url)
    assert tab.locator(".picks-list .hit-title").inner_text() == title


def test_the_skip_link_leads_past_the_steering(open_tab, by_keyboard) -> None:
    tab = open_tab("/search?q=piano&drift=1")
    keys = by_keyboard(tab)
    keys.press("Tab")
    assert keys.focused == "Skip to the content"
    keys.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "tracks"
    keys.reach("Switch off classical", key="Shift+Tab")


def test_no_page_traps_the_focus(open_tab, by_keyboard) -> None:
    for path in ("/", "/suggest?tags=sitar,tabla", "/tag?name=piano", "/about", "/picks?id=mtat:2"):
        tab = open_tab(path)
        keys = by_keyboard(tab)
        # From wherever the focus begins, round to the first stop of the page.
        for _ in range(400):
            keys.press("Tab")
            if tab.evaluate("document.activeElement.className") == "skip":
                break
        else:
            pytest.fail(f"{path}: the focus never came round")
