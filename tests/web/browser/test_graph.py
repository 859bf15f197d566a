"""The map of tags and the walk from tag to tag, in a browser over the real model."""

from __future__ import annotations

import re
from typing import Any

import pytest

# In the view: not below a panel, not beyond its edges.
SEEN = """(word) => {
  const box = word.getBoundingClientRect(), view = document.getElementById("view").getBoundingClientRect();
  const panel = document.getElementById("answer").getBoundingClientRect();
  const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
  const covered = panel.width && x > panel.left && x < panel.right && y > panel.top && y < panel.bottom;
  return box.width > 0 && x > view.left && x < view.right && y > view.top && y < view.bottom && !covered;
}"""
SMALLEST_WORD = """() => Math.min(...[...document.querySelectorAll("#view .island text")]
  .filter(word => word.checkVisibility())
  .map(word => word.getAttribute("font-size") * word.getScreenCTM().a))"""
CALM = {"reduced_motion": "reduce"}
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


def zoom_of(tab: Any) -> float:
    """How many screen pixels one of the map takes, once the picture rests and the address says what is seen."""
    tab.locator("#view:not([data-moving])").wait_for()
    return float(tab.locator("#view svg").evaluate("svg => svg.getScreenCTM().a"))


def word(tab: Any, spelling: str) -> Any:
    return tab.locator(f'#view .island a[href="/tag?name={spelling.replace(" ", "+")}"]')


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("scripted", [True, False], ids=["with scripts", "without scripts"])
def test_a_tag_is_found_and_lies_in_view(open_tab, viewport, scripted) -> None:
    tab = open_tab("/graph", viewport=viewport, java_script_enabled=scripted, **CALM)
    tab.get_by_role("searchbox", name="Find a tag").or_(tab.get_by_role("combobox", name="Find a tag")).fill("Trip Hop")
    tab.get_by_role("button", name="Find", exact=True).click()
    tab.get_by_role("heading", name="trip-hop").wait_for()
    assert "find=Trip+Hop" in tab.url
    if scripted:
        zoom_of(tab)
    assert tab.locator("#marks .large").evaluate(SEEN)


def test_a_click_on_a_word_marks_its_kin_without_leaving_the_map(open_tab, axe) -> None:
    tab = open_tab("/graph", viewport=WIDE, **CALM)
    before = zoom_of(tab)
    word(tab, "ambient").click()
    tab.get_by_role("heading", name="ambient", exact=True).wait_for()
    assert tab.url.split("?")[1].startswith("find=ambient")
    assert zoom_of(tab) == pytest.approx(before)
    assert tab.locator("#marks path").count() == tab.locator(".map-kin li").count()
    assert word(tab, "ambient").evaluate(SEEN)
    # The mark stands for the word, which would shine through at another size.
    assert tab.locator("#marks a[href='/tag?name=ambient']").is_visible()
    assert not word(tab, "ambient").is_visible()
    axe(tab)
    tab.locator(".map-kin a").first.click()
    # Before the answer is there the way back would lead off the map.
    tab.get_by_role("heading", name="ambient", exact=True).wait_for(state="detached")
    assert tab.evaluate("document.activeElement.closest('#answer') !== null")
    tab.go_back()
    tab.get_by_role("heading", name="ambient", exact=True).wait_for()


def test_a_tag_is_found_while_it_is_typed(open_tab) -> None:
    tab = open_tab("/graph", **CALM)
    box = tab.locator("#find")
    box.focus()
    tab.keyboard.type("shoegaze", delay=5)
    tab.get_by_role("heading", name="shoegaze").wait_for()
    assert box.evaluate("box => box === document.activeElement")
    assert tab.locator("#map-tags option").count() > 1_000


def test_what_is_shown_already_is_no_second_step_in_the_history(open_tab) -> None:
    tab = open_tab("/graph", **CALM)
    tab.locator("#find").focus()
    tab.keyboard.type("shoegaze", delay=5)
    tab.get_by_role("heading", name="shoegaze").wait_for()
    with tab.expect_response("**/graph?find=shoegaze&part=answer"):
        tab.keyboard.press("Enter")
    zoom_of(tab)
    tab.go_back()
    tab.get_by_role("heading", name="shoegaze").wait_for(state="detached")


def test_a_slip_is_offered_what_was_meant(open_tab) -> None:
    tab = open_tab("/graph", **CALM)
    tab.locator("#find").fill("ambeint")
    tab.keyboard.press("Enter")
    tab.locator("#answer").get_by_role("link", name="ambient", exact=True).click()
    tab.get_by_role("heading", name="ambient", exact=True).wait_for()


@pytest.mark.parametrize("scripted", [True, False], ids=["with scripts", "without scripts"])
def test_the_way_between_two_tags_is_drawn_and_told(open_tab, scripted, axe) -> None:
    tab = open_tab("/graph", viewport=WIDE, java_script_enabled=scripted, **CALM)
    tab.locator("#from").fill("sitar")
    tab.locator("#to").fill("techno")
    tab.get_by_role("button", name="Show", exact=True).click()
    tab.get_by_role("heading", name="From sitar to techno").wait_for()
    steps = tab.locator(".map-step").all_inner_texts()
    assert (steps[0], steps[-1]) == ("sitar", "techno")
    assert tab.locator("#marks text").all_text_contents() == steps
    assert tab.locator("#marks path").count() == len(steps) - 1
    if scripted:
        zoom_of(tab)
        axe(tab)
    for step in tab.locator("#marks text").all():
        assert step.evaluate(SEEN)


@pytest.mark.parametrize("scripted", [True, False], ids=["with scripts", "without scripts"])
def test_no_button_covers_the_way_on_a_phone(open_tab, scripted) -> None:
    tab = open_tab("/graph?from=sitar&to=techno", viewport=PHONE, java_script_enabled=scripted, **CALM)
    zoom_of(tab)
    view = tab.locator("#view").bounding_box()
    buttons = [one.bounding_box() for one in tab.locator(".map-button").all() if one.is_visible()]
    assert len(buttons) >= 3
    assert all(box["y"] >= view["y"] + view["height"] for box in buttons)


def test_the_map_begins_where_the_head_of_the_page_does(open_tab) -> None:
    tab = open_tab("/graph", viewport={"width": 1920, "height": 1000}, **CALM)
    assert tab.locator(".wordmark").bounding_box()["x"] == tab.locator(".map-top h1").bounding_box()["x"]


def test_the_map_is_moved_by_wheel_drag_and_buttons(open_tab) -> None:
    tab = open_tab("/graph", viewport=WIDE, **CALM)
    whole = zoom_of(tab)
    tab.mouse.move(600, 500)
    tab.mouse.wheel(0, -300)
    near = zoom_of(tab)
    assert near > 1.5 * whole
    place = word(tab, "ambient").bounding_box()
    tab.mouse.down()
    tab.mouse.move(700, 560, steps=6)
    tab.mouse.up()
    assert zoom_of(tab) == pytest.approx(near)
    moved = word(tab, "ambient").bounding_box()
    assert (moved["x"] - place["x"], moved["y"] - place["y"]) == pytest.approx((100, 60), abs=2)
    tab.get_by_role("button", name="Nearer").click()
    assert zoom_of(tab) == pytest.approx(1.6 * near, rel=0.01)
    tab.get_by_role("button", name="All of it").click()
    assert zoom_of(tab) == pytest.approx(whole)
    assert tab.get_by_role("button", name="Farther").is_disabled()


def test_a_drag_over_a_word_is_no_click_on_it(open_tab) -> None:
    tab = open_tab("/graph", viewport=WIDE, **CALM)
    box = word(tab, "electronic").bounding_box()
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 90, box["y"] + 70, steps=5)
    tab.mouse.up()
    zoom_of(tab)
    assert tab.locator("#answer").is_hidden()


def test_two_fingers_zoom(open_tab) -> None:
    tab = open_tab("/graph", viewport=PHONE, has_touch=True, is_mobile=True, **CALM)
    whole = zoom_of(tab)
    box = tab.locator("#view").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2 - 40
    tab.evaluate("window.scrollTo(0, 0)")
    touches = tab.context.new_cdp_session(tab)
    for kind, gap in (("touchStart", 30), ("touchMove", 60), ("touchMove", 90)):
        points = [{"x": x - gap, "y": y, "id": 1}, {"x": x + gap, "y": y, "id": 2}]
        touches.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    touches.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert zoom_of(tab) > 2 * whole


def test_the_keyboard_alone_moves_the_map_and_leaves_it(open_tab, by_keyboard) -> None:
    tab = open_tab("/graph", viewport=WIDE, **CALM)
    keyboard = by_keyboard(tab)
    keyboard.reach("Map. Arrow keys move it")
    whole = zoom_of(tab)
    keyboard.press("+", "+")
    near = zoom_of(tab)
    assert near > 1.5 * whole
    box = tab.locator("#view svg").get_attribute("viewBox")
    keyboard.press("ArrowRight")
    assert zoom_of(tab) == pytest.approx(near)
    assert tab.locator("#view svg").get_attribute("viewBox") != box
    keyboard.press("0")
    assert zoom_of(tab) == pytest.approx(whole)
    keyboard.reach("Nearer", within=2)
    keyboard.reach("low quality", within=6)


def test_no_word_is_shown_too_small_to_read(open_tab) -> None:
    tab = open_tab("/graph", viewport=WIDE, **CALM)
    shown = []
    for _ in range(5):
        assert tab.evaluate(SMALLEST_WORD) >= 6
        shown.append(tab.locator("#view .island a:visible").count())
        tab.get_by_role("button", name="Nearer").click()
        zoom_of(tab)
    assert shown == sorted(shown)
    assert shown[-1] > 2 * shown[0]


def test_the_address_brings_back_what_was_seen(open_tab) -> None:
    tab = open_tab("/graph?find=ambient", viewport=WIDE, **CALM)
    far = zoom_of(tab)
    tab.get_by_role("button", name="Nearer").click()
    near = zoom_of(tab)
    assert near > 1.5 * far
    again = open_tab("/" + tab.url.split("/", 3)[3], viewport=WIDE, **CALM)
    assert zoom_of(again) == pytest.approx(near, rel=0.03)
    assert again.get_by_role("heading", name="ambient", exact=True).is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/graph?find=ambeint", "/graph?from=sitar&to=techno", "/graph?community=2"])
def test_no_grave_fault_is_found_in_either_scheme(open_tab, axe, path: str, scheme: str) -> None:
    tab = open_tab(path, color_scheme=scheme, viewport=WIDE, **CALM)
    axe(tab)
    tab.set_viewport_size({"width": 320, "height": 900})
    assert tab.evaluate("document.documentElement.scrollWidth") <= 320


def test_an_unknown_tag_offers_others(open_tab, axe) -> None:
    tab = open_tab("/tag?name=ambeint", status=404)
    axe(tab)
    tab.get_by_role("link", name="ambient", exact=True).click()
    assert tab.get_by_role("heading", level=1).inner_text() == "ambient"


@pytest.mark.parametrize("scripted", [True, False], ids=["with scripts", "without scripts"])
def test_the_graph_is_walked_by_clicks(open_tab, scripted) -> None:
    tab = open_tab("/tag?name=sitar&depth=1", viewport=WIDE, java_script_enabled=scripted, **CALM)
    if scripted:
        tab.evaluate("window.stayed = true")
    for step in ("tabla", "bansuri"):
        tab.locator("#walk").get_by_label(step, exact=True).click()
        tab.get_by_role("heading", level=1, name=step, exact=True).wait_for()
        assert tab.url.endswith(f"/tag?name={step.replace(' ', '+')}&depth=1")
        assert tab.locator("#walk .asked").count() == 1
        assert tab.locator("#tracks").is_visible()
    if scripted:
        assert tab.evaluate("window.stayed")
    tab.go_back()
    tab.get_by_role("heading", level=1, name="tabla", exact=True).wait_for()


def test_the_graph_is_walked_by_keys(open_tab, by_keyboard) -> None:
    tab = open_tab("/tag?name=sitar&depth=1", viewport=WIDE, **CALM)
    keyboard = by_keyboard(tab)
    keyboard.reach("sitar")
    keyboard.press("ArrowRight")
    step = keyboard.focused
    assert step != "sitar"
    keyboard.press("Enter")
    tab.get_by_role("heading", level=1, name=step, exact=True).wait_for()
    assert keyboard.focused == step
    keyboard.press("Tab")
    assert not tab.evaluate("document.activeElement.closest('#walk svg')")


def test_the_picture_is_drawn_anew_as_wished(open_tab) -> None:
    tab = open_tab("/tag?name=rock", viewport=WIDE, **CALM)
    tab.get_by_label("Tags at most").fill("5")
    tab.get_by_role("button", name="Draw").click()
    tab.wait_for_url(re.compile("tags=5"))
    tab.locator("#walk a").nth(4).wait_for()
    assert tab.locator("#walk a").count() == 5


def test_the_tag_is_on_the_screen_of_a_phone(open_tab) -> None:
    tab = open_tab("/tag?name=rock", viewport=PHONE, **CALM)
    box = tab.locator("#walk .asked").bounding_box()
    assert box["x"] > 0
    assert box["x"] + box["width"] < PHONE["width"]


def test_kin_are_shown_while_the_index_is_away(open_tab, away_site: str) -> None:
    tab = open_tab("/tag?name=sitar", at=away_site)
    assert tab.get_by_text("The index cannot answer now").is_visible()
    assert tab.locator(".kin-name").first.is_visible()


def test_markup_in_a_tag_is_shown_and_never_run(open_tab, hostile_site: str) -> None:
    tab = open_tab("/tag?name=%3Cimg+src%3Dx+onerror%3Dalert(2)%3E", at=hostile_site)
    assert tab.get_by_role("heading", level=1).inner_text() == "<img src=x onerror=alert(2)>"
    assert tab.locator("main img").count() == 0
