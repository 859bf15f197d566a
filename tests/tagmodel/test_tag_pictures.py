import dataclasses
from xml.etree import ElementTree

import networkx as nx
import pytest

from tagmodel.graph import build_graph, neighborhood
from tagmodel.map_picture import draw_map
from tagmodel.neighborhood_picture import draw_neighborhood, draw_page_neighborhood
from tests.tagmodel.tag_blocks import CHAMBER, CLUB, INDIAN, SPELLINGS, block_model, tag

MODEL = block_model()
SVG = "{http://www.w3.org/2000/svg}"


def read(picture):
    """Root of a picture, and the texts it shows without tooltips."""
    root = ElementTree.fromstring(picture)
    return root, ["".join([text.text or "", *(child.tail or "" for child in text)]) for text in root.iter(f"{SVG}text")]


def test_the_map_shows_every_tag_and_names_every_community():
    _, words = read(draw_map(MODEL.graph()))
    names = set(nx.get_node_attributes(MODEL.graph(), "community_name").values())
    assert sorted(words) == sorted([*INDIAN, *CLUB, *CHAMBER, *names])
    assert len(names) == 3


def test_the_neighborhood_shows_its_tags_and_marks_the_one_asked_for():
    tags = [tag("sitar")]
    picture = draw_neighborhood(neighborhood(MODEL.graph(), tags, depth=1), tags)
    root, words = read(picture)
    assert set(INDIAN) <= set(words)
    assert [one.get("class") for one in root.iter(f"{SVG}rect")].count("asked") == 1
    assert len(list(root.iter(f"{SVG}path"))) == 15


def test_a_neighborhood_in_a_page_shows_the_same_as_links_and_brings_no_style():
    tags = [tag("sitar")]
    part = neighborhood(MODEL.graph(), tags, depth=1)
    root = ElementTree.fromstring(draw_page_neighborhood(part, tags, lambda spelling: f"/tag?name={spelling}&depth=1"))
    links = {link.get("aria-label"): link.get("href") for link in root.iter("a")}
    assert links == {spelling: f"/tag?name={spelling}&depth=1" for spelling in INDIAN}
    assert [one.get("class") for one in root.iter("rect")].count("asked") == 1
    assert not list(root.iter("style"))


def test_nothing_in_a_neighborhood_lies_on_something_else():
    tags = [tag("sitar"), tag("oboe")]
    root, _ = read(draw_neighborhood(neighborhood(MODEL.graph(), tags, depth=9), tags))
    pills = [
        tuple(float(pill.get(side)) for side in ("x", "y", "width", "height"))
        for pill in root.iter(f"{SVG}rect")
        if pill.get("class") != "paper"
    ]
    for at, (x, y, width, height) in enumerate(pills):
        for other_x, other_y, other_width, other_height in pills[at + 1 :]:
            apart_sideways = x + width <= other_x or other_x + other_width <= x
            assert apart_sideways or y + height <= other_y or other_y + other_height <= y


@pytest.mark.parametrize("draw", [draw_map, lambda graph: draw_neighborhood(graph, [tag("sitar")])])
def test_a_picture_brings_colors_for_light_and_dark(draw):
    picture = draw(MODEL.graph())
    light, dark = picture.split("@media (prefers-color-scheme:dark)")
    assert ".tags .c0{color:#a43b38}" in light
    assert ".tags .c0{color:#fea69f}" in dark


def test_tags_that_look_like_markup_are_only_text():
    hostile = '<script>alert("&")</script>'
    spellings = tuple(hostile if spelling == "sitar" else spelling for spelling in SPELLINGS)
    vocabulary = dataclasses.replace(MODEL.vocabulary, spellings=spellings)
    graph = build_graph(MODEL.kin_table, vocabulary, MODEL.namespace("graph"))
    for picture in (draw_map(graph), draw_neighborhood(graph, [tag("raga")])):
        root, words = read(picture)
        assert hostile in words
        assert not list(root.iter(f"{SVG}script"))


def test_one_lone_tag_and_an_empty_graph_can_be_drawn():
    alone = neighborhood(MODEL.graph(), [tag("sitar")], depth=0)
    assert "sitar" in read(draw_neighborhood(alone, [tag("sitar")]))[1]
    assert read(draw_map(MODEL.graph().subgraph([])))[1] == []
