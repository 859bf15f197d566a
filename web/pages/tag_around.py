"""What lies around a tag: a picture in which every tag is a link to its own page, drawn as somebody wishes."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from tagmodel.model import TagModel
from web.addresses import AddressError
from web.links import tag_link
from web.values import read_number, read_whole

if TYPE_CHECKING:
    from tagmodel.graph import Community

DEPTHS = (1, 2)
# More tags than this are no picture any more.
MOST_TAGS = 80


@dataclass(frozen=True, slots=True)
class Wishes:
    """How the picture is wanted.

    Parameters
    ----------
    depth
        Steps at most from the tag.
    tags
        Tags at most, the nearest first.
    support
        Training items that must carry both tags of a pair.
    similarity
        How near the tags of a pair must be, in [0, 1].
    """

    depth: int = 2
    tags: int = 20
    support: int = 0
    similarity: float = 0.0

    @property
    def address(self) -> str:
        """What is to be added to the address of a tag's page to keep them, ``""`` when all is as usual."""
        usual = Wishes()
        pairs = {
            one.name: f"{getattr(self, one.name):g}"
            for one in fields(self)
            if getattr(self, one.name) != getattr(usual, one.name)
        }
        return "&" + urlencode(pairs) if pairs else ""


@dataclass(frozen=True, slots=True)
class Around:
    """The neighborhood of a tag.

    Parameters
    ----------
    communities
        Of the tags in the picture, whose colors they have.
    """

    picture: str
    n_tags: int
    communities: tuple[Community, ...]
    home: int


def read_wishes(arguments: MultiDict[str, str]) -> Wishes:
    """Read from an address how the picture is wanted.

    Raises
    ------
    AddressError
        If a number is none, or out of its range.
    """
    usual = Wishes()
    return Wishes(
        depth=int(_read(arguments, "depth", usual.depth, DEPTHS[0], DEPTHS[-1])),
        tags=int(_read(arguments, "tags", usual.tags, 2, MOST_TAGS)),
        support=int(_read(arguments, "support", usual.support, 0, 1_000_000)),
        similarity=_read(arguments, "similarity", usual.similarity, 0, 1, whole=False),
    )


def draw_around(model: TagModel, tag_id: str, wishes: Wishes) -> Around | None:
    """Draw the neighborhood of a tag; None for one that no mutual kin joins to any other."""
    graph = model.graph() if tag_id in model.vocabulary else None
    if graph is None or tag_id not in graph or "x" not in graph.nodes[tag_id]:
        return None
    from tagmodel.graph import communities, neighborhood
    from tagmodel.neighborhood_picture import draw_page_neighborhood

    depth, tags, support, similarity = astuple(wishes)
    part = neighborhood(graph, [tag_id], depth=depth, limit=tags, min_support=support, min_similarity=similarity)
    picture = draw_page_neighborhood(part, [tag_id], lambda spelling: tag_link(spelling) + wishes.address)
    return Around(picture, len(part), tuple(communities(part)), graph.nodes[tag_id]["community"])


def _read(
    arguments: MultiDict[str, str], name: str, usual: float, least: float, most: float, *, whole: bool = True
) -> float:
    text = arguments.get(name, "").strip()
    if not text:
        return usual
    number = read_whole(text) if whole else read_number(text)
    if number is None or not least <= number <= most:
        kind = "a whole number" if whole else "a number"
        raise AddressError(f"{name} is {kind} from {least:g} to {most:g}, not “{text[:40]}”")
    return number
