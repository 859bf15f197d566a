"""Searching and steering, as a producer does it, with scripts and without."""

from __future__ import annotations

import pytest


def test_a_search_is_typed_and_answered(open_tab) -> None:
    tab = open_tab("/")
    tab.get_by_label("Tags, title or artist").fill("sad piano -vocals")
    tab.keyboard.press("Enter")
    tab.locator(".hit-title").first.wait_for()
    assert tab.locator("section.results .hit").count() == 20
    assert tab.get_by_role("heading", level=1).inner_text().endswith("tracks")


@pytest.mark.parametrize("scripted", [True, False], ids=["with scripts", "without scripts"])
def test_a_kin_chip_is_switched_off(open_tab, scripted: bool) -> None:
    tab = open_tab("/search?q=piano&drift=1", java_script_enabled=scripted)
    tab.get_by_role("link", name="Switch off classical, kin of piano").click()
    on_again = tab.get_by_role("link", name="Switch on classical, kin of piano")
    on_again.wait_for()
    assert "without=" in tab.url
    if scripted:
        assert on_again.evaluate("link => link === document.activeElement")
        tab.go_back()
        tab.get_by_role("link", name="Switch off classical, kin of piano").wait_for()
        assert "without=" not in tab.url


def test_the_dial_turns_by_key_and_keeps_the_focus(open_tab) -> None:
    tab = open_tab("/search?q=sad+piano&drift=0")
    before = tab.locator("#tracks").inner_text()
    dial = tab.get_by_role("slider", name="Outside the box")
    dial.focus()
    tab.keyboard.press("End")
    tab.wait_for_url("**drift=1**")
    assert tab.locator("#dial-says").inner_text().startswith("1.00")
    assert tab.locator("#tracks").inner_text() != before
    # The script gives the focus back once the new page has been laid out.
    tab.wait_for_function("document.activeElement?.id === 'dial'")


def test_the_dial_turns_without_scripts(open_tab) -> None:
    tab = open_tab("/search?q=sad+piano", java_script_enabled=False)
    tab.get_by_role("slider", name="Outside the box").fill("0")
    tab.get_by_role("button", name="Set the dial").click()
    tab.wait_for_url("**drift=0")
    assert tab.locator(".chip.kin").count() == 0


def test_a_facet_narrows(open_tab) -> None:
    tab = open_tab("/search?q=rock&drift=0", viewport={"width": 1280, "height": 900})
    before = tab.locator("#tracks").inner_text()
    genres = tab.locator(".facet-list section").filter(has=tab.get_by_role("heading", name="Genre"))
    facet = genres.locator("a.facet-value").first
    genre = facet.inner_text()
    facet.click()
    tab.get_by_role("link", name=f"Remove the filter: genre: {genre.lower()}").wait_for()
    assert tab.locator("#tracks").inner_text() != before


def test_facets_fold_away_on_a_phone(open_tab) -> None:
    tab = open_tab("/search?q=rock&drift=0", viewport={"width": 390, "height": 844})
    facet = tab.locator("a.facet-value").first
    assert not facet.is_visible()
    tab.locator(".facets > summary").click()
    assert facet.is_visible()
