import dataclasses
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagmodel.map_layout import lay_boxes, pack_islands, shown_word, stress_layout, word_boxes
from tagmodel.picture_style import HUES
from tagmodel.tag_map import N_COLORS, compute_map
from tests.tagmodel.tag_blocks import CHAMBER, CLUB, INDIAN, LONER, SPELLINGS, block_kin, block_vocabulary

VOCABULARY, KIN = block_vocabulary(), block_kin()
MAP = compute_map(KIN, VOCABULARY)
NUMBER = {spelling: at for at, spelling in enumerate(SPELLINGS)}


def overlaps(centers, boxes):
    return [
        (a, b)
        for a, b in combinations(range(len(centers)), 2)
        if (np.abs(centers[a] - centers[b]) < (boxes[a] + boxes[b]) / 2 - 1e-3).all()
    ]


def test_each_block_is_a_community_named_by_its_own_tags():
    communities = [{int(MAP["community"][NUMBER[spelling]]) for spelling in block} for block in (INDIAN, CLUB, CHAMBER)]
    assert all(len(found) == 1 for found in communities)
    assert set.union(*communities) == {0, 1, 2}
    for block, (community,) in zip((INDIAN, CLUB, CHAMBER), communities, strict=True):
        assert {SPELLINGS[number] for number in MAP["community_tags"][community]} <= set(block)


def test_a_tag_without_kin_is_on_no_map():
    assert MAP["community"][NUMBER[LONER]] == -1
    assert np.isnan(MAP["positions"][NUMBER[LONER]]).all()
    assert np.isfinite(np.delete(MAP["positions"], NUMBER[LONER], axis=0)).all()


def test_no_two_words_overlap_on_the_map():
    there = np.array([spelling != LONER for spelling in SPELLINGS])
    boxes = word_boxes([spelling for spelling in SPELLINGS if spelling != LONER], MAP["font_size"][there])
    assert overlaps(MAP["positions"][there].astype(float), boxes) == []


def test_communities_stand_apart():
    centers = [MAP["positions"][[NUMBER[s] for s in block]].mean(axis=0) for block in (INDIAN, CLUB, CHAMBER)]
    for block, center in zip((INDIAN, CLUB, CHAMBER), centers, strict=True):
        places = MAP["positions"][[NUMBER[spelling] for spelling in block]]
        own = np.linalg.norm(places - center, axis=1)
        for other in centers:
            assert other is center or (own < np.linalg.norm(places - other, axis=1)).all()


def test_every_color_has_a_hue_and_few_communities_differ():
    assert len(HUES) == N_COLORS
    assert len(set(MAP["community_color"].tolist())) == len(MAP["community_color"])


def test_the_same_model_gives_the_same_bytes():
    again = compute_map(block_kin(), block_vocabulary())
    assert {name: array.tobytes() for name, array in again.items()} == {
        name: array.tobytes() for name, array in MAP.items()
    }


def test_a_model_without_any_kin_has_an_empty_map():
    empty = {field.name: getattr(KIN, field.name)[:0] for field in dataclasses.fields(KIN)}
    none = dataclasses.replace(KIN, **empty | {"starts": np.zeros(len(SPELLINGS) + 1, np.int32)})
    tag_map = compute_map(none, VOCABULARY)
    assert (tag_map["community"] == -1).all()
    assert tag_map["community_tags"].shape == (0, 3)


def test_stress_layout_draws_distances_that_can_be_drawn():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(8, 2))
    distances = np.linalg.norm(truth[:, None] - truth[None], axis=2)
    places = stress_layout(distances, truth + 0.1 * rng.normal(size=(8, 2)))
    assert np.linalg.norm(places[:, None] - places[None], axis=2) == pytest.approx(distances, abs=0.01)


@settings(max_examples=30)
@given(st.integers(1, 25), st.integers(0, 2**32 - 1))
def test_boxes_never_overlap_wherever_they_would_like_to_be(n, seed):
    rng = np.random.default_rng(seed)
    wished, boxes = rng.normal(0, 20, (n, 2)), rng.uniform(5, 60, (n, 2))
    assert overlaps(lay_boxes(wished, boxes, np.arange(n)), boxes) == []


def test_a_box_with_room_stays_where_it_would_like_to_be():
    wished, boxes = np.array([[0.0, 0.0], [500.0, 10.0]]), np.full((2, 2), 20.0)
    assert (lay_boxes(wished, boxes, np.arange(2)) == wished).all()


def test_islands_never_touch():
    rng = np.random.default_rng(1)
    islands = [np.column_stack([rng.normal(0, 60, (9, 2)), rng.uniform(10, 50, (9, 2))]) for _ in range(6)]
    centers = pack_islands(np.zeros((6, 2)), islands, margin=30.0)
    for a, b in combinations(range(6), 2):
        gaps = np.abs(islands[a][:, None, :2] + centers[a] - islands[b][None, :, :2] - centers[b])
        room = (islands[a][:, None, 2:] + islands[b][None, :, 2:]) / 2 + 30.0
        assert not (gaps < room - 1e-9).all(axis=2).any()


def test_a_very_long_tag_is_shown_short():
    assert shown_word("a" * 28) == "a" * 28
    assert shown_word("music to listen to while it rains outside") == "music to listen to while it…"
