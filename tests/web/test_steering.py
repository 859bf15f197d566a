"""The steering panel as values: what is shown at once, what folds away, and what each click leads to."""

from __future__ import annotations

import pytest

from search.engine import IndexState
from search.query import Query
from search.result import KinChip, SearchRequest, SearchResult, TagChip
from web.addresses import Changes
from web.pages.steering import KIN_LISTED, KIN_SHOWN, LEAST_KIN_SHOWN, Steering, steer


def panel(n_tags: int, n_kin: int, origins: tuple[str, ...] = ()) -> Steering:
    kin = tuple(KinChip(f"aaaaaa{n:02}", f"kin {n}", 0.1, 0.9 - n / 100, True, False, origins) for n in range(n_kin))
    chips = tuple(TagChip(f"bbbbbb{n:02}", f"tag {n}", f"tag {n}", 1.0, False, True, 9, kin) for n in range(n_tags))
    request = SearchRequest(" ".join(chip.spelling for chip in chips))
    state = IndexState(generation=1, delta=1, n_tracks=9, model_id="")
    result = SearchResult(request, Query(request.text), chips, (), (), (), 1, 1, 0, 0, relaxed=(), state=state)
    return steer(result, Changes(request, result.query))


@pytest.mark.parametrize(("n_tags", "shown"), [(1, KIN_SHOWN), (2, KIN_SHOWN), (3, 6), (10, LEAST_KIN_SHOWN)])
def test_beside_many_tags_fewer_kin_are_shown_at_once(n_tags: int, shown: int) -> None:
    for row in panel(n_tags, 24).rows:
        assert len(row.kin_shown) == shown
        assert len(row.kin) + row.kin_unlisted == 24


def test_chips_of_kin_are_bounded_for_the_whole_page() -> None:
    for n_tags in (1, 3, 5, 10):
        assert sum(len(row.kin) for row in panel(n_tags, 24).rows) <= KIN_LISTED


@pytest.mark.parametrize(
    ("origins", "says"),
    [
        ((), ""),
        (("ALS",), "ALS"),
        (("ALS", "word2vec"), "ALS and word2vec"),
        (("co-occurrence", "ALS", "word2vec"), "co-occurrence, ALS and word2vec"),
    ],
)
def test_a_kin_names_what_it_is_known_from(origins: tuple[str, ...], says: str) -> None:
    assert panel(1, 1, origins).rows[0].kin[0].known_from == says


def test_a_tag_alone_has_nothing_to_weigh_it_against() -> None:
    assert panel(1, 1).rows[0].weights == ()
    assert [one.current for one in panel(2, 1).rows[0].weights] == [False, True, False]


def test_a_search_for_nothing_known_has_nothing_to_steer() -> None:
    assert not panel(0, 0).any
    assert panel(1, 0).any
