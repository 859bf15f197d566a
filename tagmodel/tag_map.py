"""The map of tags: communities with names, and a place for every tag; made once, at training.

Communities and places are taken from all kin, one-sided ones at half weight, so that every tag with kin belongs
somewhere; edges and paths of the graph ask for mutual kin (`tagmodel.graph`). Everything runs on tag numbers, whose
order in sets and dicts is the same in every process, and arrays are rounded: equal input gives equal bytes.

References
----------
Blondel, Guillaume, Lambiotte, Lefebvre, "Fast unfolding of communities in large networks", 2008.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from tagmodel.map_layout import Floats, lay_boxes, pack_islands, spiral, stress_layout, text_width, word_boxes

if TYPE_CHECKING:
    from tagmodel.kin import KinTable
    from tagmodel.vocabulary import Vocabulary

# Above 1 communities get smaller and more: about 25 of the shipped model's 1,075 tags, each one kind of music (at 1
# they are 13, and "indian" and "techno" share one).
RESOLUTION = 3.0
# Smaller communities join the one they have most kin in.
MIN_COMMUNITY = 6  # tags
# Colors of a picture (`tagmodel.picture_style.HUES`); communities near each other get different ones.
N_COLORS = 12
# Tags in the name of a community.
NAME_TAGS = 3
SMALLEST_FONT, LARGEST_FONT = 10.0, 46.0  # px
# How fast words get smaller with their rank: one in ten is above half the size.
FONT_FALL = 9
# Bold letters are this much wider.
BOLD = 1.15
ISLAND_MARGIN = 44.0  # px of water between communities

Ints = NDArray[np.int64]


def compute_map(table: KinTable, vocabulary: Vocabulary, seed: int = 0) -> dict[str, NDArray[Any]]:
    """Find the communities of a model's tags and lay them out.

    Returns
    -------
    arrays by name
        ``community`` (n_tags,), -1 for a tag without kin; ``positions`` (n_tags, 2), px, y downwards, NaN without kin;
        ``font_size`` (n_tags,), px in the whole map; ``community_tags`` (n_communities, 3), the tags that name each, -1
        where there are fewer; ``community_color`` (n_communities,), below `N_COLORS`. The largest community is 0.
    """
    affinity = kin_affinity(table)
    community = find_communities(affinity, seed)
    font_size = _font_sizes(affinity, community, vocabulary.counts)
    community_tags = name_communities(affinity, community, vocabulary)
    positions = _layout(affinity, community, font_size, community_tags, vocabulary.spellings)
    return {
        "community": community.astype(np.int32),
        "positions": positions.round(2).astype(np.float32),
        "font_size": font_size.astype(np.float32),
        "community_tags": community_tags.astype(np.int32),
        "community_color": _spread_colors(community, positions).astype(np.int32),
    }


def kin_affinity(table: KinTable) -> sparse.csr_array:
    """Return how near tags are, symmetric, shape (n_tags, n_tags): the mean of both similarities, 0 where none."""
    n = len(table)
    one_sided = sparse.csr_array((table.similarity.astype(np.float64), table.tags, table.starts), shape=(n, n))
    affinity = ((one_sided + one_sided.T) / 2).tocsr()
    affinity.sort_indices()
    return affinity


def find_communities(affinity: sparse.csr_array, seed: int) -> Ints:
    """Return the community of each tag, shape (n_tags,), largest first; -1 for a tag without neighbors."""
    connected = np.flatnonzero(np.diff(affinity.indptr)).tolist()
    graph = nx.Graph()
    graph.add_nodes_from(connected)
    upper = sparse.triu(affinity, k=1).tocoo()
    graph.add_weighted_edges_from(zip(upper.row.tolist(), upper.col.tolist(), upper.data.tolist(), strict=True))
    community = np.full(affinity.shape[0], -1, dtype=np.int64)
    found = nx.community.louvain_communities(graph, resolution=RESOLUTION, seed=seed) if connected else []
    for number, members in enumerate(sorted(found, key=lambda part: (-len(part), min(part)))):
        community[sorted(members)] = number
    return _by_size(_without_small(affinity, community))


def _without_small(affinity: sparse.csr_array, community: Ints) -> Ints:
    """Join communities that are too small to be one with their nearest, smallest first; islands of the graph stay."""
    community = community.copy()
    for number in range(int(community.max(initial=-1)), -1, -1):
        members = np.flatnonzero(community == number)
        if len(members) >= MIN_COMMUNITY:
            continue
        ties = np.asarray(affinity[members].sum(axis=0)).ravel()
        outside = np.flatnonzero((ties > 0) & (community != number))
        if len(outside):
            community[members] = np.bincount(community[outside], ties[outside]).argmax()
    return community


def _by_size(community: Ints) -> Ints:
    numbers, sizes = np.unique(community[community >= 0], return_counts=True)
    renumbered = np.full(len(community), -1, dtype=np.int64)
    for new, old in enumerate(numbers[np.lexsort([numbers, -sizes])]):
        renumbered[community == old] = new
    return renumbered


def name_communities(affinity: sparse.csr_array, community: Ints, vocabulary: Vocabulary) -> Ints:
    """Name each community by its most typical tags, shape (n_communities, `NAME_TAGS`), -1 where there are fewer.

    Typical is a tag that is near to many of the community, is used much, and whose kin are here rather than elsewhere.
    No word stands in a name twice.
    """
    n_communities = int(community.max(initial=-1)) + 1
    names = np.full((n_communities, NAME_TAGS), -1, dtype=np.int64)
    everywhere = np.asarray(affinity.sum(axis=1)).ravel()
    for number in range(n_communities):
        members = np.flatnonzero(community == number)
        inside = np.asarray(affinity[members][:, members].sum(axis=1)).ravel()
        typical = inside**2 / np.maximum(everywhere[members], 1e-12) * np.sqrt(1 + vocabulary.counts[members])
        chosen = _without_shared_words(members[np.lexsort([members, -typical])], vocabulary.keys)
        names[number, : len(chosen)] = chosen
    return names


def _without_shared_words(ranked: Ints, keys: Sequence[str]) -> list[int]:
    chosen: list[int] = []
    words: set[str] = set()
    for tag in ranked.tolist():
        own = set(keys[tag].split())
        if len(chosen) < NAME_TAGS and not own & words:
            chosen.append(tag)
            words |= own
    return chosen


def _font_sizes(affinity: sparse.csr_array, community: Ints, counts: NDArray[Any]) -> Floats:
    """Size words by rank in weighted degree and use, px: landmarks are both well connected and well known.

    Half of the rank is within the own community, so that every island has landmarks of its own.
    """
    weight = np.asarray(affinity.sum(axis=1)).ravel() * np.log2(1 + counts)
    rank = _rank(weight)
    for number in range(int(community.max(initial=-1)) + 1):
        members = np.flatnonzero(community == number)
        rank[members] = (rank[members] + _rank(weight[members])) / 2
    return (SMALLEST_FONT + (LARGEST_FONT - SMALLEST_FONT) * rank**FONT_FALL).round(1)


def _rank(weight: Floats) -> Floats:
    """Return ranks in (0, 1], 1 for the heaviest."""
    rank = np.empty(len(weight))
    rank[np.argsort(weight, kind="stable")] = np.arange(1, len(weight) + 1) / max(len(weight), 1)
    return rank


def _layout(
    affinity: sparse.csr_array, community: Ints, font_size: Floats, community_tags: Ints, spellings: Sequence[str]
) -> Floats:
    """Place tags on islands, shape (n_tags, 2), px; NaN for tags without kin."""
    boxes = word_boxes(list(spellings), font_size)
    members = [np.flatnonzero(community == number) for number in range(len(community_tags))]
    wished = _island_wishes(affinity, community, boxes)
    centers, islands = [], []
    for tags, naming in zip(members, community_tags, strict=True):
        places = _lay_island(affinity, tags, boxes[tags], _outward(affinity, tags, community, wished))
        centers.append(places)
        names = [spellings[tag] for tag in naming if tag >= 0]
        words = np.column_stack([places, boxes[tags]])
        islands.append(np.vstack([words, title_box(" · ".join(names), words)]))
    moved = pack_islands(wished, islands, ISLAND_MARGIN)
    positions = np.full((len(community), 2), np.nan)
    for tags, places, center in zip(members, centers, moved, strict=True):
        positions[tags] = places + center
    return positions


def title_box(title: str, words: Floats) -> Floats:
    """Return where an island's title stands, above its words: x, y of the middle, width, height, px.

    Parameters
    ----------
    words : shape (n, 4)
        Boxes of the island's words, in the same form.
    """
    font_size = title_font(len(words))
    left, right = (words[:, 0] - words[:, 2] / 2).min(), (words[:, 0] + words[:, 2] / 2).max()
    top = (words[:, 1] - words[:, 3] / 2).min()
    return np.array([(left + right) / 2, top - 0.7 * font_size, BOLD * text_width(title, font_size), 1.4 * font_size])


def title_font(n_words: int) -> float:
    """Size the title of an island by its words, px: 25 for ten, 44 for a hundred."""
    return 14.0 * math.sqrt(math.sqrt(n_words))


def _island_wishes(affinity: sparse.csr_array, community: Ints, boxes: Floats) -> Floats:
    """Say where each island would like to be, (n_communities, 2), px: near those it shares much kin with."""
    n = int(community.max(initial=-1)) + 1
    tags = np.flatnonzero(community >= 0)
    belongs = sparse.csr_array((np.ones(len(tags)), (tags, community[tags])), shape=(len(community), n))
    ties = (belongs.T @ affinity @ belongs).toarray()
    volume = ties.sum(axis=1)
    np.fill_diagonal(ties, 0)
    ties = ties / np.sqrt(np.outer(volume, volume))
    area = belongs.T @ boxes.prod(axis=1)
    radius = np.sqrt(1.6 * area / np.pi)
    nearness = np.sqrt(ties / max(ties.max(initial=0), 1e-12))
    distances = (radius[:, None] + radius[None]) * (1.5 - nearness)
    np.fill_diagonal(distances, 0)
    return stress_layout(distances, spiral(n, float(radius.max(initial=1)))) * [1.2, 0.8]


def _outward(affinity: sparse.csr_array, tags: Ints, community: Ints, wished: Floats) -> Floats:
    """Return the direction in which each tag of an island is drawn by its kin elsewhere, shape (n_members, 2)."""
    home = community[tags[0]]
    ways = np.where(community[:, None] >= 0, wished[community] - wished[home], 0.0)
    lengths = np.linalg.norm(ways, axis=1, keepdims=True)
    return np.asarray(affinity[tags] @ (ways / np.maximum(lengths, 1e-9)))


def _lay_island(affinity: sparse.csr_array, tags: Ints, boxes: Floats, outward: Floats) -> Floats:
    """Place the words of one community about its center, shape (n_members, 2), px."""
    own = affinity[tags][:, tags].tocsr()
    own.data = 0.3 - np.log(own.data)
    distances = dijkstra(own, directed=False)
    reached = distances[np.isfinite(distances)]
    distances[~np.isfinite(distances)] = 1.5 * reached.max(initial=1.0)
    order = np.lexsort([tags, -boxes[:, 1]])
    start = np.empty((len(tags), 2))
    start[np.argsort(distances.mean(axis=1), kind="stable")] = spiral(len(tags), float(distances.mean()) / 4 + 0.1)
    places = stress_layout(distances, start)
    left, _, right = np.linalg.svd(places.T @ outward)
    places = places @ (left @ right) * [1.25, 0.8]
    spread = np.sqrt((places**2).sum(axis=1).mean()) if len(tags) > 1 else 1.0
    laid = lay_boxes(places * np.sqrt(boxes.prod(axis=1).sum() * 0.6 / (2 * np.pi)) / spread, boxes, order)
    return np.asarray(laid - (laid.min(axis=0) + laid.max(axis=0)) / 2)


def _spread_colors(community: Ints, positions: Floats) -> Ints:
    """Color communities, shape (n_communities,): each takes the color whose nearest island is furthest away."""
    n = int(community.max(initial=-1)) + 1
    centers = np.array([positions[community == number].mean(axis=0) for number in range(n)]).reshape(n, 2)
    colors = np.zeros(n, dtype=np.int64)
    for number in range(n):
        distance = np.full(N_COLORS, np.inf)
        for other in range(number):
            gap = np.linalg.norm(centers[number] - centers[other])
            distance[colors[other]] = min(distance[colors[other]], gap)
        colors[number] = distance.argmax()
    return colors
