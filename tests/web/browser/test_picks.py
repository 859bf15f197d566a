"""Picks: ticked anywhere, kept in the browser, the same in every tab, taken along as files."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import m3u8
import pytest

PICK = "input.pick"
COUNT = "#picks-count"


def tick(tab, *places: int) -> list[str]:
    boxes = tab.locator(PICK)
    for place in places:
        boxes.nth(place).check()
    return [boxes.nth(place).get_attribute("value") for place in places]


def listed(tab) -> list[str]:
    values: list[str] = tab.eval_on_selector_all("#picks-page input[name=id]", "all => all.map(one => one.value)")
    return values


def test_ticked_tracks_are_counted_kept_in_order_and_listed(open_tab) -> None:
    tab = open_tab("/search?q=ambient")
    ids = tick(tab, 3, 0)
    assert tab.locator(COUNT).inner_text().strip() == "2"
    assert tab.locator("#said").inner_text() == "Picked, 2 picks in all"
    tab.goto("/search?q=techno")
    assert tab.locator(COUNT).inner_text().strip() == "2"
    ids += tick(tab, 1)
    tab.goto("/search?q=ambient")
    assert tab.locator(PICK).nth(3).is_checked()
    tab.locator("#picks-link").click()
    tab.wait_for_url("**/picks?id=*")
    assert listed(tab) == ids


def test_the_button_below_the_hits_leads_to_all_picks(open_tab) -> None:
    tab = open_tab("/search?q=ambient")
    ids = tick(tab, 0)
    tab.goto("/search?q=techno")
    ids += tick(tab, 0)
    tab.get_by_role("button", name="See picked tracks").click()
    tab.wait_for_url("**/picks?id=*")
    assert listed(tab) == ids


@pytest.mark.parametrize("scripted", [True, False], ids=["with scripts", "without scripts"])
def test_one_is_removed_all_are_removed_and_both_undone(open_tab, scripted: bool) -> None:
    tab = open_tab("/search?q=ambient", java_script_enabled=scripted)
    ids = tick(tab, 0, 1, 2)
    tab.get_by_role("button", name="See picked tracks").click()
    tab.wait_for_url("**/picks?id=*")
    count = tab.locator(COUNT)
    tab.locator(".picks-remove").nth(1).click()
    tab.wait_for_url("**remove=*")
    assert tab.locator(".picks-list .hit").count() == 2
    assert not scripted or count.inner_text().strip() == "2"
    tab.get_by_role("link", name="Undo").click()
    tab.wait_for_url(lambda url: "remove" not in url)
    assert tab.locator(".picks-list .hit").count() == 3
    assert not scripted or listed(tab) == ids
    tab.get_by_role("button", name="Remove all").click()
    tab.wait_for_url("**clear=1")
    tab.get_by_role("heading", name="Nothing is picked here").wait_for()
    assert not scripted or count.inner_text() == ""
    tab.get_by_role("link", name="Undo").click()
    tab.wait_for_url(lambda url: "clear" not in url)
    assert tab.locator(".picks-list .hit").count() == 3
    assert not scripted or count.inner_text().strip() == "3"


def test_picks_are_taken_along_as_files(open_tab, tmp_path: Path) -> None:
    tab = open_tab("/search?q=ambient")
    ids = tick(tab, 2, 0, 1)
    tab.locator("#picks-link").click()
    tab.wait_for_url("**/picks?id=*")
    files = {}
    for name in ("Playlist M3U", "Table CSV", "Data JSON"):
        with tab.expect_download() as coming:
            tab.get_by_role("link", name=name).click()
        files[name] = tmp_path / coming.value.suggested_filename
        coming.value.save_as(files[name])
    assert [file.name for file in files.values()] == [f"tagkin-picks.{end}" for end in ("m3u8", "csv", "json")]
    tracks = json.loads(files["Data JSON"].read_text())["tracks"]
    with files["Table CSV"].open(encoding="utf-8-sig", newline="") as table:
        rows = list(csv.DictReader(table))
    entries = m3u8.load(str(files["Playlist M3U"])).segments
    assert [track["track_id"] for track in tracks] == [row["track_id"] for row in rows] == ids
    assert [entry.uri for entry in entries] == [track["url"] for track in tracks]
    assert [entry.title for entry in entries] == [f"{one['artist']} - {one['display_title']}" for one in tracks]


def test_tabs_keep_in_step(open_tab) -> None:
    tab = open_tab("/search?q=ambient")
    other = tab.context.new_page()
    other.goto("/search?q=ambient")
    (one,) = tick(tab, 4)
    other.locator(COUNT, has_text="1").wait_for()
    assert other.locator(PICK).nth(4).is_checked()
    other.goto(f"/picks?id={one}")
    tick(tab, 5)
    other.locator(".picks-list .hit").nth(1).wait_for()


def test_somebody_elses_list_is_shown_and_can_be_added(open_tab) -> None:
    tab = open_tab("/search?q=techno")
    own = tick(tab, 0)
    theirs = tab.locator(PICK).nth(1).get_attribute("value")
    tab.goto(f"/picks?id={theirs}")
    assert listed(tab) == [theirs]
    assert tab.locator(COUNT).inner_text().strip() == "1"
    tab.get_by_role("button", name="Add to my picks").click()
    assert tab.locator(COUNT).inner_text().strip() == "2"
    assert not tab.locator("#picks-foreign").is_visible()
    tab.locator("#picks-link").click()
    tab.wait_for_url(re.compile("id=.*id="))
    assert listed(tab) == [*own, theirs]


def test_the_bare_address_shows_what_the_browser_keeps(open_tab) -> None:
    tab = open_tab("/search?q=techno")
    ids = tick(tab, 0)
    tab.goto("/picks")
    tab.wait_for_url("**/picks?id=*")
    assert listed(tab) == ids


@pytest.mark.parametrize(
    "trouble",
    [
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError') } })",
        "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') }",
        "try { localStorage.setItem('tagkin.picks', '{not json') } catch {}",
        "try { localStorage.setItem('tagkin.picks', '[1, null, {}]') } catch {}",
    ],
    ids=["blocked", "full", "damaged", "other values"],
)
def test_storage_that_does_not_work_is_survived(open_tab, browser, trouble: str) -> None:
    tab = open_tab("/")
    tab.add_init_script(trouble)
    tab.goto("/search?q=ambient")
    ids = tick(tab, 1, 0)
    assert tab.locator(COUNT).inner_text().strip() == "2"
    tab.locator("#picks-link").click()
    tab.wait_for_url("**/picks?id=*")
    assert listed(tab) == ids


def test_a_full_list_takes_no_more_and_says_so(open_tab) -> None:
    tab = open_tab("/")
    tab.evaluate("localStorage.setItem('tagkin.picks', JSON.stringify([...Array(200).keys()].map(n => `none:${n}`)))")
    tab.goto("/search?q=ambient")
    assert tab.locator(COUNT).inner_text().strip() == "200"
    tab.locator(PICK).first.click()
    assert not tab.locator(PICK).first.is_checked()
    assert tab.locator("#said").inner_text() == "200 tracks are picked, and that is the most"


def test_boxes_without_scripts_lead_to_the_same_page(open_tab) -> None:
    tab = open_tab("/search?q=ambient", java_script_enabled=False)
    tick(tab, 0, 2)
    tab.get_by_role("button", name="See picked tracks").click()
    assert tab.locator(".picks-list .hit").count() == 2
