"""What "sounds like this, and not like that" means: references, the one vector they make, and the best moment of a hit.

References are combined as Rocchio did with documents: the mean of what hits are to sound like, less a share of the mean
of what they are not to sound like. A few seconds of music are a moment, not a track, so that hits for such excerpts are
ranked once more by their own best moment.

References
----------
J. J. Rocchio, "Relevance feedback in information retrieval", in The SMART Retrieval System, 1971.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from msgspec import Struct

from search.document import Document
from search.mixing import DEMOTION
from search.plan import SHARES
from search.result import MAX_K, RequestError
from search.similar_by import By
from search.sound import SOUND_PRODUCT, Moment, Sound, quantize, units_of

# What hits are not to sound like counts this much of what they are to sound like: at 1 a reference would be all but
# cancelled by an unlike one that resembles it.
UNLIKE_SHARE = 0.5
# A reference under this length is an excerpt: a moment of a track, which may sound unlike the whole of it.
EXCERPT_SECONDS = 10.0  # seconds
# Best hits for an excerpt that are ranked once more by their best moment.
RERANKED = 200  # hits
# What the best moment counts beside the whole track when they are; the whole has the rest. Of excerpts of validation
# clips, with noise and by telephone, .70, .75, .81, .82, .82, .82 were found with 0, .25, .5, .75, .9 and 1.
MOMENT_WEIGHT = 0.9
# Under this length a sum of unit vectors points nowhere that means anything.
_LEAST_LENGTH = 1e-3


@dataclass(frozen=True, slots=True)
class Reference:
    """Something that hits are to sound like, or unlike.

    Parameters
    ----------
    name
        To show.
    vector
        As `search.sound.quantize` makes it; ``b""`` where nobody listened.
    seconds
        Of the audio; None where it is not known.
    tags
        Ids of the tags that may be mixed in: those that people typed, else those that were surely heard.
    heard
        Ids of tags that were surely heard: they, too, are reasons where a hit has them.
    track_id
        Of a track of the index, which is then left out of the hits; ``""`` for what was heard just now.
    audio_id
        Which audio it is; tracks of the same audio are left out, too, and named.
    """

    name: str
    vector: bytes = b""
    seconds: float | None = None
    tags: tuple[str, ...] = ()
    heard: tuple[str, ...] = ()
    track_id: str = ""
    audio_id: str = ""

    @classmethod
    def of_document(cls, document: Document) -> Reference:
        """Return a track of an index as a reference."""
        track, sound = document.track, document.sound or Sound()
        seconds = track.duration if sound.seconds is None else sound.seconds
        tags = document.typed or document.heard
        return cls(
            track.display_title, sound.vector, seconds, tags, document.heard, track.track_id, sound.audio_id
        )

    @property
    def is_excerpt(self) -> bool:
        """Whether it is too short to be a whole track."""
        return not self.track_id and self.seconds is not None and self.seconds < EXCERPT_SECONDS


@dataclass(frozen=True, slots=True)
class SimilarRequest:
    """A search for what is like some references.

    Parameters
    ----------
    like, unlike
        At least one to be like.
    k
        Hits at most.
    mix
        From 0, by sound alone, to 1, by tags alone; None is 0 where all that hits are to be like has sound, else 1.
    text
        Filters, tags and words of the query language that every hit has to meet. Its tags, where there are any, are
        mixed in instead of those of the references.
    drift
        The dial for kin of the tags; None for none by tags alone, else the usual one.

    Raises
    ------
    RequestError
        If a number is out of its range, there is nothing to be like, or sound is asked of what has none.
    """

    like: tuple[Reference, ...]
    unlike: tuple[Reference, ...] = ()
    k: int = 5
    mix: float | None = None
    text: str = ""
    drift: float | None = None

    def __post_init__(self) -> None:
        if not self.like:
            raise RequestError("expected at least one reference to be like, got none: unlike alone points nowhere")
        if not 1 <= self.k <= MAX_K:
            raise RequestError(f"k is the number of tracks, from 1 to {MAX_K}, not {self.k}")
        if self.mix is not None and not 0.0 <= self.mix <= 1.0:
            raise RequestError(f"mix is a number from 0 (by sound alone) to 1 (by tags alone), not {self.mix}")
        if self.share:
            self._check_sound()
        elif self.unlike:
            raise RequestError("expected sound for what tracks are to be unlike; tags are left out with -tag instead")

    @property
    def share(self) -> int:
        """Sixteenths of the score that sound has."""
        if self.mix is None:
            return SHARES if all(one.vector for one in self.like) else 0
        return round(SHARES * (1.0 - self.mix))

    @property
    def tag_share(self) -> float:
        """The rest, that tags have, in [0, 1]."""
        return 1.0 - self.share / SHARES

    @property
    def by(self) -> By:
        """What it compares; both where each has a part of the score."""
        return {0: By.TAGS, SHARES: By.SOUND}.get(self.share, By.BOTH)

    @property
    def is_excerpt(self) -> bool:
        """Whether all that hits are to be like is too short to be a whole track."""
        return all(one.is_excerpt for one in self.like)

    def target(self) -> bytes:
        """Return the vector of sound that hits are to be near; ``b""`` where it is not known."""
        if not all(one.vector for one in (*self.like, *self.unlike)):
            return b""
        return combine([one.vector for one in self.like], [one.vector for one in self.unlike])

    def _check_sound(self) -> None:
        silent = [one.name for one in (*self.like, *self.unlike) if not one.vector]
        if silent:
            raise RequestError(
                f"nobody has listened to {', '.join(silent)}: index the files of sound, or compare by tags"
            )


def combine(like: Sequence[bytes], unlike: Sequence[bytes] = ()) -> bytes:
    """Return one quantized vector: the mean of `like` less `UNLIKE_SHARE` of the mean of `unlike`, of length 1.

    Raises
    ------
    RequestError
        If they cancel each other out.
    """
    if len(like) == 1 and not unlike:
        return like[0]
    direction = np.mean([units_of(one) for one in like], axis=0)
    if unlike:
        direction -= UNLIKE_SHARE * np.mean([units_of(one) for one in unlike], axis=0)
    if np.linalg.norm(direction) < _LEAST_LENGTH:
        raise RequestError("these references cancel each other out: leave one of them away")
    return quantize(direction)


class NearMoment(Struct, frozen=True, gc=False):
    """The moment of a hit that is nearest to the references.

    Parameters
    ----------
    start, seconds
        Where it begins and how long it lasts.
    similarity
        Cosine of its own vector and theirs, in [-1, 1].
    tags
        Ids of what is heard in it.
    """

    start: float
    seconds: float
    similarity: float
    tags: tuple[str, ...]


def nearest_moment(target: bytes, moments: Sequence[Moment]) -> NearMoment | None:
    """Return the moment nearest to a vector, the first of equally near ones; None without moments."""
    if not target or not moments:
        return None
    vectors = np.frombuffer(b"".join(moment.vector for moment in moments), np.int8).reshape(len(moments), -1)
    products = vectors.astype(np.int64) @ units_of(target).astype(np.int64)
    at = int(np.argmax(products))
    best = moments[at]
    cosine = max(-1.0, min(1.0, int(products[at]) / SOUND_PRODUCT))
    return NearMoment(best.start, best.seconds, cosine, best.tags)


def reranked_score(score: float, share: int, whole: float, moment: float, demoted: bool) -> float:
    """Return the score of a hit when its best moment counts `MOMENT_WEIGHT` of its sound, and the whole the rest.

    Parameters
    ----------
    score
        What the engine gave it.
    share
        Sixteenths of the score that sound has.
    whole, moment
        Cosines of track and best moment.
    demoted
        Whether the engine cut the score for an excluded tag that was heard faintly.
    """
    change = share / SHARES * MOMENT_WEIGHT * (moment - whole) / 2
    return score + (change * DEMOTION if demoted else change)
