"""Tags are completed where they are typed, by key and by mouse, and typing on is never disturbed."""

from __future__ import annotations

import re

import pytest

BOX = "#q"
OPTION = ".completions [role=option]"
# Options for all that has been typed.
SETTLED = ".completions:not([aria-busy=true]) [role=option]"


def type_in(tab, text: str) -> None:
    """Type at the end of the box and wait until its options are there."""
    tab.locator(BOX).focus()
    tab.keyboard.press("End")
    tab.keyboard.type(text)
    tab.locator(SETTLED).first.wait_for()


def first_option(tab) -> str:
    return tab.locator(f"{OPTION} .completion-tag").first.inner_text()


def test_options_say_their_use_and_their_kin(open_tab, axe) -> None:
    tab = open_tab("/")
    type_in(tab, "pia")
    box, option = tab.get_by_role("combobox", name="Tags, title or artist"), tab.get_by_role("option").first
    assert box.get_attribute("aria-expanded") == "true"
    assert first_option(tab) == "piano"
    assert re.fullmatch(r"piano\s*\d+\s*tracks\s*kin: \w.*, .*, .*", option.inner_text())
    assert re.fullmatch(r"\d tags?", tab.locator("#said").inner_text())
    axe(tab)


@pytest.mark.parametrize(
    ("typed", "found", "becomes"),
    [
        ("pia", "piano", "piano "),
        ("sad pia", "piano", "sad piano "),
        ("sad -pia", "piano", "sad -piano "),
        ("+pia", "piano", "+piano "),
        ("trip h", "trip-hop", None),
        ("sad female v", "female vocal", 'sad "female vocal" '),
        ('sad -"female v', "female vocal", 'sad -"female vocal" '),
        ('"pia', "piano", "piano "),
        ("(sitar OR tab", "tabla", "(sitar OR tabla "),
        ("genre:rock pia", "piano", "genre:rock piano "),
    ],
)
def test_the_words_at_the_caret_are_completed(open_tab, typed: str, found: str, becomes: str | None) -> None:
    tab = open_tab("/")
    type_in(tab, typed)
    tab.keyboard.press("ArrowDown")
    chosen = tab.locator(f"{OPTION}[aria-selected=true] .completion-tag").inner_text()
    assert chosen.replace("-", " ") == found.replace("-", " ")
    tab.keyboard.press("Enter")
    assert tab.locator(BOX).input_value() == (becomes or f'"{chosen}" '.replace('"trip-hop"', "trip-hop"))
    assert tab.locator(OPTION).first.is_hidden()


def test_a_word_in_the_middle_is_completed_in_its_place(open_tab) -> None:
    tab = open_tab("/")
    tab.locator(BOX).fill("sad techno")
    tab.keyboard.press("Home")
    for _ in "sad":
        tab.keyboard.press("ArrowRight")
    tab.keyboard.type(" pia")
    tab.locator(SETTLED).first.wait_for()
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Tab")
    assert tab.locator(BOX).input_value() == "sad piano techno"
    assert tab.evaluate("document.activeElement.id") == "q"


def test_enter_searches_as_long_as_nothing_is_chosen(open_tab) -> None:
    tab = open_tab("/")
    type_in(tab, "sad pia")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/search?q=sad+pia**")


def test_the_arrows_go_round_and_come_back_to_the_box(open_tab) -> None:
    tab = open_tab("/")
    type_in(tab, "sa")
    box, n = tab.locator(BOX), tab.locator(OPTION).count()
    tab.keyboard.press("ArrowUp")
    assert box.get_attribute("aria-activedescendant") == tab.locator(OPTION).nth(n - 1).get_attribute("id")
    tab.keyboard.press("ArrowDown")
    assert box.get_attribute("aria-activedescendant") is None
    tab.keyboard.press("ArrowDown")
    assert tab.locator(f"{OPTION}[aria-selected=true]").count() == 1


def test_escape_closes_the_options_and_keeps_the_words(open_tab) -> None:
    tab = open_tab("/")
    type_in(tab, "pia")
    tab.keyboard.press("Escape")
    assert tab.locator(OPTION).first.is_hidden()
    assert tab.locator(BOX).input_value() == "pia"
    assert tab.locator(BOX).get_attribute("aria-expanded") == "false"


def test_the_mouse_chooses_and_the_focus_stays(open_tab) -> None:
    tab = open_tab("/")
    type_in(tab, "tabl")
    tab.locator(OPTION).first.click()
    assert tab.locator(BOX).input_value() == "tabla "
    assert tab.evaluate("document.activeElement.id") == "q"


def test_leaving_the_box_closes_the_options(open_tab) -> None:
    tab = open_tab("/")
    type_in(tab, "pia")
    tab.keyboard.press("Tab")
    assert tab.locator(OPTION).first.is_hidden()
    assert tab.locator(BOX).input_value() == "pia"


def test_an_answer_that_comes_too_late_is_not_shown(open_tab) -> None:
    tab = open_tab("/")
    waiting = []

    def hold(route) -> None:
        if "prefix=pia&" in route.request.url:
            waiting.append(route)
        else:
            route.continue_()

    tab.route("**/api/v1/tags?*", hold)
    tab.locator(BOX).focus()
    with tab.expect_request("**/api/v1/tags?prefix=pia&*"):
        tab.keyboard.type("pia")
    tab.locator(BOX).fill("")
    type_in(tab, "tabl")
    for route in waiting:
        route.abort()
    assert first_option(tab) == "tabla"


def test_keys_that_are_faster_than_the_answer_mean_the_options_to_come(open_tab) -> None:
    tab = open_tab("/")
    type_in(tab, "t")
    tab.route("**/api/v1/tags?*", lambda route: (tab.wait_for_timeout(300), route.continue_()))
    tab.keyboard.type("abl")
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Enter")
    tab.locator("#said", has_text="tabla taken").wait_for(state="attached")
    assert tab.locator(BOX).input_value() == "tabla "


def test_typing_fast_asks_once(open_tab) -> None:
    tab = open_tab("/")
    asked = []
    tab.on("request", lambda request: asked.append(request.url) if "/api/v1/tags" in request.url else None)
    # The page's clock stands still while five letters are typed.
    tab.clock.install(time=0)
    tab.goto("/")
    tab.clock.pause_at(60_000)
    tab.locator(BOX).focus()
    tab.keyboard.type("piano")
    tab.clock.run_for(500)
    tab.locator(SETTLED).first.wait_for()
    assert len(asked) == 1


def test_it_completes_after_a_live_update_as_well(open_tab) -> None:
    tab = open_tab("/search?q=piano&drift=1")
    tab.get_by_role("link", name="Switch off classical, kin of piano").click()
    tab.get_by_role("link", name="Switch on classical, kin of piano").wait_for()
    type_in(tab, " tabl")
    assert first_option(tab) == "tabla"


def test_the_last_tag_of_a_list_is_completed(open_tab) -> None:
    tab = open_tab("/suggest")
    box = tab.locator("textarea[data-complete]")
    box.focus()
    tab.keyboard.type("sitar, female v")
    tab.locator(SETTLED).first.wait_for()
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Enter")
    assert box.input_value() == "sitar, female vocal, "


def test_options_fit_a_phone(open_tab) -> None:
    tab = open_tab("/", viewport={"width": 390, "height": 844})
    type_in(tab, "s")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    assert tab.locator(OPTION).first.bounding_box()["height"] >= 44
