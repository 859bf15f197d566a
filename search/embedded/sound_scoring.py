"""The scores of a search with sound: vectors against a target, mixed with tags, and halved where a hit is demoted.

Products are whole numbers, which float32 adds up exactly in any order, so the matrix is multiplied by whatever BLAS is
there. It is unpacked a piece at a time that stays in the processor's cache: ten times as fast as all of it at once.
"""

from __future__ import annotations

from functools import reduce

import numpy as np
from numpy.typing import NDArray

from search.embedded.bits import unpack
from search.embedded.filters import Numbers
from search.embedded.scoring import HitSet, Scratch, add_scores
from search.embedded.sound_arrays import SegmentSound
from search.mixing import DEMOTION, SOUND_UNITS
from search.plan import Plan, SoundTarget
from search.sound import SOUND_DIMENSIONS, SOUND_PRODUCT, units_of

# Vectors unpacked at once: half a megabyte as float32.
_AT_ONCE = 1_024
# Below one vector in so many they are picked out rather than read in passing.
_PICK_BELOW = 4


def score_hits(found: HitSet, plan: Plan, numbers: Numbers, scratch: Scratch) -> NDArray[np.float32]:
    """Return the scores of all hits, shape (n_rows,), of other rows anything; valid until the next with `scratch`."""
    scores = add_scores(found.part, plan, numbers, scratch)
    if plan.sound is not None:
        _add_sound(scores, found, plan.sound, scratch)
    if plan.demoted:
        _demote(scores, found, plan, numbers)
    return scores


def _add_sound(scores: NDArray[np.float32], found: HitSet, target: SoundTarget, scratch: Scratch) -> None:
    segment = found.part.segment
    places = np.flatnonzero(unpack(found.rows, segment.n_rows)[segment.sound.rows])
    vector = units_of(target.vector).astype(np.float32)
    if len(places) * _PICK_BELOW < len(segment.sound.rows):
        products = _products_at(places, segment.sound, vector, scratch)
        scores[segment.sound.rows[places]] += _amounts(products, target.share)
    elif len(places):
        products = _products(segment.sound, vector, scratch)
        if len(products) == len(scores):
            scores += _amounts(products, target.share)
        else:
            scores[segment.sound.rows] += _amounts(products, target.share)


def _amounts(products: NDArray[np.float32], share: int) -> NDArray[np.float32]:
    """Return what sound adds to scores (`search.mixing.sound_score`), in place of the products."""
    products += np.float32(SOUND_PRODUCT)
    products *= np.float32(share / SOUND_UNITS)
    return products


def _products(sound: SegmentSound, vector: NDArray[np.float32], scratch: Scratch) -> NDArray[np.float32]:
    products, piece = _arrays(len(sound.vectors), scratch)
    for start in range(0, len(products), _AT_ONCE):
        stored = sound.vectors[start : start + _AT_ONCE]
        unpacked = piece[: len(stored)]
        np.copyto(unpacked, stored)
        np.dot(unpacked, vector, out=products[start : start + _AT_ONCE])
    return products


def _products_at(
    places: NDArray[np.int64], sound: SegmentSound, vector: NDArray[np.float32], scratch: Scratch
) -> NDArray[np.float32]:
    products, piece = _arrays(len(places), scratch)
    for start in range(0, len(places), _AT_ONCE):
        some = places[start : start + _AT_ONCE]
        unpacked = piece[: len(some)]
        np.copyto(unpacked, sound.vectors[some])
        np.dot(unpacked, vector, out=products[start : start + _AT_ONCE])
    return products


def _arrays(size: int, scratch: Scratch) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    piece = scratch.array("vectors", _AT_ONCE * SOUND_DIMENSIONS)
    return scratch.array("products", size), piece.reshape(_AT_ONCE, SOUND_DIMENSIONS)


def _demote(scores: NDArray[np.float32], found: HitSet, plan: Plan, numbers: Numbers) -> None:
    faint = found.part.segment.faint
    if faint.is_empty:
        return
    sets = [faint.rows(numbers(tag_id)) for tag_id in dict.fromkeys(plan.demoted)]
    rows = sets[0] if len(sets) == 1 else reduce(np.union1d, sets)
    scores[rows] *= np.float32(DEMOTION)
