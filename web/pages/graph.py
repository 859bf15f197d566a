"""The page of the map: all tags at once, where one of them lies, and the way from one to another."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from flask import Blueprint, render_template, request

from tagmodel.model import TagModel
from web.context import searcher
from web.links import tag_link
from web.pages.map_answers import MapAnswer, answer_map
from web.pages.map_view import ARROWS, FARTHEST, NEAREST, ZOOM_STEP, MapAddress, MapView, find_link, read_map, view_of

if TYPE_CHECKING:
    from tagmodel.graph import Community
    from tagmodel.page_map import PageMap

blueprint = Blueprint("graph", __name__)


@dataclass(frozen=True, slots=True)
class TagsOnMap:
    """The map of a model as drawn for this site, and its tags as a list.

    Parameters
    ----------
    listed
        Communities with the spellings of their tags, best connected first.
    """

    drawn: PageMap
    listed: tuple[tuple[Community, tuple[str, ...]], ...]

    @property
    def n_tags(self) -> int:
        """How many tags stand on the map."""
        return sum(len(spellings) for _, spellings in self.listed)


@dataclass(frozen=True, slots=True)
class Controls:
    """Addresses that show another part of the map; ``""`` where there is nothing further."""

    nearer: str
    farther: str
    whole: str
    moves: dict[str, str]


@dataclass(frozen=True, slots=True)
class GraphPage:
    """Everything the page of the map shows."""

    address: MapAddress
    view: MapView
    picture: str
    answer: MapAnswer
    controls: Controls
    tags: TagsOnMap


@blueprint.get("/graph")
def show() -> str:
    """Show the map, or with ``part=answer`` only what the script puts on the map that is there already."""
    model = searcher().model
    address = read_map(request.args)
    template = "_map_answer.html" if request.args.get("part") == "answer" else "graph.html"
    return render_template(template, page=graph_page(model, address), find_link=find_link)


def graph_page(model: TagModel, address: MapAddress) -> GraphPage:
    """Work out the page."""
    from tagmodel.picture_style import svg_part

    tags = tags_on_map(model, request.script_root)
    answer = answer_map(model, address, tags.drawn)
    view = view_of(tags.drawn.frame, answer.focus, address)
    marks = answer.marks(view.frame[2])
    looks = f"from-{view.smallest_words}" + (" marked" if marks else "") + (" chosen" if answer.community else "")
    chosen = answer.community.number if answer.community else None
    layers = [*tags.drawn.body(chosen), f'<g id="marks" data-focus="{answer.focus_box}">{marks}</g>']
    picture = svg_part(view.frame, layers, classes=f"map {looks}")
    return GraphPage(address, view, picture, answer, _controls(address, view), tags)


@lru_cache(maxsize=2)
def tags_on_map(model: TagModel, root: str) -> TagsOnMap:
    """Draw the map of a model, once: neither ever changes.

    Parameters
    ----------
    root
        Where the site is mounted; the map is full of links.
    """
    from tagmodel.graph import communities
    from tagmodel.page_map import draw_page_map

    graph = model.graph()
    drawn = draw_page_map(graph, tag_link, lambda number: f"{root}/graph?community={number}")
    listed = ((one, tuple(graph.nodes[tag]["spelling"] for tag in one.tags)) for one in communities(graph))
    return TagsOnMap(drawn, tuple(listed))


def _controls(address: MapAddress, view: MapView) -> Controls:
    nearer, farther = min(view.zoom * ZOOM_STEP, NEAREST), max(view.zoom / ZOOM_STEP, FARTHEST)
    return Controls(
        nearer=address.query_string(nearer, view.middle) if nearer > view.zoom else "",
        farther=address.query_string(farther, view.middle) if farther < view.zoom else "",
        whole=address.query_string(FARTHEST) if view.zoom > FARTHEST else "",
        moves={way: address.query_string(view.zoom, view.moved(way)) for way in ARROWS} if view.zoom > FARTHEST else {},
    )
