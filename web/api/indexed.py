"""Operations about what is in the index: its figures, one track, tracks like it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from search.answers.indexed import Stats, stats_answer
from web.api.operations import operation
from web.context import searcher

# Most tags that are listed at once.
MAX_LISTED = 1_000


class StatsParameters(Struct, frozen=True):
    """How much to tell.

    Parameters
    ----------
    k
        Most used tags to list.
    """

    k: Annotated[int, Meta(ge=0, le=MAX_LISTED)] = 15


@operation("GET", "/stats")
def stats(parameters: StatsParameters) -> Stats:
    """Tell what is in the index.

    Tracks, tags, the generation of the index, the model in use, and the tags that are used most.
    """
    return stats_answer(searcher(), parameters.k)
