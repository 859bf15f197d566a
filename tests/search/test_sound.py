"""Vectors of sound in whole numbers, and how they are mixed with tags."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from search.document import Document, check_document
from search.mixing import SOUND_UNITS, sound_score, tag_weight
from search.plan import PLAN_UNITS, SoundTarget
from search.sound import MOST_MOMENTS, SOUND_DIMENSIONS, Moment, Sound, quantize, similarity
from tagmodel.track import Track

shares = st.integers(1, 16)
# Vectors whose lengths are whole, and those of one loud number: where sums are closest to their bounds.
arrays_of_few = arrays(np.float64, SOUND_DIMENSIONS, elements=st.sampled_from((0.0, 0.25, -0.25, 1.0)))


def a_vector(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=SOUND_DIMENSIONS)


def test_a_quantized_vector_keeps_its_direction_whatever_its_length() -> None:
    for seed in range(20):
        a, b = a_vector(seed), a_vector(seed + 100)
        exact = float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
        assert similarity(quantize(a), quantize(b)) == pytest.approx(exact, abs=0.004)
        assert quantize(a.astype(np.float16) * 4) == quantize(a.astype(np.float16))


def test_similarity_stays_between_the_opposite_and_the_same() -> None:
    a = quantize(np.r_[1.0, np.zeros(SOUND_DIMENSIONS - 1)])
    b = quantize(np.full(SOUND_DIMENSIONS, 23.0))
    for one in (a, b, quantize(a_vector(1))):
        opposite = quantize(-np.frombuffer(one, np.int8).astype(np.float32))
        assert -1 <= similarity(one, opposite) < 0 < similarity(one, one) <= 1


@pytest.mark.parametrize("vector", [np.zeros(SOUND_DIMENSIONS), np.full(SOUND_DIMENSIONS, np.nan), np.ones(64)])
def test_a_vector_that_points_nowhere_is_refused(vector: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected a vector"):
        quantize(vector)


@given(shares, arrays(np.float64, SOUND_DIMENSIONS, elements=st.floats(-1, 1)), arrays_of_few)
def test_what_sound_adds_is_exact_in_float32_and_less_than_its_share(
    share: int, a: NDArray[np.float64], b: NDArray[np.float64]
) -> None:
    assume(np.linalg.norm(a) and np.linalg.norm(b))
    stored, target = np.frombuffer(quantize(a), np.int8), np.frombuffer(quantize(b), np.int8)
    product = int(stored.astype(np.int64) @ target.astype(np.int64))
    added = sound_score(product, share)
    assert 0 < added < share / 16
    assert (added * SOUND_UNITS).is_integer()
    assert float(np.float32(added)) == added


@given(shares, st.integers(1, 6143))
def test_a_tag_beside_sound_weighs_what_is_left_and_never_nothing(share: int, units: int) -> None:
    weight = tag_weight(units / PLAN_UNITS, share)
    assert (weight * PLAN_UNITS).is_integer()
    assert (weight > 0) == (share < 16)
    assert abs(weight - units / PLAN_UNITS * (16 - share) / 16) <= 1 / PLAN_UNITS


VECTOR = quantize(a_vector(0))


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"sound": Sound(vector=b"short")}, "128 bytes, got 5"),
        ({"sound": Sound(vector=bytes(SOUND_DIMENSIONS))}, "was it quantized"),
        ({"sound": Sound(VECTOR, (Moment(0.0, 1.0, b""),))}, "128 bytes, got 0"),
        ({"sound": Sound(VECTOR, (Moment(0.0, 1.0, VECTOR),) * (MOST_MOMENTS + 1))}, "at most 24 moments"),
        ({"sound": Sound(bpm=0.0)}, "expected bpm above 0"),
        ({"sound": Sound(seconds=float("nan"))}, "expected seconds above 0"),
        ({"typed": ("x",), "faint": ("x",)}, "nobody typed"),
        ({"heard": ("x",), "heard_weights": (9,), "faint": ("x",)}, "got both"),
        ({"faint": ("x", "x")}, "different faint tags"),
    ],
)
def test_a_document_whose_sound_would_score_wrongly_is_refused(values: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=f"track 'a:1'.*{problem}"):
        check_document(Document(Track("a:1"), **values))  # type: ignore[arg-type]


def test_a_document_with_all_that_was_heard_passes() -> None:
    sound = Sound(VECTOR, (Moment(0.0, 30.0, VECTOR, ("x",)),), 30.0, 97.5, 0.5, "A minor", 0.25, doubted=("y",))
    check_document(Document(Track("a:1"), ("y",), faint=("x",), sound=sound))


@pytest.mark.parametrize(("vector", "share"), [(VECTOR, 0), (VECTOR, 17), (b"short", 8), (bytes([127]) * 128, 8)])
def test_a_target_that_would_pass_the_bounds_of_scores_is_refused(vector: bytes, share: int) -> None:
    with pytest.raises(ValueError, match="expected a"):
        SoundTarget(vector, share)
