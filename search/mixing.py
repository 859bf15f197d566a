"""How tags and sound become one score, in numbers that float32 holds without rounding (ADR 7).

Scores of tags are whole multiples of 2⁻²⁰ below 16, and so is what sound adds: a product of vectors is rounded down to
one. Both engines, and the explanation, take their numbers from here.
"""

from __future__ import annotations

import math
from fractions import Fraction

from search.document import DOCUMENT_UNITS
from search.plan import PLAN_UNITS, SHARES
from search.sound import SOUND_PRODUCT

# What a hit keeps of its score when a tag that the query excludes was heard on it faintly.
DEMOTION = 0.5

# Scores are whole multiples of 1 / SCORE_UNITS.
SCORE_UNITS = PLAN_UNITS * DOCUMENT_UNITS


def tag_weight(weight: float, share: int) -> float:
    """Return the weight of a term beside sound that has `share` sixteenths of the score.

    A whole multiple of 1/4096 once more, and never 0 unless sound has everything: what reaches a group scores.
    """
    if share == SHARES:
        return 0.0
    units = Fraction(weight) * PLAN_UNITS * (SHARES - share) / SHARES
    return max(1, math.floor(units + Fraction(1, 2))) / PLAN_UNITS


def sound_score(product: int, share: int) -> float:
    """Return what sound adds to a score: ``share / 16 * (1 + cosine) / 2``, rounded down to a multiple of 2⁻²⁰.

    Parameters
    ----------
    product
        Of the quantized vectors of target and track.
    """
    clipped = max(-SOUND_PRODUCT, min(SOUND_PRODUCT, product))
    return (share * (SOUND_PRODUCT + clipped) // 2) / SCORE_UNITS
