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
    tab.locator("#dial:focus").wait_for()


def test_turns_of_the_dial_are_one_step_in_the_history(open_tab) -> None:
    tab = open_tab("/search?q=sad+piano&drift=0.5")
    tab.get_by_role("slider", name="Outside the box").focus()
    for drift in ("0.55", "0.6", "0.65"):
        tab.keyboard.press("ArrowRight")
        tab.wait_for_url(f"**drift={drift}")
        tab.locator("#dial:focus").wait_for()
    tab.go_back()
    tab.wait_for_url("**drift=0.5")
    tab.go_forward()
    tab.wait_for_url("**drift=0.65")


def test_turns_faster_than_the_answers_keep_the_search_before_them(open_tab) -> None:
    tab = open_tab("/search?q=sad+piano&drift=0.5")
    held = []
    tab.route("**/search?*drift=0.55*", lambda route, _request: held.append(route))
    tab.get_by_role("slider", name="Outside the box").focus()
    with tab.expect_request("**/search?*drift=0.55*"):
        tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowRight")
    tab.wait_for_url("**drift=0.6")
    tab.go_back()
    tab.wait_for_url("**drift=0.5")


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


@pytest.mark.parametrize("scripted", [True, False], ids=["with scripts", "without scripts"])
def test_a_kin_is_left_out_by_a_click(open_tab, scripted: bool) -> None:
    tab = open_tab("/search?q=piano", java_script_enabled=scripted)
    tab.locator(".tag-row").first.get_by_role("link", name="Leave out classical", exact=True).click()
    tab.get_by_role("link", name="Allow again: classical", exact=True).wait_for()
    assert tab.locator("#q").input_value() == "piano -classical"


def test_a_tag_is_left_out_by_the_reason_of_a_hit(open_tab) -> None:
    tab = open_tab("/search?q=sad+piano")
    tab.locator(".hit .out").first.click()
    tab.get_by_role("link", name="Allow again: ").first.wait_for()
    assert tab.locator("#q").input_value().startswith("sad piano -")


@pytest.mark.parametrize("scripted", [True, False], ids=["with scripts", "without scripts"])
def test_a_tag_is_given_another_weight(open_tab, scripted: bool) -> None:
    tab = open_tab("/search?q=sad+piano", java_script_enabled=scripted)
    tab.get_by_role("link", name="Let sad count double").click()
    tab.get_by_role("link", name="Let sad count as usual").wait_for()
    assert tab.locator("#q").input_value() == "sad^2 piano"
    assert tab.locator(".tag-cell .typed").first.inner_text().startswith("sad")


@pytest.mark.parametrize("scripted", [True, False], ids=["with scripts", "without scripts"])
def test_hits_are_sorted(open_tab, scripted: bool) -> None:
    tab = open_tab("/search?q=rock&drift=0", java_script_enabled=scripted)
    before = tab.locator("section.results .hit-title").all_inner_texts()
    tab.get_by_role("link", name="Newest").click()
    tab.locator(".sorts [aria-current]").get_by_text("Newest").wait_for()
    assert "sort=-year" in tab.url
    assert tab.locator("section.results .hit-title").all_inner_texts() != before
    tab.get_by_role("link", name="Best match").click()
    tab.locator(".sorts [aria-current]").get_by_text("Best match").wait_for()
    assert tab.locator("section.results .hit-title").all_inner_texts() == before


def test_what_was_folded_out_stays_out_while_steering(open_tab) -> None:
    tab = open_tab("/search?q=sad+piano+-vocals&drift=1")
    more = tab.locator(".tag-row details").first
    more.locator("summary").click()
    more.locator("a.chip-main").first.click()
    tab.wait_for_url("**without=**")
    assert tab.locator(".tag-row details").first.get_attribute("open") is not None


def test_picks_stay_ticked_while_steering(open_tab) -> None:
    tab = open_tab("/search?q=sad+piano")
    box = tab.locator("section.results .pick").first
    picked = box.get_attribute("value")
    box.check()
    tab.get_by_role("link", name="Let sad count double").click()
    tab.get_by_role("link", name="Let sad count as usual").wait_for()
    assert tab.locator(f'.pick[value="{picked}"]').first.is_checked()


def test_the_focus_on_a_chip_says_what_the_kin_is_known_from(open_tab) -> None:
    tab = open_tab("/search?q=piano")
    chip = tab.get_by_role("link", name="Switch off classical, kin of piano")
    chip.focus()
    tab.keyboard.press("Shift+Tab")
    tab.keyboard.press("Tab")
    said = chip.evaluate("one => getComputedStyle(one, '::after').content")
    assert said.startswith('"Kin of piano by ')


def test_what_is_typed_while_a_search_is_on_its_way_stays(open_tab) -> None:
    tab = open_tab("/search?q=sad+piano")
    held = []
    tab.route("**/search?*5E2*", lambda route, _request: held.append(route))
    tab.get_by_role("link", name="Let sad count double").click()
    box = tab.get_by_label("Tags, title or artist")
    box.focus()
    tab.keyboard.press("End")
    tab.keyboard.type(" guitar")
    tab.keyboard.press("ArrowLeft")
    held[0].continue_()
    tab.get_by_role("link", name="Let sad count as usual").wait_for()
    tab.keyboard.type("_")
    assert box.input_value() == "sad piano guita_r"


def test_a_place_in_the_page_is_reached_without_asking_again(open_tab) -> None:
    tab = open_tab("/search?q=sad+piano", viewport={"width": 390, "height": 844})
    tab.locator("#tracks").evaluate("one => { one.dataset.same = 'yes' }")
    with tab.expect_event("console", lambda message: message.text == "moved"):
        # Heard after the page's own listener, which has asked by then if it is going to.
        tab.evaluate("addEventListener('popstate', () => setTimeout(() => console.info('moved'), 500))")
        tab.locator(".to-tracks a").click()
    assert tab.locator("#tracks").get_attribute("data-same") == "yes"


def test_two_clicks_before_the_first_answer_both_count(open_tab) -> None:
    tab = open_tab("/search?q=sad+piano")
    held = []
    tab.route("**/search?*5E2*", lambda route, _request: held.append(route))
    tab.get_by_role("link", name="Let sad count double").click()
    tab.get_by_role("link", name="Switch off classical, kin of piano").click()
    held[0].continue_()
    tab.unroute("**/search?*5E2*")
    tab.get_by_role("link", name="Switch on classical, kin of piano").wait_for()
    assert tab.locator("#q").input_value() == "sad^2 piano"
