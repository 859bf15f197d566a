"""The map of all tags as part of a page: every word a link, and small words away until somebody comes near.

The same places, islands and colors as in the file (`tagmodel.map_picture`), but lighter: without tooltips, and with the
strongest edges only. What one tag is joined to is drawn on top when it is asked for (`tagmodel.map_marks`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from heapq import nlargest
from html import escape
from typing import Any

import networkx as nx

from tagmodel.map_layout import shown_word
from tagmodel.map_picture import Island, edge_paths, frame_around, islands_of, land
from tagmodel.picture_style import Frame, linked, svg_text, tier
from tagmodel.tag_map import title_font

# Edges drawn at each tag, the strongest: the map stays light however many tags it has.
EDGES_PER_TAG = 2

# Names of small islands are written larger than in the file: a page has less room than a poster.
SMALLEST_NAME = 34.0  # px

# From the spelling of a tag, or the number of a community, to an address.
TagLink = Callable[[str], str]
CommunityLink = Callable[[int], str]


@dataclass(frozen=True)
class PageMap:
    """A map that was drawn once, for any view of it.

    Parameters
    ----------
    frame
        What there is to see.
    sea
        Elements below all islands.
    islands
        Elements of each community, by number.
    shores
        What there is to see of each community, by number.
    """

    frame: Frame
    sea: str
    islands: Mapping[int, str]
    shores: Mapping[int, Frame]

    def body(self, chosen: int | None = None) -> list[str]:
        """Return the elements of the picture, with one community marked as chosen."""
        islands = (
            f'<g class="island{" chosen" if number == chosen else ""}">{drawn}</g>'
            for number, drawn in self.islands.items()
        )
        return [self.sea, *islands]


def draw_page_map(graph: nx.Graph, tag_link: TagLink, community_link: CommunityLink) -> PageMap:
    """Draw a graph whose nodes have places (`tagmodel.tag_map`) for a page."""
    islands = islands_of(graph)
    edges = _strongest_edges(graph)
    inside: dict[int, list[tuple[str, str, float]]] = {island.number: [] for island in islands}
    for edge in edges:
        home = graph.nodes[edge[0]]["community"]
        if home == graph.nodes[edge[1]]["community"]:
            inside[home].append(edge)
    between = [edge for edge in edges if graph.nodes[edge[0]]["community"] != graph.nodes[edge[1]]["community"]]
    drawn = {}
    for island in islands:
        parts = [land(island), *edge_paths(graph.nodes, inside[island.number])]
        drawn[island.number] = "\n".join([*parts, _words(island, graph, tag_link), _name(island, community_link)])
    sea = "\n".join(edge_paths(graph.nodes, between))
    return PageMap(frame_around(islands), sea, drawn, {island.number: frame_around([island]) for island in islands})


def _strongest_edges(graph: nx.Graph) -> list[tuple[str, str, float]]:
    """Choose the `EDGES_PER_TAG` strongest at each tag, in the order of the graph."""
    chosen: set[frozenset[str]] = set()
    for tag in graph:
        near = nlargest(EDGES_PER_TAG, graph[tag].items(), key=lambda item: (item[1]["similarity"], item[0]))
        chosen.update(frozenset((tag, other)) for other, _ in near)
    return [edge for edge in graph.edges.data("similarity") if frozenset(edge[:2]) in chosen]


def _words(island: Island, graph: nx.Graph, link: TagLink) -> str:
    words = "\n".join(linked_word(graph.nodes[tag], link) for tag in island.tags)
    return f'<g class="c{island.color}">{words}</g>'


def linked_word(node: Mapping[str, Any], link: TagLink) -> str:
    """Write the word of a node at its place."""
    size = node["font_size"]
    word = svg_text(shown_word(node["spelling"]), node["x"], node["y"], size)
    return linked(word, link(node["spelling"]), classes=f"t{tier(size)}")


def _name(island: Island, link: CommunityLink) -> str:
    """Write the name of an island; from afar a page shows its first tag only."""
    x, y = island.title[:2]
    size = max(title_font(len(island.tags)), SMALLEST_NAME)
    first, dot, rest = island.name.partition(" · ")
    name = svg_text(first, x, y, size, classes="halo title")
    if rest:
        name = name.removesuffix("</text>") + f'<tspan class="rest">{dot}{escape(rest)}</tspan></text>'
    return f'<g class="c{island.color}">{linked(name, link(island.number))}</g>'
