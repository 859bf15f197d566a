"""The pages in a real browser: Debian's Chromium before a real server over the real catalogue.

Where there is no browser or no data the tests are skipped and say so; in CI that is a failure, for then nobody has
looked. All tests of this folder are marked `browser` and `data`. What they use:

- ``open_tab(path, status=200, **options)``: a tab (Playwright's `Page`) at a path of the site. The test fails if the
  page answers another status, if the console says an error or a warning, if a request fails or leaves the host.
- ``axe(tab)``: axe-core finds no serious or critical violation on the page as it stands.
- ``by_keyboard(tab)``: moves with the Tab key only, see `Keyboard`.
- Wait by locators (``tab.locator("#dial:focus").wait_for()``): the pages' policy forbids the ``eval`` that Playwright's
  ``wait_for_function`` polls with.
- ``site``: address of the server; ``away_site``: one whose index cannot answer; ``hostile_site``: one whose
  titles, artists and tags are markup.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from search.embedded import EmbeddedEngine
from search.searcher import Searcher
from tagmodel.model import load_model
from web.app import create_app

IN_CI = os.environ.get("CI", "").lower() == "true"
REPOSITORY = Path(__file__).resolve().parents[3]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
TAGKIN = (sys.executable, "-m", "tagkin")
# Long enough for two busy cores; a server that works is there after a second.
START_SECONDS = 60
HOSTILE = """\
id,title,artist,album,genre,license,url,tags
1,<script>document.title='run'</script>,<img src=x onerror=alert(1)>,<svg onload=alert(1)>,<b>Bold</b>,CC BY,\
javascript:alert(1),"piano,<img src=x onerror=alert(2)>,sad"
2,"'""><script>alert(3)</script>",{{ 7 * 7 }},</title><script>alert(4)</script>,Rock,CC0,data:text/html;,"piano,sad"
3,=cmd|' /C calc'!A0,\u202eevil,@SUM(1),Rock,CC0,https://example.org/,"piano,</script><script>alert(5)</script>"
"""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what lies in this folder: a forgotten marker would run a browser in the fast suite."""
    item.add_marker(pytest.mark.browser)
    item.add_marker(pytest.mark.data)


def _missing(message: str) -> None:
    pytest.fail(message) if IN_CI else pytest.skip(message)


def _tagkin(*words: object) -> None:
    run = subprocess.run(
        [*TAGKIN, *map(str, words)], cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=False
    )
    assert run.returncode in {0, 1}, run.stderr


@pytest.fixture(scope="session")
def catalogue(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Index the songs of MagnaTagATune and the Free Music Archive, 31,880 tracks."""
    directory = tmp_path_factory.mktemp("catalogue") / "index"
    _tagkin("index", "mtat", "fma", "--data-dir", data_dir, "--engine", directory)
    return directory


@contextmanager
def served(directory: Path, log: Path, **environment: str) -> Iterator[str]:
    """Serve an index by `tagkin serve` in a process of its own, as its users do; yields the address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [*TAGKIN, "serve", "--engine", str(directory), "--port", str(port), "--workers", "1"]
    site = f"http://127.0.0.1:{port}"
    with log.open("w") as said:
        server = subprocess.Popen(
            command, cwd=REPOSITORY, env=os.environ | environment, stdout=said, stderr=subprocess.STDOUT
        )
        try:
            _await_answer(server, site, log)
            yield site
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=START_SECONDS)
    assert "Traceback" not in log.read_text(), log.read_text()


def _await_answer(server: subprocess.Popen[bytes], site: str, log: Path) -> None:
    """Wait until the server answers; whether the page is right is for the tests to say."""
    for _ in range(10 * START_SECONDS):
        assert server.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"{site}/static/mark.svg", timeout=START_SECONDS):
                return
        except urllib.error.HTTPError as answer:
            answer.close()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the server did not answer within {START_SECONDS} s: {log.read_text()}")


@pytest.fixture(scope="session")
def site(catalogue: Path) -> Iterator[str]:
    with served(catalogue, catalogue.parent / "served.log") as address:
        yield address


@pytest.fixture(scope="session")
def hostile_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a catalogue that somebody wrote who wishes us ill."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "hostile.csv").write_text(HOSTILE)
    _tagkin("index", folder / "hostile.csv", "--engine", folder / "index")
    with served(folder / "index", folder / "served.log") as address:
        yield address


@pytest.fixture(scope="module")
def away_site(catalogue: Path) -> Iterator[str]:
    """Serve pages over an index that cannot answer."""
    engine = EmbeddedEngine.open(catalogue)
    searcher = Searcher(engine, load_model())
    engine.close()
    server = make_server("127.0.0.1", 0, create_app(searcher), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


# A module's, not a session's: Playwright leaves an event loop in the thread as long as it runs, which other tests that
# run one themselves would trip over.
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as browser:
        yield browser


@contextmanager
def launched(*arguments: str) -> Iterator[Any]:
    """Start the browser, with further arguments where a test needs them."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _missing('no Playwright: pip install -e ".[test]"')
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        _missing(f"no browser on the PATH, looked for {', '.join(BROWSERS)}: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", *arguments])
        yield browser
        browser.close()


class Watch:
    """What goes wrong in the tabs of one test."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.complaints: list[str] = []
        self.expected: set[str] = set()  # addresses that are asked for because they answer an error

    def over(self, tab: Any) -> None:
        tab.on("console", self._console)
        tab.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        tab.on("request", self._request)
        tab.on("requestfailed", self._failed)

    def _console(self, said: Any) -> None:
        # The browser logs every answer of 400 and more by itself.
        wanted = said.text.startswith("Failed to load resource") and said.location["url"] in self.expected
        # It notes as well that a header has no effect over plain HTTP under a name that is not localhost.
        wanted = wanted or "Cross-Origin-Opener-Policy header has been ignored" in said.text
        if said.type in {"error", "warning"} and not wanted:
            self.complaints.append(f"console: {said.text} ({said.location['url']})")

    def _request(self, asked: Any) -> None:
        if not asked.url.startswith((f"{self.site}/", "blob:", "data:")):
            self.complaints.append(f"left the host: {asked.url}")

    def _failed(self, asked: Any) -> None:
        # Live updates and completion give up a request when the next one makes it stale; so does a followed link.
        if asked.failure != "net::ERR_ABORTED":
            self.complaints.append(f"{asked.failure}: {asked.url}")


@pytest.fixture
def open_tab(browser: Any, site: str) -> Iterator[Callable[..., Any]]:
    """Open tabs that remember what went wrong; the test fails at its end if anything did."""
    contexts, watches = [], []

    def open_one(path: str, status: int = 200, at: str = site, refused: str = "", **options: Any) -> Any:
        """Open a path in a fresh tab; `options` are those of Playwright's ``new_context``.

        `refused` is a path that refuses what the test sends to it.
        """
        context = browser.new_context(base_url=at, **options)
        contexts.append(context)
        watch = Watch(at)
        watches.append(watch)
        context.on("page", watch.over)
        tab = context.new_page()
        if status >= 400:
            watch.expected.add(at + path)
        watch.expected.add(at + refused)
        answer = tab.goto(path)
        assert answer is not None
        assert answer.status == status, f"{path} answered {answer.status}"
        return tab

    yield open_one
    for context in contexts:
        context.close()
    assert not [complaint for watch in watches for complaint in watch.complaints]


@pytest.fixture(scope="session")
def axe() -> Callable[[Any], None]:
    from axe_playwright_python.sync_playwright import Axe

    checker = Axe()

    def check(tab: Any) -> None:
        """Have axe-core look at the page as it stands; minor and moderate findings are advice."""
        found = checker.run(tab).response["violations"]
        grave = [
            f"{one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes'][:4]]}"
            for one in found
            if one["impact"] in {"serious", "critical"}
        ]
        assert not grave, "\n".join([tab.url, *grave])

    return check


# What a screen reader would say of the focused element, in short.
FOCUSED_NAME = """() => {
  const one = document.activeElement;
  const label = one.labels?.[0]?.textContent || one.getAttribute("aria-labelledby")?.split(" ")
    .map(id => document.getElementById(id)?.textContent).join(" ");
  return (one.getAttribute("aria-label") || label || one.textContent || one.id || "").replace(/\\s+/g, " ").trim();
}"""
FOCUS_IS_SEEN = """() => {
  const one = document.activeElement, style = getComputedStyle(one);
  return one === document.body || one.matches("h1, h2, main, [role=document]")
    || (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
}"""


class Keyboard:
    """Somebody who has no mouse, and sees where the focus is."""

    def __init__(self, tab: Any) -> None:
        self.tab = tab

    @property
    def focused(self) -> str:
        """Accessible name of what has the focus."""
        name: str = self.tab.evaluate(FOCUSED_NAME)
        return name

    def press(self, *keys: str) -> None:
        for key in keys:
            self.tab.keyboard.press(key)

    def type(self, text: str) -> None:
        self.tab.keyboard.type(text)

    def reach(self, name: str, key: str = "Tab", within: int = 150) -> None:
        """Press `key` until an element whose name starts so has the focus; every stop on the way shows its focus."""
        stops = []
        for _ in range(within):
            self.tab.keyboard.press(key)
            stops.append(self.focused)
            assert self.tab.evaluate(FOCUS_IS_SEEN), f"the focus on {stops[-1]!r} cannot be seen"
            if stops[-1].startswith(name):
                return
        pytest.fail(f"{within} times {key} reached no {name!r}: {stops}")


@pytest.fixture
def by_keyboard() -> Callable[[Any], Keyboard]:
    return Keyboard
