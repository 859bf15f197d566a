"""Pages fit any width, and all text stands out from its ground."""

from __future__ import annotations

import pytest

from tests.web.browser.pages import STATES, State

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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_a_page_fits_any_width_and_its_text_stands_out(open_tab, site, away_site, state: State, scheme: str) -> None:
    tab = open_tab(state.path, state.status, at=away_site if state.away else site, color_scheme=scheme)
    assert tab.evaluate(CONTRAST) == []
    for width in (320, 390, 800, 1280):
        tab.set_viewport_size({"width": width, "height": 900})
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, width
