"""Recordings in a real browser: sent, recorded, compared, played, on a folder of real music that was indexed."""

from __future__ import annotations

import shutil
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from tests.web.browser.conftest import REPOSITORY, _tagkin, launched, served

INDEXED = ("better.mp3", "do_not_blink.mp3", "ds10_courtyard.mp3", "hungarian_dance_5.mp3", "lofi_cue.mp3")
SENT = "lofi_happy_day.mp3"  # music of a kind that the tagger learned from, and none of those that are indexed
# A name that browsers do not trust as they trust localhost.
ELSEWHERE = "lan.test"
PLAYING = "() => document.getElementById('player-audio').currentTime"


@pytest.fixture(scope="module")
def demo(data_dir: Path) -> Path:
    return data_dir / "audio" / "demo"


@pytest.fixture(scope="module")
def site(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a folder of real music, whose recordings may be played."""
    folder = tmp_path_factory.mktemp("listening")
    (folder / "music").mkdir()
    for name in INDEXED:
        shutil.copy(demo / name, folder / "music")
    _tagkin("index", folder / "music", "--engine", folder / "index")
    with served(folder / "index", folder / "served.log", TAGKIN_AUDIO_ROOT=str(folder / "music")) as address:
        yield address


@pytest.fixture(scope="module")
def browser(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Start a browser whose microphone hears a recording, and that knows a name of this machine."""
    from audiomodel.decoding import SAMPLE_RATE, decode

    heard = tmp_path_factory.mktemp("microphone") / "heard.wav"
    with wave.open(str(heard), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((32_767 * decode(demo / SENT, 60).waveform).astype(np.int16).tobytes())
    microphone = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    with launched(
        *microphone, f"--use-file-for-fake-audio-capture={heard}", f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1"
    ) as browser:
        yield browser


def played(tab: Any, beyond: float) -> float:
    """Wait until the player is beyond so many seconds, and return where it is."""
    for _ in range(100):
        now = float(tab.evaluate(PLAYING))
        if now > beyond:
            return now
        tab.wait_for_timeout(100)
    pytest.fail(f"the player is at {now} s, not beyond {beyond} s")


def is_heard(tab: Any) -> None:
    """Whether tags were heard, and tracks found that sound alike, with their best moments."""
    tab.locator(".alike-layout .hit").first.wait_for()
    assert tab.locator(".ref .heard-tags li").count() >= 1
    assert "lectronic" in tab.locator(".ref .heard-tags").inner_text()
    assert tab.locator(".alike-layout .hit").count() == len(INDEXED)
    assert tab.locator(".best-moment .play").count() == len(INDEXED)


def test_a_file_is_sent_and_what_sounds_like_it_is_played(open_tab, demo: Path, axe) -> None:
    tab = open_tab("/similar")
    tab.get_by_label("A file of yours").set_input_files(demo / SENT)
    is_heard(tab)
    assert SENT not in tab.content()
    best = tab.locator(".best-moment .play").first
    best.click()
    tab.locator(".best-moment .play[aria-pressed=true]").wait_for()
    start = float(urlsplit(best.get_attribute("href")).fragment.removeprefix("t=") or 0)
    now = played(tab, beyond=start)
    assert now < start + 10, (start, now)
    axe(tab)
    tab.locator("#mix").focus()
    tab.keyboard.press("End")
    tab.wait_for_url("**mix=1**")
    tab.locator(".alike-layout .why .typed, .alike-layout .why .heard, .alike-layout .empty").first.wait_for()
    played(tab, beyond=now)


def test_a_track_is_named_and_turned_away_from(open_tab) -> None:
    tab = open_tab("/similar")
    tab.get_by_label("A track of this catalogue").press_sequentially("hungarian d")
    tab.locator("#names option").first.wait_for(state="attached")
    tab.get_by_label("A track of this catalogue").fill(tab.locator("#names option").first.get_attribute("value"))
    tab.wait_for_url("**like=**")
    assert tab.locator(".alike-layout .hit").count() == len(INDEXED) - 1
    tab.locator("a.more-like").first.click()
    tab.wait_for_url("**like=**like=**")
    assert tab.locator(".alike-layout .hit").count() == len(INDEXED) - 2
    tab.locator(".ref-sign").last.click()
    tab.wait_for_url("**unlike=**")
    assert tab.locator(".ref.minus").count() == 1
    assert tab.locator(".alike-layout .hit").count() == len(INDEXED) - 2


def test_what_the_microphone_hears_is_a_reference(open_tab, axe) -> None:
    tab = open_tab("/similar")
    assert not tab.get_by_text("This page cannot use the microphone").is_visible()
    tab.get_by_role("button", name="Record", exact=True).click()
    tab.locator("#hear-time", has_text="0:04").wait_for()
    tab.get_by_role("button", name="Stop and listen").click()
    tab.wait_for_url("**heard=**")
    tab.locator(".alike-layout .hit").first.wait_for()
    assert tab.get_by_text("Your recording, 0:0").is_visible()
    assert tab.get_by_text("compared by their best moment").is_visible()
    axe(tab)


def test_only_what_was_chosen_last_is_sent(open_tab, demo: Path) -> None:
    tab = open_tab("/similar")
    # As if the back button had led back: the form is there with all it holds.
    tab.evaluate("() => document.getElementById('hear-form').addEventListener('submit', sent => sent.preventDefault())")
    tab.get_by_role("button", name="Record", exact=True).click()
    tab.locator("#hear-time", has_text="0:01").wait_for()
    tab.get_by_role("button", name="Stop and listen").click()
    tab.locator("#hear-form[aria-busy=true]").wait_for()
    assert sent_fields(tab) == ["recorded"]
    tab.get_by_label("A file of yours").set_input_files(demo / SENT)
    assert sent_fields(tab) == ["file"]


ASK_SLOWLY = """() => {
  const media = navigator.mediaDevices, ask = media.getUserMedia.bind(media);
  document.body.dataset.asked = 0;
  media.getUserMedia = async (what) => {
    document.body.dataset.asked++;
    await new Promise((go) => setTimeout(go, 500));
    return ask(what);
  };
}"""


def test_record_pressed_twice_while_the_browser_asks_records_once(open_tab) -> None:
    tab = open_tab("/similar")
    tab.evaluate(ASK_SLOWLY)
    tab.get_by_role("button", name="Record", exact=True).dblclick()
    tab.locator("#hear-time", has_text="0:01").wait_for()
    assert tab.evaluate("() => document.body.dataset.asked") == "1"
    tab.get_by_role("button", name="Stop and listen").click()
    tab.wait_for_url("**heard=**")


def sent_fields(tab: Any) -> list[str]:
    """Return the fields of the form that hold a recording."""
    fields = "document.querySelectorAll('#hear-form input[type=file]')"
    return tab.evaluate(f"() => [...{fields}].filter(one => one.files.length).map(one => one.name)")


def test_over_plain_http_a_phones_own_recorder_does_it(open_tab, site: str, demo: Path) -> None:
    elsewhere = site.replace("127.0.0.1", ELSEWHERE)
    tab = open_tab("/similar", at=elsewhere)
    assert tab.get_by_text("This page cannot use the microphone").is_visible()
    assert not tab.get_by_role("button", name="Record", exact=True).is_visible()
    field = tab.get_by_label("Or record with your device")
    assert field.evaluate("one => one.hasAttribute('capture')")
    field.set_input_files(demo / SENT)
    is_heard(tab)
    assert tab.get_by_text("Your recording, 0:30").is_visible()


def test_without_scripts_a_file_is_sent_all_the_same(open_tab, demo: Path) -> None:
    tab = open_tab("/similar", java_script_enabled=False)
    tab.get_by_label("A file of yours").set_input_files(demo / SENT)
    tab.get_by_role("button", name="Listen").click()
    is_heard(tab)


def test_what_cannot_be_heard_is_named_and_the_page_stays(open_tab, site: str) -> None:
    tab = open_tab("/similar?like=nobody", refused="/similar")
    tab.locator("summary", has_text="Add another").click()
    with tab.expect_response(lambda answer: answer.request.method == "POST") as answered:
        tab.get_by_label("A file of yours").set_input_files(
            {"name": "x.mp3", "mimeType": "audio/mpeg", "buffer": (REPOSITORY / "README.md").read_bytes()}
        )
    assert answered.value.status == 422
    assert tab.get_by_role("alert").first.inner_text().startswith("That was not heard. It is no recording.")
    assert tab.get_by_role("link", name="Take away nobody").is_visible()


def test_a_recording_brings_tags_beside_the_typed_ones(open_tab, demo: Path, axe) -> None:
    tab = open_tab("/suggest")
    tab.get_by_label("Tags of your track").press_sequentially("chiptune")
    tab.get_by_label("The recording").set_input_files(demo / SENT)
    tab.get_by_text("Heard in your recording").wait_for()
    assert "chiptune" in tab.locator(".yours-card .chips").inner_text()
    assert tab.locator(".offer .by-ear").count()
    assert tab.locator(".offer .by-tags").count()
    axe(tab)
    tab.locator(".offer .accept").first.click()
    tab.locator(".yours-card .chip").nth(1).wait_for()
    assert tab.get_by_text("Heard in your recording").is_visible()


def test_a_hit_is_played_by_keyboard(open_tab, by_keyboard) -> None:
    tab = open_tab("/search?q=genre:%22%22&drift=0")
    somebody = by_keyboard(tab)
    somebody.reach("Play ")
    somebody.press(" ")
    tab.locator(".play[aria-pressed=true]").wait_for()
    before = played(tab, beyond=0)
    somebody.press("ArrowRight")
    played(tab, beyond=before + 5)
    first = somebody.focused
    somebody.press("ArrowDown")
    assert somebody.focused.startswith("Play ")
    assert somebody.focused != first
    somebody.press("Escape")
    tab.locator("#player").wait_for(state="hidden")
    assert somebody.focused == first
