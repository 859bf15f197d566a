from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.document import Family
from search.query import Query
from search.result import Hit, NamedContribution, SearchRequest, TagChip
from tagmodel.track import Track
from web.addresses import Changes
from web.pages.bars import Bar, Reasons, bar_scale, hit_bar, shares

AMOUNTS = st.lists(st.integers(1, 4096).map(lambda units: units / 4096), min_size=1, max_size=30)


def contribution(amount: float, family: Family = Family.TYPED, is_kin: bool = False) -> NamedContribution:
    return NamedContribution("a" * 8, "slow", family, is_kin, "b" * 8, "sad", amount)


def hit(amounts: list[float]) -> Hit:
    return Hit(Track("x:1"), sum(amounts), tuple(map(contribution, amounts)))


def chip(weight: float) -> TagChip:
    return TagChip("b" * 8, "sad", "sad", weight, False, True, 1, ())


@given(AMOUNTS, st.floats(1, 30))
def test_the_lengths_of_a_bar_add_up_to_its_score(amounts: list[float], scale: float) -> None:
    bar = hit_bar(hit(amounts), max(scale, sum(amounts)))
    scale = max(scale, sum(amounts))
    assert sum(one.width for one in bar.segments) * scale / 100 == pytest.approx(bar.score, abs=1e-9)
    assert all(b.x == pytest.approx(a.x + a.width) for a, b in zip(bar.segments, bar.segments[1:], strict=False))
    assert bar.segments[-1].x + bar.segments[-1].width <= 100 + 1e-9


@given(AMOUNTS)
def test_every_contribution_is_named_or_behind_the_fold(amounts: list[float]) -> None:
    bar = hit_bar(hit(amounts), 30)
    assert bar.named + bar.more == bar.segments
    assert len(bar.more) != 1
    assert [one.amount for one in bar.segments] == sorted(amounts, reverse=True)


@pytest.mark.parametrize(
    ("one", "kind", "serves"),
    [
        (contribution(1.0), "typed", ""),
        (contribution(0.1, Family.IMPLIED), "implied", ""),
        (contribution(0.1, Family.HEARD), "heard", ""),
        (contribution(0.1, Family.TYPED, is_kin=True), "kin", "sad"),
        (contribution(0.1, Family.HEARD, is_kin=True), "kin", "sad"),
    ],
)
def test_a_segment_shows_where_its_tag_comes_from(one: NamedContribution, kind: str, serves: str) -> None:
    (segment,) = hit_bar(Hit(Track("x:1"), one.amount, (one,)), 1).segments
    assert (segment.kind, segment.serves) == (kind, serves)


def test_text_in_reasons_is_shown_never_run() -> None:
    nasty = '"><script>alert(1)</script>'
    own = NamedContribution("a" * 8, nasty, Family.TYPED, True, "b" * 8, "<i>sad", 0.5)
    bar = hit_bar(Hit(Track("x:1"), 0.5, (own,)), 1)
    written = Reasons(Changes(SearchRequest("sad"), Query("sad")), several=True)(bar.segments)
    assert "<script" not in written
    assert "<i>sad" not in written
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in written
    assert 'aria-label="Leave out &#34;&gt;&lt;script' in written
    assert "<" not in bar.drawing.replace("<rect ", "")


def test_only_kin_can_be_left_out_by_a_reason() -> None:
    reasons = Reasons(Changes(SearchRequest("sad"), Query("sad")), several=True)
    own, kin = contribution(1.0), contribution(0.1, is_kin=True)
    typed, served = hit_bar(Hit(Track("x:1"), 1.1, (own, kin)), 1.1).segments
    assert "Leave out" not in reasons([typed])
    assert reasons([served]).count("Leave out slow") == 1
    assert "Leave out" not in reasons([served], can_leave_out=False)
    assert "for sad" in reasons([served])


def test_all_typed_tags_fill_a_bar_unless_the_best_hit_has_more() -> None:
    assert bar_scale([chip(1), chip(1)], []) == 2
    assert bar_scale([chip(2), chip(1)], []) == 1.5  # the heaviest tag counts 1
    assert bar_scale([chip(1)], [hit([1.0, 0.25])]) == 1.25
    assert bar_scale([], []) == 1


def test_nothing_found_draws_nothing() -> None:
    assert hit_bar(Hit(Track("x:1"), 0.0, ()), 1) == Bar(0.0, ())
    assert shares((0, 0, 0)) == ((0, 0), (0, 0), (0, 0))


@given(st.lists(st.integers(0, 10**6), min_size=3, max_size=3).filter(any))
def test_counts_share_the_whole_width(numbers: list[int]) -> None:
    laid = shares(numbers)
    assert laid[-1][0] + laid[-1][1] == pytest.approx(100)
