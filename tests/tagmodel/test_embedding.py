"""One contract for all trainers of tag vectors, on checkerboard data: two blocks of tags that never mix."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from tagmodel.als import AlsOptions, train_als
from tagmodel.embedding import TagEmbedding
from tagmodel.word2vec import Word2VecOptions, train_word2vec

Trainer = Callable[..., TagEmbedding]

TRAINERS = [
    pytest.param(
        partial(train_word2vec, options=Word2VecOptions(vector_size=8, negative=2, sample=0, epochs=20)), id="word2vec"
    ),
    pytest.param(partial(train_als, options=AlsOptions(factors=4, regularization=0.1, iterations=10)), id="als"),
]
BLOCK = 4
UNSEEN = 2 * BLOCK


def checkerboard(n_items: int = 400, seed: int = 0) -> list[tuple[int, ...]]:
    """Items with two or three tags of one of two blocks; tag 8 is on none."""
    rng = np.random.default_rng(seed)
    return [
        tuple(sorted((rng.permutation(BLOCK)[: rng.integers(2, 4)] + BLOCK * rng.integers(2)).tolist()))
        for _ in range(n_items)
    ]


@pytest.mark.parametrize("train", TRAINERS)
def test_tags_of_one_block_are_nearer_than_those_of_the_other(train: Trainer) -> None:
    embedding = train(checkerboard(), UNSEEN + 1)
    for tag in range(2 * BLOCK):
        near = {other for other, _ in embedding.nearest(tag, BLOCK - 1)}
        assert near == set(range(BLOCK * (tag // BLOCK), BLOCK * (tag // BLOCK) + BLOCK)) - {tag}


@pytest.mark.parametrize("train", TRAINERS)
def test_the_same_seed_gives_the_same_vectors_and_another_gives_others(train: Trainer) -> None:
    first, second, other = (train(checkerboard(), UNSEEN + 1, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(first.vectors, second.vectors)
    assert not np.array_equal(first.vectors, other.vectors)


@pytest.mark.parametrize("train", TRAINERS)
def test_a_tag_that_was_never_seen_has_no_direction(train: Trainer) -> None:
    embedding = train(checkerboard(), UNSEEN + 1)
    assert embedding.vectors.shape[0] == UNSEEN + 1
    assert not embedding.vectors[UNSEEN].any()
    assert not embedding.similarities(UNSEEN).any()


@pytest.mark.parametrize("train", TRAINERS)
@pytest.mark.parametrize("items", [[], [()], [(), ()]])
def test_items_without_tags_teach_nothing(train: Trainer, items: list[tuple[int, ...]]) -> None:
    assert not train(items, 3).vectors.any()


@pytest.mark.parametrize("train", TRAINERS)
def test_nearest_is_ordered_and_leaves_out_the_tag_itself(train: Trainer) -> None:
    embedding = train(checkerboard(), UNSEEN + 1)
    nearest = embedding.nearest(0, 100)
    assert len(nearest) == UNSEEN
    assert 0 not in [tag for tag, _ in nearest]
    cosines = [cosine for _, cosine in nearest]
    assert cosines == sorted(cosines, reverse=True)
    assert all(-1.0001 <= cosine <= 1.0001 for cosine in cosines)


@pytest.mark.parametrize("train", TRAINERS)
def test_storage_keeps_who_is_near(train: Trainer) -> None:
    embedding = train(checkerboard(), UNSEEN + 1)
    restored = TagEmbedding.from_arrays(embedding.name, embedding.arrays())
    assert [tag for tag, _ in restored.nearest(1, 3)] == [tag for tag, _ in embedding.nearest(1, 3)]
    assert np.allclose(restored.similarities(1), embedding.similarities(1), atol=2e-3)


def test_ties_are_told_by_number() -> None:
    embedding = TagEmbedding("made", np.array([[1, 0], [0, 1], [0, 2], [0, 3]], np.float32))
    assert [tag for tag, _ in embedding.nearest(0, 3)] == [1, 2, 3]
    with pytest.raises(IndexError):
        embedding.nearest(4, 1)


def test_without_accents_twins_of_two_data_sets_find_each_other() -> None:
    meaning = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0]], np.float32)
    accent = np.array([[0, 0, 3, 0], [0, 0, 3, 0], [0, 0, 0, 3], [0, 0, 0, 3]], np.float32)
    uses = np.array([[9, 9, 0, 0], [0, 0, 9, 9]])
    spoken = TagEmbedding("made", meaning + accent)
    assert spoken.nearest(0, 1)[0][0] == 1
    plain = spoken.without_accents(uses)
    assert plain.nearest(0, 1)[0] == (2, pytest.approx(1, abs=1e-5))
    assert plain.nearest(1, 1)[0][0] == 3


_PROGRAM = """
import hashlib, sys
from tests.tagmodel.test_embedding import checkerboard, digest_of_both
print(digest_of_both())
"""


def digest_of_both() -> str:
    """Hash of what both trainers learn from the checkerboard."""
    digest = hashlib.sha256()
    for train in TRAINERS:
        digest.update(train.values[0](checkerboard(), UNSEEN + 1).vectors.tobytes())
    return digest.hexdigest()


@pytest.mark.slow
def test_vectors_do_not_depend_on_pythons_hash_seed() -> None:
    here = os.getcwd()  # noqa: PTH109 - the environment of a process takes text
    digests = {
        subprocess.run(
            [sys.executable, "-c", _PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": here},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1
