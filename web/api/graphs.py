"""Operations on the graph of tags: the graph itself, a path, the communities."""

from __future__ import annotations

import enum
from functools import lru_cache
from typing import Annotated

from flask import request
from msgspec import Meta, Struct

from tagmodel.answers import Communities, Graph, Path, communities_answer, path_answer
from tagmodel.model import TagModel
from web.api.naming import TagName, tag_in_graph
from web.api.operations import JSON, Reply, operation
from web.api.problems import NO_PATH, TAG_WITHOUT_KIN, UNKNOWN_TAG, Refusal
from web.context import searcher

GRAPHML = "application/graphml+xml"
# Tags that a neighborhood may lie around.
MAX_TAGS = 10
# Steps from a tag; further out is the whole graph.
MAX_STEPS = 6
# Tags in one answer.
MAX_NODES = 2_000
# Tags around some tags unless asked for otherwise.
NODES_AROUND = 60


class Format(enum.StrEnum):
    """How a graph is written."""

    JSON = "json"
    GRAPHML = "graphml"


class GraphParameters(Struct, frozen=True):
    """Which part of the graph.

    Parameters
    ----------
    tag
        What the part lies around, by spelling or id; may be repeated. Without it the part is of the best connected
        tags.
    depth
        Steps at most from one of the tags.
    limit
        Tags at most: the nearest by path, or without a tag those with most neighbors. 60 around a tag, else 2,000.
    min_support
        Leave out pairs that fewer tracks of the training data carry.
    min_similarity
        Leave out pairs that are farther from each other.
    format
        ``json`` (node-link) or ``graphml``; without it the header ``Accept`` decides.
    """

    tag: Annotated[tuple[TagName, ...], Meta(max_length=MAX_TAGS)] = ()
    depth: Annotated[int, Meta(ge=0, le=MAX_STEPS)] = 2
    limit: Annotated[int, Meta(ge=1, le=MAX_NODES)] | None = None
    min_support: Annotated[int, Meta(ge=0)] = 0
    min_similarity: Annotated[float, Meta(ge=0, le=1)] = 0.0
    format: Format | None = None


@operation(
    "GET",
    "/graph",
    refusals=(UNKNOWN_TAG, TAG_WITHOUT_KIN),
    media_types={JSON: Graph, GRAPHML: str},
    sample=lambda of: {"tag": of.tag, "depth": "1", "limit": "3"},
)
def graph(parameters: GraphParameters) -> Reply[bytes]:
    """Get the graph of tags, or what lies around some of them.

    Two tags are joined where each is among the other's kin. Edges carry their similarity with each origin's own,
    pointwise mutual information and support. As JSON for ``networkx.node_link_graph(data, edges="edges")``, or as
    GraphML for Gephi, yEd and ``networkx.read_graphml``. The same request gives the same bytes.
    """
    tags = tuple(dict.fromkeys(tag_in_graph(text, "tag") for text in parameters.tag))
    file_format = _format(parameters)
    data = _written(
        searcher().model,
        tags,
        parameters.depth,
        parameters.limit or (NODES_AROUND if tags else MAX_NODES),
        parameters.min_support,
        parameters.min_similarity,
        file_format,
    )
    return Reply(data, headers={"Vary": "Accept"}, media_type=GRAPHML if file_format is Format.GRAPHML else JSON)


@lru_cache(maxsize=8)
def _written(
    model: TagModel,
    tags: tuple[str, ...],
    depth: int,
    limit: int,
    min_support: int,
    min_similarity: float,
    file_format: Format,
) -> bytes:
    """Write a part of the graph; the last ones are kept, since the whole of it takes a third of a second."""
    from tagmodel.graph import graph_to_graphml, graph_to_json, neighborhood

    part = neighborhood(
        model.graph(), tags, depth=depth, limit=limit, min_support=min_support, min_similarity=min_similarity
    )
    return graph_to_graphml(part) if file_format is Format.GRAPHML else graph_to_json(part)


def _format(parameters: GraphParameters) -> Format:
    if parameters.format is not None:
        return parameters.format
    best = request.accept_mimetypes.best_match([JSON, GRAPHML], JSON)
    return Format.GRAPHML if best == GRAPHML else Format.JSON


class PathParameters(Struct, frozen=True):
    """From where to where.

    Parameters
    ----------
    source
        A tag by any spelling or its id.
    target
        Another.
    """

    source: Annotated[TagName, Meta(examples=["sitar"])]
    target: Annotated[TagName, Meta(examples=["techno"])]


@operation(
    "GET",
    "/path",
    refusals=(UNKNOWN_TAG, TAG_WITHOUT_KIN, NO_PATH),
    sample=lambda of: {"source": of.tag, "target": of.far},
)
def path(parameters: PathParameters) -> Path:
    """Find the way from one tag to another, from kin to kin.

    Of all ways the one whose similarities have the largest product; the same there and back.
    """
    from tagmodel.graph import PathMissing, path_between

    model = searcher().model
    source, target = (
        tag_in_graph(text, name) for text, name in ((parameters.source, "source"), (parameters.target, "target"))
    )
    try:
        return path_answer(model.vocabulary, path_between(model.graph(), source, target, model.kin))
    except PathMissing as error:
        raise Refusal(NO_PATH, str(error), "", filter(None, [error.nearest])) from None


class CommunitiesParameters(Struct, frozen=True):
    """How much to tell of each community.

    Parameters
    ----------
    k
        Tags of each at most, the best connected.
    """

    k: Annotated[int, Meta(ge=0, le=MAX_NODES)] = 10


@operation("GET", "/communities", sample=lambda _: {"k": "3"})
def communities(parameters: CommunitiesParameters) -> Communities:
    """List the communities of the map of tags.

    Each with its most typical tags for a name; the largest first.
    """
    model = searcher().model
    return communities_answer(model.graph(), model.vocabulary, parameters.k)
