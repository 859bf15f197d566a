"""The picture of all tags: communities as islands with their names, every tag a word, mutual kin as faint lines.

Everything stands where training put it (`tagmodel.tag_map`); drawing decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import networkx as nx
import numpy as np

from tagmodel.map_layout import Floats, shown_word, word_boxes
from tagmodel.picture_style import Frame, svg_document, svg_text
from tagmodel.tag_map import title_box, title_font

# Paper around the islands.
BORDER = 60.0  # px
# How far land reaches beyond its words.
SHORE = 18.0  # px
# Edges by similarity: from which on, width in px, opacity. Those that leave an island are fainter still.
STRENGTHS = ((0.0, 0.7, 0.14), (0.12, 1.0, 0.24), (0.25, 1.6, 0.36))
CROSSING = 0.5  # of the opacity


@dataclass(frozen=True)
class Island:
    """One community on paper.

    Parameters
    ----------
    words : shape (n_words, 4)
        Boxes of its tags: x, y of the middle, width, height, px.
    title : shape (4,)
        Box of its name, in the same form.
    """

    number: int
    name: str
    color: int
    tags: tuple[str, ...]
    words: Floats
    title: Floats


def draw_map(graph: nx.Graph) -> str:
    """Draw a graph whose nodes have places (`tagmodel.tag_map`) as an SVG document."""
    islands = islands_of(graph)
    body = [land(island) for island in islands]
    body += edge_paths(graph.nodes, graph.edges.data("similarity"))
    body += [_words(island, graph) for island in islands]
    title = f"{len(graph)} tags, {graph.number_of_edges()} pairs of mutual kin, {len(islands)} communities"
    return svg_document(frame_around(islands), title, body)


def frame_around(islands: Sequence[Island]) -> Frame:
    """Return the frame of what shows these islands with their names."""
    boxes = np.vstack([np.empty((0, 4)), *(np.vstack([island.words, island.title]) for island in islands)])
    if not len(boxes):
        return (0.0, 0.0, 2 * BORDER, 2 * BORDER)
    left, top = (boxes[:, :2] - boxes[:, 2:] / 2).min(axis=0) - BORDER
    right, bottom = (boxes[:, :2] + boxes[:, 2:] / 2).max(axis=0) + BORDER
    return (float(left), float(top), float(right - left), float(bottom - top))


def islands_of(graph: nx.Graph) -> list[Island]:
    """Gather the communities of a graph whose nodes have places, by number."""
    members: dict[int, list[str]] = {}
    for tag_id, community in graph.nodes.data("community"):
        members.setdefault(community, []).append(tag_id)
    return [_island(number, members[number], graph) for number in sorted(members)]


def _island(number: int, tags: Sequence[str], graph: nx.Graph) -> Island:
    nodes = [graph.nodes[tag] for tag in tags]
    sizes = np.array([node["font_size"] for node in nodes])
    places = [(node["x"], node["y"]) for node in nodes]
    words = np.column_stack([places, word_boxes([node["spelling"] for node in nodes], sizes)])
    name = nodes[0]["community_name"]
    return Island(number, name, nodes[0]["color"], tuple(tags), words, title_box(name, words))


def land(island: Island) -> str:
    """Draw the ground: all boxes of the island in one path with a broad round stroke, which melts them together."""
    corners = island.words[:, :2] - island.words[:, 2:] / 2
    boxes = "".join(
        f"M{x:.0f} {y:.0f}h{width:.0f}v{height:.0f}h-{width:.0f}z"
        for (x, y), (width, height) in zip(corners, island.words[:, 2:], strict=True)
    )
    return f'<path class="c{island.color} land" stroke-width="{2 * SHORE:.0f}" d="{boxes}"/>'


def edge_paths(nodes: Mapping[str, dict[str, Any]], edges: Iterable[tuple[str, str, float]]) -> Iterator[str]:
    """Draw edges as one path for each look: color of the island (ink between two of them) and strength."""
    looks: dict[tuple[str, int], list[str]] = {}
    for a, b, similarity in edges:
        color = f"c{nodes[a]['color']}" if nodes[a]["community"] == nodes[b]["community"] else "ink"
        strength = sum(similarity >= lowest for lowest, _, _ in STRENGTHS) - 1
        looks.setdefault((color, strength), []).append(line_between(nodes[a], nodes[b]))
    for (color, strength), lines in sorted(looks.items()):
        _, width, opacity = STRENGTHS[strength]
        opacity *= CROSSING if color == "ink" else 1
        path = "".join(lines)
        yield f'<path class="{color} edges" stroke-width="{width}" opacity="{opacity:.2f}" d="{path}"/>'


def line_between(a: Mapping[str, Any], b: Mapping[str, Any]) -> str:
    """Write the line between the places of two nodes as path data."""
    return f"M{a['x']:.0f} {a['y']:.0f}L{b['x']:.0f} {b['y']:.0f}"


def _words(island: Island, graph: nx.Graph) -> str:
    texts = [_word(graph, tag, x, y) for tag, (x, y) in zip(island.tags, island.words[:, :2], strict=True)]
    x, y = island.title[:2]
    name = svg_text(island.name, x, y, title_font(len(island.tags)), classes="halo title")
    return "\n".join([f'<g class="c{island.color}"><desc>{escape(island.name)}</desc>', *texts, name, "</g>"])


def _word(graph: nx.Graph, tag: str, x: float, y: float) -> str:
    node = graph.nodes[tag]
    return svg_text(shown_word(node["spelling"]), x, y, node["font_size"], classes="halo", hint=tooltip(graph, tag))


def tooltip(graph: nx.Graph, tag: str) -> str:
    """Say of a tag how often it was used and which kin it has in the graph, nearest first."""
    spell = graph.nodes.data("spelling")
    nearest = sorted(graph[tag].items(), key=lambda item: (-item[1]["similarity"], item[0]))[:6]
    kin = ", ".join(spell[other] for other, _ in nearest)
    uses = f"{spell[tag]}: used {graph.nodes[tag]['count']:,} times"
    return f"{uses}; kin: {kin}" if kin else uses
