"""`put_track` and `delete_track`: what programs with a token may change."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from search.engine import IndexState
from search.writing import OtherModel, RefusedTrack, delete_track, put_track
from tagmodel.track import LONGEST_ID, LONGEST_TAG, LONGEST_TEXT, LONGEST_TRACK, YEARS, Track
from web.api.naming import TrackId
from web.api.operations import Reply, operation
from web.api.problems import BAD_BODY, OTHER_MODEL, REFUSED_TRACK, UNKNOWN_TRACK, Refusal
from web.context import searcher

Text = Annotated[str, Meta(max_length=LONGEST_TEXT, pattern=r"^[^\x00]*$")]
Tag = Annotated[str, Meta(min_length=1, max_length=LONGEST_TAG, pattern=r"^[^\x00]*$", examples=["sitar"])]
Share = Annotated[float, Meta(gt=0, le=1)]
MAX_TAGS = 1_000


class WhichTrack(Struct, frozen=True):
    """Which track.

    Parameters
    ----------
    id
        Id of the track; yours to choose, unique in the index.
    """

    id: TrackId


class TrackToWrite(Struct, frozen=True, forbid_unknown_fields=True):
    """A recording as its catalogue describes it; leave out what is not stated.

    Parameters
    ----------
    title
        The catalogue's own.
    artist
        Who plays.
    album
        Where it was released.
    genre
        The catalogue's own top genre; it counts as a tag.
    license
        Under which it may be used.
    duration
        Seconds.
    year
        Of release.
    url
        Its page at the catalogue.
    source
        Name of the catalogue.
    tags
        As people typed them, one each.
    shares
        Parallel to `tags`, or empty: the share of people or clips that carry the tag.
    """

    title: Text = ""
    artist: Text = ""
    album: Text = ""
    genre: Text = ""
    license: Text = ""
    duration: Annotated[float, Meta(gt=0, le=LONGEST_TRACK)] | None = None
    year: Annotated[int, Meta(ge=YEARS[0], le=YEARS[-1])] | None = None
    url: Text = ""
    source: Text = ""
    tags: Annotated[tuple[Tag, ...], Meta(max_length=MAX_TAGS)] = ()
    shares: Annotated[tuple[Share, ...], Meta(max_length=MAX_TAGS)] = ()


class Written(Struct, frozen=True):
    """What was changed, and the state of the index with it.

    Parameters
    ----------
    track_id
        The track that was written or deleted.
    generation
        Counts rebuilds of the index.
    delta
        Counts writes to the index; searches see this one already.
    n_tracks
        Tracks in the index now.
    """

    track_id: Annotated[str, Meta(min_length=1, max_length=LONGEST_ID)]
    generation: int
    delta: int
    n_tracks: int


@operation(
    "PUT",
    "/track",
    secured=True,
    refusals=(OTHER_MODEL, REFUSED_TRACK),
    statuses={200: "The track of this id was replaced.", 201: "The track is new."},
    sample=lambda _: {"id": "mine:1"},
    sample_body=lambda of: {"title": "Morning", "artist": "Me", "tags": [of.tag, of.far], "duration": 184},
)
def write_track(parameters: WhichTrack, body: TrackToWrite) -> Reply[Written]:
    """Write a track, in place of the one with its id.

    When the answer comes, searches find it. What was heard in its audio stays. While another program
    writes to the index, the answer is 503; nothing was changed then.
    """
    if body.shares and len(body.shares) != len(body.tags):
        raise Refusal(BAD_BODY, f"shares: expected one for each of {len(body.tags)} tags, got {len(body.shares)}")
    source = searcher()
    track = Track(parameters.id, **{name: getattr(body, name) for name in body.__struct_fields__})
    try:
        state, created = put_track(source.engine, source.model, track)
    except OtherModel as error:
        raise Refusal(OTHER_MODEL, str(error)) from None
    except RefusedTrack as error:
        raise Refusal(REFUSED_TRACK, f"the index does not take this track: {error}") from None
    return Reply(_written(parameters.id, state), 201 if created else 200)


@operation(
    "DELETE",
    "/track",
    secured=True,
    refusals=(UNKNOWN_TRACK,),
    statuses={200: "The track is gone."},
    sample=lambda _: {"id": "mine:1"},
)
def remove_track(parameters: WhichTrack) -> Written:
    """Delete a track.

    When the answer comes, no search finds it any more.
    """
    state, was_there = delete_track(searcher().engine, parameters.id)
    if not was_there:
        raise Refusal(UNKNOWN_TRACK, f"no track {parameters.id!r} in this index", "id")
    return _written(parameters.id, state)


def _written(track_id: str, state: IndexState) -> Written:
    return Written(track_id, state.generation, state.delta, state.n_tracks)
