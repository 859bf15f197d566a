"""`similar`: tracks like some tracks of the index, by sound, by tags, or by both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Protocol

from msgspec import Meta, Struct

from search.answers.similar import SimilarTracks, similar_answer
from search.result import MAX_K, RequestError
from search.searcher import UnknownTrack
from search.similar_by import By
from search.similar_sound import Reference, SimilarRequest
from tagmodel.track import LONGEST_ID
from web.addresses import MAX_TEXT
from web.api.naming import TrackId
from web.api.operations import operation
from web.api.problems import BAD_PARAMETER, BAD_QUERY, UNKNOWN_TRACK, Refusal
from web.context import searcher

# More references would be a search for everything.
MAX_REFERENCES = 8
SIMILAR_TRACKS = 5

TrackIds = Annotated[
    tuple[Annotated[str, Meta(min_length=1, max_length=LONGEST_ID)], ...],
    Meta(max_length=MAX_REFERENCES, title="tracks"),
]
Mix = Annotated[float, Meta(ge=0, le=1, examples=[0.25])]
Drift = Annotated[float, Meta(ge=0, le=1, examples=[0.6])]
Asked = Annotated[str, Meta(max_length=MAX_TEXT, examples=["genre:rock bpm:90..110 -vocals"])]
Count = Annotated[int, Meta(ge=1, le=MAX_K)]


class SimilarParameters(Struct, frozen=True):
    """Like which tracks, and how to look.

    Parameters
    ----------
    id
        Id of the track.
    like
        Ids of further tracks to be like; may be repeated.
    unlike
        Ids of tracks to be unlike; may be repeated.
    by
        ``sound``, ``tags``, or ``both`` in equal parts; unless given sound where all tracks to be like were listened
        to, else tags.
    mix
        The share of tags, from 0 (by sound alone) to 1 (by tags alone), in sixteenths; instead of `by`.
    q
        What hits must be, in the query language: filters, words, ``-tag``. Tags in it are mixed in instead of those of
        the tracks.
    k
        Tracks at most.
    drift
        The dial for kin of tags: at 0 only the tags themselves count, typed ones. Unless given it is 0 by tags alone,
        and as in a search beside sound.
    """

    id: TrackId
    like: TrackIds = ()
    unlike: TrackIds = ()
    by: By | None = None
    mix: Mix | None = None
    q: Asked = ""
    k: Count = SIMILAR_TRACKS
    drift: Drift | None = None


@operation(
    "GET",
    "/similar",
    refusals=(BAD_QUERY, UNKNOWN_TRACK),
    sample=lambda of: {"id": of.track_id, "k": "2"},
)
def similar(parameters: SimilarParameters) -> SimilarTracks:
    """Find the tracks that are most like a track, or like some and unlike others.

    By sound, a hit says how near it is and where most; by tags, what each shared one adds to its score: the more, the
    fewer tracks have it.
    """
    like = (*references((parameters.id,), "id"), *references(parameters.like, "like"))
    unlike = tuple(references(parameters.unlike, "unlike"))
    return find_similar(like, unlike, parameters)


class _Asked(Protocol):
    """How to look, as every operation on similar tracks takes it."""

    @property
    def by(self) -> By | None: ...
    @property
    def mix(self) -> float | None: ...
    @property
    def q(self) -> str: ...
    @property
    def k(self) -> int: ...
    @property
    def drift(self) -> float | None: ...


def find_similar(like: tuple[Reference, ...], unlike: tuple[Reference, ...], asked: _Asked) -> SimilarTracks:
    """Answer with what is like some references.

    Raises
    ------
    web.api.problems.Refusal
        If what is asked does not go together.
    """
    if asked.by is not None and asked.mix is not None:
        raise Refusal(BAD_PARAMETER, "mix: expected by or mix, got both: by=both is mix=0.5", "mix")
    mix = asked.mix if asked.by is None else asked.by.mix
    try:
        request = SimilarRequest(like, unlike, asked.k, mix, asked.q, asked.drift)
        return similar_answer(searcher().similar_sound(request))
    except RequestError as error:
        raise Refusal(BAD_PARAMETER, str(error), "by") from None


def references(track_ids: Iterable[str], parameter: str) -> Iterator[Reference]:
    """Yield tracks of the index as references; refuses ids that there are not."""
    for track_id in track_ids:
        try:
            yield searcher().reference(track_id)
        except UnknownTrack as error:
            message = f"{error.args[0]}: /api/v1/search gives the ids of tracks"
            raise Refusal(UNKNOWN_TRACK, message, parameter) from None
