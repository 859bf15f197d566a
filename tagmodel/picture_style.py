"""What all pictures of tags share: colors in light and dark, and the frame of an SVG document.

A picture in a file carries its own style, so that it looks the same in a viewer or a poster; one inside a page has
classes only, and the page brings `page_style` as a file. Shapes are painted in ``currentColor`` and a class sets the
color: renderers that know no custom properties (librsvg) draw it all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

# Twelve hues of equal lightness (OKLCH .50 on light paper, .81 on dark), neighbors in the list far apart in hue.
HUES = (  # light, dark
    ("#a43b38", "#fea69f"),  # red
    ("#3b5eb2", "#a5c0fc"),  # blue
    ("#1e7729", "#8ed690"),  # green
    ("#8a428e", "#e8a6ec"),  # purple
    ("#02717a", "#49d7e6"),  # teal
    ("#865901", "#eeb563"),  # ochre
    ("#6a4fa9", "#c5b4fe"),  # violet
    ("#626a09", "#beca6c"),  # olive
    ("#107460", "#5ddabc"),  # jade
    ("#9b3b6e", "#fba0cc"),  # rose
    ("#046b96", "#74ccfe"),  # azure
    ("#9b4805", "#fdab7c"),  # orange
)
# Left, top, width, height, px.
Frame = tuple[float, float, float, float]

# A picture asks for no more of the screen than this; who wants more zooms in.
WIDEST = 1600  # px
# Words of the map by size: class ``t0`` below the first, ``t8`` from the last on, four to a doubling. A page shows
# the tiers that can be read at its scale.
SMALLEST_WORD, TIERS = 10.0, (12.0, 14.0, 17.0, 20.0, 24.0, 28.0, 34.0, 40.0)  # px
PAPER = {"light": "#fcfbf9", "dark": "#15171c"}
INK = {"light": "#22242a", "dark": "#e9e9ec"}

_SHAPES = """\
.tags text{font-family:Inter,system-ui,'Segoe UI',Roboto,'Helvetica Neue',Arial,'DejaVu Sans',sans-serif;\
fill:currentColor;text-anchor:middle}
.tags .title{font-weight:800;letter-spacing:-.01em}
.tags .halo{stroke-width:.22em;stroke-linejoin:round;paint-order:stroke}
.tags .land{fill:currentColor;stroke:currentColor;stroke-linejoin:round;opacity:.1}
.tags .pill{stroke:currentColor;stroke-width:1.5}
.tags .asked{fill:currentColor}
.tags .edges{fill:none;stroke:currentColor;stroke-linecap:round}
"""


def svg_document(box: Frame, title: str, body: Iterable[str]) -> str:
    """Frame a picture.

    Parameters
    ----------
    box
        Left, top, width, height of what is shown, px.
    title
        What the picture shows, for screen readers and tooltips.
    body
        Elements, escaped.
    """
    left, top, width, height = (f"{value:.0f}" for value in box)
    scale = min(1.0, WIDEST / max(box[2], 1.0))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="tags" role="img" viewBox="{left} {top} {width} {height}"'
            f' width="{scale * box[2]:.0f}" height="{scale * box[3]:.0f}">',
            f"<title>{escape(title)}</title>",
            f"<style>\n{_style()}</style>",
            f'<rect class="paper" x="{left}" y="{top}" width="{width}" height="{height}"/>',
            *body,
            "</svg>\n",
        ]
    )


def svg_part(box: Frame, body: Iterable[str], *, classes: str = "") -> str:
    """Frame a picture that is part of a page; what it shows is said beside it, so it is hidden from screen readers."""
    left, top, width, height = (f"{value:.0f}" for value in box)
    names = f"tags {classes}".rstrip()
    return "\n".join(
        [
            f'<svg class="{names}" viewBox="{left} {top} {width} {height}" width="{width}" height="{height}"'
            ' aria-hidden="true">',
            *body,
            "</svg>\n",
        ]
    )


def page_style() -> str:
    """Write the style sheet of pages that hold such pictures; paper and ink are the page's own."""
    ground = _ground("var(--surface)", "var(--ink)")
    return f"{_SHAPES}{ground}{_hues('light')}@media (prefers-color-scheme:dark){{\n{_hues('dark')}}}\n"


def _style() -> str:
    return f"{_SHAPES}{_colors('light')}@media (prefers-color-scheme:dark){{\n{_colors('dark')}}}\n"


def _colors(scheme: str) -> str:
    return _hues(scheme) + _ground(PAPER[scheme], INK[scheme])


def _hues(scheme: str) -> str:
    return "".join(f".tags .c{number}{{color:{hue[scheme == 'dark']}}}\n" for number, hue in enumerate(HUES))


def _ground(paper: str, ink: str) -> str:
    on_paper = f".tags .paper,.tags .pill,.tags .on{{fill:{paper}}}\n.tags .halo{{stroke:{paper}}}\n"
    return f"{on_paper}.tags .ink{{color:{ink}}}\n"


def tier(font_size: float) -> int:
    """Return the number of the tier of a font size, px of the whole map."""
    return sum(font_size >= lowest for lowest in TIERS)


def lowest_tier(scale: float, legible: float) -> int:
    """Return the lowest tier whose smallest words can be read; one more than there are when none can.

    Parameters
    ----------
    scale
        Pixels of the screen to one of the map.
    legible
        Smallest font that is read, px of the screen.
    """
    return sum(size * scale < legible for size in (SMALLEST_WORD, *TIERS))


def linked(element: str, address: str, *, classes: str = "", name: str = "") -> str:
    """Make an element of a page's picture a link.

    It is for the pointer: by keyboard the same links are reached in the page's lists, without a thousand stops between.

    Parameters
    ----------
    name
        What the link is called where its text says more than its name, as with a tooltip.
    """
    style = f' class="{classes}"' if classes else ""
    label = f' aria-label="{escape(name)}"' if name else ""
    return f'<a{style}{label} href="{escape(address)}" tabindex="-1">{element}</a>'


def svg_text(text: str, x: float, y: float, font_size: float, *, classes: str = "", hint: str = "") -> str:
    """Write a text whose middle is at (x, y), px, with a tooltip."""
    tooltip = f"<title>{escape(hint)}</title>" if hint else ""
    style = f' class="{classes}"' if classes else ""
    baseline = y + 0.35 * font_size
    place = f'x="{x:.1f}" y="{baseline:.1f}" font-size="{font_size:.1f}"'
    return f"<text{style} {place}>{tooltip}{escape(text)}</text>"
