"""What programs get of a tag model: the frozen types that command line and API write as JSON, from the same code.

The description of a field is its paragraph in the docstring; the API's document is made from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec import UNSET, Struct, UnsetType

if TYPE_CHECKING:
    import networkx as nx

    from tagmodel import graph as domain_graph
    from tagmodel import model as domain_model
    from tagmodel.vocabulary import Vocabulary


class NamedTag(Struct, frozen=True, gc=False):
    """A tag by its id and its spelling.

    Parameters
    ----------
    tag_id
        The same on every machine and with every model.
    spelling
        The form to show.
    """

    tag_id: str
    spelling: str


class Kin(Struct, frozen=True, gc=False):
    """A tag that answers for another one.

    Parameters
    ----------
    tag_id
        The same on every machine and with every model.
    spelling
        The form to show.
    similarity
        How near it is, in (0, 1], comparable between tags.
    cooccurrence
        What standing together on tracks says on its own, in [0, 1]; 0 where it says nothing.
    word2vec
        The same by word2vec.
    als
        The same by ALS.
    pmi
        Pointwise mutual information in bits; null without evidence.
    support
        Tracks of the training data that carry both tags.
    origins
        What it is known from (co-occurrence, ALS, word2vec), strongest first.
    """

    tag_id: str
    spelling: str
    similarity: float
    cooccurrence: float
    word2vec: float
    als: float
    pmi: float | None
    support: int
    origins: tuple[str, ...]


class KinOfTag(Struct, frozen=True):
    """The kin of a tag.

    Parameters
    ----------
    tag
        The tag asked for.
    kin
        The nearest first, in the one order that every drift keeps.
    """

    tag: NamedTag
    kin: tuple[Kin, ...]


class PathStep(Struct, frozen=True, gc=False):
    """One tag of a path.

    Parameters
    ----------
    tag_id
        The same on every machine and with every model.
    spelling
        The form to show.
    similarity
        To the tag before, in (0, 1]; 1 for the first.
    """

    tag_id: str
    spelling: str
    similarity: float


class Path(Struct, frozen=True):
    """The way from one tag to another, from kin to kin.

    Parameters
    ----------
    path
        From the source to the target; of all ways the one whose similarities have the largest product.
    """

    path: tuple[PathStep, ...]


class Community(Struct, frozen=True):
    """Tags that lie together on the map.

    Parameters
    ----------
    community
        Its number, from 0, the largest first; nodes of the graph name it.
    name
        Its most typical tags.
    color
        Number of its color in pictures; communities near each other differ.
    n_tags
        Tags in it.
    tags
        Its best connected tags first, as many as were asked for.
    """

    community: int
    name: str
    color: int
    n_tags: int
    tags: tuple[NamedTag, ...]


class Communities(Struct, frozen=True):
    """The communities of the graph of tags.

    Parameters
    ----------
    communities
        The largest first.
    """

    communities: tuple[Community, ...]


class GraphNode(Struct, frozen=True):
    """A tag in the graph.

    Parameters
    ----------
    id
        The tag's id; edges name it.
    spelling
        The form to show.
    count
        Uses in the training data.
    degree
        Neighbors in the whole graph.
    community
        Number of its community.
    community_name
        The most typical tags of that.
    color
        Number of its color in pictures.
    font_size
        Of its word on the map of all tags, in px.
    x
        Where it stands on the map of all tags, in px.
    y
        The same, downwards.
    """

    id: str
    spelling: str
    count: int
    degree: int
    community: int | UnsetType = UNSET
    community_name: str | UnsetType = UNSET
    color: int | UnsetType = UNSET
    font_size: float | UnsetType = UNSET
    x: float | UnsetType | None = UNSET
    y: float | UnsetType | None = UNSET


class GraphEdge(Struct, frozen=True):
    """Two tags that are each other's kin.

    Parameters
    ----------
    source
        Id of one tag.
    target
        Id of the other; edges have no direction.
    similarity
        How near they are, in (0, 1].
    length
        ``-log(similarity)``: lengths along a path add up.
    support
        Tracks of the training data that carry both tags.
    cooccurrence
        Origin: what standing together on tracks says on its own, in [0, 1]; 0 where it says nothing.
    word2vec
        Origin: the same by word2vec.
    als
        Origin: the same by ALS.
    pmi
        Pointwise mutual information in bits; missing without evidence.
    """

    source: str
    target: str
    similarity: float
    length: float
    support: int
    cooccurrence: float
    word2vec: float
    als: float
    pmi: float | UnsetType = UNSET


class Graph(Struct, frozen=True):
    """Node-link JSON, which ``networkx.node_link_graph(data, edges="edges")`` reads back.

    Parameters
    ----------
    directed
        False.
    multigraph
        False.
    graph
        Attributes of the whole; none.
    nodes
        In the model's order of tags.
    edges
        In the same order.
    """

    directed: bool
    multigraph: bool
    graph: dict[str, Any]
    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]


def named_tag(vocabulary: Vocabulary, tag_id: str) -> NamedTag:
    """Return a tag of a model for programs."""
    return NamedTag(tag_id, vocabulary.spelling(tag_id) or tag_id)


def kin_answer(vocabulary: Vocabulary, tag: NamedTag, found: Sequence[domain_model.Kin]) -> KinOfTag:
    """Return the kin of a tag for programs."""
    return KinOfTag(
        tag,
        tuple(
            Kin(
                one.tag_id,
                vocabulary.spelling(one.tag_id) or one.tag_id,
                one.similarity,
                one.cooccurrence,
                one.word2vec,
                one.als,
                one.pmi,
                one.support,
                one.origins,
            )
            for one in found
        ),
    )


def path_answer(vocabulary: Vocabulary, steps: Sequence[domain_graph.Step]) -> Path:
    """Return a path for programs."""
    return Path(
        tuple(PathStep(one.tag_id, vocabulary.spelling(one.tag_id) or one.tag_id, one.similarity) for one in steps)
    )


def communities_answer(graph: nx.Graph, vocabulary: Vocabulary, k: int) -> Communities:
    """Return the communities of a graph for programs, with up to `k` tags of each."""
    from tagmodel.graph import communities

    return Communities(
        tuple(
            Community(
                one.number,
                one.name,
                one.color,
                len(one.tags),
                tuple(named_tag(vocabulary, tag_id) for tag_id in one.tags[:k]),
            )
            for one in communities(graph)
        )
    )
