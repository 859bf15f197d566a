import dataclasses
import io
import math
import os
import subprocess
import sys
from itertools import pairwise

import networkx as nx
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagmodel.graph import (
    PathMissing,
    build_graph,
    communities,
    graph_to_graphml,
    graph_to_json,
    nearest_reachable,
    neighborhood,
    path_between,
)
from tests.tagmodel.tag_blocks import BRIDGE, CHAMBER, CLUB, INDIAN, LONER, ONE_SIDED, SPELLINGS, block_model, tag

MODEL = block_model()
GRAPH = MODEL.graph()
PATHS = st.sampled_from([tag(spelling) for spelling in (*INDIAN, *CLUB)])


def spellings(tags):
    return [MODEL.vocabulary.spelling(one) for one in tags]


def test_nodes_are_the_tags_that_have_kin_in_the_order_of_the_vocabulary():
    assert spellings(GRAPH) == [spelling for spelling in SPELLINGS if spelling != LONER]


def test_edges_are_mutual_kin_only():
    for a, b in GRAPH.edges:
        assert b in {kin.tag_id for kin in MODEL.kin(a)}
        assert a in {kin.tag_id for kin in MODEL.kin(b)}
    assert not GRAPH.has_edge(tag(ONE_SIDED[0]), tag(ONE_SIDED[1]))
    blocks = sum(math.comb(len(block), 2) for block in (INDIAN, CLUB, CHAMBER))
    assert GRAPH.number_of_edges() == blocks + 1


def test_an_edge_carries_the_weaker_side_with_its_origins_support_and_length():
    edge = GRAPH.edges[tag(BRIDGE[0]), tag(BRIDGE[1])]
    assert edge["similarity"] == pytest.approx(0.3)
    assert edge["length"] == pytest.approx(-math.log(0.3))
    assert edge["cooccurrence"] == pytest.approx(0.3)
    assert edge["word2vec"] == 0
    assert edge["als"] == pytest.approx(0.075)
    assert edge["support"] == 30
    assert "pmi" not in edge
    assert GRAPH.edges[tag("sitar"), tag("raga")]["pmi"] == pytest.approx(2.5)


def test_the_degree_counts_neighbors_in_the_whole_graph():
    part = neighborhood(GRAPH, [tag("sitar")], depth=0)
    assert part.nodes[tag("sitar")]["degree"] == len(INDIAN) - 1
    assert GRAPH.nodes[tag(BRIDGE[0])]["degree"] == len(INDIAN)


def test_a_graph_without_a_map_has_no_places():
    bare = build_graph(MODEL.kin_table, MODEL.vocabulary)
    assert set(bare.nodes[tag("sitar")]) == {"spelling", "count", "degree"}
    assert nx.utils.edges_equal(bare.edges(data=True), GRAPH.edges(data=True))


def test_signs_that_no_xml_can_hold_are_left_out_of_spellings():
    odd = tuple("si\x00tar" if spelling == "sitar" else spelling for spelling in SPELLINGS)
    graph = build_graph(MODEL.kin_table, dataclasses.replace(MODEL.vocabulary, spellings=odd), MODEL.namespace("graph"))
    assert graph.nodes[tag("sitar")]["spelling"] == "sitar"


def test_communities_hold_every_tag_of_the_graph_once_and_are_told_by_number():
    found = communities(GRAPH)
    assert [one.number for one in found] == [0, 1, 2]
    assert sorted(tag_id for one in found for tag_id in one.tags) == sorted(GRAPH)
    for one in found:
        assert {GRAPH.nodes[tag_id]["community_name"] for tag_id in one.tags} == {one.name}
        degrees = [GRAPH.degree(tag_id) for tag_id in one.tags]
        assert degrees == sorted(degrees, reverse=True)
    assert communities(build_graph(MODEL.kin_table, MODEL.vocabulary)) == []


def test_a_neighborhood_ends_at_its_depth():
    assert set(spellings(neighborhood(GRAPH, [tag("sitar")], depth=0))) == {"sitar"}
    assert set(spellings(neighborhood(GRAPH, [tag("sitar")], depth=1))) == set(INDIAN)
    assert set(spellings(neighborhood(GRAPH, [tag("sitar")], depth=2))) == {*INDIAN, BRIDGE[1]}
    assert set(spellings(neighborhood(GRAPH, [tag("sitar")], depth=3))) == {*INDIAN, *CLUB}


def test_the_limit_keeps_the_nearest_and_what_was_asked_for():
    assert set(spellings(neighborhood(GRAPH, [tag("indian")], limit=3))) == {"indian", "raga", "sitar"}
    both = neighborhood(GRAPH, [tag("indian"), tag("oboe")], limit=1)
    assert set(spellings(both)) == {"indian", "oboe"}


def test_weak_edges_are_left_out_before_anything_is_measured():
    tags = [tag("eastern")]
    assert BRIDGE[1] in spellings(neighborhood(GRAPH, tags, depth=1))
    assert BRIDGE[1] not in spellings(neighborhood(GRAPH, tags, depth=1, min_similarity=0.35))
    assert BRIDGE[1] not in spellings(neighborhood(GRAPH, tags, depth=1, min_support=31))
    part = neighborhood(GRAPH, tags, depth=9, min_support=40)
    assert all(edge["support"] >= 40 for _, _, edge in part.edges(data=True))


def test_without_tags_the_whole_graph_comes_or_the_best_connected():
    whole = neighborhood(GRAPH, limit=None)
    assert list(whole.nodes(data=True)) == list(GRAPH.nodes(data=True))
    assert set(spellings(neighborhood(GRAPH, limit=2))) == {BRIDGE[0], BRIDGE[1]}


@given(st.sets(PATHS, min_size=1, max_size=3), st.integers(1, 20))
def test_a_limited_neighborhood_hangs_together_as_the_full_one_does(tags, limit):
    part = neighborhood(GRAPH, tags, depth=9, limit=limit)
    assert len(part) == max(limit if limit <= 12 else 12, len(tags))
    assert all(any(nx.has_path(part, one, source) for source in tags) for one in part)


def test_a_path_goes_by_way_of_what_lies_between():
    steps = path_between(GRAPH, tag("sitar"), tag("techno"))
    assert spellings(step.tag_id for step in steps)[-2:] == ["dance", "techno"]
    assert steps[0].similarity == 1
    assert [step.similarity for step in steps[1:]] == [
        GRAPH.edges[a.tag_id, b.tag_id]["similarity"] for a, b in pairwise(steps)
    ]


@given(PATHS, PATHS)
def test_a_path_is_as_long_as_a_search_through_all_pairs_says_and_the_same_back(source, target):
    steps = path_between(GRAPH, source, target)
    length = sum(-math.log(step.similarity) for step in steps)
    best = nx.floyd_warshall(GRAPH, weight="length")[source][target]
    assert length == pytest.approx(best, abs=1e-9)
    assert [step.tag_id for step in path_between(GRAPH, target, source)] == [step.tag_id for step in steps][::-1]


def test_a_missing_path_is_said_with_the_nearest_tag_that_can_be_reached():
    with pytest.raises(PathMissing, match='from "sitar" to "oboe"; "sitar" comes nearest to it at "raga"') as caught:
        path_between(GRAPH, tag("sitar"), tag("oboe"), MODEL.kin)
    assert caught.value.nearest == "raga"


def test_without_any_one_sided_kin_nothing_is_near():
    assert nearest_reachable(GRAPH, tag("oboe"), tag("sitar"), MODEL.kin) is None
    with pytest.raises(PathMissing, match=r'from "oboe" to "sitar"$'):
        path_between(GRAPH, tag("oboe"), tag("sitar"), MODEL.kin)


def test_node_link_json_is_read_back_by_networkx():
    back = nx.node_link_graph(orjson.loads(graph_to_json(GRAPH)), edges="edges")
    assert dict(back.nodes(data=True)) == dict(GRAPH.nodes(data=True))
    assert nx.utils.edges_equal(back.edges(data=True), GRAPH.edges(data=True))


def test_graphml_is_read_back_by_networkx():
    back = nx.read_graphml(io.BytesIO(graph_to_graphml(GRAPH)))
    assert dict(back.nodes(data=True)) == dict(GRAPH.nodes(data=True))
    assert nx.utils.edges_equal(back.edges(data=True), GRAPH.edges(data=True))


EXPORT = """
import hashlib, sys
from tagmodel.graph import graph_to_graphml, graph_to_json, neighborhood
from tagmodel.map_picture import draw_map
from tagmodel.neighborhood_picture import draw_neighborhood
from tests.tagmodel.tag_blocks import block_model, tag
model = block_model()
tags = (tag("sitar"), tag("oboe"))
part = neighborhood(model.graph(), tags)
files = [graph_to_json(part), graph_to_graphml(part), draw_map(model.graph()).encode()]
files += [draw_neighborhood(part, tags).encode(), *(a.tobytes() for a in model.arrays.values())]
print(hashlib.sha256(b"".join(files)).hexdigest())
"""


@pytest.mark.slow
def test_every_process_writes_the_same_bytes_whatever_its_hash_seed():
    digests = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        run = subprocess.run(
            [sys.executable, "-c", EXPORT], env=environment, capture_output=True, text=True, check=True
        )
        digests.add(run.stdout)
    assert len(digests) == 1


@settings(max_examples=20)
@given(st.integers(0, 9), st.integers(0, 60), st.floats(0, 1))
def test_a_part_is_always_part_of_the_whole(depth, min_support, min_similarity):
    part = neighborhood(GRAPH, [tag("sitar")], depth=depth, min_support=min_support, min_similarity=min_similarity)
    assert set(part.nodes) <= set(GRAPH.nodes)
    assert all(GRAPH.edges[a, b] == edge for a, b, edge in part.edges(data=True))
