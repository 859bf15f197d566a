"""What programs get of a hearing: the frozen types that command line and API write as JSON, from the same code."""

from __future__ import annotations

from msgspec import Struct

from audiomodel.hearing import HeardTag, Hearing, Status
from audiomodel.tagger import TaggerCard


class HeardTempo(Struct, frozen=True):
    """A tempo that was heard.

    Parameters
    ----------
    bpm
        Beats a minute; half or twice of it may be what somebody taps.
    confidence
        In [0, 1].
    """

    bpm: float
    confidence: float


class HeardKey(Struct, frozen=True):
    """A key that was heard.

    Parameters
    ----------
    name
        Such as ``C major`` or ``F# minor``.
    confidence
        In [0, 1].
    """

    name: str
    confidence: float


class HeardMoment(Struct, frozen=True):
    """A stretch of a recording, and what was heard in it.

    Parameters
    ----------
    start, seconds
        Where it begins, and how long it lasts.
    tags
        The likeliest, at most three.
    """

    start: float
    seconds: float
    tags: tuple[HeardTag, ...]


class HeardBy(Struct, frozen=True):
    """Who listened.

    Parameters
    ----------
    tagger_id
        Which tagger, by content: another one hears other things.
    name
        Of the tagger.
    hears
        What it can hear, in a sentence.
    """

    tagger_id: str
    name: str
    hears: str


class Heard(Struct, frozen=True):
    """What was heard in a recording.

    Parameters
    ----------
    status
        ``ok``; ``short``: less than ten seconds, so that less is sure; ``unlike``: not like the music that the tagger
        learned from, so that it names no tags.
    genre
        The likeliest top genre; null where the tagger abstains.
    tags
        Likeliest first, from a probability of 0.05 on.
    tempo, key
        Null where there is no beat, or no key.
    moments
        Stretches in order of time, which overlap.
    unlikeness
        How far from the music that the tagger learned from; from 1 on it abstains.
    audio_id
        Which audio it is, whatever the file is called and whatever is written in its tags.
    seconds, container, sample_rate, channels
        Of the file.
    tagger
        Who listened.
    """

    status: Status
    genre: HeardTag | None
    tags: tuple[HeardTag, ...]
    tempo: HeardTempo | None
    key: HeardKey | None
    moments: tuple[HeardMoment, ...]
    unlikeness: float
    audio_id: str
    seconds: float
    container: str
    sample_rate: int
    channels: int
    tagger: HeardBy


def heard_answer(hearing: Hearing, card: TaggerCard) -> Heard:
    """Write for programs what was heard, without the vectors."""
    return Heard(
        status=hearing.status,
        genre=hearing.genre,
        tags=hearing.tags,
        tempo=None if hearing.bpm is None else HeardTempo(hearing.bpm, hearing.bpm_confidence),
        key=HeardKey(hearing.key, hearing.key_confidence) if hearing.key else None,
        moments=tuple(HeardMoment(one.start, one.seconds, one.tags) for one in hearing.moments),
        unlikeness=hearing.unlikeness,
        audio_id=hearing.audio_id,
        seconds=hearing.seconds,
        container=hearing.container,
        sample_rate=hearing.sample_rate,
        channels=hearing.channels,
        tagger=HeardBy(hearing.tagger_id, card.name, card.hears),
    )
