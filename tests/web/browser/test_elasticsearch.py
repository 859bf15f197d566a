"""Elasticsearch behind the whole front end: found, steered, looked at, suggested; gone for a while, and back."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.faults.proxy import FaultProxy
from tests.servers.node import Node
from tests.servers.starting import GivenServer
from tests.web.browser.conftest import REPOSITORY, TAGKIN, served

pytestmark = pytest.mark.slow

NAME = "tagkin-browser"
N_TRACKS = 31_880
# Reading, indexing and the reach of all tags, on a machine that is busy with other tests.
INDEX_SECONDS = 900
WIDE = {"width": 1280, "height": 900}
# What means something only where an index is a directory of files.
FILES = re.compile(r"\b(?:director(?:y|ies)|snapshots?|sqlite|embedded|file system)\b", re.IGNORECASE)
# What is for whoever runs the server, and for nobody else.
PRIVATE = re.compile(rf"{NAME}|elastic|lucene|shard|127\.0\.0\.1:\d+|localhost:\d+", re.IGNORECASE)


@pytest.fixture(scope="module")
def proxy(elasticsearch_9: Node | GivenServer) -> Iterator[FaultProxy]:
    with FaultProxy(elasticsearch_9.url) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def indexed(elasticsearch_9: Node | GivenServer, data_dir: Path) -> Iterator[None]:
    """Index the demonstration catalogue by the command that its users have."""
    address = f"{elasticsearch_9.url}/{NAME}"
    command = [*TAGKIN, "index", "mtat", "fma", "--data-dir", str(data_dir), "--engine", address]
    run = subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, timeout=INDEX_SECONDS, check=False
    )
    assert run.returncode in {0, 1}, run.stderr
    assert f"holds {N_TRACKS:,} tracks" in run.stderr
    yield
    for index in requests.get(f"{elasticsearch_9.url}/{NAME}-*?expand_wildcards=all", timeout=30).json():
        requests.delete(f"{elasticsearch_9.url}/{index}", timeout=30)


@pytest.fixture(scope="module")
def site(indexed: None, proxy: FaultProxy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve it through a proxy; the address is that of the pages."""
    log = tmp_path_factory.mktemp("elasticsearch") / "served.log"
    with served(f"{proxy.url}/{NAME}", log) as address:  # type: ignore[arg-type]
        yield address


@pytest.fixture
def tab(open_tab: Callable[..., Any]) -> Any:
    return open_tab("/", viewport=WIDE)


def titles(tab: Any) -> list[str]:
    found: list[str] = tab.locator("section.results .hit-title").all_inner_texts()
    return found


def read(tab: Any) -> str:
    """Return all that the page says, after a look at words that do not belong on it."""
    text: str = tab.locator("body").inner_text()
    for words in (PRIVATE, FILES):
        assert not words.search(text.replace(tab.url, "")), (tab.url, words.search(text))
    return text


def test_a_search_is_completed_narrowed_steered_and_leafed_through(tab: Any) -> None:
    assert f"{N_TRACKS:,} tracks" in read(tab)
    box = tab.get_by_label("Tags, title or artist")
    box.press_sequentially("roc")
    option = tab.locator(".completions:not([aria-busy=true]) [role=option]").first
    option.wait_for()
    assert re.fullmatch(r"rock\s*[\d,]+\s*tracks\s*kin: \w.*", option.inner_text())
    option.click()
    box.press("Enter")
    tab.locator("section.results .hit").nth(19).wait_for()
    assert box.input_value().split() == ["rock"]
    read(tab)

    genres = tab.locator(".facet-list section").filter(has=tab.get_by_role("heading", name="Genre"))
    facet = genres.locator("a.facet-value", has_text="Pop")
    genre, all_titles = facet.inner_text(), titles(tab)
    facet.click()
    tab.get_by_role("link", name=f"Remove the filter: genre: {genre.lower()}").wait_for()
    first_page = titles(tab)
    assert first_page != all_titles
    tab.get_by_role("link", name="Next", exact=True).click()
    tab.wait_for_url("**page=2**")
    second_page = titles(tab)
    assert second_page
    assert second_page != first_page
    tab.get_by_role("link", name=f"Remove the filter: genre: {genre.lower()}").click()
    tab.get_by_role("link", name=f"Remove the filter: genre: {genre.lower()}").wait_for(state="detached")
    assert titles(tab) == all_titles

    dial = tab.get_by_role("slider", name="Outside the box")
    dial.focus()
    tab.keyboard.press("End")
    tab.wait_for_url("**drift=1**")
    tab.locator("#dial:focus").wait_for()
    assert titles(tab) != all_titles
    row = tab.locator(".tag-row").first
    leave_out = row.get_by_role("link", name=re.compile("^Leave out ")).last
    tag = leave_out.get_attribute("aria-label").removeprefix("Leave out ")
    leave_out.click()
    tab.get_by_role("link", name=f"Allow again: {tag}", exact=True).wait_for()
    assert f"-{tag.split()[0]}" in box.input_value().replace('"', "")
    read(tab)


def test_a_track_and_what_is_like_it(open_tab: Callable[..., Any]) -> None:
    tab = open_tab("/search?q=sitar")
    title = tab.locator(".hit-title a").first
    name = title.inner_text()
    title.click()
    tab.get_by_role("heading", level=1, name=name).wait_for()
    assert tab.locator(".chip.typed", has_text="sitar").count()
    assert tab.locator(".similar .hit-title a").count() >= 5
    read(tab)


def test_suggestions_count_tracks_and_say_their_reach(open_tab: Callable[..., Any]) -> None:
    tab = open_tab("/suggest")
    tab.get_by_label("Tags of your track").press_sequentially("sitar, tabla")
    tab.get_by_role("link", name="Add indian").wait_for()
    said = read(tab)
    assert re.search(r"[\d,]+ tracks", said)
    assert re.search(r"\d+ (?:more )?search", said), said


def test_pages_about_tags_and_about_everything(open_tab: Callable[..., Any]) -> None:
    tag = open_tab("/tag?name=piano")
    assert re.search(r"[\d,]+ tracks", read(tag))
    tag.get_by_role("link", name="Search with this tag").click()
    tag.locator("section.results .hit").first.wait_for()
    graph = open_tab("/graph", viewport=WIDE)
    graph.locator("#view svg").wait_for()
    read(graph)
    about = open_tab("/about")
    said = read(about)
    assert f"{N_TRACKS:,}" in said
    assert "searches: every tag" in said  # the reach was computed, and says from what


def test_picks_are_listed_in_their_order(open_tab: Callable[..., Any]) -> None:
    tab = open_tab("/search?q=ambient")
    boxes = tab.locator("input.pick")
    for place in (3, 0):
        boxes.nth(place).check()
    picked = [boxes.nth(place).get_attribute("value") for place in (3, 0)]
    tab.locator("#picks-link").click()
    tab.wait_for_url("**/picks?id=*")
    listed = tab.eval_on_selector_all("#picks-page input[name=id]", "all => all.map(one => one.value)")
    assert listed == picked
    read(tab)


@contextmanager
def away(proxy: FaultProxy) -> Iterator[None]:
    proxy.away()
    try:
        yield
    finally:
        proxy.back()


def test_the_server_goes_and_the_page_says_so_and_comes_back(
    open_tab: Callable[..., Any], proxy: FaultProxy, axe: Callable[[Any], None]
) -> None:
    assert titles(open_tab("/search?q=sitar"))
    with away(proxy):
        tab = open_tab("/search?q=sitar", status=503, viewport=WIDE)
        said = read(tab)
        for words in ("The index cannot answer now", "The search server cannot be reached.", "by itself"):
            assert words in said
        axe(tab)
        suggest = open_tab("/suggest?tags=sitar,tabla")
        assert suggest.locator(".offer").count() >= 5
        read(suggest)
        assert "its kin" in tab.locator(".meanwhile-list").inner_text()
        read(open_tab("/about"))
        read(open_tab("/tag?name=piano"))
    # By itself, as it says.
    tab.locator("section.results .hit").first.wait_for(timeout=30_000)
    assert tab.url.endswith("/search?q=sitar")
    assert titles(open_tab("/search?q=sad+piano"))
