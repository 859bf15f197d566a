"""Markup in titles, artists, tags and addresses is shown as it was typed and never run."""

from __future__ import annotations

from urllib.parse import quote_plus

import pytest

EVIL = "<img src=x onerror=alert(2)>"
PATHS = (
    "/search?q=piano",
    f"/search?q={quote_plus(EVIL)}",
    "/search?q=piano+genre:%22%3Cscript%3Ealert(6)%3C/script%3E%22",
    "/search?q=%22%3E%3Cscript%3Ealert(7)%3C/script%3E&drift=%3Cscript%3E",
    f"/tag?name={quote_plus(EVIL)}",
    f"/suggest?tags={quote_plus(EVIL)},piano",
    f"/picks?id={quote_plus(EVIL)}",
    f"/nowhere/{quote_plus(EVIL)}",
)


@pytest.mark.parametrize("path", PATHS)
def test_nothing_of_it_runs(browser, hostile_site, path: str) -> None:
    context = browser.new_context(base_url=hostile_site)
    tab, alarms = context.new_page(), []
    tab.on("dialog", lambda dialog: (alarms.append(dialog.message), dialog.dismiss()))
    tab.on("console", lambda said: alarms.append(said.text) if "Content Security Policy" in said.text else None)
    tab.on("request", lambda asked: alarms.append(asked.url) if asked.url.endswith("/x") else None)
    tab.goto(path)
    tab.wait_for_load_state("networkidle")
    assert not alarms
    assert tab.title() != "run"
    assert tab.locator("main script, img[onerror], svg[onload], a[href^='javascript:'], a[href^='data:']").count() == 0
    context.close()


def test_it_is_shown_as_typed(open_tab, hostile_site) -> None:
    tab = open_tab("/search?q=piano", at=hostile_site)
    shown = tab.locator("main").inner_text()
    for typed in ("<script>document.title='run'</script>", "<img src=x onerror=alert(1)>", "{{ 7 * 7 }}"):
        assert typed in shown


# Texts that turn the direction of what follows, and are not kept apart from it.
TURNING = """() => {
  const walk = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT), loose = [];
  while (walk.nextNode()) {
    const { data, parentElement } = walk.currentNode;
    if (/[\u202A-\u202E\u2066-\u2069]/.test(data) && !parentElement.closest("bdi, textarea")) loose.push(data);
  }
  return loose;
}"""


@pytest.mark.parametrize(
    "path", ["/search?q=piano", "/track?id=hostile:3", "/tag?name=piano", "/picks?id=hostile:3&id=%E2%80%AEno"]
)
def test_what_turns_the_direction_stays_by_itself(open_tab, hostile_site, path: str) -> None:
    tab = open_tab(path, at=hostile_site)
    assert "\u202eevil" in tab.locator("main").text_content()
    assert tab.evaluate(TURNING) == []
