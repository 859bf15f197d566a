"""The picture of what lies around a few tags: each tag a pill, each pair of mutual kin a line as broad as it is near.

On the map of all tags a neighborhood is torn apart, since islands keep together. So it is drawn anew from the path
lengths, starting at the places of the map: a few milliseconds for sixty tags, and the directions stay familiar.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import networkx as nx
import numpy as np

from tagmodel.map_layout import Floats, lay_boxes, shown_word, spiral, stress_layout, text_width, word_boxes
from tagmodel.map_picture import tooltip
from tagmodel.page_map import TagLink
from tagmodel.picture_style import Frame, linked, svg_document, svg_part, svg_text

SMALL_FONT, LARGE_FONT, ASKED_FONT = 14.0, 22.0, 28.0  # px
# Water between pills, so that lines can be followed.
PILL_GAP = (26.0, 20.0)  # px, sideways and up
PILL_PADDING = (18.0, 6.0)  # px, both sides together
BORDER = 40.0  # px
LEGEND_FONT, LEGEND_LINE, LEGEND_GAP = 14.0, 24.0, 24.0  # px
# Path length added for each edge: without it near-synonyms would all want the same spot.
EDGE_LENGTH = 0.5
# How much paper the pills get at first.
SPARSENESS = 2.2


def draw_neighborhood(graph: nx.Graph, tags: Sequence[str]) -> str:
    """Draw a small graph whose nodes have places as an SVG document.

    Parameters
    ----------
    graph
        From `tagmodel.graph.neighborhood`.
    tags
        Ids of the tags asked for; they stand out.
    """
    frame, body = _drawn(graph, tags)
    legend, legend_height = _legend(graph, frame)
    names = ", ".join(graph.nodes[tag]["spelling"] for tag in tags)
    return svg_document(
        (*frame[:3], frame[3] + legend_height), f"Kin of {names}: {len(graph)} tags", [*body, *legend]
    )


def draw_page_neighborhood(graph: nx.Graph, tags: Sequence[str], link: TagLink) -> str:
    """Draw the same as part of a page, where every pill is a link; the page names the colors."""
    frame, body = _drawn(graph, tags, link)
    return svg_part(frame, body, classes="around")


def _drawn(graph: nx.Graph, tags: Sequence[str], link: TagLink | None = None) -> tuple[Frame, list[str]]:
    fonts = _font_sizes(graph, tags)
    words = [shown_word(spelling) for _, spelling in graph.nodes.data("spelling")]
    boxes = word_boxes(words, fonts) + PILL_PADDING
    places = _places(graph, tags, boxes + PILL_GAP)
    pills = list(_pills(graph, tags, places, boxes, fonts))
    if link:
        spellings = [spelling for _, spelling in graph.nodes.data("spelling")]
        pills = [linked(pill, link(spelling), name=spelling) for pill, spelling in zip(pills, spellings, strict=True)]
    return _frame(places, boxes), [*_lines(graph, places), *pills]


def _font_sizes(graph: nx.Graph, tags: Sequence[str]) -> Floats:
    degree = np.array([degree for _, degree in graph.degree], dtype=np.float64)
    sizes = SMALL_FONT + (LARGE_FONT - SMALL_FONT) * degree / max(degree.max(initial=0), 1.0)
    return np.where([tag in tags for tag in graph], ASKED_FONT, sizes)


def _places(graph: nx.Graph, tags: Sequence[str], boxes: Floats) -> Floats:
    """Place the pills, shape (n_nodes, 2), px."""
    distances = _path_lengths(graph)
    start = np.array([(node["x"], node["y"]) for _, node in graph.nodes(data=True)])
    start = (start - start.mean(axis=0)) / max(float(np.ptp(start, axis=0).max(initial=0)), 1.0)
    places = stress_layout(distances, start * distances.max(initial=1) + 0.01 * spiral(len(start), 1.0))
    spread = max(float(np.sqrt((places**2).sum(axis=1).mean())), 1e-9)
    wished = places * [1.3, 0.8] * np.sqrt(SPARSENESS * boxes.prod(axis=1).sum() / (2 * np.pi)) / spread
    asked = np.array([tag in tags for tag in graph])
    return lay_boxes(wished, boxes, np.lexsort([distances[asked].min(axis=0, initial=np.inf), ~asked]))


def _path_lengths(graph: nx.Graph) -> Floats:
    """Return path lengths between all nodes, (n_nodes, n_nodes); parts that no path joins are kept well apart."""
    number = {tag: row for row, tag in enumerate(graph)}
    lengths = np.full((len(graph), len(graph)), np.inf)
    weight = {(a, b): EDGE_LENGTH + length for a, b, length in graph.edges.data("length")}
    for source, reached in nx.all_pairs_dijkstra_path_length(
        graph, weight=lambda a, b, _: weight.get((a, b)) or weight[b, a]
    ):
        for target, length in reached.items():
            lengths[number[source], number[target]] = length
    finite = lengths[np.isfinite(lengths)]
    lengths[~np.isfinite(lengths)] = 1.2 * max(float(finite.max(initial=0)), 1.0)
    return np.asarray(np.minimum(lengths, lengths.T))


def _lines(graph: nx.Graph, places: Floats) -> Iterator[str]:
    place = dict(zip(graph, places, strict=True))
    strongest = max((similarity for _, _, similarity in graph.edges.data("similarity")), default=1.0)
    for a, b, similarity in graph.edges.data("similarity"):
        (x, y), (to_x, to_y) = place[a], place[b]
        same = graph.nodes[a]["community"] == graph.nodes[b]["community"]
        color = f"c{graph.nodes[a]['color']}" if same else "ink"
        strength = similarity / strongest
        look = f'stroke-width="{1 + 5 * strength:.1f}" opacity="{0.15 + 0.4 * strength:.2f}"'
        yield f'<path class="{color} edges" {look} d="M{x:.0f} {y:.0f}L{to_x:.0f} {to_y:.0f}"/>'


def _pills(graph: nx.Graph, tags: Sequence[str], places: Floats, pills: Floats, fonts: Floats) -> Iterator[str]:
    for (tag, node), (x, y), (width, height), font in zip(graph.nodes(data=True), places, pills, fonts, strict=True):
        look, text_look = ("asked", "on") if tag in tags else ("pill", "")
        word = svg_text(shown_word(node["spelling"]), x, y, font, classes=text_look, hint=tooltip(graph, tag))
        yield (
            f'<g class="c{node["color"]}"><rect class="{look}" x="{x - width / 2:.1f}" y="{y - height / 2:.1f}"'
            f' width="{width:.1f}" height="{height:.1f}" rx="{height / 2:.1f}"/>{word}</g>'
        )


def _communities(graph: nx.Graph) -> list[tuple[int, str]]:
    found = {node["community"]: (node["color"], node["community_name"]) for _, node in graph.nodes(data=True)}
    return [found[number] for number in sorted(found)]


def _legend(graph: nx.Graph, frame: Frame) -> tuple[list[str], float]:
    """Name the colors below the pills, as many to a line as fit; returns the texts and the height they take, px."""
    left, bottom, width = frame[0], frame[1] + frame[3], frame[2]
    lines: list[list[tuple[str, int, float]]] = [[]]
    for color, name in _communities(graph):
        text = f"● {name}"
        advance = text_width(text, LEGEND_FONT) + LEGEND_GAP
        if lines[-1] and sum(entry[2] for entry in lines[-1]) + advance > width - 2 * BORDER:
            lines.append([])
        lines[-1].append((text, color, advance))
    texts = []
    for row, line in enumerate(lines):
        x = left + (width - sum(advance for _, _, advance in line)) / 2
        for text, color, advance in line:
            y = bottom + row * LEGEND_LINE
            texts.append(svg_text(text, x + advance / 2, y, LEGEND_FONT, classes=f"c{color}"))
            x += advance
    return texts, len(lines) * LEGEND_LINE


def _frame(places: Floats, pills: Floats) -> Frame:
    left, top = (places - pills / 2).min(axis=0) - BORDER
    right, bottom = (places + pills / 2).max(axis=0) + BORDER
    return (float(left), float(top), float(right - left), float(bottom - top))
