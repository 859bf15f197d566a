"""Operations about what is in the index: its figures, and one track."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from search.answers.indexed import Stats, stats_answer
from search.answers.tracks import StoredTrack, stored_answer
from web.api.naming import TrackId, stored_track
from web.api.operations import operation
from web.api.problems import UNKNOWN_TRACK
from web.context import searcher

# Most tags that are listed at once.
MAX_LISTED = 1_000


class TrackParameters(Struct, frozen=True):
    """Which track.

    Parameters
    ----------
    id
        Id of the track.
    found_by
        Tell also which searches show it in their first 20.
    """

    id: TrackId
    found_by: bool = False


@operation(
    "GET", "/track", refusals=(UNKNOWN_TRACK,), sample=lambda of: {"id": of.track_id, "found_by": "true"}
)
def track(parameters: TrackParameters) -> StoredTrack:
    """Show a track with its tags by provenance.

    What people typed, what that implies, what is heard in the audio; with `found_by` also the searches that show it.
    """
    document = stored_track(parameters.id)
    found_by = searcher().found_by(parameters.id) if parameters.found_by else None
    return stored_answer(searcher(), document, found_by)


class StatsParameters(Struct, frozen=True):
    """How much to tell.

    Parameters
    ----------
    k
        Most used tags to list.
    """

    k: Annotated[int, Meta(ge=0, le=MAX_LISTED)] = 15


@operation("GET", "/stats", sample=lambda _: {"k": "3"})
def stats(parameters: StatsParameters) -> Stats:
    """Tell what is in the index.

    Tracks, tags, the generation of the index, the model in use, and the tags that are used most.
    """
    return stats_answer(searcher(), parameters.k)
