"""The pages in a real browser: Debian's Chromium, driven by Playwright.

Where there is no browser the tests are skipped and say so; in CI that is a failure, for then nobody has looked.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from werkzeug.serving import make_server

from search.searcher import Searcher
from web.app import create_app

sync_api = pytest.importorskip("playwright.sync_api") if os.environ.get("CI") != "true" else None
if sync_api is None:
    from playwright import sync_api

pytestmark = pytest.mark.browser

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def _find_browser() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        missing = f"no browser on the PATH, looked for {', '.join(BROWSERS)}: apt-get install chromium"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    return found


@pytest.fixture(scope="module")
def site(searcher: Searcher) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, create_app(searcher), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser():
    path = _find_browser()
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_tab(browser, site):
    """Open tabs that remember what went wrong: no console error, no request to another host, nothing broken."""
    contexts, complaints = [], []

    def open_one(path: str, **options):
        context = browser.new_context(base_url=site, **options)
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("request", lambda asked: complaints.append(asked.url) if not asked.url.startswith(site) else None)
        tab.on(
            "requestfailed", lambda asked: complaints.append(asked.url) if asked.failure != "net::ERR_ABORTED" else None
        )
        tab.goto(path)
        return tab

    yield open_one
    for context in contexts:
        context.close()
    assert not complaints


def path_of(tab) -> str:
    parts = urlsplit(tab.url)
    return f"{parts.path}?{parts.query}"


def test_a_search_is_typed_and_answered(open_tab) -> None:
    tab = open_tab("/")
    tab.get_by_label("Tags, title or artist").fill("sad piano -vocals")
    tab.keyboard.press("Enter")
    assert tab.locator(".hit-title").first.inner_text().startswith("Small Room")
    assert tab.get_by_role("heading", level=1).inner_text().endswith("tracks")


@pytest.mark.parametrize("scripted", [True, False], ids=["with scripts", "without scripts"])
def test_a_kin_chip_is_switched_off(open_tab, scripted: bool) -> None:
    tab = open_tab("/search?q=piano&drift=1", java_script_enabled=scripted)
    tab.get_by_role("link", name="Switch off keyboard, kin of piano").click()
    on_again = tab.get_by_role("link", name="Switch on keyboard, kin of piano")
    on_again.wait_for()
    assert "without=" in tab.url
    if scripted:
        assert on_again.evaluate("link => link === document.activeElement")
        tab.go_back()
        tab.get_by_role("link", name="Switch off keyboard, kin of piano").wait_for()
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
    tab = open_tab("/search?q=sad+piano&drift=0", viewport={"width": 1280, "height": 900})
    tab.get_by_role("navigation", name="Narrow the search").get_by_role("link", name="Classical").click()
    tab.get_by_role("link", name="Remove the filter: genre: classical").wait_for()
    assert tab.locator("#tracks").inner_text() == "2 tracks"


def test_facets_fold_away_on_a_phone(open_tab) -> None:
    tab = open_tab("/search?q=sad+piano&drift=0", viewport={"width": 390, "height": 844})
    facet = tab.get_by_role("link", name="Classical", exact=True)
    assert not facet.is_visible()
    tab.locator(".facets > summary").click()
    assert facet.is_visible()


def test_a_suggestion_is_accepted_without_scripts(open_tab) -> None:
    tab = open_tab("/suggest", java_script_enabled=False)
    tab.get_by_label("Tags of your track").fill("sitar; tabla")
    tab.get_by_role("button", name="Suggest").click()
    tab.get_by_role("link", name="Add indian").click()
    assert tab.get_by_label("As a list").input_value() == "sitar, tabla, indian"


def test_the_list_is_copied(open_tab) -> None:
    tab = open_tab("/suggest?tags=sitar,tabla", permissions=["clipboard-read", "clipboard-write"])
    tab.get_by_role("button", name="Copy").click()
    tab.get_by_role("button", name="Copied").wait_for()
    assert tab.evaluate("navigator.clipboard.readText()") == "sitar, tabla"


def test_the_keyboard_alone_reaches_the_hits_and_the_chips(open_tab) -> None:
    tab = open_tab("/search?q=piano&drift=1")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == "Skip to the content"
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "tracks"
    for _ in range(40):
        tab.keyboard.press("Shift+Tab")
        if (tab.evaluate("document.activeElement.ariaLabel") or "").startswith("Switch off keyboard"):
            break
    outline = tab.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    tab.keyboard.press("Enter")
    tab.get_by_role("link", name="Switch on keyboard, kin of piano").wait_for()


# Relative luminance and contrast as WCAG 2.2 defines them, for every text on the page against the ground it stands on.
CONTRAST = """
() => {
  const channel = value => { value /= 255; return value <= .04045 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4; };
  const parse = color => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([r, g, b]) => .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  const poor = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility() || element.closest("svg, .visually-hidden, .skip, [hidden]")) continue;
    const text = luminance(parse(getComputedStyle(element).color)), below = luminance(ground(element));
    const contrast = (Math.max(text, below) + .05) / (Math.min(text, below) + .05);
    if (contrast < 4.5) poor.push(`${element.className || element.tagName}: ${contrast.toFixed(2)}`);
  }
  return poor;
}
"""


PATHS = ["/", "/search?q=sad+piano+-vocals&drift=1", "/search?q=zzyzx+ambeint", "/suggest?tags=sitar,blorp", "/suggest"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_any_width_and_all_text_stands_out_from_its_ground(open_tab, scheme: str) -> None:
    tab = open_tab("/", color_scheme=scheme)
    for path in PATHS:
        tab.goto(path)
        assert tab.evaluate(CONTRAST) == [], path
        for width in (320, 390, 800, 1280):
            tab.set_viewport_size({"width": width, "height": 900})
            assert tab.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
