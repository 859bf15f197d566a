"""Suggestions and implied tags in the vocabulary's ids: reasons, contradictions, unknown tags."""

from __future__ import annotations

import numpy as np
import pytest

from tagmodel import tables
from tagmodel.folding import tag_id
from tagmodel.implication import SetToTag
from tagmodel.model import load_model
from tagmodel.suggestion import MAX_REASONS, imply_tags, suggest_heard, suggest_tags, suggestion_probabilities
from tagmodel.vocabulary import Vocabulary
from tagmodel.vocabulary_building import build_vocabulary

INDIAN = ["sitar", "tabla", "indian", "drone"]
CLUB = ["techno", "dance", "beat", "fast"]
EXTRA = ["slow", "male vocal", "female vocal", "no vocals"]


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return build_vocabulary({"made": dict.fromkeys([*INDIAN, *CLUB, *EXTRA], 9)})


@pytest.fixture(scope="module")
def model(vocabulary: Vocabulary) -> SetToTag:
    rng = np.random.default_rng(0)
    items = []
    for number in range(900):
        spellings = [tag for tag in (INDIAN, CLUB, [])[number % 3] if rng.random() < 0.6]
        # "slow" and "fast" do meet here, and so do two voices, so that only the veto can part them.
        spellings += ["slow"] if rng.random() < 0.5 else []
        spellings += ["male vocal", "female vocal"] if rng.random() < 0.3 else []
        items.append([vocabulary.find_tag(spelling)[0] for spelling in spellings])
    pairs = [
        (number, other)
        for number, tag in enumerate(vocabulary.ids)
        for other in (vocabulary.number(found) for found in vocabulary.contradicting(tag))
        if other is not None
    ]
    everything = np.ones(len(vocabulary), dtype=np.bool_)
    return SetToTag.fit({"made": items}, {"made": everything}, len(vocabulary), pairs)


def suggested(model: SetToTag, vocabulary: Vocabulary, *typed: str, k: int = 10) -> dict[str, float]:
    ids = [vocabulary.canonical_id(text) for text in typed]
    return {str(vocabulary.spelling(one.tag_id)): one.probability for one in suggest_tags(model, vocabulary, ids, k)}


def test_forgotten_tags_come_first_with_falling_probabilities(model: SetToTag, vocabulary: Vocabulary) -> None:
    found = suggested(model, vocabulary, "sitar", "tabla")
    assert set(list(found)[:2]) <= {"indian", "drone", "slow"}
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert all(0 < probability <= 1 for probability in found.values())


def test_typed_tags_and_their_aliases_are_not_suggested(model: SetToTag, vocabulary: Vocabulary) -> None:
    assert "sitar" not in suggested(model, vocabulary, "Sitars", k=20)


def test_what_cannot_be_true_beside_a_typed_tag_is_not_suggested(model: SetToTag, vocabulary: Vocabulary) -> None:
    assert "slow" not in suggested(model, vocabulary, "fast", "techno", k=20)
    assert "slow" in suggested(model, vocabulary, "techno", "dance", k=20)


def test_a_duet_may_be_suggested_but_its_other_voice_is_never_implied(model: SetToTag, vocabulary: Vocabulary) -> None:
    assert suggested(model, vocabulary, "male vocal")["female vocal"] > 0.2
    ((implied, _),) = imply_tags(model, vocabulary, [[vocabulary.canonical_id("male vocal")]])
    assert vocabulary.canonical_id("female vocal") not in implied


def test_reasons_are_the_typed_tags_that_speak_for_it_with_shares(model: SetToTag, vocabulary: Vocabulary) -> None:
    typed = [vocabulary.canonical_id(text) for text in ("sitar", "tabla", "beat")]
    by_tag = {one.tag_id: one for one in suggest_tags(model, vocabulary, typed, 10)}
    reasons = by_tag[vocabulary.canonical_id("indian")].reasons
    assert {reason.tag_id for reason in reasons} == set(typed[:2])
    assert sum(reason.share for reason in reasons) == pytest.approx(1, abs=0.05)
    assert [reason.share for reason in reasons] == sorted((reason.share for reason in reasons), reverse=True)
    assert all(len(one.reasons) <= MAX_REASONS for one in by_tag.values())


def test_tags_that_the_model_has_never_seen_change_nothing(model: SetToTag, vocabulary: Vocabulary) -> None:
    known = [vocabulary.canonical_id("sitar")]
    strange = [tag_id("zzyzx"), *known]
    assert suggest_tags(model, vocabulary, strange, 5) == suggest_tags(model, vocabulary, known, 5)
    assert imply_tags(model, vocabulary, [strange]) == imply_tags(model, vocabulary, [known])


def test_without_any_known_tag_nothing_is_suggested(model: SetToTag, vocabulary: Vocabulary) -> None:
    assert suggest_tags(model, vocabulary, [], 5) == ()
    assert suggest_tags(model, vocabulary, [tag_id("zzyzx")], 5) == ()


def test_a_tag_typed_twice_counts_once(model: SetToTag, vocabulary: Vocabulary) -> None:
    one = vocabulary.canonical_id("sitar")
    assert suggest_tags(model, vocabulary, [one, one], 5) == suggest_tags(model, vocabulary, [one], 5)


def test_k_suggestions_are_given_at_most(model: SetToTag, vocabulary: Vocabulary) -> None:
    assert len(suggested(model, vocabulary, "sitar", k=3)) == 3


def test_a_batch_of_sets_gets_the_same_probabilities_as_each_alone(model: SetToTag, vocabulary: Vocabulary) -> None:
    sets = [[0, 1], [2], [3, 4, 5]]
    together = suggestion_probabilities(model, vocabulary, sets)
    for row, numbers in zip(together, sets, strict=True):
        np.testing.assert_array_equal(row, suggestion_probabilities(model, vocabulary, [numbers])[0])


def test_words_about_the_recording_are_suggested_to_nobody() -> None:
    shipped = load_model()
    known = [number for number, key in enumerate(shipped.vocabulary.keys) if key in tables.not_suggested()]
    assert len(known) == len(tables.not_suggested()), "a row of the table is no tag of the shipped model"
    typed = [shipped.vocabulary.canonical_id(tag) for tag in ("sad", "metal", "acoustic")]
    suggested = {one.tag_id for one in shipped.suggest(typed, len(shipped.vocabulary))}
    assert len(suggested) > 100
    assert not suggested & {shipped.vocabulary.ids[number] for number in known}


def test_a_batch_of_sets_gets_the_same_suggestions_and_implied_tags_as_each_alone() -> None:
    shipped = load_model()
    rng = np.random.default_rng(3)
    sets = [list(rng.choice(shipped.vocabulary.ids, size)) for size in rng.integers(0, 20, 300)]
    assert shipped.suggest_batch(sets, 15) == [shipped.suggest(typed, 15) for typed in sets]
    assert shipped.imply(sets) == [shipped.imply([typed])[0] for typed in sets]


def heard_list(
    model: SetToTag, vocabulary: Vocabulary, heard: dict[str, float], *typed: str
) -> dict[str, tuple[float, float | None, int]]:
    """Return (probability, heard, number of reasons) by spelling, in the order of the list."""
    ids = [vocabulary.canonical_id(text) for text in typed]
    by_id = {vocabulary.canonical_id(text): probability for text, probability in heard.items()}
    found = suggest_heard(model, vocabulary, ids, by_id, 20)
    return {
        vocabulary.spelling(one.tag_id) or one.tag_id: (one.probability, one.heard, len(one.reasons)) for one in found
    }


def test_what_is_heard_raises_and_lowers_what_is_typed_for(model: SetToTag, vocabulary: Vocabulary) -> None:
    alone = suggested(model, vocabulary, "sitar", k=20)
    together = heard_list(model, vocabulary, {"drone": 0.95, "indian": 0.01}, "sitar")
    assert together["drone"][0] > alone["drone"]
    assert together["indian"][0] < alone["indian"]
    assert together["drone"][1:] == (0.95, 1)
    assert together["tabla"] == (pytest.approx(alone["tabla"]), None, 1)
    probabilities = [probability for probability, _, _ in together.values()]
    assert probabilities == sorted(probabilities, reverse=True)


def test_without_typed_tags_what_was_heard_is_suggested_as_it_was_heard(
    model: SetToTag, vocabulary: Vocabulary
) -> None:
    together = heard_list(model, vocabulary, {"techno": 0.8, "beat": 0.3})
    assert together == {"techno": (pytest.approx(0.8), 0.8, 0), "beat": (pytest.approx(0.3), 0.3, 0)}


def test_nothing_typed_is_suggested_nor_what_cannot_be_true_beside_it_though_it_was_heard(
    model: SetToTag, vocabulary: Vocabulary
) -> None:
    together = heard_list(model, vocabulary, {"fast": 0.9, "slow": 0.9, "techno": 0.9}, "fast", "techno")
    assert not {"fast", "techno", "slow"}.intersection(together)


def test_a_heard_tag_that_the_model_has_never_seen_is_suggested_as_it_was_heard(
    model: SetToTag, vocabulary: Vocabulary
) -> None:
    strange = tag_id("zeuhl")
    (found,) = (one for one in suggest_heard(model, vocabulary, [], {strange: 0.6}, 5) if one.tag_id == strange)
    assert (found.probability, found.heard, found.reasons) == (0.6, 0.6, ())
