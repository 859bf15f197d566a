"""The related-tag graph: tags as nodes, mutual kin as edges.

An edge stands only where each tag is in the other's kin list. One-sided lists would make hubs of common tags, and in a
dense graph every path has one hop; mutual ones keep paths telling ("from sitar to techno" by way of what lies between).
The length of an edge is -log(similarity): the shortest path is the one whose similarities have the largest product.

References
----------
Maier, Hein, von Luxburg, "Optimal construction of k-nearest-neighbor graphs for identifying noisy clusters", 2009.
"""

from __future__ import annotations

import heapq
import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import networkx as nx
import numpy as np
import orjson
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tagmodel.kin import KinTable
    from tagmodel.model import Kin
    from tagmodel.vocabulary import Vocabulary

# What gives the kin of a tag id, best first: `TagModel.kin`.
KinOf = Callable[[str], "Sequence[Kin]"]
# Where a kin can come from; attributes of that name on an edge hold the origin's own similarity, 0 for none.
ORIGINS = ("cooccurrence", "word2vec", "als")

# What neither GraphML nor SVG can hold; people's catalogues do.
_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class PathMissing(LookupError):
    """No chain of mutual kin joins two tags.

    Parameters
    ----------
    nearest
        Spelling of the tag nearest to the target that the source does reach; ``""`` when it reaches none near it.
    """

    def __init__(self, source: str, target: str, nearest: str = "") -> None:
        offer = f'; "{source}" comes nearest to it at "{nearest}"' if nearest else ""
        super().__init__(f'no chain of mutual kin leads from "{source}" to "{target}"{offer}')
        self.nearest = nearest


class Step(NamedTuple):
    """One tag of a path.

    Parameters
    ----------
    similarity
        In (0, 1], to the tag before; 1 for the first.
    """

    tag_id: str
    similarity: float


class Community(NamedTuple):
    """Tags that lie together on the map.

    Parameters
    ----------
    number
        From 0, the largest first.
    name
        Its most typical tags.
    color
        Number of its color in pictures.
    tags
        Ids, best connected first.
    """

    number: int
    name: str
    color: int
    tags: tuple[str, ...]


def build_graph(table: KinTable, vocabulary: Vocabulary, tag_map: Mapping[str, NDArray[Any]] | None = None) -> nx.Graph:
    """Build the graph of all tags that have kin.

    Parameters
    ----------
    tag_map
        Arrays of `tagmodel.tag_map.compute_map`; without them nodes have no community and no place.

    Returns
    -------
    nx.Graph
        Nodes are tag ids in the vocabulary's order with ``spelling``, ``count`` and ``degree`` (neighbors), and from
        the map ``community``, ``community_name``, ``color``, ``font_size`` (px), ``x``, ``y`` (px). Edges have
        ``similarity``, ``length``, each of `ORIGINS`, ``support`` and, where known, ``pmi`` (bits). All are plain
        Python values.
    """
    ids = vocabulary.ids
    graph = nx.Graph()
    for number in np.flatnonzero(np.diff(table.starts)).tolist():
        place = _place(vocabulary, tag_map, number) if tag_map else {}
        spelling = _NOT_XML.sub("", vocabulary.spellings[number])
        graph.add_node(ids[number], spelling=spelling, count=int(vocabulary.counts[number]), **place)
    graph.add_edges_from((ids[a], ids[b], _edge(table, entry)) for a, b, entry in mutual_entries(table))
    nx.set_node_attributes(graph, dict(graph.degree), "degree")
    return graph


def _place(vocabulary: Vocabulary, tag_map: Mapping[str, NDArray[Any]], number: int) -> dict[str, Any]:
    community = int(tag_map["community"][number])
    x, y = (round(float(value), 2) for value in tag_map["positions"][number])
    names = [vocabulary.spellings[tag] for tag in tag_map["community_tags"][community] if tag >= 0]
    color = int(tag_map["community_color"][community])
    font_size = round(float(tag_map["font_size"][number]), 1)
    named = {"community": community, "community_name": " · ".join(names), "color": color}
    return {**named, "font_size": font_size, "x": x, "y": y}


def mutual_entries(table: KinTable) -> list[tuple[int, int, int]]:
    """List pairs of tags that are each other's kin, as (lower number, higher number, entry of the lower similarity)."""
    owners = np.repeat(np.arange(len(table)), np.diff(table.starts)).tolist()
    entry_of = {pair: entry for entry, pair in enumerate(zip(owners, table.tags.tolist(), strict=True))}
    similarity = table.similarity.tolist()
    return [
        (a, b, min(entry, entry_of[b, a], key=similarity.__getitem__))
        for (a, b), entry in entry_of.items()
        if a < b and (b, a) in entry_of
    ]


def _edge(table: KinTable, entry: int) -> dict[str, Any]:
    """Describe an edge by the weaker of its two sides: what both tags agree on."""
    similarity, pmi = float(table.similarity[entry]), float(table.pmi[entry])
    edge = {
        "similarity": similarity,
        "length": max(0.0, -math.log(similarity)),
        "support": int(table.support[entry]),
        **{origin: float(getattr(table, origin)[entry]) for origin in ORIGINS},
    }
    return edge if math.isnan(pmi) else edge | {"pmi": pmi}


def communities(graph: nx.Graph) -> list[Community]:
    """List the communities of a graph by number, with those of their tags that are in it; none without a map."""
    members: dict[int, list[str]] = {}
    for tag_id in _best_connected(graph):
        if "community" in graph.nodes[tag_id]:
            members.setdefault(graph.nodes[tag_id]["community"], []).append(tag_id)
    first = {number: graph.nodes[tags[0]] for number, tags in members.items()}
    return [
        Community(number, first[number]["community_name"], first[number]["color"], tuple(members[number]))
        for number in sorted(members)
    ]


def neighborhood(
    graph: nx.Graph,
    tags: Collection[str] = (),
    *,
    depth: int = 2,
    limit: int | None = 60,
    min_support: int = 0,
    min_similarity: float = 0.0,
) -> nx.Graph:
    """Cut out what lies around some tags.

    Parameters
    ----------
    tags
        Ids in the graph; none of them: the whole graph.
    depth
        Edges at most between a tag of the result and one of `tags`.
    limit
        Tags at most, the nearest by path length first; without `tags` those with most neighbors. None: no limit.
    min_support, min_similarity
        Edges below are left out before anything is measured, and with them tags that only they reach.
    """
    def fits(edge: Mapping[str, Any]) -> bool:
        return bool(edge["support"] >= min_support and edge["similarity"] >= min_similarity)

    near = _part(graph, _within(graph, tags, depth, fits) if tags else set(graph), fits)
    ranked = _nearest(near, tags) if tags else _best_connected(near)
    return _part(near, set(ranked[:limit]) | set(tags), fits)


def _within(graph: nx.Graph, tags: Collection[str], depth: int, fits: Callable[[Mapping[str, Any]], bool]) -> set[str]:
    """Return what a few steps reach, without looking at the rest of a graph that may be large."""
    near, last = set(tags), set(tags)
    for _ in range(depth):
        last = {other for tag_id in last for other, edge in graph.adj[tag_id].items() if fits(edge)} - near
        if not last:
            break
        near |= last
    return near


def _nearest(graph: nx.Graph, tags: Collection[str]) -> list[str]:
    lengths = nx.multi_source_dijkstra_path_length(graph, set(tags), weight="length")
    return sorted(lengths, key=lambda tag_id: (tag_id not in tags, lengths[tag_id], tag_id))


def _best_connected(graph: nx.Graph) -> list[str]:
    return sorted(graph, key=lambda tag_id: (-graph.degree(tag_id), tag_id))


def _part(graph: nx.Graph, keep: set[str], fits: Callable[[Mapping[str, Any]], bool]) -> nx.Graph:
    """Copy a part with nodes and edges in the graph's own order (a view iterates a set, in hash order)."""
    part = nx.Graph(**graph.graph)
    kept = [tag_id for tag_id in graph if tag_id in keep]
    part.add_nodes_from((tag_id, graph.nodes[tag_id]) for tag_id in kept)
    part.add_edges_from(
        (tag_id, other, edge)
        for tag_id in kept
        for other, edge in graph.adj[tag_id].items()
        if other in keep and other not in part.adj[tag_id] and fits(edge)
    )
    return part


def path_between(graph: nx.Graph, source: str, target: str, kin_of: KinOf | None = None) -> tuple[Step, ...]:
    """Find the shortest path between two tags of the graph, the same there and back.

    Parameters
    ----------
    kin_of
        One-sided kin, asked only when there is no path, to name the nearest tag that can be reached.

    Raises
    ------
    PathMissing
        If they are in different components.
    """
    low, high = sorted((source, target))
    try:
        tags = nx.dijkstra_path(graph, low, high, weight="length")
    except nx.NetworkXNoPath:
        nearest = nearest_reachable(graph, source, target, kin_of) if kin_of else None
        spell = graph.nodes.data("spelling")
        raise PathMissing(spell[source], spell[target], spell[nearest] if nearest else "") from None
    tags = tags if low == source else tags[::-1]
    steps = [graph.edges[pair]["similarity"] for pair in pairwise(tags)]
    return tuple(map(Step, tags, [1.0, *steps]))


def nearest_reachable(graph: nx.Graph, source: str, target: str, kin_of: KinOf) -> str | None:
    """Return the tag nearest to `target`, along one-sided kin, that a path from `source` reaches; None when none."""
    reachable = nx.node_connected_component(graph, source) - {source}
    heap, seen = [(0.0, target)], set()
    while heap:
        length, tag_id = heapq.heappop(heap)
        if tag_id in reachable:
            return tag_id
        if tag_id not in seen:
            seen.add(tag_id)
            for kin in kin_of(tag_id):
                heapq.heappush(heap, (length - math.log(kin.similarity), kin.tag_id))
    return None


def graph_to_json(graph: nx.Graph) -> bytes:
    """Write node-link JSON, which ``networkx.node_link_graph(data, edges="edges")`` reads back."""
    data = nx.node_link_data(graph, edges="edges")
    return orjson.dumps(data, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def graph_to_graphml(graph: nx.Graph) -> bytes:
    """Write GraphML, which Gephi, yEd and ``networkx.read_graphml`` read."""
    return ("\n".join(nx.generate_graphml(graph)) + "\n").encode()
