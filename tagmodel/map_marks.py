"""What is marked on the map: one tag with its mutual kin, or the way between two.

Marks lie on top of the map (`tagmodel.page_map`), which is dimmed below them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise, repeat
from typing import Any

import networkx as nx
import numpy as np

from tagmodel.graph import Step
from tagmodel.map_layout import lay_boxes, shown_word, word_boxes
from tagmodel.map_picture import line_between
from tagmodel.page_map import TagLink, linked_word
from tagmodel.picture_style import Frame, linked, svg_text
from tagmodel.tag_map import BOLD

# Size of marked words, as a share of the width of the view: they are read however far the view goes.
MARKED_SIZE = 1 / 52
# Room around the ends of a path, as a share of what it spans, and the least that a view shows.
PATH_ROOM, LEAST_VIEW = 0.35, 700.0  # px
# Width of the line to the nearest kin possible, and to the farthest, px of the screen.
WIDEST_LINE, THINNEST_LINE = 7.0, 1.5


def mark_tag(graph: nx.Graph, tag: str, link: TagLink, view_width: float) -> str:
    """Mark a tag: lines to its kin, their words, and its own, large.

    Parameters
    ----------
    view_width
        How much of the map is seen, px of the map.
    """
    kin = sorted(graph[tag].items(), key=lambda item: (-item[1]["similarity"], item[0]))
    lines = [_line(graph, tag, other, edge["similarity"]) for other, edge in kin]
    words = [_near_word(graph, other, link) for other, _ in kin]
    node = graph.nodes[tag]
    size = max(node["font_size"], view_width * MARKED_SIZE)
    return "\n".join(["<g>", *lines, *words, _large_word(node, link, (node["x"], node["y"]), size), "</g>"])


def mark_path(graph: nx.Graph, steps: Sequence[Step], link: TagLink, view_width: float) -> str:
    """Mark a path: a line from tag to tag, and their words, large, moved apart where they would hide each other."""
    lines = [_line(graph, a.tag_id, b.tag_id, b.similarity) for a, b in pairwise(steps)]
    nodes = [graph.nodes[step.tag_id] for step in steps]
    sizes = np.full(len(nodes), view_width * MARKED_SIZE)
    boxes = BOLD * word_boxes([node["spelling"] for node in nodes], sizes)
    places = lay_boxes(np.array([(node["x"], node["y"]) for node in nodes]), boxes, np.arange(len(nodes)))
    words = [_large_word(*word) for word in zip(nodes, repeat(link), places, sizes, strict=False)]
    return "\n".join(["<g>", *lines, *words, "</g>"])


def path_frame(graph: nx.Graph, steps: Sequence[Step]) -> Frame:
    """Return what has to be seen to follow a path."""
    places = np.array([(graph.nodes[step.tag_id]["x"], graph.nodes[step.tag_id]["y"]) for step in steps])
    low, high = places.min(axis=0), places.max(axis=0)
    size = np.maximum((high - low) * (1 + PATH_ROOM), LEAST_VIEW)
    left, top = (low + high - size) / 2
    return float(left), float(top), float(size[0]), float(size[1])


def _line(graph: nx.Graph, a: str, b: str, similarity: float) -> str:
    width = THINNEST_LINE + (WIDEST_LINE - THINNEST_LINE) * similarity
    line = line_between(graph.nodes[a], graph.nodes[b])
    return f'<path class="ink edges mark" stroke-width="{width:.1f}" d="{line}"/>'


def _near_word(graph: nx.Graph, tag: str, link: TagLink) -> str:
    node = graph.nodes[tag]
    return f'<g class="c{node["color"]} near">{linked_word(node, link)}</g>'


def _large_word(node: Mapping[str, Any], link: TagLink, place: tuple[float, float], size: float) -> str:
    word = svg_text(shown_word(node["spelling"]), *place, size, classes="halo large")
    return f'<g class="c{node["color"]}">{linked(word, link(node["spelling"]))}</g>'
