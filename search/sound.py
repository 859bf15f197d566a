"""How a track sounds, as an index keeps it: vectors of whole numbers, so that engines agree to the last bit (ADR 7).

A vector is a unit vector times 256, rounded, and shorter than that: 128 bytes a track. Products of such vectors are
whole numbers of at most 17 bits, which float32 adds up without rounding, in any order. An index imports no audio code:
what was heard comes in as these values.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:  # commands import this module before they know whether they need any numbers
    import numpy as np
    from numpy.typing import NDArray

SOUND_DIMENSIONS = 128
SOUND_SCALE = 256  # units per 1.0 of a unit vector
# A product of two vectors is in units of 1/65536.
SOUND_PRODUCT = SOUND_SCALE**2
# Moments kept of one track, all in which a recording is heard. Of five seconds each, they cover two minutes without a
# gap, and half of a song of four.
MOST_MOMENTS = 24

_LARGEST = 127  # of an int8, on both sides: a vector can then be turned around


class Moment(Struct, frozen=True, gc=False):
    """A stretch of a track with what was heard in it.

    Parameters
    ----------
    start, seconds
        Where it begins and how long it lasts.
    vector
        As `Sound.vector`, of this stretch alone.
    tags
        Ids of the likeliest tags.
    """

    start: float
    seconds: float
    vector: bytes
    tags: tuple[str, ...] = ()


class Sound(Struct, frozen=True, gc=False):
    """How a track sounds.

    Parameters
    ----------
    vector
        As `quantize` makes it, ``b""`` where there is none: such a track is never found by sound.
    moments
        In order of time, at most `MOST_MOMENTS`.
    seconds
        Duration of the audio, which may differ from what the catalogue says of the track.
    bpm, key
        Beats per minute, and a key such as "A minor"; None and ``""`` where there is none.
    bpm_confidence, key_confidence
        In [0, 1].
    audio_id, tagger_id
        Which audio it is, and which tagger heard it.
    status
        How far it may be trusted, in the tagger's word.
    genre
        Spelling of the likeliest top genre; ``""`` where the tagger abstained.
    file
        Path below the root of the audio files, with ``/``; ``""`` where there is no file to play.
    doubted
        Ids of typed tags that the audio contradicts.
    """

    vector: bytes = b""
    moments: tuple[Moment, ...] = ()
    seconds: float | None = None
    bpm: float | None = None
    bpm_confidence: float = 0.0
    key: str = ""
    key_confidence: float = 0.0
    audio_id: str = ""
    tagger_id: str = ""
    status: str = ""
    genre: str = ""
    file: str = ""
    doubted: tuple[str, ...] = ()


def quantize(vector: NDArray[np.floating[Any]]) -> bytes:
    """Return a vector of shape (128,), of any length but 0, as whole numbers in [-127, 127], one byte each.

    Raises
    ------
    ValueError
        If it has another shape, points nowhere, or holds what is no number.
    """
    import numpy as np

    if vector.shape != (SOUND_DIMENSIONS,):
        raise ValueError(f"expected a vector of {SOUND_DIMENSIONS} numbers, got shape {vector.shape}")
    exact = vector.astype(np.float64)
    length = float(np.linalg.norm(exact))
    if not np.isfinite(length) or length == 0:
        raise ValueError(f"expected a vector that points somewhere, got one of length {length}")
    exact *= SOUND_SCALE / length
    return _rounded(exact).tobytes()


def _rounded(exact: NDArray[np.float64]) -> NDArray[np.int8]:
    """Round so that the vector stays shorter than `SOUND_SCALE`: no cosine then reaches 1 or -1."""
    import numpy as np

    units = np.clip(np.rint(exact), -_LARGEST, _LARGEST)
    # What was rounded up most is rounded down instead; a handful of numbers, as errors nearly cancel out.
    for place in np.argsort(np.abs(exact) - np.abs(units), kind="stable"):
        if units @ units < SOUND_PRODUCT:
            break
        units[place] -= np.sign(units[place])
    return units.astype(np.int8)


def units_of(vector: bytes) -> NDArray[np.int8]:
    """Return the whole numbers of a quantized vector, shape (128,)."""
    import numpy as np

    if len(vector) != SOUND_DIMENSIONS:
        raise ValueError(f"expected a vector of {SOUND_DIMENSIONS} bytes, got {len(vector)}")
    return np.frombuffer(vector, np.int8)


def similarity(a: bytes, b: bytes) -> float:
    """Return the cosine of two quantized vectors, in [-1, 1]."""
    product = int(units_of(a).astype("int64") @ units_of(b).astype("int64"))
    return product / SOUND_PRODUCT


def check_sound(sound: Sound) -> None:
    """Raise `ValueError` if a vector is not as `quantize` makes it, or a number says nothing."""
    if sound.vector:
        check_vector(sound.vector)
    if len(sound.moments) > MOST_MOMENTS:
        raise ValueError(f"expected at most {MOST_MOMENTS} moments, got {len(sound.moments)}: keep the telling ones")
    for moment in sound.moments:
        check_vector(moment.vector)
    for name in ("seconds", "bpm"):
        value = getattr(sound, name)
        if value is not None and not 0 < value < math.inf:
            raise ValueError(f"expected {name} above 0, or None where it is not known, got {value}")


def check_vector(vector: bytes) -> None:
    """Raise `ValueError` if a vector is not as `quantize` makes it: products would pass the bounds of scores."""
    units = units_of(vector)
    wide = units.astype("int64")
    if not 0 < wide @ wide < SOUND_PRODUCT or units.min() < -_LARGEST:
        raise ValueError("expected a vector in units of 1/256 that points somewhere: was it quantized?")
