import dataclasses
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tagmodel.graph import build_graph, path_between
from tagmodel.map_marks import mark_path, mark_tag, path_frame
from tagmodel.map_picture import frame_around, islands_of
from tagmodel.page_map import EDGES_PER_TAG, draw_page_map
from tagmodel.picture_style import TIERS, lowest_tier, page_style, svg_part, tier
from tests.tagmodel.many_tags import N_TAGS, many_tags
from tests.tagmodel.tag_blocks import CHAMBER, CLUB, INDIAN, SPELLINGS, block_model, tag

MODEL = block_model()
GRAPH = MODEL.graph()
STATIC = Path(__file__).resolve().parents[2] / "web" / "static"


def tag_link(spelling):
    return f"/tag?name={spelling}"


def drawn_map(graph):
    return draw_page_map(graph, tag_link, lambda number: f"/graph?community={number}")


def read(drawn, **options):
    return ElementTree.fromstring(svg_part(drawn.frame, drawn.body(**options)))


def links(root):
    return {one.get("href"): "".join(one.itertext()) for one in root.iter("a")}


def test_every_word_is_a_link_to_its_tag_and_every_name_to_its_community():
    found = links(read(drawn_map(GRAPH)))
    for spelling in (*INDIAN, *CLUB, *CHAMBER):
        assert found[f"/tag?name={spelling}"] == spelling
    names = [one.name for one in islands_of(GRAPH)]
    assert [found[f"/graph?community={number}"] for number in range(3)] == names


def test_links_of_the_picture_are_no_stops_of_the_keyboard():
    assert {one.get("tabindex") for one in read(drawn_map(GRAPH)).iter("a")} == {"-1"}


def test_the_picture_brings_no_style_of_its_own():
    picture = svg_part((0, 0, 1, 1), [*drawn_map(GRAPH).body(), mark_tag(GRAPH, tag("sitar"), tag_link, 900)])
    assert "style" not in picture


def test_one_community_can_be_chosen():
    islands = [one for one in read(drawn_map(GRAPH), chosen=1).iter("g") if "island" in one.get("class", "").split()]
    assert [one.get("class") for one in islands] == ["island", "island chosen", "island"]


def test_each_shore_holds_its_words():
    drawn = drawn_map(GRAPH)
    for island in islands_of(GRAPH):
        left, top, width, height = drawn.shores[island.number]
        assert (island.words[:, 0] > left).all()
        assert (island.words[:, 1] < top + height).all()
        assert width < drawn.frame[2]
    assert drawn.frame == frame_around(islands_of(GRAPH))


@pytest.mark.parametrize(("font", "number"), [(10, 0), (11.9, 0), (12, 1), (39.9, 7), (46, 8)])
def test_words_are_put_into_tiers_by_size(font, number):
    assert tier(font) == number


def test_a_tier_is_shown_as_soon_as_its_smallest_word_can_be_read():
    assert lowest_tier(1.0, 6.0) == 0
    assert lowest_tier(0.5, 6.0) == 1
    assert lowest_tier(0.3, 6.0) == 4
    assert lowest_tier(0.001, 6.0) == len(TIERS) + 1


def test_tags_that_look_like_markup_are_only_text():
    hostile = '<script>alert("&")</script>'
    spellings = tuple(hostile if spelling == "sitar" else spelling for spelling in SPELLINGS)
    graph = build_graph(
        MODEL.kin_table, dataclasses.replace(MODEL.vocabulary, spellings=spellings), MODEL.namespace("graph")
    )
    marks = mark_tag(graph, tag("sitar"), tag_link, 900)
    root = ElementTree.fromstring(svg_part((0, 0, 1, 1), [*drawn_map(graph).body(), marks]))
    assert not list(root.iter("script"))
    assert hostile in links(root).values()


def test_a_marked_tag_is_joined_to_each_of_its_mutual_kin():
    root = ElementTree.fromstring(mark_tag(GRAPH, tag("sitar"), tag_link, 900))
    assert len(list(root.iter("path"))) == GRAPH.degree(tag("sitar"))
    assert set(links(root).values()) == {"sitar", *(GRAPH.nodes[one]["spelling"] for one in GRAPH[tag("sitar")])}


def test_a_marked_path_names_its_tags_without_hiding_any():
    steps = path_between(GRAPH, tag("sitar"), tag("techno"))
    root = ElementTree.fromstring(mark_path(GRAPH, steps, tag_link, 5000))
    texts = [(float(one.get("x")), float(one.get("y")), one.text) for one in root.iter("text")]
    assert [text for _, _, text in texts] == [GRAPH.nodes[step.tag_id]["spelling"] for step in steps]
    size = float(next(root.iter("text")).get("font-size"))
    for at, (x, y, _) in enumerate(texts):
        assert all(abs(y - other_y) > size or abs(x - other_x) > size for other_x, other_y, _ in texts[at + 1 :])


def test_a_path_is_seen_as_a_whole():
    steps = path_between(GRAPH, tag("sitar"), tag("techno"))
    left, top, width, height = path_frame(GRAPH, steps)
    for step in steps:
        assert left < GRAPH.nodes[step.tag_id]["x"] < left + width
        assert top < GRAPH.nodes[step.tag_id]["y"] < top + height


def test_the_style_sheet_of_the_pages_has_the_colors_of_the_pictures():
    written = (STATIC / "pictures.css").read_text().partition("\n")[2]
    assert written == page_style(), "write tagmodel.picture_style.page_style() to web/static/pictures.css again"


def test_pages_know_the_tiers():
    sizes = f"const TIERS = [10, {', '.join(f'{size:g}' for size in TIERS)}];"
    assert sizes in (STATIC / "map.js").read_text()
    assert f".from-{len(TIERS) + 1} :is(" in (STATIC / "graph.css").read_text()


def test_two_thousand_tags_make_a_map_of_bounded_size():
    graph = many_tags().graph()
    drawn = drawn_map(graph)
    picture = svg_part(drawn.frame, drawn.body())
    assert len(picture) < 220 * N_TAGS
    assert picture.count("L") <= EDGES_PER_TAG * N_TAGS
    root = ElementTree.fromstring(picture)
    assert len(list(root.iter("text"))) == N_TAGS + len(drawn.islands)
    assert all(re.fullmatch(r"t[0-8]", one.get("class", "t0")) for one in root.iter("a"))
