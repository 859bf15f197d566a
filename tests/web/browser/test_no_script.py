"""Every page does its work without JavaScript: links and forms, and the state in the address."""

from __future__ import annotations

import pytest

from tests.web.browser.pages import STATES, State


@pytest.fixture
def plain(open_tab, site):
    def open_one(path: str, **options):
        return open_tab(path, java_script_enabled=False, **options)

    return open_one


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_every_page_says_its_thing(open_tab, site, away_site, state: State) -> None:
    tab = open_tab(state.path, state.status, at=away_site if state.away else site, java_script_enabled=False)
    assert tab.get_by_role("heading", level=1).first.is_visible()
    # Nothing is shown that needs a script to do anything.
    for button in tab.locator("main button:visible").all():
        assert button.evaluate("one => one.form !== null && one.type === 'submit'"), button.inner_text()


def test_a_search_is_typed_steered_and_paged(plain) -> None:
    tab = plain("/")
    tab.get_by_label("Tags, title or artist").fill("sad piano")
    tab.get_by_role("button", name="Search", exact=True).click()
    first = tab.locator(".hit-title").first.inner_text()
    tab.get_by_role("link", name="Next").first.click()
    assert "page=2" in tab.url
    assert tab.locator(".hit-title").first.inner_text() != first


def test_a_track_leads_to_similar_ones(plain) -> None:
    tab = plain("/search?q=sitar")
    tab.locator(".hit-title a").first.click()
    tab.wait_for_url("**/track?id=*")
    title = tab.get_by_role("heading", level=1).inner_text()
    tab.locator("#similar ~ * .hit-title a, section:has(#similar) .hit-title a").first.click()
    tab.wait_for_url("**/track?id=*")
    assert tab.get_by_role("heading", level=1).inner_text() != title


def test_a_tag_leads_along_its_kin(plain) -> None:
    tab = plain("/tag?name=piano")
    kin = tab.locator("main a[href^='/tag?name=']").first
    kin.click()
    tab.wait_for_url("**/tag?name=*")
    assert tab.url.split("name=")[1] != "piano"


def test_the_map_finds_a_tag_and_the_way_between_two(plain) -> None:
    tab = plain("/graph")
    tab.get_by_role("combobox", name="Find a tag").fill("piano")
    tab.get_by_role("button", name="Find").click()
    assert "find=piano" in tab.url
    assert "piano" in tab.title()
    tab = plain("/graph?from=sitar&to=techno")
    assert tab.locator("main svg").first.is_visible()


def test_the_api_is_documented(plain) -> None:
    tab = plain("/api/v1/docs")
    assert "/search" in tab.locator("body").inner_text()
