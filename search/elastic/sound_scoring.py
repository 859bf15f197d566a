"""The scores of a search with sound on the server, exact as the embedded engine's, without any script (ADR 7).

The server scores vectors of bytes by one more than their product where that is not negative. So each vector is longer
by a few numbers that add the rest of what is wanted: a hit scores ``65536 + product``, times a power of two and the
share. It compares at most 10,000 vectors with one clause; so tracks are dealt into slots, and there are as many clauses
as it takes that none meets more than that: every track is compared, and none is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from itertools import pairwise
from typing import Any

from search.mixing import DEMOTION, SOUND_UNITS
from search.plan import SoundTarget
from search.sound import SOUND_DIMENSIONS, units_of

Query = dict[str, Any]

# What follows the numbers of a stored vector, and of one that is asked for: their product is 65535.
_STORED_REST = (-128, -128, -128, 127, 2)
_ASKED_REST = (-128, -128, -128, 127, 127)
STORED_DIMENSIONS = SOUND_DIMENSIONS + len(_STORED_REST)

# What one clause may compare.
_MOST_COMPARED = 10_000
# What it compares on average: tracks are dealt by a hash, and 50 deviations lie between the two.
_COMPARED = 6_000
_SLOTS = 65_536


def stored_vector(vector: bytes) -> list[int]:
    """Return a quantized vector as the server stores it."""
    return [*units_of(vector).tolist(), *_STORED_REST]


def slot_of(track_id: str) -> int:
    """Return which slot a track is dealt into."""
    return int.from_bytes(blake2b(track_id.encode(), digest_size=2).digest())


def sound_clause(target: SoundTarget, n_vectors: int) -> Query:
    """Return a clause that is met by every track with a vector, and adds to its score what sound does.

    Parameters
    ----------
    n_vectors
        How many there are, or a little less: there is room for two thirds more.
    """
    n_clauses = max(1, -(-n_vectors // _COMPARED))
    borders = [_SLOTS * number // n_clauses for number in range(n_clauses + 1)]
    asked = [*units_of(target.vector).tolist(), *_ASKED_REST]
    clauses = [_nearest(asked, target.share, low, high) for low, high in pairwise(borders)]
    return {"bool": {"should": clauses, "minimum_should_match": 1}}


def _nearest(asked: Sequence[int], share: int, low: int, high: int) -> Query:
    knn: Query = {
        "field": "sound",
        "query_vector": asked,
        "k": _MOST_COMPARED,
        "num_candidates": _MOST_COMPARED,
        "boost": share / SOUND_UNITS,
        "filter": {"range": {"slot": {"gte": low, "lt": high}}},
    }
    return {"knn": knn}


def demoted(hits: Query, tag_ids: Sequence[str]) -> Query:
    """Return a query whose hits have half their score where one of some tags was heard faintly."""
    faint = {"terms": {"faint": sorted(set(tag_ids))}}
    return {"boosting": {"positive": hits, "negative": faint, "negative_boost": DEMOTION}}
