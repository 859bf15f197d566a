"""The set-to-tag model: what it learns from blocks of tags, and what it never implies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagmodel.implication import IMPLIED_UNITS, MAX_IMPLIED, SetToTag
from tagmodel.implication_training import TagSets, TrainingOptions, collect_tag_sets, hide_tags

# Two blocks of tags that never meet: 0..4 and 5..9.
N_TAGS = 10
EVERYTHING = np.ones(N_TAGS, dtype=np.bool_)
FAST = TrainingOptions(least_steps=500)


def block_items(n_items: int = 600, seed: int = 0) -> list[list[int]]:
    rng = np.random.default_rng(seed)
    return [
        sorted((rng.choice(5, size=int(rng.integers(2, 5)), replace=False) + 5 * (item % 2)).tolist())
        for item in range(n_items)
    ]


def fit(items: list[list[int]], **more: object) -> SetToTag:
    return SetToTag.fit({"blocks": items}, {"blocks": EVERYTHING}, N_TAGS, options=FAST, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def model() -> SetToTag:
    return fit(block_items())


def test_tags_of_the_same_block_are_probable_and_others_are_not(model: SetToTag) -> None:
    (probabilities,) = model.probabilities([[0, 1]])
    assert probabilities[2:5].min() > 0.2
    assert probabilities[5:].max() < 0.05


def test_probabilities_are_about_how_often_a_hidden_tag_is_there(model: SetToTag) -> None:
    fresh = block_items(2000, seed=1)
    starts = np.concatenate([[0], np.cumsum([len(item) for item in fresh])])
    hidden = hide_tags(starts, FAST.hidden_share, np.random.default_rng(2))
    visible = [
        [tag for tag, gone in zip(item, hidden[start:], strict=False) if not gone]
        for item, start in zip(fresh, starts[:-1], strict=True)
    ]
    assert model.probabilities(visible).sum() == pytest.approx(hidden.sum(), rel=0.05)


def test_only_tags_that_the_typed_ones_speak_for_are_implied(model: SetToTag) -> None:
    ((numbers, units),) = model.imply([[5, 6]])
    assert set(numbers.tolist()) == {7, 8, 9}
    assert units.min() >= 1
    assert units.max() <= IMPLIED_UNITS


def test_nothing_typed_or_nothing_known_implies_nothing(model: SetToTag) -> None:
    assert next(len(numbers) for numbers, _ in model.imply([[], [0]])) == 0


def test_implied_weights_are_the_probabilities_in_units(model: SetToTag) -> None:
    ((numbers, units),) = model.imply([[0, 3]])
    (probabilities,) = model.probabilities([[0, 3]])
    assert np.abs(units / IMPLIED_UNITS - probabilities[numbers]).max() <= 0.5 / IMPLIED_UNITS + 1e-6


def test_a_contradicting_tag_is_never_implied_in_either_direction() -> None:
    vetoed = fit(block_items(), contradictions=[(0, 1)])
    implied = [set(numbers.tolist()) for numbers, _ in vetoed.imply([[0, 2], [1, 2]])]
    assert 1 not in implied[0]
    assert 0 not in implied[1]
    assert 3 in implied[0]


def test_the_answer_for_a_set_does_not_depend_on_its_batch(model: SetToTag) -> None:
    sets = [item[:2] for item in block_items(300, seed=3)]
    together = model.imply(sets)
    alone = [model.imply([tags])[0] for tags in sets]
    for (numbers, units), (numbers_alone, units_alone) in zip(together, alone, strict=True):
        np.testing.assert_array_equal(numbers, numbers_alone)
        np.testing.assert_array_equal(units, units_alone)


def test_contributions_and_base_rate_add_up_to_the_log_odds(model: SetToTag) -> None:
    typed, tag = [0, 1], 4
    probability = float(model.probabilities([typed])[0, tag])
    base = float(model.set_bias[0, tag])
    total = base + float(model.contributions(typed, [tag]).sum())
    assert np.log(probability / (1 - probability)) == pytest.approx(total, abs=1e-3)


def test_the_same_input_and_seed_give_the_same_model() -> None:
    one, two = fit(block_items(), seed=5).arrays(), fit(block_items(), seed=5).arrays()
    assert one.keys() == two.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], two[name])
    other = fit(block_items(), seed=6)
    assert not np.array_equal(other.weights, one["weights"])


def test_the_order_in_which_data_sets_are_given_does_not_matter() -> None:
    vocabularies = {"a": EVERYTHING, "b": EVERYTHING}
    items = {"a": block_items(100), "b": block_items(200, seed=9)}
    one = SetToTag.fit(items, vocabularies, N_TAGS, options=FAST)
    two = SetToTag.fit(dict(reversed(items.items())), vocabularies, N_TAGS, options=FAST)
    np.testing.assert_array_equal(one.weights, two.weights)


def test_a_model_comes_back_from_its_arrays(model: SetToTag) -> None:
    again = SetToTag.from_arrays(model.arrays())
    np.testing.assert_array_equal(again.probabilities([[0], [7, 8]]), model.probabilities([[0], [7, 8]]))


def test_a_set_says_nothing_about_tags_it_could_not_have_carried() -> None:
    # "small" has no tag 1. Taken as evidence, its many items with 0 but without 1 would drive 0 and 1 apart.
    large = [[0, 1, 2], [5, 6]] * 100
    small = [[0, 2], [0, 3]] * 400
    without_1 = EVERYTHING.copy()
    without_1[1] = False
    masked = SetToTag.fit(
        {"large": large, "small": small}, {"large": EVERYTHING, "small": without_1}, N_TAGS, options=FAST
    )
    unmasked = SetToTag.fit(
        {"large": large, "small": small}, {"large": EVERYTHING, "small": EVERYTHING}, N_TAGS, options=FAST
    )
    assert masked.contributions([0], [1])[0, 0] > 1.0
    assert masked.probabilities([[0]])[0, 1] > 2 * unmasked.probabilities([[0]])[0, 1]


def test_how_common_a_tag_is_follows_the_habits_of_the_typed_tags() -> None:
    # Tag 9 is on half of the items of one set and on few of the other; 0 and 5 are those sets' own tags.
    rng = np.random.default_rng(0)
    often = [[0, *([9] if rng.random() < 0.5 else [1])] for _ in range(400)]
    seldom = [[5, *([9] if rng.random() < 0.02 else [6])] for _ in range(400)]
    both = SetToTag.fit({"a": often, "b": seldom}, {"a": EVERYTHING, "b": EVERYTHING}, N_TAGS, options=FAST)
    probabilities = both.probabilities([[0], [5]])[:, 9]
    assert probabilities[0] > 5 * probabilities[1]


def test_tags_without_items_are_not_learned_and_never_implied() -> None:
    model = SetToTag.fit({"a": [[0, 1]] * 50}, {"a": np.ones(4, dtype=np.bool_)}, 4, options=FAST)
    assert model.tags.tolist() == [0, 1]
    assert model.probabilities([[0, 3]])[0, 2:].tolist() == [0, 0]
    assert all(number < 2 for numbers, _ in model.imply([[0, 3], [3]]) for number in numbers)
    assert model.contributions([0, 3], [1])[1] == 0


def test_items_without_any_tag_are_an_error_that_says_so() -> None:
    with pytest.raises(ValueError, match="expected items with tags"):
        SetToTag.fit({"a": [[], []]}, {"a": EVERYTHING}, N_TAGS)


def test_progress_is_told_epoch_by_epoch() -> None:
    told: list[tuple[int, int]] = []
    fit(block_items(50), progress=lambda done, total: told.append((done, total)))
    assert told == [(done + 1, FAST.least_steps) for done in range(FAST.least_steps)]  # one batch an epoch


@given(st.lists(st.lists(st.integers(0, 39), max_size=12, unique=True), max_size=40), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_implied_tags_are_never_typed_nor_contradicting_nor_too_many(typed: list[list[int]], seed: int) -> None:
    rng = np.random.default_rng(seed)
    items = [rng.choice(40, size=25, replace=False).tolist() for _ in range(60)]
    pairs = [(0, 1), (2, 7)]
    model = SetToTag.fit(
        {"a": items}, {"a": np.ones(40, dtype=np.bool_)}, 40, pairs, options=TrainingOptions(epochs=2, least_steps=2)
    )
    for tags, (numbers, units) in zip(typed, model.imply(typed), strict=True):
        assert len(numbers) == len(units) <= MAX_IMPLIED
        assert len(set(numbers.tolist())) == len(numbers)
        assert not set(tags) & set(numbers.tolist())
        for a, b in pairs:
            assert not (a in tags and b in numbers)
            assert not (b in tags and a in numbers)
        order = list(zip((-units).tolist(), numbers.tolist(), strict=True))
        assert order == sorted(order)
        assert all(1 <= unit <= IMPLIED_UNITS for unit in units.tolist())


@given(st.lists(st.integers(1, 6), min_size=1, max_size=30), st.floats(0, 1), st.integers(0, 5))
def test_at_least_one_tag_of_each_item_is_hidden(lengths: list[int], share: float, seed: int) -> None:
    starts = np.concatenate([[0], np.cumsum(lengths)])
    hidden = hide_tags(starts, share, np.random.default_rng(seed))
    assert hidden.shape == (starts[-1],)
    assert np.add.reduceat(hidden.astype(int), starts[:-1]).min() >= 1


def test_a_batch_holds_the_tags_of_its_items_in_a_row() -> None:
    sets = TagSets(np.arange(5), tags=np.array([0, 1, 2, 3, 4]), starts=np.array([0, 2, 3, 5]))
    tags, starts = sets.batch(np.array([2, 0]))
    assert tags.tolist() == [3, 4, 0, 1]
    assert starts.tolist() == [0, 2, 4]


def test_collected_items_leave_out_tags_outside_the_set_and_the_empty() -> None:
    place = np.array([0, 1, -1, 2])
    sets = collect_tag_sets([[3, 0], [2], [1, 3, 3]], np.array([True, False, True, True]), place)
    assert sets.columns.tolist() == [0, 2]
    assert sets.starts.tolist() == [0, 2, 3]
    assert sets.tags.tolist() == [0, 1, 1]
