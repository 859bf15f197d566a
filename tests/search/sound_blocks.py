"""Tracks in blocks that sound alike, so that what is near is known by heart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import hadamard

from search.document import Document
from search.sound import SOUND_DIMENSIONS, Moment, Sound, quantize
from tagmodel.track import Track
from tests.search.small_catalogue import an_id

# Directions of sound that have nothing in common; along a single axis they would be clipped.
CALM, LOUD, ODD = hadamard(SOUND_DIMENSIONS)[1:4] / np.sqrt(SOUND_DIMENSIONS)


def between(near: NDArray[np.float64], far: NDArray[np.float64], cosine: float) -> bytes:
    """Return a vector with a given cosine to `near`, the rest towards `far`."""
    return quantize(cosine * near + np.sqrt(1 - cosine**2) * far)


def moment(start: float, vector: bytes, *tags: str) -> Moment:
    return Moment(start, 15.0, vector, tuple(map(an_id, tags)))


def track(
    track_id: str, vector: bytes, *tags: str, heard: str = "", moments: tuple[Moment, ...] = (), **values: object
) -> Document:
    sound = Sound(vector, moments or (moment(0, vector),), seconds=30.0, **values)  # type: ignore[arg-type]
    listened = (an_id(heard),) if heard else ()
    block, _, number = track_id.partition(":")
    genre = "Jazz" if "jazz" in tags else "Rock"
    return Document(
        Track(track_id, f"{block} {number}".title(), f"The {block}s".title(), genre=genre),
        tuple(map(an_id, tags)),
        heard=listened,
        heard_weights=(200,) * len(listened),
        sound=sound,
    )


CATALOGUE = (
    track("calm:1", between(CALM, LOUD, 0.99), "jazz", "piano", audio_id="a" * 32),
    track("calm:2", between(CALM, LOUD, 0.95), heard="piano"),
    track("calm:3", between(CALM, LOUD, 0.90), "jazz", "slow"),
    track("loud:1", between(LOUD, CALM, 0.99), "rock", "fast"),
    track("loud:2", between(LOUD, CALM, 0.95), "rock", "piano", bpm=100.0),
    # Odd on the whole, calm in its second half.
    track("odd:1", between(ODD, CALM, 0.8), moments=(moment(0, quantize(ODD)), moment(15, quantize(CALM), "piano"))),
    Document(Track("silent:1", title="Silent"), (an_id("jazz"), an_id("piano"))),
)
