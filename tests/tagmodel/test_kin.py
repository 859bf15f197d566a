"""From three origins to kin: calibration, combination, vetoes, order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.isotonic import IsotonicRegression

from tagmodel.cooccurrence import CoOccurrence, Evidence, count_pairs
from tagmodel.embedding import TagEmbedding
from tagmodel.kin import MAX_KIN, KinTable
from tagmodel.kinship import USUAL_CURVE, Curve, KinOptions, Kinship, Origins, combine, find_kin, fit_curve
from tagmodel.vocabulary import Vocabulary

IDENTITY = Curve(np.array([0, 1], np.float32), np.array([0, 1], np.float32))
OPTIONS = KinOptions(min_similarity=0.01)


def vocabulary_of(*keys: str) -> Vocabulary:
    return Vocabulary(
        keys=tuple(sorted(keys)),
        spellings=tuple(sorted(keys)),
        sets=("x",),
        set_counts=np.full((1, len(keys)), 9),
        set_minimum=np.ones(1, np.int64),
        contradictions=(("fast", "slow", "hard"),),
    )


def kinship_of(vocabulary: Vocabulary, cosines: dict[tuple[str, str], float], items: list[tuple[int, ...]]) -> Kinship:
    """A kinship whose two embeddings say the same given cosines, on the scale of co-occurrence already."""
    n = len(vocabulary)
    gram = np.eye(n)
    for (a, b), cosine in cosines.items():
        i, j = vocabulary.keys.index(a), vocabulary.keys.index(b)
        gram[i, j] = gram[j, i] = cosine
    embedding = TagEmbedding("made", np.linalg.cholesky(gram).astype(np.float32))
    counts = CoOccurrence((count_pairs("x", items, np.ones(n, bool)),))
    return Kinship(counts, embedding, embedding, IDENTITY, IDENTITY)


def kin_keys(table: KinTable, vocabulary: Vocabulary, key: str) -> list[str]:
    return [vocabulary.keys[kin] for kin in table.kin_numbers(vocabulary.keys.index(key))]


def test_vectors_alone_make_no_kin_of_antonyms_by_words_nor_by_table() -> None:
    vocabulary = vocabulary_of("fast", "no piano", "piano", "quick", "slow")
    cosines = {("fast", "slow"): 0.8, ("fast", "quick"): 0.5, ("piano", "no piano"): 0.9}
    table = find_kin(kinship_of(vocabulary, cosines, [()]), vocabulary, OPTIONS)
    assert kin_keys(table, vocabulary, "fast") == ["quick"]
    assert kin_keys(table, vocabulary, "slow") == []
    assert kin_keys(table, vocabulary, "piano") == []
    assert kin_keys(table, vocabulary, "no piano") == []


def test_tags_that_could_have_met_and_did_not_are_vetoed_however_alike_their_vectors() -> None:
    vocabulary = vocabulary_of("high", "low", "treble")
    high, low, treble = range(3)
    items = [(high, treble)] * 50 + [(low,)] * 50
    kinship = kinship_of(vocabulary, {("high", "low"): 0.9, ("high", "treble"): 0.2}, items)
    table = find_kin(kinship, vocabulary, OPTIONS)
    assert kin_keys(table, vocabulary, "high") == ["treble"]
    assert kin_keys(table, vocabulary, "low") == []
    assert table.pmi[table.entries(high)][0] == pytest.approx(np.log2(50.5 / 25.5))


def test_what_is_absent_counts_less_than_what_is_there() -> None:
    vocabulary = vocabulary_of("calm", "no drum", "soft")
    kinship = kinship_of(vocabulary, {("calm", "no drum"): 0.5, ("calm", "soft"): 0.4}, [()])
    table = find_kin(kinship, vocabulary, OPTIONS)
    assert kin_keys(table, vocabulary, "calm") == ["soft", "no drum"]
    calm, denial = table.entries(0), table.entries(1)
    assert table.similarity[calm][1] == pytest.approx(OPTIONS.denial * table.similarity[denial][0])


def test_a_tag_has_at_most_max_kin_each_once_best_first_and_never_itself() -> None:
    keys = [f"tag {number:02}" for number in range(MAX_KIN + 8)]
    vocabulary = vocabulary_of(*keys)
    rng = np.random.default_rng(0)
    embedding = TagEmbedding("made", np.abs(rng.normal(size=(len(keys), 3))).astype(np.float32))
    counts = CoOccurrence((count_pairs("x", [()], np.ones(len(keys), bool)),))
    table = find_kin(Kinship(counts, embedding, embedding, IDENTITY, IDENTITY), vocabulary, OPTIONS)
    for number in range(len(keys)):
        kin = table.kin_numbers(number).tolist()
        assert len(kin) == len(set(kin)) == MAX_KIN
        assert number not in kin
        assert (np.diff(table.similarity[table.entries(number)]) <= 0).all()


def test_equal_kin_stand_in_the_order_of_their_numbers() -> None:
    vocabulary = vocabulary_of("a", "b", "c", "d")
    embedding = TagEmbedding("made", np.ones((4, 2), np.float32))
    counts = CoOccurrence((count_pairs("x", [()], np.ones(4, bool)),))
    table = find_kin(Kinship(counts, embedding, embedding, IDENTITY, IDENTITY), vocabulary, OPTIONS)
    assert [table.kin_numbers(number).tolist() for number in range(4)] == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]


def test_blocks_of_tags_make_no_difference() -> None:
    keys = [f"tag {number:03}" for number in range(300)]  # more than one block
    vocabulary = vocabulary_of(*keys)
    vectors = np.random.default_rng(1).normal(size=(300, 8)).astype(np.float32)
    rng = np.random.default_rng(2)
    items = [tuple(sorted(rng.choice(300, 20, replace=False).tolist())) for _ in range(500)]
    counts = CoOccurrence((count_pairs("x", items, np.ones(300, bool)),))
    embedding = TagEmbedding("made", vectors)
    kinship = Kinship.calibrate(counts, embedding, embedding)
    table = find_kin(kinship, vocabulary, OPTIONS)
    origins = kinship.origins(slice(280, 281))
    similarity = combine(origins, OPTIONS)[0]
    similarity[280] = 0
    best = np.argsort(-similarity, kind="stable")[:MAX_KIN]
    assert table.kin_numbers(280).tolist() == best[similarity[best] >= OPTIONS.min_similarity].tolist()
    assert table.support[table.entries(280)].tolist() == origins.counted.support[0][table.kin_numbers(280)].tolist()


def test_arrays_give_the_same_table_back() -> None:
    vocabulary = vocabulary_of("a", "b", "c")
    table = find_kin(kinship_of(vocabulary, {("a", "b"): 0.5}, [()]), vocabulary, OPTIONS)
    restored = KinTable.from_arrays(table.arrays())
    assert all(np.array_equal(restored.arrays()[name], array, equal_nan=True) for name, array in table.arrays().items())
    assert len(restored) == 3


def one_pair(cooccurrence: float, expected: float, support: int, word2vec: float, als: float) -> Origins:
    """What the origins say of one pair."""
    known = expected >= 5
    counted = Evidence(
        np.array([[cooccurrence if known else 0]], np.float32),
        np.array([[1 if known else np.nan]], np.float32),
        np.array([[False]]),
        np.array([[support]], np.int32),
        np.array([[expected]], np.float32),
    )
    return Origins(counted, np.array([[word2vec]], np.float32), np.array([[als]], np.float32))


def similarity_of(*evidence: float, options: KinOptions = OPTIONS) -> float:
    cooccurrence, expected, support, word2vec, als = evidence
    return float(combine(one_pair(cooccurrence, expected, int(support), word2vec, als), options)[0, 0])


def test_the_more_is_expected_the_more_the_count_decides() -> None:
    values = [similarity_of(0.8, expected, 50, 0.0, 0.2) for expected in (5, 50, 500, 50_000)]
    assert values == sorted(values)
    assert values[-1] == pytest.approx(0.8, abs=1e-3)
    halfway = similarity_of(0.8, OPTIONS.prior_expected, 50, 0.0, 0.2)
    assert halfway == pytest.approx((0.8 + 0.2) / 2)


def test_uncountable_pairs_are_believed_the_more_the_more_items_carry_both() -> None:
    values = [similarity_of(0, 2, support, 0, 0.4) for support in (0, 1, 2, 20)]
    assert values == sorted(values)
    assert similarity_of(0, 2, OPTIONS.prior_support, 0, 0.4) == pytest.approx(0.2)


def test_word2vec_speaks_of_tags_that_had_no_chance_to_meet_and_is_silent_on_others() -> None:
    assert similarity_of(0, 0, 0, 0.5, 0) == pytest.approx(0.5 * OPTIONS.word2vec_unmet * OPTIONS.unseen)
    assert similarity_of(0.3, 100, 40, 0.9, 0.1) == similarity_of(0.3, 100, 40, 0.0, 0.1)
    assert similarity_of(0, 4, 0, 0.5, 0) < similarity_of(0, 0, 0, 0.5, 0)


SHARES = st.floats(0, 1, width=32)


@given(
    st.tuples(SHARES, SHARES, SHARES), st.floats(0, 1_000, width=32), st.integers(0, 1_000), st.tuples(SHARES, SHARES)
)
def test_similarity_stays_between_zero_and_the_strongest_origin(
    said: tuple[float, float, float], expected: float, support: int, shares: tuple[float, float]
) -> None:
    options = replace(OPTIONS, word2vec_met=shares[0], word2vec_unmet=shares[1])
    cooccurrence, word2vec, als = said
    strongest = max(cooccurrence if expected >= 5 else 0, word2vec, als)
    assert 0 <= similarity_of(cooccurrence, expected, support, word2vec, als, options=options) <= strongest + 1e-6


COSINES = arrays.arrays(np.float32, st.integers(200, 400), elements=st.integers(-8, 8).map(lambda at: at / 8))


@settings(deadline=None)
@given(COSINES, st.integers(0, 9))
def test_a_fitted_curve_rises_within_what_was_seen(cosines: np.ndarray, seed: int) -> None:
    similarities = np.random.default_rng(seed).random(len(cosines)).astype(np.float32)
    curve = fit_curve(cosines, similarities)
    assert (np.diff(curve.cosines) >= 0).all()
    assert (np.diff(curve.similarities) > 0).all()
    asked = curve(np.linspace(-1, 1, 50, dtype=np.float32))
    assert (np.diff(asked) >= 0).all()
    assert similarities.min() - 1e-6 <= asked.min() <= asked.max() <= similarities.max() + 1e-6


def test_the_curve_follows_isotonic_regression() -> None:
    rng = np.random.default_rng(5)
    cosines = rng.uniform(-0.2, 1, 20_000).astype(np.float32)
    similarities = (np.clip(cosines, 0, 1) ** 2 + rng.normal(0, 0.05, 20_000)).astype(np.float32)
    asked = np.linspace(0, 0.98, 40, dtype=np.float32)
    exact = IsotonicRegression(out_of_bounds="clip").fit(cosines, similarities).predict(asked)
    assert np.abs(fit_curve(cosines, similarities)(asked) - exact).max() < 0.05


def test_a_catalogue_too_small_to_count_gets_the_usual_curve() -> None:
    assert fit_curve(np.zeros(10, np.float32), np.zeros(10, np.float32)) is USUAL_CURVE
