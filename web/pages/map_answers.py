"""What the page of the map says about what was asked: a tag and its kin, a path, a community, or that there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from tagmodel.model import Kin, TagModel
from web.links import tag_link
from web.pages.map_view import MapAddress, place_frame
from web.pages.naming import MeantTag, tag_of_model

if TYPE_CHECKING:
    from tagmodel.graph import Community, Step
    from tagmodel.page_map import PageMap
    from tagmodel.picture_style import Frame


@dataclass(frozen=True, slots=True)
class NotOnMap:
    """A name that leads nowhere on the map.

    Parameters
    ----------
    field
        Parameter of the address that holds it.
    known
        Whether the model knows the tag, which then has no kin.
    offers
        Spellings of tags that may have been meant.
    """

    field: str
    name: str
    known: bool
    offers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KinOnMap:
    """A tag that lies next to the one that was found."""

    spelling: str
    similarity: float
    color: int


@dataclass(frozen=True, slots=True)
class FoundTag:
    """A tag that was found, with its mutual kin, nearest first."""

    spelling: str
    uses: int
    color: int
    community: int
    community_name: str
    kin: tuple[KinOnMap, ...]


@dataclass(frozen=True, slots=True)
class PathStep:
    """A tag of a path, and why it follows the one before: None for the first."""

    spelling: str
    color: int
    similarity: float
    why: Kin | None


@dataclass(frozen=True, slots=True)
class MapAnswer:
    """What was found.

    Parameters
    ----------
    missing
        Names that are not on the map.
    no_path
        What is said where no path leads, ``""`` else.
    community_tags
        Spellings of the tags of the community that was asked for.
    focus
        What is to be seen on the map; None: all of it.
    marks
        Draws what is marked on the map for a view of some width, px of the map; ``""`` for nothing.
    """

    missing: tuple[NotOnMap, ...] = ()
    found: FoundTag | None = None
    path: tuple[PathStep, ...] = ()
    no_path: str = ""
    community: Community | None = None
    community_tags: tuple[str, ...] = ()
    focus: Frame | None = None
    marks: Callable[[float], str] = field(default=lambda _: "")

    @property
    def focus_box(self) -> str:
        """What is to be seen, for the script: left, top, width, height; ``""`` for all of it."""
        return " ".join(f"{value:.0f}" for value in self.focus or ())

    @property
    def is_empty(self) -> bool:
        """Whether nothing was asked."""
        return not (self.missing or self.found or self.path or self.no_path or self.community)


def answer_map(model: TagModel, address: MapAddress, drawn: PageMap) -> MapAnswer:
    """Answer what an address asks of the map: a path before a tag, a tag before a community."""
    if address.source and address.target:
        return _path_answer(model, address)
    name, asked = (address.find, "find") if address.find else (address.source or address.target, "from")
    if name:
        return _tag_answer(model, name, asked, drawn)
    if address.community is not None:
        return _community_answer(model, address.community, drawn)
    return MapAnswer()


def _tag_answer(model: TagModel, name: str, asked: str, drawn: PageMap) -> MapAnswer:
    from tagmodel.map_marks import mark_tag

    graph = model.graph()
    tag = _on_map(model, name)
    if tag is None:
        return MapAnswer(missing=(_not_on_map(model, asked, name),))
    node = graph.nodes[tag.tag_id]
    near = sorted(graph[tag.tag_id].items(), key=lambda item: (-item[1]["similarity"], item[0]))
    kin = tuple(
        KinOnMap(graph.nodes[one]["spelling"], edge["similarity"], graph.nodes[one]["color"]) for one, edge in near
    )
    return MapAnswer(
        found=FoundTag(tag.spelling, node["count"], node["color"], node["community"], node["community_name"], kin),
        focus=place_frame(drawn.frame, node["x"], node["y"]),
        marks=lambda width: mark_tag(graph, tag.tag_id, tag_link, width),
    )


def _path_answer(model: TagModel, address: MapAddress) -> MapAnswer:
    from tagmodel.graph import PathMissing, path_between
    from tagmodel.map_marks import mark_path, path_frame

    graph = model.graph()
    ends = [("from", address.source), ("to", address.target)]
    source, target = (_on_map(model, name) for _, name in ends)
    if source is None or target is None:
        found = {"from": source, "to": target}
        return MapAnswer(missing=tuple(_not_on_map(model, end, name) for end, name in ends if found[end] is None))
    try:
        steps = path_between(graph, source.tag_id, target.tag_id, model.kin)
    except PathMissing as error:
        return MapAnswer(no_path=str(error))
    return MapAnswer(
        path=_path_steps(model, steps),
        focus=path_frame(graph, steps),
        marks=lambda width: mark_path(graph, steps, tag_link, width),
    )


def _path_steps(model: TagModel, steps: tuple[Step, ...]) -> tuple[PathStep, ...]:
    nodes = model.graph().nodes
    why = [None, *(_evidence(model, a.tag_id, b.tag_id) for a, b in pairwise(steps))]
    return tuple(
        PathStep(nodes[step.tag_id]["spelling"], nodes[step.tag_id]["color"], step.similarity, evidence)
        for step, evidence in zip(steps, why, strict=True)
    )


def _evidence(model: TagModel, tag_id: str, other_id: str) -> Kin | None:
    return next((kin for kin in model.kin(tag_id) if kin.tag_id == other_id), None)


def _community_answer(model: TagModel, number: int, drawn: PageMap) -> MapAnswer:
    from tagmodel.graph import communities

    graph = model.graph()
    chosen = next((one for one in communities(graph) if one.number == number), None)
    if chosen is None:
        return MapAnswer(missing=(NotOnMap("community", str(number), False, ()),))
    spellings = tuple(graph.nodes[tag]["spelling"] for tag in chosen.tags)
    return MapAnswer(community=chosen, community_tags=spellings, focus=drawn.shores[number])


def _on_map(model: TagModel, name: str) -> MeantTag | None:
    tag = tag_of_model(model.vocabulary, name)
    return tag if tag and tag.tag_id in model.graph() else None


def _not_on_map(model: TagModel, asked: str, name: str) -> NotOnMap:
    from tagmodel.offers import nearest_spellings

    known = tag_of_model(model.vocabulary, name) is not None
    offers = () if known else nearest_spellings(model.vocabulary, name)
    return NotOnMap(asked, name, known, offers)
