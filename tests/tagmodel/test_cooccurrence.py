"""Co-occurrence on counts small enough to check by hand, and on the clips of MTAT."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagmodel.cooccurrence import (
    MAX_EXPECTED,
    MIN_EXPECTED,
    PRIOR_ITEMS,
    TOWARDS,
    VETO_SET,
    CoOccurrence,
    count_pairs,
    pmi_bits,
    tag_uses,
)
from tagmodel.datasets import DATA_SETS
from tagmodel.datasets.corpus import read_corpus
from tagmodel.evaluation import raw_corpus
from tagmodel.training import distinct_voices, set_vocabularies

ITEMS = st.lists(st.sets(st.integers(0, 4), max_size=5).map(lambda tags: tuple(sorted(tags))), min_size=1, max_size=60)
ALL = slice(0, 5)


def everything(n_tags: int = 5) -> np.ndarray:
    return np.ones(n_tags, bool)


def both(together: int, only_a: int, only_b: int, neither: int) -> list[tuple[int, ...]]:
    """Items with tags 0 and 1, only one of them, or only tag 2."""
    return [(0, 1)] * together + [(0,)] * only_a + [(1,)] * only_b + [(2,)] * neither


def test_pairs_are_counted_once_an_item_and_never_with_themselves() -> None:
    pairs = count_pairs("x", [(0, 1), (0, 1, 2), (2,), ()], everything(3))
    assert pairs.counts.toarray().tolist() == [[0, 2, 1], [2, 0, 1], [1, 1, 0]]
    assert pairs.uses.tolist() == [2, 2, 2]
    assert pairs.n_items == 3
    assert pairs.expected(slice(0, 1)).tolist() == [[pytest.approx(4 / 3)] * 3]


def test_tags_outside_a_sets_own_vocabulary_are_not_looked_at() -> None:
    pairs = count_pairs("x", [(0, 1), (0, 1)], np.array([True, False]))
    assert pairs.uses.tolist() == [2, 0]
    assert pairs.counts.nnz == 0


def test_similarity_is_the_weighted_mean_of_both_smoothed_lifts() -> None:
    pairs = count_pairs("x", both(30, 10, 20, 140), everything(3))
    towards = ((30 + PRIOR_ITEMS * 0.2) / (50 + PRIOR_ITEMS) - 0.2) / 0.8
    back = ((30 + PRIOR_ITEMS * 0.25) / (40 + PRIOR_ITEMS) - 0.25) / 0.75
    expected = towards**TOWARDS * back ** (1 - TOWARDS)
    assert pairs.similarity(slice(0, 1))[0, 1] == pytest.approx(expected, rel=1e-5)


def test_tags_that_always_stand_together_come_near_one_and_independent_ones_are_zero() -> None:
    always = count_pairs("x", both(5_000, 0, 0, 5_000), everything(3))
    chance = count_pairs("x", both(25, 25, 25, 25), everything(3))
    assert always.similarity(slice(0, 1))[0, 1] > 0.99
    assert chance.similarity(slice(0, 1))[0, 1] == 0


@pytest.mark.parametrize(("neither", "known"), [(5, True), (6, False)])
def test_under_five_expected_items_a_set_says_nothing(neither: int, known: bool) -> None:
    pairs = count_pairs("x", both(8, 2, 2, neither + 3), everything(3))  # 10 * 10 / 20 expected, or 10 * 10 / 21
    evidence = CoOccurrence((pairs,)).evidence(slice(0, 1))
    assert bool(evidence.expected[0, 1] >= MIN_EXPECTED) is known
    assert bool(np.isnan(evidence.pmi[0, 1])) is not known
    assert bool(evidence.similarity[0, 1] > 0) is known
    assert evidence.support[0, 1] == 8


def test_a_huge_set_weighs_no_more_than_the_cap() -> None:
    small = count_pairs("small", both(50, 0, 0, 50), everything(3))  # 25 expected
    huge = count_pairs("huge", both(50_000, 50_000, 50_000, 50_000), everything(3))
    evidence = CoOccurrence((huge, small)).evidence(slice(0, 1))
    weights = np.array([MAX_EXPECTED, 25.0])
    similarities = [pairs.similarity(slice(0, 1))[0, 1] for pairs in (huge, small)]
    assert evidence.similarity[0, 1] == pytest.approx(np.average(similarities, weights=weights), rel=1e-5)


def test_the_clips_of_mtat_decide_on_antonyms_against_any_other_set() -> None:
    apart = both(15, 35, 35, 15)
    together = both(400, 100, 100, 400)
    vetoed = CoOccurrence((count_pairs(VETO_SET, apart, everything(3)), count_pairs("bags", together, everything(3))))
    allowed = CoOccurrence((count_pairs("other", apart, everything(3)), count_pairs("bags", together, everything(3))))
    assert vetoed.evidence(slice(0, 1)).veto[0, 1]
    assert vetoed.evidence(slice(0, 1)).similarity[0, 1] == 0
    assert not allowed.evidence(slice(0, 1)).veto[0, 1]


def test_pmi_counts_bits_and_stays_finite() -> None:
    bits = pmi_bits(np.array([7.5, 0.0], np.float32), np.array([1.5, 9.5], np.float32))
    assert bits[0] == pytest.approx(2.0)
    assert bits[1] == pytest.approx(np.log2(0.05), rel=1e-5)


@settings(deadline=None)
@given(ITEMS)
def test_evidence_stays_in_its_bounds_and_rows_do_not_depend_on_the_block(items: list[tuple[int, ...]]) -> None:
    counts = CoOccurrence((count_pairs("x", items, everything()),))
    whole = counts.evidence(ALL)
    assert ((whole.similarity >= 0) & (whole.similarity <= 1)).all()
    assert (whole.support == whole.support.T).all()
    assert (np.isnan(whole.pmi) == (whole.expected < MIN_EXPECTED)).all()
    row = counts.evidence(slice(2, 3))
    assert all(np.array_equal(one[0], every[2], equal_nan=True) for one, every in zip(row, whole, strict=True))


@given(ITEMS)
def test_uses_count_every_tag_of_every_item(items: list[tuple[int, ...]]) -> None:
    assert tag_uses(items, 5).tolist() == [sum(tag in item for item in items) for tag in range(5)]


ANTONYMS = [
    ("fast", "slow"), ("loud", "quiet"), ("vocals", "no vocals"), ("male vocals", "female vocals"),
    ("loud", "soft"), ("classical", "rock"), ("hard rock", "quiet"),
]  # fmt: skip


@pytest.mark.data
def test_on_the_clips_of_mtat_antonyms_have_negative_pmi(data_dir: Path) -> None:
    corpus = read_corpus(["mtat"], data_dir)
    vocabulary, in_set = corpus.vocabulary, set_vocabularies(corpus.vocabulary)
    counts = CoOccurrence((count_pairs("mtat", corpus.encoded["mtat"], in_set["mtat"]),))
    voices = CoOccurrence((count_pairs("mtat", distinct_voices(corpus)["mtat"], in_set["mtat"]),))
    for a, b in ANTONYMS:
        row, column = (vocabulary.number(vocabulary.canonical_id(spelling)) for spelling in (a, b))
        assert row is not None
        assert column is not None
        assert counts.evidence(slice(row, row + 1)).pmi[0, column] < 0, (a, b)
        assert voices.evidence(slice(row, row + 1)).veto[0, column], (a, b)


@pytest.mark.data
def test_pmi_of_slow_and_fast_is_what_the_notes_say(data_dir: Path) -> None:
    corpus = raw_corpus(list(DATA_SETS["mtat"].read_items(data_dir)))
    counts = CoOccurrence((count_pairs("mtat", corpus.encoded["mtat"], corpus.vocabulary.in_set[0]),))
    fast, slow = corpus.vocabulary.keys.index("fast"), corpus.vocabulary.keys.index("slow")
    assert counts.evidence(slice(fast, fast + 1)).pmi[0, slow] == pytest.approx(-2.5, abs=0.1)
