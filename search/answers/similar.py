"""Tracks that are like some references for programs, with how near they sound, where most, and the tags they share."""

from __future__ import annotations

from msgspec import Struct

from search import similar_hits as domain
from search.answers.tracks import Contribution, Track, hit_answer, track_answer
from search.document import Family
from search.result import Hit
from search.similar_by import By
from search.similar_sound import Reference


class SimilarReference(Struct, frozen=True):
    """What the hits are like, or unlike.

    Parameters
    ----------
    name
        Its title, or the name of the file.
    track_id
        Of a track of the index; empty for what was heard just now.
    like
        False where the hits are to be unlike it.
    """

    name: str
    track_id: str
    like: bool


class NearMoment(Struct, frozen=True, gc=False):
    """The moment of a hit that sounds most like the references.

    Parameters
    ----------
    start
        Where it begins, in seconds.
    seconds
        How long it lasts.
    similarity
        Cosine of its own sound and theirs, from -1 to 1.
    tags
        What is heard in it, likeliest first.
    """

    start: float
    seconds: float
    similarity: float
    tags: tuple[str, ...]


class SharedTag(Struct, frozen=True, gc=False):
    """A tag that a hit has in common with the references.

    Parameters
    ----------
    tag_id
        The same on every machine and with every model.
    spelling
        The form to show.
    family
        How the hit came to have it: ``typed`` by people, or ``heard`` in the audio.
    """

    tag_id: str
    spelling: str
    family: Family


class SimilarTrack(Struct, frozen=True):
    """A track that is like the references.

    Parameters
    ----------
    track
        What was found.
    score
        Higher is better; `sound_amount` and the contributions' amounts, or half of that where the hit is demoted.
    contributions
        What its tags add to the score.
    sound_amount
        What its sound adds.
    similarity
        Cosine of sound of the whole track, from -1 to 1; null where one side was never listened to.
    moment
        Where it sounds most like the references; null where nobody listened.
    shared
        Tags in common, the rarest first.
    demoted_by
        Excluded tags that were heard in it, but not surely: they cost it half its score.
    """

    track: Track
    score: float
    contributions: tuple[Contribution, ...]
    sound_amount: float
    similarity: float | None
    moment: NearMoment | None
    shared: tuple[SharedTag, ...]
    demoted_by: tuple[str, ...]


class SimilarTracks(Struct, frozen=True):
    """Tracks like some references.

    Parameters
    ----------
    by
        What they were compared by.
    mix
        The share of the score that tags have, from 0 to 1, in sixteenths.
    references
        What they are like, or unlike; none is among the hits.
    same
        Ids of tracks that are the very audio of a reference; they are not among the hits either.
    by_moment
        Whether the best moments of the hits took part in their order, as the references are only seconds long.
    hits
        The most similar first.
    n_compared
        Tracks that were compared, references aside: by sound those that were listened to, else those with a tag in
        common.
    """

    by: By
    mix: float
    references: tuple[SimilarReference, ...]
    same: tuple[str, ...]
    by_moment: bool
    hits: tuple[SimilarTrack, ...]
    n_compared: int


def similar_answer(result: domain.SimilarResult) -> SimilarTracks:
    """Return tracks like some references for programs."""
    request = result.request
    return SimilarTracks(
        by=result.by,
        mix=request.tag_share,
        references=(*_references(request.like, True), *_references(request.unlike, False)),
        same=tuple(track.track_id for track in result.same),
        by_moment=result.by_moment,
        hits=tuple(map(_similar_track, result.hits)),
        n_compared=result.n_compared,
    )


def _references(references: tuple[Reference, ...], like: bool) -> tuple[SimilarReference, ...]:
    return tuple(SimilarReference(one.name, one.track_id, like) for one in references)


def _similar_track(hit: domain.SimilarHit) -> SimilarTrack:
    near = hit.moment
    return SimilarTrack(
        track=track_answer(hit.track),
        score=hit.score,
        contributions=hit_answer(Hit(hit.track, hit.score, hit.contributions)).contributions,
        sound_amount=hit.sound_amount,
        similarity=hit.similarity,
        moment=None if near is None else NearMoment(near.start, near.seconds, near.similarity, hit.moment_tags),
        shared=tuple(SharedTag(tag.tag_id, tag.spelling, tag.family) for tag in hit.shared),
        demoted_by=hit.demoted_by,
    )
