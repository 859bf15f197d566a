"""What an engine stores of a track: the track itself, and its tags as weighted features in three families.

Weights are whole units of 1/256, so that every product and sum of a search is exact in float32 (ADR 1): both engines,
on any machine and in any summation order, then give the same scores to the last bit.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from tagmodel.track import Track

# Stored weights are whole multiples of 1/256: at most nine significant bits, which is what Lucene keeps.
DOCUMENT_UNITS = 256  # units per 1.0


class Family(enum.StrEnum):
    """How a tag came to be on a track."""

    TYPED = "typed"  # by a person; weight 1
    HEARD = "heard"  # in the audio; weight is a calibrated probability
    IMPLIED = "implied"  # by the typed tags, says the tag model; weight is a calibrated probability


@dataclass(frozen=True, slots=True)
class Document:
    """A track as an engine stores it.

    Parameters
    ----------
    typed
        Canonical tag ids that people gave, unique, in typed order; each weighs 1.
    heard, implied
        Canonical tag ids disjoint from `typed`: what people say is never counted twice.
    heard_weights, implied_weights
        Parallel to `heard` and `implied`, whole units of 1/256 in [1, 256].
    model_id
        The tag model that made `implied`; ``""`` when none did.
    """

    track: Track
    typed: tuple[str, ...] = ()
    implied: tuple[str, ...] = ()
    implied_weights: tuple[int, ...] = ()
    heard: tuple[str, ...] = ()
    heard_weights: tuple[int, ...] = ()
    model_id: str = ""
