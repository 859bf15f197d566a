"""What an engine stores of a track: the track itself, and its tags as weighted features in three families.

Weights are whole units of 1/256, so that every product and sum of a search is exact in float32 (ADR 1): both engines,
on any machine and in any summation order, then give the same scores to the last bit.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from search.sound import Sound, check_sound
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
    faint
        Ids of tags heard, but not surely enough for `heard`, and not typed: they only ever demote.
    sound
        How the track sounds; None where nobody listened.
    """

    track: Track
    typed: tuple[str, ...] = ()
    implied: tuple[str, ...] = ()
    implied_weights: tuple[int, ...] = ()
    heard: tuple[str, ...] = ()
    heard_weights: tuple[int, ...] = ()
    model_id: str = ""
    faint: tuple[str, ...] = ()
    sound: Sound | None = None


def check_document(document: Document) -> None:
    """Raise `ValueError` if tags are doubled or do not match their weights: they would score twice, or nothing."""
    _check_family(document, "typed", document.typed, (1,) * len(document.typed))
    if document.implied or document.implied_weights:
        _check_family(document, "implied", document.implied, document.implied_weights)
    if document.heard or document.heard_weights:
        _check_family(document, "heard", document.heard, document.heard_weights)
    if document.faint:
        _check_faint(document)
    if document.sound is not None:
        _check_sound(document, document.sound)


def _check_family(document: Document, family: str, tag_ids: Sequence[str], units: Sequence[int]) -> None:
    problem = ""
    if len(tag_ids) != len(units):
        problem = f"expected as many weights of {family} tags as tags, got {len(units)} for {len(tag_ids)}"
    elif len(set(tag_ids)) != len(tag_ids):
        problem = f"expected different {family} tags, got {tag_ids}"
    elif units and (min(units) < 1 or max(units) > DOCUMENT_UNITS):
        problem = (
            f"expected weights of {family} tags from 1 to {DOCUMENT_UNITS}, got {units}. Are they in units of 1/256?"
        )
    elif family != "typed" and not set(document.typed).isdisjoint(tag_ids):
        problem = f"expected {family} tags that nobody typed, got {sorted(set(document.typed).intersection(tag_ids))}"
    if problem:
        raise ValueError(f"track {document.track.track_id!r}: {problem}")


def _check_faint(document: Document) -> None:
    _check_family(document, "faint", document.faint, (1,) * len(document.faint))
    twice = set(document.heard).intersection(document.faint)
    if twice:
        raise ValueError(f"track {document.track.track_id!r}: expected tags heard or faint, got both: {sorted(twice)}")


def _check_sound(document: Document, sound: Sound) -> None:
    try:
        check_sound(sound)
    except ValueError as error:
        raise ValueError(f"track {document.track.track_id!r}: {error}") from error
