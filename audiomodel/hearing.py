"""What was heard in one recording: plain values, ready for JSON, MessagePack and the cache.

Vectors travel as float16 bytes: an index quantizes them further, and half precision loses nothing that it keeps.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

# Length of the vector of a recording, and of each of its moments.
DIMENSIONS = 128

# How far what was heard may be trusted; only "unlike" keeps quiet about tags.
Status = Literal["ok", "short", "unlike"]


class HeardTag(Struct, frozen=True):
    """A tag that was heard.

    Parameters
    ----------
    tag
        As the tagger spells it.
    probability
        Calibrated, in [0, 1].
    certain
        Whether the probability is above the tag's cut-off: from there on it counts as a tag of the recording.
    """

    tag: str
    probability: float
    certain: bool = False


class Moment(Struct, frozen=True):
    """A stretch of a recording with what was heard in it.

    Parameters
    ----------
    start, seconds
        Where it begins, and how long it lasts.
    vector
        As `Hearing.vector`, of this stretch alone.
    tags
        The likeliest, at most three.
    """

    start: float
    seconds: float
    vector: bytes
    tags: tuple[HeardTag, ...] = ()


class Hearing(Struct, frozen=True):
    """What was heard in one recording.

    Parameters
    ----------
    audio_id
        Which audio it is (`audiomodel.identity`), wherever the file lies and whatever is written in its tags.
    tagger_id
        Which tagger heard it.
    seconds
        Duration.
    status
        ``ok``; ``short``: too little to be as sure as of a whole clip, and the probabilities say so; ``unlike``: not
        like the music that the tagger learned from, so that it names no tags.
    genre
        The likeliest top genre; None where the tagger abstains.
    tags
        Likeliest first, those of 0.05 and more; empty where it abstains.
    vector
        How it sounds: a unit vector of `DIMENSIONS` numbers, float16.
    moments
        Stretches in order of time, which overlap.
    unlikeness
        How far from the music that the tagger learned from; from 1 on it abstains.
    bpm, key
        None and ``""`` where there is no beat or no key.
    bpm_confidence, key_confidence
        In [0, 1].
    container, sample_rate, channels
        Of the file, before anything was changed.
    """

    audio_id: str
    tagger_id: str
    seconds: float
    status: Status
    genre: HeardTag | None
    tags: tuple[HeardTag, ...]
    vector: bytes
    moments: tuple[Moment, ...] = ()
    unlikeness: float = 0.0
    bpm: float | None = None
    bpm_confidence: float = 0.0
    key: str = ""
    key_confidence: float = 0.0
    container: str = ""
    sample_rate: int = 0
    channels: int = 0


def likely_tags(hearing: Hearing) -> tuple[HeardTag, ...]:
    """Return what was heard, each tag once, likeliest first; the top genre is one of the tags."""
    genre = () if hearing.genre is None else (hearing.genre,)
    heard: dict[str, HeardTag] = {}
    for one in sorted((*hearing.tags, *genre), key=lambda tag: (tag.certain, tag.probability), reverse=True):
        heard.setdefault(one.tag, one)
    return tuple(sorted(heard.values(), key=lambda one: -one.probability))


def pack_vector(vector: NDArray[np.floating]) -> bytes:
    """Return a vector of shape (DIMENSIONS,) as a hearing keeps it."""
    if vector.shape != (DIMENSIONS,):
        raise ValueError(f"expected a vector of {DIMENSIONS} numbers, got shape {vector.shape}")
    return vector.astype("<f2").tobytes()


def unpack_vector(packed: bytes) -> NDArray[np.float32]:
    """Return the vector of shape (DIMENSIONS,) that `pack_vector` packed."""
    if len(packed) != 2 * DIMENSIONS:
        raise ValueError(f"expected {2 * DIMENSIONS} bytes of a vector, got {len(packed)}")
    return np.frombuffer(packed, "<f2").astype(np.float32)
