"""Pictures of the pages: the two of the README, or every page in every form to look at.

    python -m docs.screenshots                   # docs/images/search.png and suggest.png
    python -m docs.screenshots --every build/looks

Pages are served from an index of the real catalogue, made for the occasion, and drawn by the browser that the tests
use. The same code on the same machine gives the same pictures.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from playwright.sync_api import sync_playwright

from benchmarks.http_catalogues import catalogue_index
from benchmarks.http_server import pages
from tests.web.browser.pages import STATES

IMAGES = Path(__file__).parent / "images"
# Name → address, and how much of the page is shown.
README = {
    "search": ("/search?q=sad+piano+-vocals", {"width": 1280, "height": 1000}),
    "suggest": ("/suggest?tags=sitar,tabla,slow", {"width": 1280, "height": 900}),
}
WIDTHS = {"wide": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
SCHEMES = ("light", "dark")


@contextmanager
def opened_browser() -> Iterator[Any]:
    """Open the browser that the tests use."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


def take(browser: Any, address: str, file: Path, whole: bool, **form: Any) -> None:
    """Draw a page into a file: all of it, or what fits the window."""
    context = browser.new_context(reduced_motion="reduce", **form)
    tab = context.new_page()
    tab.goto(address, wait_until="networkidle")
    tab.evaluate("document.activeElement.blur()")
    tab.screenshot(path=file, full_page=whole, animations="disabled")
    context.close()
    click.echo(file, err=True)


def take_every(browser: Any, site: str, folder: Path) -> None:
    """Draw every page and state in light and dark, wide and on a phone."""
    folder.mkdir(parents=True, exist_ok=True)
    for state in (one for one in STATES if not one.away):
        plain = re.sub(r"\W+", "-", state.name).lower()
        for scheme in SCHEMES:
            for width, viewport in WIDTHS.items():
                name = f"{plain}-{scheme}-{width}.png"
                take(browser, site + state.path, folder / name, True, color_scheme=scheme, viewport=viewport)


@click.command()
@click.option("--data-dir", envvar="TAGKIN_DATA", default="data", show_default=True, help="Of the real catalogue.")
@click.option("--every", type=click.Path(path_type=Path), help="Every page in four forms into this folder instead.")
def main(data_dir: str, every: Path | None) -> None:
    """Draw the pages."""
    with tempfile.TemporaryDirectory() as folder, opened_browser() as browser:
        index = catalogue_index("real", data_dir, Path(folder) / "index")
        with pages(index, workers=1) as server:
            if every is not None:
                take_every(browser, server.address, every)
                return
            for name, (path, viewport) in README.items():
                take(browser, server.address + path, IMAGES / f"{name}.png", False, viewport=viewport)


if __name__ == "__main__":
    main()
