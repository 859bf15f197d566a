"""`similar_to_recording`: tracks that sound like a recording that is sent."""

from __future__ import annotations

from msgspec import Struct

from audiomodel.hearing import Hearing, likely_tags, unpack_vector
from search.answers.similar import SimilarTracks
from search.similar_by import By
from search.similar_sound import Reference
from search.sound import quantize
from web.api.bodies import RawBody
from web.api.hearing import RECORDINGS, hear_body
from web.api.operations import operation
from web.api.problems import BAD_QUERY, CANNOT_HEAR, UNHEARD, UNKNOWN_TRACK
from web.api.similar import SIMILAR_TRACKS, Asked, Count, Drift, Mix, TrackIds, find_similar, references
from web.context import searcher
from web.running.uploads import MAX_UPLOAD

# What the recording is called among the references: it has no name that we know.
NAME = "the recording"


class RecordingParameters(Struct, frozen=True):
    """How to look for what is like the recording.

    Parameters
    ----------
    like
        Ids of tracks to be like as well; may be repeated.
    unlike
        Ids of tracks to be unlike; may be repeated.
    by
        ``sound``, ``tags`` that are surely heard in it, or ``both`` in equal parts; unless given sound.
    mix
        The share of tags, from 0 (by sound alone) to 1 (by tags alone), in sixteenths; instead of `by`.
    q
        What hits must be, in the query language: filters, words, ``-tag``. Tags in it are mixed in instead of those
        that are heard.
    k
        Tracks at most.
    drift
        The dial for kin of tags; unless given it is 0 by tags alone, and as in a search beside sound.
    """

    like: TrackIds = ()
    unlike: TrackIds = ()
    by: By | None = None
    mix: Mix | None = None
    q: Asked = ""
    k: Count = SIMILAR_TRACKS
    drift: Drift | None = None


@operation(
    "POST",
    "/similar",
    max_body=MAX_UPLOAD,
    takes=RECORDINGS,
    refusals=(BAD_QUERY, UNKNOWN_TRACK, UNHEARD, CANNOT_HEAR),
)
def similar_to_recording(parameters: RecordingParameters, body: RawBody) -> SimilarTracks:
    """Find the tracks that sound like a recording.

    The body is the file as it is: mp3, flac, ogg, opus, wav, aiff, m4a or webm, of at most 30 MB and ten minutes. For
    less than ten seconds, the best moments of the tracks take part in their order. A track of the very same audio is
    told in `same`. What was sent is deleted as soon as it was heard.
    """
    unlike = tuple(references(parameters.unlike, "unlike"))
    like = tuple(references(parameters.like, "like"))
    return find_similar((heard_reference(hear_body(body)), *like), unlike, parameters)


def heard_reference(hearing: Hearing) -> Reference:
    """Return what was heard as something that tracks may be like."""
    vocabulary = searcher().model.vocabulary
    certain = (tag.tag for tag in likely_tags(hearing) if tag.certain)
    tags = tuple(dict.fromkeys(vocabulary.canonical_id(tag) for tag in certain))
    vector = quantize(unpack_vector(hearing.vector))
    return Reference(NAME, vector, hearing.seconds, tags, tags, audio_id=hearing.audio_id)
