"""How tags and sound become one score, in numbers that float32 holds without rounding (ADR 7).

Scores of tags are whole multiples of 2⁻²⁰, and what sound adds is one of 2⁻²¹: below 8, where sums of both are exact,
are all scores of which sound has half, and all others that do not come from six tags or more. Both engines, and the
explanation, take their numbers from here.
"""

from __future__ import annotations

import math
from fractions import Fraction

from search.plan import PLAN_UNITS, SHARES
from search.sound import SOUND_PRODUCT

# What a hit keeps of its score when a tag that the query excludes was heard on it faintly.
DEMOTION = 0.5

# What sound adds is a whole multiple of 1 / SOUND_UNITS, whatever its share.
SOUND_UNITS = 2 * SHARES * SOUND_PRODUCT


def tag_weight(weight: float, share: int) -> float:
    """Return the weight of a term beside sound that has `share` sixteenths of the score.

    A whole multiple of 1/4096 once more, and never 0 unless sound has everything: what reaches a group scores.
    """
    if share == SHARES:
        return 0.0
    units = Fraction(weight) * PLAN_UNITS * (SHARES - share) / SHARES
    return max(1, math.floor(units + Fraction(1, 2))) / PLAN_UNITS


def sound_score(product: int, share: int) -> float:
    """Return what sound adds to a score: ``share / 16 * (1 + cosine) / 2``.

    Parameters
    ----------
    product
        Of the quantized vectors of target and track.
    """
    return share * (SOUND_PRODUCT + product) / SOUND_UNITS
